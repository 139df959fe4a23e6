"""Three compartments, doses into the central one."""

import pymc as pm

import bayesdose as bd

CARD = bd.Card(
    drug="conformance three",
    source="made for the conformance suite",
    compartments=("central", "peripheral", "deep"),
)


def model(study):
    """Declare it on a study."""
    with bd.population_model(study, CARD) as m:
        names = ("CL", "V", "Q", "V2", "Q3", "V3", "F_central", "lag_central", "D_central", "R_central")
        p = {
            name: bd.parameter(name, bd.theta(name, pm.HalfNormal.dist(1.0)), scale="normal")
            for name in names
        }
        concentration = bd.three_compartment(
            CL=p["CL"],
            V1=p["V"],
            Q2=p["Q"],
            V2=p["V2"],
            Q3=p["Q3"],
            V3=p["V3"],
            F=p["F_central"],
            lag=p["lag_central"],
            duration=p["D_central"],
            rate=p["R_central"],
        )
        bd.observe("DV", concentration, error=bd.additive(1.0))
    return m
