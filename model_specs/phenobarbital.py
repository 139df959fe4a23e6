"""Phenobarbital in neonates: one compartment, IV bolus, CL and V proportional to weight.

Structure and findings: Grasela TH, Donn SM. Neonatal population pharmacokinetics of phenobarbital
derived from routine clinical data. Dev Pharmacol Ther 1985;8:374-383 (CL 0.0047 L/h/kg, V 0.96 L/kg).
The priors are wide on the log scale: 95 % of a theta's prior mass spans a factor of 50.
"""

import pymc as pm

import bayesdose as bd

CARD = bd.Card(
    drug="phenobarbital",
    title="Phenobarbital in neonates",
    units=bd.Units(time="h", amount="mg", concentration="mg/L"),
    covariates=[
        bd.Covariate("WT", unit="kg", reference=1.3, range=(0.5, 5.0), description="birth weight"),
    ],
    source="doi:10.1159/000457062",
    population="59 preterm and term neonates treated for seizures, first 16 days of life",
    limitations=(
        "Routine-care data, two to three levels a neonate; no maturation with age beyond weight, "
        "no interaction, no hypothermia."
    ),
)


def model(study):
    """Declare the model on a study."""
    with bd.population_model(study, CARD) as m:
        WT = bd.covariate("WT")
        eta = bd.eta({"CL": pm.HalfNormal.dist(1.0), "V": pm.HalfNormal.dist(1.0)})
        CL = bd.parameter(
            "CL", bd.theta("CL", pm.LogNormal.dist(-5.0, 1.0), unit="L/h") * (WT / 1.3), eta["CL"]
        )
        V = bd.parameter("V", bd.theta("V", pm.LogNormal.dist(0.6, 1.0), unit="L") * (WT / 1.3), eta["V"])
        bd.observe("DV", bd.one_compartment(CL=CL, V=V), error=bd.proportional(pm.HalfNormal.dist(0.5)))
    return m
