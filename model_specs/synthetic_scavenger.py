"""Ammonia scavenger with a sodium load (synthetic).

Ammonia is produced steadily and lost; the drug adds a loss in proportion to its concentration. Each gram of
the drug carries 0.124 g of sodium, which is counted and never taken off: the cumulative load is an outcome.
Every number here is made up to show one thing; no paper and no drug has them. Priors are log-normal around
these numbers, with RSEs of 10 % (thetas), 20 % (omegas) and 15 % (sigmas).
"""

import bayesdose as bd

CARD = bd.Card(
    drug="scavenger",
    title="Ammonia scavenger with a sodium load (synthetic)",
    units=bd.Units(time="h", amount="g", concentration="g/L"),
    compartments=("drug", "ammonia", "out"),
    covariates=[
        bd.Covariate("WT", unit="kg", reference=20.0, range=(2.5, 100.0), description="body weight"),
        bd.Covariate(
            "NH3",
            unit="umol/L",
            reference=150.0,
            range=(20.0, 1000.0),
            description="ammonia before treatment",
        ),
    ],
    endpoints={
        1: bd.Endpoint("drug", "g/L"),
        2: bd.Endpoint("ammonia", "umol/L"),
        3: bd.Endpoint("sodium given", "g/kg"),
    },
    source="synthetic: made up to show a dose triggered by weight and laboratory, with a cumulative limit",
    population="synthetic",
    limitations="Production does not change with diet or catabolism.",
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
            "average",
            value=150.0 / (1 + 0.5 / 0.4),
            source="at 0.5 g/L: 150 / (1 + 0.5 / 0.4), loss at rest 0.4 /h",
            regimen="24 g over 24 h every 24 h x 20",
            arguments={"dvid": 2},
        ),
        bd.Expected(
            "concentration_at",
            value=0.124 * 24 / 20,
            source="0.124 g of sodium a gram, 24 g, 20 kg",
            regimen="24 g over 24 h every 24 h x 1",
            arguments={"times": [24.0], "dvid": 3},
        ),
    ],
    worked=bd.Worked(
        story="A child of 20 kg, ammonia 180 umol/L; 2 g every 6 h for a day, ammonia 120.",
        table={
            "TIME": [0.0, 0.0, 24.0],
            "AMT": [0.0, 2.0, 0.0],
            "II": [0.0, 6.0, 0.0],
            "ADDL": [0, 3, 0],
            "DV": [None, None, 120.0],
            "DVID": [1, 1, 2],
            "EVID": [2, 1, 0],
            "WT": 20.0,
            "NH3": 180.0,
        },
        options="{amount} g every 6 h x 8",
        values={"amount": [1, 2, 3, 4, 5, 6]},
        outcomes={"ammonia": ("average", {"dvid": 2}), "sodium": ("trough", {"dvid": 3})},
        utility={
            "name": "window",
            "outcome": "ammonia",
            "low": 20,
            "high": 90,
            "harm": "sodium",
            "harm_above": 0.25,
            "harm_weight": 1,
        },
        why="1 for a mean ammonia below 90 umol/L, 1 lost for more than 0.25 g/kg of sodium in all",
        complete=("interval",),
    ),
)


def rhs(t, A, p, m):
    C = A.drug / p.V
    return {
        "drug": -p.CL * C,
        "ammonia": p.loss * p.NH3 - (p.loss + p.slope * C) * A.ammonia,
        "out": p.CL * C,
    }


SYSTEM = bd.System(
    rhs,
    states=("drug", "ammonia", "out"),
    parameters=("CL", "V", "loss", "slope", "NH3"),
    dose="drug",
    initial=lambda p, m: {"ammonia": p.NH3},
    rtol=1e-6,
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
        WT, NH3 = bd.covariate("WT"), bd.covariate("NH3")
        eta = bd.eta({"CL": sd(0.3), "slope": sd(0.3)})
        CL = bd.parameter("CL", theta("CL_per_kg", 0.1, "L/h/kg") * WT, eta["CL"])
        V = bd.parameter("V", theta("V_per_kg", 0.3, "L/kg") * WT)
        slope = bd.parameter("slope", theta("slope", 1.0, "L/g/h"), eta["slope"])
        A = bd.ode(SYSTEM, CL=CL, V=V, loss=theta("loss", 0.4, "1/h"), slope=slope, NH3=NH3)
        errors = {k: bd.proportional(sigma(0.1)) for k in (1, 2, 3)}
        sodium = 0.124 * (A.drug + A.out) / bd.at_observations(WT)
        bd.observe("DV", {1: A.drug / bd.at_observations(V), 2: A.ammonia, 3: sodium}, error=errors)
    return m
