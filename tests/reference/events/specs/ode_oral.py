"""One compartment and a depot as differential equations, F, lag, D and R of both routes: the spec oral."""

import pymc as pm

import bayesdose as bd

CARD = bd.Card(
    drug="conformance ode oral", source="made for the conformance suite", compartments=("depot", "central")
)
ROUTES = ("depot", "central")


def rhs(t, A, p, m):
    """First-order absorption and elimination."""
    absorbed = p.ka * A.depot
    return {"depot": -absorbed, "central": absorbed - p.CL / p.V * A.central}


SYSTEM = bd.System(rhs, states=ROUTES, parameters=("CL", "V", "ka"), dose="depot")


def model(study):
    """Declare it on a study."""
    with bd.population_model(study, CARD) as m:
        names = ("CL", "V", "ka", *(f"{role}_{route}" for role in ("F", "lag", "D", "R") for route in ROUTES))
        p = {
            name: bd.parameter(name, bd.theta(name, pm.HalfNormal.dist(1.0)), scale="normal")
            for name in names
        }
        F, lag, D, R = ({c: p[f"{role}_{c}"] for c in ROUTES} for role in ("F", "lag", "D", "R"))
        A = bd.ode(SYSTEM, CL=p["CL"], V=p["V"], ka=p["ka"], F=F, lag=lag, duration=D, rate=R)
        bd.observe("DV", A.central / bd.at_observations(p["V"]), error=bd.additive(1.0))
    return m
