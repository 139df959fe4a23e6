"""Deciding: utilities, limits, and the option with the highest expected utility.

Pure numpy and xarray: every number of a `Choice` is a reduction of one array U[draw, option].
"""

from bayesdose.decision.choice import Choice
from bayesdose.decision.clock import TimeOfDay, best_time_of_day
from bayesdose.decision.deciding import decide
from bayesdose.decision.escalation import Acknowledged, NoEscalation
from bayesdose.decision.limits import Limit, max_daily, max_single
from bayesdose.decision.utilities import (
    UTILITIES,
    Target,
    Window,
    above,
    below,
    in_window,
    log_squared_error,
    named_utility,
    squared_error,
)

__all__ = [
    "UTILITIES",
    "Acknowledged",
    "Choice",
    "Limit",
    "NoEscalation",
    "Target",
    "TimeOfDay",
    "Window",
    "above",
    "below",
    "best_time_of_day",
    "decide",
    "in_window",
    "log_squared_error",
    "max_daily",
    "max_single",
    "named_utility",
    "squared_error",
]
