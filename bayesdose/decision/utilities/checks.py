"""What a utility asks of its arguments and of the outcome."""

from __future__ import annotations

import math
from numbers import Real

import xarray as xr

from bayesdose.errors import InputError, explain, nearest


def zero_one(hit: xr.DataArray, x: xr.DataArray) -> xr.DataArray:
    """Return 1 where it is so, else 0; missing stays missing."""
    made = hit.astype(float)
    missing = x.isnull()
    return made.where(~missing) if missing.any() else made


def array(what: str, x: object) -> None:
    """Refuse what is no variable of an outcome."""
    if not isinstance(x, xr.DataArray):
        raise InputError(
            explain(
                f"{what}: the first argument",
                came=type(x).__name__,
                expected="one variable of the outcome (an xarray DataArray), such as o.trough",
            )
        )


def window(what: str, low: object, high: object) -> None:
    """Refuse a window whose ends are no numbers or in the wrong order."""
    finite(what, "low", low)
    finite(what, "high", high)
    if not low < high:  # type: ignore[operator]
        raise InputError(
            explain(f"utility {what!r}: the window", came=f"{low} to {high}", expected="low below high")
        )


def finite(what: str, name: str, value: object, *, above_zero: bool = False) -> None:
    """Refuse a parameter that is no finite number, or not above 0 where it must be."""
    good = isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    if not good or (above_zero and float(value) <= 0):  # type: ignore[arg-type]
        wanted = "a number above 0" if above_zero else "a number"
        raise InputError(explain(f"utility {what!r}: {name}", came=repr(value), expected=wanted))


def name(what: str, name: str, value: object) -> None:
    """Refuse a parameter that is no name."""
    if not isinstance(value, str) or not value:
        raise InputError(
            explain(
                f"utility {what!r}: {name}",
                came=repr(value),
                expected="the name of an outcome, such as 'trough'",
            )
        )


def variable(what: str, outcome: xr.Dataset, name: str) -> xr.DataArray:
    """Return the variable of an outcome; refuse a name that it does not have."""
    if name in outcome.data_vars:
        return outcome[name]
    known = [str(n) for n in outcome.data_vars]
    raise InputError(
        explain(
            f"utility {what!r}: the outcome has no variable {name!r}",
            expected=", ".join(known) or "none was simulated",
            meant=nearest(name, known),
            fix=f"simulate it under the name {name!r}, or name another",
        )
    )


def unit(outcome: xr.Dataset | None, name: str | None) -> str:
    """Return " mg/L" for a variable in mg/L; "" where the unit or the outcome is not known."""
    if outcome is None or name not in outcome.data_vars:
        return ""
    units = outcome[name].attrs.get("units", "")
    return f" {units}" if units else ""
