"""A system of equations as an engine of the structural Op: the solver's C function, in NumPy and in graphs.

The columns of the Op's `rates` are the system's parameters and, behind them, its initial amounts by state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
from pytensor.link.numba.dispatch.basic import numba_njit

from bayesdose.pk.diagram import Routing
from bayesdose.pk.entry import MORE, SHAPES
from bayesdose.pk.kernels import Array, digest
from bayesdose.pk.ode.entry import MESSAGES, SOLVE, packed, solve_amounts, solve_gradients
from bayesdose.pk.ode.machine import address_of, symbols
from bayesdose.pk.ode.system import System
from bayesdose.pk.state import FITS


@dataclass(frozen=True)
class Ode:
    """What the Op needs to solve a system; see `op.Engine`.

    Parameters
    ----------
    system
        The system.
    routing
        What the columns of the dose parameters are.
    """

    system: System
    routing: Routing = ()

    @property
    def name(self) -> str:
        """The names of the states."""
        return " ".join(self.system.states)

    @property
    def n_outputs(self) -> int:
        """The number of amounts at each observation: all states."""
        return len(self.system.states)

    @property
    def key(self) -> str:
        """What a compiled call depends on.

        The functions, tolerances, routes and every source line behind it.
        """
        parts = (symbols(self.system), self.system.tolerances.tolist(), len(self.system.parameters))
        text = f"{parts!r} {self.routing!r} {SOLVE.symbol} {digest('ode/engine', 'op')}"
        return sha256(text.encode()).hexdigest()

    def split(self, inputs: Sequence[Any]) -> list[Any]:
        """Return the inputs with parameters and initial amounts apart."""
        both, m = np.asarray(inputs[0]), len(self.system.parameters)
        return [both[:, :m], both[:, m:], *inputs[1:]]

    def amounts(self, inputs: Sequence[Any]) -> Array:
        """Return amounts (observation, state), from NumPy arrays."""
        return solve_amounts(self.system, self.split(inputs), self.routing)

    def gradients(self, inputs: Sequence[Any], bar: Array) -> tuple[Array, ...]:
        """Return the gradients of sum(amounts bar), from NumPy arrays."""
        parameters, initial, *others = solve_gradients(self.system, self.split(inputs), bar, self.routing)
        return np.concatenate([parameters, initial], axis=1), *others

    def caller(self) -> Any:
        """Return a compiled function that checks shapes, brings scratch and calls the solver."""
        return _caller(self)


@numba_njit
def complain(status):  # type: ignore[no-untyped-def]
    """Raise what a status means (numba wants each message to be a constant)."""
    if status == 2:
        raise ValueError(MESSAGES[2])
    if status == 3:
        raise ValueError(MESSAGES[3])
    if status == 4:
        raise ValueError(MESSAGES[4])
    if status == 6:
        raise ValueError(MESSAGES[6])
    raise ValueError(MESSAGES[5])


def _caller(engine: Ode) -> Any:
    """Return a compiled function that checks shapes, brings scratch and calls the solver.

    The addresses of the system's functions are found by name when it is loaded, since they are others in
    every process.
    """
    SOLVE.ready()
    solve: Any = SOLVE.external
    m, n, n_columns = len(engine.system.parameters), engine.n_outputs, len(engine.routing)
    tolerances, about = engine.system.tolerances, packed(engine.system, engine.routing)
    rhs, jacobian, pullback = (address_of(symbol) for symbol in symbols(engine.system))
    counts = address_of("bayesdose_ode_failures")

    @numba_njit
    def call(  # type: ignore[no-untyped-def]
        mode, rates, routes, start, row, time, kind, amount, rate, interval, additional, steady, compartment,
        observation, out, rates_bar, routes_bar, time_bar, amount_bar,
    ):  # fmt: skip
        n_records = time.shape[0]
        same = row.shape[0] == n_records and kind.shape[0] == n_records and amount.shape[0] == n_records
        same = same and rate.shape[0] == n_records and interval.shape[0] == n_records
        same = same and additional.shape[0] == n_records and steady.shape[0] == n_records
        same = same and compartment.shape[0] == n_records
        same = same and rates.shape[1] == m + n and routes.shape[1] == n_columns
        if not (same and routes.shape[0] == rates.shape[0]):
            raise ValueError(SHAPES)
        p, u = np.ascontiguousarray(rates[:, :m]), np.ascontiguousarray(rates[:, m:])
        c, s = np.ascontiguousarray(routes), np.ascontiguousarray(start)
        r, t, e = np.ascontiguousarray(row), np.ascontiguousarray(time), np.ascontiguousarray(kind)
        a, v, i = np.ascontiguousarray(amount), np.ascontiguousarray(rate), np.ascontiguousarray(interval)
        x, y = np.ascontiguousarray(additional), np.ascontiguousarray(steady)
        d, o = np.ascontiguousarray(compartment), np.ascontiguousarray(observation)
        head = np.empty(5, dtype=np.int64)
        head[0], head[1], head[2], head[3], head[4] = rhs(), jacobian(), pullback(), counts(), m
        back = rates.shape[0] if mode != 0 else 0
        p_bar, u_bar = np.empty((back, m)), np.empty((back, n))
        n_reals, n_ints = 2, 2
        while True:
            reals, ints = np.empty(n_reals), np.empty(n_ints, dtype=np.int64)
            status = solve(
                head.ctypes, about.ctypes, about.shape[0], tolerances.ctypes, p.ctypes, p.shape[0], u.ctypes,
                c.ctypes, s.ctypes, s.shape[0], r.ctypes, t.ctypes, e.ctypes, a.ctypes, v.ctypes, i.ctypes,
                x.ctypes, y.ctypes, d.ctypes, n_records, o.ctypes, o.shape[0],
                reals.ctypes, reals.shape[0], ints.ctypes, ints.shape[0], mode, out.ctypes, p_bar.ctypes,
                u_bar.ctypes, routes_bar.ctypes, time_bar.ctypes, amount_bar.ctypes,
            )  # fmt: skip
            if status == FITS:
                break
            if status != MORE:
                complain(status)
            n_reals, n_ints = ints[0], ints[1]
        if mode != 0:
            rates_bar[:, :m] = p_bar
            rates_bar[:, m:] = u_bar

    return call
