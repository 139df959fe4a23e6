"""Structures as a spec names them: parameters to rates, the walk, amounts to concentrations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytensor.tensor as pt

from bayesdose.model.context import current
from bayesdose.pk import BOLUS_1, ORAL_1
from bayesdose.pk.op import amounts

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
    """
    made, declaration = current()
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
