"""A pathway with a blocked road and a detour (synthetic).

Substrate becomes product by a road, which drug A blocks, and by a detour, which only carriers of a variant
have; drug B blocks downstream of both. In carriers A leaves the detour open: B is the drug. Every number
here is made up to show one thing; no paper and no drug has them. Priors are log-normal around these
numbers, with RSEs of 10 % (thetas), 20 % (omegas) and 15 % (sigmas).
"""

import bayesdose as bd

CARD = bd.Card(
    drug="A (road) or B (downstream)",
    title="A pathway with a blocked road and a detour (synthetic)",
    units=bd.Units(time="h", amount="mg", concentration="mg/L"),
    compartments=("A", "B", "S", "P"),
    covariates=[bd.Covariate("VARIANT", reference=0.0, range=(0, 1), description="1 with the detour")],
    endpoints={
        1: bd.Endpoint("drug A", "mg/L"),
        2: bd.Endpoint("drug B", "mg/L"),
        3: bd.Endpoint("product", "units"),
    },
    source="synthetic: made up to show why a block upstream fails where there is a detour",
    population="synthetic",
    limitations="Steady production; no adaptation.",
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
            value=100.0 * 0.5 / 0.6,
            source="untreated: 100 (road 0.5) / (0.5 + 0.1)",
            regimen="0.0001 mg over 24 h into A every 24 h x 5",
            arguments={"dvid": 3},
        ),
        bd.Expected(
            "average",
            value=100.0 * 0.05 / 0.15,
            source="A at 9 times its IC50 leaves a tenth of the road",
            regimen="2160 mg over 24 h into A every 24 h x 20",
            arguments={"dvid": 3},
        ),
        bd.Expected(
            "average",
            value=100.0 * 0.55 / 0.65,
            source="the same in a carrier: the detour of 0.5 stays",
            regimen="2160 mg over 24 h into A every 24 h x 20",
            arguments={"dvid": 3},
            covariates={"VARIANT": 1.0},
        ),
        bd.Expected(
            "average",
            value=100.0 * 1.0 / 1.1 * 0.1,
            source="B at 9 times its IC50 in a carrier: a tenth of what both roads bring",
            regimen="2160 mg over 24 h into B every 24 h x 20",
            arguments={"dvid": 3},
            covariates={"VARIANT": 1.0},
        ),
    ],
    worked=bd.Worked(
        story="A carrier on 480 mg of A a day; product 89 after three days.",
        table={
            "TIME": [0.0, 0.0, 72.0],
            "AMT": [0.0, 120.0, 0.0],
            "II": [0.0, 6.0, 0.0],
            "ADDL": [0, 11, 0],
            "CMT": [1, 1, 1],
            "DV": [None, None, 89.0],
            "DVID": [1, 1, 3],
            "EVID": [2, 1, 0],
            "VARIANT": 1.0,
        },
        options=("{amount} mg into A every 6 h x 20", "{amount} mg into B every 6 h x 20"),
        values={"amount": [60, 120, 240]},
        outcomes={"product": ("average", {"dvid": 3})},
        utility={"name": "window", "outcome": "product", "low": 20, "high": 50},
        why="1 for a product of 20 to 50 units",
        complete=("amount",),
    ),
)


def rhs(t, A, p, m):
    a, b = A.A / p.V, A.B / p.V
    road = p.road * p.IC50 / (p.IC50 + a) + p.detour
    return {
        "A": -p.CL * a,
        "B": -p.CL * b,
        "S": p.made - (road + p.lost) * A.S,
        "P": road * A.S * p.IC50 / (p.IC50 + b) - p.out * A.P,
    }


def at_rest(p, m):
    """Return the untreated steady state."""
    S = p.made / (p.road + p.detour + p.lost)
    return {"S": S, "P": (p.road + p.detour) * S / p.out}


SYSTEM = bd.System(
    rhs,
    states=("A", "B", "S", "P"),
    parameters=("CL", "V", "IC50", "road", "detour", "lost", "made", "out"),
    dose="A",
    initial=at_rest,
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
        VARIANT = bd.covariate("VARIANT")
        eta = bd.eta({"CL": sd(0.25), "IC50": sd(0.3)})
        CL = bd.parameter("CL", theta("CL", 10.0, "L/h"), eta["CL"])
        V = bd.parameter("V", theta("V", 50.0, "L"))
        IC50 = bd.parameter("IC50", theta("IC50", 1.0, "mg/L"), eta["IC50"])
        detour = theta("detour", 0.5, "1/h") * VARIANT
        A = bd.ode(
            SYSTEM,
            CL=CL,
            V=V,
            IC50=IC50,
            road=theta("road", 0.5, "1/h"),
            detour=detour,
            lost=0.1,
            made=10.0,
            out=0.1,
        )
        errors = {k: bd.proportional(sigma(0.1)) for k in (1, 2, 3)}
        levels = {1: A.A / bd.at_observations(V), 2: A.B / bd.at_observations(V), 3: A.P}
        bd.observe("DV", levels, error=errors)
    return m
