"""Declaring a model in PyMC, once: the card's table, theta, eta, covariates, structure, residual error."""

from bayesdose.model.amounts import Amounts, at_observations
from bayesdose.model.blocks import covariate, eta, parameter, theta
from bayesdose.model.context import Declaration, build, data_values, names_of_population, population_model
from bayesdose.model.equations import ode
from bayesdose.model.error import ResidualError, additive, observe, proportional
from bayesdose.model.spec import Model, load_model, shipped_folder, shipped_models, spec_hash
from bayesdose.model.structure import (
    linear,
    one_compartment,
    three_compartment,
    transit_chain,
    two_compartment,
)
from bayesdose.pk.ode.entry import failures as ode_failures
from bayesdose.pk.ode.system import System

__all__ = [
    "Amounts",
    "Declaration",
    "Model",
    "ResidualError",
    "System",
    "additive",
    "at_observations",
    "build",
    "covariate",
    "data_values",
    "eta",
    "linear",
    "load_model",
    "names_of_population",
    "observe",
    "ode",
    "ode_failures",
    "one_compartment",
    "parameter",
    "population_model",
    "proportional",
    "shipped_folder",
    "shipped_models",
    "spec_hash",
    "theta",
    "three_compartment",
    "transit_chain",
    "two_compartment",
]
