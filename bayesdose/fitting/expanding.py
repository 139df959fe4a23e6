"""What of a large posterior is computed after sampling, and not stored by the sampler.

nutpie stores every variable of every draw, warm-up included, and copies all of it once: its peak is four
times the draws. Parameters and effects follow from what is sampled, so that in a large fit they need not be
there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pymc as pm
import xarray as xr

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

LARGE = 2**25
"""Bytes of a posterior from which on it is a large one."""


def computed_later(declared: pm.Model, stored: Collection[str], draws: int) -> list[str]:
    """Return the names to compute after sampling: none in a small posterior, or with subpopulations.

    Parameters
    ----------
    declared
        From `build`.
    stored
        What the posterior is to hold.
    draws
        Of all chains.
    """
    lengths = {dim: int(length.eval()) for dim, length in declared.dim_lengths.items()}
    dims = {name: declared.named_vars_to_dims.get(name, ()) for name in stored}
    total = sum(8 * draws * np.prod([lengths[str(d)] for d in dims[name]]) for name in stored)
    if total <= LARGE or declared.declaration.mixture is not None:
        return []
    return [v.name for v in declared.deterministics if dims.get(v.name)]


def expanded(trace: xr.DataTree, declared: pm.Model, names: Sequence[str]) -> xr.DataTree:
    """Return the trace with deterministic variables computed from the sampled ones, draw by draw.

    Parameters
    ----------
    trace
        With every free variable of `declared` in its posterior.
    declared
        The declaration that was sampled.
    names
        What to compute.
    """
    if not names:
        return trace
    posterior = trace["posterior"].to_dataset()
    chains, draws = posterior.sizes["chain"], posterior.sizes["draw"]
    wanted = [declared[name] for name in names]
    function = pm.compile(declared.free_RVs, wanted, mode="NUMBA", on_unused_input="ignore")
    inputs = [posterior[v.name].to_numpy() for v in declared.free_RVs]
    arrays: list[np.ndarray] = []
    for c, d in np.ndindex(chains, draws):
        values = function(*(x[c, d] for x in inputs))
        arrays = arrays or [np.empty((chains, draws, *np.shape(value))) for value in values]
        for array, value in zip(arrays, values, strict=True):
            array[c, d] = value
    dims = {name: ("chain", "draw", *map(str, declared.named_vars_to_dims[name])) for name in names}
    coords = {
        dim: list(labels)
        for dim, labels in declared.coords.items()
        if labels is not None and any(dim in own for own in dims.values())
    }
    more = {name: (dims[name], array) for name, array in zip(names, arrays, strict=True)}
    made = trace.copy()
    made["posterior"] = xr.DataTree(posterior.assign(more).assign_coords(coords))
    return made
