"""Hazards that follow an exposure, and survival over a horizon."""

from __future__ import annotations

import math

import numpy as np
import xarray as xr

from bayesdose.errors import InputError, explain
from bayesdose.outcomes.effects import Real
from bayesdose.outcomes.quantities import Quantity, array, number_in, quantity, value_in
from bayesdose.pk import effects
from bayesdose.units import factor

_STEEPEST = 700.0
"""Logarithm of a hazard ratio beyond which it overflows."""


def hazard(x: xr.DataArray, rate: Quantity, slope: Real, *, per: str = "year") -> xr.DataArray:
    """Return a constant hazard that follows an exposure, ``rate exp(slope x)``.

    Proportional hazards (Cox 1972, J R Stat Soc B 34:187).

    Parameters
    ----------
    x
        Exposure.
    rate
        Hazard without exposure, 0 or more: a number per unit of `per`, or a text such as "0.02 / month".
    slope
        Log hazard ratio of one unit of `x`; negative where exposure protects.
    per
        Unit of time of the result.

    Returns
    -------
    xarray.DataArray
        In 1/`per`.
    """
    exposure = array("hazard: x", x)
    base = value_in("hazard: rate", rate, f"1/{per}", least=0.0)
    steep = value_in("hazard: slope", slope, "")
    most = float((steep * exposure).max())
    if most > _STEEPEST:
        raise InputError(
            explain(
                "hazard: slope times exposure",
                came=f"up to {most:.3g}, a hazard ratio beyond all numbers",
                expected=f"{_STEEPEST:g} at most",
                meant="a slope per another unit of exposure",
            )
        )
    return quantity(effects.exposure_hazard(base, exposure, steep), f"1/{per}", "hazard")


def survival(hazard: xr.DataArray, horizon: str, *, shape: float = 1.0) -> xr.DataArray:
    """Return the probability of no event until the horizon, ``exp(-(hazard horizon)^shape)``.

    Exponential times unless `shape` says Weibull, whose scale is then 1/hazard (Kalbfleisch & Prentice 2002,
    The Statistical Analysis of Failure Time Data, section 2.2).

    Parameters
    ----------
    hazard
        With its unit, as `hazard` returns it.
    horizon
        Such as "90 day".
    shape
        Above 0; below 1 the hazard falls with time, above 1 it rises.
    """
    return quantity(effects.survival(_cumulative(hazard, horizon, shape)), "", f"survival to {horizon}")


def event_by(hazard: xr.DataArray, horizon: str, *, shape: float = 1.0) -> xr.DataArray:
    """Return the probability of the event before the horizon, ``1 - survival``; as `survival`."""
    accumulated = _cumulative(hazard, horizon, shape)
    return quantity(effects.event_probability(accumulated), "", f"event before {horizon}")


def mean_time(hazard: xr.DataArray, horizon: str) -> xr.DataArray:
    """Return the expected time without event before the horizon, ``(1 - exp(-hazard horizon)) / hazard``.

    The restricted mean survival time of exponential times (Royston & Parmar 2013, BMC Med Res Methodol
    13:152); the whole horizon where the hazard is 0.

    Returns
    -------
    xarray.DataArray
        In the horizon's unit.
    """
    rate, length, unit = _against(hazard, horizon)
    a = rate * length
    small = a < 1e-8  # the next term of the series is below rounding
    ratio = xr.where(small, 1.0 - a / 2.0, -np.expm1(-a) / xr.where(small, 1.0, a))
    return quantity(length * ratio, unit, f"time without event before {horizon}")


def _cumulative(hazard: xr.DataArray, horizon: str, shape: float) -> xr.DataArray:
    bend = number_in("survival: shape", shape, above=0.0)
    rate, length, _ = _against(hazard, horizon)
    return (rate * length) ** bend


def _against(hazard: xr.DataArray, horizon: str) -> tuple[xr.DataArray, float, str]:
    """Return the hazard per unit of the horizon, the horizon's length and its unit."""
    rates = array("survival: hazard", hazard)
    number, _, unit = horizon.strip().partition(" ")
    try:
        length = float(number)
    except ValueError:
        length = math.nan
    if not length > 0 or not math.isfinite(length) or not unit.strip():
        raise InputError(explain("survival: horizon", came=repr(horizon), expected='such as "90 day"'))
    own = str(rates.attrs.get("units", ""))
    if not own:
        raise InputError(
            explain("survival: the hazard has no unit", expected=f"such as 1/{unit}", fix="use hazard(...)")
        )
    rate = rates * factor(own, f"1/{unit.strip()}")
    value_in("survival: hazard", rate.assign_attrs(units=""), "", least=0.0)
    return rate, length, unit.strip()
