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

from bayesdose.pk.diagram import Diagram, plan
from bayesdose.pk.entry import MESSAGES, SHAPES, WALK, longest, scratch_sizes, walk_amounts, walk_gradients
from bayesdose.pk.kernels import SOURCES, digest
from bayesdose.pk.state import FITS

RATES, START, ROW, TIME, KIND, AMOUNT, COMPARTMENT, OBSERVATION = range(8)
"""Positions of the Ops' inputs."""

_CONNECTED = (RATES, TIME, AMOUNT)
_NDIM = {RATES: 2}
_IN_SIGNATURE = "(row,rate),(edge),(record),(record),(record),(record),(record),(observation)"


def amounts(
    diagram: Diagram,
    rates: Any,
    tables: Mapping[str, Any],
    record_row: Any,
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
        record_kind (0 observation, 1 dose, 2 other, 3 reset), record_amount, record_compartment (0: the
        diagram's default, c: the c-th compartment), all (record,), and observation_record (observation,).
        Others are ignored.
    record_row
        (record,) which row of `rates` governs the interval that ends at each record (NONMEM's convention).

    Returns
    -------
    TensorVariable
        (observation, output) amounts after each observation's record, in the unit of the doses.
        Differentiable with respect to rates, record_time and record_amount.
    """
    inputs = (
        rates,
        tables["stream_start"],
        record_row,
        tables["record_time"],
        tables["record_kind"],
        tables["record_amount"],
        tables["record_compartment"],
        tables["observation_record"],
    )
    walk: Any = LinearWalk(diagram)
    made: TensorVariable = walk(*inputs)
    return made


def _as_inputs(inputs: Sequence[Any]) -> list[TensorVariable]:
    """Return the eight inputs as vectors (rates: a matrix) of float64, and int32 for indices."""
    made: list[TensorVariable] = []
    for position, given in enumerate(inputs):
        x: Any = pt.as_tensor_variable(given)
        ndim = _NDIM.get(position, 1)
        if x.type.ndim != ndim:
            raise TypeError(f"input {position} of the walk has {x.type.ndim} dimensions; expected {ndim}")
        real = position in _CONNECTED
        if not real and x.type.dtype not in pt.type.integer_dtypes:
            raise TypeError(f"input {position} of the walk is {x.type.dtype}; expected integers")
        made.append(x.astype("float64" if real else "int32"))
    return made


class _Walk(Op):
    """What the two Ops share."""

    __props__ = ("diagram", "modal")

    def __init__(self, diagram: Diagram, modal: bool = True) -> None:
        self.diagram = diagram
        self.modal = modal

    def __str__(self) -> str:
        return f"{type(self).__name__}{{{' '.join(self.diagram.compartments)}}}"

    @property
    def packed(self) -> np.ndarray:
        """The kernel's view of the diagram; without the eigenbasis route when `modal` is False."""
        return plan(self.diagram).packed(self.modal)


class LinearWalk(_Walk):
    """Amounts (observation, output) from rates (row, rate) and the event tables; see `amounts`.

    Parameters
    ----------
    diagram
        The compartments and flows.
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
        shape = (made[OBSERVATION].type.shape[0], len(self.diagram.outputs))
        return Apply(self, made, [pt.tensor(dtype="float64", shape=shape)])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        """Run the same compiled kernel from Python."""
        output_storage[0][0] = walk_amounts(self.packed, inputs)

    def infer_shape(self, node: Apply, input_shapes: Any) -> list[tuple[Any, Any]]:
        """Return the output's shape from those of the inputs."""
        return [(input_shapes[OBSERVATION][0], pt.constant(len(self.diagram.outputs), dtype="int64"))]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Say which inputs carry a gradient: rates, times and amounts."""
        return [[position in _CONNECTED] for position in range(len(node.inputs))]

    def pullback(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], cotangents: Sequence[Variable]
    ) -> list[Variable]:
        """Return the gradients by the adjoint twin."""
        [bar] = cotangents
        if isinstance(bar.type, DisconnectedType):
            return [disconnected_type() for _ in inputs]
        twin: Any = LinearWalkAdjoint(self.diagram, self.modal)
        rates_bar, time_bar, amount_bar = twin(*inputs, bar)
        found = {RATES: rates_bar, TIME: time_bar, AMOUNT: amount_bar}
        return [found.get(position, disconnected_type()) for position in range(len(inputs))]


class LinearWalkAdjoint(_Walk):
    """Gradients with respect to rates (row, rate), record_time and record_amount (record,).

    Inputs are those of `LinearWalk` and the gradient (observation, output) of its output.
    """

    @property
    def gufunc_signature(self) -> str:
        """Core dimensions for Blockwise."""
        return f"{_IN_SIGNATURE},(observation,output)->(row,rate),(record),(record)"

    def make_node(self, *inputs: Any) -> Apply:
        """Check and convert the inputs."""
        made = _as_inputs(inputs[:-1])
        bar = pt.as_tensor_variable(inputs[-1]).astype("float64")
        outputs = [pt.tensor(dtype="float64", shape=made[p].type.shape) for p in (RATES, TIME, AMOUNT)]
        return Apply(self, [*made, bar], outputs)

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        """Run the same compiled kernel from Python."""
        *given, bar = inputs
        for storage, value in zip(output_storage, walk_gradients(self.packed, given, bar), strict=True):
            storage[0] = value

    def infer_shape(self, node: Apply, input_shapes: Any) -> list[tuple[Any, ...]]:
        """Return the outputs' shapes from those of the inputs."""
        return [tuple(input_shapes[p]) for p in (RATES, TIME, AMOUNT)]


jitted_longest, jitted_sizes = numba_njit(longest), numba_njit(scratch_sizes)


@numba_njit
def complain(status):  # type: ignore[no-untyped-def]
    """Raise what a status means (numba wants each message to be a constant)."""
    if status == 2:
        raise ValueError(MESSAGES[2])
    if status == 3:
        raise ValueError(MESSAGES[3])
    if status == 4:
        raise ValueError(MESSAGES[4])
    raise ValueError(MESSAGES[5])


@numba_njit
def work_space(n, n_outputs, start):  # type: ignore[no-untyped-def]
    """Return a kernel's scratch in one array, where its three parts end, and the longest stream's length."""
    length = jitted_longest(start)
    a, b, c = jitted_sizes(n, n_outputs, length)
    return np.empty(a + b + c), a, a + b, length


@numba_njit
def contiguous(  # type: ignore[no-untyped-def]
    n_rates, rates, start, row, time, kind, amount, compartment, observation
):
    """Return the inputs as contiguous arrays (themselves, when they are), after a look at their shapes."""
    n = time.shape[0]
    same = row.shape[0] == n and kind.shape[0] == n and amount.shape[0] == n and compartment.shape[0] == n
    if rates.shape[1] != n_rates or not same:
        raise ValueError(SHAPES)
    return (
        np.ascontiguousarray(rates),
        np.ascontiguousarray(start),
        np.ascontiguousarray(row),
        np.ascontiguousarray(time),
        np.ascontiguousarray(kind),
        np.ascontiguousarray(amount),
        np.ascontiguousarray(compartment),
        np.ascontiguousarray(observation),
    )


def _key(op: _Walk) -> str:
    """Return the cache key of an Op's numba core: the Op, its diagram and every source line behind it."""
    return sha256(f"{type(op)!r} {op.diagram!r} {op.modal} {SOURCES} {digest('op')}".encode()).hexdigest()


@register_funcify_and_cache_key(LinearWalk)
def numba_linear_walk(op: LinearWalk, node: Apply, **_: Any) -> tuple[Any, str]:
    """Make the numba core of `LinearWalk`; it writes into the output that Blockwise hands it."""
    WALK.ready()
    walk: Any = WALK.external
    packed, n_outputs, n_rates = op.packed, len(op.diagram.outputs), op.diagram.n_rates
    n_states = op.diagram.n_states

    @numba_njit
    def linear_walk(  # type: ignore[no-untyped-def]
        rates, start, row, time, kind, amount, compartment, observation, out=None
    ):
        if out is None:
            out = np.empty((observation.shape[0], n_outputs))
        k, s, r, t, e, a, c, o = contiguous(
            n_rates, rates, start, row, time, kind, amount, compartment, observation
        )
        work, matrices, trace, length = work_space(n_states, n_outputs, s)
        status = walk(
            packed.ctypes, packed.shape[0], k.ctypes, k.shape[0], s.ctypes, s.shape[0],
            r.ctypes, t.ctypes, e.ctypes, a.ctypes, c.ctypes, t.shape[0], o.ctypes, o.shape[0],
            work.ctypes, work[matrices:].ctypes, work[trace:].ctypes, length,
            0, out.ctypes, work.ctypes, work.ctypes, work.ctypes,
        )  # fmt: skip
        if status != FITS:
            complain(status)
        return out

    setattr(linear_walk, "handles_out", True)  # noqa: B010 (an attribute of a Dispatcher)
    return linear_walk, _key(op)


@register_funcify_and_cache_key(LinearWalkAdjoint)
def numba_linear_walk_adjoint(op: LinearWalkAdjoint, node: Apply, **_: Any) -> tuple[Any, str]:
    """Make the numba core of `LinearWalkAdjoint`; it writes into the outputs that Blockwise hands it."""
    WALK.ready()
    walk: Any = WALK.external
    packed, n_outputs, n_rates = op.packed, len(op.diagram.outputs), op.diagram.n_rates
    n_states = op.diagram.n_states

    @numba_njit
    def linear_walk_adjoint(  # type: ignore[no-untyped-def]
        rates, start, row, time, kind, amount, compartment, observation, bar,
        rates_bar=None, time_bar=None, amount_bar=None,
    ):  # fmt: skip
        if rates_bar is None:
            rates_bar = np.empty(rates.shape)
        if time_bar is None:
            time_bar = np.empty(time.shape)
        if amount_bar is None:
            amount_bar = np.empty(time.shape)
        if bar.shape[0] != observation.shape[0] or bar.shape[1] != n_outputs:
            raise ValueError(SHAPES)
        g = np.ascontiguousarray(bar)
        k, s, r, t, e, a, c, o = contiguous(
            n_rates, rates, start, row, time, kind, amount, compartment, observation
        )
        work, matrices, trace, length = work_space(n_states, n_outputs, s)
        status = walk(
            packed.ctypes, packed.shape[0], k.ctypes, k.shape[0], s.ctypes, s.shape[0],
            r.ctypes, t.ctypes, e.ctypes, a.ctypes, c.ctypes, t.shape[0], o.ctypes, o.shape[0],
            work.ctypes, work[matrices:].ctypes, work[trace:].ctypes, length,
            1, g.ctypes, rates_bar.ctypes, time_bar.ctypes, amount_bar.ctypes,
        )  # fmt: skip
        if status != FITS:
            complain(status)
        return rates_bar, time_bar, amount_bar

    setattr(linear_walk_adjoint, "handles_out", True)  # noqa: B010 (an attribute of a Dispatcher)
    return linear_walk_adjoint, _key(op)
