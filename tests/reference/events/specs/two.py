"""Two compartments and a depot; F, lag, D and R of both routes."""

import pymc as pm

import bayesdose as bd

CARD = bd.Card(
    drug="conformance two",
    source="made for the conformance suite",
    compartments=("depot", "central", "peripheral"),
)
ROUTES = ("depot", "central")


def model(study):
    """Declare it on a study."""
    with bd.population_model(study, CARD) as m:
        names = ("CL", "V", "Q", "V2", "ka")
        names += tuple(f"{role}_{route}" for role in ("F", "lag", "D", "R") for route in ROUTES)
        p = {
            name: bd.parameter(name, bd.theta(name, pm.HalfNormal.dist(1.0)), scale="normal")
            for name in names
        }
        F, lag, D, R = ({c: p[f"{role}_{c}"] for c in ROUTES} for role in ("F", "lag", "D", "R"))
        concentration = bd.two_compartment(
            CL=p["CL"], V1=p["V"], Q=p["Q"], V2=p["V2"], ka=p["ka"], F=F, lag=lag, duration=D, rate=R
        )
        bd.observe("DV", concentration, error=bd.additive(1.0))
    return m
