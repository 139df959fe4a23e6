"""Utilities: pieces for a user's own function, and named ones with parameters in clinical words.

A utility is a plain function of the Outcome, an xarray Dataset with dims (draw, option), that returns a
DataArray over the same dims.
"""

from bayesdose.decision.utilities.describing import Utility, describe
from bayesdose.decision.utilities.exposure import Asymmetric, LogTarget, Target, Window
from bayesdose.decision.utilities.named import UTILITIES, Named, named_utility, spoken
from bayesdose.decision.utilities.pieces import (
    above,
    asymmetric_error,
    below,
    in_window,
    log_squared_error,
    log_target_score,
    squared_error,
)
from bayesdose.decision.utilities.stakeholders import Stakeholders, stakeholders
from bayesdose.decision.utilities.trade_offs import (
    BenefitHarm,
    FailureToxicity,
    NetClinicalBenefit,
    NetMonetaryBenefit,
)

__all__ = [
    "UTILITIES",
    "Asymmetric",
    "BenefitHarm",
    "FailureToxicity",
    "LogTarget",
    "Named",
    "NetClinicalBenefit",
    "NetMonetaryBenefit",
    "Stakeholders",
    "Target",
    "Utility",
    "Window",
    "above",
    "asymmetric_error",
    "below",
    "describe",
    "in_window",
    "log_squared_error",
    "log_target_score",
    "named_utility",
    "spoken",
    "squared_error",
    "stakeholders",
]
