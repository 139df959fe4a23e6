"""The two C functions that walk all streams: `AMOUNTS` (values only) and `GRADIENTS` (with one walk back).

Their arguments are addresses and sizes: the packed plan, rates (row, rate), the tables, the observations,
scratch, and where the results go. All arrays are contiguous; reals are float64, indices int32, the plan
int64. They return 1, or why not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numba import carray, types

from bayesdose.pk.diagram import Plan
from bayesdose.pk.kernels import Array, Int32Array, Int64Array, Kernel, inlined
from bayesdose.pk.walk import (
    BAD_OBSERVATION,
    FITS,
    Space,
    Tables,
    backward,
    check,
    fill,
    forward,
    observed,
)

_PLAN, _INT, _REAL, _N = (
    types.CPointer(types.int64),
    types.CPointer(types.int32),
    types.CPointer(types.float64),
    types.int64,
)
_INPUTS = (
    *(_PLAN, _N, _REAL, _N, _INT, _N),  # plan and its size, rates and rows, stream_start and its size
    *(_INT, _REAL, _INT, _REAL, _INT, _N),  # row, time, kind, amount, compartment, and records
    *(_INT, _N),  # observation_record and its size
    *(_REAL, _REAL, _REAL, _N),  # scratch, and the number of records of the longest stream
)

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


@inlined
def all_amounts(
    packed: Int64Array, rates: Array, tables: Tables, observation: Int32Array, scratch: Scratch, out: Array
) -> int:
    """Fill out (observation, output) with the amounts at the observations' records."""
    plan = unpack(packed)
    status = check(plan, rates, tables, scratch.trace.shape[1] - 1)
    if status != FITS:
        return status
    sp = space(scratch)
    row, modal, first = -1, True, 0
    for s in range(tables.start.shape[0] - 1):
        row, modal = forward(plan, rates, tables, s, row, modal, sp, True)
        begin = tables.start[s]
        last = observed(observation, first, begin, tables.start[s + 1])
        for o in range(first, last):
            for k in range(out.shape[1]):
                out[o, k] = sp.amounts[k, observation[o] - begin]
        first = last
    return FITS if first == observation.shape[0] else BAD_OBSERVATION


@inlined
def all_gradients(
    packed: Int64Array,
    rates: Array,
    tables: Tables,
    observation: Int32Array,
    scratch: Scratch,
    out_bar: Array,
    rates_bar: Array,
    time_bar: Array,
    amount_bar: Array,
) -> int:
    """Fill the gradients of sum(out * out_bar): rates_bar (row, rate), time_bar and amount_bar (record,)."""
    plan = unpack(packed)
    status = check(plan, rates, tables, scratch.trace.shape[1] - 1)
    if status != FITS:
        return status
    sp = space(scratch)
    for i in range(rates_bar.shape[0]):
        fill(rates_bar[i], 0.0)
    fill(time_bar, 0.0)
    fill(amount_bar, 0.0)
    for i in range(sp.Z.shape[0]):
        fill(sp.Z[i], 0.0)
    row, modal, first = -1, True, 0
    for s in range(tables.start.shape[0] - 1):
        row, modal = forward(plan, rates, tables, s, row, modal, sp, False)
        begin, end = tables.start[s], tables.start[s + 1]
        last = observed(observation, first, begin, end)
        for k in range(out_bar.shape[1]):
            amounts = sp.amounts[k, : end - begin]
            fill(amounts, 0.0)
            for o in range(first, last):
                amounts[observation[o] - begin] += out_bar[o, k]
        first = last
        row, modal = backward(plan, rates, tables, s, row, modal, sp, rates_bar, time_bar, amount_bar)
    return FITS if first == observation.shape[0] else BAD_OBSERVATION


def amounts_kernel(
    packed: Any, packed_size: int, rates: Any, n_rows: int, start: Any, start_size: int,
    row: Any, time: Any, kind: Any, amount: Any, compartment: Any, n_records: int,
    observation: Any, n_observations: int, vectors: Any, matrices: Any, trace: Any, length: int, out: Any,
) -> int:  # fmt: skip
    """Give the addresses their shapes and call `all_amounts`."""
    n, m, n_outputs = packed[0], packed[1], packed[3]
    return all_amounts(
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
        carray(out, (n_observations, n_outputs)),
    )


def gradients_kernel(
    packed: Any, packed_size: int, rates: Any, n_rows: int, start: Any, start_size: int,
    row: Any, time: Any, kind: Any, amount: Any, compartment: Any, n_records: int,
    observation: Any, n_observations: int, vectors: Any, matrices: Any, trace: Any, length: int,
    out_bar: Any, rates_bar: Any, time_bar: Any, amount_bar: Any,
) -> int:  # fmt: skip
    """Give the addresses their shapes and call `all_gradients`."""
    n, m, n_outputs = packed[0], packed[1], packed[3]
    return all_gradients(
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
        carray(out_bar, (n_observations, n_outputs)),
        carray(rates_bar, (n_rows, m)),
        carray(time_bar, (n_records,)),
        carray(amount_bar, (n_records,)),
    )


AMOUNTS = Kernel(amounts_kernel, _N(*_INPUTS, _REAL))
GRADIENTS = Kernel(gradients_kernel, _N(*_INPUTS, _REAL, _REAL, _REAL, _REAL))


def call(kernel: Kernel, packed: Int64Array, inputs: Sequence[Any], results: Sequence[Array]) -> None:
    """Call a kernel from Python.

    Parameters
    ----------
    kernel
        `AMOUNTS` or `GRADIENTS`.
    packed
        A diagram's `Plan.packed`.
    inputs
        Rates (row, rate), then stream_start, record_row, record_time, record_kind, record_amount,
        record_compartment, observation_record.
    results
        The kernel's remaining arrays, contiguous: for `GRADIENTS` the gradient (observation, output) first.

    Raises
    ------
    ValueError
        When the tables do not fit together.
    """
    reals = (0, 3, 5)
    arrays = [
        np.ascontiguousarray(x, dtype=np.float64 if position in reals else np.int32)
        for position, x in enumerate(inputs)
    ]
    size = [len(x) for x in arrays]
    if len(set(size[2:7])) > 1 or arrays[0].shape[1] != packed[1]:
        raise ValueError(SHAPES)
    rates, start, *records, observation = (x.ctypes.data for x in arrays)
    length = longest(arrays[1])
    work = [np.empty(n) for n in scratch_sizes(packed[0], packed[3], length)]
    status = kernel(
        packed.ctypes.data, len(packed), rates, size[0], start, size[1],
        *records, size[2], observation, size[7], *(x.ctypes.data for x in work), length,
        *(x.ctypes.data for x in results),
    )  # fmt: skip
    if status != FITS:
        raise ValueError(MESSAGES[status])
