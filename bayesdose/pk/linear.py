"""A linear diagram as an engine of the structural Op: the C function of the walk, in NumPy and in graphs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
from pytensor.link.numba.dispatch.basic import numba_njit

from bayesdose.pk.diagram import Diagram, Routing, plan
from bayesdose.pk.entry import MESSAGES, MORE, SHAPES, WALK, scratch_sizes, walk_amounts, walk_gradients
from bayesdose.pk.kernels import SOURCES, Array, Int64Array, digest
from bayesdose.pk.state import FITS


@dataclass(frozen=True)
class Linear:
    """What the Op needs to walk a linear diagram; see `op.Engine`.

    Parameters
    ----------
    diagram
        The compartments and flows.
    routing
        What the columns of the dose parameters are.
    modal
        False forces the matrix exponential for every row (the independent twin in tests).
    """

    diagram: Diagram
    routing: Routing = ()
    modal: bool = True

    @property
    def name(self) -> str:
        """The names of the compartments."""
        return " ".join(self.diagram.compartments)

    @property
    def n_outputs(self) -> int:
        """The number of amounts at each observation."""
        return len(self.diagram.outputs)

    @property
    def key(self) -> str:
        """What a compiled call depends on: the diagram and every source line behind it."""
        text = (
            f"{self.diagram!r} {self.routing!r} {self.modal} {SOURCES} {digest('linear', 'op', 'particles')}"
        )
        return sha256(text.encode()).hexdigest()

    @property
    def packed(self) -> Int64Array:
        """The kernel's view of the diagram."""
        return plan(self.diagram).packed(self.diagram.dose_compartment, self.routing, self.modal)

    def amounts(self, inputs: Sequence[Any]) -> Array:
        """Return amounts (observation, output), from NumPy arrays."""
        return walk_amounts(self.packed, inputs)

    def gradients(self, inputs: Sequence[Any], bar: Array) -> tuple[Array, ...]:
        """Return the gradients of sum(amounts bar), from NumPy arrays."""
        return walk_gradients(self.packed, inputs, bar)

    def caller(self) -> Any:
        """Return a compiled function that checks shapes, brings scratch and calls the kernel."""
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


def _caller(engine: Linear) -> Any:
    """Return a compiled function that checks shapes, brings scratch and calls the kernel for one particle."""
    many = caller_of_particles(engine)

    @numba_njit
    def call(  # type: ignore[no-untyped-def]
        mode, rates, routes, start, row, time, kind, amount, rate, interval, additional, steady, compartment,
        observation, out, rates_bar, routes_bar, time_bar, amount_bar,
    ):  # fmt: skip
        if routes.shape[0] != rates.shape[0]:
            raise ValueError(SHAPES)
        one = np.ascontiguousarray(rates).reshape((1, rates.shape[0], rates.shape[1]))
        many(
            mode, one, routes, start, row, time, kind, amount, rate, interval, additional, steady,
            compartment, observation, out, rates_bar, routes_bar, time_bar, amount_bar,
        )  # fmt: skip

    return call


def caller_of_particles(engine: Linear) -> Any:
    """Return the same for rates (particle, row, rate), which share their dose parameters."""
    WALK.ready()
    walk: Any = WALK.external
    packed, n_rates, n_columns = engine.packed, engine.diagram.n_rates, len(engine.routing)
    n, m, blocks, outputs = (int(count) for count in packed[:4])
    least = np.array(scratch_sizes(n, m, blocks, outputs, 0, -1, -1, 0))
    more = np.array(scratch_sizes(n, m, blocks, outputs, 0, 0, -1, 0)) - least  # per event of a stream
    kept = np.array(scratch_sizes(n, m, blocks, outputs, 0, -1, 0, 0)) - least  # per event that is laid out

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
        if not (same and rates.shape[2] == n_rates and routes.shape[1] == n_columns):
            raise ValueError(SHAPES)
        k, c, s = np.ascontiguousarray(rates), np.ascontiguousarray(routes), np.ascontiguousarray(start)
        r, t, e = np.ascontiguousarray(row), np.ascontiguousarray(time), np.ascontiguousarray(kind)
        a, v, i = np.ascontiguousarray(amount), np.ascontiguousarray(rate), np.ascontiguousarray(interval)
        m, y = np.ascontiguousarray(additional), np.ascontiguousarray(steady)
        d, o = np.ascontiguousarray(compartment), np.ascontiguousarray(observation)
        longest, events, counts = 1, 0, 0
        for stream in range(s.shape[0] - 1):
            longest = max(longest, s[stream + 1] - s[stream] + 1)
        if k.shape[0] > 1:
            events, counts = n_records + 1, s.shape[0]
        events = max(events, longest)
        n_reals = least[0] + more[0] * longest + kept[0] * events
        n_ints = least[1] + more[1] * longest + kept[1] * events + counts
        while True:
            reals, ints = np.empty(n_reals), np.empty(n_ints, dtype=np.int64)
            status = walk(
                packed.ctypes, packed.shape[0], k.ctypes, k.shape[0], k.shape[1], c.ctypes, s.ctypes,
                s.shape[0], r.ctypes, t.ctypes, e.ctypes, a.ctypes, v.ctypes, i.ctypes, m.ctypes, y.ctypes,
                d.ctypes, n_records, o.ctypes, o.shape[0], reals.ctypes, reals.shape[0], ints.ctypes,
                ints.shape[0], mode, out.ctypes, rates_bar.ctypes, routes_bar.ctypes, time_bar.ctypes,
                amount_bar.ctypes,
            )  # fmt: skip
            if status == FITS:
                return
            if status != MORE:
                complain(status)
            n_reals, n_ints = ints[0], ints[1]

    return call
