"""One compartment and a depot; F, lag, D and R of both routes."""

import pymc as pm

import bayesdose as bd

CARD = bd.Card(
    drug="conformance oral", source="made for the conformance suite", compartments=("depot", "central")
)
ROUTES = ("depot", "central")


def model(study):
    """Declare it on a study."""
    with bd.population_model(study, CARD) as m:
        names = ("CL", "V", "ka", *(f"{role}_{route}" for role in ("F", "lag", "D", "R") for route in ROUTES))
        p = {
            name: bd.parameter(name, bd.theta(name, pm.HalfNormal.dist(1.0)), scale="normal")
            for name in names
        }
        F, lag, D, R = ({c: p[f"{role}_{c}"] for c in ROUTES} for role in ("F", "lag", "D", "R"))
        concentration = bd.one_compartment(CL=p["CL"], V=p["V"], ka=p["ka"], F=F, lag=lag, duration=D, rate=R)
        bd.observe("DV", concentration, error=bd.additive(1.0))
    return m
