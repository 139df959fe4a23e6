"""Soft limits, and overrides of hard ones: somebody takes responsibility, with a reason that is kept."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import xarray as xr

from bayesdose.decision.limits.doses import Check, Verdict
from bayesdose.decision.limits.escalation import NoEscalation, is_words
from bayesdose.errors import InputError, explain, nearest


@dataclass(frozen=True)
class Soft:
    """A limit that does not block, from `soft`.

    Parameters
    ----------
    limit
        What is not to be passed without need.
    cost
        Utility that an option loses by passing it; None only warns.
    """

    limit: Check
    cost: float | None = None

    def __str__(self) -> str:
        what = "warns" if self.cost is None else f"costs {self.cost:g}"
        return f"{self.limit} (soft: {what})"

    def check(self, outcome: xr.Dataset) -> tuple[Verdict, ...]:
        """Return (passed, reason) per option, as the limit itself does."""
        return self.limit.check(outcome)


def soft(limit: Check, *, cost: float | None = None) -> Soft:
    """Make a limit soft: an option that passes it is not blocked.

    Parameters
    ----------
    limit
        Any limit.
    cost
        Utility that an option loses by passing it, above 0, in units of utility; without one the choice only
        warns.

    Raises
    ------
    InputError
        When it is no limit, or the cost no number above 0.
    """
    if not callable(getattr(limit, "check", None)) or isinstance(limit, Soft):
        expected = 'a limit, such as bd.soft(bd.max_daily("10 mg/kg"), cost=0.2)'
        raise InputError(explain("soft", came=repr(limit), expected=expected))
    number = isinstance(cost, Real) and not isinstance(cost, bool)
    if cost is not None and not (number and math.isfinite(cost) and cost > 0):
        expected = "a number above 0, in units of utility, or no cost to warn only"
        raise InputError(explain("soft: cost", came=repr(cost), expected=expected))
    return Soft(limit, None if cost is None else float(cost))


@dataclass(frozen=True)
class Override:
    """Somebody lets options pass a hard limit. It is written to the audit file and printed in every report.

    Parameters
    ----------
    limit
        The limit, or its words as a choice prints them. None means every limit that blocks `option`.
    who
        A name or a role.
    why
        The reason.
    option
        Label of the only option that may pass; all options unless given.

    Raises
    ------
    InputError
        When who or why is empty, or neither a limit nor an option is named.
    """

    limit: Check | str | None = None
    who: str = ""
    why: str = ""
    option: str | None = None

    def __post_init__(self) -> None:
        for name, text in (("who", self.who), ("why", self.why)):
            if not is_words(text):
                expected = 'words, such as bd.Override(limit, who="Dr A", why="no other drug left")'
                raise InputError(explain(f"an override without {name}", came=repr(text), expected=expected))
        if self.limit is None and self.option is None:
            raise InputError(
                explain("an override of what", came="nothing", expected="limit=, option= or both")
            )

    def __str__(self) -> str:
        what = [str(self.limit)] if self.limit is not None else []
        what += [f"for {self.option}"] if self.option is not None else []
        return f"{' '.join(what)}: overridden by {self.who.strip()}: {self.why.strip()}"

    def covers(self, limit: Check, option: str) -> bool:
        """Whether it lets this option pass this limit."""
        same = self.limit is None or self.limit == limit or self.limit == str(limit)
        return bool(same) and (self.option is None or self.option == option)

    def covers_all(self, limit: Check) -> bool:
        """Whether it lets every option pass this limit."""
        return self.option is None and self.covers(limit, "")


def check_costs(limits: Sequence[Check], score: str, *, counted: bool) -> None:
    """Refuse a soft limit that costs utility where no utility is counted.

    Raises
    ------
    InputError
        When there is one: it would cost nothing.
    """
    costly = [str(one) for one in limits if isinstance(one, Soft) and one.cost is not None]
    if costly and not counted:
        fix = "make it a warning (no cost=) or a hard limit, or decide by expected utility"
        raise InputError(
            explain(
                f"a soft limit costs utility, and options are compared by {score}", came=costly[0], fix=fix
            )
        )


def check_overrides(overrides: Sequence[Override], limits: Sequence[Check], names: Sequence[str]) -> None:
    """Refuse an override that names what is not there, or what is not overridden but acknowledged.

    Raises
    ------
    InputError
        When one is no override, or its limit or option is not among those of the decision.
    """
    if isinstance(overrides, Override | str) or not isinstance(overrides, Sequence):
        expected = 'a list, such as [bd.Override(limit, who="Dr A", why="...")]'
        raise InputError(explain("overrides", came=repr(overrides), expected=expected))
    for one in overrides:
        if not isinstance(one, Override):
            raise InputError(explain("overrides", came=repr(one), expected="bd.Override(limit, who, why)"))
        _check_limit(one, limits)
        if one.option is not None and one.option not in names:
            meant = nearest(str(one.option), list(names))
            raise InputError(explain(f"override: no option is called {one.option!r}", meant=meant))


def _check_limit(one: Override, limits: Sequence[Check]) -> None:
    if one.limit is None:
        return
    matching = [limit for limit in limits if one.limit == limit or one.limit == str(limit)]
    if not matching:
        known = [str(limit) for limit in limits]
        expected = "; ".join(known) or "none is stated"
        meant = nearest(str(one.limit), known)
        raise InputError(
            explain("override of a limit that is not stated", came=one.limit, expected=expected, meant=meant)
        )
    if isinstance(matching[0], NoEscalation):
        fix = "pass acknowledged=bd.Acknowledged(who, why)"
        raise InputError(explain("a red flag is acknowledged, not overridden", came=one.limit, fix=fix))
    if isinstance(matching[0], Soft):
        raise InputError(
            explain("override of a soft limit", came=one.limit, fix="leave it out: it blocks nothing")
        )


def entry(one: Override, lifted: Mapping[str, str], decision: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the audit file keeps of an override.

    Parameters
    ----------
    one
        The override.
    lifted
        The options that pass a limit because of it, and what would have blocked each.
    decision
        What was decided: best option, status, criterion, utility, where the draws came from.
    """
    limit = None if one.limit is None else str(one.limit)
    return {
        "kind": "override",
        "who": one.who.strip(),
        "why": one.why.strip(),
        "limit": limit,
        "option": one.option,
        "options": dict(lifted),
        "decision": dict(decision),
    }
