"""Two drugs with one therapeutic index and different steepness (synthetic).

X and Y have one EC50 for benefit (2 mg/L) and one for harm (8 mg/L): the same therapeutic index of 4. The
curves of X are flat (exponent 1.5), those of Y steep (6): with Y there is a dose with most of the benefit
and hardly any harm, with X there is none. Every number here is made up to show one thing; no paper and no
drug has them. Priors are log-normal around these numbers, with RSEs of 10 % (thetas), 20 % (omegas) and 15
% (sigmas).
"""

import bayesdose as bd

CARD = bd.Card(
    drug="X or Y",
    title="Two drugs with one therapeutic index and different steepness (synthetic)",
    units=bd.Units(time="h", amount="mg", concentration="mg/L"),
    compartments=("X", "Y"),
    endpoints={
        1: bd.Endpoint("drug X", "mg/L"),
        2: bd.Endpoint("drug Y", "mg/L"),
        3: bd.Endpoint("benefit", ""),
        4: bd.Endpoint("harm", ""),
    },
    source="synthetic: made up to show why steepness decides, not the therapeutic index",
    population="synthetic",
    limitations="Probabilities of the concentration, without delay.",
    not_for="any patient: synthetic",
    evidence=bd.Evidence(
        status="synthetic",
        against="closed forms (the expected values of this card)",
        error="proportional for levels, additive for the probabilities",
        uncertainty="RSE 10 % (thetas), 20 % (omegas), 15 % (sigmas), made up",
    ),
    aims=[],
    regimens=("as the worked patient",),
    expected=[
        bd.Expected(
            "average",
            value=4.0**1.5 / (2.0**1.5 + 4.0**1.5),
            source="X at 4 mg/L: benefit 0.74",
            regimen="480 mg over 24 h into X every 24 h x 30",
            arguments={"dvid": 3},
        ),
        bd.Expected(
            "average",
            value=4.0**6 / (8.0**6 + 4.0**6),
            source="Y at 4 mg/L: harm 1/65",
            regimen="480 mg over 24 h into Y every 24 h x 30",
            arguments={"dvid": 4},
        ),
        bd.Expected(
            "average",
            value=4.0**6 / (2.0**6 + 4.0**6),
            source="Y at 4 mg/L: benefit 64/65",
            regimen="480 mg over 24 h into Y every 24 h x 30",
            arguments={"dvid": 3},
        ),
    ],
    worked=bd.Worked(
        story="Three days of 400 mg of X a day, in portions; the level is 3.0 mg/L.",
        table={
            "TIME": [0.0, 0.0, 72.0],
            "AMT": [0.0, 100.0, 0.0],
            "II": [0.0, 6.0, 0.0],
            "ADDL": [0, 11, 0],
            "CMT": [1, 1, 1],
            "DV": [None, None, 3.0],
            "EVID": [2, 1, 0],
        },
        options=("{amount} mg into X every 6 h x 40", "{amount} mg into Y every 6 h x 40"),
        values={"amount": [30, 60, 90, 120, 150, 200]},
        outcomes={"benefit": ("average", {"dvid": 3}), "harm": ("average", {"dvid": 4})},
        utility={
            "name": "window",
            "outcome": "benefit",
            "low": 0.85,
            "high": 1.0,
            "harm": "harm",
            "harm_above": 0.15,
            "harm_weight": 1,
        },
        why="1 for a benefit of at least 0.85, 1 lost for a harm above 0.15",
        complete=("amount",),
    ),
)


def curve(C, half, steep):
    return bd.effects.sigmoid_emax(C, 1.0, half, steep)


def theta(name, value, unit=""):
    return bd.theta(name, bd.published.theta(value, rse_percent=10), unit=unit)


def sd(value):
    return bd.published.omega(value, scale="sd", rse_percent=20)


def sigma(value):
    return bd.published.sigma(value, scale="sd", rse_percent=15)


def model(study):
    """Declare the model on a study."""
    with bd.population_model(study, CARD) as m:
        eta = bd.eta({"CL_X": sd(0.25), "CL_Y": sd(0.25)})
        CL_X = bd.parameter("CL_X", theta("CL_X", 5.0, "L/h"), eta["CL_X"])
        CL_Y = bd.parameter("CL_Y", theta("CL_Y", 5.0, "L/h"), eta["CL_Y"])
        V = bd.parameter("V", theta("V", 60.0, "L"))
        A = bd.linear({"X ->": CL_X / V, "Y ->": CL_Y / V}, dose="X")
        x, y = A.X / bd.at_observations(V), A.Y / bd.at_observations(V)
        flat, steep = theta("flat", 1.5), theta("steep", 6.0)
        good, bad = theta("EC50_benefit", 2.0, "mg/L"), theta("EC50_harm", 8.0, "mg/L")
        benefit = bd.effects.bliss(curve(x, good, flat), curve(y, good, steep))
        harm = bd.effects.bliss(curve(x, bad, flat), curve(y, bad, steep))
        level, chance = bd.proportional(sigma(0.15)), bd.additive(sigma(0.1))
        errors = {1: level, 2: bd.proportional(sigma(0.15)), 3: chance, 4: bd.additive(sigma(0.1))}
        bd.observe("DV", {1: x, 2: y, 3: benefit, 4: harm}, error=errors)
    return m
