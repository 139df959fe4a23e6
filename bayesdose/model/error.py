"""Residual error models and the observed endpoint."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pymc as pm

from bayesdose.errors import InputError, explain
from bayesdose.model.blocks import population_variable
from bayesdose.model.context import current

if TYPE_CHECKING:
    from pytensor.tensor.variable import TensorVariable


@dataclass(frozen=True)
class ResidualError:
    """A residual error model: DV ~ Normal(f, sd(f)).

    Parameters
    ----------
    kind
        Its name in tables.
    sigmas
        Name of each sigma (an SD) to its prior or fixed value.
    sd
        The SD as a function of the prediction and the sigmas.
    """

    kind: str
    sigmas: Mapping[str, TensorVariable | float]
    sd: Callable[..., TensorVariable]


def additive(sigma: TensorVariable | float) -> ResidualError:
    """Additive error, ``sd = sigma_add``, in units of the concentration."""
    return ResidualError("additive", {"sigma_add": sigma}, lambda f, add: add + 0.0 * f)


def proportional(sigma: TensorVariable | float) -> ResidualError:
    """Proportional error, ``sd = sigma_prop f``; sigma_prop is a coefficient of variation (0.1 is 10 %)."""
    return ResidualError("proportional", {"sigma_prop": sigma}, lambda f, prop: prop * f)


def observe(name: str, prediction: TensorVariable, *, error: ResidualError) -> TensorVariable:
    """Declare an endpoint: the column `name` of the table is normal around its prediction.

    Parameters
    ----------
    name
        Column of the table ("DV").
    prediction
        dims (observation,), in the card's concentration unit; kept as ``<name>_prediction``.
    error
        The residual error model.

    Returns
    -------
    TensorVariable
        The observed random variable, dims (observation,).
    """
    made, declaration = current()
    if f"{name}_data" not in made.named_vars:
        raise InputError(explain(f"there is no endpoint {name!r} in the study", expected="DV"))
    f = pm.Deterministic(f"{name}_prediction", prediction, dims="observation")
    declaration.predictions[name] = f.name
    sigmas = [population_variable(sigma, prior) for sigma, prior in error.sigmas.items()]
    return pm.Normal(name, f, error.sd(f, *sigmas), observed=made[f"{name}_data"], dims="observation")
