"""Fibrinogen concentrate by clot strength (synthetic).

The plasma level before treatment is read off the clot strength (0.2 g/L per mm, with an error between
patients); a gram raises it by recovery over plasma volume (41 mL/kg less the cells); what is given is lost
with a half-life of three days. Every number here is made up to show one thing; no paper and no drug has
them. Priors are log-normal around these numbers, with RSEs of 10 % (thetas), 20 % (omegas) and 15 %
(sigmas).
"""

import bayesdose as bd

CARD = bd.Card(
    drug="fibrinogen concentrate",
    title="Fibrinogen concentrate by clot strength (synthetic)",
    units=bd.Units(time="h", amount="g", concentration="g/L"),
    compartments=("plasma",),
    covariates=[
        bd.Covariate("WT", unit="kg", reference=70.0, range=(30.0, 150.0), description="body weight"),
        bd.Covariate(
            "A5", unit="mm", reference=7.0, range=(2.0, 25.0), description="clot strength after 5 minutes"
        ),
    ],
    source="synthetic: made up to show deficit arithmetic with its uncertainty",
    population="synthetic",
    limitations="No bleeding in progress; one clot test.",
    not_for="any patient: synthetic",
    evidence=bd.Evidence(
        status="synthetic",
        against="closed forms (the expected values of this card)",
        error="additive",
        uncertainty="RSE 10 % (thetas), 20 % (omegas), 15 % (sigmas), made up",
    ),
    aims=[],
    regimens=("as the worked patient",),
    expected=[
        bd.Expected(
            "concentration_at",
            value=0.2 * 7.0,
            source="0.2 g/L per mm, 7 mm",
            regimen="0.000001 g every 24 h x 1",
            arguments={"times": [0.5]},
        ),
        bd.Expected(
            "concentration_at",
            value=0.2 * 7.0 + 0.8 * 4.0 / (0.041 * 70),
            source="4 g, recovery 0.8, 2.87 L of plasma",
            regimen="4 g every 24 h x 1",
            arguments={"times": [0.0]},
        ),
    ],
    worked=bd.Worked(
        story="80 kg, clot strength 5 mm; 2 g, and 1.5 g/L half an hour later.",
        table={
            "TIME": [0.0, 0.0, 0.5],
            "AMT": [0.0, 2.0, 0.0],
            "DV": [None, None, 1.5],
            "EVID": [2, 1, 0],
            "WT": 80.0,
            "A5": 5.0,
        },
        options="{amount} g every 12 h x 1",
        values={"amount": [1, 2, 3, 4, 5, 6, 8]},
        outcomes={"level": ("peak", {})},
        utility={
            "name": "window",
            "outcome": "level",
            "low": 2.0,
            "high": 3.0,
            "harm": "level",
            "harm_above": 4.0,
            "harm_weight": 1,
        },
        why="1 for 2 to 3 g/L after the dose, 1 lost above 4 (clots)",
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
        WT, A5 = bd.covariate("WT"), bd.covariate("A5")
        eta = bd.eta({"base": sd(0.2), "recovery": sd(0.15)})
        base = bd.parameter("base", theta("per_mm", 0.2) * A5, eta["base"])
        recovery = bd.parameter("recovery", theta("recovery", 0.8), eta["recovery"])
        V = bd.parameter("V", theta("V_per_kg", 0.041, "L/kg") * WT)
        A = bd.linear({"plasma ->": theta("k", 0.0096, "1/h")}, dose="plasma", F=recovery)
        level = bd.at_observations(base) + A.plasma / bd.at_observations(V)
        bd.observe("DV", level, error=bd.additive(sigma(0.2)))
    return m
