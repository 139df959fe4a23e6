"""The two C functions that walk all streams: `AMOUNTS` (values only) and `GRADIENTS` (with one walk back).

Their arguments are addresses and sizes: the packed plan, rates (row, rate), the tables, the observations,
and where the results go. All arrays are contiguous; reals are float64, indices int32, the plan int64. They
return 1, or why not.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import carray, types

from bayesdose.pk.diagram import Plan
from bayesdose.pk.kernels import Kernel, helper
from bayesdose.pk.walk import FITS, Space, Tables, backward, check, forward, longest

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

MESSAGES = (
    "the walk through the records failed, probably for want of memory",
    "",
    "stream_start must begin with 0, not decrease, and end with the number of records",
    "record_row points outside the rows of rates",
    "record_compartment is not a compartment of the diagram",
    "observation_record points outside the records",
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
def scratch(n: int, length: int) -> Any:
    """Allocate the Space for n states and streams of at most `length` records."""
    v = np.empty((5, n))
    m = np.empty((12, n, n))
    t = np.empty((2 + 3 * n, length + 1))
    return Space(
        v[0], v[1], v[2], v[3], v[4],
        m[0], m[1], m[2], m[3], m[4], m[5], m[6:8], m[8:10], m[10:12],
        t[0], t[1], t[2 : 2 + n], t[2 + n : 2 + 2 * n], t[2 + 2 * n :],
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
    observed = carray(observation, (n_observations,))
    status = check(plan, rows, tables, observed)
    if status != FITS:
        return status
    sp = scratch(plan.parent.shape[0], longest(tables.start))
    amounts = np.empty((n_records, n_outputs))
    current, modal = -1, True
    for s in range(start_size - 1):
        current, modal = forward(plan, rows, tables, s, current, modal, sp, amounts)
    found = carray(out, (n_observations, n_outputs))
    for o in range(n_observations):
        for k in range(n_outputs):
            found[o, k] = amounts[observed[o], k]
    return status


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
    observed = carray(observation, (n_observations,))
    status = check(plan, rows, tables, observed)
    if status != FITS:
        return status
    bars = carray(out_bar, (n_observations, n_outputs))
    to_rates = carray(rates_bar, (n_rows, plan.source.shape[0]))
    to_time, to_amount = carray(time_bar, (n_records,)), carray(amount_bar, (n_records,))
    to_rates[:, :] = 0.0
    to_time[:] = 0.0
    to_amount[:] = 0.0
    amounts_bar = np.zeros((n_records, n_outputs))
    for o in range(n_observations):
        for k in range(n_outputs):
            amounts_bar[observed[o], k] += bars[o, k]
    sp = scratch(plan.parent.shape[0], longest(tables.start))
    sp.Z[:, :] = 0.0
    nothing = np.empty((0, n_outputs))
    current, modal = -1, True
    for s in range(start_size - 1):
        current, modal = forward(plan, rows, tables, s, current, modal, sp, nothing)
        current, modal = backward(
            plan, rows, tables, s, current, modal, sp, amounts_bar, to_rates, to_time, to_amount
        )
    return status


AMOUNTS = Kernel(amounts_kernel, _N(*_INPUTS, _REAL))
GRADIENTS = Kernel(gradients_kernel, _N(*_INPUTS, _REAL, _REAL, _REAL, _REAL))
