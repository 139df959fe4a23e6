"""Conversion against damage (synthetic).

Exposure (AUC) converts diseased cells, 1 - exp(-a AUC), and damages healthy ones, exp(b AUC) - 1. Net is
conversion less damage; a exp(-a AUC) = b exp(b AUC) at the optimum AUC* = log(a / b) / (a + b). Every
number here is made up to show one thing; no paper and no drug has them. Priors are log-normal around these
numbers, with RSEs of 10 % (thetas), 20 % (omegas) and 15 % (sigmas).
"""

import math

import pymc as pm

import bayesdose as bd

A_, B_ = 0.10, 0.01  # L/(mg h): conversion, damage
BEST = math.log(A_ / B_) / (A_ + B_)  # mg*h/L, the optimum

CARD = bd.Card(
    drug="converter",
    title="Conversion against damage (synthetic)",
    units=bd.Units(time="h", amount="mg", concentration="mg/L"),
    compartments=("central", "area"),
    endpoints={1: bd.Endpoint("exposure", "mg*h/L"), 2: bd.Endpoint("net", "")},
    source="synthetic: made up to show that the best exposure is where marginal benefit meets marginal harm",
    population="synthetic",
    limitations="One course; the exposure is all that counts.",
    not_for="any patient: synthetic",
    evidence=bd.Evidence(
        status="synthetic",
        against="closed forms (the expected values of this card)",
        error="proportional for exposure, additive for net",
        uncertainty="RSE 10 % (thetas), 20 % (omegas), 15 % (sigmas), made up",
    ),
    aims=[],
    regimens=("as the worked patient",),
    expected=[
        bd.Expected(
            "concentration_at",
            value=BEST,
            source="CL 5 L/h: 5 BEST mg give the optimal exposure",
            regimen=f"{5 * BEST:.6f} mg every 24 h x 1",
            arguments={"times": [240.0]},
        ),
        bd.Expected(
            "concentration_at",
            value=1 - math.exp(-A_ * BEST) - math.exp(B_ * BEST) + 1,
            source="net at the optimum",
            regimen=f"{5 * BEST:.6f} mg every 24 h x 1",
            arguments={"times": [240.0], "dvid": 2},
        ),
    ],
    worked=bd.Worked(
        story="20 mg as a test dose; the exposure after two days is 5.1 mg*h/L.",
        table={"TIME": [0.0, 0.0, 48.0], "AMT": [0.0, 20.0, 0.0], "DV": [None, None, 5.1], "EVID": [2, 1, 0]},
        options="{amount} mg every 72 h x 1",
        values={"amount": [20, 40, 60, 80, 100, 120, 140]},
        outcomes={"net": ("trough", {"dvid": 2})},
        utility={"name": "target", "outcome": "net", "target": 1.0},
        why="net as near to 1, all conversion and no damage, as can be",
        complete=("interval",),
    ),
)


def theta(name, value, unit=""):
    return bd.theta(name, bd.published.theta(value, rse_percent=10), unit=unit)


def sd(value):
    return bd.published.omega(value, scale="sd", rse_percent=20)


def sigma(value):
    return bd.published.sigma(value, scale="sd", rse_percent=15)


def model(study):
    """Declare the model on a study."""
    with bd.population_model(study, CARD) as m:
        eta = bd.eta({"CL": sd(0.3)})
        CL = bd.parameter("CL", theta("CL", 5.0, "L/h"), eta["CL"])
        V = bd.parameter("V", theta("V", 30.0, "L"))
        A = bd.linear({"central ->": CL / V, "central ~> area": 1.0 / V}, dose="central")
        net = 1.0 - pm.math.exp(-theta("a", A_) * A.area) - (pm.math.exp(theta("b", B_) * A.area) - 1.0)
        errors = {1: bd.proportional(sigma(0.1)), 2: bd.additive(sigma(0.05))}
        bd.observe("DV", {1: A.area, 2: net}, error=errors)
    return m
