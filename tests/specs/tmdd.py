"""Target-mediated disposition, full model (Mager & Jusko 2001), amounts in nmol: not a drug."""

import pymc as pm

import bayesdose as bd

CARD = bd.Card(
    drug="antibody",
    source="simulated",
    units=bd.Units(time="day", amount="nmol", concentration="nmol/L"),
    compartments=("central", "target", "complex"),
)


def rhs(t, A, p, m):
    bound = p.kon * A.central * A.target / p.V - p.koff * A.complex
    return {
        "central": -p.CL / p.V * A.central - bound,
        "target": p.kdeg * (p.R0 * p.V - A.target) - bound,
        "complex": bound - p.kint * A.complex,
    }


SYSTEM = bd.System(
    rhs,
    states=("central", "target", "complex"),
    parameters=("CL", "V", "R0", "kon", "koff", "kdeg", "kint"),
    dose="central",
    initial=lambda p, m: {"target": p.R0 * p.V},
    rtol=1e-5,
)
TRUTH = {"CL": 0.2, "V": 3.0, "R0": 5.0, "kint": 0.3, "omega": 0.25, "sigma_prop": 0.1}


def model(study):
    with bd.population_model(study, CARD) as m:
        omega = pm.HalfNormal.dist
        eta = bd.eta({"CL": omega(0.5), "V": omega(0.5), "R0": omega(0.5)})
        CL = bd.parameter("CL", bd.theta("CL", pm.LogNormal.dist(-1.5, 1.0), unit="L/day"), eta["CL"])
        V = bd.parameter("V", bd.theta("V", pm.LogNormal.dist(1.0, 1.0), unit="L"), eta["V"])
        R0 = bd.parameter("R0", bd.theta("R0", pm.LogNormal.dist(1.5, 1.0), unit="nmol/L"), eta["R0"])
        kint = bd.parameter("kint", bd.theta("kint", pm.LogNormal.dist(-1.0, 1.0), unit="1/day"))
        A = bd.ode(SYSTEM, CL=CL, V=V, R0=R0, kint=kint, kon=10.0, koff=1.0, kdeg=1.0)
        bd.observe("DV", A.central / bd.at_observations(V), error=bd.proportional(omega(0.3)))
    return m
