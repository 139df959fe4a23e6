"""Structures as a spec names them: parameters to rates, the walk, amounts to concentrations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytensor.tensor as pt

from bayesdose.errors import InputError, explain
from bayesdose.model.context import current
from bayesdose.pk import BOLUS_1, ORAL_1
from bayesdose.pk.op import amounts
from bayesdose.units import factor

if TYPE_CHECKING:
    from pytensor.tensor.variable import TensorVariable


def one_compartment(
    *, CL: TensorVariable, V: TensorVariable, ka: TensorVariable | None = None
) -> TensorVariable:
    """One compartment with linear elimination: IV bolus, or first-order absorption where ka is given.

    Parameters
    ----------
    CL
        Clearance, volume/time; dims (subject,) or (record,), or a scalar.
    V
        Volume of distribution, amount/concentration.
    ka
        Absorption rate constant, 1/time; doses then enter a depot.

    Returns
    -------
    TensorVariable
        Concentration at every level, dims (observation,); ``ke = CL / V`` (Gibaldi & Perrier 1982, ch. 1).

    Raises
    ------
    InputError
        When the unit stated for a theta does not go with the card's units.
    """
    made, declaration = current()
    _check_units(CL=CL, V=V, ka=ka)
    CL, V = _rows(CL), _rows(V)
    if ka is None:
        rates, diagram = pt.stack([CL / V], axis=1), BOLUS_1
    else:
        rates, diagram = pt.stack([_rows(ka), CL / V], axis=1), ORAL_1
        if all(x.name in declaration.parameters for x in (CL, V, ka)):
            declaration.absorption = (str(CL.name), str(V.name), str(ka.name))
    row = record_row()
    amount = amounts(diagram, rates, made, row)[:, 0]
    return amount / V[row[made["observation_record"]]]


def _check_units(**parameters: TensorVariable | None) -> None:
    """Refuse a stated unit that is not the one the card's units imply: a factor would be lost in silence."""
    _, declaration = current()
    units = declaration.card.units
    volume = f"{units.amount}/({units.concentration})"
    expected = {"CL": f"{volume}/{units.time}", "V": volume, "ka": f"1/{units.time}"}
    for role, parameter in parameters.items():
        name = str(getattr(parameter, "name", None))
        stated = declaration.units.get(name)
        if stated and abs(factor(stated, expected[role]) - 1.0) > 1e-9:
            raise InputError(
                explain(
                    f"the unit of {name} does not go with the card of {declaration.card.drug}",
                    came=stated,
                    expected=f"{expected[role]}, which the card's amounts and concentrations imply",
                    fix="state the priors in that unit, or change the card's units",
                )
            )


def record_row() -> TensorVariable:
    """Return the parameter row that governs each record: its subject's, or its own where parameters vary."""
    made, declaration = current()
    if declaration.level == "record":
        return pt.arange(made["record_time"].shape[0])
    return made["record_subject"]


def _rows(value: TensorVariable) -> TensorVariable:
    made, declaration = current()
    tensor = pt.as_tensor(value)
    return tensor if tensor.ndim else tensor + pt.zeros(made.dim_lengths[declaration.level])
