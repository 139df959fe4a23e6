"""Oral, Michaelis-Menten elimination: patients for the individual estimator; priors are a posterior's."""

import numpy as np
import pymc as pm

import bayesdose as bd

CARD = bd.Card(drug="saturable", source="simulated", compartments=("depot", "central"))


def rhs(t, A, p, m):
    C = A.central / p.V
    return {"depot": -p.ka * A.depot, "central": p.ka * A.depot - p.Vm * C / (p.Km + C)}


SYSTEM = bd.System(
    rhs, states=("depot", "central"), parameters=("ka", "V", "Vm", "Km"), dose="depot", rtol=1e-5
)


def around(value, relative):
    return pm.LogNormal.dist(np.log(value), relative)


def model(study):
    with bd.population_model(study, CARD) as m:
        eta = bd.eta({"Vm": around(0.25, 0.1), "V": around(0.2, 0.15)})
        V = bd.parameter("V", bd.theta("V", around(20.0, 0.05), unit="L"), eta["V"])
        Vm = bd.parameter("Vm", bd.theta("Vm", around(12.0, 0.05), unit="mg/h"), eta["Vm"])
        Km = bd.parameter("Km", bd.theta("Km", around(2.0, 0.1), unit="mg/L"))
        ka = bd.parameter("ka", bd.theta("ka", around(0.8, 0.1), unit="1/h"))
        A = bd.ode(SYSTEM, ka=ka, V=V, Vm=Vm, Km=Km)
        error = bd.proportional(around(0.1, 0.05))
        bd.observe("DV", A.central / bd.at_observations(V), error=error)
    return m
