"""What a population fit predicts for a study: its own levels, and levels of new subjects of its design."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from bayesdose.errors import InputError, explain
from bayesdose.fitting import require_fitted
from bayesdose.individual.compiled import Compiled, Data, compile_individual
from bayesdose.model import MEMBER
from bayesdose.model.places import places
from bayesdose.study import Study, events
from bayesdose.study.after_dose import time_after_dose

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bayesdose.fitting import Fit
    from bayesdose.model import Model

_CHUNK = 2**21  # bytes of predictions of one call


def replicates(fit: Fit, study: Study, *, seed: int, draws: int = 500) -> xr.Dataset:
    """Simulate the study again, with new subjects: its doses, times and covariates, the fit's population.

    Parameters
    ----------
    fit
        A population fit; each replicate has a draw of theta, omega and sigma of its own.
    study
        Whose design is followed: the one fitted, or another.
    seed
        Seeds the random effects and the residual errors.
    draws
        Number of replicates, spread evenly over the fit's draws.

    Returns
    -------
    xarray.Dataset
        dims (draw, observation): ``DV``, what an assay without limits would have read; ``IPRED``, the
        prediction of the same new subject. Coordinates along observation: see `design`.
    """
    return simulated(fit.model, study, fit.population_draws, seed=seed, draws=draws)


def simulated(
    model: Model, study: Study, theta: Mapping[str, np.ndarray], *, seed: int, draws: int
) -> xr.Dataset:
    """Simulate a study as `replicates` does, under any draws of theta, omega and sigma (the prior's, say).

    Parameters
    ----------
    model, study
        A spec, and the design to follow.
    theta
        Population name to draws (draw,).
    seed, draws
        As in `replicates`.
    """
    compiled, tables = compile_individual(model), events(study)
    data = compiled.data(tables)
    rng = np.random.default_rng(seed)
    made = {name: np.empty((draws, tables.sizes["observation"])) for name in ("IPRED", "DV")}
    for part, own, z, member in new_subjects(compiled, data, spread(theta, draws), rng, draws):
        made["IPRED"][part] = compiled.predict(own, z, data, member)[1]
        u = rng.random((len(z), tables.sizes["observation"]))
        made["DV"][part] = compiled.measure(own, z, data, u, member)
    return _labelled(study, tables, made)


def new_subjects(
    compiled: Compiled, data: Data, theta: Mapping[str, np.ndarray], rng: np.random.Generator, draws: int
) -> Iterator[tuple[slice, dict[str, np.ndarray], np.ndarray, np.ndarray | None]]:
    """Draw new subjects for a study, a part of the draws at a time.

    Parameters
    ----------
    compiled, data
        The model's functions and the study's arrays.
    theta
        Population name to as many values as there are draws.
    rng, draws
        What draws them, and how many draws.

    Yields
    ------
    tuple
        Which draws; their theta; their individual variables (draw, column); the subpopulation of each subject
        (draw, subject), None in a model without them.
    """
    for part in _chunks(draws, data):
        own = {name: values[part] for name, values in theta.items()}
        z = rng.standard_normal((len(range(*part.indices(draws))), compiled.size(data)))
        yield part, own, z, _new_members(compiled, own, z, data, rng)


def fitted(
    fit: Fit, study: Study, *, draws: int = 1000, at: Study | None = None, placed: bool = False
) -> xr.Dataset:
    """Return what the fit says of the levels that it was made from.

    Parameters
    ----------
    fit
        A population fit that holds its individual draws (not a slim one).
    study
        The study it was made from.
    draws
        How many posterior draws to use, spread evenly.
    at
        The same study with other levels, where predictions are asked for elsewhere.
    placed
        Whether to add ``below`` and ``at_most``: between which probabilities of its distribution each level
        stands (they differ for counts, categories and what is censored).

    Returns
    -------
    xarray.Dataset
        dims (draw, observation): ``IPRED``, the prediction at the draw's random effects; ``PRED``, the one at
        random effects of zero; ``IWRES``, (DV - IPRED) / sd, nan where it has no meaning (counts, censored
        levels); ``log_likelihood``. dims (draw, subject): ``log_likelihood_subject``, and each eta. In a
        model with subpopulations they are those of the one drawn for the subject.

    Raises
    ------
    InputError
        When the fit is slim, or made from other subjects.
    """
    require_fitted(fit, study)
    study = study if at is None else at
    compiled, tables = compile_individual(fit.model), events(study)
    data = compiled.data(tables)
    theta = spread(fit.population_draws, draws)
    z = _posterior_z(fit, compiled, data, draws)
    member = _members_of(fit, draws)
    likelihood = compiled.declaration.likelihood
    assert likelihood is not None
    shape = (len(z), tables.sizes["observation"])
    names = ("IPRED", "PRED", "IWRES", "log_likelihood", *(("below", "at_most") if placed else ()))
    made = {name: np.empty(shape) for name in names}
    for part in _chunks(len(z), data):
        own = {name: values[part] for name, values in theta.items()}
        who = None if member is None else member[part]
        made["IPRED"][part] = compiled.predict(own, z[part], data, who)[1]
        made["PRED"][part] = compiled.predict(own, np.zeros_like(z[part]), data, who)[1]
        density, parameters = compiled.levels(own, z[part], data, who)
        made["log_likelihood"][part] = density
        made["IWRES"][part] = likelihood.standardised(data, parameters)
        if placed:
            made["below"][part], made["at_most"][part] = places(likelihood, data, parameters)
    found = _labelled(study, tables, made)
    whose = found["subject_index"].values
    total = np.zeros((len(z), len(study.ids)))
    np.add.at(total.T, whose, made["log_likelihood"].T)
    found["log_likelihood_subject"] = (("draw", "subject"), total)
    held = {
        k: v for k, v in _posterior(fit, draws).items() if k.startswith("eta_") and v.dims[1:] == ("subject",)
    }
    return found.assign({k: (("draw", "subject"), v.values) for k, v in held.items()})


def design(study: Study, tables: xr.Dataset) -> dict[str, Any]:
    """Return coordinates along observation: ID, TIME, TAD, DV, DVID, CENS, LIMIT, subject_index, OCC.

    TAD is the time after the last dose given, additional ones (ADDL) among them: `time_after_dose`.
    """
    record = tables["observation_record"].values
    time, subject = tables["record_time"].values, tables["record_subject"].values
    at = {
        "ID": np.asarray(tables["subject"].values)[subject[record]],
        "TIME": time[record],
        "TAD": time_after_dose(study)[study.is_level],
        "subject_index": subject[record],
        "OCC": tables["record_occasion"].values[record],
        **{name: tables[name].values for name in ("DV", "DVID", "CENS", "LIMIT")},
    }
    return {name: ("observation", values) for name, values in at.items()}


def _labelled(study: Study, tables: xr.Dataset, made: Mapping[str, np.ndarray]) -> xr.Dataset:
    at = design(study, tables)
    at["observed"] = at.pop("DV")
    variables = {name: (("draw", "observation"), values) for name, values in made.items()}
    return xr.Dataset(variables, coords={**at, "subject": list(study.ids)})


def spread(theta: Mapping[str, np.ndarray], n: int) -> dict[str, np.ndarray]:
    """Return n of the draws, spread evenly, again from the start where there are fewer."""
    size = len(next(iter(theta.values()))) if theta else 1
    at = _places(size, n)
    return {name: values[at] for name, values in theta.items()}


def _places(size: int, n: int) -> np.ndarray:
    return np.arange(n) % size if n > size else (np.arange(n) * size) // n


def _chunks(draws: int, data: Data) -> list[slice]:
    step = max(1, _CHUNK // (8 * max(len(data["record_time"]), 1)))
    return [slice(a, min(a + step, draws)) for a in range(0, draws, step)]


def _new_members(
    compiled: Compiled, theta: Mapping[str, np.ndarray], z: np.ndarray, data: Data, rng: np.random.Generator
) -> np.ndarray | None:
    """Draw a subpopulation for every new subject, (draw, subject)."""
    if not compiled.subpopulations:
        return None
    below = np.cumsum(compiled.shares(theta, z, data), axis=1)
    u = rng.random((len(z), len(data["subject_index"])))
    return (u[:, :, None] > below[:, None, :-1]).sum(axis=2)


def _posterior(fit: Fit, n: int) -> dict[str, xr.DataArray]:
    group = fit.posterior["posterior"].to_dataset()
    stacked = group.stack(sample=("chain", "draw")).transpose("sample", ...)
    at = _places(stacked.sizes["sample"], n)
    return {str(name): array.isel(sample=at) for name, array in stacked.data_vars.items()}


def _posterior_z(fit: Fit, compiled: Compiled, data: Data, n: int) -> np.ndarray:
    """Return the individual variables of the fit's subjects, (draw, column), also of centred parameters."""
    held = _posterior(fit, n)
    parts = [np.zeros((n, 0))]
    for name, shape in compiled.shapes(data).items():
        part = held[name].values if name in held and held[name].shape[1:] == shape else None
        if part is None and name == "z":
            part = _uncentred(held, compiled, shape)
        if part is None:
            raise InputError(
                explain(
                    "the fit does not hold what it found for these subjects",
                    came=f"no {name} of shape {shape}",
                    expected="the fit as bd.fit made it (not a slim one), and the study it was made from",
                )
            )
        parts.append(part.reshape(n, -1))
    return np.concatenate(parts, axis=1)


def _uncentred(held: Mapping[str, Any], compiled: Compiled, shape: tuple[int, ...]) -> np.ndarray | None:
    """Return z of a fit with centred parameters: what stands beside them, and the others' z as it is."""
    own: Any = held.get("z")
    free = [] if own is None else [str(name) for name in own["eta_noncentred"].values]
    columns = []
    for name in compiled.etas:
        found = own.values[:, :, free.index(name)] if name in free else held.get(f"z_centred_{name}")
        if found is None or found.shape[1] != shape[0]:
            return None
        columns.append(np.asarray(found))
    return np.stack(columns, axis=2)


def _members_of(fit: Fit, n: int) -> np.ndarray | None:
    held = _posterior(fit, n).get(MEMBER)
    return None if held is None else held.transpose("sample", "subject").values
