"""What a walk stands on: the event tables, the scratch, and the basis of one row of rates."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bayesdose.pk.diagram import Plan
from bayesdose.pk.kernels import Array, Int32Array, inlined, part
from bayesdose.pk.modes import modes, rate_matrix
from bayesdose.pk.records import DOSE, Records, Routes, compartment_of, plain

FITS, BAD_START, BAD_ROW, BAD_COMPARTMENT, BAD_OBSERVATION, BAD_ROUTE = 1, 2, 3, 4, 5, 6


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
    saved: Array
    """(state,) the state, or its adjoint, beside a steady state."""
    slope: Array
    """(event,) adjoint of the interval before each event."""
    phi: Array
    """(event,) a divided difference of the interval."""
    added: Array
    """(event,) what an event adds to a mode; on the way back, the adjoint of what it adds to its state."""
    before: Array
    """(state, event + 1) the state before each interval, in the basis of its row."""
    factor: Array
    """(state, event) what the interval multiplies it with."""
    bar: Array
    """(state, event) the adjoint of the state after each event's interval."""
    amounts: Array
    """(output, event) the amounts after each event; on the way back their adjoint."""


VECTORS, MATRICES = 6, 12


@inlined
def space(reals: Array, n: int, n_outputs: int, length: int) -> Space:
    """Give the parts of the scratch their names; see `scratch_sizes`."""
    v = reals[: VECTORS * n].reshape((VECTORS, n))
    a = VECTORS * n
    m = reals[a : a + MATRICES * n * n].reshape((MATRICES, n, n))
    a += MATRICES * n * n
    rows = 3 + 3 * n + n_outputs
    t = reals[a : a + rows * (length + 1)].reshape((rows, length + 1))
    return Space(
        v[0], v[1], v[2], v[3], v[4],
        m[0], m[1], m[2], m[3], m[4], m[5], m[6:8], m[8:10], m[10:12],
        v[5], t[0], t[1], t[2], t[3 : 3 + n], t[3 + n : 3 + 2 * n], t[3 + 2 * n : 3 + 3 * n], t[3 + 3 * n :],
    )  # fmt: skip


@inlined
def check(n_compartments: int, n_rows: int, records: Records, routes: Routes) -> int:
    """Return `FITS`, or which table points outside another (and would let the walk read foreign memory)."""
    start, n_records = records.start, records.time.shape[0]
    before = 0
    for s in range(start.shape[0]):
        if start[s] < before or (s == 0 and start[s] != 0):
            return BAD_START
        before = start[s]
    if before != n_records:
        return BAD_START
    if outside(records.row, n_rows):
        return BAD_ROW
    if outside(records.compartment, n_compartments + 1):
        return BAD_COMPARTMENT
    if plain(records, routes, 0, n_records):
        return FITS
    for r in range(n_records):
        if records.kind[r] == DOSE and records.rate[r] < 0.0:
            c = compartment_of(records, routes, r)
            if (routes.rate[c] if records.rate[r] == -1.0 else routes.duration[c]) < 0:
                return BAD_ROUTE
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
    finite = rate_matrix(plan.source, plan.target, plan.depletes, plan.pumps, rates, row, K)
    if finite and plan.modal and modes(plan.edge, plan.parent, K, mu, V, W, S, d, gain):
        return True
    for i in range(mu.shape[0]):
        mu[i] = np.nan
        for j in range(mu.shape[0]):
            V[i, j] = W[i, j] = (1.0 if i == j else 0.0) if finite else np.nan
    return not finite


@part
def solve(A: Array, first: int, b: Array) -> None:
    """Replace b by the solution of A x = b in the states from `first` on, by elimination with pivots.

    A is lost.
    """
    n = b.shape[0]
    for k in range(first, n):
        pivot = k
        for i in range(k + 1, n):
            if abs(A[i, k]) > abs(A[pivot, k]):
                pivot = i
        for j in range(first, n):
            A[k, j], A[pivot, j] = A[pivot, j], A[k, j]
        b[k], b[pivot] = b[pivot], b[k]
        for i in range(k + 1, n):
            share = A[i, k] / A[k, k]
            for j in range(k, n):
                A[i, j] -= share * A[k, j]
            b[i] -= share * b[k]
    for k in range(n - 1, first - 1, -1):
        for j in range(k + 1, n):
            b[k] -= A[k, j] * b[j]
        b[k] /= A[k, k]
