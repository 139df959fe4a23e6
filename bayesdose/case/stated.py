"""From the tables of a case file to limits and criteria, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from bayesdose.case.tables import ChanceTable, CriterionTable, EventTable, LimitsTable, SoftTable
from bayesdose.decision import (
    Event,
    attainment,
    chance,
    contraindicated,
    cvar,
    max_daily,
    max_load,
    max_single,
    min_interval,
    soft,
)
from bayesdose.decision.events import Probability
from bayesdose.decision.limits.doses import Check
from bayesdose.errors import InputError, explain

TEXTS: dict[str, Callable[[str], Check]] = {
    "max_daily": max_daily,
    "max_single": max_single,
    "min_interval": min_interval,
}
"""Limits that are one text."""

Made = tuple[str, Callable[[], Any]]
"""A key of the file, and what makes its limit."""


def limits_of(limits: LimitsTable) -> Iterator[Made]:
    """Yield each limit stated, under its key, unmade: making one may find that it is wrong."""
    for name, made in TEXTS.items():
        if (text := getattr(limits, name)) is not None:
            yield name, partial(made, text)
    for load, one in limits.max_load.items():
        yield f"max_load.{load}", partial(max_load, load, one.limit, content=one.content)
    for k, row in enumerate(limits.contraindicated):
        yield f"contraindicated[{k}]", partial(contraindicated, **row.model_dump())
    for k, event in enumerate(limits.chance):
        yield f"chance[{k}]", partial(_chance, event)
    for name, gentle in limits.soft.items():
        yield f"soft.{name}", partial(_soft, name, gentle)


def criterion_of_table(table: CriterionTable) -> Any:
    """Return the criterion, as `decide` takes it.

    Raises
    ------
    InputError
        When a parameter is missing, wrong, or of another criterion.
    """
    given = table.model_dump(exclude={"name"}, exclude_none=True)
    wanted = {"CVaR": ("share",), "attainment": ("outcome", "above", "below", "within")}.get(table.name, ())
    other = [key for key in given if key not in wanted]
    if other:
        expected = ", ".join(wanted) or "no other key"
        raise InputError(explain(f"criterion {table.name!r}", came=", ".join(other), expected=expected))
    if table.name == "CVaR":
        return cvar(given.get("share", 0.1))
    if table.name == "attainment":
        if table.outcome is None:
            raise InputError(
                explain(
                    "criterion 'attainment'",
                    came="no outcome",
                    expected="outcome, and above, below or within",
                )
            )
        return attainment(Event(**given))
    return table.name


def _soft(name: str, one: SoftTable) -> Check:
    return soft(TEXTS[name](one.limit), cost=one.cost)


def _chance(one: ChanceTable) -> Check:
    given = one.model_dump(include=set(EventTable.model_fields), exclude_none=True)
    event = Event(**given) if len(given) > 1 else Probability(one.outcome)
    return chance(event, at_most=one.at_most, confidence=one.confidence)
