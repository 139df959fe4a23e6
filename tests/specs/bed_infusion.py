"""Infusions, two compartments, as vancomycin: patients for the estimator; priors are a posterior's."""

import numpy as np
import pymc as pm

import bayesdose as bd

CARD = bd.Card(drug="infused", source="simulated")


def around(value, relative):
    return pm.LogNormal.dist(np.log(value), relative)


def model(study, sigma=0.15):
    with bd.population_model(study, CARD) as m:
        eta = bd.eta({"CL": around(0.35, 0.1), "V1": around(0.3, 0.15), "V2": around(0.4, 0.15)})
        CL = bd.parameter("CL", bd.theta("CL", around(4.5, 0.05), unit="L/h"), eta["CL"])
        V1 = bd.parameter("V1", bd.theta("V1", around(35.0, 0.07), unit="L"), eta["V1"])
        V2 = bd.parameter("V2", bd.theta("V2", around(40.0, 0.08), unit="L"), eta["V2"])
        Q = bd.theta("Q", around(6.5, 0.1), unit="L/h")
        predicted = bd.two_compartment(CL=CL, V1=V1, Q=Q, V2=V2)
        bd.observe("DV", predicted, error=bd.proportional(around(sigma, 0.05)))
    return m
