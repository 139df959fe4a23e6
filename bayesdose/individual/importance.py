"""Importance sampling of (theta, z) for one patient: shifted defensive mixture, Pareto smoothing.

Target: p(theta, z | population data, levels), proportional to p(theta | population data) N(z; 0, I)
p(levels | theta, z). The proposal takes theta from the population draws and z around a mode that moves
with theta (implicit-function theorem), mixed with the prior (Hesterberg 1995, Technometrics 37:185).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import gammaincinv, gammaln, logsumexp, ndtri
from scipy.stats import qmc

from bayesdose.errors import Refused, explain
from bayesdose.individual.mode import Mode

Density = Callable[[Mapping[str, np.ndarray], np.ndarray], np.ndarray]
_NU, _SPREAD, _PRIOR_SHARE, _UNKNOWN = 5.0, 1.15, 0.15, 0.01


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
        Pareto shape of the raw weights (Vehtari et al. 2024, JMLR 25:72); below 0.7 they can be used.
    """

    draw: np.ndarray
    z: np.ndarray
    weight: np.ndarray
    khat: float

    @property
    def ess(self) -> float:
        """Effective number of particles, one over the sum of squared weights."""
        return float(1.0 / np.sum(self.weight**2))

    @property
    def theta_ess(self) -> float:
        """Effective number of distinct population draws."""
        return float(1.0 / np.sum(np.bincount(self.draw, weights=self.weight) ** 2))


@dataclass(frozen=True)
class Shift:
    """How the mode moves with theta: ``z(theta) = z_hat + A (t - t_bar)``, t being theta transformed.

    Parameters
    ----------
    t
        Transformed, centred population draws, (draw, theta).
    A
        (eta, theta).
    """

    t: np.ndarray
    A: np.ndarray


def transformed(theta: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return the draws as a matrix (draw, theta), logs where all are positive, and which are logs."""
    columns = np.column_stack(list(theta.values())) if theta else np.zeros((1, 0))
    logs = (columns > 0).all(axis=0)
    return np.where(logs, np.log(np.where(logs, columns, 1.0)), columns), logs


def untransformed(t: np.ndarray, logs: np.ndarray, names: list[str]) -> dict[str, np.ndarray]:
    """Undo `transformed`: (n, theta) to name -> (n,)."""
    return {name: np.exp(t[:, j]) if logs[j] else t[:, j].copy() for j, name in enumerate(names)}


def find_shift(
    density: Density,
    mode: Mode,
    theta: Mapping[str, np.ndarray],
    known: tuple[np.ndarray, np.ndarray] | None = None,
) -> Shift:
    """Differentiate the mode with respect to theta: ``A = -H^-1 d2(-log p)/dz dtheta``, one batched call.

    Parameters
    ----------
    density
        Negative log-density of (theta, z), each batched.
    mode
        The mode at the centre of the transformed draws.
    theta
        Population draws, name to (draw,).
    known
        What `transformed` says of them, where it is known.
    """
    t, logs = known or transformed(theta)
    centre, k, p = t.mean(axis=0), len(mode.z), t.shape[1]
    if k == 0 or p == 0:
        return Shift(t - centre, np.zeros((k, p)))
    h = np.maximum(0.1 * t.std(axis=0), 1e-6)
    d = 1e-3
    signs = np.array([(1, 1), (1, -1), (-1, 1), (-1, -1)])
    zs = mode.z + d * signs[:, 0][None, None, :, None] * np.eye(k)[:, None, None, :]
    ts = centre + signs[:, 1][None, None, :, None] * (h * np.eye(p))[None, :, None, :]
    zs, ts = (np.broadcast_to(x, (k, p, 4, x.shape[-1])).reshape(-1, x.shape[-1]) for x in (zs, ts))
    f = density(untransformed(ts, logs, list(theta)), zs).reshape(k, p, 4)
    mixed = (f @ np.array([1.0, -1.0, -1.0, 1.0])) / (4 * d * h)
    mixed = np.where(np.isfinite(mixed), mixed, 0.0)
    return Shift(t - centre, -np.linalg.solve(mode.hessian, mixed))


def propose(mode: Mode, shift: Shift, n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw n particles: population draw (n,), z (n, eta) and the log-density of their proposal (n,)."""
    k = len(mode.z)
    normal, chi, rank, prior = base_points(n, k, seed)
    order = np.argsort(shift.t[:, 0], kind="stable") if shift.t.shape[1] else np.arange(len(shift.t))
    draw = order[stratified(rank, len(order), seed)]
    centre = mode.z + shift.t[draw] @ shift.A.T
    root = np.linalg.cholesky(_SPREAD * np.linalg.inv(mode.hessian)) if k else np.zeros((0, 0))
    around = centre + (normal @ root.T) / np.sqrt(chi / _NU)[:, None]
    z = np.where(prior[:, None], normal, around)
    whitened = np.linalg.solve(root, (z - centre).T).T if k else z
    log_t = _log_t(whitened) - np.log(np.diag(root)).sum()
    log_q = np.logaddexp(np.log(1 - _PRIOR_SHARE) + log_t, np.log(_PRIOR_SHARE) + log_normal(z))
    return draw, z, log_q


@lru_cache(maxsize=8)
def base_points(n: int, k: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return scrambled-Sobol base points (Owen 1998): normals (n, k), chi-square_5, ranks, prior or not."""
    m = int(np.ceil(np.log2(max(n, 2))))
    u = qmc.Sobol(k + 3, scramble=True, rng=np.random.default_rng(seed)).random_base2(m)[:n]
    u = np.clip(u, 1e-12, 1 - 1e-12)
    chi = 2.0 * gammaincinv(_NU / 2, u[:, k])
    rank = np.argsort(np.argsort(u[:, k + 1]))
    return ndtri(u[:, :k]), chi, rank, u[:, k + 2] < _PRIOR_SHARE


def stratified(rank: np.ndarray, size: int, seed: int) -> np.ndarray:
    """Spread particles over `size` population draws: one in each stratum, by rank among the particles (n,).

    Where there are more draws than particles, the seed decides which of a stratum's draws is taken.
    """
    u = np.random.default_rng((seed, size)).random(len(rank))
    return np.minimum(((rank + u) * size / len(rank)).astype(int), size - 1)


def smooth(log_weight: np.ndarray) -> tuple[np.ndarray, float]:
    """Return Pareto-smoothed, normalised weights and k-hat.

    Raises
    ------
    Refused
        When more than one weight in a hundred is not a number; fewer count as impossible.
    """
    from arviz_stats.base import array_stats

    unknown = float(np.isnan(log_weight).mean())
    if unknown > _UNKNOWN:
        raise Refused(
            explain(
                "the density of this patient's levels cannot be computed",
                came=f"not a number at {100 * unknown:.0f} % of the particles",
                expected="a number, or zero, everywhere the proposal reaches",
                fix="look for what overflows: a prior far too wide, a time or an amount in another unit",
            )
        )
    if not np.isfinite(log_weight).any():
        return np.full(len(log_weight), 1.0 / len(log_weight)), float("inf")
    lowest = np.min(log_weight[np.isfinite(log_weight)])
    usable = np.where(np.isfinite(log_weight), log_weight, lowest - 1e3)
    usable = usable - usable.max()
    if np.quantile(usable, 0.8) == 0.0:  # the largest weights are all equal: no tail to smooth
        return np.exp(usable - logsumexp(usable)), 0.0
    smoothed, khat = array_stats.psislw(-usable)
    return np.exp(smoothed - logsumexp(smoothed)), float(khat)


def systematic(weight: np.ndarray, n: int, seed: int) -> np.ndarray:
    """Resample n particle numbers systematically: each appears n w times, rounded up or down."""
    start = np.random.default_rng(seed).random()
    found = np.searchsorted(np.cumsum(weight), (np.arange(n) + start) / n)
    return np.minimum(found, len(weight) - 1)


def log_normal(z: np.ndarray) -> np.ndarray:
    """Log-density of N(0, I) at z (n, k)."""
    return -0.5 * np.sum(z**2, axis=1) - 0.5 * z.shape[1] * np.log(2 * np.pi)


def _log_t(whitened: np.ndarray) -> np.ndarray:
    k = whitened.shape[1]
    constant = gammaln((_NU + k) / 2) - gammaln(_NU / 2) - 0.5 * k * np.log(_NU * np.pi)
    return constant - 0.5 * (_NU + k) * np.log1p(np.sum(whitened**2, axis=1) / _NU)
