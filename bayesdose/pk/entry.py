"""The C function that walks all streams, for values or (with one walk back) gradients; its use in NumPy.

Its arguments are addresses and sizes: the packed plan, rates (row, rate), the table of dose parameters
(row, column), the records, the observations, scratch, and where the results go. All arrays are contiguous;
reals are float64, indices int32, the plan and the scratch of integers int64. It returns 1, or why not.
Where the records imply more events than there is scratch for, it says how much to bring.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import carray, types

from bayesdose.pk.diagram import Plan
from bayesdose.pk.kernels import Array, Int32Array, Int64Array, Kernel, inlined, part
from bayesdose.pk.records import DOSE, Records, Routes, compartment_of, measure, plain
from bayesdose.pk.scatter import scatter, scatter_plain
from bayesdose.pk.schedule import Events, copy_records, events_of, schedule
from bayesdose.pk.state import BAD_OBSERVATION, FITS, MATRICES, VECTORS, Space, check, fill, observed, space
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

COUNTS = 8


@inlined
def unpack(packed: Int64Array) -> Plan:
    """Return the Plan that `Plan.packed` put into one array."""
    n, m, blocks, outputs = packed[0], packed[1], packed[2], packed[3]
    a = COUNTS + m
    b = a + m
    c = b + m
    d = c + blocks + 1
    e = d + n
    f = e + n
    g = f + outputs
    return Plan(
        packed[COUNTS:a], packed[a:b], packed[b:c], packed[c:d], packed[d:e], packed[e:f], packed[f:g],
        packed[g:g], packed[4] != 0,
    )  # fmt: skip


@inlined
def routes_in(packed: Int64Array, value: Array) -> Routes:
    """Return the dose parameters, with the columns that `Plan.packed` put behind the plan."""
    n = packed[0]
    a = packed.shape[0] - 4 * n
    return Routes(
        value, packed[5], packed[7], packed[a : a + n], packed[a + n : a + 2 * n], packed[a + 2 * n : a + 3
        * n], packed[a + 3 * n :],
    )  # fmt: skip


@part
def count_pumps(records: Records, routes: Routes, pump: Int64Array) -> int:
    """Return how many compartments receive infusions; number them in `pump`, with -1 for the others."""
    n_pumps = 0
    for c in range(pump.shape[0]):
        pump[c] = -1
    for r in range(records.time.shape[0]):
        if records.kind[r] == DOSE and records.rate[r] != 0.0:
            c = compartment_of(records, routes, r)
            if pump[c] < 0:
                pump[c] = n_pumps
                n_pumps += 1
    return n_pumps


@part
def with_pumps(base: Plan, pump: Int64Array, p: int, ints: Int64Array) -> tuple[Plan, Int64Array]:
    """Return a plan with p pumps before its states, and the `target` that `schedule` wants.

    Both live in ints.
    """
    n, m, blocks, k = (
        base.parent.shape[0],
        base.source.shape[0],
        base.edge.shape[0] - 1,
        base.outputs.shape[0],
    )
    a = m
    b = a + m
    c = b + blocks + 1 + p
    d = c + n + p
    e = d + n
    f = e + k
    g = f + p
    h = g + 2 * n
    made = Plan(
        ints[:a], ints[a:b], base.depletes, ints[b:c], ints[c:d], ints[d:e], ints[e:f], ints[f:g], base.modal
    )
    target = ints[g:h]
    for i in range(m):
        made.source[i] = base.source[i] + p
        made.target[i] = base.target[i] + p if base.target[i] >= 0 else base.target[i]
    for i in range(p):
        made.edge[i] = i
        made.parent[i] = -1
    for i in range(blocks + 1):
        made.edge[p + i] = base.edge[i] + p
    for i in range(n):
        made.parent[p + i] = base.parent[i] + p if base.parent[i] >= 0 else -1
        made.entry[i] = base.entry[i] + p
        target[i] = made.entry[i]
        target[n + i] = pump[i]
        if pump[i] >= 0:
            made.pumps[pump[i]] = made.entry[i]
    for i in range(k):
        made.outputs[i] = base.outputs[i] + p
    return made, target


EVENT_REALS, EVENT_INTS = 8, 14


def scratch_sizes(
    n: int, n_rates: int, n_blocks: int, n_outputs: int, n_pumps: int, length: int
) -> tuple[int, int]:
    """Return how many reals and integers of scratch a walk wants.

    Parameters
    ----------
    n, n_rates, n_blocks, n_outputs, n_pumps
        Numbers of compartments, flows, blocks, outputs, and compartments that receive infusions.
    length
        Number of events of the longest stream.
    """
    states = n + n_pumps
    reals = VECTORS * states + MATRICES * states * states
    reals += (3 + 3 * states + n_outputs + EVENT_REALS) * (length + 1)
    ints = 2 + 5 * n + 2 * n_rates + n_blocks + 1 + n_outputs + 3 * n_pumps
    return reals, ints + EVENT_INTS * (length + 1)


sizes_of: Any = inlined(scratch_sizes)


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


@part
def all_streams(
    packed: Int64Array, rates: Array, records: Records, routes: Routes, observation: Int32Array,
    reals: Array, ints: Int64Array, mode: int, out: Array, rates_bar: Array, routes_bar: Array,
    time_bar: Array, amount_bar: Array,
) -> int:  # fmt: skip
    """Fill out (observation, output) with the amounts at the observations' records.

    Or, for gradients: read the gradient with respect to them there, and fill those of rates (row, rate), dose
    parameters (row, column), times and amounts (record,).
    """
    n, n_outputs, back = packed[0], packed[3], mode == GRADIENTS
    status = check(n, rates.shape[0], records, routes)
    if status != FITS:
        return status
    simple = plain(records, routes, 0, records.time.shape[0])
    length = measure(records, routes, simple)
    n_pumps = 0 if simple else count_pumps(records, routes, ints[:n])
    n_reals, n_ints = sizes_of(n, packed[1], packed[2], n_outputs, n_pumps, length)
    if reals.shape[0] < n_reals or ints.shape[0] < n_ints:
        ints[0], ints[1] = n_reals, n_ints
        return MORE
    plan = unpack(packed)
    target = plan.entry
    if not simple:
        plan, target = with_pumps(plan, ints[:n], n_pumps, ints[n:])
    tail = ints[n_ints - EVENT_INTS * (length + 1) : n_ints].reshape((EVENT_INTS, length + 1))
    n += n_pumps
    used = n_reals - EVENT_REALS * (length + 1)
    sp = space(reals, n, n_outputs, length)
    times = reals[used:n_reals].reshape((EVENT_REALS, length + 1))
    ev, pool = events_of(tail[:7], times[:4]), events_of(tail[7:], times[4:])
    if back:
        for i in range(rates_bar.shape[0]):
            fill(rates_bar[i], 0.0)
            fill(routes_bar[i], 0.0)
        fill(time_bar, 0.0)
        fill(amount_bar, 0.0)
        for i in range(n):
            fill(sp.Z[i], 0.0)
    row, modal, first = -1, True, 0
    for s in range(records.start.shape[0] - 1):
        begin, end = records.start[s], records.start[s + 1]
        last = observed(observation, first, begin, end)
        n_events = end - begin
        if simple:
            copy_records(records, routes, target, begin, end, ev)
        else:
            n_events = schedule(records, routes, target, s, ev, pool)
        if n_events < 0:
            spoil(records, begin, end, first, last, back, out, rates_bar)
        else:
            row, modal = forward(plan, rates, ev, n_events, row, modal, sp, not back)
            give_or_take(ev, simple, observation, first, last, begin, n_events, back, out, sp)
            if back:
                row, modal = backward(plan, rates, ev, n_events, row, modal, sp, rates_bar)
                if simple:
                    scatter_plain(
                        records, routes, begin, end, sp.slope, sp.added, routes_bar, time_bar, amount_bar
                    )
                else:
                    scatter(
                        records, routes, ev, n_events, sp.slope, sp.added, routes_bar, time_bar, amount_bar
                    )
        first = last
    return FITS if first == observation.shape[0] else BAD_OBSERVATION


def walk_streams(
    packed: Any, packed_size: int, rates: Any, n_rows: int, routes: Any, start: Any, start_size: int,
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
        carray(rates, (n_rows, m)),
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
        carray(out, (n_observations, n_outputs)),
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
            _REAL,
            _INT,
            _N,
        ),  # plan, its size, rates, rows, dose parameters, stream_start, size
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
    head = [packed.ctypes.data, len(packed), rates.ctypes.data, len(rates), routes.ctypes.data]
    head += [start.ctypes.data, len(start), *(x.ctypes.data for x in records), len(records[0])]
    head += [observation.ctypes.data, len(observation)]
    ends = [x.ctypes.data for x in results]
    longest = int(np.diff(start).max(initial=0)) if len(start) else 0
    n, m, blocks, outputs = (int(count) for count in packed[:4])
    sizes: Any = scratch_sizes(n, m, blocks, outputs, 0, longest)
    status = MORE
    while status == MORE:
        reals, ints = np.empty(sizes[0]), np.empty(sizes[1], dtype=np.int64)
        status = WALK(*head, reals.ctypes.data, len(reals), ints.ctypes.data, len(ints), mode, *ends)
        sizes = ints[:2].tolist()
    if status != FITS:
        raise ValueError(MESSAGES[status])
