"""Candidate regimens for one patient: from dose text and lists of numbers to future doses."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise, product
from typing import Literal

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from bayesdose.errors import InputError, explain, nearest
from bayesdose.study.courses import DOSE_COLUMNS, SLACK, Columns, Course, continued, course, implied, no_doses
from bayesdose.study.dose_text import DoseText, parse
from bayesdose.study.given import MOST, Doses
from bayesdose.study.history import History
from bayesdose.study.study import Study

NO_TREATMENT = "no treatment"
CURRENT = "current regimen"
OCCASIONS = ("new", "same", "each dose")
_TAKEN = (
    "option", "kind", "n_doses", "n_steps", "max_single", "max_daily", "total_amount", "draw", "particle",
    "population_draw",
)  # fmt: skip

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Options:
    """Candidate regimens of one patient.

    Parameters
    ----------
    patient
        The patient's history.
    doses
        The future doses: option (int), TIME, AMT, RATE (0 bolus, above 0 infusion, -1 or -2 rate or duration
        from the model), CMT (0 the default), SS, II (above 0 only with SS), in the model's units.
    table
        One entry per option (coordinate `option`: its label): kind ("none", "current" or "candidate"),
        n_doses (times at which something is given), n_steps (stretches of equal amounts), max_single,
        max_daily and total_amount (amount), interval (time; nan without one), and the numbers of its
        template. max_daily counts doses of the history too, where they fall into the same 24 h, and those
        that lead to a steady state; an infusion counts when it begins.
    start
        Time at which the options begin.
    horizon
        End of the last interval of the longest option.
    last_interval
        Per option, the time for which its last dose counts: its interval; for a single dose that of the
        current regimen, else a day; without doses that of the longest option.
    occasion
        Which occasion (OCC) the time from `start` on belongs to: a "new" one, the "same" as the last
        record's, or a new one with "each dose".
    """

    patient: Study
    doses: pd.DataFrame
    table: xr.Dataset
    start: float
    horizon: float
    last_interval: tuple[float, ...]
    occasion: str = "new"

    @cached_property
    def history(self) -> History:
        """What the patient was given so far."""
        return History.of(self.patient)

    @cached_property
    def _future(self) -> tuple[Columns, ...]:
        """The future doses of each option."""
        whose = self.doses["option"].to_numpy()
        order = np.argsort(whose, kind="stable")
        edges = np.searchsorted(whose[order], np.arange(len(self) + 1))
        columns = {name: self.doses[name].to_numpy()[order] for name in DOSE_COLUMNS}
        return tuple({name: v[a:b] for name, v in columns.items()} for a, b in pairwise(edges))

    @cached_property
    def _until(self) -> tuple[float, ...]:
        kinds = self.table["kind"].to_numpy()
        return tuple(self.history.now if str(kind) == "current" else self.start for kind in kinds)

    @cached_property
    def _past(self) -> Mapping[float, tuple[Doses, NDArray[np.int64]]]:
        """By `until`: the doses given before it, and the additional doses of each event of the history."""
        return {at: (self.history.given(at), self.history.additional(at)) for at in set(self._until)}

    def __len__(self) -> int:
        return int(self.table.sizes["option"])

    def after(self, patient: Study) -> Options:
        """Return the same future doses after another account of the same patient's past.

        Raises
        ------
        InputError
            When it is another patient.
        """
        if patient.ids != self.patient.ids:
            raise InputError(
                explain(
                    "options are of one patient",
                    came=", ".join(patient.ids),
                    expected=", ".join(self.patient.ids),
                )
            )
        return replace(self, patient=patient)

    def future(self, option: int) -> Columns:
        """Return the option's future doses: TIME, AMT, RATE, CMT, SS and II."""
        return self._future[option]

    def given(self, option: int) -> Doses:
        """Return the doses of the history under the option, one by one (`History.given` before `until`)."""
        return self._past[self.until(option)][0]

    def additional(self, option: int) -> NDArray[np.int64]:
        """Return ADDL of each event of the history under the option (`History.additional`)."""
        return self._past[self.until(option)][1]

    def until(self, option: int) -> float:
        """Return the time from which doses that were ordered before are not given any more.

        Ordered are the additional doses (ADDL) of the history. Options end them when they begin, also "no
        treatment"; the "current regimen" goes on with them, as doses of its own, from the last record on.
        """
        return self._until[option]

    def times(self, option: int) -> Floats:
        """Return the times of the option's future doses, each once."""
        return np.unique(self.future(option)["TIME"].astype(np.float64, copy=False))

    def breaks(self, option: int) -> Floats:
        """Return the times, from the option's begin on, at which its input changes, in order.

        They are those of its doses, and the ends of infusions whose duration the table knows (amount by
        rate), also of those of the history that still run; lag times and bioavailability belong to the model.
        """
        until = self.until(option)
        future = implied(self.future(option), self.history.day)
        ends = np.concatenate([future.ends, self.given(option).ends])
        return np.unique(np.concatenate([self.times(option), ends[ends > until]]))

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


def regimens(
    text: str,
    *,
    after: Study,
    start: float | None = None,
    current: bool = True,
    occasion: Literal["new", "same", "each dose"] = "new",
    **lists: Iterable[float] | float,
) -> Options:
    """Return every regimen that a dose text and lists of numbers describe, with "no treatment" before them.

    Parameters
    ----------
    text
        Dose text: ``{amount} mg/kg every {interval} h x 10`` or ``20 mg/kg, then 2 mg every 12 h x 8``.
        ``x 10`` is a number of doses; ``for 5 days`` means the doses given before five days are over. A part
        after "then" starts one interval of the part before it later (of its own, after a single dose). mg/kg
        takes the patient's WT, mg/m2 the BSA. ``500 mg over 1 h every 12 h x 6`` is an infusion, ``into
        central`` names its compartment, and ``at steady state`` behind a part means that its first dose finds
        the steady state of that part.
    after
        The patient: a study of one subject.
    start
        Time of the first dose. By default when the next dose of the current regimen falls due, but not before
        the last record; without a current regimen the time of the last record, which must then be no dose.
    current
        Whether to add the "current regimen", the last amount at the mean of the last two intervals, continued
        to the end of the longest option; it is added where these intervals agree within a factor 1.5. Where
        additional doses (ADDL) are ordered beyond the last record, it is their continuation.
    occasion
        Which occasion (OCC) the options belong to, in a model whose parameters vary between occasions: a
        "new" one, whose kappas nobody knows yet, the "same" as the last record's, or a new one with "each
        dose". "No treatment" shares the new one.
    **lists
        The numbers for each ``{name}`` of the text; options are their product, in the order given.

    Raises
    ------
    InputError
        When text, lists or units cannot be used, or the patient lacks the covariate that a unit needs.
    """
    if occasion not in OCCASIONS:
        raise InputError(
            explain("occasion= is unknown", came=repr(occasion), expected=" or ".join(map(repr, OCCASIONS)))
        )
    history = History.of(after)
    template = parse(text)
    values = _combinations(template, lists)
    begin = _start(start, history)
    candidates = [course(template, v, begin, history) for v in values]
    longest = max(candidates, key=lambda c: c.end)
    courses = [Course(NO_TREATMENT, "none", no_doses(), math.nan, longest.last, {})]
    if current and history.interval:
        courses.append(continued(history, history.interval, longest, CURRENT))
    courses += candidates
    _check_labels(courses)
    return Options(
        patient=after,
        doses=_doses(courses),
        table=_table(courses, template, history, begin),
        start=begin,
        horizon=longest.end,
        last_interval=tuple(c.last for c in courses),
        occasion=occasion,
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
    if math.prod(len(v) for v in numbers.values()) > MOST:
        raise InputError(explain("the lists make too many options", expected=f"{MOST} or fewer"))
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


def _check_labels(courses: Sequence[Course]) -> None:
    labels = [c.label for c in courses]
    if len(set(labels)) < len(labels):
        raise InputError(explain("two options are the same", fix="give numbers that differ in ten digits"))


def _doses(courses: Sequence[Course]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "option": np.repeat(np.arange(len(courses)), [len(c.doses["TIME"]) for c in courses]),
            **{name: np.concatenate([c.doses[name] for c in courses]) for name in DOSE_COLUMNS},
        }
    )


def _table(courses: Sequence[Course], template: DoseText, history: History, start: float) -> xr.Dataset:
    units = history.patient.card.units
    day = history.day
    past = {True: history.given(history.now), False: history.given(start)}
    daily = [_max_daily(c, past[c.kind == "current"], day) for c in courses]
    amount, time = {"units": units.amount}, {"units": units.time}
    arrays: dict[str, tuple] = {name: ("option", _values(courses, name)) for name in template.names}
    arrays |= {
        "kind": ("option", [c.kind for c in courses]),
        "n_doses": ("option", np.array([len(c.times) for c in courses], dtype=np.int64)),
        "max_single": ("option", np.array([c.amounts.max(initial=0.0) for c in courses]), amount),
        "max_daily": (
            "option",
            np.array(daily),
            amount,
        ),
        "interval": ("option", np.array([c.interval for c in courses]), time),
        "n_steps": ("option", np.array([1 + np.count_nonzero(np.diff(c.amounts)) for c in courses])),
        "total_amount": ("option", np.array([c.amounts.sum() for c in courses]), amount),
    }
    return xr.Dataset(arrays, coords={"option": [c.label for c in courses]})


def _values(courses: Sequence[Course], name: str) -> Floats:
    return np.array([c.numbers.get(name, math.nan) for c in courses])


def _max_daily(course: Course, past: Doses, day: float) -> float:
    """Largest sum in any 24 hours that hold a future dose; the window that ends with one is the fullest.

    A dose counts when it begins. One at steady state has its own past instead of what was given before.
    """
    steady = np.flatnonzero(course.doses["SS"] == 1)
    edges = [*np.unique([0, *steady]), len(course.doses["TIME"])]
    fullest = 0.0
    for k, end in pairwise(edges):
        doses = {name: values[k:end] for name, values in course.doses.items()}
        own = implied(doses, day)
        both = own if k in steady else Doses.together(past, own)
        total = np.r_[0.0, np.cumsum(both.amount)]
        oldest = np.searchsorted(both.time, doses["TIME"] - day * (1 - SLACK))
        newest = np.searchsorted(both.time, doses["TIME"], side="right")
        fullest = max(fullest, float((total[newest] - total[oldest]).max(initial=0.0)))
    return fullest
