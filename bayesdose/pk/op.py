"""The structural Op: PyTensor's view of the walk of event tables through a structure.

`amounts` is what a model calls. What walks is an `Engine`: a linear diagram or a system of differential
equations. The Op has a numba core only, so that PyTensor's Blockwise runs it at native speed over batches
of rates (draws, particles); its gradient is the adjoint twin, one walk back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import DisconnectedType, disconnected_type
from pytensor.graph.basic import Apply, Variable
from pytensor.graph.op import Op
from pytensor.link.numba.dispatch.basic import numba_njit, register_funcify_and_cache_key
from pytensor.tensor.variable import TensorVariable

from bayesdose.pk.entry import DIFFERENTIABLE, GRADIENTS, REALS, SHAPES, VALUES
from bayesdose.pk.kernels import Array

TABLES = (
    "stream_start", "record_row", "record_time", "record_kind", "record_amount", "record_rate",
    "record_interval", "record_additional", "record_steady", "record_compartment", "observation_record",
)  # fmt: skip
"""Names of the inputs behind rates and dose parameters, in order."""

_MATRICES = (0, 1)
_OBSERVATION = 12
_IN_SIGNATURE = "(row,rate),(row,column),(edge)," + "(record)," * (_OBSERVATION - 3) + "(observation)"


class Engine(Protocol):
    """What walks: immutable and hashable, since it is a property of the Op."""

    @property
    def name(self) -> str:
        """What to call it in a graph."""

    @property
    def n_outputs(self) -> int:
        """The number of amounts at each observation."""

    @property
    def key(self) -> str:
        """What a compiled call depends on."""

    def amounts(self, inputs: Sequence[Any]) -> Array:
        """Return amounts (observation, output), from NumPy arrays in the order of the Op's inputs."""

    def gradients(self, inputs: Sequence[Any], bar: Array) -> tuple[Array, ...]:
        """Return the gradients of sum(amounts bar) by rates, dose parameters, times and amounts."""

    def caller(self) -> Any:
        """Return a numba function of (mode, the inputs, out, the four gradients)."""


def amounts(
    engine: Engine, rates: Any, tables: Mapping[str, Any], record_row: Any, routes: Any = None
) -> TensorVariable:
    """Return the amounts in a structure's output compartments at every observation.

    Parameters
    ----------
    engine
        The structure.
    rates
        (row, rate) its parameters, a row for each subject or for each record: rate constants (1/time) in the
        order of a diagram's flows; or a system's parameters and initial amounts.
    tables
        The event tables, by the names of the `events` dataset: stream_start (stream + 1), record_time,
        record_kind (0 observation, 1 dose, 2 other, 3 reset), record_amount, record_rate, record_interval,
        record_additional, record_steady, record_compartment (0: the structure's default, c: the c-th
        compartment), all (record,), and observation_record (observation,). Others are ignored.
    record_row
        (record,) which row of `rates` governs the interval that ends at each record (NONMEM's convention).
    routes
        (row, column) the parameters of the doses, as the engine's routing names them. None unless given.

    Returns
    -------
    TensorVariable
        (observation, output) amounts after each observation's record, in the unit of the doses.
        Differentiable with respect to rates, routes, record_time and record_amount.
    """
    if routes is None:
        routes = pt.zeros((pt.as_tensor_variable(rates).shape[0], 0))
    walk: Any = Walk(engine)
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


class _OfEngine(Op):
    """What the two Ops share."""

    __props__ = ("engine",)

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def __str__(self) -> str:
        return f"{type(self).__name__}{{{self.engine.name}}}"


class Walk(_OfEngine):
    """Amounts (observation, output) from rates, dose parameters and the event tables; see `amounts`.

    Parameters
    ----------
    engine
        The structure.
    """

    @property
    def gufunc_signature(self) -> str:
        """Core dimensions for Blockwise."""
        return f"{_IN_SIGNATURE}->(observation,{self.engine.n_outputs})"

    def make_node(self, *inputs: Any) -> Apply:
        """Check and convert the inputs."""
        made = _as_inputs(inputs)
        shape = (made[_OBSERVATION].type.shape[0], self.engine.n_outputs)
        return Apply(self, made, [pt.tensor(dtype="float64", shape=shape)])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        """Run the same compiled kernel from Python."""
        output_storage[0][0] = self.engine.amounts(inputs)

    def infer_shape(self, node: Apply, input_shapes: Any) -> list[tuple[Any, Any]]:
        """Return the output's shape from those of the inputs."""
        return [(input_shapes[_OBSERVATION][0], pt.constant(self.engine.n_outputs, dtype="int64"))]

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
        twin: Any = WalkAdjoint(self.engine)
        found = dict(zip(DIFFERENTIABLE, twin(*inputs, bar), strict=True))
        return [found.get(position, disconnected_type()) for position in range(len(inputs))]


class WalkAdjoint(_OfEngine):
    """Gradients with respect to rates (row, rate), dose parameters (row, column), times, amounts (record,).

    Inputs are those of `Walk` and the gradient (observation, output) of its output.
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
        for storage, value in zip(output_storage, self.engine.gradients(given, bar), strict=True):
            storage[0] = value

    def infer_shape(self, node: Apply, input_shapes: Any) -> list[tuple[Any, ...]]:
        """Return the outputs' shapes from those of the inputs."""
        return [tuple(input_shapes[p]) for p in DIFFERENTIABLE]


@register_funcify_and_cache_key(Walk)
def numba_walk(op: Walk, node: Apply, **_: Any) -> tuple[Any, str]:
    """Make the numba core of `Walk`; it writes into the output that Blockwise hands it."""
    call, n_outputs = op.engine.caller(), op.engine.n_outputs

    @numba_njit
    def walk(  # type: ignore[no-untyped-def]
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

    setattr(walk, "handles_out", True)  # noqa: B010 (an attribute of a Dispatcher)
    return walk, f"{type(op)!r} {op.engine.key}"


@register_funcify_and_cache_key(WalkAdjoint)
def numba_walk_adjoint(op: WalkAdjoint, node: Apply, **_: Any) -> tuple[Any, str]:
    """Make the numba core of `WalkAdjoint`; it writes into the outputs that Blockwise hands it."""
    call, n_outputs = op.engine.caller(), op.engine.n_outputs

    @numba_njit
    def walk_back(  # type: ignore[no-untyped-def]
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

    setattr(walk_back, "handles_out", True)  # noqa: B010 (an attribute of a Dispatcher)
    return walk_back, f"{type(op)!r} {op.engine.key}"
