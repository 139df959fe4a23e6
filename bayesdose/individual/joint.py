"""A proposal around modes of (theta, z) together, for a patient who contradicts the population's centre.

Such a patient's mode at the centre of the population draws is far out, and few draws agree with the levels:
theta gives way. So the density is maximised over both, theta under a normal approximation of the population
draws; the Hessian there says how z moves with theta, how widely z spreads, and which draws to prefer.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from scipy.optimize import minimize
from scipy.special import logsumexp

from bayesdose.individual.mode import Mode, Objective, derivatives, distinct
from bayesdose.individual.proposal import Component, Proposal, log_normal, root_of_inverse, shares
from bayesdose.individual.target import Target

_STEP, _WIDE = 1e-3, 0.02  # of slopes, and of curvatures, which must not see the roughness of a solver
_WORST = 1e10  # negative log-density that counts as impossible
_FARTHEST = 100.0  # SDs from the centre that are looked at
_SPREAD, _WIDER, _PREFERRED = 1.15, 1.2, 0.5  # of z, of theta; share of particles that prefer draws


def around_joint(target: Target, starts: Sequence[np.ndarray]) -> Proposal:
    """Return a proposal around the joint modes, population draws tilted towards them.

    Parameters
    ----------
    target
        The density.
    starts
        Points x = (z, u) of length eta + rank to search from, u a population draw in uncorrelated units.

    Returns
    -------
    Proposal
        The centre of a component is, to first order, the mode of z at each theta.
    """
    objective = partial(_objective, target)
    modes = distinct([_lowest(objective, start) for start in starts])
    share = shares([-mode.value - float(np.linalg.slogdet(mode.hessian)[1]) / 2 for mode in modes])
    return Proposal([_component(target, mode) for mode in modes], share, _tilt(target, modes, share))


def _component(target: Target, mode: Mode) -> Component:
    """Return z given theta under the normal approximation at a joint mode."""
    k, H = target.k, mode.hessian
    moves = -np.linalg.solve(H[:k, :k], H[:k, k:])
    root = np.sqrt(_SPREAD) * root_of_inverse(H[:k, :k])
    return Component(mode.z[:k] - moves @ mode.z[k:], moves @ target.known.standard.to.T, root)


def _tilt(target: Target, modes: Sequence[Mode], share: np.ndarray) -> np.ndarray:
    """Weigh draws by their density under the approximations against N(0, I); half stay as they are."""
    u, k = target.known.standard.u, target.k
    each = [_log_normal(u - mode.z[k:], _precision(mode, k)) for mode in modes]
    log_ratio = logsumexp(each, axis=0, b=share[:, None]) + 0.5 * np.einsum("ij,ij->i", u, u)
    ratio = np.exp(log_ratio - log_ratio.max())
    return np.asarray(np.log((1 - _PREFERRED) + _PREFERRED * ratio / ratio.mean()))


def _precision(mode: Mode, k: int) -> np.ndarray:
    """Return the precision of u with z integrated out, (rank, rank): a Schur complement of the Hessian.

    A little less than that, but never less than the population's own: else draws far out in a direction that
    the levels say nothing of would be preferred.
    """
    H = mode.hessian
    values, vectors = np.linalg.eigh(H[k:, k:] - H[k:, :k] @ np.linalg.solve(H[:k, :k], H[:k, k:]))
    return np.asarray((vectors * np.maximum(values / _WIDER, 1.0)) @ vectors.T)


def _log_normal(away: np.ndarray, precision: np.ndarray) -> np.ndarray:
    """Return the log-density of N(0, precision^-1) at points (n, rank), but for the constant."""
    squared = np.einsum("ij,jk,ik->i", away, precision, away)
    return np.asarray(0.5 * np.linalg.slogdet(precision)[1] - 0.5 * squared)


def _objective(target: Target, x: np.ndarray) -> np.ndarray:
    """Return the negative log-density at points (n, eta + rank); the worst there is far out."""
    near = np.clip(x, -_FARTHEST, _FARTHEST)
    z, u = near[:, : target.k], near[:, target.k :]
    with np.errstate(over="ignore"):
        theta = target.known.natural(u @ target.known.standard.back)
    loglik = target.compiled.loglik(theta, z, target.data)
    values = 0.5 * np.einsum("ij,ij->i", u, u) - log_normal(z) - loglik
    known = np.isfinite(values) & (near == x).all(axis=1)
    return np.minimum(np.where(known, values, _WORST), _WORST)


def _lowest(objective: Objective, start: np.ndarray) -> Mode:
    """Minimise by BFGS (Nocedal & Wright 2006, chapter 6), slopes by central differences."""
    around = _STEP * np.vstack([np.zeros(len(start)), np.eye(len(start)), -np.eye(len(start))])

    def sloped(x: np.ndarray) -> tuple[float, np.ndarray]:
        f = objective(x + around)
        return float(f[0]), (f[1 : len(x) + 1] - f[len(x) + 1 :]) / (2 * _STEP)

    found = minimize(sloped, start, jac=True, method="BFGS", options={"maxiter": 50, "gtol": 0.01})
    return Mode(found.x, derivatives(objective, found.x, _WIDE)[1], float(found.fun))
