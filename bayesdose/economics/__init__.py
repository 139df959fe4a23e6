"""Populations and money: cost-effectiveness, numbers needed to treat, decision curves, equity.

Called with the room's name, ``bd.economics.icers``. Functions of arrays over draw and option, or of draws of
risks by subject; figures of the results come from ``bd.figure``.
"""

from bayesdose.economics.frontier import Frontier, icers, net_benefit
from bayesdose.economics.objectives import Pareto, pareto
from bayesdose.economics.plane import Plane, ce_plane
from bayesdose.economics.willingness import Acceptability, acceptability

__all__ = [
    "Acceptability",
    "Frontier",
    "Pareto",
    "Plane",
    "acceptability",
    "ce_plane",
    "icers",
    "net_benefit",
    "pareto",
]
