"""A patient whose parameters are known: one draw, for simulating what then happens."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bayesdose.individual.compiled import Compiled, compile_individual
from bayesdose.individual.conditioning import _table
from bayesdose.individual.draws import Diagnostics, Draws
from bayesdose.individual.importance import Particles
from bayesdose.individual.population import effect_columns, population
from bayesdose.individual.target import Target
from bayesdose.model import Model
from bayesdose.study import Study, events


def known(
    model: Model,
    patient: Study,
    theta: Mapping[str, float],
    z: np.ndarray,
    *,
    what: str = "known",
    seed: int | None = None,
) -> Draws:
    """Return a patient with these parameters as one draw; the levels are not looked at.

    Parameters
    ----------
    model, patient
        A spec and one subject.
    theta
        A value for each population variable. With the effects of a study or centre among them, under the
        names of `effect_columns`, the patient is a member of it, and z does not hold them.
    z
        (column,), standard-normal individual variables, as in `MapEstimate.z`.
    what
        What the diagnostics call it.
    seed
        Draws what z does not hold: kappas of occasions to come. Without one they are zero, as at a mode.

    Returns
    -------
    Draws
        Of length 1. `simulate` makes of it what happens to that patient under each option.
    """
    compiled = _among(compile_individual(model), theta)
    values = {name: np.array([float(theta[name])]) for name in compiled.population}
    target = Target(compiled, compiled.data(events(patient)), population(values))
    first = np.zeros(1, dtype=int)
    found = Particles(first, z[None], np.ones(1), None, np.nan, 1, what)
    diagnostics = Diagnostics(what, 1, None, 1.0, 1.0, float(np.linalg.norm(z)), 0, seed or 0, 0.0)
    table = _table(target, found, first, seed or 0)
    return Draws(table, patient, diagnostics, compiled, central=seed is None)


def _among(compiled: Compiled, theta: Mapping[str, float]) -> Compiled:
    groups = compiled.declaration.groups
    return compiled.among([g for g in groups if effect_columns(g, 1)[0] in theta])
