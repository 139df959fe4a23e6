"""Importance sampling of (theta, z) for one patient: shifted defensive mixture, Pareto smoothing, rounds.

Target: p(theta, z | population data, levels), proportional to p(theta | population data) N(z; 0, I)
p(levels | theta, z). theta is proposed from the population draws, z around modes that move with theta
(implicit-function theorem), mixed with the prior. Where weights are too uneven, a component with the moments
of the weighted particles is added and more particles are drawn; all of them are weighed by the mixture of all
proposals (Veach & Guibas 1995; Owen & Zhou 2000, J Am Stat Assoc 95:135).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from bayesdose.individual.mode import Mode
from bayesdose.individual.proposal import Component, Proposal, log_normal, shares
from bayesdose.individual.target import Target

_SPREAD, _WIDER = 1.15, 1.3  # of the scale matrix of a mode, and of the moments of weighted particles


@dataclass(frozen=True)
class Particles:
    """Weighted particles of (theta, z).

    Parameters
    ----------
    draw
        Which population draw each takes its theta from, (particle,).
    z
        (particle, eta).
    weight
        Normalised, Pareto-smoothed, (particle,).
    khat
        Pareto shape of the raw weights (Vehtari et al. 2024, JMLR 25:72); below 0.7 they can be used. None
        where there are no weights.
    log_evidence
        Log of the levels' density under the population, from the same weights; nan where there are none.
    rounds
        How many rounds of particles were drawn, or steps of tempering were made.
    method
        What made them.
    """

    draw: np.ndarray
    z: np.ndarray
    weight: np.ndarray
    khat: float | None
    log_evidence: float = np.nan
    rounds: int = 1
    method: str = "importance sampling"

    @property
    def ess(self) -> float:
        """Effective number of particles, one over the sum of squared weights."""
        return float(1.0 / np.sum(self.weight**2))

    @property
    def theta_ess(self) -> float:
        """Effective number of distinct population draws."""
        return float(1.0 / np.sum(np.bincount(self.draw, weights=self.weight) ** 2))


def sample(
    target: Target,
    modes: Sequence[Mode],
    n: int,
    seed: int,
    good: Callable[[Particles], bool],
    *,
    rounds: int = 4,
) -> Particles:
    """Draw particles in rounds of n until they are good, or for `rounds` rounds.

    Parameters
    ----------
    target
        The density.
    modes
        Where it is high at the centre of the population draws.
    n, seed
        Particles of a round, and the seed of the first one.
    good
        Says whether weighted particles will do.
    rounds
        The largest number of rounds.

    Returns
    -------
    Particles
        Good or not: the caller decides.
    """
    first = around(target, modes)
    proposals: list[Proposal] = []
    draws: list[np.ndarray] = []
    points: list[np.ndarray] = []
    found: list[np.ndarray] = []
    proposal = first
    while True:
        draw, z = proposal.draw(target.known, n, seed + len(draws))
        proposals.append(proposal)
        draws.append(draw)
        points.append(z)
        found.append(target.loglik(draw, z))
        made = _weighed(target, proposals, draws, points, found)
        if len(draws) == rounds or good(made):
            return made
        proposal = _matched(made, target, first)


def around(target: Target, modes: Sequence[Mode]) -> Proposal:
    """Return the proposal around modes: each with its Hessian, moving with theta."""
    components, log_mass = [], []
    for mode in modes:
        k = len(mode.z)
        root = np.linalg.cholesky(_SPREAD * np.linalg.inv(mode.hessian)) if k else np.zeros((0, 0))
        components.append(Component(mode.z, target.shift(mode), root))
        log_mass.append(-mode.value + float(np.log(np.diag(root)).sum()))
    return Proposal(components, shares(log_mass))


def _weighed(
    target: Target,
    proposals: Sequence[Proposal],
    draws: Sequence[np.ndarray],
    points: Sequence[np.ndarray],
    found: Sequence[np.ndarray],
) -> Particles:
    """Weigh all particles by the mixture of all proposals, each with the same number of particles."""
    draw, z = np.concatenate(draws), np.concatenate(points)
    t = target.known.t[draw]
    log_q = reduce(np.logaddexp, (p.log_density(t, z) for p in proposals)) - np.log(len(proposals))
    log_weight = np.concatenate(found) + log_normal(z) - log_q
    weight, khat = smooth(log_weight)
    evidence = log_sum(log_weight) - float(np.log(len(log_weight)))
    return Particles(draw, z, weight, khat, evidence, len(proposals))


def _matched(made: Particles, target: Target, first: Proposal) -> Proposal:
    """Return the first proposal with a component that has the moments of the particles so far."""
    A, k = first.components[0].A, made.z.shape[1]
    weight = _flattened(made.weight, 10 * (k + 1))
    e = made.z - target.known.t[made.draw] @ A.T
    mean = weight @ e
    spread = (weight[:, None] * (e - mean)).T @ (e - mean)
    root = np.linalg.cholesky(_WIDER * spread + 1e-6 * np.eye(k))
    components = [Component(mean, A, root), *first.components]
    return Proposal(components, np.array([0.5, *(0.5 * first.share)]))


def _flattened(weight: np.ndarray, ess: float) -> np.ndarray:
    """Return a power of the weights that leaves them worth at least `ess` particles."""
    for power in (1.0, 0.5, 0.25, 0.1):
        flat = weight**power
        flat = flat / flat.sum()
        if 1.0 / np.sum(flat**2) >= ess:
            break
    return np.asarray(flat)


def smooth(log_weight: np.ndarray) -> tuple[np.ndarray, float]:
    """Return Pareto-smoothed, normalised weights and k-hat; infinite where no particle is possible."""
    from arviz_stats.base import array_stats

    if not np.isfinite(log_weight).any():
        return np.full(len(log_weight), 1.0 / len(log_weight)), float("inf")
    lowest = np.min(log_weight[np.isfinite(log_weight)])
    usable = np.where(np.isfinite(log_weight), log_weight, lowest - 1e3)
    usable = usable - usable.max()
    if np.quantile(usable, 0.8) == 0.0:  # the largest weights are all equal: no tail to smooth
        return np.exp(usable - log_sum(usable)), 0.0
    smoothed, khat = array_stats.psislw(-usable)
    return np.exp(smoothed - log_sum(smoothed)), float(khat)


def log_sum(x: np.ndarray) -> float:
    """Return log sum exp(x); a tenth of the time that SciPy's takes."""
    largest = float(x.max())
    return largest if np.isinf(largest) else largest + float(np.log(np.exp(x - largest).sum()))


def systematic(weight: np.ndarray, n: int, seed: int) -> np.ndarray:
    """Resample n particle numbers systematically: each appears n w times, rounded up or down."""
    start = np.random.default_rng(seed).random()
    found = np.searchsorted(np.cumsum(weight), (np.arange(n) + start) / n)
    return np.minimum(found, len(weight) - 1)
