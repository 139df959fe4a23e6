"""Two kinds of level: the central concentration (DVID 1) and that of an effect compartment (DVID 2)."""

import pymc as pm

import bayesdose as bd

CARD = bd.Card(
    drug="conformance endpoints",
    source="made for the conformance suite",
    compartments=("central", "effect"),
)


def model(study):
    """Declare it on a study."""
    with bd.population_model(study, CARD) as m:
        p = {
            name: bd.parameter(name, bd.theta(name, pm.HalfNormal.dist(1.0)), scale="normal")
            for name in ("CL", "V", "ke0")
        }
        A = bd.linear(
            {"central ->": p["CL"] / p["V"], "central ~> effect": p["ke0"], "effect ->": p["ke0"]},
            dose="central",
        )
        V = bd.at_observations(p["V"])
        error = {1: bd.additive(1.0), 2: bd.additive(1.0)}
        bd.observe("DV", {1: A.central / V, 2: A.effect / V}, error=error)
    return m
