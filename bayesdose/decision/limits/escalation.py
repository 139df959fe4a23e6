"""Under a red flag nothing is escalated, unless somebody takes it on with a reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayesdose.decision.limits.doses import TOLERANCE, Check, Verdict
from bayesdose.decision.simplest import fact, is_nothing
from bayesdose.errors import InputError, explain

Floats = NDArray[np.float64]

_SHOWN = 3


class HasName(Protocol):
    """What `decide` asks of a red flag."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...  # pragma: no cover

    @property
    def where(self) -> str:
        """What it concerns."""
        ...  # pragma: no cover


def is_words(text: object) -> bool:
    """Whether it is text that says something and can be written to a file."""
    if not isinstance(text, str):
        return False
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a character, a lone surrogate
        return False
    return bool(text.strip())


@dataclass(frozen=True)
class Acknowledged:
    """Somebody has seen the red flags and takes the escalation on.

    Parameters
    ----------
    who
        A name or a role.
    why
        The reason, in words: it is kept with the choice and printed in reports.

    Raises
    ------
    InputError
        When either is empty.
    """

    who: str
    why: str

    def __post_init__(self) -> None:
        for name, text in (("who", self.who), ("why", self.why)):
            if not is_words(text):
                raise InputError(
                    explain(
                        f"an acknowledgement without {name}",
                        came=repr(text),
                        expected='words, such as Acknowledged(who="Dr A", why="level repeated: confirmed")',
                    )
                )

    def __str__(self) -> str:
        return f"acknowledged by {self.who.strip()}: {self.why.strip()}"


@dataclass(frozen=True)
class NoEscalation:
    """A limit: no option gives more drug than the patient gets now.

    With a current regimen among the options, one that passes its largest sum in 24 hours, or its mean amount
    over time, is blocked. Without one, everything above the option with the smallest such sum is: somebody
    may have to be treated. Drugs are looked at one by one (the coordinate `drug`): an amount of one says
    nothing about that of another. No treatment never is.

    Parameters
    ----------
    flags
        Names of the red flags.
    """

    flags: tuple[str, ...]

    def __str__(self) -> str:
        return f"no escalation under red flags ({self._names})"

    @property
    def _names(self) -> str:
        more = f" and {len(self.flags) - _SHOWN} more" if len(self.flags) > _SHOWN else ""
        return "; ".join(self.flags[:_SHOWN]) + more

    def check(self, outcome: xr.Dataset) -> tuple[Verdict, ...]:
        """Return (blocked, reason) per option.

        Raises
        ------
        InputError
            When the outcome does not say max_daily of its options.
        """
        nothing, current = is_nothing(outcome), _current(outcome)
        daily, mean = _daily(outcome, nothing), _mean(outcome)
        verdicts: list[Verdict] = [(False, "")] * len(nothing)
        for own in _drugs(outcome, ~nothing):
            now = own[current[own]]
            over = _above(daily[own], daily[now], mean[own], mean[now]) & ~current[own]
            for k in own[over]:
                verdicts[k] = (True, self._reason(len(now) > 0))
        return tuple(verdicts)

    def _reason(self, current: bool) -> str:
        base = "the current regimen" if current else "the smallest dose among the options"
        return f"more than {base} under a red flag ({self._names}): re-check, or acknowledge"


def red(flags: Iterable[HasName] | None) -> tuple[HasName, ...]:
    """Return the red flags as a tuple; none where they were not looked for.

    Raises
    ------
    InputError
        When it is something else.
    """
    try:
        found = tuple(flags or ())
        _names(found)
    except (AttributeError, TypeError) as error:
        came, expected = type(flags).__name__, "what bd.red_flags returns"
        raise InputError(explain("flags=", came=came, expected=expected)) from error
    return found


def guarded(
    limits: Sequence[Check], flags: Sequence[HasName], acknowledged: Acknowledged | None
) -> tuple[Sequence[Check], tuple[str, ...]]:
    """Return the limits with the block that red flags put up, and what a reader must know.

    Parameters
    ----------
    limits
        Those stated.
    flags
        Red flags.
    acknowledged
        Who takes it on, and why.

    Raises
    ------
    InputError
        When the acknowledgement is none, or there is no red flag.
    """
    if acknowledged is not None and not isinstance(acknowledged, Acknowledged):
        expected = 'bd.Acknowledged(who="Dr A", why="level repeated: confirmed")'
        raise InputError(explain("acknowledged=", came=type(acknowledged).__name__, expected=expected))
    if acknowledged is not None and not flags:
        fix = "leave acknowledged= out, or pass flags=bd.red_flags(fit, patient, seed=...)"
        raise InputError(explain("there is no red flag to acknowledge", fix=fix))
    if not flags or not isinstance(limits, Sequence) or isinstance(limits, str):
        return limits, ()
    names = _names(flags)
    said = f"red flags: {'; '.join(names)}"
    if acknowledged is not None:
        return limits, (f"{said} ({acknowledged})",)
    return [*limits, NoEscalation(names)], (f"{said}: options that escalate are blocked",)


def recorded(flags: Iterable[Any]) -> tuple[Mapping[str, Any], ...]:
    """Return each red flag as JSON-able values."""
    kept = ("name", "where", "row", "value", "limit", "meaning", "advice")
    return tuple({k: getattr(one, k) for k in kept if hasattr(one, k)} for one in flags)


def _names(flags: Iterable[HasName]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(f"{one.name}, {one.where}" for one in flags))


def _drugs(outcome: xr.Dataset, treats: NDArray[np.bool_]) -> list[NDArray[np.intp]]:
    """Return the positions of the options that give each drug; of all where drugs are not told apart.

    Simulations of one drug that were joined bear different names, and the drug as an attribute they agree on.
    """
    one_drug = "joined" in outcome.attrs and "drug" in outcome.attrs
    if one_drug or "drug" not in outcome.coords or outcome["drug"].dims != ("option",):
        return [np.flatnonzero(treats)]
    drug = outcome["drug"].to_numpy()
    return [np.flatnonzero(treats & (drug == one)) for one in dict.fromkeys(drug[treats].tolist())]


def _above(daily: Floats, now: Floats, mean: Floats, mean_now: Floats) -> NDArray[np.bool_]:
    """Return which options of a drug give more than its current regimen, or than the smallest of them."""
    over = daily > (now.max() if len(now) else daily.min(initial=np.inf)) * (1 + TOLERANCE)
    if len(now) and np.isfinite(mean_now).all():
        over |= mean > mean_now.max() * (1 + TOLERANCE)
    return np.asarray(over)


def _current(outcome: xr.Dataset) -> NDArray[np.bool_]:
    if "kind" in outcome.coords and outcome["kind"].dims == ("option",):
        return np.asarray(outcome["kind"].to_numpy().astype(str) == "current")
    return np.asarray(np.zeros(outcome.sizes["option"], dtype=np.bool_))


def _daily(outcome: xr.Dataset, nothing: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return each option's largest sum within 24 hours, (option,)."""
    daily = fact(outcome, "max_daily")
    if daily is None or np.isnan(daily[~nothing]).any():
        raise InputError(
            explain(
                "red flags block escalation, but the outcome does not say max_daily of every option",
                fix="simulate options made by regimens(), or acknowledge the flags",
            )
        )
    return daily


def _mean(outcome: xr.Dataset) -> NDArray[np.float64]:
    """Return each option's mean amount over time, (option,); nan where an option is a single dose.

    Doses already given can fill the first 24 hours: the largest sum then hides what comes later.
    """
    total, n, interval = (fact(outcome, name) for name in ("total_amount", "n_doses", "interval"))
    if total is None or n is None or interval is None:
        return np.full(outcome.sizes["option"], np.nan)
    span = n * interval
    return np.where(span > 0, total / np.where(span > 0, span, 1.0), np.nan)
