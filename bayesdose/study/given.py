"""The doses that a table's dose records stand for: additional ones, and those that led to a steady state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayesdose.study.events import DOSE, RESET

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST = 100_000  # doses that one record may stand for; more is a slip of the numbers
_SLACK = 1e-9  # of an interval: what rounding may do to a time


@dataclass(frozen=True)
class Doses:
    """Doses one by one, in the order of time.

    Parameters
    ----------
    time, amount
        When, and how much.
    rate
        Rate of an infusion; 0 for a bolus, -1 or -2 where the model has rate or duration.
    compartment
        Number of the compartment, 0 for the default.
    """

    time: Floats
    amount: Floats
    rate: Floats
    compartment: Ints

    def __len__(self) -> int:
        return len(self.time)

    @property
    def ends(self) -> Floats:
        """Ends of the infusions whose duration is known without the model."""
        known = self.rate > 0
        return self.time[known] + self.amount[known] / self.rate[known]

    def part(self, kept: NDArray[np.bool_]) -> Doses:
        """Return some of them."""
        return Doses(self.time[kept], self.amount[kept], self.rate[kept], self.compartment[kept])

    @classmethod
    def at(cls, column: Mapping[str, NDArray], row: Ints, time: Floats) -> Doses:
        """Return the doses of these rows of a table at these times, sorted by time."""
        order = np.argsort(time, kind="stable")
        row = row[order]
        cmt = np.asarray(column["CMT"], dtype=np.int64)
        return cls(time[order], column["AMT"][row], column["RATE"][row], cmt[row])

    @classmethod
    def together(cls, first: Doses, second: Doses) -> Doses:
        """Return both, sorted by time."""
        names = ("time", "amount", "rate", "compartment")
        joined = [np.concatenate([getattr(first, n), getattr(second, n)]) for n in names]
        order = np.argsort(joined[0], kind="stable")
        return cls(*(values[order] for values in joined))


def cancelled(kind: Ints, steady: Ints) -> NDArray[np.bool_]:
    """Return which records stand before the last reset or SS 1: no further dose of theirs is given."""
    cancels = np.flatnonzero((kind == RESET) | ((kind == DOSE) & (steady == 1)))
    return np.arange(len(kind)) < (cancels[-1] if len(cancels) else 0)


def given_until(column: Mapping[str, NDArray], end: float | Floats, *, before: bool = False) -> Ints:
    """Return how many additional doses of each record are given until `end` (one, or one each); or before."""
    interval, more = column["II"], np.asarray(column["ADDL"], dtype=np.int64)
    repeats = interval > 0
    steps = np.where(repeats, (end - column["TIME"]) / np.where(repeats, interval, 1.0), 0.0)
    whole = np.ceil(steps - _SLACK) - 1 if before else np.floor(steps + _SLACK)
    return np.clip(whole, 0, more).astype(np.int64)


def additional(column: Mapping[str, NDArray], counts: Ints) -> Doses:
    """Return each record's dose and as many additional ones as `counts` says."""
    row = np.repeat(np.arange(len(counts)), counts + 1)
    step = np.arange(len(row)) - np.repeat(np.cumsum(counts + 1) - counts - 1, counts + 1)
    return Doses.at(column, row, column["TIME"][row] + step * column["II"][row])


def led_to_steady_state(column: Mapping[str, NDArray], past: float) -> Doses:
    """Return the doses before those at steady state: two at least, and all that fall into the time `past`.

    Infusions longer than their interval go back far enough for those that still run. A constant infusion (AMT
    0) counts as one dose at its end, as large as what it gave during `past`.
    """
    steady, interval = np.asarray(column["SS"]) > 0, column["II"]
    repeated = steady & (interval > 0)
    per = np.where(repeated, interval, 1.0)
    known = np.where(column["RATE"] > 0, column["RATE"], np.inf)
    reach = np.maximum(past, column["AMT"] / known)
    counts = np.where(repeated, np.clip(np.ceil(reach / per - _SLACK), 2, MOST), 0).astype(np.int64)
    row = np.repeat(np.arange(len(counts)), counts)
    step = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts) + 1
    repeats = Doses.at(column, row, column["TIME"][row] - step * interval[row])
    constant = np.flatnonzero(steady & (column["AMT"] == 0) & (column["RATE"] > 0))
    amounts = {**column, "AMT": column["RATE"] * past, "RATE": np.zeros(len(steady))}
    return Doses.together(repeats, Doses.at(amounts, constant, column["TIME"][constant]))
