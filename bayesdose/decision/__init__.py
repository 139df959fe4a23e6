"""Deciding: utilities, limits, and the option with the highest expected utility.

Pure numpy and xarray: every number of a `Choice` is a reduction of one array U[draw, option].
"""

from bayesdose.decision.choice import Choice
from bayesdose.decision.clock import TimeOfDay, best_time_of_day
from bayesdose.decision.compared import attainment, cvar, minimax_regret
from bayesdose.decision.deciding import decide
from bayesdose.decision.events import Event
from bayesdose.decision.information.category import evsi_test
from bayesdose.decision.information.gains import Information, enbs
from bayesdose.decision.information.samples import evsi
from bayesdose.decision.information.value import evpi, evppi
from bayesdose.decision.joining import join
from bayesdose.decision.limits.audit import verify_audit
from bayesdose.decision.limits.contraindications import contraindicated, min_interval
from bayesdose.decision.limits.doses import Limit, max_daily, max_single
from bayesdose.decision.limits.escalation import Acknowledged, NoEscalation
from bayesdose.decision.limits.loads import max_load
from bayesdose.decision.limits.overrides import Override, soft
from bayesdose.decision.limits.risks import chance
from bayesdose.decision.limits.scoped import only_for
from bayesdose.decision.rules.banding import dose_bands, share_kept
from bayesdose.decision.rules.rule import Rule, by_subject
from bayesdose.decision.rules.trees import decision_tree, dose_table
from bayesdose.decision.sensitivity.thresholds import Thresholds, threshold_analysis
from bayesdose.decision.utilities import (
    UTILITIES,
    Target,
    Window,
    above,
    asymmetric_error,
    below,
    in_window,
    log_squared_error,
    log_target_score,
    named_utility,
    spoken,
    squared_error,
    stakeholders,
)

__all__ = [
    "UTILITIES",
    "Acknowledged",
    "Choice",
    "Event",
    "Information",
    "Limit",
    "NoEscalation",
    "Override",
    "Rule",
    "Target",
    "Thresholds",
    "TimeOfDay",
    "Window",
    "above",
    "asymmetric_error",
    "attainment",
    "below",
    "best_time_of_day",
    "by_subject",
    "chance",
    "contraindicated",
    "cvar",
    "decide",
    "decision_tree",
    "dose_bands",
    "dose_table",
    "enbs",
    "evpi",
    "evppi",
    "evsi",
    "evsi_test",
    "in_window",
    "join",
    "log_squared_error",
    "log_target_score",
    "max_daily",
    "max_load",
    "max_single",
    "min_interval",
    "minimax_regret",
    "named_utility",
    "only_for",
    "share_kept",
    "soft",
    "spoken",
    "squared_error",
    "stakeholders",
    "threshold_analysis",
    "verify_audit",
]
