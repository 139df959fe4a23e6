"""The walk for many sets of rates over the same tables: particles, draws.

PyTensor's Blockwise would call the walk once for each. Here the tables are checked and their events laid out
once for all, which is most of the work for one patient. It takes the place of a batched `Walk` when a graph
is vectorised over rates alone and doses have no parameters; otherwise Blockwise does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.graph.replace import _vectorize_node, vectorize_graph
from pytensor.link.numba.dispatch.basic import numba_njit, register_funcify_and_cache_key
from pytensor.tensor.blockwise import vectorize_node_fallback

from bayesdose.pk.entry import VALUES
from bayesdose.pk.linear import Linear, caller_of_particles
from bayesdose.pk.op import Walk

__all__ = ["WalkParticles", "vectorize_graph"]  # who vectorises imports it from here: so the rule is known


class WalkParticles(Op):
    """Amounts (particle, observation, output) from rates (particle, row, rate) and the event tables.

    Parameters
    ----------
    engine
        A linear structure whose doses have no parameters.
    """

    __props__ = ("engine",)

    def __init__(self, engine: Linear) -> None:
        self.engine = engine

    def make_node(self, *inputs: Any) -> Apply:
        """Take rates, and the tables in the order of `op.TABLES`, as `Walk` has converted them."""
        made: list[Any] = [pt.as_tensor_variable(x) for x in inputs]
        shape = (made[0].type.shape[0], made[-1].type.shape[0], self.engine.n_outputs)
        return Apply(self, made, [pt.tensor(dtype="float64", shape=shape)])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        """Run the same kernel from Python, a particle at a time."""
        rates, *tables = inputs
        none = np.zeros((rates.shape[1], 0))
        each = [self.engine.amounts([one, none, *tables]) for one in rates]
        output_storage[0][0] = np.array(each).reshape(len(rates), len(tables[-1]), self.engine.n_outputs)

    def infer_shape(self, node: Apply, input_shapes: Any) -> list[tuple[Any, ...]]:
        """Return the output's shape from those of the inputs."""
        width = pt.constant(self.engine.n_outputs, dtype="int64")
        return [(input_shapes[0][0], input_shapes[-1][0], width)]


@_vectorize_node.register(Walk)
def with_particles(op: Walk, node: Apply, *batched: Any) -> Apply:
    """Vectorise a walk: over rates alone by `WalkParticles`, anything else by Blockwise."""
    more = [new.type.ndim - old.type.ndim for new, old in zip(batched, node.inputs, strict=True)]
    engine, (rates, _, *tables) = op.engine, batched
    if isinstance(engine, Linear) and not engine.routing and more[0] == 1 and not any(more[2:]):
        return WalkParticles(engine).make_node(rates, *tables)
    made: Apply = vectorize_node_fallback(op, node, *batched)
    return made


@register_funcify_and_cache_key(WalkParticles)
def numba_walk_particles(op: WalkParticles, node: Apply, **_: Any) -> tuple[Any, str]:
    """Make the numba core."""
    call, n_outputs = caller_of_particles(op.engine), op.engine.n_outputs

    @numba_njit
    def walk_particles(  # type: ignore[no-untyped-def]
        rates, start, row, time, kind, amount, rate, interval, additional, steady, compartment, observation
    ):
        out = np.empty((rates.shape[0], observation.shape[0], n_outputs))
        none = np.empty((rates.shape[1], 0))
        if rates.shape[0] > 0:
            call(
                VALUES, rates, none, start, row, time, kind, amount, rate, interval, additional, steady,
                compartment, observation, out, out, out, out, out,
            )  # fmt: skip
        return out

    return walk_particles, f"{type(op)!r} {op.engine.key}"
