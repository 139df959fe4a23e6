"""The C function that walks all streams, for values or (with one walk back) gradients; its use in NumPy.

Its arguments are addresses and sizes: the packed plan, rates (row, rate), the tables, the observations,
scratch, and where the results go. All arrays are contiguous; reals are float64, indices int32, the plan
int64. It returns 1, or why not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numba import carray, types

from bayesdose.pk.diagram import Plan
from bayesdose.pk.kernels import Array, Int32Array, Int64Array, Kernel, inlined, part
from bayesdose.pk.state import BAD_OBSERVATION, FITS, Space, Tables, check, fill, observed
from bayesdose.pk.walk import backward, forward

_PLAN, _INT, _REAL, _N = (
    types.CPointer(types.int64),
    types.CPointer(types.int32),
    types.CPointer(types.float64),
    types.int64,
)
_REALS = (0, 3, 5)
"""Positions of rates, times and amounts among the inputs; the others are indices."""

SHAPES = "the record tables must have the same length, and rates one column for each flow of the diagram"

MESSAGES = (
    "",
    "",
    "stream_start must begin with 0, not decrease, and end with the number of records",
    "record_row points outside the rows of rates",
    "record_compartment is not a compartment of the diagram",
    "observation_record must point into the records, stream by stream in the order of the streams",
)
"""What each status means."""


VECTORS, MATRICES = 5, 12


def scratch_sizes(n: int, n_outputs: int, length: int) -> tuple[int, int, int]:
    """Return how many numbers of scratch a kernel wants: vectors, matrices, and the trace of a stream.

    Parameters
    ----------
    n, n_outputs
        Number of states and of outputs.
    length
        Number of records of the longest stream.
    """
    return VECTORS * n, MATRICES * n * n, (3 + 3 * n + n_outputs) * (length + 1)


def longest(start: Any) -> int:
    """Return the number of records of the longest stream, from stream_start (stream + 1)."""
    most = 0
    for s in range(start.shape[0] - 1):
        most = max(most, start[s + 1] - start[s])
    return most


@inlined
def unpack(packed: Int64Array) -> Plan:
    """Return the Plan that `Plan.packed` put into one array."""
    n, m, blocks, outputs = packed[0], packed[1], packed[2], packed[3]
    a = 5 + m
    b = a + m
    c = b + blocks + 1
    d = c + n
    e = d + n + 1
    return Plan(
        packed[5:a],
        packed[a:b],
        packed[b:c],
        packed[c:d],
        packed[d:e],
        packed[e : e + outputs],
        packed[4] != 0,
    )


class Scratch(NamedTuple):
    """Where a kernel works, by shape."""

    vectors: Array
    """(vector, state)"""
    matrices: Array
    """(matrix, state, state)"""
    trace: Array
    """(trace, record + 1): what is kept of one stream."""


@inlined
def space(scratch: Scratch) -> Space:
    """Give the parts of the scratch their names."""
    v, m, t = scratch
    n = v.shape[1]
    return Space(
        v[0], v[1], v[2], v[3], v[4],
        m[0], m[1], m[2], m[3], m[4], m[5], m[6:8], m[8:10], m[10:12],
        t[0], t[1], t[2], t[3 : 3 + n], t[3 + n : 3 + 2 * n], t[3 + 2 * n : 3 + 3 * n], t[3 + 3 * n :],
    )  # fmt: skip


@part
def all_streams(
    packed: Int64Array,
    rates: Array,
    tables: Tables,
    observation: Int32Array,
    scratch: Scratch,
    back: bool,
    out: Array,
    rates_bar: Array,
    time_bar: Array,
    amount_bar: Array,
) -> int:
    """Fill out (observation, output) with the amounts at the observations' records.

    Or `back`: read the gradient with respect to them there, and fill those of rates (row, rate), times and
    amounts (record,).
    """
    plan = unpack(packed)
    status = check(plan, rates, tables, scratch.trace.shape[1] - 1)
    if status != FITS:
        return status
    sp = space(scratch)
    if back:
        for i in range(rates_bar.shape[0]):
            fill(rates_bar[i], 0.0)
        fill(time_bar, 0.0)
        fill(amount_bar, 0.0)
        for i in range(sp.Z.shape[0]):
            fill(sp.Z[i], 0.0)
    row, modal, first = -1, True, 0
    for s in range(tables.start.shape[0] - 1):
        row, modal = forward(plan, rates, tables, s, row, modal, sp, not back)
        begin, end = tables.start[s], tables.start[s + 1]
        last = observed(observation, first, begin, end)
        for k in range(out.shape[1]):
            amounts = sp.amounts[k, : end - begin]
            if back:
                fill(amounts, 0.0)
            for o in range(first, last):
                if back:
                    amounts[observation[o] - begin] += out[o, k]
                else:
                    out[o, k] = amounts[observation[o] - begin]
        first = last
        if back:
            row, modal = backward(plan, rates, tables, s, row, modal, sp, rates_bar, time_bar, amount_bar)
    return FITS if first == observation.shape[0] else BAD_OBSERVATION


def walk_streams(
    packed: Any, packed_size: int, rates: Any, n_rows: int, start: Any, start_size: int,
    row: Any, time: Any, kind: Any, amount: Any, compartment: Any, n_records: int,
    observation: Any, n_observations: int, vectors: Any, matrices: Any, trace: Any, length: int,
    back: int, out: Any, rates_bar: Any, time_bar: Any, amount_bar: Any,
) -> int:  # fmt: skip
    """Give the addresses their shapes and call `all_streams`; unless `back`, the last three are not read."""
    n, m, n_outputs = packed[0], packed[1], packed[3]
    return all_streams(
        carray(packed, (packed_size,)),
        carray(rates, (n_rows, m)),
        Tables(
            carray(start, (start_size,)),
            carray(row, (n_records,)),
            carray(time, (n_records,)),
            carray(kind, (n_records,)),
            carray(amount, (n_records,)),
            carray(compartment, (n_records,)),
        ),
        carray(observation, (n_observations,)),
        Scratch(
            carray(vectors, (VECTORS, n)),
            carray(matrices, (MATRICES, n, n)),
            carray(trace, (3 + 3 * n + n_outputs, length + 1)),
        ),
        back != 0,
        carray(out, (n_observations, n_outputs)),
        carray(rates_bar, (n_rows, m)),
        carray(time_bar, (n_records,)),
        carray(amount_bar, (n_records,)),
    )


WALK = Kernel(
    walk_streams,
    _N(
        *(_PLAN, _N, _REAL, _N, _INT, _N),  # plan and its size, rates and rows, stream_start and its size
        *(_INT, _REAL, _INT, _REAL, _INT, _N),  # row, time, kind, amount, compartment, and records
        *(_INT, _N),  # observation_record and its size
        *(_REAL, _REAL, _REAL, _N),  # scratch, and the number of records of the longest stream
        *(_N, _REAL, _REAL, _REAL, _REAL),  # back, out, and the three gradients
    ),
)


def walk_amounts(packed: Int64Array, inputs: Sequence[Any]) -> Array:
    """Return amounts (observation, output), from NumPy arrays.

    Parameters
    ----------
    packed
        A diagram's `Plan.packed`.
    inputs
        Rates (row, rate), then stream_start, record_row, record_time, record_kind, record_amount,
        record_compartment, observation_record.

    Raises
    ------
    ValueError
        When the tables do not fit together.
    """
    out = np.empty((len(inputs[-1]), packed[3]))
    _call(packed, inputs, False, [out] * 4)
    return out


def walk_gradients(packed: Int64Array, inputs: Sequence[Any], bar: Array) -> tuple[Array, Array, Array]:
    """Return the gradients of sum(amounts bar) by rates (row, rate), record_time and record_amount (record,).

    Parameters and errors are those of `walk_amounts`; `bar` is (observation, output).
    """
    if bar.shape != (len(inputs[-1]), packed[3]):
        raise ValueError(SHAPES)
    by_rates, by_time, by_amount = (np.empty(np.shape(inputs[p])) for p in _REALS)
    _call(packed, inputs, True, [np.ascontiguousarray(bar, dtype=np.float64), by_rates, by_time, by_amount])
    return by_rates, by_time, by_amount


def _call(packed: Int64Array, inputs: Sequence[Any], back: bool, results: Sequence[Array]) -> None:
    """Call the kernel from Python."""
    arrays = [
        np.ascontiguousarray(x, dtype=np.float64 if position in _REALS else np.int32)
        for position, x in enumerate(inputs)
    ]
    size = [len(x) for x in arrays]
    if len(set(size[2:7])) > 1 or arrays[0].shape[1] != packed[1]:
        raise ValueError(SHAPES)
    rates, start, *records, observation = (x.ctypes.data for x in arrays)
    length = longest(arrays[1])
    work = [np.empty(n) for n in scratch_sizes(packed[0], packed[3], length)]
    status = WALK(
        packed.ctypes.data, len(packed), rates, size[0], start, size[1],
        *records, size[2], observation, size[7], *(x.ctypes.data for x in work), length,
        back, *(x.ctypes.data for x in results),
    )  # fmt: skip
    if status != FITS:
        raise ValueError(MESSAGES[status])
