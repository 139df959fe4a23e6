"""Declaring a model in PyMC, once: the card's table, theta, eta, covariates, structure, residual error."""

from bayesdose.model import published
from bayesdose.model.amounts import Amounts, at_observations
from bayesdose.model.blocks import Imputed, covariate, parameter, theta
from bayesdose.model.context import Declaration, build, data_values, names_of_population, population_model
from bayesdose.model.equations import ode
from bayesdose.model.error import (
    ResidualError,
    additive,
    autocorrelated,
    binary,
    combined1,
    combined2,
    log_normal,
    negative_binomial,
    ordinal,
    poisson,
    power,
    proportional,
    student_t,
    time_to_event,
)
from bayesdose.model.mixture import BY_SUBPOPULATION, MEMBER, SUBPOPULATION, mixture
from bayesdose.model.observed import observe
from bayesdose.model.priors import Prior, priors_of
from bayesdose.model.scales import box_cox, logit_normal
from bayesdose.model.spec import Model, load_model, shipped_folder, shipped_models, spec_hash
from bayesdose.model.structure import (
    linear,
    one_compartment,
    three_compartment,
    transit_chain,
    two_compartment,
)
from bayesdose.model.variability import between, eta, kappa
from bayesdose.pk.ode.entry import failures as ode_failures
from bayesdose.pk.ode.system import System

__all__ = [
    "BY_SUBPOPULATION",
    "MEMBER",
    "SUBPOPULATION",
    "Amounts",
    "Declaration",
    "Imputed",
    "Model",
    "Prior",
    "ResidualError",
    "System",
    "additive",
    "at_observations",
    "autocorrelated",
    "between",
    "binary",
    "box_cox",
    "build",
    "combined1",
    "combined2",
    "covariate",
    "data_values",
    "eta",
    "kappa",
    "linear",
    "load_model",
    "log_normal",
    "logit_normal",
    "mixture",
    "names_of_population",
    "negative_binomial",
    "observe",
    "ode",
    "ode_failures",
    "one_compartment",
    "ordinal",
    "parameter",
    "poisson",
    "population_model",
    "power",
    "priors_of",
    "proportional",
    "published",
    "shipped_folder",
    "shipped_models",
    "spec_hash",
    "student_t",
    "theta",
    "three_compartment",
    "time_to_event",
    "transit_chain",
    "two_compartment",
]
