"""Bolus, Box-Cox, normal and logit scales: for simulation-based calibration, not a drug."""

import pymc as pm

import bayesdose as bd

CARD = bd.Card(drug="x", source="simulated")


def model(study):
    near = pm.LogNormal.dist
    with bd.population_model(study, CARD) as m:
        eta = bd.eta({"CL": near(-1.0, 0.3), "V": near(1.4, 0.3), "F": near(-0.7, 0.3)})
        skew = bd.theta("skew", pm.Normal.dist(0.5, 0.5))
        CL = bd.parameter("CL", bd.theta("CL", near(1.1, 0.3), unit="L/h"), eta["CL"], scale=bd.box_cox(skew))
        V = bd.parameter("V", bd.theta("V", near(3.4, 0.2), unit="L"), eta["V"], scale="normal")
        F = bd.parameter("F", bd.theta("F", pm.Beta.dist(8.0, 4.0)), eta["F"], scale=bd.logit_normal())
        f = bd.one_compartment(CL=CL, V=V, F=F)
        bd.observe("DV", f, error=bd.additive(near(-2.3, 0.4)))
    return m
