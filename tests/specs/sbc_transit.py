"""Oral, three transit compartments, power error: for simulation-based calibration, not a drug."""

import pymc as pm

import bayesdose as bd

CARD = bd.Card(drug="x", source="simulated")


def model(study):
    near = pm.LogNormal.dist
    with bd.population_model(study, CARD) as m:
        eta = bd.eta({"CL": near(-1.2, 0.3), "ktr": near(-1.2, 0.3)})
        CL = bd.parameter("CL", bd.theta("CL", near(1.1, 0.3), unit="L/h"), eta["CL"])
        V = bd.parameter("V", bd.theta("V", near(3.4, 0.3), unit="L"))
        ktr = bd.parameter("ktr", bd.theta("ktr", near(0.7, 0.3), unit="1/h"), eta["ktr"])
        A = bd.linear(bd.transit_chain("depot", "central", 3, ktr) | {"central ->": CL / V}, dose="depot")
        error = bd.power(near(-2.0, 0.4), pm.Normal.dist(0.7, 0.2))
        bd.observe("DV", A.central / bd.at_observations(V), error=error)
    return m
