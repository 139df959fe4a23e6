"""A declaration whose data stand still while it is sampled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pymc.model.fgraph import fgraph_from_model, model_from_fgraph
from pymc.model.transform.optimization import freeze_dims_and_data
from pymc.pytensorf import constant_fold
from pytensor.graph.basic import Constant
from pytensor.graph.traversal import graph_inputs

from bayesdose.pk.op import TABLES, Walk
from bayesdose.pk.short import shortened

if TYPE_CHECKING:
    import pymc as pm
    from pytensor.graph.basic import Apply


def freeze(declared: pm.Model) -> pm.Model:
    """Return the same model with its data as constants, and with short walks where these allow them.

    Casts and look-ups of the tables are then done once, not with every gradient. Densities and gradients are
    those of `declared` to rounding. The data of the model that is returned cannot be changed.

    Parameters
    ----------
    declared
        From `build`; it stays as it is.
    """
    frozen = freeze_dims_and_data(declared)
    if any(value is not None for value in frozen.rvs_to_initial_values.values()):
        return frozen  # the way through a graph would lose them
    graph, _ = fgraph_from_model(frozen)
    for node in graph.toposort():
        short = _short(node)
        if short is not None:
            graph.replace(node.outputs[0], short, import_missing=True)
    return model_from_fgraph(graph, mutate_fgraph=True)


def _short(node: Apply) -> Any:
    """Return what to put in the place of a node, or None."""
    if not isinstance(node.op, Walk):
        return None
    rates, _, *tables = node.inputs
    if not all(isinstance(x, Constant) for x in graph_inputs(tables)):
        return None
    return shortened(node.op.engine, rates, dict(zip(TABLES, constant_fold(tables), strict=True)))
