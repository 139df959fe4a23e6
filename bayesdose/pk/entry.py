"""The C function that walks all streams, for values or (with one walk back) gradients; its use in NumPy.

Its arguments are addresses and sizes: the packed plan, rates (particle, row, rate), the table of dose
parameters (row, column), the records, the observations, scratch, and where the results go. All arrays are
contiguous; reals are float64, indices int32, the plan and the scratch of integers int64. It returns 1, or why
not. Where the records imply more events than there is scratch for, it says how much to bring.

Several particles share what their rates do not change: the checks, and the schedule of events, which is laid
out once. So they may have no dose parameters; and gradients are of one particle.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import carray, types

from bayesdose.pk.diagram import Plan
from bayesdose.pk.kernels import Array, Int32Array, Int64Array, Kernel, inlined, part
from bayesdose.pk.records import Records, Routes, measure, measure_all, plain
from bayesdose.pk.scatter import scatter, scatter_plain
from bayesdose.pk.schedule import Events, copy_records, events_from, events_of, schedule
from bayesdose.pk.state import BAD_OBSERVATION, FITS, MATRICES, VECTORS, Space, check, fill, observed, space
from bayesdose.pk.unpacked import count_pumps, routes_in, unpack, with_pumps
from bayesdose.pk.walk import backward, forward

_PLAN, _INT, _REAL, _N = (
    types.CPointer(types.int64),
    types.CPointer(types.int32),
    types.CPointer(types.float64),
    types.int64,
)
VALUES, GRADIENTS = 0, 1
"""What the C function is called for."""

MORE = 7
"""Status: the scratch is too small; how much it takes stands in the first two of the integers."""

REALS = (0, 1, 4, 6, 7, 8)
"""Positions of rates, dose parameters, times, amounts, RATE and II among the inputs.

The others are indices.
"""

DIFFERENTIABLE = (0, 1, 4, 6)

SHAPES = "the record tables must have the same length, and rates one column for each flow of the diagram"

MESSAGES = (
    "",
    "",
    "stream_start must begin with 0, not decrease, and end with the number of records",
    "record_row points outside the rows of rates",
    "record_compartment is not a compartment of the diagram",
    "observation_record must point into the records, stream by stream in the order of the streams",
    "RATE -1 or -2 asks for a rate or a duration that the model does not give for that compartment",
)
"""What each status means."""

EVENT_REALS, EVENT_INTS = 4, 7


def scratch_sizes(
    n: int, n_rates: int, n_blocks: int, n_outputs: int, n_pumps: int, length: int, kept: int, counts: int
) -> tuple[int, int]:
    """Return how many reals and integers of scratch a walk wants.

    Parameters
    ----------
    n, n_rates, n_blocks, n_outputs, n_pumps
        Numbers of compartments, flows, blocks, outputs, and compartments that receive infusions.
    length
        Number of events of the longest stream.
    kept
        Number of events that are laid out at once: those of a stream, or of all.
    counts
        Number of streams where all are laid out at once, otherwise 0.
    """
    states = n + n_pumps
    reals = VECTORS * states + MATRICES * states * states
    reals += (3 + 3 * states + n_outputs) * (length + 1) + EVENT_REALS * (length + kept + 2)
    ints = 2 + 5 * n + 2 * n_rates + n_blocks + 1 + n_outputs + 3 * n_pumps + counts
    return reals, ints + EVENT_INTS * (length + kept + 2)


sizes_of: Any = inlined(scratch_sizes)


@inlined
def last_events(reals: Array, ints: Int64Array, length: int, behind: int) -> Events:
    """Return the events that live at the end of the scratch, before the last `behind` of others."""
    r, i = reals.shape[0] - EVENT_REALS * behind, ints.shape[0] - EVENT_INTS * behind
    return events_of(
        ints[i - EVENT_INTS * (length + 1) : i].reshape((EVENT_INTS, length + 1)),
        reals[r - EVENT_REALS * (length + 1) : r].reshape((EVENT_REALS, length + 1)),
    )


@inlined
def give_or_take(
    ev: Events, simple: bool, observation: Int32Array, first: int, last: int, begin: int, n_events: int,
    back: bool, out: Array, sp: Space,
) -> None:  # fmt: skip
    """Fill out (observation, output) with the amounts at one stream's observations, or `back`.

    The other way.
    """
    for k in range(out.shape[1]):
        amounts = sp.amounts[k, :n_events]
        if back:
            fill(amounts, 0.0)
        for o in range(first, last):
            at = observation[o] - begin
            if not simple:
                at = ev.order[at]
            if back:
                amounts[at] += out[o, k]
            else:
                out[o, k] = amounts[at]


@inlined
def spoil(
    records: Records, begin: int, end: int, first: int, last: int, back: bool, out: Array, rates_bar: Array
) -> None:
    """Say of a stream without a schedule that nothing about it is a number."""
    if back:
        for r in range(begin, end):
            fill(rates_bar[records.row[r]], np.nan)
    else:
        for o in range(first, last):
            fill(out[o], np.nan)


@inlined
def lay_out(
    records: Records, routes: Routes, target: Int64Array, simple: bool, stream: int, ev: Events, pool: Events
) -> int:
    """Write the events of a stream; return their number, or -1 where there is no schedule."""
    begin, end = records.start[stream], records.start[stream + 1]
    n_events = end - begin
    if simple:
        copy_records(records, routes, target, begin, end, ev)
    else:
        n_events = schedule(records, routes, target, stream, ev, pool)
    return n_events


@part
def empty_gradients(
    rates_bar: Array, routes_bar: Array, time_bar: Array, amount_bar: Array, sp: Space
) -> None:
    """Fill with zeros what the walk back adds to."""
    for i in range(rates_bar.shape[0]):
        fill(rates_bar[i], 0.0)
        fill(routes_bar[i], 0.0)
    fill(time_bar, 0.0)
    fill(amount_bar, 0.0)
    for i in range(sp.Z.shape[0]):
        fill(sp.Z[i], 0.0)


@inlined
def stream_back(
    plan: Plan, rates: Array, records: Records, routes: Routes, simple: bool, stream: int, ev: Events,
    n_events: int, row: int, modal: bool, sp: Space, rates_bar: Array, routes_bar: Array, time_bar: Array,
    amount_bar: Array,
) -> tuple[int, bool]:  # fmt: skip
    """Walk one stream back, and give the adjoints of its events to their records."""
    begin, end = records.start[stream], records.start[stream + 1]
    row, modal = backward(plan, rates, ev, n_events, row, modal, sp, rates_bar)
    if simple:
        scatter_plain(records, routes, begin, end, sp.slope, sp.added, routes_bar, time_bar, amount_bar)
    else:
        scatter(records, routes, ev, n_events, sp.slope, sp.added, routes_bar, time_bar, amount_bar)
    return row, modal


@part
def all_streams(
    packed: Int64Array, rates: Array, records: Records, routes: Routes, observation: Int32Array,
    reals: Array, ints: Int64Array, mode: int, out: Array, rates_bar: Array, routes_bar: Array,
    time_bar: Array, amount_bar: Array,
) -> int:  # fmt: skip
    """Fill out (particle, observation, output) with the amounts at the observations' records.

    Or, for gradients: read the gradient with respect to them there, and fill those of rates (row, rate), dose
    parameters (row, column), times and amounts (record,).
    """
    n, n_outputs, back, n_streams = packed[0], packed[3], mode == GRADIENTS, records.start.shape[0] - 1
    status = check(n, rates.shape[1], records, routes)
    if status != FITS:
        return status
    once = rates.shape[0] > 1
    simple = plain(records, routes, 0, records.time.shape[0])
    length = measure(records, routes, simple)
    kept = measure_all(records, routes, simple) if once else length
    n_pumps = 0 if simple else count_pumps(records, routes, ints[:n])
    counted = n_streams if once else 0
    n_reals, n_ints = sizes_of(n, packed[1], packed[2], n_outputs, n_pumps, length, kept, counted)
    if reals.shape[0] < n_reals or ints.shape[0] < n_ints:
        ints[0], ints[1] = n_reals, n_ints
        return MORE
    plan = unpack(packed)
    target = plan.entry
    if not simple:
        plan, target = with_pumps(plan, ints[:n], n_pumps, ints[n:])
    n += n_pumps
    sp = space(reals, n, n_outputs, length)
    all_ev = last_events(reals[:n_reals], ints[:n_ints], kept, 0)
    pool = last_events(reals[:n_reals], ints[:n_ints], length, kept + 1)
    counts = ints[n_ints - EVENT_INTS * (length + kept + 2) - counted : n_ints]
    if back:
        empty_gradients(rates_bar, routes_bar, time_bar, amount_bar, sp)
    first, n_events = 0, 0
    for p in range(rates.shape[0]):
        row, modal, first, laid = -1, True, 0, 0
        for s in range(n_streams):
            begin, end = records.start[s], records.start[s + 1]
            last = observed(observation, first, begin, end)
            ev = events_from(all_ev, laid)
            if p == 0:
                n_events = lay_out(records, routes, target, simple, s, ev, pool)
            if once:
                if p == 0:
                    counts[s] = n_events
                n_events = counts[s]
                laid += max(n_events, 0)
            if n_events < 0:
                spoil(records, begin, end, first, last, back, out[p], rates_bar)
            else:
                row, modal = forward(plan, rates[p], ev, n_events, row, modal, sp, not back)
                give_or_take(ev, simple, observation, first, last, begin, n_events, back, out[p], sp)
                if back:
                    row, modal = stream_back(
                        plan, rates[p], records, routes, simple, s, ev, n_events, row, modal, sp, rates_bar,
                        routes_bar, time_bar, amount_bar,
                    )  # fmt: skip
            first = last
    return FITS if first == observation.shape[0] else BAD_OBSERVATION


def walk_streams(
    packed: Any, packed_size: int, rates: Any, n_particles: int, n_rows: int, routes: Any,
    start: Any, start_size: int,
    row: Any, time: Any, kind: Any, amount: Any, rate: Any, interval: Any, additional: Any, steady: Any,
    compartment: Any, n_records: int, observation: Any, n_observations: int,
    reals: Any, n_reals: int, ints: Any, n_ints: int,
    mode: int, out: Any, rates_bar: Any, routes_bar: Any, time_bar: Any, amount_bar: Any,
) -> int:  # fmt: skip
    """Give the addresses their shapes and call `all_streams`.

    But for gradients, the last four are not read.
    """
    plan = carray(packed, (packed_size,))
    m, n_outputs, k = packed[1], packed[3], packed[6]
    return all_streams(
        plan,
        carray(rates, (n_particles, n_rows, m)),
        Records(
            carray(start, (start_size,)),
            carray(row, (n_records,)),
            carray(time, (n_records,)),
            carray(kind, (n_records,)),
            carray(amount, (n_records,)),
            carray(rate, (n_records,)),
            carray(interval, (n_records,)),
            carray(additional, (n_records,)),
            carray(steady, (n_records,)),
            carray(compartment, (n_records,)),
        ),
        routes_in(plan, carray(routes, (n_rows, k))),
        carray(observation, (n_observations,)),
        carray(reals, (n_reals,)),
        carray(ints, (n_ints,)),
        mode,
        carray(out, (n_particles, n_observations, n_outputs)),
        carray(rates_bar, (n_rows, m)),
        carray(routes_bar, (n_rows, k)),
        carray(time_bar, (n_records,)),
        carray(amount_bar, (n_records,)),
    )


WALK = Kernel(
    walk_streams,
    _N(
        *(
            _PLAN,
            _N,
            _REAL,
            _N,
            _N,
            _REAL,
            _INT,
            _N,
        ),  # plan, its size, rates, particles, rows, dose parameters, stream_start, size
        *(_INT, _REAL, _INT, _REAL),  # row, time, kind, amount
        *(_REAL, _REAL, _INT, _INT, _INT, _N),  # rate, interval, additional, steady, compartment, and records
        *(_INT, _N),  # observation_record and its size
        *(_REAL, _N, _PLAN, _N),  # scratch of reals and of integers
        *(_N, _REAL, _REAL, _REAL, _REAL, _REAL),  # mode, out, and the four gradients
    ),
)


def walk_amounts(packed: Int64Array, inputs: Sequence[Any]) -> Array:
    """Return amounts (observation, output), from NumPy arrays.

    Parameters
    ----------
    packed
        A diagram's `Plan.packed`.
    inputs
        Rates (row, rate), dose parameters (row, column), then stream_start, record_row, record_time,
        record_kind, record_amount, record_rate, record_interval, record_additional, record_steady,
        record_compartment, observation_record.

    Raises
    ------
    ValueError
        When the tables do not fit together.
    """
    out = np.empty((len(inputs[-1]), packed[3]))
    _call(packed, inputs, VALUES, [out] * 5)
    return out


def walk_gradients(packed: Int64Array, inputs: Sequence[Any], bar: Array) -> tuple[Array, ...]:
    """Return the gradients of sum(amounts bar).

    They are those by rates (row, rate), dose parameters (row, column), record_time and record_amount
    (record,). Parameters and errors are those of `walk_amounts`; `bar` is (observation, output).
    """
    if bar.shape != (len(inputs[-1]), packed[3]):
        raise ValueError(SHAPES)
    bars = [np.empty(np.shape(inputs[p])) for p in DIFFERENTIABLE]
    _call(packed, inputs, GRADIENTS, [np.ascontiguousarray(bar, dtype=np.float64), *bars])
    return tuple(bars)


def _call(packed: Int64Array, inputs: Sequence[Any], mode: int, results: Sequence[Array]) -> None:
    """Call the kernel from Python."""
    arrays = [
        np.ascontiguousarray(x, dtype=np.float64 if position in REALS else np.int32)
        for position, x in enumerate(inputs)
    ]
    rates, routes, start, *records, observation = arrays
    lengths = {len(x) for x in records}
    if len(lengths) > 1 or rates.shape[1] != packed[1] or routes.shape != (len(rates), packed[6]):
        raise ValueError(SHAPES)
    head = [packed.ctypes.data, len(packed), rates.ctypes.data, 1, len(rates), routes.ctypes.data]
    head += [start.ctypes.data, len(start), *(x.ctypes.data for x in records), len(records[0])]
    head += [observation.ctypes.data, len(observation)]
    ends = [x.ctypes.data for x in results]
    longest = int(np.diff(start).max(initial=0)) if len(start) else 0
    n, m, blocks, outputs = (int(count) for count in packed[:4])
    sizes: Any = scratch_sizes(n, m, blocks, outputs, 0, longest, longest, 0)
    status = MORE
    while status == MORE:
        reals, ints = np.empty(sizes[0]), np.empty(sizes[1], dtype=np.int64)
        status = WALK(*head, reals.ctypes.data, len(reals), ints.ctypes.data, len(ints), mode, *ends)
        sizes = ints[:2].tolist()
    if status != FITS:
        raise ValueError(MESSAGES[status])
