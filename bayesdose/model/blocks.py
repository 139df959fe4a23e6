"""The blocks of a declaration: theta, eta, covariate, parameter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pymc as pm
import pytensor.tensor as pt

from bayesdose.errors import InputError, explain
from bayesdose.model.context import Declaration, current

if TYPE_CHECKING:
    from pytensor.tensor.variable import TensorVariable

Prior = "TensorVariable | float"


@dataclass(frozen=True)
class Eta:
    """One random effect: its name, its omega (SD on the parameter's scale) and, non-centred, its z."""

    name: str
    omega: TensorVariable
    z: TensorVariable | None  # (subject,); None where the block is centred


@dataclass(frozen=True)
class Scale:
    """The scale on which a random effect is normal: parameter = inverse(forward(typical) + eta)."""

    name: str
    forward: Callable[[TensorVariable], TensorVariable]
    inverse: Callable[[TensorVariable], TensorVariable]


SCALES = {
    "log": Scale("log", pt.log, pt.exp),
    "normal": Scale("normal", lambda x: x, lambda x: x),
}


def theta(name: str, prior: TensorVariable | float, *, unit: str = "") -> TensorVariable:
    """Declare a typical value: ``theta_<name>``, a scalar.

    Parameters
    ----------
    name
        The field's name (CL, V, ka).
    prior
        An unnamed distribution (``pm.LogNormal.dist(...)``), or a number for a fixed value.
    unit
        Its unit, for tables.
    """
    _, declaration = current()
    declaration.units[name] = unit
    return population_variable(f"theta_{name}", prior)


def population_variable(name: str, prior: TensorVariable | float) -> TensorVariable:
    """Register `prior` under `name` in the open model; a number is a fixed value and no random variable."""
    made, _ = current()
    if isinstance(prior, int | float):
        return pt.constant(float(prior), name=name)
    if getattr(prior, "owner", None) is None:
        raise InputError(
            explain(
                f"the prior of {name} is not a distribution",
                came=type(prior).__name__,
                expected="an unnamed distribution such as pm.LogNormal.dist(0, 1), or a number",
            )
        )
    return made.register_rv(prior, name)


def eta(omegas: Mapping[str, TensorVariable | float]) -> dict[str, Eta]:
    """Declare independent random effects between subjects (diagonal omega).

    Parameters
    ----------
    omegas
        Parameter name to the prior of its omega, the SD of eta (not its variance), or a fixed number.

    Returns
    -------
    dict
        One Eta per name, to hand to `parameter`. The block is non-centred, ``z ~ N(0, I)`` with dims
        (subject, eta) and ``eta = omega z``, but for names that the fit asks to centre.
    """
    made, declaration = current()
    if declaration.etas:
        raise InputError(explain("eta is declared twice", fix="give all random effects in one bd.eta({...})"))
    names = list(omegas)
    declaration.etas.extend(names)
    made.add_coord("eta", names)
    free = [name for name in names if name not in declaration.centred]
    columns = _standard_normal(declaration, free, whole=free == names)
    return {
        name: Eta(name, population_variable(f"omega_{name}", omegas[name]), columns.get(name))
        for name in names
    }


def _standard_normal(declaration: Declaration, names: list[str], *, whole: bool) -> dict[str, TensorVariable]:
    if not names:
        return {}
    made, _ = current()
    if not whole:
        made.add_coord("eta_noncentred", names)
    z = pm.Normal("z", 0.0, 1.0, dims=("subject", "eta" if whole else "eta_noncentred"))
    declaration.individual.append("z")
    return {name: z[:, k] for k, name in enumerate(names)}


def covariate(name: str) -> TensorVariable:
    """Return a covariate of the card: dims (subject,), or (record,) in a model with a varying covariate."""
    made, declaration = current()
    data = made[declaration.card.covariate(name).name]
    if declaration.level == "record" and made.named_vars_to_dims[data.name] == ("subject",):
        return data[made["record_subject"]]
    return data


def parameter(
    name: str, typical: TensorVariable | float, eta: Eta | None = None, *, scale: str = "log"
) -> TensorVariable:
    """Put a typical value and its random effect together: the individual parameter.

    Parameters
    ----------
    name
        The field's name; the variable carries it.
    typical
        Typical value: a scalar, or one value per subject (per record where a covariate varies).
    eta
        The random effect; None for a parameter that does not vary between subjects.
    scale
        "log" (log-normal: ``P = typical exp(eta)``) or "normal" (``P = typical + eta``).

    Returns
    -------
    TensorVariable
        dims (subject,) or (record,).
    """
    made, declaration = current()
    if scale not in SCALES:
        raise InputError(explain(f"scale {scale!r} of {name} is unknown", expected=" or ".join(SCALES)))
    mean = SCALES[scale].forward(_on_level(pt.as_tensor(typical), declaration))
    if eta is not None:
        effect = pm.Deterministic(f"eta_{eta.name}", _effect(name, eta, mean, declaration), dims=("subject",))
        mean = mean + (effect[made["record_subject"]] if declaration.level == "record" else effect)
    declaration.parameters.append(name)
    declaration.scales[name] = scale
    return pm.Deterministic(name, SCALES[scale].inverse(mean), dims=(declaration.level,))


def _on_level(typical: TensorVariable, declaration: Declaration) -> TensorVariable:
    made, _ = current()
    return typical + pt.zeros(made.dim_lengths[declaration.level]) if typical.ndim == 0 else typical


def _effect(name: str, eta: Eta, mean: TensorVariable, declaration: Declaration) -> TensorVariable:
    if eta.z is not None:
        return eta.omega * eta.z
    if declaration.level == "record":
        raise InputError(
            explain(
                f"{name} cannot be centred: its typical value changes within a subject",
                fix=f"leave {name!r} out of centred=",
            )
        )
    variable = f"centred_{name}"
    declaration.individual.append(variable)
    return pm.Normal(variable, mean, eta.omega, dims="subject") - mean
