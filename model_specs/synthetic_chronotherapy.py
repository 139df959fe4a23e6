"""Circadian clearance and circadian sensitivity (synthetic).

Clearance follows the clock, CL (1 + 0.4 cos(2 pi (t - 14 h) / 24)), and the tissue that the drug harms is
most sensitive at 4 in the morning. Time 0 is midnight. An option delays the first real dose by a trace of
drug: the trace is given at once, the dose one delay later. Every number here is made up to show one thing;
no paper and no drug has them. Priors are log-normal around these numbers, with RSEs of 10 % (thetas), 20 %
(omegas) and 15 % (sigmas).
"""

import math

import pymc as pm

import bayesdose as bd

CARD = bd.Card(
    drug="chronodrug",
    title="Circadian clearance and circadian sensitivity (synthetic)",
    units=bd.Units(time="h", amount="mg", concentration="mg/L"),
    compartments=("central",),
    endpoints={2: bd.Endpoint("harm rate", "1/h")},
    source="synthetic: made up to show when of the day to dose",
    population="synthetic",
    limitations="One harmonic; the clock of the patient is that of the wall.",
    not_for="any patient: synthetic",
    evidence=bd.Evidence(
        status="synthetic",
        against="closed forms (the expected values of this card)",
        error="proportional for levels, additive for the harm",
        uncertainty="RSE 10 % (thetas), 20 % (omegas), 15 % (sigmas), made up",
    ),
    aims=[],
    regimens=("as the worked patient",),
    expected=[
        bd.Expected(
            "concentration_at",
            value=3.0 * math.exp(-0.1 * 24.0),
            source="120 mg into 40 L; over a whole day the swing cancels: exp(-24 CL / V)",
            regimen="120 mg every 48 h x 1",
            arguments={"times": [24.0]},
        ),
        bd.Expected(
            "concentration_at",
            value=3.0
            * math.exp(
                -0.1
                * (
                    6.0
                    + 0.4
                    * 24
                    / (2 * math.pi)
                    * (math.sin(-2 * math.pi * 8 / 24) + math.sin(2 * math.pi * 14 / 24))
                )
            ),
            source="the integral of the clearance from midnight to 6 h, by hand",
            regimen="120 mg every 48 h x 1",
            arguments={"times": [6.0]},
        ),
        bd.Expected(
            "concentration_at",
            value=3.0,
            source="120 mg into 40 L",
            regimen="120 mg every 24 h x 1",
            arguments={"times": [0.0]},
        ),
    ],
    worked=bd.Worked(
        story="120 mg at midnight, levels at 6 h and 16 h.",
        table={
            "TIME": [0.0, 0.0, 6.0, 16.0, 24.0],
            "AMT": [0.0, 120.0, 0.0, 0.0, 0.0],
            "DV": [None, None, 1.8, 0.5, None],
            "EVID": [2, 1, 0, 0, 2],
        },
        options="0.001 mg every {delay} h x 1, then {amount} mg every 24 h x 4",
        values={"delay": [6, 12, 18, 24], "amount": [80, 120, 160]},
        outcomes={"auc": ("auc24", {}), "harm": ("average", {"dvid": 2})},
        utility={
            "name": "window",
            "outcome": "auc",
            "low": 25,
            "high": 45,
            "harm": "harm",
            "harm_above": 0.04,
            "harm_weight": 1,
        },
        why="1 for an AUC24 of 25 to 45, 1 lost for a mean harm rate above 0.04 /h",
        complete=("delay",),
    ),
)


def clock(t, peak, m):
    return m.cos(2.0 * m.pi * (t - peak) / 24.0)


def rhs(t, A, p, m):
    C = A.central / p.V
    return {"central": -p.CL * (1.0 + p.swing * clock(t, 14.0, m)) * C}


SYSTEM = bd.System(rhs, states=("central",), parameters=("CL", "V", "swing"), dose="central", rtol=1e-6)


def theta(name, value, unit=""):
    return bd.theta(name, bd.published.theta(value, rse_percent=10), unit=unit)


def sd(value):
    return bd.published.omega(value, scale="sd", rse_percent=20)


def sigma(value):
    return bd.published.sigma(value, scale="sd", rse_percent=15)


def model(study):
    """Declare the model on a study."""
    with bd.population_model(study, CARD) as m:
        eta = bd.eta({"CL": sd(0.25), "V": sd(0.2)})
        CL = bd.parameter("CL", theta("CL", 4.0, "L/h"), eta["CL"])
        V = bd.parameter("V", theta("V", 40.0, "L"), eta["V"])
        C = bd.ode(SYSTEM, CL=CL, V=V, swing=theta("swing", 0.4)).central / bd.at_observations(V)
        hour = m["record_time"][m["observation_record"]]
        sensitive = 1.0 + 0.8 * pm.math.cos(2.0 * math.pi * (hour - 4.0) / 24.0)
        harm = theta("slope", 0.02) * C * sensitive
        bd.observe("DV", {1: C, 2: harm}, error={1: bd.proportional(sigma(0.1)), 2: bd.additive(sigma(0.01))})
    return m
