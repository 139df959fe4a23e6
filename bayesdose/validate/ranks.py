"""Ranks of known values among posterior draws: simultaneous bands of their ECDF, and which leave it.

Where a posterior is right, the rank of the value that made the data is uniform on 0, ..., L among L
independent posterior draws (Cook, Gelman & Rubin 2006, J Comput Graph Stat 15:675; Talts et al. 2018,
arXiv:1804.06788).
The bands are those of Säilynoja, Bürkner & Vehtari 2022 (Stat Comput 32:32): equal-tailed pointwise binomial
intervals whose common level makes the simultaneous one what was asked. Their probability is computed here
exactly, by the recursion over the points of the ECDF, not by simulation: a verdict is the same every time.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import gammaln
from scipy.stats import binom

from bayesdose.errors import InputError, explain

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

VERDICT_COLUMNS = ("quantity", "p", "outside", "mean", "spread")
"""Columns of a verdict."""


def verdict(ranks: Ints, draws: int, quantities: list[str], *, level: float = 0.01) -> pd.DataFrame:
    """Judge the ranks of several quantities together.

    Parameters
    ----------
    ranks
        (replication, quantity), each 0 to `draws`.
    draws
        L, the posterior draws that each value was ranked among.
    quantities
        Their names.
    level
        Chance that some quantity is outside although every posterior is right, at most (Bonferroni).

    Returns
    -------
    pandas.DataFrame
        A row per quantity, columns `VERDICT_COLUMNS`: ``p``, the chance under uniform ranks of an ECDF that
        goes as far from the diagonal; ``outside``, whether it leaves the band at ``level / quantities``;
        ``mean`` of (rank + 1/2) / (L + 1), 0.5 where right, less where posteriors lie above the truth;
        ``spread``, its variance times 12, 1 where right, more where posteriors are too narrow.

    Raises
    ------
    InputError
        When there are no ranks, or one is outside 0 to `draws`.
    """
    found = np.asarray(ranks)
    if not found.size or found.min() < 0 or found.max() > draws:
        raise InputError(explain("these are no ranks", expected=f"whole numbers from 0 to {draws}"))
    rows = []
    for name, own in zip(quantities, found.T, strict=True):
        place = (own + 0.5) / (draws + 1)
        p = p_value(own, draws)
        rows.append((name, p, p <= level / len(quantities), place.mean(), 12.0 * place.var()))
    return pd.DataFrame(rows, columns=list(VERDICT_COLUMNS))


def p_value(ranks: Ints, draws: int) -> float:
    """Return the chance that uniform ranks leave the narrowest band that these ranks touch."""
    n = len(ranks)
    return 1.0 - _inside(n, draws, _smallest_tail(counts(ranks, draws), n, draws), strictly=True)


def band(replications: int, draws: int, *, level: float) -> tuple[Floats, Floats]:
    """Return the simultaneous band of the ECDF at k / (L + 1), k = 1, ..., L.

    Parameters
    ----------
    replications, draws
        How many ranks, among how many draws.
    level
        Chance that uniform ranks leave the band: at most this, the counts being whole.

    Returns
    -------
    numpy.ndarray, numpy.ndarray
        Lower and upper end, (L,), which are inside.
    """
    low, high = -60.0, np.log(0.5)
    for _ in range(40):  # the largest tail probability that keeps the simultaneous one
        middle = 0.5 * (low + high)
        kept = _inside(replications, draws, float(np.exp(middle)), strictly=False) >= 1.0 - level
        low, high = (middle, high) if kept else (low, middle)
    lower, upper = _limits(replications, draws, float(np.exp(low)), strictly=False)
    return lower / replications, upper / replications


def counts(ranks: Ints, draws: int) -> Ints:
    """Return how many ranks are below k, for k = 1, ..., L: binomial with probability k / (L + 1)."""
    return np.searchsorted(np.sort(ranks), np.arange(1, draws + 1), side="left").astype(np.int64)


def _points(draws: int) -> Floats:
    return np.arange(1, draws + 1) / (draws + 1)


def _smallest_tail(found: Ints, n: int, draws: int) -> float:
    z = _points(draws)
    return float(min(binom.cdf(found, n, z).min(), binom.sf(found - 1, n, z).min()))


def _limits(n: int, draws: int, tail: float, *, strictly: bool) -> tuple[Ints, Ints]:
    """Return the smallest and largest counts at each point whose both tails are at least (above) `tail`."""
    x, z = np.arange(n + 1), _points(draws)[:, None]
    below, above = binom.cdf(x, n, z), binom.sf(x - 1, n, z)
    least = tail * (1.0 + 1e-9) if strictly else tail * (1.0 - 1e-9)  # the tails are rounded
    within = (below > least) & (above > least)
    lower = np.where(within.any(axis=1), within.argmax(axis=1), n + 1)
    return lower.astype(np.int64), (n - within[:, ::-1].argmax(axis=1)).astype(np.int64)


def _inside(n: int, draws: int, tail: float, *, strictly: bool) -> float:
    """Return the probability that the counts of n uniform ranks are within the limits at every point."""
    lower, upper = _limits(n, draws, tail, strictly=strictly)
    x = np.arange(n + 1)
    chance = np.zeros(n + 1)
    chance[0] = 1.0
    for step, least, most in zip(_steps(n, draws), lower, upper, strict=True):
        chance = chance @ step
        chance[(x < least) | (x > most)] = 0.0
    return float(chance.sum())


@lru_cache(maxsize=2)
def _steps(n: int, draws: int) -> Floats:
    """Return the chances of going from one count to another, from each point to the next: (point, from, to).

    Each rank that is not below k is below k + 1 with probability 1 / (L + 1 - k).
    """
    x = np.arange(n + 1)
    more = np.maximum(x[None, :] - x[:, None], -1)
    log_ways = np.where(
        more >= 0, gammaln(n - x[:, None] + 1) - gammaln(more + 1) - gammaln(n - x + 1), -np.inf
    )
    chance = 1.0 / (draws + 1 - np.arange(draws))[:, None, None]
    return np.exp(log_ways + more * np.log(chance) + (n - x) * np.log1p(-chance))
