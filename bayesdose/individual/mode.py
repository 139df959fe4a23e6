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
_FLOOR, _CEILING = 0.25, 1e10  # eigenvalues of the Hessian that are believed; the prior alone gives 1
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
                fix="check the times of doses and levels: is there a level before the first dose, or one "
                "of 0 where the error is log-normal?",
            )
        )
    best = [i for i in _spread(points, values, tries) if np.isfinite(values[i])]
    found = _newton(objective, points[best], values[best])
    return distinct(found)


def _spread(points: np.ndarray, values: np.ndarray, tries: int) -> list[int]:
    """Return the best point, and the best ones that lie apart from those before."""
    chosen: list[int] = []
    for i in np.argsort(values, kind="stable").tolist():
        if ((points[chosen] - points[i]) ** 2).sum(axis=1).min(initial=np.inf) > 1.0:
            chosen.append(i)
        if len(chosen) == tries:
            break
    return chosen


def distinct(found: list[Mode]) -> list[Mode]:
    """Return minima, lowest first, but those that are one of them already or too high to matter."""
    modes = sorted(found, key=lambda mode: mode.value)
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


def _newton(objective: Objective, z: np.ndarray, values: np.ndarray, rounds: int = 50) -> list[Mode]:
    """Take Newton steps from each of some points (start, eta), all starts in one call of the objective."""
    z, values, k = z.copy(), values.copy(), z.shape[1]
    hessians = np.empty((len(z), k, k))
    left = np.arange(len(z))
    for _ in range(rounds):
        gradient, hessians[left] = _derivatives(objective, z[left])
        step = np.linalg.solve(hessians[left], gradient[:, :, None])[:, :, 0]
        trial = z[left, None] - _LENGTHS[:, None] * step[:, None]
        found = objective(trial.reshape(-1, k)).reshape(len(left), -1)
        found = np.where(np.isfinite(found), found, np.inf)
        best = np.argmin(found, axis=1)
        each = np.arange(len(left))
        better = (np.sum(gradient * step, axis=1) >= 1e-12) & (found[each, best] < values[left])
        z[left[better]] = trial[each, best][better]
        values[left[better]] = found[each, best][better]
        left = left[better]
        if not len(left):
            return [Mode(*one) for one in zip(z, hessians, values.tolist(), strict=True)]
    hessians[left] = _derivatives(objective, z[left])[1]
    return [Mode(*one) for one in zip(z, hessians, values.tolist(), strict=True)]


def derivatives(objective: Objective, z: np.ndarray, step: float = _STEP) -> tuple[np.ndarray, np.ndarray]:
    """Return gradient (k,) and floored Hessian (k, k) by central differences, in one batched call."""
    gradient, hessian = _derivatives(objective, z[None], step)
    return gradient[0], hessian[0]


def _derivatives(objective: Objective, z: np.ndarray, step: float = _STEP) -> tuple[np.ndarray, np.ndarray]:
    """Return gradients (n, k) and floored Hessians (n, k, k) at n points."""
    k = z.shape[1]
    rows, columns, steps = _stencil(k)
    f = objective((z[:, None] + step * steps).reshape(-1, k)).reshape(len(z), -1)
    up, down, rest = f[:, 1 : k + 1], f[:, k + 1 : 2 * k + 1], f[:, 2 * k + 1 :].reshape(len(z), -1, 4)
    hessian = np.empty((len(z), k, k))
    hessian[:, np.arange(k), np.arange(k)] = (up - 2 * f[:, :1] + down) / step**2
    crossed = (rest @ np.array([1.0, -1.0, -1.0, 1.0])) / (4 * step**2)
    hessian[:, rows, columns] = hessian[:, columns, rows] = crossed
    return (up - down) / (2 * step), floored(hessian)


@lru_cache(maxsize=32)
def _stencil(k: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the pairs of axes, and unit steps: none, up and down each axis, four corners of each pair."""
    rows, columns = np.tril_indices(k, -1)
    single = np.vstack([np.eye(k), -np.eye(k)])
    axes = np.eye(k)
    crossed = [s * axes[i] + t * axes[j] for i, j in zip(rows, columns, strict=True) for s, t in _SIGNS]
    return rows, columns, np.vstack([np.zeros((1, k)), single, np.reshape(crossed, (-1, k))])


_SIGNS = ((1, 1), (1, -1), (-1, 1), (-1, -1))


def floored(hessian: np.ndarray) -> np.ndarray:
    """Return symmetric matrices (..., k, k) with their eigenvalues kept between floor and ceiling."""
    known = np.isfinite(hessian).all(axis=(-2, -1), keepdims=True)
    values, vectors = np.linalg.eigh(np.where(known, hessian, np.eye(hessian.shape[-1])))
    raised = np.clip(values, _FLOOR, _CEILING)
    return np.asarray((vectors * raised[..., None, :]) @ np.swapaxes(vectors, -1, -2))


def is_floored(hessian: np.ndarray) -> bool:
    """Return whether an eigenvalue of a Hessian from `derivatives` is the floor, not a curvature."""
    return bool(len(hessian)) and bool(np.linalg.eigvalsh(hessian)[0] < _FLOOR * (1 + 1e-6))
