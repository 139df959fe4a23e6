"""Bolus, three compartments, proportional error: for simulation-based calibration, not a drug."""

import pymc as pm

import bayesdose as bd

CARD = bd.Card(drug="x", source="simulated")


def model(study):
    near = pm.LogNormal.dist
    with bd.population_model(study, CARD) as m:
        eta = bd.eta({"CL": near(-1.2, 0.3), "V1": near(-1.2, 0.3)})
        CL = bd.parameter("CL", bd.theta("CL", near(1.1, 0.3), unit="L/h"), eta["CL"])
        V1 = bd.parameter("V1", bd.theta("V1", near(2.3, 0.3), unit="L"), eta["V1"])
        Q2 = bd.parameter("Q2", bd.theta("Q2", near(2.0, 0.3), unit="L/h"))
        V2 = bd.parameter("V2", bd.theta("V2", near(2.7, 0.3), unit="L"))
        Q3 = bd.parameter("Q3", bd.theta("Q3", near(0.7, 0.3), unit="L/h"))
        V3 = bd.parameter("V3", bd.theta("V3", near(3.7, 0.3), unit="L"))
        f = bd.three_compartment(CL=CL, V1=V1, Q2=Q2, V2=V2, Q3=Q3, V3=V3)
        bd.observe("DV", f, error=bd.proportional(near(-2.0, 0.4)))
    return m
