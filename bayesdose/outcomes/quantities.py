"""What every outcome shares: numbers with units that are checked, and results that say their unit."""

from __future__ import annotations

import math
from numbers import Real

import numpy as np
import xarray as xr

from bayesdose.errors import InputError, explain
from bayesdose.units import factor, quantity_in

Quantity = float | str | xr.DataArray
"""A number in the unit of what it is compared with, a text with its own unit ("0.5 mg/L"), or an array with
the attribute ``units``: one value for each draw, for example."""


def array(what: str, x: object) -> xr.DataArray:
    """Return x when it is one variable of an outcome.

    Raises
    ------
    InputError
        When it is not a DataArray of numbers.
    """
    if not isinstance(x, xr.DataArray) or x.dtype.kind not in "biuf":
        came = f"{type(x).__name__}" if not isinstance(x, xr.DataArray) else f"values of dtype {x.dtype}"
        raise InputError(explain(what, came=came, expected="one variable of the outcome, such as o.auc24"))
    return x


def unit_of(x: xr.DataArray) -> str:
    """Return the unit of an array; an empty text where it has none."""
    return str(x.attrs.get("units", ""))


def value_in(
    what: str,
    value: Quantity,
    unit: str,
    *,
    least: float = -math.inf,
    most: float = math.inf,
    above: float = -math.inf,
) -> float | xr.DataArray:
    """Return a quantity as numbers of `unit`.

    Parameters
    ----------
    what
        Whose quantity it is, in the user's words ("auc_over_mic: mic").
    value
        A plain number is in `unit` already.
    unit
        The unit wanted; an empty text where numbers have none.
    least, most, above
        Where the numbers may lie: ``least <= value <= most`` and ``value > above``.

    Raises
    ------
    InputError
        When the value is no such quantity, its unit is missing or does not convert, or it lies elsewhere.
    """
    found = _converted(what, value, unit)
    numbers = np.asarray(found, dtype=float)
    if not bool(np.all((numbers >= least) & (numbers <= most) & (numbers > above) & np.isfinite(numbers))):
        raise InputError(explain(what, came=_came(value), expected=_range(least, most, above)))
    return found


def number_in(
    what: str,
    value: object,
    *,
    least: float = -math.inf,
    most: float = math.inf,
    above: float = -math.inf,
) -> float:
    """Return a plain number that lies where it may; arguments as of `value_in`."""
    if not isinstance(value, Real) or isinstance(value, bool):
        raise InputError(explain(what, came=repr(value), expected=_range(least, most, above)))
    return float(np.asarray(value_in(what, float(value), "", least=least, most=most, above=above)))


def quantity(values: xr.DataArray, unit: str, name: str) -> xr.DataArray:
    """Return the values with a unit and a name for reports; no other attribute is kept."""
    made = values.astype(float).rename(None)
    made.attrs = {"units": unit, "long_name": name}
    return made


def _converted(what: str, value: Quantity, unit: str) -> float | xr.DataArray:
    if isinstance(value, str):
        if not unit:
            raise InputError(
                explain(
                    f"{what}: what it is compared with has no unit",
                    came=value,
                    fix='give it one: x.assign_attrs(units="mg*h/L")',
                )
            )
        return _quantity_in(value, unit)
    if isinstance(value, xr.DataArray):
        return _array_in(what, value, unit)
    if not isinstance(value, Real) or isinstance(value, bool):
        expected = f"a number of {unit}" if unit else "a number"
        raise InputError(explain(what, came=repr(value), expected=f"{expected}, or an array"))
    return float(value)


def _quantity_in(text: str, unit: str) -> float:
    """Return a text with a unit as a number; "0.02 / year" is a rate."""
    number, slash, per = text.partition("/")
    try:
        return float(number) * factor(f"1/{per.strip()}", unit) if slash else quantity_in(text, unit)
    except ValueError:
        return quantity_in(text, unit)


def _array_in(what: str, value: xr.DataArray, unit: str) -> xr.DataArray:
    own = unit_of(value)
    if own == unit:
        return value
    if not own or not unit:
        raise InputError(
            explain(
                f"{what}: a unit is missing",
                came=f"values in {own or 'no unit'}",
                expected=unit or "values without a unit",
                fix='state it: array.assign_attrs(units="...")',
            )
        )
    return value * factor(own, unit)


def _came(value: Quantity) -> str:
    if isinstance(value, xr.DataArray):
        return f"values from {float(value.min()):g} to {float(value.max()):g}"
    return repr(value)


def _range(least: float, most: float, above: float) -> str:
    if math.isfinite(above):
        return f"numbers above {above:g}" + (f", {most:g} at most" if math.isfinite(most) else "")
    if math.isfinite(least) and math.isfinite(most):
        return f"numbers from {least:g} to {most:g}"
    return f"numbers of {least:g} or more" if math.isfinite(least) else "finite numbers"
