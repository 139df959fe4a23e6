"""Where levels stand in their distributions: the probability of one below what was observed. Numbers only."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from bayesdose.model.families import EVENT
from bayesdose.model.observed import Likelihood, Part

Floats = NDArray[np.float64]
Data = Mapping[str, np.ndarray]


def places(likelihood: Likelihood, data: Data, parameters: list[np.ndarray]) -> tuple[Floats, Floats]:
    """Return between which probabilities of its distribution each level stands.

    Parameters
    ----------
    likelihood, data, parameters
        The distribution of the levels, the study's arrays by name, and the distribution's parameters
        (..., observation).

    Returns
    -------
    below, at_most : numpy.ndarray
        (..., observation) each: the probability of less than what was observed, and of as much or less. They
        are one for levels of a continuous kind.

        - Counts and categories: ``F(y - 1)`` and ``F(y)``.
        - Censored levels: the probabilities at the two limits of what is known (under M4 given that a level
          is not negative).
        - Autocorrelated levels: given the residual of the level before.
        - Events: of the time of the next event, given that there was none until the row before. With
          ``F = 1 - exp(-risk)``, an event at its time stands at F, no event between F and 1, an event at
          some time since the row before between 0 and F.

    Notes
    -----
    A uniform number between the two is the randomised probability integral transform: uniform under the model
    (Czado, Gneiting & Held 2009, Biometrics 65:1254).
    """
    shape = np.broadcast_shapes(data["DV_data"].shape, *(np.shape(p) for p in parameters))
    below, at_most = np.full(shape, np.nan), np.full(shape, np.nan)
    for part, own in likelihood.each(parameters):
        mask = np.full(shape[-1], True) if part.dvid is None else data["DVID"] == part.dvid
        with np.errstate(divide="ignore", invalid="ignore"):
            found = _part(part, data, [np.broadcast_to(p, shape) for p in own])
        below[..., mask], at_most[..., mask] = (np.broadcast_to(f, shape)[..., mask] for f in found)
    return below, at_most


def _part(part: Part, data: Data, own: list[np.ndarray]) -> tuple[Floats, Floats]:
    if part.family is EVENT:
        return _event(data, own[1])
    if part.decays:
        own = _given_before(data, own)
    y, cdf = data["DV_data"], part.family.cdf
    if part.family.whole:
        return cdf(y - 1.0, *own), cdf(y, *own)
    low, high = _limits(part, data)
    found = cdf(low, *own), cdf(high, *own)
    if part.blq != "M4" or part.family.from_zero:
        return found
    negative = cdf(np.zeros_like(y), *own)
    below, at_most = (np.clip((f - negative) / (1 - negative), 0.0, 1.0) for f in found)
    return below, at_most


def _limits(part: Part, data: Data) -> tuple[Floats, Floats]:
    """Return between which values each level is known to be, (observation,)."""
    y, cens, limit = data["DV_data"], data["CENS"], data["LIMIT"]
    least = np.maximum(limit, 0.0) if part.blq == "M4" else limit
    most = np.where(np.isinf(limit), np.inf, limit)
    return np.where(cens == 1, least, y), np.where(cens == -1, most, y)


def _given_before(data: Data, own: list[np.ndarray]) -> list[np.ndarray]:
    """Return mean and SD of levels given the one before: correlated standardised residuals."""
    mean, sd, rho = own
    residual = (data["DV_data"] - mean) / sd
    before = residual[..., np.maximum(data["observation_previous"], 0)]
    first = data["observation_previous"] < 0
    return [mean + np.where(first, 0.0, sd * rho * before), sd * np.sqrt(1.0 - rho**2)]


def _event(data: Data, risk: np.ndarray) -> tuple[Floats, Floats]:
    happened, exactly = data["DV_data"] == 1, data["CENS"] == 0
    by_then = -np.expm1(-risk)
    below = np.where(happened & ~exactly, 0.0, by_then)
    return below, np.where(happened, by_then, 1.0)
