"""As sbc_oral, but omegas have their log-Jacobian twice: an error that calibration must see."""

import pymc as pm
import pytensor.tensor as pt

import bayesdose as bd

CARD = bd.Card(drug="x", source="simulated")


def model(study):
    near = pm.LogNormal.dist
    with bd.population_model(study, CARD) as m:
        omega = pm.HalfNormal.dist(0.4)
        eta = bd.eta({"CL": omega, "V": pm.Gamma.dist(4.0, 16.0), "ka": near(-1.2, 0.3)})
        CL = bd.parameter("CL", bd.theta("CL", near(1.1, 0.3), unit="L/h"), eta["CL"])
        V = bd.parameter("V", bd.theta("V", near(3.4, 0.3), unit="L"), eta["V"])
        ka = bd.parameter("ka", bd.theta("ka", near(0.3, 0.3), unit="1/h"), eta["ka"])
        error = bd.combined2(near(-2.3, 0.4), near(-2.0, 0.4))
        bd.observe("DV", bd.one_compartment(CL=CL, V=V, ka=ka), error=error)
        pm.Potential("twice", sum(pt.log(one.omega) for one in eta.values()))
    return m
