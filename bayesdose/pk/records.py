"""The records of a study as a kernel sees them, and what one record's dose is.

A dose's bioavailability, lag, rate and duration are parameters of its compartment (NONMEM's F, ALAG, R, D):
columns of a table with the same rows as the rates.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bayesdose.pk.kernels import Array, Int32Array, Int64Array, inlined, part

DOSE, RESET = 1, 3
"""Kinds of records (0 is an observation, 2 an event of another type)."""

MOST = 1e5
"""More events than this from one record are a runaway parameter, not a schedule."""


class Records(NamedTuple):
    """The event tables of all streams, all (record,) but `start`."""

    start: Int32Array
    """(stream + 1,) offsets into the records."""
    row: Int32Array
    """The row of parameters."""
    time: Array
    kind: Int32Array
    """0 observation, 1 dose, 2 other, 3 reset."""
    amount: Array
    rate: Array
    """0 bolus, > 0 rate of the infusion, -1 rate from the model, -2 duration from the model."""
    interval: Array
    additional: Int32Array
    steady: Int32Array
    compartment: Int32Array
    """Where a dose goes: 0 the default, c its c-th compartment."""


class Routes(NamedTuple):
    """Parameters of the doses by compartment.

    Values (row, column), and each one's column by compartment or -1.
    """

    value: Array
    default: int
    """Index of the compartment that code 0 stands for."""
    n_lags: int
    """How many compartments have a lag."""
    fraction: Int64Array
    lag: Int64Array
    duration: Int64Array
    rate: Int64Array


@inlined
def compartment_of(records: Records, routes: Routes, r: int) -> int:
    """Return the index of the compartment that a record doses."""
    code: int = records.compartment[r]
    return routes.default if code == 0 else code - 1


@inlined
def value_of(routes: Routes, column: int, row: int, default: float) -> float:
    """Return a parameter of a dose, or its default where the model has none."""
    return routes.value[row, column] if column >= 0 else default


@part
def dose(records: Records, routes: Routes, r: int, row: int) -> tuple[float, float, float]:
    """Return amount, rate and duration of a record's dose; a bolus has rate and duration 0 (`is_bolus`)."""
    c = compartment_of(records, routes, r)
    amount = records.amount[r] * value_of(routes, routes.fraction[c], row, 1.0)
    given = records.rate[r]
    if given == 0.0:
        return amount, 0.0, 0.0
    rate, duration = given, 0.0
    if given == -2.0:
        duration = value_of(routes, routes.duration[c], row, np.nan)
        rate = amount / duration
    else:
        if given == -1.0:
            rate = value_of(routes, routes.rate[c], row, np.nan)
        duration = amount / rate
    if duration == 0.0 and not constant(records, r):
        rate = 0.0
    return amount, rate, duration


@inlined
def is_bolus(rate: float, duration: float) -> bool:
    """Whether rate and duration are those of a bolus; a constant infusion has no duration."""
    return rate == 0.0 and duration == 0.0


@inlined
def constant(records: Records, r: int) -> bool:
    """Whether a record asks for the steady state of a constant infusion."""
    return records.steady[r] > 0 and records.interval[r] == 0.0


@inlined
def lag_of(records: Records, routes: Routes, r: int) -> float:
    """Return the lag of a record's dose; a constant infusion has none."""
    column = routes.lag[compartment_of(records, routes, r)]
    return 0.0 if constant(records, r) else value_of(routes, column, records.row[r], 0.0)


@part
def implied_by(records: Records, routes: Routes, r: int, horizon: float) -> int:
    """Return at most how many events a dose record makes; -1 where its parameters allow no schedule."""
    lag = lag_of(records, routes, r)
    _, rate, duration = dose(records, routes, r, records.row[r])
    interval = records.interval[r]
    if not (lag >= 0.0 and duration >= 0.0 and abs(rate) < np.inf and lag + duration < np.inf):
        return -1
    doses = 1.0
    if records.additional[r] > 0:
        doses += max(0.0, min(records.additional[r], np.floor((horizon - records.time[r]) / interval) + 1.0))
    most = 3.0 + 2.0 * doses
    if records.steady[r] > 0:
        past = 0.0 if constant(records, r) else (2.0 * lag + duration) / interval
        most += 12.0 + 2.0 * past
    return int(most) if most < MOST else -1


@inlined
def plain(records: Records, routes: Routes, begin: int, end: int) -> bool:
    """Whether every dose of the records [begin, end) is a bolus that enters where it stands, and no more."""
    rate, additional, steady = (
        records.rate[begin:end],
        records.additional[begin:end],
        records.steady[begin:end],
    )
    more, counts = 0, 0
    for r in range(end - begin):
        more += rate[r] != 0.0
    for r in range(end - begin):
        counts |= additional[r] | steady[r]
    return more == 0 and counts == 0 and routes.n_lags == 0


@part
def bound(records: Records, routes: Routes, simple: bool, stream: int) -> int:
    """Return at most how many events a stream has; `simple` says that records imply none."""
    begin, end = records.start[stream], records.start[stream + 1]
    horizon, n = -np.inf, end - begin
    if simple:
        return n
    for r in range(begin, end):
        horizon = max(horizon, records.time[r])
    for r in range(begin, end):
        if records.kind[r] == DOSE:
            n += max(0, implied_by(records, routes, r, horizon))
    return n


@inlined
def measure(records: Records, routes: Routes, simple: bool) -> int:
    """Return at most how many events the longest stream has."""
    most = 0
    for s in range(records.start.shape[0] - 1):
        most = max(most, bound(records, routes, simple, s))
    return most


@inlined
def measure_all(records: Records, routes: Routes, simple: bool) -> int:
    """Return at most how many events all streams have."""
    n = 0
    for s in range(records.start.shape[0] - 1):
        n += bound(records, routes, simple, s)
    return n
