"""From one event to the next: the length of the steps, the choice of the method, and the way back.

Control of the step is proportional and integral, the first step by trial, stiffness by the spectral radius
(Hairer, Norsett and Wanner, Solving Ordinary Differential Equations I, section II.4; II, sections IV.2 and
IV.8).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import carray, types

from bayesdose.pk.kernels import Array, Kernel, digest, inlined, part
from bayesdose.pk.ode.machine import call
from bayesdose.pk.ode.step import (
    BEFORE,
    COUNT,
    LENGTH,
    MEMORY,
    METHOD,
    OF_ALL,
    OF_NOTHING,
    OF_STATE,
    PATIENCE,
    RADIUS,
    ROWS,
    SLOWNESS,
    Solver,
    explicit_step,
    implicit_step,
    spectral_radius,
    step_back,
    table_of,
    tolerated,
)

SOLVED, FULL, MANY_STEPS, NO_STEP, NO_NEWTON, NOT_FINITE, NO_CYCLE, NO_SCHEDULE = range(8)
"""What became of a stream; from MANY_STEPS on it failed."""

STIFF, PATIENT, CALM, RETURN = 3.3, 6.0, 6.0, 3.0
"""An explicit step of h times the spectral radius above 3.5 is unstable, and STIFF is the most it may have.

Where that, not the error, holds PATIENT steps, hardly interrupted, the implicit pair takes over; RETURN of
its steps below CALM bring back the explicit one.
"""


@part
def restart(memory: Array) -> None:
    """Forget what was learnt of the course before a dose or a reset."""
    memory[LENGTH], memory[COUNT], memory[PATIENCE], memory[BEFORE] = 0.0, 0.0, PATIENT, np.log(1e-4)


@part
def grow(y: Array, tolerances: Array, largest: Array, floor: Array) -> None:
    """Keep the largest amounts up to date, and what follows from them."""
    n = y.shape[0]
    for i in range(n):
        largest[i] = max(largest[i], abs(y[i]))
        largest[n] = max(largest[n], largest[i])
    for i in range(n):
        floor[i] = tolerances[2 + i]
        if floor[i] < 0.0:
            known = max(OF_STATE * largest[i], OF_ALL * largest[n])
            floor[i] = tolerances[0] * (known if known > 0.0 else OF_NOTHING)


@part
def first_step(sv: Solver, t: float, most: float, p: Array) -> float:
    """Return the length of a first step from y, given its slope, by trial of a short Euler step."""
    y, u, floor, K, work, _ = table_of(sv.table)
    n, rtol, slope, ahead, after = y.shape[0], sv.tolerances[0], K[0], work[0], work[1]
    size, speed = 0.0, 0.0
    for i in range(n):
        by = 1.0 / tolerated(floor[i], rtol, y[i], y[i])
        if y[i] != 0.0:
            size += (y[i] * by) ** 2
            speed += (slope[i] * by) ** 2
    h = 0.01 * np.sqrt(size / speed) if size > 0.0 and speed > 0.0 else 1e-3 * most
    h = min(h, most)
    for i in range(n):
        ahead[i] = y[i] + h * slope[i]
    call(sv.rhs, t + h, ahead, p, u, after, after)
    first, second = 0.0, 0.0
    for i in range(n):
        by = 1.0 / tolerated(floor[i], rtol, y[i], ahead[i])
        first += (slope[i] * by) ** 2
        second += ((after[i] - slope[i]) * by / h) ** 2
    curve = np.sqrt(max(first, second) / n)
    h = min(100.0 * h, (0.01 / curve) ** (1.0 / 6.0) if curve > 1e-15 else 100.0 * h)
    return h if 0.0 < h < most else most


@inlined
def next_length(memory: Array, h: float, error: float, rejected: bool) -> float:
    """Return the length of the step after an accepted one."""
    size = np.log(max(error, 1e-10))
    ratio = np.exp(0.17 * size - 0.04 * memory[BEFORE]) / 0.9
    memory[BEFORE] = max(size, np.log(1e-4))
    longer = h / min(5.0, max(0.1, ratio))
    return min(longer, h) if rejected else longer


@inlined
def choose(sv: Solver, t: float, h: float, p: Array) -> None:
    """Hold the next explicit step where it is stable; change the method where steps speak for the other.

    An instability of what is too small to be seen in the error would still spoil the adjoint: so the spectral
    radius is that of the Jacobian itself.
    """
    memory = sv.memory
    if memory[METHOD] == 0.0:
        memory[RADIUS] = spectral_radius(sv, t, sv.table[0], p)
        held = memory[LENGTH] * memory[RADIUS] > STIFF
        if held:
            memory[LENGTH] = STIFF / memory[RADIUS]
        memory[COUNT] = memory[COUNT] + 1.0 if held else max(0.0, memory[COUNT] - 0.25)
        if memory[COUNT] >= memory[PATIENCE]:
            memory[METHOD], memory[COUNT], memory[SLOWNESS] = 1.0, 0.0, 1.0
    else:
        memory[COUNT] = memory[COUNT] + 1.0 if h * memory[RADIUS] < CALM else 0.0
        if memory[COUNT] >= RETURN:
            memory[METHOD], memory[COUNT] = 0.0, 0.0
            memory[PATIENCE] = min(2.0 * memory[PATIENCE], 1e3)
            memory[LENGTH] = min(memory[LENGTH], STIFF / memory[RADIUS])


@part
def reason(error: float) -> int:
    """Return why no step is short enough, from the error of the last."""
    if error == np.inf:
        return NO_NEWTON
    return NO_STEP if error > 1.0 else NOT_FINITE


@part
def cross(sv: Solver, t: float, end: float, p: Array, first: int, tracing: bool) -> tuple[int, int]:
    """Take y from t to end in steps that the trace holds from `first` on; return the status and their end.

    Unless `tracing`, each step overwrites the last.
    """
    y, u, floor, K, _, _ = table_of(sv.table)
    memory, rtol, k, rejected = sv.memory, sv.tolerances[0], first, False
    n, left, count = y.shape[0], end - t, 0
    if left > 0.0:
        call(sv.rhs, t, y, p, u, K[0], K[0])
        if memory[LENGTH] <= 0.0:
            memory[LENGTH] = first_step(sv, t, left, p)
    while left > 0.0:
        if k >= sv.Y.shape[0]:
            return FULL, k
        if count >= sv.tolerances[1]:
            return MANY_STEPS, k
        count += 1
        Y = sv.Y[k]
        h = left if memory[LENGTH] >= left else min(memory[LENGTH], 0.5 * left)
        for i in range(n):
            Y[0, i] = y[i]
        implicit = memory[METHOD]
        if implicit != 0.0:
            error = implicit_step(sv, t, h, p, Y)
        else:
            error = explicit_step(sv.rhs, t, h, p, u, Y, K, floor, rtol)
        if error <= 1.0:
            longer = next_length(memory, h, error, rejected)
            memory[LENGTH], rejected = longer if h >= memory[LENGTH] else max(longer, memory[LENGTH]), False
            sv.steps[k, 0], sv.steps[k, 1], sv.steps[k, 2] = t, h, implicit
            t = end if h == left else t + h
            left = end - t
            for i in range(n):
                y[i], K[0, i] = Y[6, i], K[6, i]
            grow(y, sv.tolerances, sv.largest, floor)
            choose(sv, t, h, p)
            k += 1 if tracing else 0
        else:
            shrink = 0.9 / error**0.2 if error < np.inf else 0.25
            memory[LENGTH], rejected = h * max(0.1, shrink), True
            if memory[LENGTH] <= 4e-16 * max(abs(t), abs(end)):
                return reason(error), k
    return (SOLVED if left == 0.0 else NOT_FINITE), k


@inlined
def solver_of(
    head: Any, tolerances: Any, memory: Any, table: Any, pivot: Any, trace: Any, capacity: int, n: int, m: int
) -> Solver:
    """Give the addresses that a C function got their shapes."""
    about = carray(head, (3,))
    scratch, a = carray(memory, (MEMORY + n + 1 + m,)), MEMORY + n + 1
    numbers = carray(trace, (capacity * (7 * n + 3),))
    return Solver(
        about[0], about[1], about[2], carray(tolerances, (2 + n,)), scratch[:MEMORY], scratch[MEMORY:a],
        scratch[a:], carray(table, (ROWS + n, n)), carray(pivot, (n,)),
        numbers[: 7 * n * capacity].reshape((capacity, 7, n)),
        numbers[7 * n * capacity :].reshape((capacity, 3)),
    )  # fmt: skip


def ode_forward(
    head: Any, tolerances: Any, memory: Any, table: Any, pivot: Any, trace: Any, capacity: int, n: int,
    t: float, end: float, p: Any, m: int, first: int, tracing: int,
) -> int:  # fmt: skip
    """Call `cross`; return 8 times where the trace ends, plus the status."""
    sv = solver_of(head, tolerances, memory, table, pivot, trace, capacity, n, m)
    status, last = cross(sv, t, end, carray(p, (m,)), first, tracing != 0)
    return 8 * last + status


def ode_backward(
    head: Any, tolerances: Any, memory: Any, table: Any, pivot: Any, trace: Any, capacity: int, n: int,
    p: Any, m: int, first: int, last: int, bar: Any, u_bar: Any, p_bar: Any,
) -> int:  # fmt: skip
    """Take the adjoint state back over steps [first, last) of the trace."""
    sv = solver_of(head, tolerances, memory, table, pivot, trace, capacity, n, m)
    parameters, to_p = carray(p, (m,)), carray(p_bar, (m,))
    y_bar, to_u = carray(bar, (n,)), carray(u_bar, (n,))
    for k in range(last - 1, first - 1, -1):
        step_back(sv, k, parameters, y_bar, to_u, to_p)
    return SOLVED


class OdeKernel(Kernel):
    """A C function made of sources of this package.

    Parameters
    ----------
    function, signature
        As for `Kernel`.
    sources
        Names of the modules behind it.
    needs
        C functions that it calls by symbol.
    """

    def __init__(
        self, function: Any, signature: Any, sources: tuple[str, ...], needs: tuple[OdeKernel, ...] = ()
    ) -> None:
        super().__init__(function, signature)
        self.sources: tuple[str, ...] = tuple(
            sorted({*sources, *(s for kernel in needs for s in kernel.sources)})
        )
        self.symbol = f"bayesdose_{function.__name__}_{digest(*self.sources)[:32]}"
        self.external = types.ExternalFunction(self.symbol, signature)
        self.needs = needs

    def ready(self) -> Any:
        """Compile it, or read it from disk, after what it needs."""
        for kernel in self.needs:
            kernel.ready()
        return super().ready()


_REAL, _INTS, _N, _X = types.CPointer(types.float64), types.CPointer(types.int64), types.int64, types.float64
_SOLVER = (_INTS, _REAL, _REAL, _REAL, _INTS, _REAL, _N, _N)
_SOURCES = ("kernels", "ode/drive", "ode/machine", "ode/step", "ode/tableaux")

FORWARD = OdeKernel(ode_forward, _N(*_SOLVER, _X, _X, _REAL, _N, _N, _N), _SOURCES)
BACKWARD = OdeKernel(ode_backward, _N(*_SOLVER, _REAL, _N, _N, _N, _REAL, _REAL, _REAL), _SOURCES)
"""The integrator as C functions: what calls it is compiled apart from it."""
