"""Populations and money: cost-effectiveness, numbers needed to treat, decision curves, equity.

Called with the room's name, ``bd.economics.icers``. Functions of arrays over draw and option, or of draws of
risks by subject; figures of the results come from ``bd.figure``.
"""

from bayesdose.economics.frontier import Frontier, icers, net_benefit
from bayesdose.economics.needed import (
    Balance,
    RiskReduction,
    RiskReductions,
    helped_or_harmed,
    risk_reduction,
    risk_reductions,
    trial_reduction,
)
from bayesdose.economics.objectives import Pareto, pareto
from bayesdose.economics.plane import Plane, ce_plane
from bayesdose.economics.targeting import Effects, Targeting, cate, targeted
from bayesdose.economics.willingness import Acceptability, acceptability

__all__ = [
    "Acceptability",
    "Balance",
    "Effects",
    "Frontier",
    "Pareto",
    "Plane",
    "RiskReduction",
    "RiskReductions",
    "Targeting",
    "acceptability",
    "cate",
    "ce_plane",
    "helped_or_harmed",
    "icers",
    "net_benefit",
    "pareto",
    "risk_reduction",
    "risk_reductions",
    "targeted",
    "trial_reduction",
]
