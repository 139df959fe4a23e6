"""What a walk stands on: the event tables, the scratch, and the basis of one row of rates."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bayesdose.pk.diagram import Plan
from bayesdose.pk.kernels import Array, Int32Array, Int64Array, inlined, part
from bayesdose.pk.modes import modes, rate_matrix

DOSE = 1
RESET = 3

FITS, BAD_START, BAD_ROW, BAD_COMPARTMENT, BAD_OBSERVATION = 1, 2, 3, 4, 5


class Tables(NamedTuple):
    """The event tables of all streams; the kinds are 0 observation, 1 dose, 2 other, 3 reset."""

    start: Int32Array
    """(stream + 1,) offsets into the records."""
    row: Int32Array
    """(record,) row of rates."""
    time: Array
    kind: Int32Array
    amount: Array
    compartment: Int32Array
    """(record,) where a dose goes: 0 the diagram's default, c its c-th compartment."""


class Space(NamedTuple):
    """Scratch of the walk: what belongs to the current row, and the trace of the current stream."""

    x: Array
    """(state,) the state, in the eigenbasis; on the way back its adjoint."""
    y: Array
    mu: Array
    d: Array
    gain: Array
    K: Array
    """(state, state) rate matrix; V, W its eigenbasis; S, P scratch."""
    V: Array
    W: Array
    S: Array
    P: Array
    Z: Array
    """(state, state) adjoint of K in the eigenbasis."""
    A: Array
    """(2, state, state) dual matrices, as are E and T."""
    E: Array
    T: Array
    dt: Array
    """(record,) length of the interval before each record; slope is its adjoint."""
    slope: Array
    phi: Array
    """(record,) a divided difference of the interval."""
    before: Array
    """(state, record + 1) the state before each interval, in the basis of its row."""
    factor: Array
    """(state, record) what the interval multiplies it with."""
    bar: Array
    """(state, record) the adjoint of the state after each record's interval."""
    amounts: Array
    """(output, record) the amounts after each record; on the way back their adjoint."""


@part
def check(plan: Plan, rates: Array, tables: Tables, length: int) -> int:
    """Return `FITS`, or which table points outside another (and would let the walk read foreign memory)."""
    start, n_records = tables.start, tables.time.shape[0]
    before = 0
    for s in range(start.shape[0]):
        if start[s] < before or start[s] > before + length or (s == 0 and start[s] != 0):
            return BAD_START
        before = start[s]
    if before != n_records:
        return BAD_START
    if outside(tables.row, rates.shape[0]):
        return BAD_ROW
    if outside(tables.compartment, plan.entry.shape[0]):
        return BAD_COMPARTMENT
    return FITS


@part
def outside(index: Int32Array, n: int) -> bool:
    """Return whether any index is not in [0, n)."""
    wrong = 0
    for i in range(index.shape[0]):
        wrong += index[i] < 0 or index[i] >= n
    return wrong > 0


@part
def observed(observation: Int32Array, o: int, begin: int, end: int) -> int:
    """Return the position after the last observation, from position o on, within records [begin, end)."""
    while o < observation.shape[0] and begin <= observation[o] < end:
        o += 1
    return o


@part
def fill(x: Array, value: float) -> None:
    """Set a vector to a value."""
    for i in range(x.shape[0]):
        x[i] = value


@part
def apply(M: Array, transposed: bool, x: Array, y: Array) -> None:
    """Replace x by M x, or M' x; y is scratch."""
    n = x.shape[0]
    for i in range(n):
        y[i] = 0.0
        for j in range(n):
            y[i] += (M[j, i] if transposed else M[i, j]) * x[j]
    for i in range(n):
        x[i] = y[i]


@part
def set_basis(
    plan: Plan,
    rates: Array,
    row: int,
    K: Array,
    mu: Array,
    V: Array,
    W: Array,
    S: Array,
    d: Array,
    gain: Array,
) -> bool:
    """Set up K, mu, V and W for one row of rates; return whether the walk is in its eigenbasis."""
    finite = rate_matrix(plan.source, plan.target, rates, row, K)
    if finite and plan.modal and modes(plan.edge, plan.parent, K, mu, V, W, S, d, gain):
        return True
    for i in range(mu.shape[0]):
        mu[i] = np.nan
        for j in range(mu.shape[0]):
            V[i, j] = W[i, j] = (1.0 if i == j else 0.0) if finite else np.nan
    return not finite


@inlined
def place(entry: Int64Array, compartment: int) -> np.uint64:
    """Return the state that a dose to a compartment enters; unsigned, which spares tests for negatives."""
    return np.uint64(entry[np.uint64(compartment)])
