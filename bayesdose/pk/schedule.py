"""NONMEM's event semantics: from the records of one stream to the plain events that a walk carries out.

A record may imply further events: additional doses (ADDL), doses that enter after a lag, ends of infusions,
the past doses of a steady state. `schedule` lays them all out in time. What follows is the NONMEM Users
Guide VI (PREDPP), chapters III.B.2 and V:

* a record's row of parameters governs the interval that ends at the record; an implied event takes the row
  of the
  next record (its argument record), also for its bioavailability, rate and duration; a lag is that of the
  record that gives the dose;
* an implied event at the time of a record acts before it; a dose without lag acts at its own place in file
  order;
* a reset, and a steady state that resets (SS = 1), cancel what is pending of earlier records.

A dose adds to a state (bolus) or to the rate of an infusion, which is a state as well (`Targets`); an
infusion is thus two events, +rate and -rate. A steady state is a cycle of events between `OPEN` and
`CLOSE`: the walk looks for the state that the cycle brings back to itself, and adds it to the one before
`OPEN`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bayesdose.pk.kernels import Array, Int64Array, inlined, part
from bayesdose.pk.records import (
    DOSE,
    RESET,
    Records,
    Routes,
    compartment_of,
    constant,
    dose,
    implied_by,
    is_bolus,
    lag_of,
    value_of,
)

NOTHING, ADD, OPEN, CLOSE = 0, 1, 5, 6
"""Kinds of events, beside RESET."""

BY_LAG, BY_DURATION = 1, 2
"""What the time of an event depends on, beside its record's: bits of `role`."""

TIE = 1e-12
"""Relative difference of times that are one: 3 x 8.4 is more than 25.2 by a rounding."""

FOREVER = 1e3
"""Period, in units of time, of the cycle that stands for a constant infusion; any will do.

Rounding grows with the product of period and fastest rate in a matrix exponential, and with its inverse for
the slowest in an eigenbasis.
"""


class Events(NamedTuple):
    """What a walk carries out, in order; all (event,)."""

    kind: Int64Array
    state: Int64Array
    """The state that ADD adds to."""
    row: Int64Array
    record: Int64Array
    """The record behind the event."""
    source: Int64Array
    """The row that bioavailability, rate and duration come from."""
    role: Int64Array
    order: Int64Array
    """Scratch of sorting; and by record of the stream: the event after which it is read."""
    time: Array
    dt: Array
    """Length of the interval before the event."""
    amount: Array
    scale: Array
    """The amount is `scale` times the dose, or the rate, of the record. For CLOSE: the period."""


@inlined
def events_of(ints: Int64Array, reals: Array) -> Events:
    """Give the parts of the scratch, (7, event) and (4, event), their names."""
    return Events(
        ints[0], ints[1], ints[2], ints[3], ints[4], ints[5], ints[6], reals[0], reals[1], reals[2], reals[3]
    )


@inlined
def events_from(ev: Events, e: int) -> Events:
    """Return the events from position e on."""
    return Events(
        ev.kind[e:], ev.state[e:], ev.row[e:], ev.record[e:], ev.source[e:], ev.role[e:], ev.order[e:],
        ev.time[e:], ev.dt[e:], ev.amount[e:], ev.scale[e:],
    )  # fmt: skip


@inlined
def put(
    ev: Events, e: int, kind: int, state: int, row: int, record: int, source: int, role: int,
    time: float, amount: float, scale: float,
) -> int:  # fmt: skip
    """Write an event at position e; return the next position."""
    ev.kind[e], ev.state[e], ev.row[e], ev.record[e] = kind, state, row, record
    ev.source[e], ev.role[e] = source, role
    ev.time[e], ev.amount[e], ev.scale[e] = time, amount, scale
    return e + 1


@part
def argument_record(time: Array, first: int, last: int, t: float) -> int:
    """Return the first record in [first, last) at or after t, or `last`; see `TIE`."""
    while first < last:
        middle = (first + last) // 2
        if time[middle] >= t - TIE * abs(t):
            last = middle
        else:
            first = middle + 1
    return first


@part
def snapped(time: Array, first: int, last: int, t: float) -> float:
    """Return the time of the record in [first, last) that t falls on, or t itself; see `TIE`."""
    q = argument_record(time, first, last, t)
    if q < last and time[q] <= t + TIE * abs(t):
        return time[q]
    return t


@part
def plan_dose(
    records: Records, routes: Routes, target: Int64Array, r: int, row: int, last: int, t: float, role: int,
    start: bool, pool: Events, p: int,
) -> int:  # fmt: skip
    """Put one dose, given at t, into the pool: its entry (if `start`) and the end of its infusion."""
    amount, rate, duration = dose(records, routes, r, row)
    c = compartment_of(records, routes, r)
    t = snapped(records.time, r + 1, last, t)
    if is_bolus(rate, duration):
        if start:
            p = put(pool, p, ADD, target[c], row, r, row, role, t, amount, 1.0)
        return p
    pump = target[target.shape[0] // 2 + c]
    if start:
        p = put(pool, p, ADD, pump, row, r, row, role, t, rate, 1.0)
    if t + duration <= records.time[last - 1]:
        p = put(pool, p, ADD, pump, row, r, row, role | BY_DURATION, t + duration, -rate, -1.0)
    return p


@part
def plan_record(
    records: Records, routes: Routes, target: Int64Array, r: int, last: int, pool: Events, p: int
) -> int:
    """Put what record r implies before record `last` into the pool; return the pool's length, or -1."""
    if implied_by(records, routes, r, records.time[last - 1]) < 0:
        return -1
    lag, time, interval = lag_of(records, routes, r), records.time[r], records.interval[r]
    if constant(records, r):
        return p
    role = BY_LAG if routes.lag[compartment_of(records, routes, r)] >= 0 else 0
    if records.steady[r] > 0:
        p = plan_past(records, routes, target, r, last, role, pool, p)
    elif lag == 0.0:
        p = plan_dose(records, routes, target, r, records.row[r], last, time, role, False, pool, p)
    first = 1 if records.steady[r] > 0 or lag == 0.0 else 0
    for n in range(first, records.additional[r] + 1):
        t = time + lag + n * interval
        q = argument_record(records.time, r + 1, last, t)
        if q == last:
            break
        p = plan_dose(records, routes, target, r, records.row[q], last, t, role, True, pool, p)
    return p


@part
def plan_past(
    records: Records, routes: Routes, target: Int64Array, r: int, last: int, role: int, pool: Events, p: int
) -> int:
    """Put the doses of a steady state that are on their way at the record's time into the pool.

    They are those that enter later (a lag above the interval makes several) and the ends of infusions that
    run.
    """
    lag, time, interval, row = (
        lag_of(records, routes, r),
        records.time[r],
        records.interval[r],
        records.row[r],
    )
    pending = int(np.floor(lag / interval))
    phase = lag - pending * interval
    for j in range(pending + 1):
        t = time + phase + j * interval
        if t <= records.time[last - 1]:
            at_once = j == 0 and phase == 0.0
            p = plan_dose(records, routes, target, r, row, last, t, role, not at_once, pool, p)
    _, rate, duration = dose(records, routes, r, row)
    pump = target[target.shape[0] // 2 + compartment_of(records, routes, r)]
    for m in range(1, 1 if is_bolus(rate, duration) else running(phase + duration, interval) + 1):
        t = time + phase + duration - m * interval
        if t <= records.time[last - 1]:
            p = put(pool, p, ADD, pump, row, r, row, role | BY_DURATION, t, -rate, -1.0)
    return p


@inlined
def running(reach: float, interval: float) -> int:
    """Return how many infusions of a steady state run when the next is due `phase` later.

    Reach = phase + duration.
    """
    return int(np.ceil(reach / interval)) - 1


@part
def write_steady(records: Records, routes: Routes, target: Int64Array, r: int, ev: Events, e: int) -> int:
    """Write the cycle of a steady state, and what runs or enters at the record's own time."""
    time, interval, row = records.time[r], records.interval[r], records.row[r]
    c = compartment_of(records, routes, r)
    amount, rate, duration = dose(records, routes, r, row)
    bolus = is_bolus(rate, duration)
    state = target[c] if bolus else target[target.shape[0] // 2 + c]
    role = BY_LAG if routes.lag[c] >= 0 else 0
    if records.steady[r] == 1:
        e = put(ev, e, RESET, 0, row, r, row, 0, time, 0.0, 0.0)
    e = put(ev, e, OPEN, 0, row, r, row, 0, time, 0.0, 0.0)
    if constant(records, r):
        e = put(ev, e, ADD, state, row, r, row, 0, time, rate, 1.0)
        e = put(ev, e, ADD, state, row, r, row, 0, time + FOREVER, -rate, -1.0)
        e = put(ev, e, CLOSE, 0, row, r, row, 0, time + FOREVER, 0.0, FOREVER)
        return put(ev, e, NOTHING, 0, row, r, row, 0, time, 0.0, 0.0)
    lag = lag_of(records, routes, r)
    phase = lag - np.floor(lag / interval) * interval
    level = 0
    if bolus:
        e = put(ev, e, ADD, state, row, r, row, role, time + phase, amount, 1.0)
    else:
        level = running(phase + duration, interval)
        e = write_infusions(ev, e, state, row, r, role, time, interval, phase, duration, rate, level)
    e = put(ev, e, CLOSE, 0, row, r, row, 0, time + interval, 0.0, interval)
    e = put(ev, e, ADD, state, row, r, row, 0, time, level * rate, 1.0 * level)
    if phase == 0.0:
        e = put(ev, e, ADD, state, row, r, row, role, time, amount if bolus else rate, 1.0)
    return e


@part
def write_infusions(
    ev: Events, e: int, state: int, row: int, r: int, role: int,
    time: float, interval: float, phase: float, duration: float, rate: float, level: int,
) -> int:  # fmt: skip
    """Write one period of repeated infusions: `level` run at its start, one begins at `phase`, one ends."""
    stop = phase + duration - level * interval
    e = put(ev, e, ADD, state, row, r, row, 0, time, level * rate, 1.0 * level)
    for begins in (stop >= phase, stop < phase):
        if begins:
            e = put(ev, e, ADD, state, row, r, row, role, time + phase, rate, 1.0)
        else:
            e = put(ev, e, ADD, state, row, r, row, role | BY_DURATION, time + stop, -rate, -1.0)
    return put(ev, e, ADD, state, row, r, row, 0, time + interval, -level * rate, -1.0 * level)


@part
def sort(pool: Events, n: int) -> None:
    """Fill `order` with the positions of the first n events, by time, then by position (Shell sort)."""
    order, time = pool.order, pool.time
    for i in range(n):
        order[i] = i
    gap = 1
    while 3 * gap + 1 < n:
        gap = 3 * gap + 1
    while gap > 0:
        for i in range(gap, n):
            at, j = order[i], i
            while j >= gap and (
                time[order[j - gap]] > time[at] or (time[order[j - gap]] == time[at] and order[j - gap] > at)
            ):
                order[j] = order[j - gap]
                j -= gap
            order[j] = at
        gap //= 3


@part
def write_dose(records: Records, routes: Routes, target: Int64Array, r: int, ev: Events, e: int) -> int:
    """Write a dose record at its own place: what enters at once, or nothing where a lag holds it back."""
    if records.steady[r] > 0:
        return write_steady(records, routes, target, r, ev, e)
    row, time, c = records.row[r], records.time[r], compartment_of(records, routes, r)
    role = 0
    if routes.lag[c] >= 0:  # the record stays where it is when its lag changes
        e = put(ev, e, NOTHING, 0, row, r, row, 0, time, 0.0, 0.0)
        role = BY_LAG
        if lag_of(records, routes, r) > 0.0:
            return e
    amount, rate, duration = dose(records, routes, r, row)
    if not is_bolus(rate, duration):
        return put(ev, e, ADD, target[target.shape[0] // 2 + c], row, r, row, role, time, rate, 1.0)
    return put(ev, e, ADD, target[c], row, r, row, role, time, amount, 1.0)


@inlined
def copy_records(
    records: Records, routes: Routes, target: Int64Array, begin: int, end: int, ev: Events
) -> None:
    """Write the events of a stream whose records imply no others: one a record."""
    n = end - begin
    code, time, given = records.kind[begin:end], records.time[begin:end], records.amount[begin:end]
    rows, compartment = records.row[begin:end], records.compartment[begin:end]
    kind, state, row, amount, dt = ev.kind[:n], ev.state[:n], ev.row[:n], ev.amount[:n], ev.dt[:n]
    for e in range(n):  # one short loop for each, which the machine can do four at a time
        kind[e] = (ADD if code[e] == DOSE else 0) + (RESET if code[e] == RESET else 0)
    for e in range(n):
        amount[e] = given[e] if code[e] == DOSE else 0.0
    for e in range(n):
        row[e] = rows[e]
    for e in range(n):
        c = np.int64(compartment[e])
        state[e] = target[np.uint64(routes.default if c == 0 else c - 1)]
    dt[:1] = 0.0
    for e in range(1, n):
        dt[e] = 0.0 if code[e] == RESET else time[e] - time[e - 1]
    if routes.value.shape[1] > 0:
        for e in range(n):
            column = routes.fraction[compartment_of(records, routes, begin + e)]
            amount[e] *= value_of(routes, column, records.row[begin + e], 1.0)


@inlined
def starts_anew(records: Records, r: int) -> bool:
    """Whether a record cancels what is pending."""
    return records.kind[r] == RESET or (records.kind[r] == DOSE and records.steady[r] == 1)


@part
def schedule(
    records: Records, routes: Routes, target: Int64Array, stream: int, ev: Events, pool: Events
) -> int:
    """Write the events of one stream; return their number, or -1 where its parameters allow no schedule.

    `target` (2 compartments,) is the state that a bolus, and that an infusion, into each compartment adds to.
    `ev.order` holds, for each record of the stream, the event after which it is read.
    """
    begin, end = records.start[stream], records.start[stream + 1]
    e, first = 0, begin
    while first < end:
        last, p, k = first + 1, 0, 0
        while last < end and not starts_anew(records, last):
            last += 1
        for r in range(first, last):
            if records.kind[r] == DOSE:
                p = plan_record(records, routes, target, r, last, pool, p)
                if p < 0:
                    return -1
        sort(pool, p)
        for r in range(first, last):
            while k < p and pool.time[pool.order[k]] <= records.time[r] and pool.record[pool.order[k]] < r:
                o = pool.order[k]
                e = put(
                    ev, e, ADD, pool.state[o], records.row[r], pool.record[o], pool.source[o], pool.role[o],
                    pool.time[o], pool.amount[o], pool.scale[o],
                )  # fmt: skip
                k += 1
            if records.kind[r] == DOSE:
                e = write_dose(records, routes, target, r, ev, e)
            else:
                kind = RESET if records.kind[r] == RESET else NOTHING
                e = put(ev, e, kind, 0, records.row[r], r, records.row[r], 0, records.time[r], 0.0, 0.0)
            ev.order[r - begin] = e - 1
        first = last
    intervals(ev, e)
    return e


@inlined
def intervals(ev: Events, n: int) -> None:
    """Fill `dt`. What came before a reset is forgotten, and its time may run back.

    No interval, no overflow.
    """
    for e in range(n):
        since = ev.time[e] if e == 0 else ev.time[e - 1]
        if e > 0 and ev.kind[e - 1] == CLOSE:
            since -= ev.scale[e - 1]
        ev.dt[e] = 0.0 if ev.kind[e] == RESET else ev.time[e] - since
