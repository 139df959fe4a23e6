"""The structural Op: PyTensor's view of the walk through a linear diagram.

`amounts` is what a model calls. The Op has a numba core only, so that PyTensor's Blockwise runs it at
native speed over batches of rates (draws, particles); its gradient is the adjoint twin, one walk back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import DisconnectedType, disconnected_type
from pytensor.graph.basic import Apply, Variable
from pytensor.graph.op import Op
from pytensor.link.numba.dispatch.basic import numba_njit, register_funcify_and_cache_key
from pytensor.tensor.variable import TensorVariable

from bayesdose.pk.diagram import Diagram, Routing, plan
from bayesdose.pk.entry import (
    DIFFERENTIABLE,
    GRADIENTS,
    MESSAGES,
    MORE,
    REALS,
    SHAPES,
    VALUES,
    WALK,
    scratch_sizes,
    walk_amounts,
    walk_gradients,
)
from bayesdose.pk.kernels import SOURCES, digest
from bayesdose.pk.state import FITS

TABLES = (
    "stream_start", "record_row", "record_time", "record_kind", "record_amount", "record_rate",
    "record_interval", "record_additional", "record_steady", "record_compartment", "observation_record",
)  # fmt: skip
"""Names of the inputs behind rates and dose parameters, in order."""

_MATRICES = (0, 1)
_OBSERVATION = 12
_IN_SIGNATURE = "(row,rate),(row,column),(edge)," + "(record)," * (_OBSERVATION - 3) + "(observation)"


def amounts(
    diagram: Diagram,
    rates: Any,
    tables: Mapping[str, Any],
    record_row: Any,
    routing: Routing = (),
    routes: Any = None,
) -> TensorVariable:
    """Return the amounts in a diagram's output compartments at every observation.

    Parameters
    ----------
    diagram
        The compartments and flows.
    rates
        (row, rate) rates in 1/time, in the order of the diagram's flows; a row for each subject or for each
        record.
    tables
        The event tables, by the names of the `events` dataset: stream_start (stream + 1), record_time,
        record_kind (0 observation, 1 dose, 2 other, 3 reset), record_amount, record_rate, record_interval,
        record_additional, record_steady, record_compartment (0: the diagram's default, c: the c-th
        compartment), all (record,), and observation_record (observation,). Others are ignored.
    record_row
        (record,) which row of `rates` governs the interval that ends at each record (NONMEM's convention).
    routing, routes
        The parameters of the doses: for each column of `routes` (row, column), what it is ("F", "lag",
        "duration" or "rate") and the index of the compartment. None unless given.

    Returns
    -------
    TensorVariable
        (observation, output) amounts after each observation's record, in the unit of the doses.
        Differentiable with respect to rates, routes, record_time and record_amount.
    """
    if routes is None:
        routes = pt.zeros((pt.as_tensor_variable(rates).shape[0], 0))
    walk: Any = LinearWalk(diagram, routing)
    made: TensorVariable = walk(
        rates, routes, *(record_row if name == "record_row" else tables[name] for name in TABLES)
    )
    return made


def _as_inputs(inputs: Sequence[Any]) -> list[TensorVariable]:
    """Return the inputs as vectors (the first two: matrices) of float64, and int32 for indices."""
    made: list[TensorVariable] = []
    for position, given in enumerate(inputs):
        x: Any = pt.as_tensor_variable(given)
        ndim = 2 if position in _MATRICES else 1
        if x.type.ndim != ndim:
            raise TypeError(f"input {position} of the walk has {x.type.ndim} dimensions; expected {ndim}")
        real = position in REALS
        if not real and x.type.dtype not in pt.type.integer_dtypes:
            raise TypeError(f"input {position} of the walk is {x.type.dtype}; expected integers")
        made.append(x.astype("float64" if real else "int32"))
    return made


class _Walk(Op):
    """What the two Ops share."""

    __props__ = ("diagram", "routing", "modal")

    def __init__(self, diagram: Diagram, routing: Routing = (), modal: bool = True) -> None:
        self.diagram = diagram
        self.routing = routing
        self.modal = modal

    def __str__(self) -> str:
        return f"{type(self).__name__}{{{' '.join(self.diagram.compartments)}}}"

    @property
    def packed(self) -> np.ndarray:
        """The kernel's view of the diagram; without the eigenbasis route when `modal` is False."""
        return plan(self.diagram).packed(self.diagram.dose_compartment, self.routing, self.modal)


class LinearWalk(_Walk):
    """Amounts (observation, output) from rates, dose parameters and the event tables; see `amounts`.

    Parameters
    ----------
    diagram
        The compartments and flows.
    routing
        What the columns of the dose parameters are.
    modal
        False forces the matrix exponential for every row (the independent twin in tests).
    """

    @property
    def gufunc_signature(self) -> str:
        """Core dimensions for Blockwise."""
        return f"{_IN_SIGNATURE}->(observation,{len(self.diagram.outputs)})"

    def make_node(self, *inputs: Any) -> Apply:
        """Check and convert the inputs."""
        made = _as_inputs(inputs)
        shape = (made[_OBSERVATION].type.shape[0], len(self.diagram.outputs))
        return Apply(self, made, [pt.tensor(dtype="float64", shape=shape)])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        """Run the same compiled kernel from Python."""
        output_storage[0][0] = walk_amounts(self.packed, inputs)

    def infer_shape(self, node: Apply, input_shapes: Any) -> list[tuple[Any, Any]]:
        """Return the output's shape from those of the inputs."""
        return [(input_shapes[_OBSERVATION][0], pt.constant(len(self.diagram.outputs), dtype="int64"))]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Say which inputs carry a gradient: rates, dose parameters, times and amounts."""
        return [[position in DIFFERENTIABLE] for position in range(len(node.inputs))]

    def pullback(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], cotangents: Sequence[Variable]
    ) -> list[Variable]:
        """Return the gradients by the adjoint twin."""
        [bar] = cotangents
        if isinstance(bar.type, DisconnectedType):
            return [disconnected_type() for _ in inputs]
        twin: Any = LinearWalkAdjoint(self.diagram, self.routing, self.modal)
        found = dict(zip(DIFFERENTIABLE, twin(*inputs, bar), strict=True))
        return [found.get(position, disconnected_type()) for position in range(len(inputs))]


class LinearWalkAdjoint(_Walk):
    """Gradients with respect to rates (row, rate), dose parameters (row, column), times, amounts (record,).

    Inputs are those of `LinearWalk` and the gradient (observation, output) of its output.
    """

    @property
    def gufunc_signature(self) -> str:
        """Core dimensions for Blockwise."""
        return f"{_IN_SIGNATURE},(observation,output)->(row,rate),(row,column),(record),(record)"

    def make_node(self, *inputs: Any) -> Apply:
        """Check and convert the inputs."""
        made = _as_inputs(inputs[:-1])
        bar = pt.as_tensor_variable(inputs[-1]).astype("float64")
        outputs = [pt.tensor(dtype="float64", shape=made[p].type.shape) for p in DIFFERENTIABLE]
        return Apply(self, [*made, bar], outputs)

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        """Run the same compiled kernel from Python."""
        *given, bar = inputs
        for storage, value in zip(output_storage, walk_gradients(self.packed, given, bar), strict=True):
            storage[0] = value

    def infer_shape(self, node: Apply, input_shapes: Any) -> list[tuple[Any, ...]]:
        """Return the outputs' shapes from those of the inputs."""
        return [tuple(input_shapes[p]) for p in DIFFERENTIABLE]


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


def _caller(op: _Walk) -> Any:
    """Return a compiled function that checks shapes, measures and calls the kernel for one Op."""
    WALK.ready()
    walk: Any = WALK.external
    packed, n_rates, n_columns = op.packed, op.diagram.n_rates, len(op.routing)
    n, m, blocks, outputs = (int(count) for count in packed[:4])
    least = np.array(scratch_sizes(n, m, blocks, outputs, 0, -1))
    more = np.array(scratch_sizes(n, m, blocks, outputs, 0, 0)) - least  # per event of the longest stream

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
        same = same and rates.shape[1] == n_rates and routes.shape[1] == n_columns
        if not (same and routes.shape[0] == rates.shape[0]):
            raise ValueError(SHAPES)
        k, c, s = np.ascontiguousarray(rates), np.ascontiguousarray(routes), np.ascontiguousarray(start)
        r, t, e = np.ascontiguousarray(row), np.ascontiguousarray(time), np.ascontiguousarray(kind)
        a, v, i = np.ascontiguousarray(amount), np.ascontiguousarray(rate), np.ascontiguousarray(interval)
        m, y = np.ascontiguousarray(additional), np.ascontiguousarray(steady)
        d, o = np.ascontiguousarray(compartment), np.ascontiguousarray(observation)
        longest = 1
        for stream in range(s.shape[0] - 1):
            longest = max(longest, s[stream + 1] - s[stream] + 1)
        n_reals, n_ints = least[0] + more[0] * longest, least[1] + more[1] * longest
        while True:
            reals, ints = np.empty(n_reals), np.empty(n_ints, dtype=np.int64)
            status = walk(
                packed.ctypes, packed.shape[0], k.ctypes, k.shape[0], c.ctypes, s.ctypes, s.shape[0],
                r.ctypes, t.ctypes, e.ctypes, a.ctypes, v.ctypes, i.ctypes, m.ctypes, y.ctypes, d.ctypes,
                n_records, o.ctypes, o.shape[0], reals.ctypes, reals.shape[0], ints.ctypes, ints.shape[0],
                mode, out.ctypes, rates_bar.ctypes, routes_bar.ctypes, time_bar.ctypes, amount_bar.ctypes,
            )  # fmt: skip
            if status == FITS:
                return
            if status != MORE:
                complain(status)
            n_reals, n_ints = ints[0], ints[1]

    return call


def _key(op: _Walk) -> str:
    """Return the cache key of an Op's numba core: the Op, its diagram and every source line behind it."""
    text = f"{type(op)!r} {op.diagram!r} {op.routing!r} {op.modal} {SOURCES} {digest('op')}"
    return sha256(text.encode()).hexdigest()


@register_funcify_and_cache_key(LinearWalk)
def numba_linear_walk(op: LinearWalk, node: Apply, **_: Any) -> tuple[Any, str]:
    """Make the numba core of `LinearWalk`; it writes into the output that Blockwise hands it."""
    call, n_outputs = _caller(op), len(op.diagram.outputs)

    @numba_njit
    def linear_walk(  # type: ignore[no-untyped-def]
        rates, routes, start, row, time, kind, amount, rate, interval, additional, steady, compartment,
        observation, out=None,
    ):  # fmt: skip
        if out is None:
            out = np.empty((observation.shape[0], n_outputs))
        call(
            VALUES, rates, routes, start, row, time, kind, amount, rate, interval, additional, steady,
            compartment, observation, out, out, out, out, out,
        )  # fmt: skip
        return out

    setattr(linear_walk, "handles_out", True)  # noqa: B010 (an attribute of a Dispatcher)
    return linear_walk, _key(op)


@register_funcify_and_cache_key(LinearWalkAdjoint)
def numba_linear_walk_adjoint(op: LinearWalkAdjoint, node: Apply, **_: Any) -> tuple[Any, str]:
    """Make the numba core of `LinearWalkAdjoint`; it writes into the outputs that Blockwise hands it."""
    call, n_outputs = _caller(op), len(op.diagram.outputs)

    @numba_njit
    def linear_walk_adjoint(  # type: ignore[no-untyped-def]
        rates, routes, start, row, time, kind, amount, rate, interval, additional, steady, compartment,
        observation, bar, rates_bar=None, routes_bar=None, time_bar=None, amount_bar=None,
    ):  # fmt: skip
        if rates_bar is None:
            rates_bar = np.empty(rates.shape)
        if routes_bar is None:
            routes_bar = np.empty(routes.shape)
        if time_bar is None:
            time_bar = np.empty(time.shape)
        if amount_bar is None:
            amount_bar = np.empty(time.shape)
        if bar.shape[0] != observation.shape[0] or bar.shape[1] != n_outputs:
            raise ValueError(SHAPES)
        g = np.ascontiguousarray(bar)
        call(
            GRADIENTS, rates, routes, start, row, time, kind, amount, rate, interval, additional, steady,
            compartment, observation, g, rates_bar, routes_bar, time_bar, amount_bar,
        )  # fmt: skip
        return rates_bar, routes_bar, time_bar, amount_bar

    setattr(linear_walk_adjoint, "handles_out", True)  # noqa: B010 (an attribute of a Dispatcher)
    return linear_walk_adjoint, _key(op)
