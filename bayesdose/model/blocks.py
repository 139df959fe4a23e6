"""The blocks of a declaration: theta, covariate, parameter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pymc as pm
import pytensor.tensor as pt
from pytensor.graph.traversal import ancestors

from bayesdose.errors import InputError, explain
from bayesdose.model.context import Declaration, current
from bayesdose.model.scales import Scale, scale_of

if TYPE_CHECKING:
    from pytensor.tensor.variable import TensorVariable

    from bayesdose.model.variability import Effect


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
    made, declaration = current()
    if isinstance(prior, int | float):
        declaration.fixed[name] = float(prior)
        return pt.constant(float(prior), name=name, dtype="float64")  # else 0.25 is single precision
    if getattr(prior, "owner", None) is None:
        raise InputError(
            explain(
                f"the prior of {name} is not a distribution",
                came=type(prior).__name__,
                expected="an unnamed distribution such as pm.LogNormal.dist(0, 1), or a number",
            )
        )
    return made.register_rv(prior, name)


@dataclass(frozen=True)
class Imputed:
    """The distribution of a covariate where it is missing (and, if it has thetas, where it is not).

    Parameters
    ----------
    median
        On the covariate's own scale; a theta, a number, or one value per subject.
    sd
        SD on the scale of `scale`.
    scale
        "log", "normal" or "logit".
    """

    median: Any
    sd: Any
    scale: str | Scale = "log"


def covariate(name: str, *, missing: Imputed | None = None) -> TensorVariable:
    """Return a covariate of the card: dims (subject,), or (record,) in a model whose parameters vary in time.

    Parameters
    ----------
    name
        Its name on the card.
    missing
        How it is distributed, for a covariate of the card with ``imputed=True``: missing values are then
        unknowns of the model (``z_missing_<name>``), and observed ones inform what the distribution leaves
        open.
    """
    made, declaration = current()
    declared = declaration.card.covariate(name)
    declaration.read = True
    if declared.imputed:
        data = _imputed(name, missing)
    elif missing is not None:
        raise InputError(
            explain(f"{name} is never missing", fix=f"declare Covariate({name!r}, imputed=True) on the card")
        )
    else:
        data = made[name]
    varies = declared.varies
    return data[made["record_subject"]] if declaration.level == "record" and not varies else data


def _imputed(name: str, how: Imputed | None) -> TensorVariable:
    made, declaration = current()
    given, where = made[name], made[f"{name}_missing_subject"]
    if how is None:
        raise InputError(
            explain(
                f"{name} may be missing, and the model does not say how it is distributed",
                fix=f"bd.covariate({name!r}, missing=bd.Imputed(median=..., sd=...))",
            )
        )
    scale = scale_of(how.scale, name)
    if scale.shape:
        raise InputError(
            explain(f"{name} cannot be imputed on the scale {scale.name!r}", expected="log, normal or logit")
        )
    mean = scale.forward(pt.as_tensor(how.median) + pt.zeros_like(given))
    z = pm.Normal(f"z_missing_{name}", 0.0, 1.0, dims=f"{name}_missing")
    declaration.individual.append(z.name)
    declaration.latents[z.name] = (f"{name}_missing", 1)
    value = given[where].set(scale.inverse(mean[where] + pt.as_tensor(how.sd) * z))
    if any(not isinstance(x, int | float) for x in (how.median, how.sd)):
        seen = pt.ones_like(given)[where].set(0.0)
        density = pm.logp(pm.Normal.dist(mean, how.sd), scale.forward(given))
        pm.Potential(f"{name}_seen", pt.switch(seen > 0, density, 0.0).sum())
    return pm.Deterministic(f"{name}_complete", value, dims="subject")


def parameter(
    name: str, typical: TensorVariable | float, *effects: Effect, scale: str | Scale = "log"
) -> TensorVariable:
    """Put a typical value and its random effects together: the individual parameter.

    Parameters
    ----------
    name
        The field's name; the variable carries it.
    typical
        Typical value: a scalar, or one value per subject (per record where something varies in time).
    effects
        Its random effects: an eta, a kappa, one between groups; none for a parameter that all share.
    scale
        "log" (log-normal: ``P = typical exp(eta)``), "normal" (``P = typical + eta``), "logit" (between 0 and
        1), or one made by `logit_normal` or `box_cox`.

    Returns
    -------
    TensorVariable
        dims (subject,) or (record,).
    """
    _, declaration = current()
    declaration.read = True
    on = scale_of(scale, name)
    mean = on.forward(_on_level(typical, declaration))
    total: Any = None
    for effect in effects:
        _note_subpopulations(effect, mean, declaration)
        one = _labelled(name, effect, mean, on, declaration)
        total = one if total is None else total + one
    declaration.parameters.append(name)
    declaration.scales[name] = on.name
    return pm.Deterministic(name, on.put(mean, total), dims=(declaration.level,))


def _on_level(typical: TensorVariable | float, declaration: Declaration) -> TensorVariable:
    made, _ = current()
    typical = pt.as_tensor(typical)
    return typical + pt.zeros(made.dim_lengths[declaration.level]) if typical.ndim == 0 else typical


def _note_subpopulations(effect: Effect, mean: TensorVariable, declaration: Declaration) -> None:
    """Remember a typical value that differs between subpopulations, and the eta that is added to it."""
    made, _ = current()
    if declaration.mixture is None or effect.dim != "subject" or effect.value is None:
        return
    if made["member"] not in ancestors([mean]):
        return
    if declaration.level == "record":  # the shift of z is the same for all records: that of the first one
        mean = mean[pt.searchsorted(made["record_subject"], made["subject_index"])]
    declaration.apart[effect.name] = (mean, effect.omega)


def _labelled(
    name: str, effect: Effect, mean: TensorVariable, scale: Scale, declaration: Declaration
) -> TensorVariable:
    """Name a random effect in the posterior, and return it on the parameters' level."""
    made, _ = current()
    if effect.label not in made.named_vars:
        value = _centred(name, effect, mean, scale, declaration) if effect.value is None else effect.value
        pm.Deterministic(effect.label, value, dims=(effect.dim,))
        declaration.effects[effect.label] = effect.dim
    value = made[effect.label]
    if effect.dim == "occasion":
        return value[made["record_occasion_index"]]
    if effect.dim != "subject":
        value = value[made[f"{effect.dim}_index"]]
    return value[made["record_subject"]] if declaration.level == "record" else value


def _centred(
    name: str, effect: Effect, mean: TensorVariable, scale: Scale, declaration: Declaration
) -> TensorVariable:
    if declaration.level == "record" or scale.shape:
        why = "its effect is skewed" if scale.shape else "its typical value changes within a subject"
        raise InputError(explain(f"{name} cannot be centred: {why}", fix=f"leave {name!r} out of centred="))
    made, _ = current()
    row = declaration.factors.get(name, {name: 1.0})
    before = [other for other in row if other != name]
    late = [other for other in before if f"z_centred_{other}" not in made.named_vars]
    if late:
        raise InputError(
            explain(
                f"{name} cannot be centred before {late[0]}, with which it is correlated",
                fix=f"declare parameters in the order of the block: {', '.join([*before, name])}",
            )
        )
    centre = mean + effect.omega * sum((row[o] * made[f"z_centred_{o}"] for o in before), 0.0)
    sd = effect.omega * row[name]
    variable = pm.Normal(f"centred_{name}", centre, sd, dims="subject")
    declaration.individual.append(variable.name)
    declaration.centred_on[name] = (variable, centre, sd)
    pm.Deterministic(f"z_centred_{name}", (variable - centre) / sd, dims="subject")
    return variable - mean
