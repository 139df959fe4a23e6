"""Clock times and dates: hours since a subject's first record, as NM-TRAN's day-time translation counts them.

Source of the rules: the NONMEM help on TIME, DATE and II (NM-TRAN, day-time translation). Stricter than
NM-TRAN: what could be read in two ways is a fault, not a guess.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np
from numpy.typing import NDArray

from bayesdose.study.cells import MISSING, Cell, bad, read_cell

Floats = NDArray[np.float64]

# The order that the name of a date column states (NM-TRAN's).
DATES = {"DATE": "mdy", "DAT1": "dmy", "DAT2": "ymd", "DAT3": "ydm"}

_DAY = 86_400.0
_LAST20 = 50  # years of two digits up to this one are of this century (NM-TRAN's default)
_CLOCK = re.compile(
    r"(\d{1,4}):(\d{2})(?::(\d{2}(?:\.\d*)?))?(?:\s*([ap])\.?m\.?)?", re.ASCII | re.IGNORECASE
)
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}\S*", re.ASCII)
_CALENDAR = re.compile(r"(\d{1,4})[-/. ](\d{1,2})[-/. ](\d{1,4})", re.ASCII)
_WORDS = {"d": "day", "m": "month", "y": "year"}
_LEAVE_OUT = "write hh:mm if TIME is the time of day; leave the dates out if it counts from a first record"


@dataclass(frozen=True)
class Clock:
    """Times read off a clock.

    Parameters
    ----------
    hours
        Since the first record of the subject; nan where missing or faulty.
    missing
        Whether a cell of TIME says nothing.
    faults
        Position, column, problem and fix of each fault.
    dated
        Whether the days are known, from a column of dates or whole moments.
    """

    hours: Floats
    missing: NDArray[np.bool_]
    faults: tuple[tuple[int, str, str, str], ...]
    dated: bool


def read_clock(
    times: Sequence[str], dates: Sequence[str] | None, name: str, block: NDArray[np.int64]
) -> Clock | None:
    """Read TIME and a column of dates.

    Parameters
    ----------
    times
        The cells of TIME.
    dates, name
        The cells of the date column and its name (a key of `DATES`); None without one.
    block
        Number of the subject of each record.

    Returns
    -------
    Clock
        None when TIME is no clock: no cell is hh:mm or a moment, and no date changes within a subject.
    """
    kinds = {t: _kind(t) for t in set(times)}
    moments = "moment" in kinds.values()
    changing = dates is not None and not moments and _changes(dates, block)
    if not moments and not changing and "clock" not in kinds.values():
        return None
    seconds, faults = _column(times, _moment if moments else _time_of_day, "TIME")
    missing = np.asarray([t in MISSING for t in times], dtype=np.bool_)
    if dates is not None and not moments:
        days, more = _column(dates, lambda text: _day(text, DATES[name]), name)
        unknown = bool(np.isnan(seconds).any())  # then nothing is guessed from the order of times
        faults += more + _beyond_midnight(seconds, times)
        if "clock" not in kinds.values() and not unknown:
            faults += _elapsed(seconds, block)
        if not more:
            faults += _kinds_of_day(dates, name)
        if not more and not unknown and name == "DATE":
            faults += _other_order(dates, seconds, days, block)
        seconds = seconds + days * _DAY
    dated = moments or dates is not None
    return Clock(_since_first(seconds, block) / 3600.0, missing, tuple(faults), dated)


def read_interval(text: str, hour: float) -> Cell:
    """Read a cell of II: hh:mm becomes hours times `hour` (hours in the card's unit of time)."""
    if not _CLOCK.fullmatch(text):
        return read_cell(text, "II")
    cell = _time_of_day(text)
    return cell if cell.problem else Cell(cell.value / 3600.0 * hour)


def _kind(text: str) -> str:
    return "moment" if _MOMENT.fullmatch(text) else "clock" if _CLOCK.fullmatch(text) else "other"


def _changes(dates: Sequence[str], block: NDArray[np.int64]) -> bool:
    """Whether a date changes within a subject; one that does not says nothing about times."""
    code = {t: k for k, t in enumerate(dict.fromkeys(dates))}
    day = np.asarray([code[t] for t in dates])
    return bool(((np.diff(day) != 0) & (np.diff(block) == 0)).any())


def _column(
    texts: Sequence[str], read: Callable[[str], Cell], column: str
) -> tuple[Floats, list[tuple[int, str, str, str]]]:
    known = {t: read(t) for t in set(texts)}
    values = np.asarray([known[t].value for t in texts], dtype=np.float64)
    faults = [(k, column, known[t].problem, known[t].fix) for k, t in enumerate(texts) if known[t].problem]
    return values, faults


def _time_of_day(text: str) -> Cell:
    """Seconds of hh:mm, hh:mm:ss, with am or pm; a number counts hours (NM-TRAN)."""
    found = _CLOCK.fullmatch(text)
    if found is None:
        cell = read_cell(text, "TIME")
        if cell.problem:
            return bad(cell.problem, "write hh:mm, as 08:30")
        return cell if cell.missing else Cell(cell.value * 3600.0)
    hours, minutes, seconds = int(found[1]), int(found[2]), float(found[3] or 0)
    half = (found[4] or "").lower()
    if minutes > 59 or seconds >= 60:
        return bad("no time of day", "write hh:mm, with minutes up to 59")
    if half and not 1 <= hours <= 12:
        return bad("no time of day", "write hours of 1 to 12 before am or pm, or leave it out")
    if half:
        hours = hours % 12 + (12 if half == "p" else 0)
    return Cell(hours * 3600.0 + minutes * 60.0 + seconds)


def _moment(text: str) -> Cell:
    """Seconds of a date with a time of day (ISO 8601, as pandas writes it); an offset from UTC is obeyed."""
    if text in MISSING:
        return read_cell(text, "TIME")
    if not _MOMENT.fullmatch(text):
        return bad("no date with a time of day, as other cells of TIME are", "write it as 2024-01-31 08:30")
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return bad("no such date or time of day", "write it as 2024-01-31 08:30")
    return Cell((read.replace(tzinfo=read.tzinfo or UTC) - datetime(1, 1, 1, tzinfo=UTC)).total_seconds())


def _day(text: str, order: str) -> Cell:
    """Read a calendar date in this order, or a plain number of the day, as a number of days."""
    text = text.removesuffix(" 00:00:00")  # pandas writes a date so
    if text in MISSING:
        return bad("the date is missing", "write the date of each record")
    if re.fullmatch(r"[+-]?\d{1,4}(\.0)?", text, re.ASCII):
        return Cell(float(text))
    found = _CALENDAR.fullmatch(text)
    if found is None:
        return bad("no date that is understood", "write it with the year, as 2024-01-31")
    parts = found.groups()
    own = "ymd" if len(parts[0]) == 4 and order[0] != "y" else order
    day = _ordinal(parts, own)
    if day is not None:
        return Cell(day)
    words = " ".join(_WORDS[o] for o in own)
    elsewhere = [name for name, other in DATES.items() if len(parts[0]) < 4 or other[0] == "y"]
    other = [name for name in elsewhere if _ordinal(parts, DATES[name]) is not None]
    if not other:
        return bad("no such day", "write a day that the calendar has, as 2024-01-31")
    named = " or ".join(other)
    return bad(f"no date in the order {words}", f"write it as 2024-01-31, or name the column {named}")


def _ordinal(parts: Sequence[str], order: str) -> float | None:
    """Return the number of the day that year, month and day in this order make; None where there is none."""
    named = dict(zip(order, parts, strict=True))
    year = int(named["y"])
    if len(named["y"]) < 3:
        year += 2000 if year <= _LAST20 else 1900
    try:
        return float(date(year, int(named["m"]), int(named["d"])).toordinal())
    except ValueError:
        return None


def _kinds_of_day(dates: Sequence[str], name: str) -> list[tuple[int, str, str, str]]:
    """Day numbers among calendar dates, or the other way round, once."""
    calendar = {k: bool(_CALENDAR.match(t)) for k, t in enumerate(dates) if t not in MISSING}
    other = next((k for k, c in calendar.items() if c != next(iter(calendar.values()))), None)
    mixed = "day numbers and calendar dates in one column"
    return [] if other is None else [(other, name, mixed, "write all of them as 2024-01-31")]


def _beyond_midnight(seconds: Floats, times: Sequence[str]) -> list[tuple[int, str, str, str]]:
    late = np.flatnonzero((seconds > _DAY) | (seconds < 0)).tolist()
    return [(k, "TIME", f"{times[k]} is no time of day, beside a date", _LEAVE_OUT) for k in late]


def _elapsed(seconds: Floats, block: NDArray[np.int64]) -> list[tuple[int, str, str, str]]:
    """Complain once where numbers beside dates never run back: they may count from the first record."""
    if (np.diff(seconds)[np.diff(block) == 0] < 0).any():
        return []
    problem = "TIME may be the hour of the day or count from a first record: it never runs back"
    return [(0, "TIME", problem, _LEAVE_OUT)]


def _other_order(
    dates: Sequence[str], seconds: Floats, days: Floats, block: NDArray[np.int64]
) -> list[tuple[int, str, str, str]]:
    """Complain once of dates that could be month first (DATE) or day first, with other times.

    They could not when one of them is no date in the other order, or when time would run back in it.
    """
    swapped, impossible = _column(dates, lambda text: _day(text, "dmy"), "DATE")
    if impossible:
        return []
    here, there = (_since_first(seconds + d * _DAY, block) for d in (days, swapped))
    inside = np.diff(block) == 0
    differ = np.flatnonzero(here != there)
    if not differ.size or (np.diff(there)[inside] < 0).any():
        return []
    fix = "write it as 2024-01-31, or name the column DAT1 if the day stands first"
    return [(int(differ[0]), "DATE", "month or day may stand first, and both give a course of times", fix)]


def _since_first(seconds: Floats, block: NDArray[np.int64]) -> Floats:
    first = np.flatnonzero(np.diff(block, prepend=-1) > 0)
    since: Floats = seconds - seconds[first][block]
    return since if not math.isnan(float(np.sum(since))) else _past_missing(seconds, block)


def _past_missing(seconds: Floats, block: NDArray[np.int64]) -> Floats:
    """As `_since_first`, from the first record that has a time: others are findings of their own."""
    start = np.full(int(block.max(initial=0)) + 1, np.nan)
    for k in np.flatnonzero(np.isfinite(seconds))[::-1]:
        start[block[k]] = seconds[k]
    since: Floats = seconds - start[block]
    return since
