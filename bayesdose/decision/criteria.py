"""Reductions of U[draw, option]: means, Monte Carlo errors, P(best), regret; numpy only.

Every function takes the same utilities, so that all options are judged on the same draws (common random
numbers) and every number of a choice can be traced to one array.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

ROUNDING = 1e-12
"""Two utilities closer than this share of their size are equal: what is left is rounding."""


@dataclass(frozen=True, eq=False)
class Clusters:
    """Draws grouped by the particle they descend from: copies of one particle are one piece of evidence.

    Parameters
    ----------
    order
        Positions of the draws, sorted by particle.
    starts
        Where each particle begins in `order`.
    """

    order: NDArray[np.intp]
    starts: NDArray[np.intp]

    @property
    def n_draws(self) -> int:
        """Number of draws."""
        return len(self.order)

    @property
    def n(self) -> int:
        """Number of distinct particles."""
        return len(self.starts)

    def numbers(self) -> NDArray[np.intp]:
        """Return the number of each draw's group (draw,)."""
        made = np.empty(self.n_draws, dtype=np.intp)
        made[self.order] = np.repeat(np.arange(self.n), np.diff(np.append(self.starts, self.n_draws)))
        return made

    def sums(self, values: Floats) -> Floats:
        """Sum `values` (draw, option) within each particle -> (particle, option)."""
        if self.n == self.n_draws:
            return values
        from scipy.sparse import csr_array

        ends = np.append(self.starts, self.n_draws)
        which = csr_array((np.ones(self.n_draws), self.order, ends), shape=(self.n, self.n_draws))
        return np.asarray(which @ values)


def particles(made: xr.Dataset | xr.DataArray) -> Clusters:
    """Group draws by coordinate ``particle``: copies of one particle are one distinct draw."""
    return clusters(made.sizes["draw"], made["particle"].to_numpy() if "particle" in made.coords else None)


def independent(made: xr.Dataset | xr.DataArray) -> Clusters:
    """Group draws into those that are independent of each other: what Monte Carlo errors are clustered by.

    Particles that share a draw of the population (coordinate ``population_draw``) share its error, so they
    are one group. Where all draws are of one population it is taken as known, and particles are the groups.
    """
    own = particles(made)
    if "population_draw" not in made.coords or made["population_draw"].dims != ("draw",):
        return own
    wider = clusters(made.sizes["draw"], made["population_draw"].to_numpy())
    return wider if 1 < wider.n < own.n else own


def clusters(n_draws: int, particle: NDArray[np.integer] | None = None) -> Clusters:
    """Group `n_draws` draws by their particle number; without numbers each draw is its own particle."""
    if particle is None:
        return Clusters(np.arange(n_draws), np.arange(n_draws))
    order = np.argsort(particle, kind="stable")
    later = np.flatnonzero(np.diff(particle[order])) + 1
    return Clusters(order, np.concatenate([[0], later]))


def deviations(values: Floats, groups: Clusters) -> Floats:
    """Return each particle's part in the deviation of the mean (particle, option); they add up to 0.

    With w_k the share of the draws that descend from particle k and d_k their mean, ``w_k (d_k - mean)``. It
    is linear in `values` (draw, option): those of a difference are the difference of those of its terms.
    """
    return groups.sums(values - values.mean(axis=0)) / groups.n_draws


def mcse(deviation: Floats) -> Floats:
    """Monte Carlo standard error of a mean over draws, clustered by particle.

    The variance is ``n/(n-1) sum_k w_k^2 (d_k - mean)^2`` over the n distinct particles: the ratio estimator
    for clusters of unequal size (Cochran 1977, Sampling Techniques). For distinct particles the error is
    sd(ddof=1)/sqrt(n).

    Parameters
    ----------
    deviation
        (particle, option) from `deviations`, at least two particles.

    Returns
    -------
    array
        (option,), in the units of the values.
    """
    n = len(deviation)
    return np.sqrt(n / (n - 1) * np.einsum("ko,ko->o", deviation, deviation))


def rounding(steps: Floats, value: Floats, allowed: Bools) -> float:
    """Return the difference of two scores below which they count as equal.

    It follows the mean size of what the best score is made of, and of the middle one of the allowed options:
    a huge loss of another option, blocked or not, makes no two others equal.

    Parameters
    ----------
    steps
        What the scores are made of (draw, option).
    value
        The scores (option,).
    allowed
        Which options no limit blocks.
    """
    size = np.abs(steps).mean(axis=0)
    own = np.sort(size[allowed])
    return ROUNDING * float(max(size[np.where(allowed, value, -np.inf).argmax()], own[(len(own) - 1) // 2]))


def _tied(U: Floats, top: Floats) -> Bools:
    """Return where an option has the highest utility of a draw, but for rounding (draw, option)."""
    size = np.abs(top)
    return np.asarray(top[:, None] - U <= ROUNDING * np.maximum(size, np.median(size))[:, None])


def best_per_draw(U: Floats, allowed: Bools) -> Floats:
    """Return the highest utility among the allowed options in each draw (draw,)."""
    return (U if allowed.all() else U[:, allowed]).max(axis=1)


def share_best(U: Floats, allowed: Bools, top: Floats) -> tuple[Floats, Floats]:
    """Return P(best) and P(not beaten) per option.

    P(best) splits a draw equally between the allowed options that tie for its highest utility, so that it
    sums to 1; P(not beaten) counts every tie in full. Blocked options have 0 in both.
    """
    hit = (_tied(U, top) & allowed).astype(np.float64)
    # einsum: a threaded matrix product of this size costs more CPU than it saves
    return np.einsum("d,do->o", 1.0 / hit.sum(axis=1), hit) / len(U), hit.mean(axis=0)


def expected_regret(means: Floats, top: Floats) -> Floats:
    """Return E[max over allowed options] - E[U] per option.

    That of the option with the highest expected utility is the expected value of perfect information, EVPI
    (Raiffa & Schlaifer 1961). A blocked option can have a negative one: what its limit costs.
    """
    return float(top.mean()) - means


def regret_quantile(U: Floats, top: Floats, share: float) -> Floats:
    """Return the quantile of each option's regret over the draws (option,): its credible regret.

    Parameters
    ----------
    U
        Utilities (draw, option).
    top
        Highest utility among the allowed options (draw,); what a blocked option has more than that counts
        as no regret.
    share
        0.95: in 95 % of the draws the regret is at most this (the smallest such value).
    """
    k = max(math.ceil(share * len(U) - ROUNDING * len(U)) - 1, 0)
    regret = np.maximum(np.ascontiguousarray(top - U.T), 0.0)
    regret.partition(k, axis=1)
    return regret[:, k]
