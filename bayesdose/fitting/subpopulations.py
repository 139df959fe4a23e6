"""Which subpopulation each subject is in, draw by draw."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from bayesdose.model import BY_SUBPOPULATION, MEMBER, SUBPOPULATION

if TYPE_CHECKING:
    import pymc as pm


def settle(trace: xr.DataTree, declared: pm.Model, seed: int) -> xr.DataTree:
    """Draw each subject's subpopulation from its ``membership``, and keep what is so in that one.

    Parameters
    ----------
    trace
        Posterior with ``membership`` (chain, draw, subpopulation, subject) and variables
        ``<name>_by_subpopulation``; any other comes back as it is.
    declared
        The model that was sampled.
    seed
        Of the draws.

    Returns
    -------
    xarray.DataTree
        With ``member`` (chain, draw, subject), the number of the subpopulation as declared, from 0; and
        ``<name>`` in that one instead of in each.
    """
    held = trace["posterior"].to_dataset()
    if "membership" not in held:
        return trace
    member = _drawn(held["membership"], np.random.default_rng((seed, 1)))
    summed = [str(name) for name in held.data_vars if str(name).endswith(BY_SUBPOPULATION)]
    settled = {name.removesuffix(BY_SUBPOPULATION): _chosen(held[name], member, declared) for name in summed}
    groups = {name: group.to_dataset() for name, group in trace.children.items()}
    groups["posterior"] = held.drop_vars(summed).assign({MEMBER: member, **settled})
    return xr.DataTree.from_dict(groups)


def _drawn(membership: xr.DataArray, rng: np.random.Generator) -> xr.DataArray:
    below = membership.cumsum(SUBPOPULATION).isel({SUBPOPULATION: slice(-1)})
    drawn = below.isel({SUBPOPULATION: 0}, drop=True)
    u = drawn.copy(data=rng.random(drawn.shape))
    return (u > below).sum(SUBPOPULATION).transpose(*drawn.dims)


def _chosen(values: xr.DataArray, member: xr.DataArray, declared: pm.Model) -> xr.DataArray:
    whose = member
    if "record" in values.dims:
        index = xr.DataArray(declared["record_subject"].get_value(), dims="record")
        whose = member.isel(subject=index).drop_vars("subject", errors="ignore")
    return values.isel({SUBPOPULATION: whose}).drop_vars(SUBPOPULATION, errors="ignore")
