"""The two C functions that walk all streams: `AMOUNTS` (values only) and `GRADIENTS` (with one walk back).

Their arguments are addresses and sizes: the packed plan, rates (row, rate), the tables, the observations,
and where the results go. All arrays are contiguous; reals are float64, indices int32, the plan int64. They
return 1, or why not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import carray, types

from bayesdose.pk.diagram import Plan
from bayesdose.pk.kernels import Array, Int64Array, Kernel, helper
from bayesdose.pk.walk import (
    BAD_OBSERVATION,
    FITS,
    Space,
    Tables,
    backward,
    check,
    forward,
    longest,
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
)

SHAPES = "the record tables must have the same length, and rates one column for each flow of the diagram"

MESSAGES = (
    "the walk through the records failed, probably for want of memory",
    "",
    "stream_start must begin with 0, not decrease, and end with the number of records",
    "record_row points outside the rows of rates",
    "record_compartment is not a compartment of the diagram",
    "observation_record must point into the records, stream by stream in the order of the streams",
)
"""What each status means."""


@helper
def unpack(packed: Any) -> Any:
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


@helper
def scratch(n: int, n_outputs: int, length: int) -> Any:
    """Allocate the Space for n states and streams of at most `length` records."""
    v = np.empty((5, n))
    m = np.empty((12, n, n))
    t = np.empty((3 + 3 * n + n_outputs, length + 1))
    return Space(
        v[0], v[1], v[2], v[3], v[4],
        m[0], m[1], m[2], m[3], m[4], m[5], m[6:8], m[8:10], m[10:12],
        t[0], t[1], t[2], t[3 : 3 + n], t[3 + n : 3 + 2 * n], t[3 + 2 * n : 3 + 3 * n], t[3 + 3 * n :],
    )  # fmt: skip


def amounts_kernel(
    packed: Any, packed_size: int, rates: Any, n_rows: int, start: Any, start_size: int,
    row: Any, time: Any, kind: Any, amount: Any, compartment: Any, n_records: int,
    observation: Any, n_observations: int, out: Any,
) -> int:  # fmt: skip
    """Fill out (observation, output) with the amounts at the observations' records."""
    plan = unpack(carray(packed, (packed_size,)))
    n_outputs = plan.outputs.shape[0]
    rows = carray(rates, (n_rows, plan.source.shape[0]))
    tables = Tables(
        carray(start, (start_size,)),
        carray(row, (n_records,)),
        carray(time, (n_records,)),
        carray(kind, (n_records,)),
        carray(amount, (n_records,)),
        carray(compartment, (n_records,)),
    )
    seen = carray(observation, (n_observations,))
    status = check(plan, rows, tables)
    if status != FITS:
        return status
    sp = scratch(plan.parent.shape[0], n_outputs, longest(tables.start))
    found = carray(out, (n_observations, n_outputs))
    current, modal, first = -1, True, 0
    for s in range(start_size - 1):
        current, modal = forward(plan, rows, tables, s, current, modal, sp, True)
        begin = tables.start[s]
        last = observed(seen, first, begin, tables.start[s + 1])
        for o in range(first, last):
            for k in range(n_outputs):
                found[o, k] = sp.amounts[k, seen[o] - begin]
        first = last
    return status if first == n_observations else BAD_OBSERVATION


def gradients_kernel(
    packed: Any, packed_size: int, rates: Any, n_rows: int, start: Any, start_size: int,
    row: Any, time: Any, kind: Any, amount: Any, compartment: Any, n_records: int,
    observation: Any, n_observations: int, out_bar: Any, rates_bar: Any, time_bar: Any, amount_bar: Any,
) -> int:  # fmt: skip
    """Fill the gradients of sum(out * out_bar): rates_bar (row, rate), time_bar and amount_bar (record,)."""
    plan = unpack(carray(packed, (packed_size,)))
    n_outputs = plan.outputs.shape[0]
    rows = carray(rates, (n_rows, plan.source.shape[0]))
    tables = Tables(
        carray(start, (start_size,)),
        carray(row, (n_records,)),
        carray(time, (n_records,)),
        carray(kind, (n_records,)),
        carray(amount, (n_records,)),
        carray(compartment, (n_records,)),
    )
    seen = carray(observation, (n_observations,))
    status = check(plan, rows, tables)
    if status != FITS:
        return status
    bars = carray(out_bar, (n_observations, n_outputs))
    to_rates = carray(rates_bar, (n_rows, plan.source.shape[0]))
    to_time, to_amount = carray(time_bar, (n_records,)), carray(amount_bar, (n_records,))
    to_rates[:, :] = 0.0
    to_time[:] = 0.0
    to_amount[:] = 0.0
    sp = scratch(plan.parent.shape[0], n_outputs, longest(tables.start))
    sp.Z[:, :] = 0.0
    current, modal, first = -1, True, 0
    for s in range(start_size - 1):
        current, modal = forward(plan, rows, tables, s, current, modal, sp, False)
        begin, end = tables.start[s], tables.start[s + 1]
        last = observed(seen, first, begin, end)
        for k in range(n_outputs):
            amounts = sp.amounts[k, : end - begin]
            for r in range(end - begin):
                amounts[r] = 0.0
            for o in range(first, last):
                amounts[seen[o] - begin] += bars[o, k]
        first = last
        current, modal = backward(plan, rows, tables, s, current, modal, sp, to_rates, to_time, to_amount)
    return status if first == n_observations else BAD_OBSERVATION


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
    status = kernel(
        packed.ctypes.data, len(packed), rates, size[0], start, size[1],
        *records, size[2], observation, size[7], *(x.ctypes.data for x in results),
    )  # fmt: skip
    if status != FITS:
        raise ValueError(MESSAGES[status])
