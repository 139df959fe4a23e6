"""Anticoagulate or not: stroke against bleed (synthetic).

The yearly rate of stroke falls with the concentration (by up to 80 %, half at 40 ug/L), that of major
bleeding rises exponentially (doubled by 140 ug/L); both start from the patient's own rates. The net harm is
strokes plus 0.6 bleeds a year. Every number here is made up to show one thing; no paper and no drug has
them. Priors are log-normal around these numbers, with RSEs of 10 % (thetas), 20 % (omegas) and 15 %
(sigmas).
"""

import pymc as pm

import bayesdose as bd

CARD = bd.Card(
    drug="anticoagulant",
    title="Anticoagulate or not: stroke against bleed (synthetic)",
    units=bd.Units(time="h", amount="mg", concentration="ug/L"),
    compartments=("depot", "central"),
    covariates=[
        bd.Covariate(
            "STROKE",
            unit="1/year",
            reference=0.04,
            range=(0.001, 0.3),
            description="strokes a year without treatment",
        ),
        bd.Covariate(
            "BLEED",
            unit="1/year",
            reference=0.02,
            range=(0.001, 0.3),
            description="major bleeds a year without treatment",
        ),
    ],
    endpoints={
        2: bd.Endpoint("stroke rate", "1/year"),
        3: bd.Endpoint("bleeding rate", "1/year"),
        4: bd.Endpoint("net harm", "1/year"),
    },
    source="synthetic: made up to show a net harm by patient, with no treatment among the options",
    population="synthetic",
    limitations="Rates of the mean concentration; death is in neither.",
    not_for="any patient: synthetic",
    evidence=bd.Evidence(
        status="synthetic",
        against="closed forms (the expected values of this card)",
        error="proportional for levels, additive for rates",
        uncertainty="RSE 10 % (thetas), 20 % (omegas), 15 % (sigmas), made up",
    ),
    aims=[],
    regimens=("as the worked patient",),
    expected=[
        bd.Expected(
            "average",
            value=0.04 * (1 - 0.8 * 0.5),
            source="at 40 ug/L: 40 % fewer strokes",
            regimen="9.6 mg over 24 h into central every 24 h x 20",
            arguments={"dvid": 2},
        ),
        bd.Expected(
            "average",
            value=0.02 * 2 ** (40 / 140),
            source="at 40 ug/L: 2^(40/140) times the bleeds",
            regimen="9.6 mg over 24 h into central every 24 h x 20",
            arguments={"dvid": 3},
        ),
    ],
    worked=bd.Worked(
        story=(
            "4 strokes and 2 bleeds a hundred years without treatment; 10 mg twice a day, a trough of 55 "
            "ug/L."
        ),
        table={
            "TIME": [0.0, 0.0, 72.0],
            "AMT": [0.0, 10.0, 0.0],
            "II": [0.0, 12.0, 0.0],
            "ADDL": [0, 5, 0],
            "DV": [None, None, 55.0],
            "EVID": [2, 1, 0],
            "STROKE": 0.04,
            "BLEED": 0.02,
        },
        options="{amount} mg every 12 h x 14",
        values={"amount": [2.5, 5, 7.5, 10, 15, 20]},
        outcomes={"net": ("average", {"dvid": 4})},
        utility={"name": "target", "outcome": "net", "target": 0.0},
        why="as little net harm (strokes plus 0.6 bleeds a year) as can be",
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
        STROKE, BLEED = bd.covariate("STROKE"), bd.covariate("BLEED")
        eta = bd.eta({"CL": sd(0.3)})
        CL = bd.parameter("CL", theta("CL", 10.0, "L/h"), eta["CL"])
        V = bd.parameter("V", theta("V", 60.0, "L"))
        ka = bd.parameter("ka", theta("ka", 1.0, "1/h"))
        A = bd.linear({"depot -> central": ka, "central ->": CL / V}, dose="depot")
        C = 1000.0 * A.central / bd.at_observations(V)
        stroke = bd.at_observations(STROKE) * bd.effects.inhibition(C, 0.8, theta("IC50", 40.0, "ug/L"))
        bleed = bd.at_observations(BLEED) * pm.math.exp(
            pm.math.log(2.0) * C / theta("doubling", 140.0, "ug/L")
        )
        rate = {k: bd.additive(sigma(0.01)) for k in (2, 3, 4)}
        levels = {1: C, 2: stroke, 3: bleed, 4: stroke + 0.6 * bleed}
        bd.observe("DV", levels, error={1: bd.proportional(sigma(0.2)), **rate})
    return m
