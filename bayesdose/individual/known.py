"""A patient whose parameters are known: one draw, for simulating what then happens."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bayesdose.individual.compiled import compile_individual
from bayesdose.individual.conditioning import _table
from bayesdose.individual.draws import Diagnostics, Draws
from bayesdose.individual.importance import Particles
from bayesdose.individual.population import population
from bayesdose.individual.target import Target
from bayesdose.model import Model
from bayesdose.study import Study, events


def known(
    model: Model, patient: Study, theta: Mapping[str, float], z: np.ndarray, *, what: str = "known"
) -> Draws:
    """Return a patient with these parameters as one draw; the levels are not looked at.

    Parameters
    ----------
    model, patient
        A spec and one subject.
    theta
        A value for each population variable.
    z
        (column,), standard-normal individual variables, as in `MapEstimate.z`.
    what
        What the diagnostics call it.

    Returns
    -------
    Draws
        Of length 1. `simulate` makes of it what happens to that patient under each option.
    """
    compiled = compile_individual(model)
    values = {name: np.array([float(theta[name])]) for name in compiled.population}
    target = Target(compiled, compiled.data(events(patient)), population(values))
    found = Particles(np.zeros(1, dtype=int), z[None], np.ones(1), None, np.nan, 1, what)
    diagnostics = Diagnostics(what, 1, None, 1.0, 1.0, float(np.linalg.norm(z)), 0, 0, 0.0)
    return Draws(_table(target, found, np.zeros(1, dtype=int), 0), patient, diagnostics, compiled)
