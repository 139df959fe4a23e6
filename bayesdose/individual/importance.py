"""Importance sampling of (theta, z) for one patient: shifted defensive mixture, Pareto smoothing, rounds.

Target: p(theta, z | population data, levels), proportional to p(theta | population data) N(z; 0, I)
p(levels | theta, z). In the first round theta is proposed from the population draws, z around modes that move
with theta (implicit-function theorem), mixed with the prior. Where weights are too uneven, a component with
the moments of the weighted particles is added, where they cannot be used also joint modes of (theta, z) with
the draws that agree with them, and more particles are drawn; all of them are weighed by the mixture of all
proposals (Veach & Guibas 1995; Owen & Zhou 2000, J Am Stat Assoc 95:135).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from bayesdose.individual.joint import around_joint
from bayesdose.individual.mode import Mode
from bayesdose.individual.proposal import Component, Proposal, log_normal, root_of_inverse, shares
from bayesdose.individual.target import Target

_SPREAD, _WIDER = 1.15, 1.3  # of the scale matrix of a mode, and of the moments of weighted particles
_EVEN = (0.4, 0.15)  # k-hat, and ESS over particles, at which one round of particles is left as it is
_JOINT, _HEAVIEST = 0.7, 2  # share of joint modes among modes; particles to search from


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
    def even(self) -> bool:
        """Whether another round would gain little."""
        return self.khat is not None and self.khat < _EVEN[0] and self.ess >= _EVEN[1] * len(self.draw)

    @property
    def theta_ess(self) -> float:
        """Effective number of distinct population draws."""
        return float(1.0 / np.sum(np.bincount(self.draw, weights=self.weight) ** 2))


@dataclass(frozen=True)
class Pool:
    """Particles of all rounds so far, not weighed yet.

    Parameters
    ----------
    proposals
        What each round was drawn from.
    draw, z, loglik
        The particles, and their log-likelihood.
    log_q
        Log-density of every proposal at every particle, (proposal, particle).
    """

    proposals: tuple[Proposal, ...]
    draw: np.ndarray
    z: np.ndarray
    loglik: np.ndarray
    log_q: np.ndarray

    @classmethod
    def empty(cls, target: Target) -> Pool:
        """Return a pool without particles."""
        return cls((), np.zeros(0, dtype=int), np.zeros((0, target.k)), np.zeros(0), np.zeros((0, 0)))


def sample(
    target: Target,
    modes: Sequence[Mode],
    n: int,
    seed: int,
    good: Callable[[Particles], bool],
    *,
    rounds: int = 16,
) -> Particles:
    """Draw particles in rounds of n until they are good, or for `rounds` rounds; a single one must be even.

    Parameters
    ----------
    target
        The density.
    modes
        Where it is high at the centre of the population draws.
    n, seed
        Particles of a round, and the seed of the first one.
    good
        Says whether weighted particles will do. Where they do not, joint modes of (theta, z) are sought.
    rounds
        The largest number of rounds.

    Returns
    -------
    Particles
        Good or not: the caller decides.
    """
    first = proposal = around(target, modes)
    pool = Pool.empty(target)
    while True:
        pool = _grown(pool, target, proposal, n, seed + len(pool.proposals))
        made = _weighed(pool)
        if made.rounds == rounds or (good(made) and (made.rounds > 1 or made.even)):
            return made
        if not good(made) and first.tilt is None:
            first = _joined(first, made, target, modes)
        proposal = _matched(made, target, first)


def around(target: Target, modes: Sequence[Mode]) -> Proposal:
    """Return the proposal around modes: each with its Hessian, moving with theta."""
    components, log_mass = [], []
    for mode in modes:
        root = np.sqrt(_SPREAD) * root_of_inverse(mode.hessian)
        components.append(Component(mode.z, target.shift(mode), root))
        log_mass.append(-mode.value + float(np.log(np.diag(root)).sum()))
    return Proposal(components, shares(log_mass))


def _grown(pool: Pool, target: Target, proposal: Proposal, n: int, seed: int) -> Pool:
    """Draw n more particles; every proposal's density is worked out at every particle once."""
    known, proposals = target.known, (*pool.proposals, proposal)
    draw, z = proposal.draw(known, n, seed)
    at_old = proposal.log_density(known, pool.draw, pool.z)
    at_new = np.stack([one.log_density(known, draw, z) for one in proposals])
    return Pool(
        proposals,
        np.concatenate([pool.draw, draw]),
        np.concatenate([pool.z, z]),
        np.concatenate([pool.loglik, target.loglik(draw, z)]),
        np.hstack([np.vstack([pool.log_q, at_old]), at_new]),
    )


def _weighed(pool: Pool) -> Particles:
    """Weigh all particles by the mixture of all proposals, each with the same number of particles."""
    log_q = np.logaddexp.reduce(pool.log_q, axis=0) - np.log(len(pool.proposals))
    log_weight = pool.loglik + log_normal(pool.z) - log_q
    weight, khat = smooth(log_weight)
    evidence = log_sum(log_weight) - float(np.log(len(log_weight)))
    return Particles(pool.draw, pool.z, weight, khat, evidence, len(pool.proposals))


def _joined(first: Proposal, made: Particles, target: Target, modes: Sequence[Mode]) -> Proposal:
    """Return the first proposal with components around joint modes of (theta, z), draws tilted to them."""
    u = target.known.standard.u
    if not target.k or not u.shape[1]:
        return first
    joint = around_joint(target, _starts(made, u, modes))
    share = np.concatenate([_JOINT * joint.share, (1 - _JOINT) * first.share])
    return Proposal([*joint.components, *first.components], share, joint.tilt)


def _starts(made: Particles, u: np.ndarray, modes: Sequence[Mode]) -> list[np.ndarray]:
    """Return points (z, u) to search from: the mode at the centre, the particles' mean, and the heaviest."""
    x = np.column_stack([made.z, u[made.draw]])
    mean = _flattened(made.weight, 10 * (made.z.shape[1] + 1)) @ x
    heaviest = x[np.argsort(-made.weight, kind="stable")[:_HEAVIEST]]
    return [np.concatenate([modes[0].z, np.zeros(u.shape[1])]), mean, *heaviest]


def _matched(made: Particles, target: Target, first: Proposal) -> Proposal:
    """Return the first proposal with a component that has the moments of the particles so far."""
    A, k = first.components[0].A, made.z.shape[1]
    weight = _flattened(made.weight, 10 * (k + 1))
    e = made.z - target.known.t[made.draw] @ A.T
    mean = weight @ e
    spread = (weight[:, None] * (e - mean)).T @ (e - mean)
    root = np.linalg.cholesky(_WIDER * spread + 1e-6 * np.eye(k))
    components = [Component(mean, A, root), *first.components]
    return Proposal(components, np.array([0.5, *(0.5 * first.share)]), first.tilt)


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
