"""A drug with saturable elimination that inhibits the production of a response."""

import pymc as pm

import bayesdose as bd

CARD = bd.Card(
    drug="conformance turnover",
    source="made for the conformance suite",
    compartments=("central", "response"),
)


def rhs(t, A, p, m):
    """Indirect response model I (Dayneka, Garg & Jusko 1993): production kin, half of it at C = IC50."""
    C = A.central / p.V
    return {
        "central": -p.CL * C - p.Vm * C / (p.Km + C),
        "response": p.kin / (1 + C / p.IC50) - p.kout * A.response,
    }


SYSTEM = bd.System(
    rhs,
    states=("central", "response"),
    parameters=("CL", "V", "Vm", "Km", "kin", "kout", "IC50"),
    dose="central",
    initial=lambda p, m: {"response": p.kin / p.kout},
)


def model(study):
    """Declare it on a study; the prediction is the response."""
    with bd.population_model(study, CARD) as m:
        names = ("F_central", "lag_central", "D_central", "R_central", *SYSTEM.parameters)
        p = {
            name: bd.parameter(name, bd.theta(name, pm.HalfNormal.dist(1.0)), scale="normal")
            for name in names
        }
        A = bd.ode(
            SYSTEM,
            **{name: p[name] for name in SYSTEM.parameters},
            F=p["F_central"],
            lag=p["lag_central"],
            duration=p["D_central"],
            rate=p["R_central"],
        )
        bd.observe("DV", A.response, error=bd.additive(1.0))
    return m
