"""Oral drug with saturable elimination, for fits to simulated populations: not a drug."""

import pymc as pm

import bayesdose as bd

CARD = bd.Card(drug="saturable", source="simulated", compartments=("depot", "central"))


def rhs(t, A, p, m):
    C = A.central / p.V
    return {"depot": -p.ka * A.depot, "central": p.ka * A.depot - p.Vm * C / (p.Km + C)}


SYSTEM = bd.System(
    rhs, states=("depot", "central"), parameters=("ka", "V", "Vm", "Km"), dose="depot", rtol=1e-5
)
TRUTH = {"ka": 0.8, "V": 20.0, "Vm": 12.0, "Km": 2.0, "omega": 0.25, "sigma_prop": 0.1}


def model(study):
    with bd.population_model(study, CARD) as m:
        omega = pm.HalfNormal.dist
        eta = bd.eta({"ka": omega(0.5), "V": omega(0.5), "Vm": omega(0.5)})
        ka = bd.parameter("ka", bd.theta("ka", pm.LogNormal.dist(0.0, 1.0), unit="1/h"), eta["ka"])
        V = bd.parameter("V", bd.theta("V", pm.LogNormal.dist(3.0, 1.0), unit="L"), eta["V"])
        Vm = bd.parameter("Vm", bd.theta("Vm", pm.LogNormal.dist(2.0, 1.0), unit="mg/h"), eta["Vm"])
        Km = bd.parameter("Km", bd.theta("Km", pm.LogNormal.dist(1.0, 0.7), unit="mg/L"))
        A = bd.ode(SYSTEM, ka=ka, V=V, Vm=Vm, Km=Km)
        bd.observe("DV", A.central / bd.at_observations(V), error=bd.proportional(omega(0.3)))
    return m
