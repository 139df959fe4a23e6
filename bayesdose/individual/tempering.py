"""Tempered sequential Monte Carlo of (theta, z): where importance sampling does not serve.

Particles go from the prior to the posterior in steps of the likelihood's power, each as long as leaves half
of them effective; between steps they are resampled and moved by random walks of z and by exchanging their
population draw (Del Moral, Doucet & Jasra 2006, J R Stat Soc B 68:411; adaptive steps: Jasra et al. 2011,
Scand J Stat 38:1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import logsumexp

from bayesdose.individual.importance import Particles, systematic
from bayesdose.individual.proposal import base_points, log_normal, stratified
from bayesdose.individual.target import Target

_MOVES, _LAST_MOVES, _KEEP, _STEPS = 6, 20, 0.5, 200
_ACCEPTED, _APART = 0.1, 0.2  # least acceptance of the last moves; largest difference of two runs, in SDs


@dataclass(frozen=True)
class Cloud:
    """Equally weighted particles at some power of the likelihood.

    Parameters
    ----------
    draw, z
        As in `Particles`.
    loglik
        Log-likelihood of each.
    """

    draw: np.ndarray
    z: np.ndarray
    loglik: np.ndarray

    def taken(self, which: np.ndarray) -> Cloud:
        """Return the particles numbered, or told by a mask, `which`."""
        return Cloud(self.draw[which], self.z[which], self.loglik[which])


@dataclass(frozen=True)
class Run:
    """What one run came to.

    Parameters
    ----------
    cloud
        At the posterior.
    log_evidence
        Sum of the steps' log mean weights.
    accepted
        Share of the last moves of z that were accepted.
    steps
        How many steps of tempering.
    """

    cloud: Cloud
    log_evidence: float
    accepted: float
    steps: int


def sample(target: Target, A: np.ndarray, n: int, seed: int) -> tuple[Particles, str | None]:
    """Run twice, and join both where they agree.

    Parameters
    ----------
    target
        The density.
    A
        How z is expected to move with theta, (eta, theta); exchanges of theta take z along.
    n, seed
        Particles of a run, and its seed.

    Returns
    -------
    Particles, str or None
        And why they cannot be trusted, where they cannot.
    """
    runs = [run(target, A, n, seed + i) for i in (0, 1)]
    draw = np.concatenate([r.cloud.draw for r in runs])
    z = np.concatenate([r.cloud.z for r in runs])
    evidence = float(logsumexp([r.log_evidence for r in runs]) - np.log(2))
    weight = np.full(len(draw), 1.0 / len(draw))
    made = Particles(draw, z, weight, None, evidence, max(r.steps for r in runs), "tempered SMC")
    return _merged(made), _trouble(target, runs)


def run(target: Target, A: np.ndarray, n: int, seed: int) -> Run:
    """Take n particles from the prior to the posterior."""
    rng = np.random.default_rng((seed, 3))
    cloud = _prior(target, n, seed)
    power, evidence, scale, accepted = 0.0, 0.0, 1.0, 1.0
    for step in range(_STEPS):
        longer = _longer(cloud.loglik, power)
        if longer == power:
            return Run(cloud, evidence, 0.0, step)
        log_weight = (longer - power) * cloud.loglik
        evidence += float(logsumexp(log_weight) - np.log(n))
        weight = np.exp(log_weight - logsumexp(log_weight))
        cloud, power = cloud.taken(systematic(weight, n, int(rng.integers(2**31)))), longer
        for _ in range(_LAST_MOVES if power == 1.0 else _MOVES):
            cloud, accepted = _walked(target, cloud, power, scale, rng)
            scale *= 1.3 if accepted > 0.35 else 1 / 1.3 if accepted < 0.2 else 1.0
            cloud = _exchanged(target, cloud, power, A, rng)
        if power == 1.0:
            return Run(cloud, evidence, accepted, step + 1)
    return Run(cloud, evidence, 0.0, _STEPS)


def _prior(target: Target, n: int, seed: int) -> Cloud:
    normal, _, rank, _ = base_points(n, target.k, seed)
    draw = target.known.order[stratified(rank, len(target.known), seed)]
    return Cloud(draw, normal, target.loglik(draw, normal))


def _longer(loglik: np.ndarray, power: float) -> float:
    """Return the next power: as large as leaves half of the particles effective, at most 1; or this one."""

    def kept(more: float) -> float:
        w = more * np.where(np.isfinite(loglik), loglik, -np.inf)
        w = np.exp(w - logsumexp(w))
        return float(1.0 / np.sum(w**2) / len(w)) - _KEEP * float(np.isfinite(loglik).mean())

    if kept(1.0 - power) >= 0:
        return 1.0
    least = 1e-12 * (1.0 - power)
    return power + float(brentq(kept, least, 1.0 - power, xtol=1e-6)) if kept(least) > 0 else power


def _walked(
    target: Target, cloud: Cloud, power: float, scale: float, rng: np.random.Generator
) -> tuple[Cloud, float]:
    """Move every z by a random walk with the particles' covariance, theta as it is."""
    k = cloud.z.shape[1]
    if k == 0:
        return cloud, 1.0
    spread = np.atleast_2d(np.cov(cloud.z.T)) + 1e-10 * np.eye(k)
    step = rng.standard_normal(cloud.z.shape) @ np.linalg.cholesky(spread).T
    return _accepted(target, cloud, cloud.draw, cloud.z + scale * 2.38 / np.sqrt(k) * step, power, rng)


def _exchanged(target: Target, cloud: Cloud, power: float, A: np.ndarray, rng: np.random.Generator) -> Cloud:
    """Offer every particle another population draw; half of the time z goes with it."""
    if len(target.known) < 2:
        return cloud
    draw, t = rng.integers(len(target.known), size=len(cloud.draw)), target.known.t
    along = (rng.random() < 0.5) * (t[draw] - t[cloud.draw]) @ A.T
    return _accepted(target, cloud, draw, cloud.z + along, power, rng)[0]


def _accepted(
    target: Target, cloud: Cloud, draw: np.ndarray, z: np.ndarray, power: float, rng: np.random.Generator
) -> tuple[Cloud, float]:
    """Take each offer with its Metropolis probability; offers are symmetric."""
    loglik = target.loglik(draw, z)
    log_ratio = power * (loglik - cloud.loglik) + log_normal(z) - log_normal(cloud.z)
    taken = np.log(rng.random(len(z))) < log_ratio
    made = Cloud(
        np.where(taken, draw, cloud.draw),
        np.where(taken[:, None], z, cloud.z),
        np.where(taken, loglik, cloud.loglik),
    )
    return made, float(taken.mean())


def _merged(made: Particles) -> Particles:
    """Join copies of a particle into one with their weight, so that ESS counts them once."""
    both = np.column_stack([made.draw, made.z])
    _, first, count = np.unique(both, axis=0, return_index=True, return_counts=True)
    weight = count / count.sum()
    return Particles(
        made.draw[first], made.z[first], weight, None, made.log_evidence, made.rounds, made.method
    )


def _trouble(target: Target, runs: list[Run]) -> str | None:
    """Return why two runs cannot be trusted, or None."""
    least = min(r.accepted for r in runs)
    if least < _ACCEPTED:
        return f"tempered SMC hardly moves ({100 * least:.0f} % of the last steps accepted)"
    both = [np.column_stack([r.cloud.z, target.known.t[r.cloud.draw]]) for r in runs]
    sd = np.sqrt(np.mean([values.var(axis=0) for values in both], axis=0))
    means = [values.mean(axis=0) for values in both]
    apart = float(np.max(np.abs(means[0] - means[1]) / np.where(sd > 0, sd, 1.0), initial=0.0))
    if apart > _APART:
        return f"two runs of tempered SMC differ by {apart:.3g} SD"
    return None
