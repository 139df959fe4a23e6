"""One compartment, doses into it; bioavailability, lag, modelled duration and rate."""

import pymc as pm

import bayesdose as bd

CARD = bd.Card(drug="conformance iv", source="made for the conformance suite", compartments=("central",))


def model(study):
    """Declare it on a study."""
    with bd.population_model(study, CARD) as m:
        names = ("CL", "V", "F_central", "lag_central", "D_central", "R_central")
        p = {
            name: bd.parameter(name, bd.theta(name, pm.HalfNormal.dist(1.0)), scale="normal")
            for name in names
        }
        concentration = bd.one_compartment(
            CL=p["CL"],
            V=p["V"],
            F=p["F_central"],
            lag=p["lag_central"],
            duration=p["D_central"],
            rate=p["R_central"],
        )
        bd.observe("DV", concentration, error=bd.additive(1.0))
    return m
