"""Families of distributions of what is observed: their log-densities as graphs, their quantiles as numbers.

A family is elementwise in the observation and in its parameters. Its density is PyTensor (fits,
conditioning); its quantiles are NumPy (simulation, residuals), so that a new measurement costs no
compilation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytensor.tensor as pt
from scipy import special, stats

if TYPE_CHECKING:
    from pytensor.tensor.variable import TensorVariable

_LOG_2PI = float(np.log(2 * np.pi))
_LEAST_SD = 1e-100  # where a tail probability is certain, its gradient must still be a number


@dataclass(frozen=True)
class Family:
    """A family of distributions.

    Parameters
    ----------
    name
        What it is called.
    parameters
        Names of its parameters, in order; the first places it (mean, rate, probability).
    log_density
        Takes a value and the parameters; returns its log-density or log-probability.
    quantile
        Takes probabilities and the parameters as arrays; returns values.
    cdf
        Takes values and the parameters as arrays; returns the probability of a value at most as large. An
        event has none: its time is what is distributed.
    whole
        Whether values are whole numbers.
    log_below, log_above
        Log-probability of a value at most, or at least, as large; None where censoring has no meaning.
    from_zero
        Whether values below zero are impossible under it (then M4 is M3).
    """

    name: str
    parameters: tuple[str, ...]
    log_density: Callable[..., TensorVariable]
    quantile: Callable[..., np.ndarray]
    cdf: Callable[..., np.ndarray]
    whole: bool = False
    log_below: Callable[..., TensorVariable] | None = None
    log_above: Callable[..., TensorVariable] | None = None
    from_zero: bool = False


def _normal_density(y: Any, mean: Any, sd: Any) -> TensorVariable:
    inside = -0.5 * ((y - mean) / sd) ** 2 - pt.log(sd) - 0.5 * _LOG_2PI
    return pt.switch(sd > 0, inside, -np.inf)


def _log_normal_density(y: Any, mean: Any, sd: Any) -> TensorVariable:
    positive = (y > 0) & (mean > 0)
    safe = pt.switch(positive, y, 1.0)
    inside = _normal_density(pt.log(safe), pt.log(pt.switch(positive, mean, 1.0)), sd) - pt.log(safe)
    return pt.switch(positive, inside, -np.inf)


def log_normal_cdf(z: Any) -> TensorVariable:
    """Return log Phi(z), with a finite gradient wherever it is finite: each branch sees its own half line."""
    low, high = pt.minimum(z, -1.0), pt.maximum(z, -1.0)
    far = pt.log(pt.erfcx(-low / np.sqrt(2.0)) / 2.0) - low**2 / 2.0
    return pt.switch(z < -1.0, far, pt.log1p(-pt.erfc(high / np.sqrt(2.0)) / 2.0))


def _normal_below(y: Any, mean: Any, sd: Any) -> TensorVariable:
    return log_normal_cdf((y - mean) / pt.maximum(sd, _LEAST_SD))


def _normal_above(y: Any, mean: Any, sd: Any) -> TensorVariable:
    return log_normal_cdf((mean - y) / pt.maximum(sd, _LEAST_SD))


def _on_logs(tail: Callable[..., TensorVariable]) -> Callable[..., TensorVariable]:
    def log_tail(y: Any, median: Any, sd: Any) -> TensorVariable:
        return tail(pt.log(pt.maximum(y, _LEAST_SD)), pt.log(pt.maximum(median, _LEAST_SD)), sd)

    return log_tail


def _student_density(y: Any, mean: Any, sd: Any, nu: Any) -> TensorVariable:
    constant = pt.gammaln((nu + 1) / 2) - pt.gammaln(nu / 2) - 0.5 * pt.log(nu * np.pi)
    inside = constant - pt.log(sd) - (nu + 1) / 2 * pt.log1p(((y - mean) / sd) ** 2 / nu)
    return pt.switch(sd > 0, inside, -np.inf)


def _poisson_density(y: Any, mean: Any) -> TensorVariable:
    inside = y * pt.log(pt.switch(mean > 0, mean, 1.0)) - mean - pt.gammaln(y + 1)
    return pt.switch(mean > 0, inside, _of_none(y, mean))


def _of_none(y: Any, mean: Any) -> TensorVariable:
    """Return the log-probability of a count whose mean is 0: only 0 occurs; its slope by the mean is -1."""
    return pt.switch(pt.eq(y, 0) & pt.eq(mean, 0), -mean, -np.inf)


def _negative_binomial_density(y: Any, mean: Any, dispersion: Any) -> TensorVariable:
    """Variance ``mean + mean^2 / dispersion`` (Lawless 1987, Can J Stat 15:209)."""
    combinations = pt.gammaln(y + dispersion) - pt.gammaln(dispersion) - pt.gammaln(y + 1)
    whole = mean + dispersion
    safe = pt.switch(mean > 0, mean, 1.0)
    none, some = pt.log(dispersion) - pt.log(whole), pt.log(safe) - pt.log(whole)
    return pt.switch(mean > 0, combinations + dispersion * none + y * some, _of_none(y, mean))


def _negative_binomial_quantile(u: np.ndarray, mean: np.ndarray, dispersion: np.ndarray) -> np.ndarray:
    return stats.nbinom.ppf(u, dispersion, dispersion / (dispersion + mean))


def _binary_density(y: Any, p: Any) -> TensorVariable:
    return pt.switch(pt.eq(y, 1), pt.log(p), pt.log1p(-p))


def _ordinal_density(y: Any, *at_least: Any) -> TensorVariable:
    """Return the log-probability of category y = 0, 1, ...; `at_least` are P(Y >= 1), P(Y >= 2), ..."""
    edges = [pt.ones_like(at_least[0]), *at_least, pt.zeros_like(at_least[0])]
    chance = pt.zeros_like(at_least[0])
    for k in range(len(edges) - 1):
        chance = pt.switch(pt.eq(y, k), edges[k] - edges[k + 1], chance)
    return pt.log(pt.maximum(chance, 0.0))


def _ordinal_quantile(u: np.ndarray, *at_least: np.ndarray) -> np.ndarray:
    return np.sum([np.asarray(u) > 1 - p for p in at_least], axis=0).astype(float)


def _category_cdf(y: np.ndarray, *at_least: np.ndarray) -> np.ndarray:
    """Return the probability of category y or a lower one; `at_least` are P(Y >= 1), P(Y >= 2), ..."""
    found = np.where(np.asarray(y) < 0, 0.0, 1.0)
    for k, p in enumerate(at_least):
        found = np.where(np.asarray(y) == k, 1.0 - p, found)
    return found


def _event_density(y: Any, hazard: Any, risk: Any) -> TensorVariable:
    """Return the log-density of no event (0), or of an event (1) at the end of an interval, with its risk.

    Klein & Moeschberger 2003, Survival Analysis, ch. 3.5: ``exp(-risk)``, and ``hazard exp(-risk)``.
    """
    return pt.switch(pt.eq(y, 1), pt.log(hazard), 0.0) - risk


def _event_within(y: Any, hazard: Any, risk: Any) -> TensorVariable:
    """Return the log-probability of an event at some time of the interval (interval-censored)."""
    return pt.log(-pt.expm1(-risk))


NORMAL = Family(
    "normal",
    ("mean", "sd"),
    _normal_density,
    lambda u, mean, sd: mean + sd * special.ndtri(u),
    lambda y, mean, sd: special.ndtr((y - mean) / sd),
    log_below=_normal_below,
    log_above=_normal_above,
)
LOG_NORMAL = Family(
    "log-normal",
    ("median", "sd"),
    _log_normal_density,
    lambda u, median, sd: median * np.exp(sd * special.ndtri(u)),
    lambda y, median, sd: special.ndtr((np.log(np.maximum(y, 0.0)) - np.log(median)) / sd),
    log_below=_on_logs(_normal_below),
    log_above=_on_logs(_normal_above),
    from_zero=True,
)
STUDENT_T = Family(
    "Student-t",
    ("mean", "scale", "nu"),
    _student_density,
    lambda u, mean, scale, nu: mean + scale * special.stdtrit(nu, u),
    lambda y, mean, scale, nu: special.stdtr(nu, (y - mean) / scale),
)
POISSON = Family(
    "Poisson",
    ("mean",),
    _poisson_density,
    lambda u, mean: stats.poisson.ppf(u, mean),
    lambda y, mean: stats.poisson.cdf(y, mean),
    whole=True,
)
NEGATIVE_BINOMIAL = Family(
    "negative binomial",
    ("mean", "dispersion"),
    _negative_binomial_density,
    _negative_binomial_quantile,
    lambda y, mean, dispersion: stats.nbinom.cdf(y, dispersion, dispersion / (dispersion + mean)),
    whole=True,
)
BINARY = Family(
    "binary",
    ("probability",),
    _binary_density,
    lambda u, p: (np.asarray(u) > 1 - p) * 1.0,
    _category_cdf,
    whole=True,
)
EVENT = Family(
    "event",
    ("hazard", "risk"),
    _event_density,
    lambda u, hazard, risk: (np.asarray(u) > np.exp(-risk)) * 1.0,
    lambda y, hazard, risk: np.full(np.broadcast_shapes(np.shape(y), np.shape(risk)), np.nan),
    log_below=_event_within,
)


def ordinal_family(categories: int) -> Family:
    """Return the family of categories 0 to `categories` - 1."""
    names = tuple(f"at_least_{k}" for k in range(1, categories))
    return Family("ordinal", names, _ordinal_density, _ordinal_quantile, _category_cdf, whole=True)


def select(u: np.ndarray, mask: np.ndarray, family: Family, parameters: Sequence[np.ndarray]) -> np.ndarray:
    """Return quantiles at the observations (last axis) that `mask` marks."""
    return np.asarray(family.quantile(u[..., mask], *(p[..., mask] for p in parameters)))
