"""Residual error models and the observed endpoint."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from bayesdose.errors import InputError, explain
from bayesdose.model.blocks import population_variable
from bayesdose.model.context import current
from bayesdose.model.refusals import refuse_kinds

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


def observe(
    name: str,
    prediction: TensorVariable | Mapping[int, TensorVariable],
    *,
    error: ResidualError | Mapping[int, ResidualError],
) -> TensorVariable:
    """Declare what is observed: the column `name` of the table is normal around its prediction.

    Parameters
    ----------
    name
        Column of the table ("DV").
    prediction
        dims (observation,), in the card's concentration unit; kept as ``<name>_prediction``. For several
        kinds of level, DVID to the prediction of each.
    error
        The residual error model; for several kinds of level, DVID to that of each. Their sigmas are then
        called ``sigma_prop_1``, ``sigma_add_2``, by DVID.

    Returns
    -------
    TensorVariable
        The observed random variable, dims (observation,).

    Raises
    ------
    InputError
        When the study has no such column, or a kind of level that has no prediction.
    """
    made, declaration = current()
    if f"{name}_data" not in made.named_vars:
        raise InputError(explain(f"there is no endpoint {name!r} in the study", expected="DV"))
    f, sd = _merged(prediction, error) if isinstance(prediction, Mapping) else _single(prediction, error)
    declaration.kinds = tuple(prediction) if isinstance(prediction, Mapping) else None
    refuse_kinds(declaration.kinds, made["DVID"].get_value())
    f = pm.Deterministic(f"{name}_prediction", f, dims="observation")
    declaration.predictions[name] = f.name
    return pm.Normal(name, f, sd, observed=made[f"{name}_data"], dims="observation")


def _single(
    prediction: TensorVariable, error: ResidualError | Mapping[int, ResidualError]
) -> tuple[Any, Any]:
    """Return prediction and SD of one kind of level."""
    if isinstance(error, Mapping):
        raise InputError(
            explain(
                "one prediction cannot have several errors",
                fix="observe('DV', {1: ..., 2: ...}, error={...})",
            )
        )
    sigmas = [population_variable(sigma, prior) for sigma, prior in error.sigmas.items()]
    return prediction, error.sd(prediction, *sigmas)


def _merged(
    prediction: Mapping[int, TensorVariable], error: ResidualError | Mapping[int, ResidualError]
) -> tuple[Any, Any]:
    """Return prediction and SD at each level by its DVID."""
    if not isinstance(error, Mapping) or set(error) != set(prediction):
        raise InputError(
            explain(
                "each kind of level needs its own error",
                came=", ".join(map(str, error)) if isinstance(error, Mapping) else "one error for all",
                expected=f"error={{DVID: error}} for the DVIDs {', '.join(map(str, prediction))}",
            )
        )
    made, _ = current()
    f: Any = np.nan
    sd: Any = np.nan
    for dvid, part in prediction.items():
        sigmas = [population_variable(f"{s}_{dvid}", prior) for s, prior in error[dvid].sigmas.items()]
        f = pt.where(pt.eq(made["DVID"], dvid), part, f)
        sd = pt.where(pt.eq(made["DVID"], dvid), error[dvid].sd(part, *sigmas), sd)
    return f, sd
