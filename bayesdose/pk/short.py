"""A short walk for boluses into one compartment, perhaps through a depot, with one row of rates a stream.

Where the tables of a study stand still and ask for nothing else, `shortened` works out before sampling what
can be known then: the intervals, what enters when, which records matter. What is left is one pass that
carries the state and its derivatives by the rates (ke, or ka and ke) together, so that a gradient costs no
second walk. It gives the amounts and gradients of the walk, to rounding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt
import pytensor.tensor as pt
from pytensor.gradient import DisconnectedType, disconnected_type, grad_not_implemented
from pytensor.graph.basic import Apply, Variable
from pytensor.graph.op import Op
from pytensor.link.numba.dispatch.basic import numba_njit, register_funcify_and_cache_key
from pytensor.tensor.variable import TensorVariable

from bayesdose.pk.diagram import BOLUS_1, ORAL_1, Diagram
from bayesdose.pk.exponential import exponentials
from bayesdose.pk.kernels import SOURCES, Array, Int32Array, digest, inlined, part
from bayesdose.pk.linear import Linear
from bayesdose.pk.op import Engine
from bayesdose.pk.records import DOSE, RESET

NEAR = 0.25
"""Below this size of (ka - ke) dt, the divided difference is summed as a series."""


class Steps(NamedTuple):
    """What a short walk knows beforehand."""

    start: Int32Array
    """(stream + 1,) offsets into the steps."""
    row: Int32Array
    """(stream,) the row of rates."""
    dt: Array
    """(step,) the time since the step before, 0 at a stream's first."""
    entering: Array
    """(step, state) what enters at its end."""
    observation: Int32Array
    """(observation,) the step that each observation is the end of, rising."""
    observation_row: Int32Array
    """(observation,) the row of rates."""


@inlined
def give(o: int, r: int, observation: Int32Array) -> bool:
    """Whether observation o is at the end of step r."""
    return o < observation.shape[0] and observation[o] == r


@part
def one_state(
    rates: Array, start: Int32Array, row: Int32Array, dt: Array, entering: Array, observation: Int32Array,
    scratch: Array, amounts: Array, slopes: Array,
) -> None:  # fmt: skip
    """Fill amounts (observation, 1), and slopes (observation, 1) by the rate, of one compartment."""
    o = 0
    for s in range(row.shape[0]):
        a, b = start[s], start[s + 1]
        factor = scratch[0, : b - a]
        exponentials(-rates[row[s], 0], dt[a:b], factor)
        x, x_k = 0.0, 0.0
        for r in range(a, b):
            e = factor[r - a]
            x_k = (x_k - dt[r] * x) * e
            x = x * e + entering[r, 0]
            if give(o, r, observation):
                amounts[o, 0], slopes[o, 0] = x, x_k
                o += 1


@inlined
def series(v: float) -> tuple[float, float]:
    """Return (exp(v) - 1) / v and its derivative, for v at most 1/4 in size (next terms: less than 1e-17)."""
    g = 1 / 362880 + v * (1 / 3628800 + v * (1 / 39916800 + v * (1 / 479001600 + v * (1 / 6227020800))))
    g = 1 / 120 + v * (1 / 720 + v * (1 / 5040 + v * (1 / 40320 + v * g)))
    g = 1.0 + v * (1 / 2 + v * (1 / 6 + v * (1 / 24 + v * g)))
    slope = 9 / 3628800 + v * (10 / 39916800 + v * (11 / 479001600 + v * (12 / 6227020800)))
    slope = 5 / 720 + v * (6 / 5040 + v * (7 / 40320 + v * (8 / 362880 + v * slope)))
    slope = 1 / 2 + v * (2 / 6 + v * (3 / 24 + v * (4 / 120 + v * slope)))
    return g, slope


@inlined
def transfer(ka: float, gap: float, dt: float, e_a: float, e_e: float) -> tuple[float, float, float]:
    """Return what of a depot arrives and stays over dt, and its derivatives by ka and ke.

    It is ``ka phi`` with ``phi = (e_e - e_a) / (ka - ke)``, the divided difference of exp (Bateman 1910, Proc
    Camb Philos Soc 15:423, for two links). Near ka = ke it is ``dt e_e g(u)`` with ``u = (ka - ke) dt`` and
    ``g(u) = (1 - exp(-u)) / u``, by its series and that of its derivative.
    """
    u = gap * dt
    if abs(u) < NEAR:
        g, slope = series(-u)
        phi, by_a = dt * e_e * g, -dt * dt * e_e * slope
        by_e = -dt * phi - by_a
    else:
        inverse = 1.0 / gap
        phi = (e_e - e_a) * inverse
        by_a = (dt * e_a - phi) * inverse
        by_e = (phi - dt * e_e) * inverse
    return ka * phi, phi + ka * by_a, ka * by_e


@part
def two_states(
    rates: Array, start: Int32Array, row: Int32Array, dt: Array, entering: Array, observation: Int32Array,
    scratch: Array, amounts: Array, slopes: Array,
) -> None:  # fmt: skip
    """Fill amounts (observation, 1) behind a depot, and slopes (observation, 2) by ka and ke."""
    o = 0
    for s in range(row.shape[0]):
        a, b = start[s], start[s + 1]
        ka, ke = rates[row[s], 0], rates[row[s], 1]
        leaving, staying = scratch[0, : b - a], scratch[1, : b - a]
        exponentials(-ka, dt[a:b], leaving)
        exponentials(-ke, dt[a:b], staying)
        d, d_a, x, x_a, x_e = 0.0, 0.0, 0.0, 0.0, 0.0
        for r in range(a, b):
            e_a, e_e = leaving[r - a], staying[r - a]
            t, t_a, t_e = transfer(ka, ka - ke, dt[r], e_a, e_e)
            x_a = x_a * e_e + d_a * t + d * t_a
            x_e = (x_e - dt[r] * x) * e_e + d * t_e
            x = x * e_e + d * t + entering[r, 1]
            d_a = (d_a - dt[r] * d) * e_a
            d = d * e_a + entering[r, 0]
            if give(o, r, observation):
                amounts[o, 0], slopes[o, 0], slopes[o, 1] = x, x_a, x_e
                o += 1


class ShortWalk(Op):
    """Amounts (observation, 1) and their derivatives (observation, state) by the rates of their row.

    Parameters
    ----------
    states
        1 for a compartment alone (rates: ke), 2 for one with a depot (ka, ke).
    """

    __props__ = ("states",)

    def __init__(self, states: int) -> None:
        self.states = states

    def make_node(self, *inputs: Any) -> Apply:
        """Take rates (row, state) and the arrays of `Steps`, in order."""
        made: list[Any] = [pt.as_tensor_variable(x) for x in inputs]
        n = made[5].type.shape[0]
        outputs = [pt.tensor(dtype="float64", shape=(n, width)) for width in (1, self.states)]
        return Apply(self, made, outputs)

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        """Run the same compiled kernel from Python."""
        rates, *steps = inputs
        out = _called_from_python(self.states)(np.ascontiguousarray(rates), *steps)
        for storage, value in zip(output_storage, out, strict=True):
            storage[0] = value

    def infer_shape(self, node: Apply, input_shapes: Any) -> list[tuple[Any, Any]]:
        """Return the outputs' shapes."""
        n = input_shapes[5][0]
        return [(n, pt.constant(width, dtype="int64")) for width in (1, self.states)]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Say that only the rates carry a gradient."""
        return [[k == 0, k == 0] for k in range(len(node.inputs))]

    def pullback(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], cotangents: Sequence[Variable]
    ) -> list[Variable]:
        """Return the gradient by the rates; there are no second derivatives."""
        rates: Any = inputs[0]
        bar, bar_of_slopes = cotangents
        others = [disconnected_type() for _ in inputs[1:]]
        if not isinstance(bar_of_slopes.type, DisconnectedType):
            return [grad_not_implemented(self, 0, rates, "second derivatives of a short walk"), *others]
        if isinstance(bar.type, DisconnectedType):
            return [disconnected_type(), *others]
        share: Any = bar * outputs[1]  # type: ignore[operator]
        return [pt.zeros_like(rates)[inputs[6]].inc(share), *others]


KERNELS = {1: one_state, 2: two_states}
_KEY = f"{SOURCES} {digest('short')}"


@cache
def _core(states: int) -> Any:
    """Return a compiled function that checks shapes, brings scratch and calls the kernel."""
    kernel = KERNELS[states]

    @numba_njit
    def short_walk(rates, start, row, dt, entering, observation, observation_row):  # type: ignore[no-untyped-def]
        n, longest, last = observation.shape[0], 0, -1
        for s in range(row.shape[0]):
            longest, last = max(longest, start[s + 1] - start[s]), max(last, row[s])
        if rates.shape[1] != states or rates.shape[0] <= last:
            raise ValueError("the rates do not fit the tables of a short walk")
        scratch, k = np.empty((states, longest)), np.ascontiguousarray(rates)
        amounts, slopes = np.empty((n, 1)), np.empty((n, states))
        kernel(k, start, row, dt, entering, observation, scratch, amounts, slopes)
        return amounts, slopes

    return short_walk


@cache
def _called_from_python(states: int) -> Any:
    return numba.njit(_core(states).py_func)


@register_funcify_and_cache_key(ShortWalk)
def numba_short_walk(op: ShortWalk, node: Apply, **_: Any) -> tuple[Any, str]:
    """Make the numba core."""
    return _core(op.states), f"{type(op)!r} {op.states} {_KEY}"


def shortened(engine: Engine, rates: Any, tables: Mapping[str, Any]) -> TensorVariable | None:
    """Return the amounts of a walk by a short one, or None where the structure or the tables ask for more.

    Parameters
    ----------
    engine, rates
        As in `op.amounts`; a short walk takes no dose parameters.
    tables
        Arrays by the names of `op.TABLES`, which must not change afterwards.

    Returns
    -------
    TensorVariable
        (observation, 1) amounts; differentiable once, with respect to rates.
    """
    if not (isinstance(engine, Linear) and _is_short(engine)):
        return None
    steps = steps_of(tables, engine.diagram.n_states)
    if steps is None:
        return None
    walk: Any = ShortWalk(engine.diagram.n_states)
    amounts: TensorVariable = walk(rates, *(pt.constant(x) for x in steps))[0]
    return amounts


def _is_short(engine: Linear) -> bool:
    """Whether it is one compartment, perhaps with a depot, whose doses have no parameters."""
    return not engine.routing and any(_form(engine.diagram) == _form(d) for d in (BOLUS_1, ORAL_1))


def _form(d: Diagram) -> tuple[Any, ...]:
    return d.n_states, d.flows, d.outputs, d.dose_compartment, d.copies


def steps_of(tables: Mapping[str, Any], states: int) -> Steps | None:
    """Return what a short walk wants of the event tables, or None where they ask for more than it does."""
    start, kind, row = tables["stream_start"], tables["record_kind"], tables["record_row"]
    time, seen = tables["record_time"], tables["observation_record"]
    counts = np.diff(start)
    if start[0] != 0 or (counts < 0).any() or start[-1] != len(time) or not len(seen):
        return None
    stream = np.repeat(np.arange(len(counts)), counts)
    row_of_stream = row[np.minimum(start[:-1], len(time) - 1)]
    more = any(tables[f"record_{name}"].any() for name in ("rate", "additional", "steady"))
    backwards = (np.diff(time)[np.diff(stream) == 0] < 0).any()
    rising = (np.diff(seen) > 0).all() and seen[0] >= 0 and seen[-1] < len(time)
    if more or backwards or not rising or (kind == RESET).any() or (row != row_of_stream[stream]).any():
        return None
    kept = _that_matter(kind, stream, seen)
    since = np.diff(time[kept], prepend=0.0)
    since[np.diff(stream[kept], prepend=-1) != 0] = 0.0
    return Steps(
        _ints([0, *np.cumsum(np.bincount(stream[kept], minlength=len(counts)))]),
        _ints(row_of_stream),
        since,
        _entering(tables, states)[kept],
        _ints((np.cumsum(kept) - 1)[seen]),
        _ints(row[seen]),
    )


def _ints(values: Any) -> Int32Array:
    return np.asarray(values, dtype=np.int32)


def _that_matter(kind: Int32Array, stream: Any, seen: Int32Array) -> npt.NDArray[np.bool_]:
    """Return which records are doses or observations, and not after their stream's last observation."""
    kept = kind == DOSE
    kept[seen] = True
    last = np.full(stream[-1] + 1, -1)
    last[stream[seen]] = seen  # rising: the last one stays
    kept &= np.arange(len(kind)) <= last[stream]
    return kept


def _entering(tables: Mapping[str, Any], states: int) -> Array:
    """Return what enters at each record (record, state)."""
    dosed = np.flatnonzero(tables["record_kind"] == DOSE)
    entering = np.zeros((len(tables["record_kind"]), states))
    compartment = np.maximum(tables["record_compartment"][dosed], 1) - 1
    entering[dosed, compartment] = tables["record_amount"][dosed]
    return entering
