"""The C function that solves all streams, for values or (with one walk back) gradients; its use in NumPy.

Its arguments are addresses and sizes, in the order of those of `bayesdose.pk.entry.walk_streams`: `head`
holds the addresses of the three functions of the system and of the counts of failures, and the number of
parameters; `packed` the routes of the doses; then come tolerances, parameters (row, parameter), initial
amounts (row, state), the table of dose parameters (row, column), the records, the observations, scratch,
and where the results go: amounts (observation, state) and five gradients. It returns 1, or why not.

The trace holds the steps of one stream, and nobody knows how many those will be. Where the scratch is too
small it returns `MORE`, with a sufficient size in the first of the integers, or four times the last where
the trace was full: the caller allocates that and calls again. Scratch that is never touched costs nothing,
so the first trace is generous and a second solve rare. (To keep the state of each event alone, and solve
each interval again on the way back, would cost a solve each time.)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import llvmlite.binding
import numpy as np
from numba import carray, types

from bayesdose.pk.diagram import Plan, Routing
from bayesdose.pk.entry import GRADIENTS, MORE, SHAPES, VALUES
from bayesdose.pk.entry import MESSAGES as _MESSAGES
from bayesdose.pk.kernels import Array, Int32Array, Int64Array, inlined, part
from bayesdose.pk.ode.course import Bars, Course, Task, Way, backward, fill, forward
from bayesdose.pk.ode.drive import BACKWARD, FORWARD, FULL, NO_SCHEDULE, SOLVED, OdeKernel
from bayesdose.pk.ode.machine import addresses, count
from bayesdose.pk.ode.step import MEMORY, ROWS
from bayesdose.pk.ode.system import System
from bayesdose.pk.records import Records, Routes, measure
from bayesdose.pk.scatter import scatter
from bayesdose.pk.schedule import Events, events_of, schedule
from bayesdose.pk.state import BAD_OBSERVATION, FITS, check, observed
from bayesdose.pk.unpacked import routes_in

REALS = (0, 1, 2, 5, 7, 8, 9)
"""Positions of parameters, initial amounts, dose parameters, times, amounts, RATE and II among the inputs.

The others are indices.
"""

DIFFERENTIABLE = (0, 1, 2, 5, 7)

MESSAGES = tuple(
    m.replace("rows of rates", "rows of parameters").replace("the diagram", "the system") for m in _MESSAGES
)
"""What each status means."""

FAILURES = np.zeros(8, dtype=np.int64)
"""How many streams failed, by the status of `drive`; added to by all threads."""

llvmlite.binding.add_symbol("bayesdose_ode_failures", FAILURES.ctypes.data)

_REASONS = {
    "more steps than the System's max_steps": 2,
    "no step was short enough": 3,
    "the implicit equations could not be solved": 4,
    "the right-hand side was not finite": 5,
    "no steady state": 6,
    "no schedule of doses from these parameters": 7,
}


def failures(reset: bool = False) -> dict[str, int]:
    """Return how many solves of a stream have failed in this process, by reason; their amounts are nan.

    Parameters
    ----------
    reset
        Start to count anew.
    """
    found = {reason: int(FAILURES[place]) for reason, place in _REASONS.items()}
    if reset:
        FAILURES[:] = 0
    return found


def packed(system: System, routing: Routing = ()) -> Int64Array:
    """Return the routes of the doses as the C function wants them.

    Parameters
    ----------
    system
        The system.
    routing
        The columns of the table of dose parameters.
    """
    n, none = len(system.states), np.zeros(0, dtype=np.int64)
    edge = np.zeros(1, dtype=np.int64)
    bare = Plan(none, none, none, edge, np.full(n, -1), np.arange(n), none, none, False)
    return bare.packed(system.states.index(system.dose), routing)


EVENT_REALS, EVENT_INTS = 11, 15
"""How many numbers an event takes in the schedule, its pool and the gradients of its time and amount."""


@inlined
def task_size(n: int, m: int) -> int:
    """Return how many reals the integrator wants beside the trace."""
    return MEMORY + n + 1 + m + (ROWS + n) * n


@inlined
def fixed_size(n: int, m: int, length: int) -> int:
    """Return how many reals a solve wants beside the trace, for streams of at most `length` events."""
    return task_size(n, m) + 6 * n + n * n + m + (3 * n + EVENT_REALS) * (length + 1)


@part
def task_of(
    head: Int64Array, tolerances: Array, n: int, reals: Array, trace: Array, pivot: Int64Array
) -> Task:
    """Lay out the scratch of the integrator, and the trace."""
    a = reals.shape[0] - (ROWS + n) * n
    return Task(head, tolerances, reals[:a], reals[a:].reshape((ROWS + n, n)), pivot, trace)


@part
def way_of(n: int, m: int, length: int, reals: Array, ends: Int64Array) -> Way:
    """Lay out what is kept of a stream."""
    a = 2 * n * (length + 1)
    b = a + n * (length + 1)
    c = b + 6 * n
    d = c + n * n
    return Way(
        reals[:a].reshape((length + 1, 2 * n)), reals[a:b].reshape((length + 1, n)), ends,
        reals[b:c].reshape((6, n)), reals[c:d].reshape((n, n)), reals[d : d + m],
    )  # fmt: skip


@inlined
def course_of(ev: Events, n_events: int) -> Course:
    """Return what a walk needs of the events of a stream."""
    return Course(
        ev.kind[:n_events], ev.state[:n_events], ev.row[:n_events], ev.time[:n_events], ev.dt[:n_events],
        ev.amount[:n_events],
    )  # fmt: skip


@part
def read(
    ev: Events, observation: Int32Array, first: int, last: int, begin: int, way: Way, out: Array, sign: int
) -> None:
    """Fill out (observation, state) at one stream's observations.

    With `sign` -1, gather the gradient there; with 0, fill it with nan.
    """
    for o in range(first, last):
        e = ev.order[observation[o] - begin]
        for i in range(out.shape[1]):
            if sign < 0:
                way.after_bar[e, i] += out[o, i]
            else:
                out[o, i] = way.after[e, i] if sign > 0 else np.nan


@part
def return_bars(
    records: Records, routes: Routes, ev: Events, n_events: int, by_time: Array, by_amount: Array,
    slope: Array, routes_bar: Array, time_bar: Array, amount_bar: Array,
) -> None:  # fmt: skip
    """Add the gradients by the times and amounts of events to those of what they come from."""
    total = 0.0
    for e in range(n_events - 1, -1, -1):  # `scatter` takes differences
        total += by_time[e]
        slope[e] = total
    scatter(records, routes, ev, n_events, slope, by_amount, routes_bar, time_bar, amount_bar)


@inlined
def all_streams(
    head: Int64Array, tolerances: Array, parameters: Array, initial: Array, records: Records, routes: Routes,
    observation: Int32Array, reals: Array, ints: Int64Array, mode: int, out: Array, parameters_bar: Array,
    initial_bar: Array, routes_bar: Array, time_bar: Array, amount_bar: Array,
) -> int:  # fmt: skip
    """Fill out (observation, state) with the amounts at the observations' records.

    Or, for gradients: read the gradient with respect to them there, and fill the other five.
    """
    n, m, back, first = initial.shape[1], parameters.shape[1], mode == GRADIENTS, 0
    status = check(n, parameters.shape[0], records, routes)
    if status != FITS:
        return status
    length = measure(records, routes, False) + 1
    fixed, n_ints, width = fixed_size(n, m, length - 1), 3 * n + EVENT_INTS * length, 7 * n + 3
    if ints.shape[0] < n_ints or reals.shape[0] < fixed + width:
        ints[0], ints[1] = fixed + width * (256 + 32 * length), n_ints
        return MORE
    capacity, a = (reals.shape[0] - fixed) // width, task_size(n, m)
    b = fixed - EVENT_REALS * length
    task = task_of(head, tolerances, n, reals[:a], reals[fixed : fixed + width * capacity], ints[:n])
    way = way_of(n, m, length - 1, reals[a:b], ints[3 * n : 3 * n + length])
    times = reals[b:fixed].reshape((EVENT_REALS, length))
    events = ints[3 * n + length : n_ints].reshape((EVENT_INTS - 1, length))
    ev, pool, target = events_of(events[:7], times[:4]), events_of(events[7:], times[4:8]), ints[n : 3 * n]
    for i in range(2 * n):
        target[i] = i
    if back:
        empty(parameters_bar, initial_bar, routes_bar, time_bar, amount_bar)
    for s in range(records.start.shape[0] - 1):
        begin = records.start[s]
        last = observed(observation, first, begin, records.start[s + 1])
        n_events, status = schedule(records, routes, target, s, ev, pool), NO_SCHEDULE
        course = course_of(ev, max(n_events, 0))
        if n_events >= 0:
            status = forward(task, course, parameters, initial, way, back)
        if status == FULL:
            ints[0], ints[1] = fixed + 4 * (reals.shape[0] - fixed), n_ints
            return MORE
        if status != SOLVED:
            count(head[3], status)
        if not back:
            read(ev, observation, first, last, begin, way, out, 1 if status == SOLVED else 0)
        elif status != SOLVED:
            for r in range(begin, records.start[s + 1]):
                fill(parameters_bar[records.row[r]], np.nan)
        else:
            prepare(way, n_events, times)
            read(ev, observation, first, last, begin, way, out, -1)
            backward(task, course, parameters, way, Bars(parameters_bar, initial_bar, times[8], times[9]))
            return_bars(
                records, routes, ev, n_events, times[8], times[9], times[10], routes_bar, time_bar, amount_bar
            )
        first = last
    return FITS if first == observation.shape[0] else BAD_OBSERVATION


@part
def prepare(way: Way, n_events: int, times: Array) -> None:
    """Set the gradients of one stream's events to 0."""
    for e in range(n_events):
        fill(way.after_bar[e], 0.0)
    fill(times[8], 0.0)
    fill(times[9], 0.0)


@part
def empty(
    parameters_bar: Array, initial_bar: Array, routes_bar: Array, time_bar: Array, amount_bar: Array
) -> None:
    """Set all gradients to 0."""
    for r in range(parameters_bar.shape[0]):
        fill(parameters_bar[r], 0.0)
        fill(initial_bar[r], 0.0)
        fill(routes_bar[r], 0.0)
    fill(time_bar, 0.0)
    fill(amount_bar, 0.0)


def ode_streams(
    head: Any, packed: Any, packed_size: int, tolerances: Any, parameters: Any, n_rows: int, initial: Any,
    routes: Any, start: Any, start_size: int,
    row: Any, time: Any, kind: Any, amount: Any, rate: Any, interval: Any, additional: Any, steady: Any,
    compartment: Any, n_records: int, observation: Any, n_observations: int,
    reals: Any, n_reals: int, ints: Any, n_ints: int,
    mode: int, out: Any, parameters_bar: Any, initial_bar: Any, routes_bar: Any, time_bar: Any,
    amount_bar: Any,
) -> int:  # fmt: skip
    """Give the addresses their shapes and call `all_streams`.

    But for gradients, the last five are not read.
    """
    about, n, m, k = carray(packed, (packed_size,)), packed[0], head[4], packed[6]
    return all_streams(
        carray(head, (5,)),
        carray(tolerances, (2 + n,)),
        carray(parameters, (n_rows, m)),
        carray(initial, (n_rows, n)),
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
        routes_in(about, carray(routes, (n_rows, k))),
        carray(observation, (n_observations,)),
        carray(reals, (n_reals,)),
        carray(ints, (n_ints,)),
        mode,
        carray(out, (n_observations, n)),
        carray(parameters_bar, (n_rows, m)),
        carray(initial_bar, (n_rows, n)),
        carray(routes_bar, (n_rows, k)),
        carray(time_bar, (n_records,)),
        carray(amount_bar, (n_records,)),
    )


_INTS, _INT, _REAL, _N = (
    types.CPointer(types.int64),
    types.CPointer(types.int32),
    types.CPointer(types.float64),
    types.int64,
)

SOLVE = OdeKernel(
    ode_streams,
    _N(
        *(_INTS, _INTS, _N, _REAL),  # head, routes and their size, tolerances
        *(_REAL, _N, _REAL, _REAL),  # parameters, rows, initial amounts, dose parameters
        *(_INT, _N, _INT, _REAL, _INT, _REAL),  # stream_start and size, row, time, kind, amount
        *(_REAL, _REAL, _INT, _INT, _INT, _N),  # rate, interval, additional, steady, compartment, and records
        *(_INT, _N),  # observation_record and its size
        *(_REAL, _N, _INTS, _N),  # scratch of reals and of integers
        *(_N, *(_REAL,) * 6),  # mode, out, and the five gradients
    ),
    ("kernels", "entry", "records", "scatter", "schedule", "state", "unpacked", "ode/course", "ode/entry"),
    (FORWARD, BACKWARD),
)


def solve_amounts(system: System, inputs: Sequence[Any], routing: Routing = ()) -> Array:
    """Return amounts (observation, state), from NumPy arrays; nan where a solve failed (see `failures`).

    Parameters
    ----------
    system
        The system.
    inputs
        Parameters (row, parameter), initial amounts (row, state), dose parameters (row, column), then
        stream_start, record_row, record_time, record_kind, record_amount, record_rate, record_interval,
        record_additional, record_steady, record_compartment, observation_record.
    routing
        The columns of the table of dose parameters.

    Raises
    ------
    ValueError
        When the tables do not fit together.
    """
    out = np.empty((len(inputs[-1]), len(system.states)))
    _call(system, routing, inputs, VALUES, [out] * 6)
    return out


def solve_gradients(
    system: System, inputs: Sequence[Any], bar: Array, routing: Routing = ()
) -> tuple[Array, ...]:
    """Return the gradients of sum(amounts bar).

    They are those by parameters (row, parameter), initial amounts (row, state), dose parameters
    (row, column), record_time and record_amount (record,). Parameters and errors are those of
    `solve_amounts`; `bar` is (observation, state).
    """
    if bar.shape != (len(inputs[-1]), len(system.states)):
        raise ValueError(SHAPES)
    bars = [np.empty(np.shape(inputs[p])) for p in DIFFERENTIABLE]
    _call(system, routing, inputs, GRADIENTS, [np.ascontiguousarray(bar, dtype=np.float64), *bars])
    return tuple(bars)


def head_of(system: System) -> Int64Array:
    """Return the `head` of the C function, for calls from this process."""
    return np.array([*addresses(system), FAILURES.ctypes.data, len(system.parameters)], dtype=np.int64)


def _call(
    system: System, routing: Routing, inputs: Sequence[Any], mode: int, results: Sequence[Array]
) -> None:
    """Call the kernel from Python."""
    arrays = [
        np.ascontiguousarray(x, dtype=np.float64 if position in REALS else np.int32)
        for position, x in enumerate(inputs)
    ]
    parameters, initial, routes, start, *records, observation = arrays
    shapes = [(parameters, len(system.parameters)), (initial, len(system.states)), (routes, len(routing))]
    if len({len(x) for x in records}) > 1 or any(x.shape != (len(parameters), n) for x, n in shapes):
        raise ValueError(SHAPES)
    head, about, tolerances = head_of(system), packed(system, routing), system.tolerances
    given = [head.ctypes.data, about.ctypes.data, len(about), tolerances.ctypes.data]
    given += [parameters.ctypes.data, len(parameters), initial.ctypes.data, routes.ctypes.data]
    given += [start.ctypes.data, len(start), *(x.ctypes.data for x in records), len(records[0])]
    given += [observation.ctypes.data, len(observation)]
    sizes, status = [2, 2], MORE
    while status == MORE:
        reals, ints = np.empty(sizes[0]), np.empty(sizes[1], dtype=np.int64)
        scratch = reals.ctypes.data, len(reals), ints.ctypes.data, len(ints)
        status = SOLVE(*given, *scratch, mode, *(x.ctypes.data for x in results))
        sizes = ints[:2].tolist()
    if status != FITS:
        raise ValueError(MESSAGES[status])
