"""Rapid metabolisers: dose and interval (synthetic).

Clearance is multiplied by an enhancement factor (1 to 6), so that the half-life of 7 h falls to little more
than one. The peak harms and the trough must not fall too low: rapid metabolisers need the shorter interval,
not the larger dose. Every number here is made up to show one thing; no paper and no drug has them. Priors
are log-normal around these numbers, with RSEs of 10 % (thetas), 20 % (omegas) and 15 % (sigmas).
"""

import bayesdose as bd

CARD = bd.Card(
    drug="CYP substrate",
    title="Rapid metabolisers: dose and interval (synthetic)",
    units=bd.Units(time="h", amount="mg", concentration="mg/L"),
    compartments=("depot", "central"),
    covariates=[
        bd.Covariate(
            "FACTOR", reference=1.0, range=(1.0, 6.0), description="enhancement factor of the clearance"
        )
    ],
    source="synthetic: made up to show that a larger dose does not replace a shorter interval",
    population="synthetic",
    limitations="Clearance alone; absorption and volume do not change.",
    not_for="any patient: synthetic",
    evidence=bd.Evidence(
        status="synthetic",
        against="closed forms (the expected values of this card)",
        error="proportional",
        uncertainty="RSE 10 % (thetas), 20 % (omegas), 15 % (sigmas), made up",
    ),
    aims=[],
    regimens=("as the worked patient",),
    expected=[
        bd.Expected(
            "auc24",
            value=300 / 5.0,
            source="300 mg a day / 5 L/h",
            regimen="100 mg every 8 h x 3 at steady state",
        ),
        bd.Expected(
            "auc24",
            value=300 / 15.0,
            source="factor 3",
            regimen="100 mg every 8 h x 3 at steady state",
            covariates={"FACTOR": 3.0},
        ),
    ],
    worked=bd.Worked(
        story="Factor 3; 100 mg every 8 h, a trough of 0.45 mg/L.",
        table={
            "TIME": [0.0, 0.0, 48.0],
            "AMT": [0.0, 100.0, 0.0],
            "II": [0.0, 8.0, 0.0],
            "ADDL": [0, 5, 0],
            "DV": [None, None, 0.45],
            "EVID": [2, 1, 0],
            "FACTOR": 3.0,
        },
        options="{amount} mg every {interval} h for 4 days",
        values={"amount": [25, 50, 75, 100, 150, 200], "interval": [4, 6, 8, 12]},
        outcomes={"trough": ("trough", {}), "peak": ("peak", {})},
        utility={
            "name": "window",
            "outcome": "trough",
            "low": 0.5,
            "high": 3.0,
            "harm": "peak",
            "harm_above": 3.5,
            "harm_weight": 1,
        },
        why="1 for a trough of 0.5 to 3 mg/L, 1 lost for a peak above 3.5",
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
        FACTOR = bd.covariate("FACTOR")
        eta = bd.eta({"CL": sd(0.25), "V": sd(0.2)})
        CL = bd.parameter("CL", theta("CL", 5.0, "L/h") * FACTOR, eta["CL"])
        V = bd.parameter("V", theta("V", 50.0, "L"), eta["V"])
        ka = bd.parameter("ka", theta("ka", 2.0, "1/h"))
        bd.observe("DV", bd.one_compartment(CL=CL, V=V, ka=ka), error=bd.proportional(sigma(0.15)))
    return m
