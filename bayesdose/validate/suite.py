"""A whole validation: predictive checks, npde and coverage against limits of acceptance."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from bayesdose.errors import InputError
from bayesdose.fitting import levels_in_fit
from bayesdose.fitting.checks import Check
from bayesdose.predictive import replicates
from bayesdose.study import Study
from bayesdose.validate.acceptance import Limits
from bayesdose.validate.category_check import CategoryVpc, category_vpc, counted
from bayesdose.validate.event_check import EventVpc, event_kinds, event_vpc
from bayesdose.validate.held_out import Coverage, coverage
from bayesdose.validate.npde_of_fit import Npde, npde
from bayesdose.validate.predictive_check import Vpc, vpc

if TYPE_CHECKING:
    import xarray as xr

    from bayesdose.fitting import Fit


@dataclass(frozen=True, eq=False)
class Validation:
    """What a validation found.

    Parameters
    ----------
    rows
        Check, value, limit, whether it holds; `worst` says what stands behind the value.
    vpcs
        "VPC" against time, and "pcVPC", prediction-corrected, against time after dose.
    others
        Of the kinds of level that are not continuous: "counts and categories", and the name of each kind of
        event; empty where there are none.
    npde
        Normalised prediction distribution errors.
    coverage
        Of held-out subjects; None where there were none.
    limits
        What was asked.
    study
        The study it is about.
    in_fit
        How many of its levels were in the fit.
    seed, draws
        Of the replicates; refits and conditioning take the same seed.
    notes
        What a reader must know.
    """

    rows: tuple[Check, ...]
    vpcs: Mapping[str, Vpc]
    npde: Npde
    coverage: Coverage | None
    limits: Limits
    study: Study = field(repr=False)
    in_fit: int
    seed: int
    draws: int
    notes: tuple[str, ...] = ()
    others: Mapping[str, CategoryVpc | EventVpc] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether every row is within its limit."""
        return all(row.passed for row in self.rows)

    def __str__(self) -> str:
        width = max(len(row.name) for row in self.rows) + 2
        lines = [f"{'check':<{width}}{'value':>9}   {'limit':<10}"]
        for row in self.rows:
            limit, result = f"{row.relation} {row.limit:g}", "ok" if row.passed else "FAILED"
            lines.append(
                f"{row.name:<{width}}{row.value:>9.3g}   {limit:<10}{result:<7} {row.worst}".rstrip()
            )
        failed = sum(not row.passed for row in self.rows)
        verdict = "passed" if not failed else f"NOT PASSED: {failed} of {len(self.rows)} checks failed"
        return "\n".join([*lines, verdict, *self.notes])


def validate(
    fit: Fit,
    study: Study,
    *,
    seed: int,
    draws: int = 1000,
    folds: int | None = None,
    known: Sequence[int] = (0, 1),
    limits: Limits | None = None,
    by: str | None = None,
    lloq: float | Mapping[int, float] | None = None,
    sampling: Mapping[str, Any] | None = None,
    say: Callable[[str], None] | None = None,
) -> Validation:
    """Validate a fit on a study: VPC of every kind of level, npde, and coverage of held-out subjects.

    Each is compared with a limit. Some levels must be of a continuous kind.

    Parameters
    ----------
    fit
        A population fit.
    study
        The study fitted, or one of other subjects (external validation).
    seed
        Of everything random.
    draws
        Replicates of the study, for VPC and npde.
    folds
        Refit in so many folds for coverage. Without it coverage is computed with the fit as it is, if none of
        the study's levels was in it.
    known
        Numbers of first levels to condition on for coverage.
    limits
        Of acceptance; the defaults of `Limits` unless given.
    by
        Strata of the VPCs: a covariate or "DOSE".
    lloq
        Lower limit of quantification, or DVID to it; that of the table's levels with CENS 1 unless given.
    sampling
        Arguments of `bayesdose.fit` for the refits; those of the fit unless given.
    say
        Called with a line about each step.

    Returns
    -------
    Validation

    Raises
    ------
    InputError
        When the study or an argument cannot be used.
    Refused
        When a refit cannot start.
    """
    say = say or (lambda text: None)
    asked, again = limits or Limits(), levels_in_fit(study, fit.provenance["data"])
    say(f"simulating the study {draws} times")
    made = replicates(fit, study, seed=seed, draws=draws)
    shared: dict[str, Any] = {"seed": seed, "lloq": lloq, "simulated": made}
    vpcs = {"VPC": vpc(fit, study, x="TIME", by=by, **shared)}
    notes = []
    try:
        vpcs["pcVPC"] = vpc(fit, study, x="TAD", corrected=True, by=by, **shared)
    except InputError as reason:
        notes.append(f"No prediction-corrected VPC. {reason}")
    errors = npde(fit, study, **shared)
    others = _others(fit, study, made, seed, draws, by)
    found = None
    if folds is not None or not again:
        say("predicting held-out subjects")
        found = coverage(fit, study, seed=seed, folds=folds, known=known, sampling=sampling, say=say)
    return Validation(
        rows=(
            *_fit_rows(fit),
            *_vpc_rows(vpcs, asked),
            *_other_rows(others, asked),
            *_npde_rows(errors, asked),
            *_held_rows(found, asked),
        ),
        vpcs=vpcs,
        npde=errors,
        coverage=found,
        limits=asked,
        study=study,
        in_fit=again,
        seed=seed,
        draws=draws,
        notes=(*notes, *_notes(study, again, found)),
        others=others,
    )


def _others(
    fit: Fit, study: Study, made: xr.Dataset, seed: int, draws: int, by: str | None
) -> dict[str, CategoryVpc | EventVpc]:
    """Return the predictive checks of counts and categories, and of each kind of event, that there are."""
    found: dict[str, CategoryVpc | EventVpc] = {}
    if counted(fit, made).any():
        found["counts and categories"] = category_vpc(fit, study, seed=seed, by=by, simulated=made)
    for dvid in np.intersect1d(event_kinds(fit), made["DVID"].to_numpy()).tolist():
        name = fit.model.card.endpoint(dvid).name
        found[name] = event_vpc(fit, study, seed=seed, draws=draws, by=by, dvid=dvid)
    return found


def _notes(study: Study, again: int, found: Coverage | None) -> list[str]:
    notes = []
    if again:
        notes.append(
            f"{again} of the study's {int(study.is_level.sum())} levels were in the fit: VPC and npde then "
            "find fault less often than they would on other subjects."
        )
    if found is None:
        notes.append("Coverage was not computed: it needs folds, or subjects who were not in the fit.")
    return notes


def _fit_rows(fit: Fit) -> list[Check]:
    failed = [row.name for row in fit.check() if not row.passed]
    return [Check("fit: convergence checks failed", len(failed), "<=", 0, ", ".join(failed))]


def _vpc_rows(vpcs: Mapping[str, Vpc], limits: Limits) -> list[Check]:
    rows = []
    for name, one in vpcs.items():
        seen = f"of {len(one.table)} percentiles"
        rows.append(Check(f"{name}: share inside", one.inside, ">=", limits.vpc_inside, seen))
        rows.append(Check(f"{name}: p of that share", one.p_value, ">=", limits.vpc_p))
    below = next(iter(vpcs.values())).below
    if len(below):
        share = float(below["inside"].mean())
        rows.append(
            Check("below LLOQ: share inside", share, ">=", limits.vpc_inside, f"of {len(below)} bins")
        )
    return rows


def _other_rows(others: Mapping[str, CategoryVpc | EventVpc], limits: Limits) -> list[Check]:
    rows = []
    for name, one in others.items():
        seen = f"of {len(one.table)} {'times' if isinstance(one, EventVpc) else 'shares'}"
        rows.append(Check(f"{name}: share inside", one.inside, ">=", limits.vpc_inside, seen))
        rows.append(Check(f"{name}: p of that share", one.p_value, ">=", limits.vpc_p))
    return rows


def _npde_rows(found: Npde, limits: Limits) -> list[Check]:
    p, sd = found.tests["p"], float(found.variance**0.5)
    each = ", ".join(f"{what} {p[what]:.2g}" for what in p.index)
    return [
        Check("npde: p of their tests", found.p_value, ">=", limits.npde_p, f"p: {each}"),
        Check("npde: |mean|", abs(found.mean), "<=", limits.npde_mean, f"mean {found.mean:.3f}"),
        Check("npde: |SD - 1|", abs(sd - 1), "<=", limits.npde_sd, f"SD {sd:.3f}"),
    ]


def _held_rows(found: Coverage | None, limits: Limits) -> list[Check]:
    if found is None:
        return []
    rows = []
    for row in found.table.to_dict("records"):
        given = "no level known" if row["known"] == 0 else f"{row['known']} known"
        seen = f"{row['covered']:.2f} ({row['low']:.2f} to {row['high']:.2f}) of {row['n']} levels"
        name = f"{100 * row['nominal']:g} % intervals, {given}: off"
        rows.append(Check(name, row["off"], "<=", limits.coverage_off, seen))
    share = len(found.refused) / max(found.conditioned, 1)
    rows.append(Check("held out: share refused", share, "<=", limits.refused, f"of {found.conditioned}"))
    if len(found.folds):
        failed = ", ".join(f"fold {k}" for k in found.folds.loc[found.folds["failed"] != "", "fold"])
        rows.append(Check("folds: not converged", found.unconverged, "<=", 0, failed))
    return rows
