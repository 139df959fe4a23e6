"""The mode of one patient's posterior at a given theta: Newton steps on batched evaluations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import ndtri
from scipy.stats import qmc

from bayesdose.errors import Impossible, explain

Objective = Callable[[np.ndarray], np.ndarray]
_STEP = 1e-4
_FLOOR = 0.25  # smallest eigenvalue of the Hessian that is believed; the prior alone gives 1
_SAME, _NEGLIGIBLE = 1.0, 10.0  # squared SDs between two minima that are one; height that counts for nothing
_LENGTHS = np.array([1.0, 0.5, 0.25, 0.1, 0.03, 0.01, 1e-3])


@dataclass(frozen=True)
class Mode:
    """A minimum of the negative log-density.

    Parameters
    ----------
    z
        Where it is, (eta,), in standard-normal units.
    hessian
        Second derivatives there, (eta, eta), eigenvalues floored.
    value
        The negative log-density there.
    """

    z: np.ndarray
    hessian: np.ndarray
    value: float


def find_mode(objective: Objective, k: int, *, starts: int = 64, tries: int = 3) -> Mode:
    """Return the lowest minimum that `find_modes` finds."""
    return find_modes(objective, k, starts=starts, tries=tries)[0]


def find_modes(objective: Objective, k: int, *, starts: int = 64, tries: int = 3) -> list[Mode]:
    """Minimise a negative log-density over z from several starts.

    Parameters
    ----------
    objective
        Takes points (n, k), returns values (n,); infinite where impossible.
    k
        Number of random effects.
    starts
        Points of a Sobol net of the prior that are looked at, besides zero.
    tries
        How many of the best of them Newton starts from.

    Returns
    -------
    list of Mode
        Lowest first; others that are not the same and hold some of the probability.

    Raises
    ------
    Impossible
        When the density is zero at every start.
    """
    if k == 0:
        return [Mode(np.zeros(0), np.zeros((0, 0)), float(objective(np.zeros((1, 0)))[0]))]
    points = _starts(k, starts)
    values = objective(points)
    if not np.isfinite(values).any():
        raise Impossible(
            explain(
                "the patient's levels are impossible under the model",
                came="a density of zero everywhere the prior reaches",
                expected="a positive predicted concentration at every level",
                fix="check the times of doses and levels: is there a level before the first dose?",
            )
        )
    best = _spread(points, values, tries)
    found = [_newton(objective, points[i], values[i]) for i in best if np.isfinite(values[i])]
    return _distinct(sorted(found, key=lambda mode: mode.value))


def _spread(points: np.ndarray, values: np.ndarray, tries: int) -> list[int]:
    """Return the best point, and the best ones that lie apart from those before."""
    chosen: list[int] = []
    for i in np.argsort(values, kind="stable").tolist():
        if len(chosen) < tries and all(np.linalg.norm(points[j] - points[i]) > 1.0 for j in chosen):
            chosen.append(i)
    return chosen


def _distinct(modes: list[Mode]) -> list[Mode]:
    """Leave out minima that are one already found, or too high to matter."""
    kept = modes[:1]
    for mode in modes[1:]:
        step = [mode.z - other.z for other in kept]
        away = min(float(d @ other.hessian @ d) for d, other in zip(step, kept, strict=True))
        if away > _SAME and mode.value < kept[0].value + _NEGLIGIBLE:
            kept.append(mode)
    return kept


@lru_cache(maxsize=32)
def _starts(k: int, n: int) -> np.ndarray:
    """Return zero and n points of a Sobol net of the prior."""
    net = qmc.Sobol(k, scramble=False).random(n)
    return np.vstack([np.zeros(k), ndtri((net + 0.5 / n) * (1 - 1e-9))])


def _newton(objective: Objective, z: np.ndarray, value: float, rounds: int = 50) -> Mode:
    for _ in range(rounds):
        gradient, hessian = derivatives(objective, z)
        step = np.linalg.solve(hessian, gradient)
        trial = z - _LENGTHS[:, None] * step
        values = np.where(np.isfinite(v := objective(trial)), v, np.inf)
        i = int(np.argmin(values))
        if gradient @ step < 1e-12 or values[i] >= value:
            break
        z, value = trial[i], float(values[i])
    return Mode(z, derivatives(objective, z)[1], float(value))


def derivatives(objective: Objective, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return gradient (k,) and floored Hessian (k, k) by central differences, in one batched call."""
    k = len(z)
    pairs, steps = _stencil(k)
    f = objective(z + steps)
    up, down, rest = f[1 : k + 1], f[k + 1 : 2 * k + 1], f[2 * k + 1 :].reshape(-1, 4)
    hessian = np.diag((up - 2 * f[0] + down) / _STEP**2)
    for (i, j), (a, b, c, d) in zip(pairs, rest, strict=True):
        hessian[i, j] = hessian[j, i] = (a - b - c + d) / (4 * _STEP**2)
    return (up - down) / (2 * _STEP), floored(hessian)


@lru_cache(maxsize=32)
def _stencil(k: int) -> tuple[list[tuple[int, int]], np.ndarray]:
    """Return the pairs of axes, and the steps: none, up and down each axis, four corners of each pair."""
    pairs = [(i, j) for i in range(k) for j in range(i)]
    single = _STEP * np.vstack([np.eye(k), -np.eye(k)])
    crossed = [s * _STEP * np.eye(k)[i] + t * _STEP * np.eye(k)[j] for i, j in pairs for s, t in _SIGNS]
    return pairs, np.vstack([np.zeros((1, k)), single, np.reshape(crossed, (-1, k))])


_SIGNS = ((1, 1), (1, -1), (-1, 1), (-1, -1))


def floored(hessian: np.ndarray) -> np.ndarray:
    """Return a symmetric matrix with its eigenvalues raised to at least the floor."""
    if not np.isfinite(hessian).all():
        return np.eye(len(hessian))
    values, vectors = np.linalg.eigh(hessian)
    return (vectors * np.maximum(values, _FLOOR)) @ vectors.T


def is_floored(hessian: np.ndarray) -> bool:
    """Return whether an eigenvalue of a Hessian from `derivatives` is the floor, not a curvature."""
    return bool(len(hessian)) and bool(np.linalg.eigvalsh(hessian)[0] < _FLOOR * (1 + 1e-6))
