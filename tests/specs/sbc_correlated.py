"""Oral, one compartment, three correlated etas: for simulation-based calibration, not a drug."""

import pymc as pm

import bayesdose as bd

CARD = bd.Card(drug="x", source="simulated")


def model(study):
    near = pm.LogNormal.dist
    with bd.population_model(study, CARD) as m:
        omegas = {name: near(-1.1, 0.3) for name in ("CL", "V", "ka")}
        eta = bd.eta(omegas, correlated=True, lkj=2.0)
        CL = bd.parameter("CL", bd.theta("CL", near(1.1, 0.3), unit="L/h"), eta["CL"])
        V = bd.parameter("V", bd.theta("V", near(3.4, 0.3), unit="L"), eta["V"])
        ka = bd.parameter("ka", bd.theta("ka", near(0.3, 0.3), unit="1/h"), eta["ka"])
        bd.observe("DV", bd.one_compartment(CL=CL, V=V, ka=ka), error=bd.proportional(near(-1.4, 0.3)))
    return m
