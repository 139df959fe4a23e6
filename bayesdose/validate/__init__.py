"""Validation: what a fit says of its own data, and how far that agrees with them. Numbers only.

Figures of these results come from ``bd.figure``.
"""

from bayesdose.validate.acceptance import Limits, read_limits
from bayesdose.validate.calibrating import Calibration, calibrate
from bayesdose.validate.category_check import CategoryVpc, category_vpc
from bayesdose.validate.curves import IndividualFits, individual_fits
from bayesdose.validate.deciding import Decisions, Hit, decisions
from bayesdose.validate.distribution_errors import distribution_errors, distribution_tests
from bayesdose.validate.event_check import EventVpc, event_vpc
from bayesdose.validate.goodness import Goodness, goodness_of_fit
from bayesdose.validate.held_out import Coverage, coverage
from bayesdose.validate.leaving_out import LooCheck
from bayesdose.validate.left_out import loo, loo_by_subject
from bayesdose.validate.noncompartmental import AucCheck, Nca, beside_model, study_nca
from bayesdose.validate.npde_of_fit import Npde, npde
from bayesdose.validate.predictive_check import Vpc, vpc
from bayesdose.validate.psis import Loo, compare, psis_loo
from bayesdose.validate.random_effects import EtaCovariates, Etas, eta_covariates, etas
from bayesdose.validate.shrinking import shrinkage
from bayesdose.validate.suite import Validation, validate
from bayesdose.validate.troubles import Pathologies, pathologies

__all__ = [
    "AucCheck",
    "Calibration",
    "CategoryVpc",
    "Coverage",
    "Decisions",
    "EtaCovariates",
    "Etas",
    "EventVpc",
    "Goodness",
    "Hit",
    "IndividualFits",
    "Limits",
    "Loo",
    "LooCheck",
    "Nca",
    "Npde",
    "Pathologies",
    "Validation",
    "Vpc",
    "beside_model",
    "calibrate",
    "category_vpc",
    "compare",
    "coverage",
    "decisions",
    "distribution_errors",
    "distribution_tests",
    "eta_covariates",
    "etas",
    "event_vpc",
    "goodness_of_fit",
    "individual_fits",
    "loo",
    "loo_by_subject",
    "npde",
    "pathologies",
    "psis_loo",
    "read_limits",
    "shrinkage",
    "study_nca",
    "validate",
    "vpc",
]
