"""Reductions of U[draw, option]: means, Monte Carlo errors, P(best), regret; numpy only.

Every function takes the same utilities, so that all options are judged on the same draws (common random
numbers) and every number of a choice can be traced to one array.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

ROUNDING = 1e-12
"""Two utilities closer than this share of the largest one are equal: what is left is rounding."""


@dataclass(frozen=True)
class Clusters:
    """Draws grouped by the particle they descend from: copies of one particle are one piece of evidence.

    Parameters
    ----------
    order
        Positions of the draws, sorted by particle; None when every draw is its own particle.
    starts
        Where each particle begins in `order`.
    n_draws, n
        Number of draws and of distinct particles.
    """

    order: NDArray[np.intp] | None
    starts: NDArray[np.intp]
    n_draws: int
    n: int

    def sums(self, values: Floats) -> Floats:
        """Sum `values` (draw, ...) within each particle -> (particle, ...)."""
        if self.order is None:
            return values
        return np.add.reduceat(values[self.order], self.starts, axis=0)


def clusters(n_draws: int, particle: NDArray[np.integer] | None = None) -> Clusters:
    """Group `n_draws` draws by their particle number; without numbers each draw is its own particle."""
    if particle is None:
        return Clusters(None, np.arange(n_draws), n_draws, n_draws)
    order = np.argsort(particle, kind="stable")
    change = np.flatnonzero(np.diff(particle[order])) + 1
    starts = np.concatenate([[0], change]).astype(np.intp)
    if len(starts) == n_draws:
        return Clusters(None, starts, n_draws, n_draws)
    return Clusters(order, starts, n_draws, len(starts))


def mcse(values: Floats, groups: Clusters) -> Floats:
    """Monte Carlo standard error of the mean over draws, clustered by particle.

    With w_k the share of the draws that descend from particle k, d_k their mean, and n particles, the
    variance is ``n/(n-1) sum_k w_k^2 (d_k - mean)^2``: the ratio estimator for clusters of unequal size
    (Cochran 1977, Sampling Techniques). For distinct particles it is sd(ddof=1)/sqrt(n).

    Parameters
    ----------
    values
        (draw, ...), at least two distinct particles. For the error of a *difference* of two options pass
        the draw-wise differences.
    groups
        The draws by particle.

    Returns
    -------
    array
        (...), in the units of `values`.
    """
    centred = groups.sums(values - values.mean(axis=0)) / groups.n_draws
    return np.sqrt(groups.n / (groups.n - 1) * np.einsum("k...,k...->...", centred, centred))


def rounding(U: Floats) -> float:
    """Return the difference below which two utilities of `U` count as equal, in units of utility."""
    return ROUNDING * float(np.abs(U).max())


def best_per_draw(U: Floats, allowed: Bools) -> Floats:
    """Return the highest utility among the allowed options in each draw (draw,)."""
    return (U if allowed.all() else U[:, allowed]).max(axis=1)


def share_best(U: Floats, allowed: Bools, top: Floats) -> tuple[Floats, Floats]:
    """Return P(best) and P(not beaten) per option.

    P(best) splits a draw equally between the allowed options that tie for its highest utility, so that it
    sums to 1; P(not beaten) counts every tie in full. Blocked options have 0 in both.
    """
    hit = ((top[:, None] - U <= rounding(U)) & allowed).astype(np.float64)
    return (1.0 / hit.sum(axis=1)) @ hit / len(U), hit.mean(axis=0)


def expected_regret(means: Floats, top: Floats) -> Floats:
    """Return E[max over allowed options] - E[U] per option.

    That of the option with the highest expected utility is the expected value of perfect information, EVPI
    (Raiffa & Schlaifer 1961). A blocked option can have a negative one: what its limit costs.
    """
    return float(top.mean()) - means
