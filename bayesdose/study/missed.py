"""A dose was missed: skip it, take it now, take half, double the next, or move the schedule."""

from __future__ import annotations

import math

import numpy as np

from bayesdose.errors import InputError, explain
from bayesdose.study.candidates import made
from bayesdose.study.courses import Columns, Course, as_columns, no_doses
from bayesdose.study.given import MOST, Doses
from bayesdose.study.history import History
from bayesdose.study.options import NO_TREATMENT, Options
from bayesdose.study.study import Study
from bayesdose.units import quantity_in

SKIP, NOW, HALF, DOUBLE, MOVE = (
    "skip the missed dose",
    "take it now",
    "take half of it now",
    "double the next dose",
    "take it now and move the schedule",
)


def after_missed_dose(patient: Study, *, late: str | float = 0.0, doses: int = 6) -> Options:
    """Return what can be done about a dose of the current regimen that was not taken.

    Parameters
    ----------
    patient
        A study of one subject on a regimen whose next dose fell due and is not in the table.
    late
        How long ago the first dose that is not in the table fell due: "5 h", or a number in the card's time.
        Several may have been missed since; only the last of them is taken, halved or doubled.
    doses
        How many doses of the schedule are looked ahead.

    Returns
    -------
    Options
        "no treatment", "skip the missed dose" (kind "current": the schedule goes on), "take it now", "take
        half of it now", "double the next dose", and "take it now and move the schedule": intervals count from
        now. All end together, `doses` intervals after the next scheduled dose; infusions last as long as
        before.

    Raises
    ------
    InputError
        When there is no regimen whose dose could be missed, or nothing was due yet.
    """
    history = History.of(patient)
    if history.interval is None:
        raise InputError(
            explain(
                "the patient has no regimen of which a dose could be missed",
                expected="three doses at like intervals, or additional ones (ADDL) that are ordered",
                fix="write the options with bd.regimens",
            )
        )
    now = history.due + (late if isinstance(late, int | float) else quantity_in(late, _time(history)))
    _check(history, now, late, doses)
    interval = history.interval
    end = _next(history, now) + doses * interval
    due = history.schedule(end)
    missed, ahead = due.part(due.time <= now), due.part(due.time > now)
    last = missed.part(missed.time == missed.time[-1])
    moved = _shifted(ahead, now - float(last.time[0]), end)
    at_now = _shifted(last, now - float(last.time[0]), math.inf)
    first = ahead.time == ahead.time[0]
    choices = {
        SKIP: ahead,
        NOW: Doses.together(at_now, ahead),
        HALF: Doses.together(_times(at_now, np.full(len(at_now), 0.5)), ahead),
        DOUBLE: _times(ahead, np.where(first, 2.0, 1.0)),
        MOVE: Doses.together(at_now, moved),
    }
    courses = [Course(NO_TREATMENT, "none", no_doses(), math.nan, interval, {}, begin=history.now)]
    for label, given in choices.items():
        kind = "current" if label == SKIP else "candidate"
        length = end - float(given.time[-1])
        columns: Columns = as_columns(given)
        courses.append(Course(label, kind, columns, interval, length, {}, begin=history.now))
    return made(courses, [], history, now, end, "new")


def _time(history: History) -> str:
    return history.patient.card.units.time


def _check(history: History, now: float, late: object, doses: int) -> None:
    if not math.isfinite(now) or now < max(history.due, history.now):
        raise InputError(
            explain(
                "no dose was missed yet",
                came=f"late={late!r}: it is {now:g}, the last record is at {history.now:g}",
                expected=f"a dose was due at {history.due:g}, and the last record is no later than now",
            )
        )
    if not isinstance(doses, int) or not 1 <= doses <= MOST:
        raise InputError(explain("doses=", came=repr(doses), expected=f"a whole number, 1 to {MOST}"))


def _next(history: History, now: float) -> float:
    """Return when the next dose after now is due."""
    assert history.interval is not None
    longest = max([history.interval, *history.column["II"][history.ordered].tolist()])
    times = history.schedule(now + 2 * longest).time
    return float(times[times > now].min())


def _shifted(doses: Doses, by: float, end: float) -> Doses:
    moved = Doses(doses.time + by, doses.amount, doses.rate, doses.compartment)
    return moved.part(moved.time < end)


def _times(doses: Doses, share: np.ndarray) -> Doses:
    """Return doses times a share each, over the same time."""
    rate = np.where(doses.rate > 0, doses.rate * share, doses.rate)
    return Doses(doses.time, doses.amount * share, rate, doses.compartment)
