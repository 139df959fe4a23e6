"""From concentration to effect: plain functions of arrays.

They take numbers, numpy arrays, xarray objects, PyTensor variables and the terms of the right-hand side of a
``bd.System`` alike, and return the same kind. Concentrations and half-effect concentrations share one unit;
an effect has its own; rates are per time.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from bayesdose.pk.ode.expressions import MATH, Expression

Value = Any
"""A number, a numpy array, an xarray object, a PyTensor variable or a term of a right-hand side."""

_NAMES = ("exp", "log", "expm1", "sqrt", "abs", "minimum", "maximum")
_LEAST = (
    1e-300  # a concentration of 0 where its logarithm is taken: then the power of it is 0, and so are slopes
)
_SERIES = 1e-3  # the sixth power of it, by 720, is rounding
_STEEP = 350.0  # exponents beyond it make no difference, and its square does not overflow


def linear(C: Value, slope: Value, E0: Value = 0.0) -> Value:
    """Linear effect, ``E0 + slope C`` (Holford & Sheiner 1981, Clin Pharmacokinet 6:429).

    Parameters
    ----------
    C
        Concentration.
    slope
        Effect per concentration.
    E0
        Effect without drug.
    """
    return E0 + slope * C


def log_linear(C: Value, slope: Value, intercept: Value = 0.0) -> Value:
    """Log-linear effect, ``intercept + slope log C``, for concentrations above 0.

    It stands for the middle of an Emax curve, 20 to 80 % of the largest effect, where `slope` is a quarter
    of ``gamma Emax`` (Holford & Sheiner 1981, Clin Pharmacokinet 6:429).

    Parameters
    ----------
    C
        Concentration, above 0.
    slope
        Effect per natural logarithm of the concentration.
    intercept
        Effect at a concentration of 1.
    """
    return intercept + slope * _functions(C).log(C)


def emax(C: Value, Emax: Value, EC50: Value, E0: Value = 0.0) -> Value:
    """Emax effect, ``E0 + Emax C / (EC50 + C)`` (Holford & Sheiner 1981, Clin Pharmacokinet 6:429).

    Parameters
    ----------
    C
        Concentration, 0 or above.
    Emax
        The largest change of the effect; negative where the drug lowers it.
    EC50
        Concentration of half of it, above 0.
    E0
        Effect without drug.
    """
    return E0 + Emax * (C / (EC50 + C))


def sigmoid_emax(C: Value, Emax: Value, EC50: Value, gamma: Value, E0: Value = 0.0) -> Value:
    """Sigmoid Emax effect, ``E0 + Emax C^gamma / (EC50^gamma + C^gamma)``.

    Holford & Sheiner 1981, Clin Pharmacokinet 6:429. Computed as a logistic function of
    ``gamma log(C / EC50)``, so that neither steep curves nor a concentration of 0 overflow or lose their
    gradient.

    Parameters
    ----------
    C
        Concentration; below 0 (as rounding makes it) it counts as 0.
    Emax, EC50, E0
        As in `emax`.
    gamma
        Steepness (Hill coefficient), above 0.
    """
    return E0 + Emax * _occupied(C, EC50, gamma)


def stimulation(C: Value, Smax: Value, SC50: Value, gamma: Value = 1.0) -> Value:
    """Factor by which a drug stimulates, ``1 + Smax C^gamma / (SC50^gamma + C^gamma)``.

    Dayneka et al. 1993, J Pharmacokinet Biopharm 21:457. Parameters as in `sigmoid_emax`.
    """
    return 1.0 + Smax * _occupied(C, SC50, gamma)


def inhibition(C: Value, Imax: Value, IC50: Value, gamma: Value = 1.0) -> Value:
    """Factor that a drug leaves, ``1 - Imax C^gamma / (IC50^gamma + C^gamma)``, with Imax from 0 to 1.

    Dayneka et al. 1993, J Pharmacokinet Biopharm 21:457. Parameters as in `sigmoid_emax`. An inhibited
    effect is ``E0 * inhibition(C, Imax, IC50)``.
    """
    return 1.0 - Imax * _occupied(C, IC50, gamma)


def turnover(R: Value, kin: Value, kout: Value, production: Value = 1.0, loss: Value = 1.0) -> Value:
    """Rate of change of a response that is made and lost, ``kin production - kout loss R``.

    The four indirect responses (Dayneka, Garg & Jusko 1993, J Pharmacokinet Biopharm 21:457; Sharma & Jusko
    1996, J Pharmacokinet Biopharm 24:611) are I ``production=inhibition(C, ...)``, II
    ``loss=inhibition(C, ...)``, III ``production=stimulation(C, ...)`` and IV ``loss=stimulation(C, ...)``.
    Without drug R rests at ``kin / kout``.

    Parameters
    ----------
    R
        Response.
    kin
        Its production, response/time.
    kout
        Rate constant of its loss, 1/time.
    production, loss
        Factors of the two, 1 without drug.
    """
    return kin * production - kout * loss * R


def inr(activity: Value, baseline: Value, largest: Value, shape: Value) -> Value:
    """INR from the activity of the coagulation factors, ``baseline + largest (1 - activity)^shape``.

    The form of Hamberg et al. 2007, Clin Pharmacol Ther 81:529.

    Parameters
    ----------
    activity
        Prothrombin complex activity as a part of that without drug: a `turnover` whose production is
        inhibited, with ``kin = kout``.
    baseline
        INR without drug.
    largest
        By how much the INR rises as activity goes to 0.
    shape
        Exponent, above 0.
    """
    return baseline + largest * _power(1.0 - activity, shape, _functions(activity, shape))


def logistic(x: Value) -> Value:
    """Event probability from a predictor by the logit link, ``1 / (1 + exp(-x))``.

    Parameters
    ----------
    x
        Log odds, such as ``intercept + slope * C`` or ``gamma * log(C / EC50)``.
    """
    chosen = _functions(x)
    return 1.0 / (1.0 + chosen.exp(chosen.minimum(-x, _STEEP)))


def probit(x: Value) -> Value:
    """Event probability from a predictor by the probit link, the standard normal distribution function of x.

    Computed as ``erfc(-x / sqrt(2)) / 2``, so that small probabilities keep their digits; not for right-hand
    sides, which have no such function.
    """
    if _is_of("pytensor", x):
        import pytensor.tensor as pt

        return pt.erfc(-x / math.sqrt(2.0)) / 2.0
    from scipy.special import ndtr

    return ndtr(x)


def free_linear(C: Value, fu: Value) -> Value:
    """Free concentration under linear binding, ``fu C``, with the fraction unbound fu from 0 to 1."""
    return fu * C


def free_saturable(C: Value, Bmax: Value, Kd: Value, nonspecific: Value = 0.0) -> Value:
    """Free concentration u under saturable binding: ``C = u + Bmax u / (Kd + u) + nonspecific u``.

    One class of sites under the law of mass action. The root of the quadratic equation is taken as a sum of
    positive terms, so that no digit is lost at low or high concentration (Press et al. 2007, Numerical
    Recipes, section 5.6).

    Parameters
    ----------
    C
        Total concentration, 0 or above.
    Bmax
        Concentration of binding sites, 0 or above.
    Kd
        Free concentration at which half of them are taken, above 0.
    nonspecific
        Bound without limit, as a multiple of the free concentration.
    """
    chosen = _functions(C, Bmax, Kd, nonspecific)
    a = 1.0 + nonspecific
    b = C - Bmax - a * Kd
    above = chosen.maximum(b, 0.0)
    size = 2.0 * above - b
    root = chosen.sqrt(b * b + 4.0 * a * Kd * C)
    return above / a + 2.0 * Kd * C / (root + size)


def loewe(C1: Value, C2: Value, EC50_1: Value, EC50_2: Value) -> Value:
    """Two drugs that act as dilutions of each other (Loewe additivity): ``C1 / EC50_1 + C2 / EC50_2``.

    The sum is a concentration in units of EC50, for example for ``sigmoid_emax(U, Emax, 1.0, gamma)`` (Loewe
    1953, Arzneimittelforschung 3:285; Greco et al. 1995, Pharmacol Rev 47:331).
    """
    return C1 / EC50_1 + C2 / EC50_2


def greco(C1: Value, C2: Value, EC50_1: Value, EC50_2: Value, alpha: Value) -> Value:
    """Two drugs together more than additive (alpha > 0) or less (alpha < 0): the U of Greco's model.

    Greco's equation ``1 = U1 / U + U2 / U + alpha U1 U2 / U^2``, with ``U1 = C1 / EC50_1`` and U2 alike, for
    drugs of the same steepness, solved for the concentration U in units of EC50; alpha 0 is `loewe` (Greco,
    Park & Rustum 1990, Cancer Res 50:5318; Greco et al. 1995, Pharmacol Rev 47:331).

    Parameters
    ----------
    C1, C2
        Concentrations, 0 or above.
    EC50_1, EC50_2
        Those of half of the effect, each alone.
    alpha
        Interaction, -1 or above.
    """
    chosen = _functions(C1, C2, EC50_1, EC50_2, alpha)
    U1, U2 = C1 / EC50_1, C2 / EC50_2
    sum_ = U1 + U2
    # (U1 + U2)^2 + 4 alpha U1 U2, as a sum that stays positive down to alpha = -1
    square = (U1 - U2) * (U1 - U2) + 4.0 * (1.0 + alpha) * U1 * U2
    return (sum_ + chosen.sqrt(chosen.maximum(square, _LEAST))) / 2.0


def bliss(p1: Value, p2: Value) -> Value:
    """Two causes that do not know of each other (Bliss independence): ``p1 + p2 - p1 p2``.

    Effects as parts of the largest, or probabilities, 0 to 1 (Bliss 1939, Ann Appl Biol 26:585).
    """
    return p1 + p2 * (1.0 - p1)


def constant_hazard(t: Value, rate: Value) -> tuple[Value, Value]:
    """Hazard ``rate`` and cumulative hazard ``rate t`` of exponential times.

    Parameters
    ----------
    t
        Time since the risk began, 0 or above.
    rate
        Events per time.

    Returns
    -------
    tuple
        Hazard (1/time) and cumulative hazard at t, as of `weibull_hazard` and `gompertz_hazard`.
    """
    return rate + 0.0 * t, rate * t


def weibull_hazard(t: Value, scale: Value, shape: Value) -> tuple[Value, Value]:
    """Hazard ``shape / scale (t / scale)^(shape - 1)`` and cumulative hazard ``(t / scale)^shape``.

    Kalbfleisch & Prentice 2002, The Statistical Analysis of Failure Time Data, section 2.2. By the time
    `scale` 63 % have had the event. At t = 0 a hazard with a shape below 1 is infinite: it comes out as a
    very large number.
    """
    chosen = _functions(t, scale, shape)
    return shape / scale * _power(t / scale, shape - 1.0, chosen), _power(t / scale, shape, chosen)


def gompertz_hazard(t: Value, rate: Value, growth: Value) -> tuple[Value, Value]:
    """Hazard ``rate exp(growth t)`` and cumulative hazard ``rate (exp(growth t) - 1) / growth``.

    Gompertz 1825, Phil Trans R Soc 115:513. `growth` (1/time) may be negative and pass through 0.
    """
    chosen = _functions(t, rate, growth)
    x = growth * t
    return rate * chosen.exp(x), rate * t * _expm1_over(x, chosen)


def exposure_hazard(hazard: Value, exposure: Value, slope: Value) -> Value:
    """Hazard under an exposure, ``hazard exp(slope exposure)``: proportional hazards.

    Cox 1972, J R Stat Soc B 34:187. `slope` is the logarithm of the hazard ratio for a unit of exposure.
    A constant exposure multiplies the cumulative hazard alike; where it varies, integrate with
    `cumulative_hazard`, or as a state of a ``bd.System``.
    """
    return hazard * _functions(exposure, slope).exp(slope * exposure)


def survival(cumulative: Value) -> Value:
    """Probability of no event, ``exp(-cumulative hazard)``."""
    return _functions(cumulative).exp(-cumulative)


def event_probability(cumulative: Value) -> Value:
    """Probability of an event while the hazard accumulates, ``1 - exp(-cumulative hazard)``.

    From the start of the risk, or in an interval given no event before it: `cumulative` is what accumulates.
    """
    return -_functions(cumulative).expm1(-cumulative)


def cumulative_hazard(
    hazard: Callable[[np.ndarray], np.ndarray], times: np.ndarray, nodes: int = 10
) -> np.ndarray:
    """Integrate a hazard between given times, by Gauss-Legendre quadrature from each to the next.

    Parameters
    ----------
    hazard
        Takes times (time,), returns the hazard, (..., time); smooth between two neighbours of `times`: let
        dose times be among them.
    times
        Increasing, (time,).
    nodes
        Points in each interval.

    Returns
    -------
    ndarray
        Cumulative hazard from the first of the times to each, (..., time).
    """
    at = np.asarray(times, dtype=float)
    x, weights = np.polynomial.legendre.leggauss(nodes)
    width = np.diff(at)
    inside = at[:-1, None] + width[:, None] * (x + 1.0) / 2.0
    h = np.asarray(hazard(inside.ravel()))
    parts = (h.reshape(*h.shape[:-1], *inside.shape) * weights).sum(axis=-1) * width / 2.0
    return np.concatenate([np.zeros((*parts.shape[:-1], 1)), np.cumsum(parts, axis=-1)], axis=-1)


def _occupied(C: Value, half: Value, gamma: Value) -> Value:
    """Return ``C^gamma / (half^gamma + C^gamma)``."""
    chosen = _functions(C, half, gamma)
    return logistic(gamma * chosen.log(chosen.maximum(C, _LEAST) / half))


def _power(x: Value, exponent: Value, chosen: Any) -> Value:
    """Return x to the power, for x that is 0 or by rounding below, with gradients that are finite."""
    return chosen.exp(exponent * chosen.log(chosen.maximum(x, _LEAST)))


def _expm1_over(x: Value, chosen: Any) -> Value:
    """Return ``(exp(x) - 1) / x``, by its series where value and gradient would lose digits."""
    small = chosen.abs(x) < _SERIES
    apart = chosen.where(small, 1.0, x)
    series = 1.0 + x / 2.0 * (1.0 + x / 3.0 * (1.0 + x / 4.0 * (1.0 + x / 5.0)))
    return chosen.where(small, series, chosen.expm1(apart) / apart)


def _is_of(package: str, *values: Value) -> bool:
    return any(type(value).__module__.partition(".")[0] == package for value in values)


def _functions(*values: Value) -> Any:
    """Return where to take functions from that work on the values."""
    if any(isinstance(value, Expression) for value in values):
        return MATH
    if _is_of("pytensor", *values):
        import pytensor.tensor as pt

        return pt
    if _is_of("xarray", *values):
        import xarray as xr

        return SimpleNamespace(**{name: getattr(np, name) for name in _NAMES}, where=xr.where)
    return np
