"""The future doses of one option: a dose text laid out in time, or the current regimen continued."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bayesdose.card import Card
from bayesdose.errors import InputError, explain
from bayesdose.study.changes import Change, Steps
from bayesdose.study.dose_text import DoseText, Number, Part, positive, whole
from bayesdose.study.formulations import Formulation
from bayesdose.study.given import MOST, Doses, additional, led_to_steady_state
from bayesdose.study.history import History
from bayesdose.units import factor

SLACK = 1e-9  # of a day or an interval: what rounding may do to a time
DOSE_COLUMNS = ("TIME", "AMT", "RATE", "CMT", "SS", "II")

Floats = NDArray[np.float64]
Columns = Mapping[str, NDArray]


@dataclass(frozen=True)
class Course:
    """The future doses of one option.

    Parameters
    ----------
    label, kind
        What it is called; "none", "current" or "candidate".
    doses
        Columns TIME, AMT, RATE, CMT, SS and II, in order of time; II is 0 but for a dose at steady state.
    interval
        Of its last part; nan without one.
    last
        For how long its last dose counts.
    numbers
        Those of the placeholders.
    begin
        When it begins; nan: when options do.
    hour
        The time of day of its begin, in hours; nan where nobody said what the clock shows.
    formulation
        What it is given as; None for nothing in particular.
    change
        What changes in the patient beside the doses.
    steps
        The covariates that change, by name.
    off
        How far rounding to what can be made up moved the total dose, as a share of it.
    """

    label: str
    kind: str
    doses: Columns
    interval: float
    last: float
    numbers: Mapping[str, float]
    begin: float = math.nan
    hour: float = math.nan
    formulation: Formulation | None = None
    change: Change | None = None
    steps: Mapping[str, Steps] = field(default_factory=dict)
    off: float = 0.0

    @cached_property
    def times(self) -> Floats:
        """When something is given."""
        return np.unique(self.doses["TIME"])

    @cached_property
    def amounts(self) -> Floats:
        """How much is given at each of the times."""
        at = np.searchsorted(self.times, self.doses["TIME"])
        return np.bincount(at, weights=self.doses["AMT"], minlength=len(self.times))

    @property
    def end(self) -> float:
        """End of the interval of its last dose."""
        return float(self.times[-1]) + self.last


@dataclass(frozen=True)
class Laying:
    """What a dose text is laid out with.

    Parameters
    ----------
    history
        Of the patient.
    formulation
        What the doses are given as, if anything in particular.
    sizes
        Weight (WT, kg) or surface (BSA, m2) that doses are per; the patient's own unless given.
    """

    history: History
    formulation: Formulation | None = None
    sizes: Mapping[str, float] = field(default_factory=dict)

    def amount(self, value: float, unit: str) -> tuple[float, float]:
        """Return a dose as it is given, and as the text has it, in the model's unit."""
        asked = value * self.history.amount_factor(unit, self.sizes)
        own = self.history.patient.card.units.amount
        return asked if self.formulation is None else self.formulation.rounded(asked, own), asked


def no_doses() -> Columns:
    """Return the columns of no dose at all."""
    return as_columns(Doses(np.empty(0), np.empty(0), np.empty(0), np.empty(0, dtype=np.int64)))


def as_columns(doses: Doses) -> Columns:
    """Return doses that find no steady state as columns."""
    n = len(doses)
    given = {"TIME": doses.time, "AMT": doses.amount, "RATE": doses.rate, "CMT": doses.compartment}
    return {**given, "SS": np.zeros(n, dtype=np.int64), "II": np.zeros(n)}


def implied(doses: Columns, past: float) -> Doses:
    """Return the doses, and those that led to a steady state of theirs during the time `past`."""
    column = {**doses, "ADDL": np.zeros(len(doses["TIME"]))}
    return Doses.together(
        led_to_steady_state(column, past), additional(column, np.zeros(len(doses["TIME"]), dtype=np.int64))
    )


def course(template: DoseText, values: Mapping[str, float], start: float, laying: Laying) -> Course:
    """Lay the parts of a template behind each other, with its placeholders filled."""
    label, unit = template.label(values), laying.history.patient.card.units.time
    laid: list[Columns] = []
    asked: list[float] = []
    at, interval, pause = start, math.nan, 0.0
    for part, following in zip(template.parts, [*template.parts[1:], None], strict=True):
        if not part.amount:
            rest = _positive(part.duration or 0.0, values, "how long", label)
            rest *= factor(part.duration_unit, unit)
            at, pause = at + rest, pause + rest
            continue
        own = _interval(part, values, unit, label)
        gap = own if own is not None or following is None else _interval(following, values, unit, label)
        times = np.asarray(at + np.arange(_count(part, values, own, unit, label)) * (own or 0.0), float)
        columns, wanted = _part(part, values, times, own, label, laying)
        laid.append(columns)
        _few(sum(len(before["TIME"]) for before in laid), label)
        asked.append(wanted * len(times))
        interval, pause = gap if gap is not None else interval, 0.0
        at = float(times[-1]) + (gap or 0.0)
    last = interval if math.isfinite(interval) else laying.history.interval or factor("day", unit)
    joined = {name: np.concatenate([columns[name] for columns in laid]) for name in DOSE_COLUMNS}
    off = abs(float(joined["AMT"].sum()) / sum(asked) - 1.0)
    if _moved(laid, asked):
        label += f" ({_as_given(joined['AMT'], laying.history.patient.card.units.amount)})"
    return Course(
        label, "candidate", joined, interval, last + pause, values,
        begin=start, formulation=laying.formulation, off=off,
    )  # fmt: skip


def _moved(laid: list[Columns], asked: list[float]) -> bool:
    """Whether rounding moved a part's dose by more than the last digits."""
    given = [float(columns["AMT"].sum()) for columns in laid]
    return any(abs(g - a) > SLACK * a for g, a in zip(given, asked, strict=True))


def _as_given(amounts: Floats, unit: str) -> str:
    """Return the doses in words, equal ones behind each other once."""
    stretches = amounts[np.r_[True, np.diff(amounts) != 0]]
    return ", then ".join(f"{x:.10g} {unit}" for x in stretches.tolist())


def continued(history: History, interval: float, longest: Course, label: str) -> Course:
    """Return the current regimen, continued to the end of the longest option."""
    ahead = longest.end - min(history.due, history.now)
    _few(math.ceil(ahead / interval - SLACK), label)
    doses = as_columns(history.continued(longest.end))  # it goes on as it was, also before the others start
    return Course(label, "current", doses, interval, interval, {})


def _part(
    part: Part, values: Mapping[str, float], times: Floats, every: float | None, label: str, laying: Laying
) -> tuple[Columns, float]:
    """Return the doses of a part, and what the text has for each."""
    card, n = laying.history.patient.card, len(times)
    size, asked = laying.amount(_positive(part.amount, values, "the amount of a dose", label), part.unit)
    rate = part.rate
    if part.over is not None:
        over = _positive(part.over, values, "the duration of an infusion", label)
        rate = size / (over * factor(part.over_unit, card.units.time))
    into = part.into if part.into != "0" or laying.formulation is None else laying.formulation.into
    first = np.arange(n) == 0
    return {
        "TIME": times.astype(np.float64),
        "AMT": np.full(n, size),
        "RATE": np.full(n, rate),
        "CMT": np.full(n, _compartment(card, into), dtype=np.int64),
        "SS": (first & part.steady).astype(np.int64),
        "II": np.where(first & part.steady, every or 0.0, 0.0),
    }, asked


def _compartment(card: Card, name: str) -> int:
    if not name.isdecimal():
        return card.compartment(name)
    if card.compartments and int(name) > len(card.compartments):
        raise InputError(
            explain(
                f"the model has no compartment {name}",
                expected=", ".join(f"{k} ({c})" for k, c in enumerate(card.compartments, 1)),
            )
        )
    return int(name)


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
    return _few(max(1, math.ceil(duration / interval - SLACK)), label)


def _few(n: int, label: str) -> int:
    if n > MOST:
        raise InputError(explain(f"too many doses in {label!r}", came=n, expected=f"{MOST} or fewer"))
    return n
