"""A drug that inhibits the production of a response (indirect response I of Dayneka 1993): not a drug."""

import pymc as pm

import bayesdose as bd

CARD = bd.Card(drug="inhibitor", source="simulated", compartments=("central", "response"))


def rhs(t, A, p, m):
    C = A.central / p.V
    return {
        "central": -p.CL * C,
        "response": p.kout * (p.R0 * (1 - C / (p.IC50 + C)) - A.response),
    }


SYSTEM = bd.System(
    rhs,
    states=("central", "response"),
    parameters=("CL", "V", "R0", "kout", "IC50"),
    dose="central",
    initial=lambda p, m: {"response": p.R0},
    rtol=1e-5,
)
TRUTH = {
    "CL": 2.0,
    "V": 20.0,
    "R0": 100.0,
    "kout": 0.25,
    "IC50": 1.5,
    "omega": 0.25,
    "sigma_prop_1": 0.1,
    "sigma_add_2": 4.0,
}


def model(study):
    with bd.population_model(study, CARD) as m:
        omega = pm.HalfNormal.dist
        eta = bd.eta({"CL": omega(0.5), "V": omega(0.5), "R0": omega(0.5)})
        CL = bd.parameter("CL", bd.theta("CL", pm.LogNormal.dist(0.5, 1.0), unit="L/h"), eta["CL"])
        V = bd.parameter("V", bd.theta("V", pm.LogNormal.dist(3.0, 1.0), unit="L"), eta["V"])
        R0 = bd.parameter("R0", bd.theta("R0", pm.LogNormal.dist(4.5, 1.0)), eta["R0"])
        kout = bd.parameter("kout", bd.theta("kout", pm.LogNormal.dist(-1.0, 1.0), unit="1/h"))
        IC50 = bd.parameter("IC50", bd.theta("IC50", pm.LogNormal.dist(0.5, 1.0), unit="mg/L"))
        A = bd.ode(SYSTEM, CL=CL, V=V, R0=R0, kout=kout, IC50=IC50)
        bd.observe(
            "DV",
            {1: A.central / bd.at_observations(V), 2: A.response},
            error={1: bd.proportional(omega(0.3)), 2: bd.additive(omega(10.0))},
        )
    return m
