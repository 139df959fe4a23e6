"""Two drugs, one of which works in carriers of a marker only (synthetic).

Drug A acts only where the marker is present (effect up to 60 points), drug B in everybody (up to 25).
Without the marker A has no benefit at any dose. Every number here is made up to show one thing; no paper
and no drug has them. Priors are log-normal around these numbers, with RSEs of 10 % (thetas), 20 % (omegas)
and 15 % (sigmas).
"""

import bayesdose as bd

CARD = bd.Card(
    drug="A or B",
    title="Two drugs, one of which works in carriers of a marker only (synthetic)",
    units=bd.Units(time="h", amount="mg", concentration="mg/L"),
    compartments=("A", "B"),
    covariates=[bd.Covariate("MARKER", reference=0.0, range=(0, 1), description="1 with the marker")],
    endpoints={
        1: bd.Endpoint("drug A", "mg/L"),
        2: bd.Endpoint("drug B", "mg/L"),
        3: bd.Endpoint("response", "points"),
    },
    source="synthetic: made up to show why a marker gates the choice",
    population="synthetic",
    limitations="Effects are of the concentration, without delay.",
    not_for="any patient: synthetic",
    evidence=bd.Evidence(
        status="synthetic",
        against="closed forms (the expected values of this card)",
        error="proportional for levels, additive for the response",
        uncertainty="RSE 10 % (thetas), 20 % (omegas), 15 % (sigmas), made up",
    ),
    aims=[],
    regimens=("as the worked patient",),
    expected=[
        bd.Expected(
            "average",
            value=60 * 2.0 / (2.0 + 2.0),
            source="A at 2 mg/L, its EC50, in a carrier: half of 60",
            regimen="240 mg over 24 h into A every 24 h x 30",
            arguments={"dvid": 3},
            covariates={"MARKER": 1.0},
        ),
        bd.Expected(
            "average",
            value=25 * 2.0 / (1.0 + 2.0),
            source="B at 2 mg/L, twice its EC50",
            regimen="240 mg over 24 h into B every 24 h x 30",
            arguments={"dvid": 3},
        ),
    ],
    worked=bd.Worked(
        story="A carrier, 100 mg of A a day for three days; response 24 on day 3.",
        table={
            "TIME": [0.0, 0.0, 72.0, 72.0],
            "AMT": [0.0, 100.0, 0.0, 0.0],
            "II": [0.0, 24.0, 0.0, 0.0],
            "ADDL": [0, 2, 0, 0],
            "CMT": [1, 1, 1, 1],
            "DV": [None, None, 0.45, 24.0],
            "DVID": [1, 1, 1, 3],
            "EVID": [2, 1, 0, 0],
            "MARKER": 1.0,
        },
        options=("{amount} mg into A every 24 h x 10", "{amount} mg into B every 24 h x 10"),
        values={"amount": [50, 100, 200, 300]},
        outcomes={"response": ("average", {"dvid": 3})},
        utility={"name": "window", "outcome": "response", "low": 20, "high": 60},
        why="1 for a mean response of at least 20 points on the last day",
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
        MARKER = bd.covariate("MARKER")
        eta = bd.eta({"CL_A": sd(0.3), "CL_B": sd(0.3)})
        CL_A = bd.parameter("CL_A", theta("CL_A", 5.0, "L/h"), eta["CL_A"])
        CL_B = bd.parameter("CL_B", theta("CL_B", 5.0, "L/h"), eta["CL_B"])
        V = bd.parameter("V", theta("V", 50.0, "L"))
        A = bd.linear({"A ->": CL_A / V, "B ->": CL_B / V}, dose="A")
        a, b = A.A / bd.at_observations(V), A.B / bd.at_observations(V)
        carrier = bd.at_observations(MARKER)
        by_A = carrier * bd.effects.emax(a, theta("Emax_A", 60.0), theta("EC50_A", 2.0, "mg/L"))
        by_B = bd.effects.emax(b, theta("Emax_B", 25.0), theta("EC50_B", 1.0, "mg/L"))
        errors = {
            1: bd.proportional(sigma(0.15)),
            2: bd.proportional(sigma(0.15)),
            3: bd.additive(sigma(5.0)),
        }
        bd.observe("DV", {1: a, 2: b, 3: by_A + by_B}, error=errors)
    return m
