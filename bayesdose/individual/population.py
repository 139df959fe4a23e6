"""What conditioning needs of a fit's population draws, worked out once for each fit."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from bayesdose.fitting import Fit


_FLAT = 1e-8  # spread along a direction, of the largest, that is none


@dataclass(frozen=True)
class Standard:
    """Population draws u in uncorrelated units, and the way there and back: ``u = t @ to``, ``t = u @ back``.

    Parameters
    ----------
    u
        (draw, rank).
    to, back
        (theta, rank) and (rank, theta).
    """

    u: np.ndarray
    to: np.ndarray
    back: np.ndarray


@dataclass(frozen=True)
class Population:
    """Population draws, and the same on a scale without bounds.

    Parameters
    ----------
    theta
        Name of each population variable to its draws (draw,), natural scale.
    t
        The draws (draw, theta), logarithms where all are positive, less their mean.
    centre
        That mean, (theta,).
    logs
        Which are logarithms, (theta,).
    order
        Numbers of the draws in the order of the first variable; strata are taken along it.
    """

    theta: Mapping[str, np.ndarray]
    t: np.ndarray
    centre: np.ndarray
    logs: np.ndarray
    order: np.ndarray

    def __len__(self) -> int:
        return len(self.t)

    @property
    def sd(self) -> np.ndarray:
        """SD of the transformed draws, (theta,)."""
        return np.asarray(self.t.std(axis=0))

    @cached_property
    def standard(self) -> Standard:
        """The transformed draws in uncorrelated units of SD 1; directions without variance are left out."""
        scale = np.where(self.sd > 0, self.sd, 1.0)
        left, length, right = np.linalg.svd(self.t / scale, full_matrices=False)
        kept = length > _FLAT * length.max(initial=0.0)
        sd, right = length[kept] / np.sqrt(len(self)), right[kept]
        to, back = right.T / (scale[:, None] * sd), sd[:, None] * right * scale
        return Standard(left[:, kept] * np.sqrt(len(self)), to, back)

    def at(self, draw: np.ndarray) -> dict[str, np.ndarray]:
        """Return the draws numbered `draw`, name to (n,)."""
        return {name: values[draw] for name, values in self.theta.items()}

    def natural(self, t: np.ndarray) -> dict[str, np.ndarray]:
        """Return transformed values (n, theta), centred as `t`, on the natural scale: name to (n,)."""
        moved = t + self.centre
        return {
            name: np.exp(moved[:, j]) if self.logs[j] else moved[:, j].copy()
            for j, name in enumerate(self.theta)
        }


def population(theta: Mapping[str, np.ndarray]) -> Population:
    """Work out the transformed draws; of a model without population variables, one empty draw."""
    columns = np.column_stack(list(theta.values())) if theta else np.zeros((1, 0))
    logs = (columns > 0).all(axis=0)
    t = np.where(logs, np.log(np.where(logs, columns, 1.0)), columns)
    centre = t.mean(axis=0)
    order = np.argsort(t[:, 0], kind="stable") if t.shape[1] else np.arange(len(t))
    return Population(theta, t - centre, centre, logs, order)


Labels = tuple[tuple[str, float], ...]
_KNOWN: dict[tuple[int, Labels], Population] = {}


def population_of(fit: Fit, groups: Labels = ()) -> Population:
    """Return the population of a fit, worked out at the first call and kept as long as the fit is.

    Parameters
    ----------
    fit
        A population fit.
    groups
        Group covariates and the label of one group of each, which the fit knows: their effects are then among
        the population's variables, under the names of `effect_columns`.
    """
    key = (id(fit), groups)
    if key not in _KNOWN:
        theta = dict(fit.population_draws)
        for name, label in groups:
            effects = fit.effects_of(name, label)
            assert effects is not None
            theta |= dict(zip(effect_columns(name, effects.shape[1]), effects.T.copy(), strict=True))
        _KNOWN[key] = population(theta)
        weakref.finalize(fit, _KNOWN.pop, key, None)
    return _KNOWN[key]


def effect_columns(group: str, width: int) -> tuple[str, ...]:
    """Return the names of a known group's standard-normal effects: z_STUDY_1, z_STUDY_2, ..."""
    return tuple(f"z_{group}_{k + 1}" for k in range(width))
