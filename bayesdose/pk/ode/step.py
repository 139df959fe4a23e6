"""One step of either pair, its error, and its adjoint.

A step from y to Y_7 has stages ``Y_i = y + h sum_j A_ij k_j``, ``k_i = f(t + c_i h, Y_i) + u``. Its adjoint
takes lambda, the gradient with respect to Y_7, to that with respect to y. In reverse order of the stages

    v_j = h (A_7j lambda + sum_(i > j) A_ij w_i),    (I - h A_jj J_j') v_j = the same where A_jj is not 0,
    w_j = J_j' v_j,    lambda + sum_j w_j for y,    (df/dp)_j' v_j for the parameters,    v_j for u:

the exact derivative of the step as computed, its length held fixed (Hager 2000, Numer. Math. 87:247; Sandu
2006, LNCS 3994:550).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bayesdose.pk.kernels import Array, Int64Array, inlined, part
from bayesdose.pk.ode.machine import call
from bayesdose.pk.ode.tableaux import (
    EXPLICIT,
    EXPLICIT_ERROR,
    EXPLICIT_TIMES,
    GAMMA,
    IMPLICIT,
    IMPLICIT_TIMES,
    PREDICTOR,
)

OF_STATE, OF_ALL, OF_NOTHING = 1e-3, 1e-14, 1e-9
"""An error is held against rtol times the state, or these parts of the largest it, or any, was.

The second is what rounding of the largest leaves in the others; the third serves while all amounts are 0.
"""

NEWTON, MOST_ITERATIONS = 1e-2, 8
"""What Newton's iterations leave, in units of the tolerance, and how many there may be."""

LENGTH, METHOD, COUNT, PATIENCE, BEFORE, SLOWNESS, RADIUS = range(7)
MEMORY = 7
"""Places in `Solver.memory`, and how many.

Length of the next step; 1 for implicit; steps that speak for the other method, and how many it takes;
logarithm of the last error; speed of Newton's iterations; spectral radius of the Jacobian.
"""


class Solver(NamedTuple):
    """A system and the scratch of its solution."""

    rhs: int
    """Addresses of its functions."""
    jacobian: int
    pullback: int
    tolerances: Array
    """`System.tolerances`."""
    memory: Array
    largest: Array
    """(state + 1,) the largest that each state has been, and any."""
    spare: Array
    """(parameter,) what nobody reads."""
    table: Array
    """(13 + state, state): amounts, infusions, floors, slopes (7), scratch (3), a matrix; see `table_of`."""
    pivot: Int64Array
    Y: Array
    """(step, stage, state) the trace: stages; times and lengths of the steps, and 1 for implicit."""
    steps: Array
    """(step, 3)"""


class Table(NamedTuple):
    """The rows of `Solver.table`."""

    y: Array
    """(state,) amounts, and rates of infusion."""
    u: Array
    floor: Array
    """(state,) what a state may be wrong by where it is 0."""
    K: Array
    """(stage, state) slopes; on the way back, w."""
    work: Array
    """(3, state) right-hand sides, changes, and a vector for the spectral radius."""
    M: Array
    """(state, state)"""


ROWS = 13
"""Rows of a table but those of its matrix."""


@inlined
def table_of(table: Array) -> Table:
    """Give the rows their names."""
    return Table(table[0], table[1], table[2], table[3:10], table[10:13], table[13:])


@inlined
def tolerated(floor: float, rtol: float, a: float, b: float) -> float:
    """Return the tolerated error of a state that is a at the one end of a step and b at the other."""
    return floor + rtol * max(abs(a), abs(b))


@inlined
def stage(A: Array, s: int, h: float, y: Array, K: Array, out: Array) -> None:
    """Fill out with y + h sum_(j < s) A_sj k_j."""
    for i in range(y.shape[0]):
        total = A[s, 0] * K[0, i]
        for j in range(1, s):
            total += A[s, j] * K[j, i]
        out[i] = y[i] + h * total


@part
def explicit_step(
    rhs: int, t: float, h: float, p: Array, u: Array, Y: Array, K: Array, floor: Array, rtol: float
) -> float:
    """Fill the stages of a step from Y[0], given its slope; return its error in units of the tolerance."""
    total, n = 0.0, Y.shape[1]
    for s in range(1, 7):
        stage(EXPLICIT, s, h, Y[0], K, Y[s])
        call(rhs, t + EXPLICIT_TIMES[s] * h, Y[s], p, u, K[s], K[s])
    for i in range(n):
        error = EXPLICIT_ERROR[0] * K[0, i]
        for j in range(1, 7):
            error += EXPLICIT_ERROR[j] * K[j, i]
        error *= h / tolerated(floor[i], rtol, Y[0, i], Y[6, i])
        total += error * error
    return np.sqrt(total / n)


@part
def factorise(M: Array, pivot: Int64Array) -> None:
    """Replace a matrix by its LU factors, with partial pivoting; a singular one leaves what is not finite."""
    n = M.shape[0]
    for k in range(n):
        best = k
        for i in range(k + 1, n):
            if abs(M[i, k]) > abs(M[best, k]):
                best = i
        pivot[k] = best
        if best != k:
            for j in range(n):
                M[k, j], M[best, j] = M[best, j], M[k, j]
        inverse = 1.0 / M[k, k]
        M[k, k] = inverse
        for i in range(k + 1, n):
            factor = M[i, k] * inverse
            M[i, k] = factor
            if factor != 0.0:
                for j in range(k + 1, n):
                    M[i, j] -= factor * M[k, j]


@part
def solve(M: Array, pivot: Int64Array, x: Array) -> None:
    """Replace x by the solution of M x = x, from the factors of M."""
    n = M.shape[0]
    for k in range(n):
        x[k], x[pivot[k]] = x[pivot[k]], x[k]
    for i in range(1, n):
        total = x[i]
        for j in range(i):
            total -= M[i, j] * x[j]
        x[i] = total
    for i in range(n - 1, -1, -1):
        total = x[i]
        for j in range(i + 1, n):
            total -= M[i, j] * x[j]
        x[i] = total * M[i, i]


@part
def spectral_radius(sv: Solver, t: float, y: Array, p: Array) -> float:
    """Return an estimate of the Jacobian's spectral radius, by one more power iteration of its transpose."""
    n, most, wave, change = y.shape[0], 0.0, sv.table[12], sv.table[11]
    for i in range(n):
        change[i] = 0.0
    call(sv.pullback, t, y, p, wave, change, sv.spare)
    for i in range(n):
        most = max(most, abs(change[i]))
    by = 1.0 / most if 0.0 < most < np.inf else 0.0
    for i in range(n):
        wave[i] = change[i] * by if by > 0.0 else 1.0
    return most


@part
def newton(sv: Solver, t: float, h: float, s: int, p: Array, Y: Array) -> bool:
    """Solve for implicit stage s, Y_s = base + h gamma f(Y_s), by simplified Newton iterations."""
    _, u, floor, K, work, M = table_of(sv.table)
    base, change, n, rtol = work[0], work[1], Y.shape[1], sv.tolerances[0]
    speed, last = max(sv.memory[SLOWNESS], 1e-3), 0.0
    for iteration in range(MOST_ITERATIONS):
        call(sv.rhs, t + IMPLICIT_TIMES[s] * h, Y[s], p, u, K[s], K[s])
        for i in range(n):
            change[i] = base[i] + h * GAMMA * K[s, i] - Y[s, i]
        solve(M, sv.pivot, change)
        size = 0.0
        for i in range(n):
            Y[s, i] += change[i]
            error = change[i] / tolerated(floor[i], rtol, Y[0, i], Y[s, i])
            size += error * error
        size = np.sqrt(size / n)
        if iteration > 0:
            ratio = size / last
            if not ratio < 1.0:
                return size < 1e-3 * NEWTON
            speed = ratio / (1.0 - ratio)
        if speed * size <= NEWTON:
            sv.memory[SLOWNESS] = speed
            return True
        last = size
    return False


@part
def implicit_step(sv: Solver, t: float, h: float, p: Array, Y: Array) -> float:
    """Do what `explicit_step` does by the implicit pair; infinite where Newton's method does not converge."""
    _, u, floor, K, work, M = table_of(sv.table)
    n, base = Y.shape[1], work[0]
    call(sv.jacobian, t, Y[0], p, u, M, M)
    sv.memory[RADIUS] = spectral_radius(sv, t, Y[0], p)
    for i in range(n):
        for j in range(n):
            M[i, j] = (1.0 if i == j else 0.0) - h * GAMMA * M[i, j]
    factorise(M, sv.pivot)
    for s in range(1, 7):
        stage(IMPLICIT, s, h, Y[0], K, base)
        for i in range(n):
            guess = 0.0
            for j in range(s):
                guess += PREDICTOR[s, j] * K[j, i]
            Y[s, i] = base[i] + h * GAMMA * guess
        if not newton(sv, t, h, s, p, Y):
            return np.inf
        for i in range(n):
            K[s, i] = (Y[s, i] - base[i]) / (h * GAMMA)
    total = 0.0
    for i in range(n):
        error = (Y[6, i] - Y[5, i]) / tolerated(floor[i], sv.tolerances[0], Y[0, i], Y[6, i])
        total += error * error
    return np.sqrt(total / n)


@part
def implicit_share(
    jacobian: int, t: float, weight: float, p: Array, y: Array, M: Array, pivot: Int64Array, v: Array
) -> None:
    """Replace v by the solution of (I - weight J(y)') v = v."""
    n = y.shape[0]
    call(jacobian, t, y, p, v, M, M)
    for i in range(n):
        M[i, i] = 1.0 - weight * M[i, i]
        for j in range(i):
            M[i, j], M[j, i] = -weight * M[j, i], -weight * M[i, j]
    factorise(M, pivot)
    solve(M, pivot, v)


@inlined
def gather(A: Array, s: int, last: int, h: float, bar: Array, W: Array, v: Array) -> None:
    """Fill v with h (A_7s bar + sum_(s < i <= last) A_is w_i)."""
    for i in range(v.shape[0]):
        total = A[6, s] * bar[i]
        for j in range(s + 1, last + 1):
            total += A[j, s] * W[j, i]
        v[i] = h * total


@part
def step_back(sv: Solver, k: int, p: Array, bar: Array, u_bar: Array, p_bar: Array) -> None:
    """Take the adjoint state back over step k of the trace, and add to those of u and the parameters."""
    t, h, implicit = sv.steps[k, 0], sv.steps[k, 1], sv.steps[k, 2] != 0.0
    _, _, _, W, work, M = table_of(sv.table)
    Y, v, n = sv.Y[k], work[0], bar.shape[0]
    for s in range(6 if implicit else 5, -1, -1):
        if implicit:
            at = t + IMPLICIT_TIMES[s] * h
            gather(IMPLICIT, s, 6, h, bar, W, v)
            if s > 0:
                implicit_share(sv.jacobian, at, h * GAMMA, p, Y[s], M, sv.pivot, v)
        else:
            at = t + EXPLICIT_TIMES[s] * h
            gather(EXPLICIT, s, 5, h, bar, W, v)
        for i in range(n):
            W[s, i] = 0.0
            u_bar[i] += v[i]
        call(sv.pullback, at, Y[s], p, v, W[s], p_bar)
    for s in range(7 if implicit else 6):
        for i in range(n):
            bar[i] += W[s, i]
