"""An inhibitor or inducer starts and stops (synthetic).

Clearance is 0.35 times with a strong inhibitor and 2.5 times with an inducer; onset and loss of induction
are taken as done (a week later). The columns INH and IND may change within a patient. Every number here is
made up to show one thing; no paper and no drug has them. Priors are log-normal around these numbers, with
RSEs of 10 % (thetas), 20 % (omegas) and 15 % (sigmas).
"""

import bayesdose as bd

CARD = bd.Card(
    drug="CYP3A substrate",
    title="An inhibitor or inducer starts and stops (synthetic)",
    units=bd.Units(time="h", amount="mg", concentration="mg/L"),
    compartments=("depot", "central"),
    covariates=[
        bd.Covariate(
            "INH", reference=0.0, range=(0, 1), varies=True, carry="locf", description="1 with an inhibitor"
        ),
        bd.Covariate(
            "IND", reference=0.0, range=(0, 1), varies=True, carry="locf", description="1 with an inducer"
        ),
    ],
    source="synthetic: made up to show the change of the dose when a second drug starts and stops",
    population="synthetic",
    limitations="No course of induction in time.",
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
            value=100 / 10.0,
            source="100 mg a day / 10 L/h",
            regimen="50 mg every 12 h x 4 at steady state",
        ),
        bd.Expected(
            "auc24",
            value=100 / 3.5,
            source="with an inhibitor 0.35 times the clearance",
            regimen="50 mg every 12 h x 4 at steady state",
            covariates={"INH": 1.0},
        ),
        bd.Expected(
            "auc24",
            value=100 / 25.0,
            source="with an inducer 2.5 times",
            regimen="50 mg every 12 h x 4 at steady state",
            covariates={"IND": 1.0},
        ),
    ],
    worked=bd.Worked(
        story="50 mg twice a day, trough 0.30 mg/L; at 72 h an inhibitor starts.",
        table={
            "TIME": [0.0, 0.0, 71.0, 72.0],
            "AMT": [0.0, 50.0, 0.0, 0.0],
            "II": [0.0, 12.0, 0.0, 0.0],
            "ADDL": [0, 5, 0, 0],
            "DV": [None, None, 0.3, None],
            "EVID": [2, 1, 0, 2],
            "INH": [0.0, 0.0, 0.0, 1.0],
            "IND": [0.0, 0.0, 0.0, 0.0],
        },
        options="{amount} mg every 12 h x 10",
        values={"amount": [10, 15, 20, 25, 35, 50, 75]},
        outcomes={"auc": ("auc24", {})},
        utility={
            "name": "window",
            "outcome": "auc",
            "low": 8,
            "high": 13,
            "harm": "auc",
            "harm_above": 18,
            "harm_weight": 1,
        },
        why="1 for an AUC24 of 8 to 13 mg*h/L, 1 lost above 18",
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
        INH, IND = bd.covariate("INH"), bd.covariate("IND")
        eta = bd.eta({"CL": sd(0.3), "V": sd(0.2)})
        inhibited = bd.categorical_effect(INH, {0: 1.0, 1: theta("INH_on_CL", 0.35)})
        induced = bd.categorical_effect(IND, {0: 1.0, 1: theta("IND_on_CL", 2.5)})
        CL = bd.parameter("CL", theta("CL", 10.0, "L/h") * inhibited * induced, eta["CL"])
        V = bd.parameter("V", theta("V", 100.0, "L"), eta["V"])
        ka = bd.parameter("ka", theta("ka", 1.0, "1/h"))
        bd.observe("DV", bd.one_compartment(CL=CL, V=V, ka=ka), error=bd.proportional(sigma(0.15)))
    return m
