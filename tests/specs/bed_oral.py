"""Oral, one compartment: patients for the individual estimator; priors are a posterior's."""

import numpy as np
import pymc as pm

import bayesdose as bd

CARD = bd.Card(drug="oral", source="simulated")


def around(value, relative):
    return pm.LogNormal.dist(np.log(value), relative)


def model(study):
    with bd.population_model(study, CARD) as m:
        eta = bd.eta({"CL": around(0.3, 0.1), "V": around(0.2, 0.15), "ka": around(0.6, 0.15)})
        CL = bd.parameter("CL", bd.theta("CL", around(2.8, 0.05), unit="L/h"), eta["CL"])
        V = bd.parameter("V", bd.theta("V", around(32.0, 0.05), unit="L"), eta["V"])
        ka = bd.parameter("ka", bd.theta("ka", around(1.5, 0.1), unit="1/h"), eta["ka"])
        error = bd.combined2(add=around(0.2, 0.15), prop=around(0.12, 0.05))
        bd.observe("DV", bd.one_compartment(CL=CL, V=V, ka=ka), error=error)
    return m
