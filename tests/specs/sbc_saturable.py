"""Oral, saturable elimination, a differential equation: for simulation-based calibration, not a drug."""

import pymc as pm

import bayesdose as bd

CARD = bd.Card(drug="x", source="simulated", compartments=("depot", "central"))


def rhs(t, A, p, m):
    C = A.central / p.V
    return {"depot": -p.ka * A.depot, "central": p.ka * A.depot - p.Vm * C / (p.Km + C)}


SYSTEM = bd.System(
    rhs, states=("depot", "central"), parameters=("ka", "V", "Vm", "Km"), dose="depot", rtol=1e-5
)


def model(study):
    near = pm.LogNormal.dist
    with bd.population_model(study, CARD) as m:
        eta = bd.eta({"V": near(-1.4, 0.3), "Vm": near(-1.4, 0.3)})
        ka = bd.parameter("ka", bd.theta("ka", near(0.0, 0.3), unit="1/h"))
        V = bd.parameter("V", bd.theta("V", near(3.0, 0.2), unit="L"), eta["V"])
        Vm = bd.parameter("Vm", bd.theta("Vm", near(2.5, 0.2), unit="mg/h"), eta["Vm"])
        Km = bd.parameter("Km", bd.theta("Km", near(0.7, 0.3), unit="mg/L"))
        A = bd.ode(SYSTEM, ka=ka, V=V, Vm=Vm, Km=Km)
        error = bd.combined1(near(-1.9, 0.3), near(-1.9, 0.3))
        bd.observe("DV", A.central / bd.at_observations(V), error=error)
    return m
