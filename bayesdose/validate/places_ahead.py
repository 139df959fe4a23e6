"""Where the later counts, categories and events of a subject stand in what is predicted of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayesdose.model.families import EVENT
from bayesdose.model.places import places
from bayesdose.study import Study, events

if TYPE_CHECKING:
    from bayesdose.individual import Draws
    from bayesdose.model.observed import Likelihood

Floats = NDArray[np.float64]


def places_ahead(me: Draws, study: Study, known: int) -> tuple[Floats, Floats]:
    """Return between which probabilities of its predictive distribution each level stands.

    Parameters
    ----------
    me
        Draws of the subject, conditioned on its first `known` levels.
    study
        All of the subject's table.
    known
        How many levels were conditioned on.

    Returns
    -------
    below, at_most : numpy.ndarray
        (observation,) each: means over draws of what `bayesdose.model.places.places` says under each. An
        event's is given that the rows of its kind before it are as observed: draws are weighted with the
        likelihood of those of them that were not conditioned on. So the time of a first event stands where
        ``P(T <= t | T > s) = E[S(s) - S(t)] / E[S(s)]`` puts it, s being the time of the row before.
    """
    likelihood = me.compiled.declaration.likelihood
    assert likelihood is not None
    data = me.compiled.data(events(study))
    density, parameters = me.compiled.levels(me.theta(), me.latents(data), data, me.members())
    weight = _weights(likelihood, np.asarray(data["DVID"]), density, known)
    below, at_most = places(likelihood, data, parameters)
    return np.sum(weight * below, axis=0), np.sum(weight * at_most, axis=0)


def _weights(likelihood: Likelihood, dvid: NDArray[np.int64], density: Floats, known: int) -> Floats:
    """Return the weight of each draw for each level (draw, observation); they add up to 1 over draws."""
    found = np.zeros(density.shape)
    for part in likelihood.parts:
        if part.family is EVENT:
            at = np.flatnonzero((dvid == part.dvid) | (part.dvid is None))
            at = at[at >= known]
            found[:, at[1:]] = np.cumsum(density[:, at[:-1]], axis=1)
    weight = np.exp(found - found.max(axis=0))
    made: Floats = weight / weight.sum(axis=0)
    return made
