"""A flow diagram with an effect compartment, which copies the central amount and takes nothing from it."""

import pymc as pm

import bayesdose as bd

CARD = bd.Card(
    drug="conformance effect",
    source="made for the conformance suite",
    compartments=("depot", "central", "effect"),
)


def model(study):
    """Declare it on a study; the prediction is the amount in the effect compartment over V."""
    with bd.population_model(study, CARD) as m:
        names = ("CL", "V", "ka", "ke0")
        p = {
            name: bd.parameter(name, bd.theta(name, pm.HalfNormal.dist(1.0)), scale="normal")
            for name in names
        }
        A = bd.linear(
            {
                "depot -> central": p["ka"],
                "central ->": p["CL"] / p["V"],
                "central ~> effect": p["ke0"],
                "effect ->": p["ke0"],
            },
            dose="depot",
        )
        bd.observe("DV", A.effect / bd.at_observations(p["V"]), error=bd.additive(1.0))
    return m
