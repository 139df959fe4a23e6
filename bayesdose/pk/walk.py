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

import numpy as np

from bayesdose.pk.diagram import Plan
from bayesdose.pk.exponential import exponential, exponentials
from bayesdose.pk.kernels import Array, Int64Array, inlined, part
from bayesdose.pk.state import DOSE, RESET, Space, Tables, apply, fill, place, set_basis


@inlined
def walk_modes(plan: Plan, tables: Tables, first: int, last: int, begin: int, sp: Space) -> None:
    """Take the state over records [first, last), which share one row, mode by mode (they do not interact).

    Leaves in `before` the state before each interval, and after the last record.
    """
    a, b, n_records = first - begin, last - begin, last - first
    kind, amount, compartment = (
        tables.kind[first:last],
        tables.amount[first:last],
        tables.compartment[first:last],
    )
    entry, dt, inflow = plan.entry, sp.dt[a:b], sp.phi[a:b]
    for i in range(sp.x.shape[0]):
        rate, W, before, factor = sp.mu[i], sp.W[i], sp.before[i, a : b + 1], sp.factor[i, a:b]
        exponentials(rate, dt, factor)
        for r in range(n_records):
            gain = W[place(entry, compartment[r])] * amount[r]
            inflow[r] = gain if kind[r] == DOSE else 0.0
        state = sp.x[i]
        for r in range(n_records):
            before[r] = state
            state = state * factor[r] + inflow[r]
            state = 0.0 if kind[r] == RESET else state
        before[n_records] = state
        sp.x[i] = state


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
def read(plan: Plan, first: int, last: int, begin: int, sp: Space) -> None:
    """Fill `amounts` (output, record) of records [first, last) from the states that `before` holds."""
    a, b = first - begin, last - begin
    for k in range(plan.outputs.shape[0]):
        amounts = sp.amounts[k, a:b]
        for i in range(sp.x.shape[0]):
            v, after = sp.V[plan.outputs[k], i], sp.before[i, a + 1 : b + 1]
            if i == 0:
                for r in range(b - a):
                    amounts[r] = v * after[r]
            else:
                for r in range(b - a):
                    amounts[r] += v * after[r]


@inlined
def forward(
    plan: Plan, rates: Array, tables: Tables, stream: int, row: int, modal: bool, sp: Space, reading: bool
) -> tuple[int, bool]:
    """Walk one stream and, when `reading`, fill `amounts`.

    `sp` is set up for `row` (-1: for none), in its eigenbasis or not (`modal`); both are returned for the
    end.
    """
    rows, x = tables.row, sp.x
    begin, end = tables.start[stream], tables.start[stream + 1]
    time = tables.time[begin:end]
    fill(x, 0.0)
    sp.dt[0] = 0.0
    for r in range(1, end - begin):
        # what came before a reset is forgotten, and its time may run back: no interval, no overflow
        sp.dt[r] = 0.0 if tables.kind[begin + r] == RESET else time[r] - time[r - 1]
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
        if reading:
            read(plan, first, last, begin, sp)
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
    amount_bar: Array,
) -> None:
    """Take the adjoint state back over records [first, last), and add to Z, amount_bar and slope."""
    a, b, n_records = first - begin, last - begin, last - first
    kind, compartment, to_amount = (
        tables.kind[first:last],
        tables.compartment[first:last],
        amount_bar[first:last],
    )
    entry, dt, slope, phi = plan.entry, sp.dt[a:b], sp.slope[a:b], sp.phi[a:b]
    for i in range(sp.x.shape[0]):
        rate, W = sp.mu[i], sp.W[i]
        before, factor, bar = sp.before[i, a:b], sp.factor[i, a:b], sp.bar[i, a:b]
        for k in range(plan.outputs.shape[0]):
            v, amounts = sp.V[plan.outputs[k], i], sp.amounts[k, a:b]
            if k == 0:
                for r in range(n_records):
                    bar[r] = v * amounts[r]
            else:
                for r in range(n_records):
                    bar[r] += v * amounts[r]
        adjoint = sp.x[i]
        r = n_records
        while r > 0:
            r -= 1
            adjoint += bar[r]
            gain = W[place(entry, compartment[r])] * adjoint
            to_amount[r] += gain if kind[r] == DOSE else 0.0
            adjoint = 0.0 if kind[r] == RESET else adjoint
            bar[r] = adjoint
            adjoint *= factor[r]
        sp.x[i] = adjoint
        z = 0.0
        for r in range(n_records):
            share = bar[r] * factor[r] * before[r]
            slope[r] += rate * share
            z += share * dt[r]
        sp.Z[i, i] += z
        for j in range(i):
            gap, before_j, factor_j, bar_j = (
                rate - sp.mu[j],
                sp.before[j, a:b],
                sp.factor[j, a:b],
                sp.bar[j, a:b],
            )
            down, up = 0.0, 0.0
            for r in range(n_records):
                phi[r] = divided_difference(gap, dt[r], factor[r], factor_j[r])
            for r in range(n_records):
                down += bar[r] * before_j[r] * phi[r]
                up += bar_j[r] * before[r] * phi[r]
            sp.Z[i, j] += down
            sp.Z[j, i] += up


@inlined
def divided_difference(gap: float, dt: float, e_i: float, e_j: float) -> float:
    """Return (exp(mu_i dt) - exp(mu_j dt)) / (mu_i - mu_j) from gap = mu_i - mu_j and the two exponentials.

    The series of expm1(t) / t below |t| = 1/4 (its next term is less than 1e-17 there); no branch, so that a
    loop over records needs none.
    """
    d = gap * dt
    t = -abs(d)
    u = t * t
    even = 1.0 + u * (1 / 6 + u * (1 / 120 + u * (1 / 5040 + u * (1 / 362880 + u * (1 / 39916800)))))
    odd = 1 / 2 + u * (1 / 24 + u * (1 / 720 + u * (1 / 40320 + u * (1 / 3628800 + u * (1 / 479001600)))))
    near = dt * (e_i if d > 0.0 else e_j) * (even + t * odd)
    far = (e_i - e_j) / gap
    return near if u < 0.0625 else far


@part
def back_exponential(
    plan: Plan,
    tables: Tables,
    first: int,
    last: int,
    begin: int,
    sp: Space,
    amount_bar: Array,
) -> None:
    """Do the same as `back_modes` by the derivative of the matrix exponential; Z is the adjoint of K itself.

    That is the integral of exp(K' (dt - s)) xbar x' exp(K' s), the transpose of the derivative in direction
    x xbar'.
    """
    x, n = sp.x, sp.x.shape[0]
    for r in range(last - 1, first - 1, -1):
        for k in range(plan.outputs.shape[0]):
            x[plan.outputs[k]] += sp.amounts[k, r - begin]
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
    rates_bar: Array,
    time_bar: Array,
    amount_bar: Array,
) -> tuple[int, bool]:
    """Walk one stream back after `forward`, and add to the three gradients.

    On entry `amounts` is the gradient with respect to the amounts, and `sp` holds the basis of the stream's
    last record. Returns `row` and `modal` of its first record.
    """
    rows, x, slope = tables.row, sp.x, sp.slope
    begin, end = tables.start[stream], tables.start[stream + 1]
    fill(x, 0.0)
    for r in range(end - begin):
        slope[r] = 0.0
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
            back_modes(plan, tables, first, last, begin, sp, amount_bar)
        else:
            back_exponential(plan, tables, first, last, begin, sp, amount_bar)
        flush(plan.source, plan.target, sp.V, sp.W, sp.Z, sp.P, row, rates_bar)
        last = first
    to_time = time_bar[begin:end]
    for r in range(1, end - begin):
        to_time[r] += slope[r]
        to_time[r - 1] -= slope[r]
    return row, modal
