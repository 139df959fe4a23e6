"""An antidepressant and the CYP2D6 activity score (synthetic).

Clearance is CL (0.2 + 0.4 score) for a CYP2D6 activity score of 0 to 3 (the score itself: Caudle 2020): a
fifth in poor, once at 2, 1.4 times in ultrarapid metabolisers. A second drug, S, is not a substrate and is
weaker: its compartment takes doses of its own, one equivalent each. Every number here is made up to show
one thing; no paper and no drug has them. Priors are log-normal around these numbers, with RSEs of 10 %
(thetas), 20 % (omegas) and 15 % (sigmas).
"""

import bayesdose as bd

CARD = bd.Card(
    drug="antidepressant",
    title="An antidepressant and the CYP2D6 activity score (synthetic)",
    units=bd.Units(time="h", amount="ug", concentration="ug/L"),
    compartments=("substrate", "other"),
    covariates=[bd.Covariate("SCORE", reference=2.0, range=(0, 3), description="CYP2D6 activity score")],
    endpoints={
        1: bd.Endpoint("substrate", "ug/L"),
        2: bd.Endpoint("other", "ug/L"),
        3: bd.Endpoint("response", "points"),
    },
    source="synthetic: made up to show a dose and a choice by genotype",
    population="synthetic",
    limitations="No active metabolite; response by concentration alone.",
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
            value=100000 / 40.0,
            source="100 mg a day / 40 L/h at a score of 2",
            regimen="100 mg every 24 h x 3 at steady state",
        ),
        bd.Expected(
            "auc24",
            value=100000 / (40.0 * 0.2),
            source="a score of 0: a fifth of the clearance",
            regimen="100 mg every 24 h x 3 at steady state",
            covariates={"SCORE": 0.0},
        ),
        bd.Expected(
            "auc24",
            value=100000 / (40.0 * 1.4),
            source="a score of 3: 1.4 times",
            regimen="100 mg every 24 h x 3 at steady state",
            covariates={"SCORE": 3.0},
        ),
    ],
    worked=bd.Worked(
        story="A poor metaboliser on 50 mg a day for a week, trough 190 ug/L.",
        table={
            "TIME": [0.0, 0.0, 168.0],
            "AMT": [0.0, 50000.0, 0.0],
            "II": [0.0, 24.0, 0.0],
            "ADDL": [0, 6, 0],
            "CMT": [1, 1, 1],
            "DV": [None, None, 190.0],
            "EVID": [2, 1, 0],
            "SCORE": 0.0,
        },
        options=("{amount} mg into substrate every 24 h x 14", "{amount} mg into other every 24 h x 14"),
        values={"amount": [10, 25, 50, 75, 100, 150]},
        outcomes={"response": ("average", {"dvid": 3}), "level": ("average", {"dvid": 1})},
        utility={
            "name": "window",
            "outcome": "response",
            "low": 8,
            "high": 30,
            "harm": "level",
            "harm_above": 250,
            "harm_weight": 1,
        },
        why="1 for a response of at least 8 points, 1 lost for a mean level above 250 ug/L",
        complete=("amount",),
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
        SCORE = bd.covariate("SCORE")
        eta = bd.eta({"CL": sd(0.35), "CL_other": sd(0.3)})
        CL = bd.parameter("CL", theta("CL", 40.0, "L/h") * (0.2 + 0.4 * SCORE), eta["CL"])
        CL_other = bd.parameter("CL_other", theta("CL_other", 25.0, "L/h"), eta["CL_other"])
        V = bd.parameter("V", theta("V", 900.0, "L"))
        A = bd.linear({"substrate ->": CL / V, "other ->": CL_other / V}, dose="substrate")
        one, two = A.substrate / bd.at_observations(V), A.other / bd.at_observations(V)
        response = bd.effects.emax(one, theta("Emax", 20.0), theta("EC50", 80.0, "ug/L"))
        response = response + bd.effects.emax(
            two, theta("Emax_other", 14.0), theta("EC50_other", 60.0, "ug/L")
        )
        errors = {1: bd.proportional(sigma(0.2)), 2: bd.proportional(sigma(0.2)), 3: bd.additive(sigma(3.0))}
        bd.observe("DV", {1: one, 2: two, 3: response}, error=errors)
    return m
