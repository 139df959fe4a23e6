"""The verb: limits first, then expected utility over the draws."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from os import PathLike
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayesdose.decision import criteria
from bayesdose.decision.choice import Choice, Status
from bayesdose.decision.compared import (
    EXPECTED_UTILITY,
    Attainment,
    Criterion,
    ExpectedUtility,
    Scores,
    criterion_of,
)
from bayesdose.decision.comparison import compared
from bayesdose.decision.criteria import Bools, Clusters, Floats
from bayesdose.decision.evaluate import check_outcome, evaluate
from bayesdose.decision.limits.doses import Check
from bayesdose.decision.limits.escalation import Acknowledged, HasName, guarded, recorded, red
from bayesdose.decision.limits.overrides import Override, check_costs
from bayesdose.decision.limits.recording import record
from bayesdose.decision.limits.verdicts import Verdicts, judge
from bayesdose.decision.one_thread import one_thread
from bayesdose.decision.rising import Judge, rising
from bayesdose.decision.search import edges
from bayesdose.decision.simplest import is_nothing, labels, simplicity
from bayesdose.decision.utilities import Utility, describe
from bayesdose.errors import InputError, Refused, explain

SHARE = 0.05
"""The default indifference as a share of EVPI; `decide` says why."""

SURE = 2.0
"""How many Monte Carlo standard errors count as told apart."""

MANY = 1e7
"""Draws that nobody simulates: options that would need more are not told apart."""


@one_thread
def decide(
    outcome: xr.Dataset,
    utility: Utility,
    *,
    criterion: Criterion | str = EXPECTED_UTILITY,
    limits: Sequence[Check] = (),
    overrides: Sequence[Override] = (),
    audit_file: str | PathLike[str] | None = None,
    indifference: float | None = None,
    complete: Sequence[str] = (),
    flags: Iterable[HasName] | None = None,
    acknowledged: Acknowledged | None = None,
) -> Choice:
    """Choose the best option among those that no limit blocks: by default that of highest expected utility.

    Parameters
    ----------
    outcome
        What `simulate` returns: dims (draw, option), equally weighted draws, the same draws for every option.
        The coordinate ``particle`` on draw, where there is one, says which draws are copies.
    utility
        A function of the outcome that returns a DataArray over (draw, option); a lacking dim is broadcast,
        booleans and integers are cast.
    criterion
        By what options are compared: "expected utility", "minimax regret", `cvar` (the worst draws) or
        `attainment` (probability of an event). Utilities, P(best) and regrets are reported under each.
    limits
        Hard and soft limits: on doses (`max_daily`, `max_single`), loads (`max_load`), intervals
        (`min_interval`), by covariate (`contraindicated`), on the probability of an event (`chance`). They
        come first: a blocked option stays in the table with its reason, and cannot be chosen, be runner-up,
        or count for P(best) and regret. No treatment is never blocked by a limit on doses. A `soft` limit
        costs utility or warns.
    overrides
        Who lets options pass a hard limit, and why (`Override`); needs `audit_file`.
    audit_file
        Where overrides and acknowledgements are appended (`verify_audit` reads it); made where there is none.
    indifference
        Difference in the criterion's number that does not matter, in its unit, 0 or more. Unless given it
        is 5 % of EVPI, the worth of knowing the patient exactly. That follows any change of the utility's
        scale or zero, takes no notice of options nobody would choose, and under a quadratic loss of log
        exposure spans the doses within 0.22 posterior standard deviations of the best log dose (7 % of the
        dose at a spread of 30 %).
    complete
        Template parameters (``["interval"]``) whose searched values are all that can be given: an optimum
        at their end is not an "edge".
    flags
        Red flags of the patient's table, from `bayesdose.red_flags`. Under one, options that escalate are
        blocked as by a limit: those that give more a day than the current regimen, or without one everything
        above the smallest dose among the options (`NoEscalation`).
    acknowledged
        Who takes the escalation on, and why: nothing is blocked then. It stays with the choice and is
        printed.

    Returns
    -------
    Choice
        ``status`` is, in this order,

        "edge"
            The best option has the largest or smallest value searched of a parameter that has more than one,
            the value is not zero, and a further step outwards would not pass a hard limit.
        "too close to call"
            The criterion has a Monte Carlo standard error, and for some allowed rival 2 MCSE of the
            difference minus the difference exceeds the indifference: more draws could show that the rival is
            better by an amount that matters.
        "chosen"
            Otherwise. A rival whose difference is small *and* known to be small does not stand in the way.

        Equal ones (but for rounding) go to the simpler option, see `simplicity`.

    Raises
    ------
    InputError
        When the outcome, the utility's values, or an argument cannot be used.
    Refused
        When every option is blocked; when the utility rises with more drug over the whole range searched
        and no limit binds; when the audit file is not what was written to it.
    """
    raised, by = red(flags), criterion_of(criterion)

    def judge(other: xr.Dataset) -> Floats:
        return by.judged(evaluate(utility, other, labels(other)), other)

    limits, warned = guarded(limits, raised, acknowledged)
    case = _case(outcome, utility, by, limits, overrides)
    best = case.highest(case.verdicts.allowed)
    rivals = case.verdicts.allowed & (np.arange(len(case.names)) != best)
    columns = _columns(case, best)
    delta = SHARE * max(case.scores.worth, 0.0) if indifference is None else _indifference(indifference)
    columns["near_optimal"] = near = case.verdicts.allowed & (columns["difference"] <= delta + case.rounding)
    held = [limit for limit in limits if not any(one.covers_all(limit) for one in overrides)]
    edge = _edges(case, outcome, best, held, complete, judge)
    close, needed = _close(case, columns, rivals, delta)
    status, reasons = _status(edge, close, [*_notes(case, outcome, best), *warned])
    choice = Choice(
        best=str(case.names[best]),
        status=status,
        reasons=reasons,
        criterion=str(by),
        utility=describe(utility, outcome),
        runner_up=str(case.names[case.highest(rivals)]) if rivals.any() else None,
        simplest=str(case.names[np.where(near, case.place, len(near)).argmin()]),
        indifference=delta,
        indifference_basis=_basis(by) if indifference is None else "as stated",
        evpi=max(float(columns["expected_regret"][case.verdicts.allowed].min()), 0.0),
        table=_table(outcome, case.names, columns),
        U=_utilities(outcome, case),
        limits=tuple(str(limit) for limit in limits),
        n_particles=case.distinct,
        attrs=dict(outcome.attrs),
        flags=recorded(raised),
        flags_looked_for=flags is not None,
        acknowledged=None if acknowledged is None else asdict(acknowledged),
        score=by.label,
        draws_needed=needed,
        comparison=compared(by, by.judged(case.U, outcome), outcome, limits, overrides, case.verdicts),
    )
    return record(choice, overrides, case.verdicts.lifted, audit_file)


@dataclass(frozen=True, eq=False)
class _Case:
    """What is compared: utilities, the criterion's scores, what the limits say, which one is the simpler."""

    names: NDArray[np.str_]
    U: Floats
    scores: Scores
    groups: Clusters
    verdicts: Verdicts
    place: NDArray[np.intp]
    rounding: float
    distinct: int  # draws
    score: str  # in words

    def highest(self, among: Bools) -> int:
        """Return the position of the highest score; equal ones go to the simpler."""
        value = self.scores.value
        tied = np.flatnonzero(among & (value >= value[among].max() - self.rounding))
        return int(tied[self.place[tied].argmin()])


def _case(
    outcome: xr.Dataset,
    utility: Utility,
    criterion: Criterion,
    limits: Sequence[Check],
    overrides: Sequence[Override],
) -> _Case:
    names = labels(check_outcome(outcome))
    U = evaluate(utility, outcome, names)
    groups = _groups(outcome)
    verdicts = judge(outcome, limits, overrides, names)
    check_costs(limits, criterion.label, counted=not isinstance(criterion, Attainment))
    if verdicts.cost.any():
        U = U - verdicts.cost
    scores = criterion.scores(U, outcome, verdicts.allowed, groups)
    rounding = criteria.rounding(scores.steps, scores.value, verdicts.allowed)
    distinct = criteria.particles(outcome).n
    return _Case(
        names, U, scores, groups, verdicts, simplicity(outcome), rounding, distinct, _score(criterion)
    )


def _groups(outcome: xr.Dataset) -> Clusters:
    """Group the draws; at least two independent groups are needed for any Monte Carlo error."""
    groups = criteria.independent(outcome)
    if groups.n < 2:
        raise InputError(
            explain(
                "the outcome has one distinct draw",
                came=f"{groups.n_draws} draw(s) of one particle",
                expected="two or more: nothing can be said about the error of one",
            )
        )
    return groups


def _score(criterion: Criterion) -> str:
    return EXPECTED_UTILITY if isinstance(criterion, ExpectedUtility) else criterion.label


def _basis(criterion: Criterion) -> str:
    plain = isinstance(criterion, ExpectedUtility)
    return f"{100 * SHARE:g} % of EVPI" + ("" if plain else f", for {criterion.label}")


def _indifference(value: Any) -> float:
    number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if number and math.isfinite(value) and value >= 0:
        return float(value)
    wanted = "a number, 0 or more, in units of utility"
    raise InputError(explain("indifference", came=repr(value), expected=wanted))


def _edges(
    case: _Case,
    outcome: xr.Dataset,
    best: int,
    limits: Sequence[Check],
    complete: Sequence[str],
    judge: Judge,
) -> list[str]:
    """Say where the best lies at an edge of the search; refuse where nothing speaks against more drug.

    Raises
    ------
    Refused
        When the utility rises over the whole range.
    """
    found = edges(outcome, best, limits, complete)
    if edge := rising(found, best, case.scores.steps, case.scores.value, outcome, judge):
        raise Refused(
            explain(
                f"the utility rises over the whole range of {edge.name} that was searched, and nothing in it "
                "speaks against more drug",
                came=edge.text,
                expected="a utility that falls where harm begins, or a limit or chance constraint that binds",
                fix="count the harm in the utility, state bd.max_daily or bd.chance, or search further",
            )
        )
    return [edge.text for edge in found]


def _columns(case: _Case, best: int) -> dict[str, Any]:
    """Return the numbers per option: each a reduction of the same utilities."""
    allowed, score = case.verdicts.allowed, case.scores
    top = criteria.best_per_draw(case.U, allowed)
    mean = case.U.mean(axis=0)
    deviation = criteria.deviations(case.U, case.groups)
    own, none = score.deviation, np.full(len(mean), np.nan)
    p_best, p_unbeaten = criteria.share_best(case.U, allowed, top)
    return {
        "expected_utility": mean,
        "mcse": criteria.mcse(deviation),
        "score": score.value,
        "score_mcse": none if own is None else criteria.mcse(own),
        "difference": score.value[best] - score.value,
        "difference_mcse": none if own is None else criteria.mcse(own[:, [best]] - own),
        "p_best": p_best,
        "p_unbeaten": p_unbeaten,
        "expected_regret": criteria.expected_regret(mean, top),
        "regret_95": criteria.regret_quantile(case.U, top, 0.95),
        "blocked": ~allowed,
        "reason": case.verdicts.reasons,
        "warning": case.verdicts.warnings,
        "soft_cost": case.verdicts.cost,
    }


def _close(case: _Case, columns: dict[str, Any], rivals: Bools, delta: float) -> tuple[list[str], int | None]:
    """Say which rival more draws could show to be better than the best by more than the indifference.

    Returns the sentence and the number of distinct draws that would tell; none where no number would.
    """
    error, difference = columns["difference_mcse"], columns["difference"]
    if case.scores.deviation is None:
        return [], None
    hidden = np.where(rivals, SURE * error - difference, -np.inf)
    worst = int(hidden.argmax())
    if hidden[worst] <= delta + case.rounding:
        return [], None
    room = max(delta + float(difference[worst]), case.rounding)
    draws = float(f"{case.distinct * (SURE * float(error[worst]) / room) ** 2:.2g}")
    wanted = f"about {draws:,.0f}" if draws < MANY else "very many"
    text = (
        f"{case.names[worst]} could be better by up to {hidden[worst]:.3g} (2 MCSE minus the difference), "
        f"more than the indifference of {delta:.3g}: {wanted} distinct draws would tell, "
        f"{case.distinct} are here"
    )
    return [text], int(draws) if draws < MANY else None


def _notes(case: _Case, outcome: xr.Dataset, best: int) -> list[str]:
    """Say what a reader must know besides the status."""
    allowed = case.verdicts.allowed
    warning = str(case.verdicts.warnings[best])
    notes = [f"the best passes a limit: {warning}"] if warning else []
    notes += [str(outcome.attrs["joined"])] if "joined" in outcome.attrs else []
    notes += case.scores.notes
    nothing = is_nothing(outcome)
    if nothing.any() and not nothing.all() and not (allowed & ~nothing).any():
        said = "every option that gives a dose is blocked by a limit: what is left is no treatment"
        return [*notes, said]
    value = case.scores.value
    equal = allowed & (np.abs(value - value[best]) <= case.rounding)
    tied = [str(name) for k, name in enumerate(case.names) if equal[k] and k != best]
    more = f" and {len(tied) - 3} more" if len(tied) > 3 else ""
    same = f"same {case.score} as {'; '.join(tied[:3])}{more}: the simplest was taken"
    return [*notes, *([same] if tied else [])]


def _status(edge: list[str], close: list[str], notes: list[str]) -> tuple[Status, tuple[str, ...]]:
    status: Status = "edge" if edge else "too close to call" if close else "chosen"
    return status, (*edge, *close, *notes)


def _table(outcome: xr.Dataset, names: NDArray[np.str_], columns: dict[str, Any]) -> xr.Dataset:
    made = {name: ("option", values) for name, values in columns.items()}
    facts = {n: c.variable for n, c in outcome.coords.items() if c.dims == ("option",) and n not in made}
    return xr.Dataset(made, coords={**facts, "option": names})


def _utilities(outcome: xr.Dataset, case: _Case) -> xr.DataArray:
    draws = {n: c.variable for n, c in outcome.coords.items() if c.dims == ("draw",)}
    coords = {**draws, "option": case.names}
    return xr.DataArray(case.U, dims=("draw", "option"), coords=coords, name="utility")
