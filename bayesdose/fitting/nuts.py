"""Fitting a model to a population with NUTS."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pytensor.graph.traversal import ancestors

from bayesdose.errors import InputError, explain
from bayesdose.fitting.checks import Check, Checks, run_checks
from bayesdose.fitting.expanding import computed_later, expanded
from bayesdose.fitting.frozen import freeze
from bayesdose.fitting.kept import claim
from bayesdose.fitting.provenance import data_record, versions
from bayesdose.fitting.result import Fit
from bayesdose.fitting.running import Adaptation, Sampler, sample
from bayesdose.fitting.start import place_start
from bayesdose.fitting.subpopulations import settle
from bayesdose.fitting.tolerance import solver_check
from bayesdose.model import BY_SUBPOPULATION, Model, build, names_of_population, ode_failures, priors_of
from bayesdose.study import Study, check_for_fit, events

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    import pymc as pm

_LARGEST = 2**27  # bytes of one variable's draws


def fit(
    model: Model,
    study: Study,
    *,
    seed: int,
    draws: int = 1000,
    tune: int = 1000,
    chains: int = 4,
    target_accept: float = 0.9,
    centred: Collection[str] = (),
    adaptation: Adaptation = "diagonal",
    progress: bool = True,
    keep: str | Path | None = None,
    say: Callable[[str], None] | None = None,
) -> Fit:
    """Fit a model to a study with NUTS.

    Parameters
    ----------
    model, study
        A loaded spec and a table of at least one subject, each with a dose and a level.
    seed
        Seeds the chains; stored. The same seed on another machine agrees within Monte Carlo error only.
    draws, tune, chains, target_accept
        Per chain; nutpie's meaning.
    centred
        Individual parameters to sample centred (faster where each subject has many levels).
    adaptation
        Of the mass matrix while tuning: "diagonal", or "low rank", which also learns correlations. That
        doubles the ESS of as many draws where few, correlated parameters are sampled centred (theophylline:
        1.9 times the ESS a second), and costs more than it gains with many subjects (phenobarbital: a third).
    progress
        Whether to tell draws, divergences, ESS so far and the time left, on standard error.
    keep
        A folder for chains while the fit runs, finished ones and twice a minute the draws so far: the same
        call after a crash goes on from them, a chain that was not finished after another warm-up (its
        provenance then says ``resumed``, how many draws a chain are of earlier runs). It may be removed when
        the fit is saved.
    say
        Called with each step's name ("compile", "sample", ...), for command lines.

    Returns
    -------
    Fit
        Also when a check fails: look at ``fit.check()``, or at the warning printed on standard error. Ctrl-C
        during sampling gives the draws made so far, in a fit whose check "complete" fails.

    Raises
    ------
    TableError
        A subject without dose or level.
    Refused
        The log-density is not finite at the prior centres, nor at draws of the priors; with the subjects
        that make it so.
    """
    check_for_fit(study)
    sampler = Sampler(draws, tune, chains, target_accept, tuple(sorted(centred)), adaptation)
    say = say or (lambda step: None)
    declared = build(model, study, centred=sampler.centred)
    _refuse_single_occasions(declared)
    place_start(declared, study, seed)
    clock = [_now()]
    ode_failures(reset=True)
    say("compile")
    compiled = compile_nuts(declared, draws=sampler.draws * sampler.chains, frozen=True)
    clock.append(_now())
    say("sample")
    names = names_of_population(declared)
    kept = None if keep is None else claim(Path(keep), _identity(model, study, sampler, seed))
    sampled = sample(compiled, sampler, seed, names, progress=progress, keep=kept)
    total = sampler.draws * sampler.chains
    trace = expanded(sampled.trace, declared, computed_later(declared, _stored(declared, total), total))
    trace = settle(trace, declared, seed)
    clock.append(_now())
    checks = run_checks(trace, declared.declaration, names)
    if sampled.share < 1.0:
        checks = Checks((*checks, _incomplete(sampled.share)))
    failures = ode_failures()
    if declared.declaration.numerical:
        say("check the solver")
        checks = Checks((*checks, solver_check(model, study, declared, trace)))
    if not checks.passed:
        _shout(checks)
    record = {
        **_describe(model, declared),
        "data": data_record(study),
        "seed": seed,
        "sampler": {"name": "nutpie", "backend": "numba", **asdict(sampler)},
        "versions": versions(),
        "seconds": _seconds(clock),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "checks": checks.to_list(),
        "resumed": sampled.resumed,
        "failed_solves": {reason: count for reason, count in failures.items() if count},
    }
    return Fit(model, trace, record)


def _describe(model: Model, declared: pm.Model) -> dict[str, Any]:
    """Return what a stored fit says of its model."""
    card, declaration = model.card, declared.declaration
    return {
        "format": 1,
        "model": {"name": model.name, "hash": model.hash, "drug": card.drug, "source": card.source},
        "population": names_of_population(declared),
        "etas": list(declaration.etas),
        "parameters": list(declaration.parameters),
        "units": dict(declaration.units),
        "scales": dict(declaration.scales),
        "fixed": dict(declaration.fixed),
        "groups": {name: declared[f"{name}_label"].get_value().tolist() for name in declaration.groups},
        "priors": {name: prior.to_dict() for name, prior in priors_of(declared).items()},
    }


def compile_nuts(declared: pm.Model, *, draws: int = 4000, frozen: bool = False) -> Any:
    """Compile a declaration for nutpie: numba, prior-centred starts, predictions not stored.

    Where the data are `frozen`, which rules out ``with_data``, it is faster, and of a large posterior stores
    only what `expanded` needs.

    Parameters of every record are stored only where all `draws` of one stay below `_LARGEST` bytes, and no
    variable that depends on a subject's subpopulation but in its values for each (see `settle`).
    """
    import nutpie

    sampled = freeze(declared) if frozen else declared
    individual = {sampled[name] for name in declared.declaration.individual}
    stored = _stored(declared, draws)
    later = computed_later(declared, stored, draws) if frozen else []
    # Jitter on the population can start a chain where the density underflows; it then never moves.
    return nutpie.compile_pymc_model(
        sampled,
        backend="numba",
        default_initialization_strategy="support_point",
        jitter_rvs=individual,
        var_names=[name for name in stored if name not in later],
    )


def _stored(declared: pm.Model, draws: int) -> list[str]:
    """Return the names of what the posterior holds."""
    names = [v.name for v in declared.unobserved_value_vars if not v.name.endswith("_prediction")]
    left_out = _by_subpopulation(declared)
    if 8 * draws * len(declared["record_time"].get_value()) > _LARGEST:
        left_out |= {name for name, dims in declared.named_vars_to_dims.items() if "record" in dims}
    return [name for name in names if name in declared.named_vars and name not in left_out]


def _by_subpopulation(declared: pm.Model) -> set[str]:
    """Return the names of what depends on a subject's subpopulation; nothing in a model without them."""
    if declared.declaration.mixture is None:
        return set()
    of = {declared["member"], *(declared[n] for n in ("z",) if n in declared.named_vars)}
    summed = ("membership", *(v.name for v in declared.deterministics if v.name.endswith(BY_SUBPOPULATION)))
    depends = {v.name for v in declared.deterministics if of & set(ancestors([v]))}
    return depends - set(summed) | ({"z"} & set(declared.named_vars))


def _incomplete(share: float) -> Check:
    """Return the check that a fit fails which was interrupted."""
    return Check("complete (share of draws)", share, ">=", 1.0, advice="sampling was interrupted: fit again")


def _identity(model: Model, study: Study, sampler: Sampler, seed: int) -> bytes:
    """Return everything that the draws of a fit depend on."""
    tables = events(study)
    settings = json.dumps([model.hash, asdict(sampler), seed, versions()], sort_keys=True)
    parts = [settings.encode(), json.dumps(study.ids).encode()]
    for name in sorted(map(str, tables.data_vars)):
        values = np.ascontiguousarray(tables[name].values)
        parts += [f"{name}{values.dtype}{values.shape}".encode(), values.tobytes()]
    return b"".join(parts)


def _refuse_single_occasions(declared: pm.Model) -> None:
    """Refuse kappas where nobody has two occasions: they could not be told from etas."""
    subjects = declared["occasion_subject"].get_value()
    if declared.declaration.kappas and len(set(subjects.tolist())) == len(subjects):
        raise InputError(
            explain(
                "kappas cannot be told from etas: no subject has two occasions",
                expected="a column OCC that numbers the occasions of each subject",
                fix="add it, or leave bd.kappa out",
            )
        )


def _shout(checks: Checks) -> None:
    import sys

    print(f"\n{checks}\n", file=sys.stderr)


def _now() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def _seconds(clock: list[tuple[float, float]]) -> dict[str, float]:
    (w0, c0), (w1, c1), (w2, c2) = clock
    return {
        "compile_wall": round(w1 - w0, 3),
        "compile_cpu": round(c1 - c0, 3),
        "sample_wall": round(w2 - w1, 3),
        "sample_cpu": round(c2 - c1, 3),
    }
