"""Bolus, subjects of five studies: for simulation-based calibration, not a drug."""

import pymc as pm

import bayesdose as bd

CARD = bd.Card(drug="x", source="simulated", covariates=[bd.Covariate("STUDY", group=True)])


def model(study):
    near = pm.LogNormal.dist
    with bd.population_model(study, CARD) as m:
        study_effect = bd.between("STUDY", {"CL": near(-1.2, 0.3)})
        eta = bd.eta({"CL": near(-1.2, 0.3), "V": near(-1.2, 0.3)})
        CL = bd.parameter("CL", bd.theta("CL", near(1.1, 0.3), unit="L/h"), eta["CL"], study_effect["CL"])
        V = bd.parameter("V", bd.theta("V", near(3.4, 0.3), unit="L"), eta["V"])
        bd.observe("DV", bd.one_compartment(CL=CL, V=V), error=bd.proportional(near(-2.0, 0.4)))
    return m
