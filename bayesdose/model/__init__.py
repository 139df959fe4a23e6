"""Declaring a model in PyMC, once: the card's table, theta, eta, covariates, structure, residual error."""

from bayesdose.model.amounts import Amounts, at_observations
from bayesdose.model.blocks import covariate, eta, parameter, theta
from bayesdose.model.context import Declaration, build, data_values, names_of_population, population_model
from bayesdose.model.error import ResidualError, additive, observe, proportional
from bayesdose.model.spec import Model, load_model, shipped_folder, shipped_models, spec_hash
from bayesdose.model.structure import (
    linear,
    one_compartment,
    three_compartment,
    transit_chain,
    two_compartment,
)

__all__ = [
    "Amounts",
    "Declaration",
    "Model",
    "ResidualError",
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
