"""Candidate regimens for one patient: from dose text and lists of numbers to future doses."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from bayesdose.errors import InputError, explain, nearest
from bayesdose.study.dose_text import DoseText, Number, Part, parse, positive, whole
from bayesdose.study.history import History
from bayesdose.study.study import Study
from bayesdose.units import factor

NO_TREATMENT = "no treatment"
CURRENT = "current regimen"
_TAKEN = (
    "option", "kind", "n_doses", "n_steps", "max_single", "max_daily", "total_amount", "draw", "particle",
    "population_draw",
)  # fmt: skip
_MOST = 100_000  # options, or doses of one; more is a slip of the numbers
_SLACK = 1e-9  # of a day or an interval: what rounding may do to a time

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Options:
    """Candidate regimens of one patient.

    Parameters
    ----------
    patient
        The patient's history.
    doses
        The future doses: option (int), TIME, AMT, in the model's units.
    table
        One entry per option (coordinate `option`: its label): kind ("none", "current" or "candidate"),
        n_doses, n_steps (stretches of equal amounts), max_single, max_daily and total_amount (amount),
        interval (time; nan without one), and the numbers of its template. max_daily counts doses of the
        history too, where they fall into the same 24 h.
    start
        Time at which the options begin.
    horizon
        End of the last interval of the longest option.
    last_interval
        Per option, the time for which its last dose counts: its interval; for a single dose that of the
        current regimen, else a day; without doses that of the longest option.
    """

    patient: Study
    doses: pd.DataFrame
    table: xr.Dataset
    start: float
    horizon: float
    last_interval: tuple[float, ...]

    @cached_property
    def history(self) -> History:
        """What the patient was given so far."""
        return History.of(self.patient)

    def __len__(self) -> int:
        return int(self.table.sizes["option"])

    def times(self, option: int) -> Floats:
        """Return the times of the option's future doses."""
        return self.doses.loc[self.doses["option"] == option, "TIME"].to_numpy(np.float64)

    def window(self, option: int, after_dose: int) -> tuple[float, float]:
        """Return the interval after a dose: until the next one, or the end of the last interval.

        Parameters
        ----------
        option
            Its number, from 0.
        after_dose
            Which future dose, as Python counts: 0 is the first, -1 the last. An option without doses has one
            window, whatever is asked: the last interval of the longest option.

        Raises
        ------
        InputError
            When the option has fewer doses.
        """
        times, length = self.times(option), self.last_interval[option]
        if not len(times):
            return self.horizon - length, self.horizon
        if not -len(times) <= after_dose < len(times):
            label = str(self.table["option"].to_numpy()[option])
            raise InputError(
                explain(
                    f"the option {label!r} has no dose {after_dose}",
                    came=after_dose,
                    expected=f"0 to {len(times) - 1}, or -1 (the last) to {-len(times)}",
                )
            )
        k = after_dose % len(times)
        end = times[k + 1] if k + 1 < len(times) else times[k] + length
        return float(times[k]), float(end)

    def __repr__(self) -> str:
        unit = self.patient.card.units.time
        return f"<Options: {len(self)} regimens from {self.start:g} to {self.horizon:g} {unit}>"


@dataclass(frozen=True)
class _Course:
    """The future doses of one option."""

    label: str
    kind: str
    times: Floats
    amounts: Floats
    interval: float  # nan without one
    last: float  # for how long the last dose counts
    numbers: Mapping[str, float]

    @property
    def end(self) -> float:
        return float(self.times[-1]) + self.last


def regimens(
    text: str,
    *,
    after: Study,
    start: float | None = None,
    current: bool = True,
    **lists: Iterable[float] | float,
) -> Options:
    """Return every regimen that a dose text and lists of numbers describe, with "no treatment" before them.

    Parameters
    ----------
    text
        Dose text: ``{amount} mg/kg every {interval} h x 10`` or ``20 mg/kg, then 2 mg every 12 h x 8``.
        ``x 10`` is a number of doses; ``for 5 days`` means the doses given before five days are over. A part
        after "then" starts one interval of the part before it later (of its own, after a single dose). mg/kg
        takes the patient's WT, mg/m2 the BSA.
    after
        The patient: a study of one subject.
    start
        Time of the first dose. By default when the next dose of the current regimen falls due, but not before
        the last record; without a current regimen the time of the last record, which must then be no dose.
    current
        Whether to add the "current regimen", the last amount at the mean of the last two intervals, continued
        to the end of the longest option; it is added where these intervals agree within a factor 1.5.
    **lists
        The numbers for each ``{name}`` of the text; options are their product, in the order given.

    Raises
    ------
    InputError
        When text, lists or units cannot be used, or the patient lacks the covariate that a unit needs.
    """
    history = History.of(after)
    template = parse(text)
    values = _combinations(template, lists)
    begin = _start(start, history)
    candidates = [_course(template, v, begin, history) for v in values]
    longest = max(candidates, key=lambda c: c.end)
    nobody = np.empty(0)
    courses = [_Course(NO_TREATMENT, "none", nobody, nobody, math.nan, longest.last, {})]
    if current and history.interval:
        courses.append(_continued(history, history.interval, longest))
    courses += candidates
    _check_labels(courses)
    return Options(
        patient=after,
        doses=_doses(courses),
        table=_table(courses, template, history),
        start=begin,
        horizon=longest.end,
        last_interval=tuple(c.last for c in courses),
    )


def _combinations(template: DoseText, lists: Mapping[str, Iterable[float] | float]) -> list[dict[str, float]]:
    for name in template.names:
        if name not in lists:
            meant = nearest(name, list(lists))
            raise InputError(
                explain(
                    f"no numbers were given for {{{name}}} of the dose text {template.text!r}",
                    meant=f"{name}= instead of {meant}=" if meant else None,
                    fix=f"pass {name}=[...]",
                )
            )
        if name in _TAKEN:
            raise InputError(
                explain(f"{{{name}}} is a name that options use themselves", fix="choose another")
            )
    for name in lists:
        if name not in template.names:
            raise InputError(
                explain(
                    f"{name}= is not in the dose text {template.text!r}",
                    expected=", ".join(f"{{{n}}}" for n in template.names) or "a text with {name} in it",
                    meant=nearest(name, template.names),
                )
            )
    numbers = {name: _numbers(name, given) for name, given in lists.items()}
    if math.prod(len(v) for v in numbers.values()) > _MOST:
        raise InputError(explain("the lists make too many options", expected=f"{_MOST} or fewer"))
    return [dict(zip(numbers, one, strict=True)) for one in product(*numbers.values())]


def _numbers(name: str, given: Iterable[float] | float) -> list[float]:
    try:
        if isinstance(given, str):
            raise TypeError
        numbers = np.atleast_1d(np.asarray(list(given) if isinstance(given, Iterable) else given, float))
        if numbers.ndim != 1 or not numbers.size or not np.isfinite(numbers).all():
            raise TypeError
    except (TypeError, ValueError) as error:
        expected = f"a list of numbers, as in {name}=[1, 2, 3]"
        raise InputError(
            explain(f"{name}= is no list of numbers", came=repr(given), expected=expected)
        ) from error
    if len(set(numbers.tolist())) < numbers.size:
        raise InputError(explain(f"{name}= names a number twice", came=repr(given)))
    return [float(v) for v in numbers]


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
                fix="cut the history with study.until(time)",
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


def _course(template: DoseText, values: Mapping[str, float], start: float, history: History) -> _Course:
    """Lay the parts of a template behind each other, with its placeholders filled."""
    label, units = template.label(values), history.patient.card.units
    times, amounts = [], []
    at, interval = start, math.nan
    for part, following in zip(template.parts, [*template.parts[1:], None], strict=True):
        size = _positive(part.amount, values, "the amount of a dose", label)
        own = _interval(part, values, units.time, label)
        n = _count(part, values, own, units.time, label)
        if own is None and following is not None:
            gap = _interval(following, values, units.time, label)
        else:
            gap = own
        times.append(at + np.arange(n) * (own or 0.0))
        amounts.append(np.full(n, size * history.amount_factor(part.unit)))
        interval = gap if gap is not None else interval
        at = float(times[-1][-1]) + (gap or 0.0)
    last = interval if math.isfinite(interval) else history.interval or factor("day", units.time)
    joined, sizes = np.concatenate(times), np.concatenate(amounts)
    return _Course(label, "candidate", joined.astype(np.float64), sizes, interval, last, values)


def _positive(number: Number, values: Mapping[str, float], what: str, label: str) -> float:
    return positive(values[number] if isinstance(number, str) else number, what, label)


def _interval(part: Part, values: Mapping[str, float], unit: str, label: str) -> float | None:
    if part.every is None:
        return None
    return _positive(part.every, values, "the interval", label) * factor(part.every_unit, unit)


def _count(part: Part, values: Mapping[str, float], interval: float | None, unit: str, label: str) -> int:
    if part.count is not None:
        count = _positive(part.count, values, "the number of doses", label)
        return _few(int(whole(count, "the number of doses", label)), label)
    if part.duration is None or interval is None:
        return 1
    duration = _positive(part.duration, values, "how long", label) * factor(part.duration_unit, unit)
    return _few(max(1, math.ceil(duration / interval - _SLACK)), label)


def _few(n: int, label: str) -> int:
    if n > _MOST:
        raise InputError(explain(f"too many doses in {label!r}", came=n, expected=f"{_MOST} or fewer"))
    return n


def _continued(history: History, interval: float, longest: _Course) -> _Course:
    first = max(history.due, history.now)  # it goes on as it was, also before the others start
    n = _few(max(0, math.ceil((longest.end - first) / interval - _SLACK)), CURRENT)
    times = (first + np.arange(n) * interval).astype(np.float64)
    return _Course(CURRENT, "current", times, np.full(n, history.last_amount), interval, interval, {})


def _check_labels(courses: Sequence[_Course]) -> None:
    labels = [c.label for c in courses]
    if len(set(labels)) < len(labels):
        raise InputError(explain("two options are the same", fix="give numbers that differ in ten digits"))


def _doses(courses: Sequence[_Course]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "option": np.repeat(np.arange(len(courses)), [len(c.times) for c in courses]),
            "TIME": np.concatenate([c.times for c in courses]),
            "AMT": np.concatenate([c.amounts for c in courses]),
        }
    )


def _table(courses: Sequence[_Course], template: DoseText, history: History) -> xr.Dataset:
    units = history.patient.card.units
    day = factor("day", units.time)
    amount, time = {"units": units.amount}, {"units": units.time}
    arrays: dict[str, tuple] = {name: ("option", _values(courses, name)) for name in template.names}
    arrays |= {
        "kind": ("option", [c.kind for c in courses]),
        "n_doses": ("option", np.array([len(c.times) for c in courses], dtype=np.int64)),
        "max_single": ("option", np.array([c.amounts.max(initial=0.0) for c in courses]), amount),
        "max_daily": ("option", np.array([_max_daily(c, history, day) for c in courses]), amount),
        "interval": ("option", np.array([c.interval for c in courses]), time),
        "n_steps": ("option", np.array([1 + np.count_nonzero(np.diff(c.amounts)) for c in courses])),
        "total_amount": ("option", np.array([c.amounts.sum() for c in courses]), amount),
    }
    return xr.Dataset(arrays, coords={"option": [c.label for c in courses]})


def _values(courses: Sequence[_Course], name: str) -> Floats:
    return np.array([c.numbers.get(name, math.nan) for c in courses])


def _max_daily(course: _Course, history: History, day: float) -> float:
    """Largest sum in any 24 hours that hold a future dose; the window that ends with one is the fullest."""
    times = np.concatenate([history.given_times, course.times])
    amounts = np.concatenate([history.given_amounts, course.amounts])
    total = np.r_[0.0, np.cumsum(amounts)]
    oldest = np.searchsorted(times, course.times - day * (1 - _SLACK))
    newest = np.searchsorted(times, course.times, side="right")
    return float((total[newest] - total[oldest]).max(initial=0.0))
