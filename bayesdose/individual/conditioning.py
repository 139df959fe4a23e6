"""Conditioning a fit on one patient."""

from __future__ import annotations

import time
import warnings as python_warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import xarray as xr

from bayesdose.errors import InputError, Refused, explain
from bayesdose.fitting import Fit, levels_in_fit
from bayesdose.individual import importance, tempering
from bayesdose.individual.compiled import Compiled, Data, compile_individual
from bayesdose.individual.draws import KHAT_LIMIT, PRECISION, Diagnostics, Draws
from bayesdose.individual.groups import as_member
from bayesdose.individual.importance import Particles
from bayesdose.individual.mode import find_modes
from bayesdose.individual.proposal import base_points, stratified
from bayesdose.individual.target import Target, require_parameters
from bayesdose.study import Study, events

_LEAST, _FEW, _SHARE = 2.0, 25.0, 0.1  # population draws that a posterior must and should rest on, or share
_POPULATION = "population draws"  # the method without levels
_TEMPERED = 8192  # particles a run at least: fewer lose themselves along a thin curved ridge


def condition(
    fit: Fit,
    patient: Study,
    *,
    seed: int,
    precision: str = "mean",
    particles: int | None = None,
    draws: int = 4000,
) -> Draws:
    """Condition a population fit on one patient: the joint posterior of (theta, eta).

    Parameters
    ----------
    fit
        A population fit; its spec is compiled on first use.
    patient
        One subject, not among those fitted. Without levels the result is the population's draws for the
        patient's covariates, in the same type. A patient of a study or centre that is in the fit is a member
        of it; ``groups`` of the result says which are known.
    seed
        Seed of the particles and the resampling.
    precision
        What it is for: "mean" (means and SDs: 4,096 particles, ESS of 400) or "tails" (5 and 95 % limits:
        16,384 particles, ESS of 2,000).
    particles
        Another number of particles for the first round.
    draws
        Equally weighted draws to hand out.

    Returns
    -------
    Draws
        With the method, k-hat, ESS, theta-ESS, |z| and rounds in ``diagnostics``.

    Raises
    ------
    InputError
        More than one subject, an unknown precision, or covariates that leave a parameter without a value.
    Refused
        Neither importance sampling nor tempered SMC gives what can be relied on, or no more than one
        population draw agrees with the levels: no posterior is handed out.

    Notes
    -----
    Defensive-mixture importance sampling around modes that move with theta, Pareto-smoothed; where weights
    are uneven, more rounds, around joint modes of (theta, z); then tempered SMC, twice, which must agree with
    itself. See ``docs/explanation/conditioning.md``.
    """
    _require_fit(fit)
    _require_one_subject(patient)
    standard, least = _precise(precision)
    started = time.process_time()
    whole, tables = compile_individual(fit.model), events(patient)
    data = whole.data(tables)
    compiled, known, groups = as_member(fit, whole, data)
    target = Target(compiled, data, known)
    require_parameters(compiled, known.at(np.zeros(1, dtype=int)), data, patient)
    levels, n = int(tables.sizes["observation"]), particles or standard
    if levels > 0 or compiled.informed:
        found, z_norm = _posterior(target, n, seed, least)
    else:
        found, z_norm = _prior(target, n, seed), 0.0
    picked = importance.systematic(found.weight, draws, seed)
    table = _table(target, found, picked, seed)
    diagnostics = Diagnostics(
        method=found.method,
        particles=n * found.rounds if found.khat is not None else len(found.draw),
        khat=found.khat,
        ess=found.ess,
        theta_ess=found.theta_ess,
        z_norm=z_norm,
        levels=levels,
        seed=seed,
        ms=round(1e3 * (time.process_time() - started), 2),
        rounds=found.rounds,
        precision=precision,
        log_evidence=None if np.isnan(found.log_evidence) else found.log_evidence,
    )
    weights = None if found.khat is None else found.weight
    warnings = _warn(_unsure(fit, target, patient, found))
    return Draws(table, patient, diagnostics, compiled, warnings, weights, groups)


def _precise(precision: str) -> tuple[int, float]:
    if precision not in PRECISION:
        raise InputError(
            explain("an unknown precision", came=repr(precision), expected=" or ".join(map(repr, PRECISION)))
        )
    return PRECISION[precision]


def _posterior(target: Target, n: int, seed: int, least: float) -> tuple[Particles, float]:
    """Sample by importance, or where that does not serve by tempering; or say why there is no posterior."""
    modes = find_modes(target.objective, target.k)
    z_norm = float(np.linalg.norm(modes[0].z))

    def good(made: Particles) -> bool:
        return made.khat is not None and made.khat < KHAT_LIMIT and made.ess >= least

    found = importance.sample(target, modes, n, seed, good)
    if good(found):
        return _supported(found, target), z_norm
    moved, trouble = tempering.sample(target, target.shift(modes[0]), max(n, _TEMPERED), seed)
    if trouble is None and moved.ess < least:
        trouble = f"tempered SMC leaves {moved.ess:.0f} distinct particles of {least:.0f}"
    if trouble is None:
        return _supported(moved, target), z_norm
    raise _refused(
        f"{_worth(found)}; {trouble}",
        f"k-hat below {KHAT_LIMIT} and ESS of at least {least:.0f}, or two runs that agree",
        "; if they hold, ask for more particles",
    )


def _supported(found: Particles, target: Target) -> Particles:
    """Return what was found, or say that it rests on one population draw: on others it would be another."""
    if not _rests_on_fewer(found, target, _LEAST):
        return found
    raise _refused(
        f"{_worth(found)} of the population's {len(target.known):,} draws",
        f"a theta-ESS of at least {_LEAST:g}: with other draws of the population the result would be another",
    )


def _rests_on_fewer(found: Particles, target: Target, draws: float) -> bool:
    """Return whether the posterior rests on fewer population draws, or a tenth where there are few."""
    return found.theta_ess < min(draws, _SHARE * len(target.known))


def _worth(found: Particles) -> str:
    khat = "" if found.khat is None else f"k-hat {found.khat:.2f}, "
    return f"{khat}ESS {found.ess:.0f}, theta-ESS {found.theta_ess:.1f}"


def _refused(came: str, expected: str, more: str = "") -> Refused:
    return Refused(
        explain(
            "the posterior of this patient is not reliable, so no draws are handed out",
            came=came,
            expected=expected,
            meant="levels that contradict the population or each other (a missed dose, a wrong time or unit)",
            fix=f"check times, doses and units of the levels{more}",
        )
    )


def _members(
    compiled: Compiled, theta: Mapping[str, np.ndarray], z: np.ndarray, data: Data, seed: int
) -> np.ndarray | None:
    """Draw the subpopulation under each particle, (particle, subject)."""
    if not compiled.subpopulations:
        return None
    log_weight = compiled.memberships(theta, z, data)
    below = np.cumsum(np.exp(log_weight - log_weight.max(axis=1, keepdims=True)), axis=1)
    u = np.random.default_rng((seed, 2)).random(len(z)) * below[:, -1]
    return (u[:, None] > below).sum(axis=1)[:, None]


def _prior(target: Target, n: int, seed: int) -> Particles:
    normal, _, rank, _ = base_points(n, target.k, seed)
    draw = stratified(rank, len(target.known), seed)
    return Particles(draw, normal, np.full(n, 1.0 / n), None, np.nan, 1, _POPULATION)


def _table(target: Target, found: Particles, picked: np.ndarray, seed: int) -> xr.Dataset:
    compiled, data, theta = target.compiled, target.data, target.known.theta
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


def _unsure(fit: Fit, target: Target, patient: Study, found: Particles) -> Iterator[str]:
    """Yield what a reader of the draws must know."""
    if found.method != _POPULATION and _rests_on_fewer(found, target, _FEW):
        yield (
            f"hardly any of the population's {len(target.known):,} draws agrees with these levels (theta-ESS "
            f"{found.theta_ess:.1f}), and all of the posterior rests on those few; check times, doses and "
            "units of the levels"
        )
    again = levels_in_fit(patient, fit.provenance["data"])
    if again:
        yield f"{again} of the patient's levels were in the fit: counted twice, the posterior is too narrow"
    if not fit.check().passed:
        yield "the population fit has not converged (fit.check()): its draws may be wrong"
    if _only_error(target, patient):
        yield (
            "the table has levels and no dose: the model explains them by residual error alone, and they say "
            "nothing of the patient; is a dose missing?"
        )
    groups = target.compiled.declaration.groups
    if groups and "groups" not in fit.provenance and fit.provenance["data"].get("n_subjects"):
        yield (
            f"the fit does not say which {' and '.join(groups)} it knows (it is older than that record), so "
            "the patient counts as one of a new one; fit again"
        )


def _only_error(target: Target, patient: Study) -> bool:
    """Return whether no dose is in the table, and none of the drug at a level above zero."""
    if patient.records["EVID"].isin((1, 4)).any():
        return False
    measured = (target.data["DV_data"] > 0) & (target.data["CENS"] == 0)
    typical = target.known.at(np.zeros(1, dtype=int)), np.zeros((1, target.k))
    predicted = target.compiled.predict(*typical, target.data)[1][0]
    return bool((measured & (predicted == 0)).any())


def _warn(found: Iterable[str]) -> tuple[str, ...]:
    texts = tuple(found)
    for text in texts:
        python_warnings.warn(text, UserWarning, stacklevel=3)
    return texts
