"""When options begin: at a time of the patient's table, or at a time of day."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from bayesdose.errors import InputError, explain
from bayesdose.study.history import History
from bayesdose.units import factor

_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_SLACK = 1e-9  # of a day: what rounding may do to a time


@dataclass(frozen=True)
class Begin:
    """When an option begins.

    Parameters
    ----------
    time
        In the patient's table.
    hour
        Time of day in hours; nan where nobody said what the clock shows.
    text
        In words.
    """

    time: float
    hour: float
    text: str


def begins(
    start: float | str | Sequence[float | str] | None, now: str | None, history: History
) -> list[Begin]:
    """Return when options begin, in the order given.

    Parameters
    ----------
    start, now
        As in `regimens`.
    history
        Of the patient.

    Raises
    ------
    InputError
        When a time is none, lies before the last record or is named twice, or a time of day is given without
        `now`.
    """
    each = [start] if start is None or isinstance(start, int | float | str) else list(start)
    if not each:
        raise InputError(explain("start= is an empty list"))
    shown = None if now is None else _hours(now, "now=")
    made = [_begin(one, shown, history) for one in each]
    if len({when.time for when in made}) < len(made):
        came = ", ".join(when.text for when in made)
        raise InputError(explain("start= names a time twice", came=came))
    return made


def _begin(start: float | str | None, shown: float | None, history: History) -> Begin:
    unit = history.patient.card.units.time
    if isinstance(start, str):
        return _at_time_of_day(start, shown, history)
    time = _start(start, history)
    hour = math.nan if shown is None else (shown + 24 * (time - history.now) / history.day) % 24
    return Begin(time, hour, f"from {time:.10g} {unit}")


def _at_time_of_day(text: str, shown: float | None, history: History) -> Begin:
    """Return the next such time of day at which the options may begin."""
    hour = _hours(text, "start=")
    if shown is None:
        raise InputError(
            explain(
                f"start={text!r} is a time of day",
                fix='say what the clock shows at the last record of the patient: now="14:30"',
            )
        )
    hours = factor("h", history.patient.card.units.time)
    first = max(history.due, history.now) if history.interval else history.now
    on_top = len(history.given_times) and history.given_times[-1] == history.now
    ahead = (hour - shown) % 24
    least = (first - history.now) / hours
    whole = math.ceil((least - ahead) / 24 - _SLACK)
    ahead += 24 * max(whole, 0)
    if on_top and ahead == 0:
        ahead = 24.0  # a dose was just given
    return Begin(history.now + ahead * hours, hour, f"from {text}")


def _hours(text: str, what: str) -> float:
    found = _CLOCK.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None:
        raise InputError(
            explain(f"{what} is no time of day", came=repr(text), expected="hh:mm, such as 08:30")
        )
    return int(found[1]) + int(found[2]) / 60


def _start(start: float | None, history: History) -> float:
    if start is None:
        _refuse_on_top(history)
        return max(history.due, history.now) if history.interval else history.now
    if not math.isfinite(start) or start < history.now:
        raise InputError(
            explain(
                "the options cannot start before the last record of the patient",
                came=f"start={start:g}",
                expected=f"{history.now:g} or later",
                fix="leave later records out (study.until(time)), or start later",
            )
        )
    return float(start)


def _refuse_on_top(history: History) -> None:
    """Refuse to let options start on a dose that was just given, unless somebody says so."""
    if history.interval is None and len(history.given_times) and history.given_times[-1] == history.now:
        raise InputError(
            explain(
                "when shall the options start?",
                came=f"a dose at {history.now:g} as the last record, and no regimen yet",
                fix="give start=, the time of the first dose",
            )
        )
