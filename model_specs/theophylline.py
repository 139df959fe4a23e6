"""Oral theophylline: one compartment, first-order absorption, additive error.

Data and structure: the theophylline example of Boeckmann AJ, Sheiner LB, Beal SL, NONMEM Users Guide,
Part V, 1994 (a study by R. Upton), also ``Theoph`` of R's datasets. Twelve subjects, one dose, eleven levels.
"""

import pymc as pm

import bayesdose as bd

CARD = bd.Card(
    drug="theophylline",
    title="Oral theophylline in adults",
    units=bd.Units(time="h", amount="mg", concentration="mg/L"),
    covariates=[
        bd.Covariate("WT", unit="kg", reference=70.0, range=(40.0, 120.0), description="body weight"),
    ],
    source="Boeckmann, Sheiner & Beal 1994, NONMEM Users Guide Part V",
    population="12 adults, one oral dose, 25 hours",
    limitations="Twelve subjects; no smoking, age or interaction effects.",
)


def model(study):
    """Declare the model on a study."""
    with bd.population_model(study, CARD) as m:
        omega = pm.HalfNormal.dist
        eta = bd.eta({"CL": omega(1.0), "V": omega(1.0), "ka": omega(1.0)})
        CL = bd.parameter("CL", bd.theta("CL", pm.LogNormal.dist(1.0, 1.0), unit="L/h"), eta["CL"])
        V = bd.parameter("V", bd.theta("V", pm.LogNormal.dist(3.5, 1.0), unit="L"), eta["V"])
        ka = bd.parameter("ka", bd.theta("ka", pm.LogNormal.dist(0.5, 1.0), unit="1/h"), eta["ka"])
        bd.observe("DV", bd.one_compartment(CL=CL, V=V, ka=ka), error=bd.additive(pm.HalfNormal.dist(2.0)))
    return m
