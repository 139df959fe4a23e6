"""Effects and event probabilities of an exposure, with their units."""

from __future__ import annotations

import numpy as np
import xarray as xr

from bayesdose.outcomes.quantities import Quantity, array, quantity, unit_of, value_in
from bayesdose.pk import effects

Real = float | xr.DataArray
"""A number, or an array over draw: the posterior of an effect model."""


def emax(
    x: xr.DataArray, largest: Quantity, half: Quantity, baseline: Quantity = 0.0, *, unit: str = ""
) -> xr.DataArray:
    """Return an Emax effect of an exposure, ``baseline + largest x / (half + x)``.

    Holford & Sheiner 1981, Clin Pharmacokinet 6:429.

    Parameters
    ----------
    x
        Exposure, 0 or above.
    largest
        The largest change of the effect, in `unit`; negative where the drug lowers it.
    half
        Exposure of half of it, above 0, in the unit of `x` or a text with its own.
    baseline
        Effect without drug, in `unit`.
    unit
        That of the effect.
    """
    return sigmoid_emax(x, largest, half, 1.0, baseline, unit=unit)


def sigmoid_emax(
    x: xr.DataArray,
    largest: Quantity,
    half: Quantity,
    gamma: Real,
    baseline: Quantity = 0.0,
    *,
    unit: str = "",
) -> xr.DataArray:
    """Return a sigmoid Emax effect, ``baseline + largest x^gamma / (half^gamma + x^gamma)``.

    Holford & Sheiner 1981, Clin Pharmacokinet 6:429. Parameters as of `emax`; gamma, above 0, is the
    steepness.
    """
    occupied = _occupied("sigmoid_emax", x, half, gamma)
    top = value_in("sigmoid_emax: largest", largest, unit)
    base = value_in("sigmoid_emax: baseline", baseline, unit)
    return quantity(base + top * occupied, unit, "effect")


def logistic_event(x: xr.DataArray, intercept: Real, slope: Real) -> xr.DataArray:
    """Return an event probability by the logit link, ``1 / (1 + exp(-(intercept + slope x)))``.

    Parameters
    ----------
    x
        Exposure; its logarithm, where the slope is that of one.
    intercept
        Log odds of the event without exposure.
    slope
        Log odds ratio of one unit of `x`.
    """
    exposure = array("logistic_event: x", x)
    a = value_in("logistic_event: intercept", intercept, "")
    b = value_in("logistic_event: slope", slope, "")
    return quantity(effects.logistic(a + b * exposure), "", "event probability")


def probit_event(x: xr.DataArray, half: Quantity, spread: Real) -> xr.DataArray:
    """Return an event probability by the probit link of a log exposure, ``Phi(log(x / half) / spread)``.

    Individual thresholds that are log-normal with median `half` (Finney 1971, Probit Analysis). With an
    exposure that is log-normal as well, the expected probability is ``Phi((m - log half) / sqrt(spread^2 +
    s^2))``, m and s being mean and SD of the log exposure.

    Parameters
    ----------
    x
        Exposure, 0 or above; without any, the probability is 0.
    half
        Exposure at which half have the event, above 0; in the unit of `x` or a text with its own.
    spread
        SD of the log threshold, above 0.
    """
    exposure = array("probit_event: x", x)
    middle = value_in("probit_event: half", half, unit_of(exposure), above=0.0)
    sd = value_in("probit_event: spread", spread, "", above=0.0)
    return quantity(effects.probit(_log_ratio(exposure, middle) / sd), "", "event probability")


def sigmoid_event(
    x: xr.DataArray, half: Quantity, gamma: Real, largest: Real = 1.0, baseline: Real = 0.0
) -> xr.DataArray:
    """Return an event probability that rises from `baseline` by a sigmoid Emax curve.

    ``baseline + (largest - baseline) x^gamma / (half^gamma + x^gamma)``: with `largest` 1 and `baseline` 0 a
    logistic function of the log exposure (Holford & Sheiner 1981, Clin Pharmacokinet 6:429).

    Parameters
    ----------
    x
        Exposure, 0 or above.
    half
        Exposure of half of the rise, above 0; in the unit of `x` or a text with its own.
    gamma
        Steepness, above 0.
    largest, baseline
        Probability at boundless exposure and without any, 0 to 1.
    """
    occupied = _occupied("sigmoid_event", x, half, gamma)
    top = value_in("sigmoid_event: largest", largest, "", least=0.0, most=1.0)
    base = value_in("sigmoid_event: baseline", baseline, "", least=0.0, most=1.0)
    return quantity(base + (top - base) * occupied, "", "event probability")


def either(first: xr.DataArray, second: xr.DataArray) -> xr.DataArray:
    """Return the probability of one event or the other, of events independent given the draw.

    ``p1 + p2 - p1 p2`` (Bliss 1939, Ann Appl Biol 26:585). What both depend on, such as the exposure, is
    shared within a draw, so that over draws they are not independent.

    Parameters
    ----------
    first, second
        Probabilities of the two events.
    """
    pair = [value_in("either", array("either", p), "", least=0.0, most=1.0) for p in (first, second)]
    return quantity(effects.bliss(*pair), "", "probability of either event")


def _occupied(what: str, x: xr.DataArray, half: Quantity, gamma: Real) -> xr.DataArray:
    exposure = array(f"{what}: x", x)
    middle = value_in(f"{what}: half", half, unit_of(exposure), above=0.0)
    steep = value_in(f"{what}: gamma", gamma, "", above=0.0)
    made = effects.sigmoid_emax(exposure, 1.0, middle, steep)
    assert isinstance(made, xr.DataArray)
    return made


def _log_ratio(x: xr.DataArray, middle: Real) -> xr.DataArray:
    ratio = (x / middle).clip(min=1e-300)  # its logarithm is finite, and its probability 0
    made: xr.DataArray = xr.apply_ufunc(np.log, ratio)
    return made
