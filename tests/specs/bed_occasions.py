"""Boluses on several occasions: patients for the individual estimator; priors are a posterior's."""

import numpy as np
import pymc as pm

import bayesdose as bd

CARD = bd.Card(drug="on occasions", source="simulated")


def around(value, relative):
    return pm.LogNormal.dist(np.log(value), relative)


def model(study):
    with bd.population_model(study, CARD) as m:
        kappa = bd.kappa({"CL": around(0.2, 0.1)})
        eta = bd.eta({"CL": around(0.35, 0.1), "V": around(0.25, 0.15)})
        theta = bd.theta("CL", around(4.0, 0.05), unit="L/h")
        CL = bd.parameter("CL", theta, eta["CL"], kappa["CL"])
        V = bd.parameter("V", bd.theta("V", around(30.0, 0.05), unit="L"), eta["V"])
        bd.observe("DV", bd.one_compartment(CL=CL, V=V), error=bd.proportional(around(0.12, 0.05)))
    return m
