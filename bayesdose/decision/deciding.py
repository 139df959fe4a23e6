"""The verb: limits first, then expected utility over the draws."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayesdose.decision import criteria
from bayesdose.decision.choice import Choice, Status
from bayesdose.decision.criteria import Bools, Clusters, Floats
from bayesdose.decision.escalation import Acknowledged, HasName, guarded, recorded, red
from bayesdose.decision.evaluate import check_outcome, evaluate
from bayesdose.decision.limits import Check, Verdict
from bayesdose.decision.search import edges
from bayesdose.decision.simplest import is_nothing, labels, simplicity
from bayesdose.decision.utilities import Utility, describe
from bayesdose.errors import InputError, Refused, explain

SHARE = 0.05
"""The default indifference as a share of EVPI; `decide` says why."""

SURE = 2.0
"""How many Monte Carlo standard errors count as told apart."""


def decide(
    outcome: xr.Dataset,
    utility: Utility,
    *,
    limits: Sequence[Check] = (),
    indifference: float | None = None,
    complete: Sequence[str] = (),
    flags: Iterable[HasName] | None = None,
    acknowledged: Acknowledged | None = None,
) -> Choice:
    """Choose the option with the highest expected utility among those that no limit blocks.

    Parameters
    ----------
    outcome
        What `simulate` returns: dims (draw, option), equally weighted draws, the same draws for every option.
        The coordinate ``particle`` on draw, where there is one, says which draws are copies.
    utility
        A function of the outcome that returns a DataArray over (draw, option); a lacking dim is broadcast,
        booleans and integers are cast.
    limits
        Limits on the dose (`max_daily`, `max_single`). They come first: a blocked option stays in the table
        with its reason, and cannot be chosen, be runner-up, or count for P(best) and regret. No treatment
        is never blocked by a dose limit.
    indifference
        Difference in expected utility that does not matter, in units of utility, 0 or more. Unless given it
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
            the value is not zero, and a further step outwards would not pass a dose limit.
        "too close to call"
            For some allowed rival, 2 MCSE of the difference minus the difference exceeds the indifference:
            more draws could show that the rival is better by an amount that matters.
        "chosen"
            Otherwise. A rival whose difference is small *and* known to be small does not stand in the way.

        Equal expected utilities (to 1e-12) go to the simpler option, see `simplicity`.

    Raises
    ------
    InputError
        When the outcome, the utility's values, or an argument cannot be used.
    Refused
        When every option is blocked and no treatment is not among them.
    """
    raised = red(flags)
    limits, warned = guarded(limits, raised, acknowledged)
    case = _case(outcome, utility, limits)
    best = case.highest(case.allowed)
    rivals = case.allowed & (np.arange(len(case.names)) != best)
    columns = _columns(case, best)
    evpi = max(float(columns["expected_regret"][best]), 0.0)
    delta = SHARE * evpi if indifference is None else _indifference(indifference)
    columns["near_optimal"] = near = case.allowed & (columns["difference"] <= delta + case.rounding)
    status, reasons = _status(
        edges(outcome, best, limits, complete),
        _close(case, columns, rivals, delta),
        [*_notes(case, outcome, best), *warned],
    )
    return Choice(
        best=str(case.names[best]),
        status=status,
        reasons=reasons,
        criterion="expected utility",
        utility=describe(utility, outcome),
        runner_up=str(case.names[case.highest(rivals)]) if rivals.any() else None,
        simplest=str(case.names[np.where(near, case.place, len(near)).argmin()]),
        indifference=delta,
        indifference_basis=f"{100 * SHARE:g} % of EVPI" if indifference is None else "as stated",
        evpi=evpi,
        table=_table(outcome, case.names, columns),
        U=_utilities(outcome, case),
        limits=tuple(str(limit) for limit in limits),
        n_particles=case.groups.n,
        attrs=dict(outcome.attrs),
        flags=recorded(raised),
        acknowledged=None if acknowledged is None else asdict(acknowledged),
    )


@dataclass(frozen=True, eq=False)
class _Case:
    """What is compared: utilities, which options are allowed and why not, which one is the simpler."""

    names: NDArray[np.str_]
    U: Floats
    mean: Floats
    groups: Clusters
    allowed: Bools
    reasons: NDArray[np.str_]
    place: NDArray[np.intp]
    rounding: float

    def highest(self, among: Bools) -> int:
        """Return the position of the highest expected utility; equal ones go to the simpler."""
        tied = np.flatnonzero(among & (self.mean >= self.mean[among].max() - self.rounding))
        return int(tied[self.place[tied].argmin()])


def _case(outcome: xr.Dataset, utility: Utility, limits: Sequence[Check]) -> _Case:
    names = labels(check_outcome(outcome))
    U = evaluate(utility, outcome, names)
    groups = _groups(outcome)
    blocks = _blocks(outcome, limits)
    reasons = np.array(["; ".join(why for hit, why in option if hit) for option in blocks], dtype=str)
    allowed = np.array([not any(hit for hit, _ in option) for option in blocks])
    if not allowed.any():
        raise Refused(_all_blocked(names, reasons))
    rounding = criteria.rounding(U)
    return _Case(names, U, U.mean(axis=0), groups, allowed, reasons, simplicity(outcome), rounding)


def _groups(outcome: xr.Dataset) -> Clusters:
    """Group the draws by particle; at least two distinct ones are needed for any Monte Carlo error."""
    particle = outcome["particle"].to_numpy() if "particle" in outcome.coords else None
    groups = criteria.clusters(outcome.sizes["draw"], particle)
    if groups.n < 2:
        raise InputError(
            explain(
                "the outcome has one distinct draw",
                came=f"{groups.n_draws} draw(s) of one particle",
                expected="two or more: nothing can be said about the error of one",
            )
        )
    return groups


def _blocks(outcome: xr.Dataset, limits: Sequence[Check]) -> list[list[Verdict]]:
    """Return per option the verdict of each limit."""
    wanted = 'a list, such as [max_daily("10 mg/kg")]'
    if isinstance(limits, str) or not isinstance(limits, Sequence):
        raise InputError(explain("limits", came=repr(limits), expected=wanted))
    for limit in limits:
        if not callable(getattr(limit, "check", None)):
            raise InputError(explain("limits", came=f"{limit!r} in the list", expected=wanted))
    verdicts = [limit.check(outcome) for limit in limits]
    return [[verdict[k] for verdict in verdicts] for k in range(outcome.sizes["option"])]


def _all_blocked(names: NDArray[np.str_], reasons: NDArray[np.str_]) -> str:
    shown = [f"{name}: {why}" for name, why in zip(names[:3], reasons[:3], strict=True)]
    return explain(
        "every option is blocked by a limit, and no treatment is not among the options",
        came="; ".join(shown) + ("; ..." if len(names) > 3 else ""),
        fix="add smaller doses or no treatment to the options",
    )


def _indifference(value: Any) -> float:
    number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if number and math.isfinite(value) and value >= 0:
        return float(value)
    wanted = "a number, 0 or more, in units of utility"
    raise InputError(explain("indifference", came=repr(value), expected=wanted))


def _columns(case: _Case, best: int) -> dict[str, Any]:
    """Return the numbers per option: each a reduction of the same utilities."""
    top = criteria.best_per_draw(case.U, case.allowed)
    deviation = criteria.deviations(case.U, case.groups)
    p_best, p_unbeaten = criteria.share_best(case.U, case.allowed, top)
    return {
        "expected_utility": case.mean,
        "mcse": criteria.mcse(deviation),
        "difference": case.mean[best] - case.mean,
        "difference_mcse": criteria.mcse(deviation[:, [best]] - deviation),
        "p_best": p_best,
        "p_unbeaten": p_unbeaten,
        "expected_regret": criteria.expected_regret(case.mean, top),
        "blocked": ~case.allowed,
        "reason": case.reasons,
    }


def _close(case: _Case, columns: dict[str, Any], rivals: Bools, delta: float) -> list[str]:
    """Say which rival more draws could show to be better than the best by more than the indifference."""
    error, difference = columns["difference_mcse"], columns["difference"]
    hidden = np.where(rivals, SURE * error - difference, -np.inf)
    worst = int(hidden.argmax())
    if hidden[worst] <= delta + case.rounding:
        return []
    room = max(delta + float(difference[worst]), case.rounding)
    draws = case.groups.n * (SURE * float(error[worst]) / room) ** 2
    wanted = f"about {float(f'{draws:.2g}'):,.0f}" if draws < 1e7 else "very many"
    return [
        f"{case.names[worst]} could be better by up to {hidden[worst]:.3g} (2 MCSE minus the difference), "
        f"more than the indifference of {delta:.3g}: {wanted} distinct draws would tell, "
        f"{case.groups.n} are here"
    ]


def _notes(case: _Case, outcome: xr.Dataset, best: int) -> list[str]:
    """Say what a reader must know besides the status: nothing else was allowed, or a tie was broken."""
    nothing = is_nothing(outcome)
    if nothing.any() and not nothing.all() and not (case.allowed & ~nothing).any():
        return ["every option that gives a dose is blocked by a limit: what is left is no treatment"]
    equal = case.allowed & (np.abs(case.mean - case.mean[best]) <= case.rounding)
    tied = [str(name) for name in case.names[equal] if name != case.names[best]]
    more = f" and {len(tied) - 3} more" if len(tied) > 3 else ""
    return [f"same expected utility as {'; '.join(tied[:3])}{more}: the simplest was taken"] if tied else []


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
