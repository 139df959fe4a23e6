"""One compartment, doses into it, as a differential equation: parallel linear and saturable elimination.

With Vm = 0 it is the spec iv.
"""

import pymc as pm

import bayesdose as bd

CARD = bd.Card(drug="conformance ode", source="made for the conformance suite", compartments=("central",))


def rhs(t, A, p, m):
    """Clearance CL and, at a concentration C, the saturable Vm C / (Km + C)."""
    C = A.central / p.V
    return {"central": -p.CL * C - p.Vm * C / (p.Km + C)}


SYSTEM = bd.System(rhs, states=("central",), parameters=("CL", "V", "Vm", "Km"), dose="central")


def model(study):
    """Declare it on a study."""
    with bd.population_model(study, CARD) as m:
        names = ("CL", "V", "Vm", "Km", "F_central", "lag_central", "D_central", "R_central")
        p = {
            name: bd.parameter(name, bd.theta(name, pm.HalfNormal.dist(1.0)), scale="normal")
            for name in names
        }
        A = bd.ode(
            SYSTEM,
            **{name: p[name] for name in ("CL", "V", "Vm", "Km")},
            F=p["F_central"],
            lag=p["lag_central"],
            duration=p["D_central"],
            rate=p["R_central"],
        )
        bd.observe("DV", A.central / bd.at_observations(p["V"]), error=bd.additive(1.0))
    return m
