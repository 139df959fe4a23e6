"""A limit for some of the options only: those of one drug, one route, one formulation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayesdose.decision.limits.doses import Check, Verdict
from bayesdose.errors import InputError, explain, nearest

_SHOWN = 10  # values in a complaint


@dataclass(frozen=True)
class Only:
    """A limit for the options with these facts, from `only_for`.

    Parameters
    ----------
    limit
        Any hard limit.
    facts
        Coordinates of the options and the value each must have.
    """

    limit: Check
    facts: tuple[tuple[str, Any], ...]

    def __str__(self) -> str:
        return f"{' and '.join(f'{name} {value}' for name, value in self.facts)}: {self.limit}"

    def check(self, outcome: xr.Dataset) -> tuple[Verdict, ...]:
        """Return (blocked, reason) per option; an option without the facts is never blocked.

        Raises
        ------
        InputError
            When the options do not have the facts, or the limit cannot be answered for those that do.
        """
        meant = np.flatnonzero(having(outcome, self.facts, str(self)))
        verdicts: list[Verdict] = [(False, "")] * outcome.sizes["option"]
        if len(meant):
            for k, verdict in zip(meant, self.limit.check(outcome.isel(option=meant)), strict=True):
                verdicts[k] = verdict
        return tuple(verdicts)


def only_for(limit: Check, **facts: Any) -> Only:
    """Make a limit hold for some of the options only.

    ``bd.only_for(bd.max_daily("4 g"), drug="paracetamol")``

    Parameters
    ----------
    limit
        Any limit; a soft one is made of the result, ``bd.soft(bd.only_for(...))``.
    facts
        Coordinates of the options (drug, route, formulation) and the value each must have.

    Raises
    ------
    InputError
        When it is no limit, or no fact is named.
    """
    from bayesdose.decision.limits.overrides import Soft

    if not callable(getattr(limit, "check", None)) or isinstance(limit, Soft | Only):
        expected = 'a hard limit, such as bd.only_for(bd.max_daily("4 g"), drug="paracetamol")'
        raise InputError(explain("only_for", came=repr(limit), expected=expected))
    if not facts:
        raise InputError(explain("only_for: facts", came="none", expected='such as drug="paracetamol"'))
    return Only(limit, tuple(facts.items()))


def inner_limit(limit: Check) -> Check:
    """Return the limit that holds for some options only, or the limit itself."""
    return limit.limit if isinstance(limit, Only) else limit


def check_meant(limits: Iterable[Check], outcome: xr.Dataset) -> None:
    """Refuse a limit for options with a fact that none of the options has: it would never block.

    Raises
    ------
    InputError
        When there is one; a misspelt value of an existing fact is named.
    """
    for limit in limits:
        _check_facts(limit, outcome, str(limit))


def _check_facts(limit: object, outcome: xr.Dataset, said: str) -> None:
    inside = getattr(limit, "limit", None)  # a soft limit's, or that for some options only
    if inside is not None:
        _check_facts(inside, outcome, said)
    for name, value in (*getattr(limit, "facts", ()), *getattr(limit, "only", ())):
        if not having(outcome, ((name, value),), said).any():
            known = [str(v) for v in dict.fromkeys(outcome[name].to_numpy().tolist()) if str(v)]
            raise InputError(
                explain(
                    f"limit {said}: no option has the {name} {value!r}, so it would never block",
                    expected=", ".join(known[:_SHOWN]) + ", ..." * (len(known) > _SHOWN),
                    meant=nearest(str(value), known),
                    fix="leave it out where these options are not meant",
                )
            )


def having(outcome: xr.Dataset, facts: tuple[tuple[str, Any], ...], limit: str) -> NDArray[np.bool_]:
    """Return which options have these facts, (option,).

    Raises
    ------
    InputError
        When the options have no such coordinate.
    """
    meant = np.ones(outcome.sizes["option"], dtype=np.bool_)
    known = [str(n) for n, c in outcome.coords.items() if c.dims == ("option",)]
    for name, value in facts:
        if name not in known:
            expected, guess = ", ".join(known), nearest(str(name), known)
            raise InputError(
                explain(f"limit {limit}: options have no fact {name!r}", expected=expected, meant=guess)
            )
        meant &= outcome[name].to_numpy() == value
    return meant
