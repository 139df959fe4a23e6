"""What a regimen costs, what it asks of the patient, and the health it brings: cost, burden, QALYs."""

from __future__ import annotations

from typing import Literal

import numpy as np
import xarray as xr

from bayesdose.errors import InputError, explain, nearest
from bayesdose.outcomes.quantities import Quantity, array, number_in, quantity, value_in
from bayesdose.units import quantity_in

Timing = Literal["end of year", "mid-year", "continuous"]

NICE = 0.035
"""Yearly discount rate of costs and effects in the NICE reference case (NICE PMG36, 2022, section 4.5)."""

_TIMINGS = ("end of year", "mid-year", "continuous")


def cost(
    options: xr.Dataset,
    currency: str,
    *,
    fixed: float = 0.0,
    dose: float = 0.0,
    amount: tuple[float, str] | None = None,
    vial: tuple[float, str] | None = None,
) -> xr.DataArray:
    """Return what the doses of each option cost.

    Parameters
    ----------
    options
        An Outcome (or any Dataset with the options' facts as coordinates).
    currency
        Such as "EUR"; the result's unit.
    fixed
        Price of any treatment at all; no treatment has no cost.
    dose
        Price of giving one dose.
    amount
        Price and amount it buys: ``(12.0, "1 g")``; whatever is left is used elsewhere.
    vial
        Price and content of a vial of which the rest is thrown away: each dose takes whole vials of the
        option's largest dose, which is an upper bound where doses differ.

    Returns
    -------
    xarray.DataArray
        Dims (option,). Add the costs of events, ``price * probability``, and of levels measured.
    """
    n = _fact(options, "n_doses")
    total = fixed * (n > 0) + number_in("cost: dose", dose, least=0.0) * n
    if amount is not None:
        price, content = _price("amount", amount, _amount_unit(options, "total_amount"))
        total = total + price * _fact(options, "total_amount") / content
    if vial is not None:
        price, content = _price("vial", vial, _amount_unit(options, "max_single"))
        whole = np.ceil(_fact(options, "max_single") / content * (1 - 1e-12))  # 500 mg is one vial of 500 mg
        total = total + price * whole * n
    number_in("cost: fixed", fixed, least=0.0)
    return quantity(total, currency, "cost of the doses")


def burden(options: xr.Dataset, *, dose: float = 0.0, day: float = 0.0, days: float = 0.0) -> xr.DataArray:
    """Return what an option asks of the patient, in units of utility: so much a dose, so much a day.

    Parameters
    ----------
    options
        An Outcome (or any Dataset with the options' facts as coordinates).
    dose, day
        Utility that one dose, and one day under treatment, take; 0 or more.
    days
        How many days treatment lasts.

    Returns
    -------
    xarray.DataArray
        Dims (option,), to be subtracted from a utility; 0 for no treatment.
    """
    n = _fact(options, "n_doses")
    each, daily, length = (
        number_in(f"burden: {name}", value, least=0.0)
        for name, value in (("dose", dose), ("day", day), ("days", days))
    )
    return quantity(each * n + daily * length * (n > 0), "utility", "burden")


def qaly(
    utility: float | xr.DataArray,
    years: float | xr.DataArray,
    *,
    discount: float = NICE,
    timing: Timing = "end of year",
) -> xr.DataArray:
    """Return quality-adjusted life years of a constant quality of life.

    An annuity: with ``v = 1 / (1 + discount)`` each full year k counts ``v^k`` at its end, ``v^(k - 1/2)``
    mid-year, and a part of a year likewise at its end or middle; "continuous" is the integral of ``v^t``
    (Drummond et al. 2015, Methods for the Economic Evaluation of Health Care Programmes, 4th ed., chapter 4).

    Parameters
    ----------
    utility
        Quality of life, 1 in full health, 0 dead; below 0 for states worse than death.
    years
        How long, 0 or more.
    discount
        Yearly rate, 0 or more; that of NICE unless given.
    timing
        "end of year", "mid-year" or "continuous".

    Returns
    -------
    xarray.DataArray
        In QALY.
    """
    level = value_in("qaly: utility", utility, "", most=1.0)
    length = value_in("qaly: years", years, _own_unit(years, "year"), least=0.0)
    return quantity(xr.DataArray(level) * annuity(length, discount=discount, timing=timing), "QALY", "QALY")


def annuity(
    years: float | xr.DataArray, *, discount: float = NICE, timing: Timing = "end of year"
) -> xr.DataArray:
    """Return the present value of 1 a year for some years; parameters and source as of `qaly`."""
    rate = number_in("qaly: discount", discount, least=0.0)
    if timing not in _TIMINGS:
        raise InputError(
            explain(
                "qaly: timing",
                came=repr(timing),
                expected=", ".join(_TIMINGS),
                meant=nearest(str(timing), _TIMINGS),
            )
        )
    t = xr.DataArray(years)
    if rate < 1e-15:  # no digit of the result, and no number to divide by
        return t.astype(float)
    if timing == "continuous":
        return -np.expm1(-np.log1p(rate) * t) / np.log1p(rate)
    full = np.floor(t)
    part = t - full
    early = 0.5 if timing == "mid-year" else 0.0
    whole = -np.expm1(-np.log1p(rate) * full) / rate * (1 + rate) ** early
    return whole + part * (1 + rate) ** -(full + part * (1 - early))


def discounted(value: xr.DataArray, at: Quantity, *, discount: float = NICE) -> xr.DataArray:
    """Return the present value of what comes once, ``value / (1 + discount)^at``.

    Parameters
    ----------
    value
        Cost or health effect.
    at
        When, in years or as a text ("18 month"), 0 or more.
    discount
        Yearly rate, 0 or more.
    """
    worth = array("discounted: value", value)
    years = value_in("discounted: at", at, "year", least=0.0)
    rate = number_in("discounted: discount", discount, least=0.0)
    name = f"discounted {worth.attrs.get('long_name', worth.name or 'value')}"
    return quantity(worth * (1 + rate) ** -years, str(worth.attrs.get("units", "")), name)


def qaly_of_course(
    utility: xr.DataArray, survival: xr.DataArray | float = 1.0, *, discount: float = NICE, dim: str = "time"
) -> xr.DataArray:
    """Return QALYs of a quality of life that changes: the discounted area under ``utility * survival``.

    Trapezoidal rule over the times given, with continuous discounting ``(1 + discount)^-t``.

    Parameters
    ----------
    utility
        Quality of life along `dim`, whose coordinate are times in years from now.
    survival
        Probability of being alive at those times.
    discount
        Yearly rate, 0 or more.
    dim
        Name of the dim of times.
    """
    level = array("qaly_of_course: utility", utility)
    rate = number_in("qaly_of_course: discount", discount, least=0.0)
    if dim not in level.coords or level.sizes[dim] < 2 or not bool((level[dim].diff(dim) > 0).all()):
        raise InputError(
            explain(
                f"qaly_of_course: times along {dim}",
                came=", ".join(map(str, level.dims)),
                expected="a coordinate of two or more increasing times in years",
            )
        )
    alive = value_in("qaly_of_course: survival", survival, "", least=0.0, most=1.0)
    present = level * alive * (1 + rate) ** -level[dim]
    return quantity(present.integrate(dim), "QALY", "QALY")


def _own_unit(value: object, unit: str) -> str:
    """Return the unit wanted of an array that states one, and none of a plain number."""
    return unit if isinstance(value, xr.DataArray) and "units" in value.attrs else ""


def _fact(options: xr.Dataset, name: str) -> xr.DataArray:
    if isinstance(options, xr.Dataset) and name in options.variables:
        return options[name].reset_coords(drop=True)
    raise InputError(
        explain(
            f"cost and burden need the options' {name!r}",
            came=type(options).__name__ if not isinstance(options, xr.Dataset) else "an outcome without it",
            expected="an outcome of simulate(), whose options carry their facts",
        )
    )


def _amount_unit(options: xr.Dataset, fact: str) -> str:
    return str(_fact(options, fact).attrs.get("units", "") or options.attrs.get("amount_unit", ""))


def _price(what: str, given: tuple[float, str], unit: str) -> tuple[float, float]:
    if not isinstance(given, tuple) or len(given) != 2 or not isinstance(given[1], str):
        raise InputError(
            explain(f"cost: {what}", came=repr(given), expected='a price and an amount, (12.0, "500 mg")')
        )
    if not unit:
        raise InputError(explain("cost: the options' amounts have no unit", fix="give amount_unit in attrs"))
    content = quantity_in(given[1], unit)
    return number_in(f"cost: {what}", given[0], least=0.0), number_in(f"cost: {what}", content, above=0.0)
