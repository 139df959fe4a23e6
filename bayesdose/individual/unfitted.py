"""A published model on one patient, without a population's data: numbers, or priors, as a fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from bayesdose.errors import InputError, explain
from bayesdose.fitting import Fit, versions
from bayesdose.individual.compiled import _blank_patient, compile_individual
from bayesdose.individual.draws import Draws
from bayesdose.individual.known import known
from bayesdose.model import Model, build, names_of_population, priors_of
from bayesdose.study import Study, events

if TYPE_CHECKING:
    import pymc as pm

NO_DATA = "prior draws, no data"
"""What the provenance of a `prior_fit` says of where it comes from."""


def prior_fit(model: Model, *, seed: int, draws: int = 1000) -> Fit:
    """Return a model's priors as a fit: population draws before any data, for `condition` and what follows.

    Parameters
    ----------
    model
        A loaded spec. Where its priors are published estimates with their uncertainty (`bd.published`), the
        draws are that publication's population.
    seed
        Seed of the draws.
    draws
        How many.

    Returns
    -------
    Fit
        One chain. Its provenance says ``"origin": "prior draws, no data"``; there are no convergence checks,
        because nothing was sampled by a chain. It is saved and loaded as any other fit, small with
        ``slim=True``.

    Raises
    ------
    InputError
        When a prior has several values (a vector).
    """
    made = build(model, _blank_patient(model))
    names = names_of_population(made)
    _refuse_vectors(made, names)
    values = _drawn(made, names, seed, draws)
    posterior = xr.Dataset({name: (("chain", "draw"), values[name][None]) for name in names})
    record = _record(model, made, names)
    record |= {"seed": seed, "origin": NO_DATA, "draws": draws}
    record["priors"] = {name: prior.to_dict() for name, prior in priors_of(made).items()}
    return Fit(model, xr.DataTree.from_dict({"posterior": posterior}), record)


def fixed(model: Model) -> Fit:
    """Return a model whose thetas, omegas and sigmas are numbers as a fit, for `condition` and what follows.

    Parameters
    ----------
    model
        A loaded spec that leaves nothing to estimate: ``bd.theta("CL", 2.5, unit="L/h")``, ``bd.eta({"CL":
        0.3})``, ``bd.proportional(0.1)``.

    Returns
    -------
    Fit
        Without draws of its own. A patient's posterior is that of the random effects alone; it does not
        know how uncertain the numbers are.

    Raises
    ------
    InputError
        When something is left to estimate.
    """
    compiled = compile_individual(model)
    if compiled.population:
        raise InputError(
            explain(
                f"the model {model.name} leaves something to estimate",
                came=", ".join(compiled.population),
                expected="a number in the place of every prior",
                fix="bd.fit(model, study, seed=...), or bd.prior_fit(model, seed=...) for its priors",
            )
        )
    record = {**_record(model, build(model, _blank_patient(model)), []), "seed": 0}
    return Fit(model, xr.DataTree.from_dict({"posterior": xr.Dataset()}), record)


def typical(model: Model, patient: Study) -> Draws:
    """Return the typical patient of these covariates and doses as one draw: no random effect, prior medians.

    Parameters
    ----------
    model
        A loaded spec.
    patient
        One subject; its levels are not looked at.

    Returns
    -------
    Draws
        Of length 1: thetas at the medians of their priors (the published estimates, where the priors are
        those), etas and kappas at 0. What `simulate` makes of it is the publication's typical exposure.

    Raises
    ------
    InputError
        Something other than a model is given, such as a fit.
    """
    if not isinstance(model, Model):
        raise InputError(
            explain(
                "a typical patient is one of a model",
                came=type(model).__name__,
                expected="what bd.load_model returns",
                fix="bd.typical(fit.model, patient)" if isinstance(model, Fit) else None,
            )
        )
    compiled = compile_individual(model)
    priors = priors_of(build(model, _blank_patient(model)))
    medians = {name: prior.median for name, prior in priors.items()}
    none = np.zeros(compiled.size(compiled.data(events(patient))))
    return known(model, patient, medians, none, what="typical patient")


def _drawn(made: pm.Model, names: list[str], seed: int, draws: int) -> dict[str, np.ndarray]:
    import pymc as pm

    if not names:
        return {}
    # interpreted: a thousand scalars take less time than compiling what draws them
    values = pm.draw([made[name] for name in names], draws=draws, random_seed=seed, mode="FAST_COMPILE")
    return {name: np.asarray(value, dtype=float) for name, value in zip(names, values, strict=True)}


def _refuse_vectors(made: pm.Model, names: list[str]) -> None:
    wide = [name for name in names if made[name].ndim]
    if wide:
        raise InputError(explain(f"the prior of {wide[0]} has several values", expected="one value a name"))


def _record(model: Model, made: pm.Model, names: list[str]) -> dict[str, Any]:
    """Return the provenance of a fit that no data made."""
    card, declaration = model.card, made.declaration
    return {
        "format": 1,
        "model": {"name": model.name, "hash": model.hash, "drug": card.drug, "source": card.source},
        "population": names,
        "etas": list(declaration.etas),
        "parameters": list(declaration.parameters),
        "units": dict(declaration.units),
        "scales": dict(declaration.scales),
        "fixed": dict(declaration.fixed),
        "data": {"n_subjects": 0, "n_doses": 0, "n_levels": 0},
        "versions": versions(),
        "checks": [],
    }
