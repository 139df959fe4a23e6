"""Pieces for a user's own utility: functions of one variable of the outcome.

They carry a missing value through (a comparison alone calls it False).
"""

from __future__ import annotations

import math

import numpy as np
import xarray as xr

from bayesdose.decision.utilities import checks
from bayesdose.errors import InputError, explain

FLOOR = 1e-6
"""Share of the target below which a logarithmic loss stops growing: no drug at all stays a finite loss."""


def in_window(x: xr.DataArray, low: float, high: float) -> xr.DataArray:
    """Return 1 where ``low <= x <= high`` (both ends count), else 0; missing stays missing.

    Parameters
    ----------
    x
        An outcome, any dims.
    low, high
        The window, in the units of `x`.
    """
    checks.array("in_window", x)
    checks.window("in_window", low, high)
    return checks.zero_one((x >= low) & (x <= high), x)


def above(x: xr.DataArray, threshold: float) -> xr.DataArray:
    """Return 1 where ``x > threshold``, else 0; missing stays missing."""
    checks.array("above", x)
    checks.finite("above", "threshold", threshold)
    return checks.zero_one(x > threshold, x)


def below(x: xr.DataArray, threshold: float) -> xr.DataArray:
    """Return 1 where ``x < threshold``, else 0; missing stays missing."""
    checks.array("below", x)
    checks.finite("below", "threshold", threshold)
    return checks.zero_one(x < threshold, x)


def squared_error(x: xr.DataArray, target: float) -> xr.DataArray:
    """Return ``-(x - target)^2``: a loss as negative utility, in squared units of `x`."""
    checks.array("squared_error", x)
    checks.finite("squared_error", "target", target)
    return -((x - target) ** 2)


def log_squared_error(x: xr.DataArray, target: float, floor: float | None = None) -> xr.DataArray:
    """Return ``-(ln x - ln target)^2``: a loss as negative utility that judges ratios, without unit.

    Parameters
    ----------
    x
        An outcome, any dims.
    target
        In the units of `x`, above 0.
    floor
        Values below it count as it, because no drug at all has no logarithm; a millionth of the target
        (a loss of 191) unless given.
    """
    checks.array("log_squared_error", x)
    checks.finite("log_squared_error", "target", target, above_zero=True)
    floor = FLOOR * target if floor is None else floor
    checks.finite("log_squared_error", "floor", floor, above_zero=True)
    log_ratio: xr.DataArray = xr.apply_ufunc(np.log, x.clip(min=floor) / target)
    return -(log_ratio**2)


def asymmetric_error(x: xr.DataArray, target: float, under: float, over: float) -> xr.DataArray:
    """Return minus a loss of `under` per unit below the target and of `over` per unit above it.

    Parameters
    ----------
    x
        An outcome, any dims.
    target
        In the units of `x`.
    under, over
        Utility lost per unit of `x`, above 0. The best exposure is then not the target on average: the more
        dangerous side is given more room (a quantile, Koenker & Bassett 1978, Econometrica 46:33).
    """
    checks.array("asymmetric_error", x)
    checks.finite("asymmetric_error", "target", target)
    for name, cost in (("under", under), ("over", over)):
        checks.finite("asymmetric_error", name, cost, above_zero=True)
    return -(under * (target - x).clip(min=0) + over * (x - target).clip(min=0))


def log_target_score(x: xr.DataArray, target: float, half_at: float) -> xr.DataArray:
    """Return a score: 1 at the target, one half where the level is `half_at` times too high or low.

    Parameters
    ----------
    x
        An outcome, any dims; 0 or less scores 0.
    target
        In the units of `x`, above 0.
    half_at
        A ratio above 1: with 1.5, a level 1.5 times the target and one at two thirds of it score one half.

    Notes
    -----
    ``2 ** -(ln(x / target) / ln(half_at))^2``: a bell over the log of the level, so that no level counts
    for more than one success, unlike with a squared loss.
    """
    checks.array("log_target_score", x)
    checks.finite("log_target_score", "target", target, above_zero=True)
    checks.finite("log_target_score", "half_at", half_at)
    if not half_at > 1:
        expected = "a ratio above 1, such as 1.5"
        raise InputError(explain("utility 'log target': half_at", came=half_at, expected=expected))
    ratio = xr.apply_ufunc(np.log, x.clip(min=1e-300) / target) / math.log(half_at)
    score: xr.DataArray = xr.apply_ufunc(np.exp2, -(ratio**2))
    return score
