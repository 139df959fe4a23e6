"""What one patient was given so far, the current regimen, and the size that a dose scales with."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bayesdose.errors import InputError, explain, nearest
from bayesdose.study.events import DOSE, OBSERVATION, OTHER, RECORD_COLUMNS, RESET, events, record_columns
from bayesdose.study.given import MOST, Doses, additional, cancelled, given_until, led_to_steady_state
from bayesdose.study.study import Study
from bayesdose.units import factor, unit

Floats = NDArray[np.float64]

_SLACK = 1e-9  # of an interval: what rounding may do to a time
_AGREE = 1.5  # clock times of one regimen vary; a load and its maintenance differ by more

# The covariate a dose "per" something is multiplied with: per mass WT, per area BSA.
_SIZES = {"kilogram": "WT", "meter ** 2": "BSA"}
SIZE_UNITS = {"WT": "kg", "BSA": "m**2"}
_DOSES = ("mg", "g", "ug", "mcg", "ng", "kg", "IU", "mmol", "umol", "nmol", "mol")
_AREAS = {"m2": "m**2", "m^2": "m**2", "m²": "m**2", "sqm": "m**2"}


@dataclass(frozen=True)
class History:
    """The doses and resets of one patient, in file order.

    Parameters
    ----------
    patient
        The study it comes from.
    column
        One entry per event, by the name of the table's column: TIME, KIND (1 dose, 2 other, 3 reset), AMT,
        RATE, II, ADDL, SS, CMT, OCC, and each covariate that varies (the value that governs the interval
        which ends there). Records that give nothing are kept (KIND 2) where a covariate or the occasion
        varies.
    clock
        Number of the course of each event: it grows where time runs back at a reset.
    last_clock
        Number of the course that the last record belongs to.
    now
        Time of the last record.
    """

    patient: Study
    column: Mapping[str, NDArray]
    clock: NDArray[np.int64]
    last_clock: int
    now: float

    @classmethod
    def of(cls, patient: Study) -> History:
        """Return the history of a study of one subject.

        Raises
        ------
        InputError
            When it holds another number of subjects.
        """
        if patient.n_subjects != 1:
            raise InputError(
                explain(
                    "options are made for one patient",
                    came=f"a study of {patient.n_subjects} subjects",
                    fix="study.select(id)",
                )
            )
        column = record_columns(events(patient))
        time = column["TIME"]
        clock = np.cumsum(np.diff(time, prepend=time[0]) < 0)
        varying = {name: column[name] for name in column if name not in RECORD_COLUMNS}
        changes = bool(varying) or len(set(column["OCC"].tolist())) > 1
        kept = np.isin(column["KIND"], (DOSE, RESET)) | changes
        column["KIND"] = np.where(column["KIND"] == OBSERVATION, OTHER, column["KIND"])
        kept_columns = {name: values[kept] for name, values in column.items()}
        return cls(patient, kept_columns, clock[kept], int(clock[-1]), float(time[-1]))

    @cached_property
    def last(self) -> dict[str, float]:
        """The occasion and the covariates that vary on the last record: what they are from then on."""
        varying = [c.name for c in self.patient.card.covariates if c.varies]
        return {name: float(self.patient.records[name].iloc[-1]) for name in ("OCC", *varying)}

    @cached_property
    def last_occasion(self) -> int:
        """The highest occasion of the table; later ones are new."""
        return int(self.patient.records["OCC"].max())

    @cached_property
    def day(self) -> float:
        """A day in the card's unit of time."""
        return factor("day", self.patient.card.units.time)

    @cached_property
    def _alive(self) -> NDArray[np.bool_]:
        """Whether a dose record may still give additional doses."""
        gone = cancelled(self.column["KIND"], self.column["SS"])
        return (self.column["KIND"] == DOSE) & (self.clock == self.last_clock) & ~gone

    def additional(self, start: float) -> NDArray[np.int64]:
        """Return ADDL of each event without the doses that are not given any more once options begin.

        Those up to the last record were given, and those before `start` will be; later ones are not. An
        infusion that was begun is let run out.
        """
        counts = np.maximum(given_until(self.column, self.now), given_until(self.column, start, before=True))
        return np.where(self._alive, counts, self.column["ADDL"])

    def given(self, start: float) -> Doses:
        """Return the doses on the present clock that are given before `start`, one by one.

        Additional doses are among them, and doses that led to a steady state; what stands before the last
        SS 1 is not: its steady state says what was given before.
        """
        steady = np.flatnonzero((self.column["KIND"] == DOSE) & (self.column["SS"] == 1))
        since = int(steady[-1]) if len(steady) else 0
        present = (self.column["KIND"] == DOSE) & (self.clock == self.last_clock)
        return self._one_by_one(present & (np.arange(len(present)) >= since), self.additional(start))

    def _one_by_one(self, kept: NDArray[np.bool_], counts: NDArray[np.int64]) -> Doses:
        column = {name: values[kept] for name, values in self.column.items()}
        column["ADDL"] = self._until_cancelled()[kept]
        doses = additional(column, np.minimum(counts[kept], column["ADDL"]))
        doses = doses.part(doses.amount > 0)  # the other are constant infusions
        return Doses.together(led_to_steady_state(column, self.day), doses)

    def _until_cancelled(self) -> NDArray[np.int64]:
        """ADDL of each event, up to the next reset or SS 1."""
        kind, steady = self.column["KIND"], self.column["SS"]
        counts = np.asarray(self.column["ADDL"], dtype=np.int64).copy()
        for k in np.flatnonzero((kind == RESET) | ((kind == DOSE) & (steady == 1))):
            limit = given_until(self.column, float(self.column["TIME"][k]))
            counts[:k] = np.minimum(counts[:k], limit[:k])
        return counts

    @property
    def given_times(self) -> Floats:
        """Times of the doses given so far on the present clock."""
        return self.given(self.now).time

    @cached_property
    def _regimen(self) -> Doses:
        """The doses since the last reset or SS 1, up to now."""
        alive = self._alive & (self.column["AMT"] > 0)
        return self._one_by_one(alive, self.additional(self.now))

    @cached_property
    def ordered(self) -> NDArray[np.int64]:
        """The events whose additional doses go on beyond the last record: an order that stands."""
        return np.flatnonzero(self._alive & (self.column["ADDL"] > given_until(self.column, self.now)))

    @property
    def interval(self) -> float | None:
        """Interval of the current regimen.

        That of the orders that stand (of several, the mean time between their doses); else the mean of the
        last two intervals, where they agree within a factor 1.5, and None otherwise: two doses close together
        are a loading scheme, and nobody means to go on with it.
        """
        if len(self.ordered):
            longest = float(self.column["II"][self.ordered].max())
            times = np.unique(self._orders(self.now + longest * (1 + 1e-6)).time)
            return longest / len(times)
        last = np.diff(np.unique(self._regimen.time))[-2:]
        if len(last) < 2 or last.max() > _AGREE * last.min():
            return None
        return float(last.mean())

    @property
    def due(self) -> float:
        """Time at which the next dose of the current regimen falls due."""
        if len(self.ordered):
            return float(self._orders(math.inf).time.min())
        return float(self._regimen.time[-1]) + (self.interval or 0.0)

    def continued(self, end: float) -> Doses:
        """Return the doses of the current regimen from now until `end`.

        An order that stands goes on at its times, also beyond the number of its doses. Without one, what was
        given at the last dosing time is given again at every interval, from when it falls due.
        """
        if len(self.ordered):
            return self._orders(end)
        return self._repeated(max(self.due, self.now), end)

    def schedule(self, end: float) -> Doses:
        """Return the doses of the current regimen from when the next falls due, perhaps ago, before `end`."""
        return self._orders(end) if len(self.ordered) else self._repeated(self.due, end)

    def _repeated(self, first: float, end: float) -> Doses:
        """Return what was given last again at every interval from `first`, before `end`."""
        interval, doses = self.interval or math.inf, self._regimen
        n = max(0, math.ceil((end - first) / interval - _SLACK))
        last = _boluses_at_once(doses.part(doses.time == doses.time[-1]))
        times = np.repeat(first + np.arange(n) * interval, len(last))
        return Doses(times, np.tile(last.amount, n), np.tile(last.rate, n), np.tile(last.compartment, n))

    def _orders(self, end: float) -> Doses:
        """Return the orders' doses after now and before `end`; the first of each if `end` is infinite."""
        column = {name: values[self.ordered] for name, values in self.column.items()}
        done = given_until(column, self.now)
        if math.isinf(end):
            row, step = np.arange(len(done)), done + 1
        else:
            left = np.ceil((end - column["TIME"]) / column["II"] - _SLACK) - 1 - done
            left = np.clip(left, 0, MOST).astype(np.int64)
            row = np.repeat(np.arange(len(done)), left)
            step = np.arange(len(row)) - np.repeat(np.cumsum(left) - left - done, left) + 1
        return Doses.at(column, row, column["TIME"][row] + step * column["II"][row])

    def amount_factor(self, text: str, sizes: Mapping[str, float] | None = None) -> float:
        """Return what turns an amount in the unit `text` (mg, g, mg/kg, mg/m2) into the model's amount unit.

        Parameters
        ----------
        text
            The unit.
        sizes
            WT in kg or BSA in m2 that a dose is per, where it is not that of the patient's table.

        Raises
        ------
        InputError
            When it is no unit of a dose, or the card lacks the covariate (WT, BSA) that it needs.
        """
        mass, *per = text.split("/")
        own = self.patient.card.units.amount
        if len(per) > 1:
            raise InputError(
                explain(
                    f"{text!r} is a rate, not a dose",
                    expected="the amount of one dose, such as mg or mg/kg",
                    fix="divide by the number of doses a day",
                )
            )
        times = _factor(mass, own, text)
        return times * size_of(self.patient, per[0], text, sizes or {}) if per else times


def _boluses_at_once(doses: Doses) -> Doses:
    """Return doses of one time with the boluses into one compartment summed."""
    bolus = doses.rate == 0
    cmt = np.unique(doses.compartment[bolus])
    sums = np.array([doses.amount[bolus & (doses.compartment == c)].sum() for c in cmt])
    joined = Doses(np.full(len(cmt), doses.time[0]), sums, np.zeros(len(cmt)), cmt)
    return Doses.together(joined, doses.part(~bolus))


def _base(text: str) -> str:
    """Return the base unit of a unit ("kilogram" for g)."""
    return str((1.0 * unit(text)).to_base_units().units)


def _factor(came: str, own: str, text: str) -> float:
    try:
        return factor(came, own)
    except InputError as error:
        raise InputError(
            explain(
                f"{text!r} is no unit of a dose of this model",
                expected=f"a unit that converts to {own}, alone or per kg or m2",
                meant=nearest(came, [other for other in _DOSES if _converts(other, own)]),
            )
        ) from error


def _converts(came: str, own: str) -> bool:
    try:
        return factor(came, own) > 0
    except InputError:
        return False


def size_of(patient: Study, per: str, text: str, sizes: Mapping[str, float]) -> float:
    """Return what a dose per kg or per m2 is multiplied by, in that unit.

    It is WT (kg) or BSA (m2) of `sizes`, else the patient's last one.

    Raises
    ------
    InputError
        When `per` is neither, or the covariate is not declared or not known.
    """
    per = _AREAS.get(per, per)
    name = _SIZES.get(_base(per))
    if name is None:
        raise InputError(
            explain(
                f"doses cannot be given per {per!r}",
                came=repr(text),
                expected="per kg (WT) or per m2 (BSA)",
            )
        )
    if name in sizes:
        return sizes[name] * factor(SIZE_UNITS[name], per)
    declared = {c.name.upper(): c for c in patient.card.covariates}
    if name not in declared:
        raise InputError(
            explain(
                f"a dose in {text!r} needs the covariate {name}, which the card does not declare",
                meant=nearest(name, list(declared)),
                fix=f"write the dose in {patient.card.units.amount}, add {name} to the card, or state "
                f'sizes={{"{name}": ...}}',
            )
        )
    covariate = declared[name]
    value = float(patient.records[covariate.name].iloc[-1])
    if not np.isfinite(value):
        raise InputError(
            explain(
                f"a dose in {text!r} needs {name}, which is not known of this patient",
                fix=f"write {name} in the table, or the dose in {patient.card.units.amount}",
            )
        )
    return value * factor(_AREAS.get(covariate.unit, covariate.unit), per)
