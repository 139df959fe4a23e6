"""Bolus, and a count that the concentration lowers: for simulation-based calibration, not a drug."""

import pymc as pm

import bayesdose as bd

CARD = bd.Card(drug="x", source="simulated")


def model(study):
    near = pm.LogNormal.dist
    with bd.population_model(study, CARD) as m:
        eta = bd.eta({"CL": near(-1.2, 0.3), "base": near(-1.2, 0.3)})
        CL = bd.parameter("CL", bd.theta("CL", near(1.1, 0.3), unit="L/h"), eta["CL"])
        V = bd.parameter("V", bd.theta("V", near(3.4, 0.3), unit="L"))
        base = bd.parameter("base", bd.theta("base", near(2.0, 0.3)), eta["base"])
        EC50 = bd.parameter("EC50", bd.theta("EC50", near(0.0, 0.4), unit="mg/L"))
        C = bd.one_compartment(CL=CL, V=V)
        count = bd.at_observations(base) / (1 + C / bd.at_observations(EC50))
        errors = {1: bd.proportional(near(-2.0, 0.4)), 2: bd.negative_binomial(near(1.0, 0.4))}
        bd.observe("DV", {1: C, 2: count}, error=errors)
    return m
