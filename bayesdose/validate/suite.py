"""A whole validation: predictive checks, npde and coverage against limits of acceptance."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from bayesdose.errors import InputError, explain
from bayesdose.fitting import levels_in_fit
from bayesdose.fitting.checks import Check
from bayesdose.predictive import replicates
from bayesdose.study import Study
from bayesdose.validate.acceptance import Limits
from bayesdose.validate.category_check import CategoryVpc, category_vpc, counted
from bayesdose.validate.event_check import EventVpc, event_kinds, event_vpc
from bayesdose.validate.held_out import Coverage, coverage
from bayesdose.validate.leaving_out import LooCheck, loo_check
from bayesdose.validate.levels import COUNTED, SORT, sorts
from bayesdose.validate.npde_of_fit import Npde, npde
from bayesdose.validate.predictive_check import Vpc, vpc
from bayesdose.validate.strata import strata
from bayesdose.validate.suite_rows import fit_rows, held_rows, loo_rows, npde_rows, other_rows, vpc_rows

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
        "VPC" against time, and "pcVPC", prediction-corrected, against time after dose; of continuous levels.
    others
        Of the kinds of level that are not continuous: "counts and categories", and the name of each kind of
        event; empty where there are none.
    npde
        Normalised prediction distribution errors; None where no level is continuous.
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
        What a reader must know; what was left out, and why, among it.
    loo
        Of levels that are not continuous, left out one at a time; None where there are none, or where the fit
        cannot tell.
    left_out
        Name of a check that was not made to the reason.
    """

    rows: tuple[Check, ...]
    vpcs: Mapping[str, Vpc]
    npde: Npde | None
    coverage: Coverage | None
    limits: Limits
    study: Study = field(repr=False)
    in_fit: int
    seed: int
    draws: int
    notes: tuple[str, ...] = ()
    others: Mapping[str, CategoryVpc | EventVpc] = field(default_factory=dict)
    loo: LooCheck | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)

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
    """Validate a fit on a study: predictive checks of every kind of level, and coverage of held-out subjects.

    Each is compared with a limit. Of continuous levels there are VPC, prediction-corrected VPC and npde; of
    counts and categories `category_vpc`; of each kind of event `event_vpc`; of these three sorts also LOO-PIT
    and k-hat, where the study is the fitted one and the fit is not slim. Coverage is of every sort, apart.

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
        When the study or an argument cannot be used, or nothing can be checked.
    Refused
        When a refit cannot start.
    """
    say = say or (lambda text: None)
    asked, again = limits or Limits(), levels_in_fit(study, fit.provenance["data"])
    say(f"simulating the study {draws} times")
    made = replicates(fit, study, seed=seed, draws=draws)
    strata(study, made, by)  # what cannot be a stratum is an error, not a check that does not apply
    shared: dict[str, Any] = {"seed": seed, "lloq": lloq, "simulated": made}
    left: dict[str, str] = {}
    vpcs, errors = _of_continuous(fit, study, by, shared, left)
    others = _of_others(fit, study, made, seed, draws, by, left)
    say("leaving out levels one at a time")
    out = _loo(fit, study, again, seed, left)
    found = None
    if folds is not None or not again:
        say("predicting held-out subjects")
        found = coverage(fit, study, seed=seed, folds=folds, known=known, sampling=sampling, say=say)
    else:
        left["Coverage"] = "it needs folds, or subjects who were not in the fit"
    parts = (
        *vpc_rows(vpcs, asked),
        *other_rows(others, asked),
        *npde_rows(errors, asked),
        *loo_rows(out, asked),
        *held_rows(found, asked),
    )
    _require_some(parts, left)
    return Validation(
        rows=(*fit_rows(fit), *parts),
        vpcs=vpcs,
        npde=errors,
        coverage=found,
        limits=asked,
        study=study,
        in_fit=again,
        seed=seed,
        draws=draws,
        notes=(
            *_notes(study, again, "predictive checks" if errors is None else "VPC and npde"),
            *_told(left),
        ),
        others=others,
        loo=out,
        left_out=left,
    )


def _of_continuous(
    fit: Fit, study: Study, by: str | None, shared: Mapping[str, Any], left: dict[str, str]
) -> tuple[dict[str, Vpc], Npde | None]:
    """Return VPCs and npde of the levels of a continuous kind; what cannot be is put into `left`."""
    if not (sorts(fit, shared["simulated"]["DVID"].to_numpy()) == SORT).any():
        left |= dict.fromkeys(("VPC", "pcVPC", "npde"), "no level is of a continuous kind")
        return {}, None
    vpcs = {"VPC": vpc(fit, study, x="TIME", by=by, **shared)}
    try:
        vpcs["pcVPC"] = vpc(fit, study, x="TAD", corrected=True, by=by, **shared)
    except InputError as reason:
        left["pcVPC"] = str(reason)
    return vpcs, npde(fit, study, **shared)


def _of_others(
    fit: Fit, study: Study, made: xr.Dataset, seed: int, draws: int, by: str | None, left: dict[str, str]
) -> dict[str, CategoryVpc | EventVpc]:
    """Return the predictive checks of counts and categories, and of each kind of event, that there are."""
    found: dict[str, CategoryVpc | EventVpc] = {}
    if counted(fit, made).any():
        found[COUNTED] = category_vpc(fit, study, seed=seed, by=by, simulated=made)
    for dvid in np.intersect1d(event_kinds(fit), made["DVID"].to_numpy()).tolist():
        name = fit.model.card.endpoint(dvid).name
        try:
            found[name] = event_vpc(fit, study, seed=seed, draws=draws, by=by, dvid=dvid)
        except InputError as reason:
            left[f"event_vpc of {name}"] = str(reason)
    return found


def _loo(fit: Fit, study: Study, again: int, seed: int, left: dict[str, str]) -> LooCheck | None:
    """Return leave-one-out places of the levels that are not continuous, where the fit can tell them."""
    if (sorts(fit, study.levels["DVID"].to_numpy()) == SORT).all():
        return None
    if again < int(study.is_level.sum()):
        left["LOO-PIT"] = "it needs the study that was fitted"
        return None
    try:
        return loo_check(fit, study, seed=seed)
    except InputError as reason:
        left["LOO-PIT"] = str(reason)
        return None


def _require_some(parts: Sequence[Check], left: Mapping[str, str]) -> None:
    if not parts:
        raise InputError(
            explain(
                "there is nothing that the fit could be checked on",
                came="; ".join(f"{name}: {why}" for name, why in left.items()) or "a study without levels",
                fix="folds=5, or the fit as bd.fit made it (not a slim one)",
            )
        )


def _notes(study: Study, again: int, checks: str) -> list[str]:
    if not again:
        return []
    return [
        f"{again} of the study's {int(study.is_level.sum())} levels were in the fit: {checks} then "
        "find fault less often than they would on other subjects."
    ]


def _told(left: Mapping[str, str]) -> list[str]:
    """Return a sentence for each reason why something was left out."""
    made = []
    for why in dict.fromkeys(left.values()):
        names = [name for name, own in left.items() if own == why]
        whole = " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
        made.append(f"{whole} {'was' if len(names) == 1 else 'were'} not computed: {why.rstrip('.')}.")
    return made
