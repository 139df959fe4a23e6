"""Bolus, one compartment, levels below a limit: for simulation-based calibration, not a drug."""

import pymc as pm

import bayesdose as bd

CARD = bd.Card(drug="x", source="simulated")


def model(study):
    near = pm.LogNormal.dist
    with bd.population_model(study, CARD) as m:
        eta = bd.eta({"CL": pm.HalfNormal.dist(0.4), "V": near(-1.2, 0.3)})
        CL = bd.parameter("CL", bd.theta("CL", near(1.1, 0.3), unit="L/h"), eta["CL"])
        V = bd.parameter("V", bd.theta("V", near(3.4, 0.3), unit="L"), eta["V"])
        error = bd.combined1(near(-2.0, 0.4), near(-2.0, 0.4))
        bd.observe("DV", bd.one_compartment(CL=CL, V=V), error=error, blq="M3")
    return m
