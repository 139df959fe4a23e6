"""Oral, one compartment, variability between occasions: for simulation-based calibration, not a drug."""

import pymc as pm

import bayesdose as bd

CARD = bd.Card(drug="x", source="simulated")


def model(study):
    near = pm.LogNormal.dist
    with bd.population_model(study, CARD) as m:
        kappa = bd.kappa({"CL": near(-1.4, 0.3)})
        eta = bd.eta({"CL": near(-1.2, 0.3), "V": near(-1.2, 0.3)})
        CL = bd.parameter("CL", bd.theta("CL", near(1.1, 0.3), unit="L/h"), eta["CL"], kappa["CL"])
        V = bd.parameter("V", bd.theta("V", near(3.4, 0.3), unit="L"), eta["V"])
        ka = bd.parameter("ka", bd.theta("ka", near(0.3, 0.3), unit="1/h"))
        bd.observe("DV", bd.one_compartment(CL=CL, V=V, ka=ka), error=bd.proportional(near(-1.6, 0.3)))
    return m
