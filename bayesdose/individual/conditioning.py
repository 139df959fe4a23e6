"""Conditioning a fit on one patient."""

from __future__ import annotations

import time
import warnings as python_warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from bayesdose.errors import InputError, Refused, explain
from bayesdose.fitting import Fit, levels_in_fit
from bayesdose.individual import importance
from bayesdose.individual.compiled import Compiled, Data, compile_individual
from bayesdose.individual.draws import Diagnostics, Draws
from bayesdose.individual.importance import Particles, log_normal
from bayesdose.individual.mode import Mode, find_mode
from bayesdose.study import Study, events

KHAT_LIMIT, ESS_LIMIT = 0.7, 400.0


def condition(fit: Fit, patient: Study, *, seed: int, particles: int = 4096, draws: int = 4000) -> Draws:
    """Condition a population fit on one patient: the joint posterior of (theta, eta).

    Parameters
    ----------
    fit
        A population fit; its spec is compiled on first use.
    patient
        One subject, not among those fitted. Without levels the result is the population's draws for the
        patient's covariates, in the same type.
    seed
        Seed of the particles and the resampling.
    particles
        Importance-sampling particles; 4096 serve means, 16384 serve 5 and 95 % limits.
    draws
        Equally weighted draws to hand out.

    Returns
    -------
    Draws
        With k-hat, ESS, theta-ESS and |z| in ``diagnostics``.

    Raises
    ------
    InputError
        More than one subject.
    Refused
        k-hat at or above 0.7, or fewer than 400 effective particles: no posterior is handed out.

    Notes
    -----
    Defensive-mixture importance sampling around a mode that moves with theta, Pareto-smoothed; see
    ``docs/explanation/conditioning.md``.
    """
    _require_fit(fit)
    _require_one_subject(patient)
    compiled = compile_individual(fit.model)
    theta = fit.population_draws
    started = time.process_time()
    tables = events(patient)
    data, levels = compiled.data(tables), int(tables.sizes["observation"])
    weighed = levels > 0 or compiled.informed
    if weighed:
        found, z_norm = _posterior(compiled, theta, data, particles, seed)
        _require_reliable(found)
    else:
        found, z_norm = _prior(theta, compiled.size(data), particles, seed), 0.0
    picked = importance.systematic(found.weight, draws, seed)
    table = _table(compiled, theta, found, picked, data, seed)
    diagnostics = Diagnostics(
        method="importance sampling" if weighed else "population draws",
        particles=particles,
        khat=found.khat if weighed else None,
        ess=found.ess,
        theta_ess=found.theta_ess,
        z_norm=z_norm,
        levels=levels,
        seed=seed,
        ms=round(1e3 * (time.process_time() - started), 2),
    )
    return Draws(table, patient, diagnostics, compiled, _warn(fit, patient))


def _posterior(
    compiled: Compiled, theta: dict[str, np.ndarray], data: Data, n: int, seed: int
) -> tuple[Particles, float]:
    def density(theta: Mapping[str, np.ndarray], z: np.ndarray) -> np.ndarray:
        return -(compiled.loglik(theta, z, data) + log_normal(z))

    t, logs = importance.transformed(theta)
    centre = importance.untransformed(t.mean(axis=0, keepdims=True), logs, list(theta))
    mode = _mode(compiled, centre, data)
    shift = importance.find_shift(density, mode, theta, (t, logs))
    draw, z, log_q = importance.propose(mode, shift, n, seed)
    log_weight = -density({name: values[draw] for name, values in theta.items()}, z) - log_q
    weight, khat = importance.smooth(log_weight)
    return Particles(draw, z, weight, khat), float(np.linalg.norm(mode.z))


def _mode(compiled: Compiled, theta: dict[str, np.ndarray], data: Data) -> Mode:
    def objective(z: np.ndarray) -> np.ndarray:
        spread = {name: np.repeat(value, len(z)) for name, value in theta.items()}
        return -(compiled.loglik(spread, z, data) + log_normal(z))

    return find_mode(objective, compiled.size(data))


def _members(
    compiled: Compiled, theta: Mapping[str, np.ndarray], z: np.ndarray, data: Data, seed: int | None
) -> np.ndarray | None:
    """Draw the subpopulation under each particle, (particle, subject); take the likeliest without seed."""
    if not compiled.subpopulations:
        return None
    log_weight = compiled.memberships(theta, z, data)
    if seed is None:
        return log_weight.argmax(axis=1)[:, None]
    below = np.cumsum(np.exp(log_weight - log_weight.max(axis=1, keepdims=True)), axis=1)
    u = np.random.default_rng((seed, 2)).random(len(z)) * below[:, -1]
    return (u[:, None] > below).sum(axis=1)[:, None]


def _prior(theta: dict[str, np.ndarray], k: int, n: int, seed: int) -> Particles:
    size = len(next(iter(theta.values()))) if theta else 1
    normal, _, rank, _ = importance.base_points(n, k, seed)
    return Particles(importance.stratified(rank, size, seed), normal, np.full(n, 1.0 / n), 0.0)


def _table(
    compiled: Compiled,
    theta: dict[str, np.ndarray],
    found: Particles,
    picked: np.ndarray,
    data: Data,
    seed: int,
) -> xr.Dataset:
    draw, z = found.draw[picked], found.z[picked]
    columns = {name: values[draw] for name, values in theta.items()}
    member = _members(compiled, columns, z, data, seed)
    variables: dict[str, Any] = {name: ("draw", values) for name, values in columns.items()}
    for name, part in compiled.parted(z, data).items():
        own = part[:, 0] if compiled.latents[name][0] == "subject" else part
        variables[name] = (_dims(name, compiled.latents[name][0], own), own)
    for name, value in compiled.individual(columns, z, data, member).items():
        dim, unit = compiled.outputs[name], {"units": compiled.units.get(name, "")}
        single = value.shape[1] == 1 and dim != "occasion"
        variables[name] = ("draw", value[:, 0], unit) if single else (("draw", dim), value, unit)
    if member is not None:
        variables["subpopulation"] = ("draw", member[:, 0], {"names": list(compiled.subpopulations)})
    coords: dict[str, Any] = {
        "draw": np.arange(len(picked)),
        "eta": list(compiled.etas),
        "particle": ("draw", picked),
        "population_draw": ("draw", draw),
    }
    if compiled.declaration.kappas:
        coords |= {"occasion": data["occasion_label"], "kappa": list(compiled.declaration.kappas)}
    return xr.Dataset(variables, coords)


def _dims(name: str, dim: str, part: np.ndarray) -> tuple[str, ...]:
    """Return the dims of an array of individual variables of one patient; a subject has no dim of its own."""
    columns = {"z": "eta", "z_kappa": "kappa"}.get(name, f"{name}_column")
    return ("draw", dim, columns)[: part.ndim] if dim != "subject" else ("draw", columns)


def _require_fit(fit: object) -> None:
    if not isinstance(fit, Fit):
        raise InputError(
            explain(
                "condition takes a fit",
                came=type(fit).__name__,
                expected="what bd.fit or bd.load_fit returns, or bd.fixed(model) of a model without priors",
            )
        )


def _require_one_subject(patient: Study) -> None:
    if patient.n_subjects != 1:
        raise InputError(
            explain(
                "condition takes one patient",
                came=f"{patient.n_subjects} subjects",
                expected="a study of one subject",
                fix="choose one: study.select([id])",
            )
        )


def _require_reliable(found: Particles) -> None:
    if found.khat < KHAT_LIMIT and found.ess >= ESS_LIMIT:
        return
    raise Refused(
        explain(
            "the posterior of this patient is not reliable, so no draws are handed out",
            came=f"k-hat {found.khat:.2f}, ESS {found.ess:.0f}, theta-ESS {found.theta_ess:.0f}",
            expected=f"k-hat below {KHAT_LIMIT} and ESS of at least {ESS_LIMIT:.0f}",
            meant="levels that contradict the population or each other (a missed dose, a wrong time or unit)",
            fix="check times, doses and units of the levels; if they hold, ask for more particles",
        )
    )


def _warn(fit: Fit, patient: Study) -> tuple[str, ...]:
    texts = []
    again = levels_in_fit(patient, fit.provenance["data"])
    if again:
        texts.append(
            f"{again} of the patient's levels were in the fit: counted twice, the posterior is too narrow"
        )
    if not fit.check().passed:
        texts.append("the population fit has not converged (fit.check()): its draws may be wrong")
    for text in texts:
        python_warnings.warn(text, UserWarning, stacklevel=3)
    return tuple(texts)
