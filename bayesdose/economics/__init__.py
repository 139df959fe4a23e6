"""Populations and money: cost-effectiveness, numbers needed to treat, decision curves, equity.

Called with the room's name, ``bd.economics.icers``. Functions of arrays over draw and option, or of draws of
risks by subject; figures of the results come from ``bd.figure``.
"""

from bayesdose.economics.frontier import Frontier, icers, net_benefit
from bayesdose.economics.pareto import Pareto, pareto

__all__ = [
    "Frontier",
    "Pareto",
    "icers",
    "net_benefit",
    "pareto",
]
