"""Walk the records of every stream through a linear diagram: amounts, and their gradients by one walk back.

A stream is a run of records [stream_start[s], stream_start[s + 1]) that starts empty at its first record's
time. Between two records the amounts follow ``x(t + dt) = exp(K dt) x(t)``, where K comes from the row of
rates of the **later** record (NONMEM's convention: a record's covariates act over the interval that reaches
it). A dose adds to the compartment it enters, a reset empties all; a record's amounts are those after the
record itself. Records at the same time act in the order given.

The state is kept in the eigenbasis of the current row (`modes`), where an interval is one product per
state, and a row that stays the same, within and across streams, is set up once. The walk back carries the
adjoint of the state the same way; the adjoint of K follows from ``Z_ij += xbar_i x_j phi_ij(dt)``, ``Kbar =
W' Z V'``, with phi the divided differences of exp (Daleckii and Krein 1965; Higham, Functions of Matrices,
2008, theorem 3.11). Rows without a good basis (equal rates in series, cycles) take the matrix exponential
and its derivative in the same walk; for them V = W = I.

Rates that are not finite give amounts and gradients that are not numbers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bayesdose.pk.diagram import Plan
from bayesdose.pk.exponential import exponential
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
    before: Array
    """(state, record + 1) the state before each interval, in the basis of its row."""
    factor: Array
    """(state, record) what the interval multiplies it with."""
    bar: Array
    """(state, record) the adjoint of the state after each record's interval."""


@part
def check(plan: Plan, rates: Array, tables: Tables, observation: Int32Array) -> int:
    """Return `FITS`, or which table points outside another (and would let the walk read foreign memory)."""
    start, n_records = tables.start, tables.time.shape[0]
    before = 0
    for s in range(start.shape[0]):
        if start[s] < before or (s == 0 and start[s] != 0):
            return BAD_START
        before = start[s]
    if before != n_records:
        return BAD_START
    if outside(tables.row, rates.shape[0]):
        return BAD_ROW
    if outside(tables.compartment, plan.entry.shape[0]):
        return BAD_COMPARTMENT
    if outside(observation, n_records):
        return BAD_OBSERVATION
    return FITS


@part
def outside(index: Int32Array, n: int) -> bool:
    """Return whether any index is not in [0, n)."""
    wrong = 0
    for i in range(index.shape[0]):
        wrong += index[i] < 0 or index[i] >= n
    return wrong > 0


@part
def longest(start: Int32Array) -> int:
    """Return the number of records of the longest stream."""
    most = 0
    for s in range(start.shape[0] - 1):
        most = max(most, start[s + 1] - start[s])
    return most


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
def walk_modes(plan: Plan, tables: Tables, first: int, last: int, begin: int, sp: Space) -> None:
    """Take the state over records [first, last), which share one row, mode by mode (they do not interact).

    Leaves in `before` the state before each interval, and after the last record.
    """
    x, mu, W, dt, before, factor = sp.x, sp.mu, sp.W, sp.dt, sp.before, sp.factor
    kind, amount, compartment, entry = tables.kind, tables.amount, tables.compartment, plan.entry
    for i in range(x.shape[0]):
        state, rate, step, e = x[i], mu[i], np.nan, 1.0
        for r in range(first, last):
            if dt[r - begin] != step:
                step = dt[r - begin]
                e = np.exp(rate * step)
            before[i, r - begin] = state
            factor[i, r - begin] = e
            state *= e
            inflow = W[i, entry[compartment[r]]] * amount[r]
            state = 0.0 if kind[r] == RESET else (state + inflow if kind[r] == DOSE else state)
        before[i, last - begin] = state
        x[i] = state


@part
def walk_exponential(plan: Plan, tables: Tables, first: int, last: int, begin: int, sp: Space) -> None:
    """Do the same as `walk_modes` by the matrix exponential."""
    x, step = sp.x, np.nan
    for r in range(first, last):
        for i in range(x.shape[0]):
            sp.before[i, r - begin] = x[i]
        if sp.dt[r - begin] != step:
            step = sp.dt[r - begin]
            exponential(sp.K, step, sp.A, sp.E, sp.T, False)
        apply(sp.E[0], False, x, sp.y)
        if tables.kind[r] == DOSE:
            x[plan.entry[tables.compartment[r]]] += tables.amount[r]
        elif tables.kind[r] == RESET:
            fill(x, 0.0)
    for i in range(x.shape[0]):
        sp.before[i, last - begin] = x[i]


@inlined
def read(
    outputs: Int64Array, V: Array, before: Array, first: int, last: int, begin: int, amounts: Array
) -> None:
    """Write amounts (record, output) of records [first, last) from the states that `before` holds."""
    for k in range(outputs.shape[0]):
        for i in range(V.shape[0]):
            v = V[outputs[k], i]
            for r in range(first, last):
                amounts[r, k] = v * before[i, r - begin + 1] + (amounts[r, k] if i > 0 else 0.0)


@inlined
def forward(
    plan: Plan, rates: Array, tables: Tables, stream: int, row: int, modal: bool, sp: Space, amounts: Array
) -> tuple[int, bool]:
    """Walk one stream and, when `amounts` is (record, output) and not empty, write the amounts.

    `sp` is set up for `row` (-1: for none), in its eigenbasis or not (`modal`); both are returned for the
    end.
    """
    rows, time, x = tables.row, tables.time, sp.x
    begin, end = tables.start[stream], tables.start[stream + 1]
    fill(x, 0.0)
    for r in range(begin, end):
        sp.dt[r - begin] = time[r] - time[max(r - 1, begin)]
    first = begin
    while first < end:
        last = first + 1
        while last < end and rows[last] == rows[first]:
            last += 1
        if rows[first] != row:
            if first > begin:
                apply(sp.V, False, x, sp.y)
            row = rows[first]
            modal = set_basis(plan, rates, row, sp.K, sp.mu, sp.V, sp.W, sp.S, sp.d, sp.gain)
            if first > begin:
                apply(sp.W, False, x, sp.y)
        if modal:
            walk_modes(plan, tables, first, last, begin, sp)
        else:
            walk_exponential(plan, tables, first, last, begin, sp)
        if amounts.shape[0] > 0:
            read(plan.outputs, sp.V, sp.before, first, last, begin, amounts)
        first = last
    return row, modal


@inlined
def back_modes(
    plan: Plan,
    tables: Tables,
    first: int,
    last: int,
    begin: int,
    sp: Space,
    amounts_bar: Array,
    amount_bar: Array,
) -> None:
    """Take the adjoint state back over records [first, last), and add to Z, amount_bar and slope."""
    x, mu, V, W, Z = sp.x, sp.mu, sp.V, sp.W, sp.Z
    dt, slope, before, factor, bar = sp.dt, sp.slope, sp.before, sp.factor, sp.bar
    kind, compartment, entry, outputs = tables.kind, tables.compartment, plan.entry, plan.outputs
    for i in range(x.shape[0]):
        for k in range(outputs.shape[0]):
            v = V[outputs[k], i]
            for r in range(first, last):
                bar[i, r - begin] = v * amounts_bar[r, k] + (bar[i, r - begin] if k > 0 else 0.0)
        b = x[i]
        for r in range(last - 1, first - 1, -1):
            b += bar[i, r - begin]
            amount_bar[r] += W[i, entry[compartment[r]]] * b if kind[r] == DOSE else 0.0
            b = 0.0 if kind[r] == RESET else b
            bar[i, r - begin] = b
            b *= factor[i, r - begin]
        x[i] = b
        z = 0.0
        for r in range(first - begin, last - begin):
            share = bar[i, r] * factor[i, r] * before[i, r]
            slope[r] += mu[i] * share
            z += share * dt[r]
        Z[i, i] += z
        for j in range(i):
            gap = mu[i] - mu[j]
            down, up = 0.0, 0.0
            for r in range(first - begin, last - begin):
                phi = divided_difference(gap, dt[r], factor[i, r], factor[j, r])
                down += bar[i, r] * before[j, r] * phi
                up += bar[j, r] * before[i, r] * phi
            Z[i, j] += down
            Z[j, i] += up


@inlined
def divided_difference(gap: float, dt: float, e_i: float, e_j: float) -> float:
    """(exp(mu_i dt) - exp(mu_j dt)) / (mu_i - mu_j), from gap = mu_i - mu_j and the two exponentials."""
    d = gap * dt
    if abs(d) > 0.5:
        return (e_i - e_j) / gap
    if abs(d) > 1e-5:
        return e_j * (np.expm1(d) / gap)
    return dt * e_j * (1.0 + d * (0.5 + d / 6.0))


@part
def back_exponential(
    plan: Plan,
    tables: Tables,
    first: int,
    last: int,
    begin: int,
    sp: Space,
    amounts_bar: Array,
    amount_bar: Array,
) -> None:
    """Do the same as `back_modes` by the derivative of the matrix exponential; Z is the adjoint of K itself.

    That is the integral of exp(K' (dt - s)) xbar x' exp(K' s), the transpose of the derivative in direction
    x xbar'.
    """
    x, n = sp.x, sp.x.shape[0]
    for r in range(last - 1, first - 1, -1):
        for k in range(plan.outputs.shape[0]):
            x[plan.outputs[k]] += amounts_bar[r, k]
        if tables.kind[r] == DOSE:
            amount_bar[r] = x[plan.entry[tables.compartment[r]]]
        elif tables.kind[r] == RESET:
            fill(x, 0.0)
        for i in range(n):
            for j in range(n):
                sp.A[1, i, j] = sp.before[i, r - begin] * x[j]
        exponential(sp.K, sp.dt[r - begin], sp.A, sp.E, sp.T, True)
        apply(sp.E[0], True, x, sp.y)
        for i in range(n):
            for j in range(n):
                sp.Z[i, j] += sp.E[1, j, i]
                sp.slope[r - begin] += x[i] * sp.K[i, j] * sp.before[j, r - begin]


@part
def flush(
    source: Int64Array, target: Int64Array, V: Array, W: Array, Z: Array, P: Array, row: int, rates_bar: Array
) -> None:
    """Add Kbar = W' Z V' at the flows to rates_bar[row], and empty Z."""
    n = Z.shape[0]
    for i in range(n):
        for j in range(n):
            P[i, j] = 0.0
            for k in range(n):
                P[i, j] += Z[i, k] * V[j, k]
    for f in range(source.shape[0]):
        i, j = source[f], target[f]
        for k in range(n):
            into = W[k, j] if j >= 0 else 0.0
            rates_bar[row, f] += (into - W[k, i]) * P[k, i]
    for i in range(n):
        fill(Z[i], 0.0)


@inlined
def backward(
    plan: Plan,
    rates: Array,
    tables: Tables,
    stream: int,
    row: int,
    modal: bool,
    sp: Space,
    amounts_bar: Array,
    rates_bar: Array,
    time_bar: Array,
    amount_bar: Array,
) -> tuple[int, bool]:
    """Walk one stream back after `forward`, and add to the three gradients.

    amounts_bar (record, output) is the gradient with respect to the amounts; `sp` holds the basis of the
    stream's last record. Returns `row` and `modal` of its first record.
    """
    rows, x, slope = tables.row, sp.x, sp.slope
    begin, end = tables.start[stream], tables.start[stream + 1]
    fill(x, 0.0)
    for r in range(begin, end):
        slope[r - begin] = 0.0
    last = end
    while last > begin:
        first = last - 1
        while first > begin and rows[first - 1] == rows[first]:
            first -= 1
        if rows[first] != row:
            apply(sp.W, True, x, sp.y)
            row = rows[first]
            modal = set_basis(plan, rates, row, sp.K, sp.mu, sp.V, sp.W, sp.S, sp.d, sp.gain)
            apply(sp.V, True, x, sp.y)
        if modal:
            back_modes(plan, tables, first, last, begin, sp, amounts_bar, amount_bar)
        else:
            back_exponential(plan, tables, first, last, begin, sp, amounts_bar, amount_bar)
        flush(plan.source, plan.target, sp.V, sp.W, sp.Z, sp.P, row, rates_bar)
        last = first
    for r in range(begin + 1, end):
        time_bar[r] += slope[r - begin]
        time_bar[r - 1] -= slope[r - begin]
    return row, modal
