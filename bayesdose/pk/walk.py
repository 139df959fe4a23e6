"""Walk the events of every stream through a linear diagram: amounts, and their gradients by one walk back.

A stream starts empty at its first record's time; `schedule` says what happens when. Between two events the
amounts follow ``x(t + dt) = exp(K dt) x(t)``, where K comes from the row of rates of the **later** one
(NONMEM's convention). An event adds to a state, or a reset empties all; its amounts are those after it. The
rate of an infusion is a state like others (a pump, see `Plan`).

The state is kept in the eigenbasis of the current row (`modes`), where an interval is one product per
state, and a row that stays the same, within and across streams, is set up once. The walk back carries the
adjoint of the state the same way; the adjoint of K follows from ``Z_ij += xbar_i x_j phi_ij(dt)``, ``Kbar =
W' Z V'``, with phi the divided differences of exp (Daleckii and Krein 1965; Higham, Functions of Matrices,
2008, theorem 3.11). Rows without a good basis (equal rates in series, cycles) take the matrix exponential
and its derivative in the same walk; for them V = W = I.

A steady state is the fixed point of its cycle, ``x = E x + d``: one walk from the empty state gives d, one
from x leaves the trace. Its adjoint is that of one walk through the cycle, started from ``(I - E')^-1
xbar``.

Rates that are not finite give amounts and gradients that are not numbers.
"""

from __future__ import annotations

import numpy as np

from bayesdose.pk.diagram import Plan
from bayesdose.pk.exponential import exponential, exponentials
from bayesdose.pk.kernels import Array, inlined, part
from bayesdose.pk.records import RESET
from bayesdose.pk.schedule import ADD, CLOSE, OPEN, Events
from bayesdose.pk.state import Space, apply, fill, set_basis, solve


@inlined
def walk_modes(ev: Events, a: int, b: int, sp: Space) -> None:
    """Take the state over events [a, b), which share one row, mode by mode (they do not interact).

    Leaves in `before` the state before each interval, and after the last event.
    """
    n_events = b - a
    kind, amount, state, dt, added = ev.kind[a:b], ev.amount[a:b], ev.state[a:b], ev.dt[a:b], sp.added[a:b]
    for i in range(sp.x.shape[0]):
        rate, W, before, factor = sp.mu[i], sp.W[i], sp.before[i, a : b + 1], sp.factor[i, a:b]
        exponentials(rate, dt, factor)
        for r in range(n_events):
            added[r] = W[np.uint64(state[r])] * amount[r]
        x = sp.x[i]
        for r in range(n_events):
            before[r] = x
            x = x * factor[r] + added[r]
            x = 0.0 if kind[r] == RESET else x
        before[n_events] = x
        sp.x[i] = x


@part
def walk_exponential(ev: Events, a: int, b: int, sp: Space) -> None:
    """Do the same as `walk_modes` by the matrix exponential."""
    x, step = sp.x, np.nan
    for r in range(a, b):
        for i in range(x.shape[0]):
            sp.before[i, r] = x[i]
        if ev.dt[r] != step:
            step = ev.dt[r]
            exponential(sp.K, step, sp.A, sp.E, sp.T, False)
        apply(sp.E[0], False, x, sp.y)
        if ev.kind[r] == ADD:
            x[ev.state[r]] += ev.amount[r]
        elif ev.kind[r] == RESET:
            fill(x, 0.0)
    for i in range(x.shape[0]):
        sp.before[i, b] = x[i]


@part
def walk_run(ev: Events, a: int, b: int, modal: bool, sp: Space) -> None:
    """Take the state over events [a, b) by the route that suits their row."""
    if modal:
        walk_modes(ev, a, b, sp)
    else:
        walk_exponential(ev, a, b, sp)


@part
def close(n_pumps: int, period: float, transposed: bool, modal: bool, sp: Space) -> None:
    """Replace x by ``(I - exp(K period))^-1 x``, or by that of the transposed.

    Pumps stand still at the ends of a cycle.
    """
    x, n = sp.x, sp.x.shape[0]
    for p in range(n_pumps):
        x[p] = 0.0
    if modal:
        for i in range(n_pumps, n):
            x[i] /= -np.expm1(sp.mu[i] * period)
        return
    exponential(sp.K, period, sp.A, sp.E, sp.T, False)
    for i in range(n):
        for j in range(n):
            sp.P[i, j] = (1.0 if i == j else 0.0) - (sp.E[0, j, i] if transposed else sp.E[0, i, j])
    solve(sp.P, n_pumps, x)


@part
def walk_steady(n_pumps: int, ev: Events, a: int, b: int, modal: bool, sp: Space) -> None:
    """Add to the state the steady state of the cycle that opens at event a and closes at event b - 1."""
    walk_run(ev, a, a + 1, modal, sp)
    for i in range(sp.x.shape[0]):
        sp.saved[i] = sp.x[i]
    fill(sp.x, 0.0)
    walk_run(ev, a + 1, b, modal, sp)
    close(n_pumps, ev.scale[b - 1], False, modal, sp)
    walk_run(ev, a + 1, b, modal, sp)
    for i in range(sp.x.shape[0]):
        sp.x[i] += sp.saved[i]


@inlined
def read(plan: Plan, a: int, b: int, sp: Space) -> None:
    """Fill `amounts` (output, event) of events [a, b) from the states that `before` holds."""
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
def end_of_run(ev: Events, a: int, n_events: int) -> int:
    """Return the end of the run of events from a on that share a row, or of the cycle that opens at a."""
    b = a + 1
    if ev.kind[a] == OPEN:
        while ev.kind[b - 1] != CLOSE:
            b += 1
        return b
    while b < n_events and ev.row[b] == ev.row[a] and ev.kind[b] != OPEN:
        b += 1
    return b


@inlined
def start_of_run(ev: Events, b: int) -> int:
    """Return the start of the run, or of the cycle, that ends before event b."""
    a = b - 1
    if ev.kind[a] == CLOSE:
        while ev.kind[a] != OPEN:
            a -= 1
        return a
    while a > 0 and ev.row[a - 1] == ev.row[a] and ev.kind[a - 1] != CLOSE:
        a -= 1
    return a


@inlined
def same(rates: Array, one: int, other: int) -> bool:
    """Whether two rows hold the same rates; row -1 holds none."""
    if one < 0:
        return False
    different = 0
    for f in range(rates.shape[1]):
        different += rates[one, f] != rates[other, f]
    return different == 0


@inlined
def forward(
    plan: Plan, rates: Array, ev: Events, n_events: int, row: int, modal: bool, sp: Space, reading: bool
) -> tuple[int, bool]:
    """Walk one stream and, when `reading`, fill `amounts`.

    `sp` is set up for `row` (-1: for none), in its eigenbasis or not (`modal`); both are returned for the
    end.
    """
    x, a = sp.x, 0
    fill(x, 0.0)
    while a < n_events:
        b = end_of_run(ev, a, n_events)
        if not same(rates, row, ev.row[a]):
            if a > 0:
                apply(sp.V, False, x, sp.y)
            row = ev.row[a]
            modal = set_basis(plan, rates, row, sp.K, sp.mu, sp.V, sp.W, sp.S, sp.d, sp.gain)
            if a > 0:
                apply(sp.W, False, x, sp.y)
        if ev.kind[a] == OPEN:
            walk_steady(plan.pumps.shape[0], ev, a, b, modal, sp)
        elif modal:
            walk_modes(ev, a, b, sp)
        else:
            walk_exponential(ev, a, b, sp)
        if reading:
            read(plan, a, b, sp)
        a = b
    return row, modal


@inlined
def back_modes(plan: Plan, ev: Events, a: int, b: int, sp: Space) -> None:
    """Take the adjoint state back over events [a, b), and add to Z, `added` and slope."""
    n_events = b - a
    kind, state, dt, added = ev.kind[a:b], ev.state[a:b], ev.dt[a:b], sp.added[a:b]
    slope, phi = sp.slope[a:b], sp.phi[a:b]
    for i in range(sp.x.shape[0]):
        rate, W = sp.mu[i], sp.W[i]
        before, factor, bar = sp.before[i, a:b], sp.factor[i, a:b], sp.bar[i, a:b]
        for k in range(plan.outputs.shape[0]):
            v, amounts = sp.V[plan.outputs[k], i], sp.amounts[k, a:b]
            if k == 0:
                for r in range(n_events):
                    bar[r] = v * amounts[r]
            else:
                for r in range(n_events):
                    bar[r] += v * amounts[r]
        adjoint = sp.x[i]
        r = n_events
        while r > 0:
            r -= 1
            adjoint += bar[r]
            added[r] += W[np.uint64(state[r])] * adjoint
            adjoint = 0.0 if kind[r] == RESET else adjoint
            bar[r] = adjoint
            adjoint *= factor[r]
        sp.x[i] = adjoint
        z = 0.0
        for r in range(n_events):
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
            for r in range(n_events):
                phi[r] = divided_difference(gap, dt[r], factor[r], factor_j[r])
            for r in range(n_events):
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
def back_exponential(plan: Plan, ev: Events, a: int, b: int, sp: Space) -> None:
    """Do the same as `back_modes` by the derivative of the matrix exponential; Z is the adjoint of K itself.

    That is the integral of exp(K' (dt - s)) xbar x' exp(K' s), the transpose of the derivative in direction
    x xbar'.
    """
    x, n = sp.x, sp.x.shape[0]
    for r in range(b - 1, a - 1, -1):
        for k in range(plan.outputs.shape[0]):
            x[plan.outputs[k]] += sp.amounts[k, r]
        sp.added[r] += x[ev.state[r]]
        if ev.kind[r] == RESET:
            fill(x, 0.0)
        for i in range(n):
            for j in range(n):
                sp.A[1, i, j] = sp.before[i, r] * x[j]
        exponential(sp.K, ev.dt[r], sp.A, sp.E, sp.T, True)
        apply(sp.E[0], True, x, sp.y)
        for i in range(n):
            for j in range(n):
                sp.Z[i, j] += sp.E[1, j, i]
                sp.slope[r] += x[i] * sp.K[i, j] * sp.before[j, r]


@part
def back_run(plan: Plan, ev: Events, a: int, b: int, modal: bool, sp: Space) -> None:
    """Take the adjoint back over events [a, b) by the route that suits their row."""
    if modal:
        back_modes(plan, ev, a, b, sp)
    else:
        back_exponential(plan, ev, a, b, sp)


@part
def back_steady(plan: Plan, ev: Events, a: int, b: int, modal: bool, sp: Space) -> None:
    """Take the adjoint back over a cycle and the interval before it."""
    for i in range(sp.x.shape[0]):
        sp.saved[i] = sp.x[i]
    close(plan.pumps.shape[0], ev.scale[b - 1], True, modal, sp)
    back_run(plan, ev, a + 1, b, modal, sp)
    for i in range(sp.x.shape[0]):
        sp.x[i] = sp.saved[i]
    back_run(plan, ev, a, a + 1, modal, sp)


@part
def flush(plan: Plan, V: Array, W: Array, Z: Array, P: Array, row: int, rates_bar: Array) -> None:
    """Add Kbar = W' Z V' at the flows to rates_bar[row], and empty Z."""
    n = Z.shape[0]
    for i in range(n):
        for j in range(n):
            P[i, j] = 0.0
            for k in range(n):
                P[i, j] += Z[i, k] * V[j, k]
    for f in range(plan.source.shape[0]):
        i, j = plan.source[f], plan.target[f]
        for k in range(n):
            into = W[k, j] if j >= 0 else 0.0
            out = W[k, i] if plan.depletes[f] != 0 else 0.0
            rates_bar[row, f] += (into - out) * P[k, i]
    for i in range(n):
        fill(Z[i], 0.0)


@inlined
def backward(
    plan: Plan, rates: Array, ev: Events, n_events: int, row: int, modal: bool, sp: Space, rates_bar: Array
) -> tuple[int, bool]:
    """Walk one stream back after `forward`: add to rates_bar, and fill `added` and `slope`.

    On entry `amounts` is the gradient with respect to the amounts, and `sp` holds the basis of the stream's
    last event. Returns `row` and `modal` of its first event.
    """
    x, b = sp.x, n_events
    fill(x, 0.0)
    for r in range(n_events):
        sp.slope[r] = 0.0
        sp.added[r] = 0.0
    while b > 0:
        a = start_of_run(ev, b)
        if not same(rates, row, ev.row[a]):
            apply(sp.W, True, x, sp.y)
            row = ev.row[a]
            modal = set_basis(plan, rates, row, sp.K, sp.mu, sp.V, sp.W, sp.S, sp.d, sp.gain)
            apply(sp.V, True, x, sp.y)
        if ev.kind[a] == OPEN:
            back_steady(plan, ev, a, b, modal, sp)
        elif modal:
            back_modes(plan, ev, a, b, sp)
        else:
            back_exponential(plan, ev, a, b, sp)
        flush(plan, sp.V, sp.W, sp.Z, sp.P, ev.row[a], rates_bar)
        b = a
    return row, modal
