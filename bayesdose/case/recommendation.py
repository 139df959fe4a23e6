"""What a case says about a patient: conditioned draws, simulated options, the choice."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any

from bayesdose.case.economic import economics_of
from bayesdose.case.record import individual_record
from bayesdose.decision import Acknowledged, Choice, Override, Thresholds, decide, threshold_analysis
from bayesdose.errors import Refused

if TYPE_CHECKING:
    import xarray as xr

    from bayesdose.case.read import Case
    from bayesdose.economics import CostEffectiveness
    from bayesdose.fitting import Fit
    from bayesdose.flags import Flags
    from bayesdose.individual import Draws
    from bayesdose.study import Study


@dataclass(frozen=True)
class Recommendation:
    """What a case says about a patient.

    Parameters
    ----------
    case
        What was asked.
    me
        The patient's draws.
    outcome
        What was simulated, dims (draw, option).
    choice
        What was decided.
    thresholds
        What would flip it; None where the criterion is minimax regret.
    economics
        Costs and effects of the options; None where the case says nothing of them.
    """

    case: Case
    me: Draws
    outcome: xr.Dataset
    choice: Choice
    thresholds: Thresholds | None = None
    economics: CostEffectiveness | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return diagnostics, individual parameters and decision as JSON-able values; no subject's name."""
        flips = None if self.thresholds is None else self.thresholds.to_dict()
        decided = self.choice.to_dict()
        made = {"individual": individual_record(self.me), "decision": decided, "sensitivity": flips}
        return made if self.economics is None else made | {"economics": self.economics.to_dict()}


def condition_for(case: Case, fit: Fit, patient: Study) -> Draws:
    """Condition a fit on a patient with the numbers of the case; see `bayesdose.condition`.

    Warnings stand in ``Draws.warnings`` and are not issued a second time.
    """
    from bayesdose.individual import condition

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return condition(fit, patient, **case.condition.model_dump())


def flags_for(case: Case, fit: Fit, patient: Study) -> Flags:
    """Look for red flags in a patient's table, with the seed of the case; see `bayesdose.red_flags`."""
    from bayesdose.flags import red_flags

    return red_flags(fit, patient, seed=case.condition.seed)


def recommend(
    case: Case,
    me: Draws,
    *,
    flags: Flags | None = None,
    acknowledged: Acknowledged | None = None,
    overrides: Sequence[Override] = (),
    audit_file: str | PathLike[str] | None = None,
) -> Recommendation:
    """Simulate the case's options for a patient's draws and decide between them.

    Parameters
    ----------
    case
        The decision problem.
    me
        Draws of the patient, from `condition`.
    flags, acknowledged
        Red flags, under which nothing is escalated, and who takes it on all the same; see `bayesdose.decide`.
    overrides, audit_file
        Who lets what pass a hard limit, and the file that keeps it.

    Raises
    ------
    InputError
        When the case does not fit the patient.
    Refused
        When a limit blocks everything, the utility rises over the whole range, or the audit file was changed.
    """
    from bayesdose.simulation import simulate

    outcome = case.outcome(simulate(me, case.regimens(me.patient), case.metrics(me.model.card)))
    choice = decide(
        outcome,
        case.utility,
        criterion=case.compared_by(),
        limits=case.limit_list(),
        indifference=case.indifference,
        complete=case.options.complete,
        flags=flags,
        acknowledged=acknowledged,
        overrides=overrides,
        audit_file=audit_file,
    )
    found = None if case.economics is None else economics_of(case.economics, outcome, choice)
    return Recommendation(case, me, outcome, choice, _audited(case, me, outcome, choice), found)


def _audited(case: Case, me: Draws, outcome: xr.Dataset, choice: Choice) -> Thresholds | None:
    """Return what would flip the choice, for all that re-weighting and the utility's numbers reach."""
    from bayesdose.learning import assumptions

    try:
        return threshold_analysis(choice, assumptions(me), utility=case.utility, outcome=outcome)
    except Refused:  # minimax regret
        return None
