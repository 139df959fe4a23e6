"""Bolus, Student-t etas, Student-t error: for simulation-based calibration, not a drug."""

import pymc as pm

import bayesdose as bd

CARD = bd.Card(drug="x", source="simulated")


def model(study):
    near = pm.LogNormal.dist
    with bd.population_model(study, CARD) as m:
        eta = bd.eta({"CL": near(-1.4, 0.3), "V": near(-1.4, 0.3)}, df=pm.Gamma.dist(8.0, 1.0))
        CL = bd.parameter("CL", bd.theta("CL", near(1.1, 0.3), unit="L/h"), eta["CL"])
        V = bd.parameter("V", bd.theta("V", near(3.4, 0.3), unit="L"), eta["V"])
        error = bd.student_t(bd.proportional(near(-2.3, 0.4)), pm.Gamma.dist(8.0, 1.0))
        bd.observe("DV", bd.one_compartment(CL=CL, V=V), error=error)
    return m
