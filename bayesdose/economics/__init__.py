"""Populations and money: cost-effectiveness, numbers needed to treat, decision curves, equity.

Called with the room's name, ``bd.economics.icers``. Functions of arrays over draw and option, or of draws of
risks by subject; figures of the results come from ``bd.figure``.
"""

from bayesdose.economics.frontier import Frontier, icers, net_benefit
from bayesdose.economics.groups import Equity, atkinson, equally_distributed, equity
from bayesdose.economics.label import LabelGain, label_by_test, label_gain
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
from bayesdose.economics.patients import population
from bayesdose.economics.plane import Plane, ce_plane
from bayesdose.economics.summary import CostEffectiveness, cost_effectiveness
from bayesdose.economics.targeting import Effects, Targeting, cate, targeted
from bayesdose.economics.thresholds import DecisionCurve, decision_curve, treatment_threshold
from bayesdose.economics.willingness import Acceptability, acceptability

__all__ = [
    "Acceptability",
    "Balance",
    "CostEffectiveness",
    "DecisionCurve",
    "Effects",
    "Equity",
    "Frontier",
    "LabelGain",
    "Pareto",
    "Plane",
    "RiskReduction",
    "RiskReductions",
    "Targeting",
    "acceptability",
    "atkinson",
    "cate",
    "ce_plane",
    "cost_effectiveness",
    "decision_curve",
    "equally_distributed",
    "equity",
    "helped_or_harmed",
    "icers",
    "label_by_test",
    "label_gain",
    "net_benefit",
    "pareto",
    "population",
    "risk_reduction",
    "risk_reductions",
    "targeted",
    "treatment_threshold",
    "trial_reduction",
]
