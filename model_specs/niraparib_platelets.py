"""Niraparib and platelets: the start dose by weight and platelets (synthetic).

Kinetics in one compartment with the published CL/F of niraparib (15.9 L/h, Gaffney 2026: weight and
platelets do not change it). The effect on platelets, a chain after Friberg (J Clin Oncol 2002;20:4713) with
feedback exponent 0.2, is made up: at steady state platelets are PLT (1 - slope C)^5, lower in light patients.
Platelets before treatment are a column. Priors are log-normal around these numbers, with RSEs of 10 %
(thetas), 20 % (omegas) and 15 % (sigmas), made up as well.
"""

import pymc as pm

import bayesdose as bd

CARD = bd.Card(
    drug="niraparib",
    title="Niraparib and platelets: the start dose by weight and platelets (synthetic)",
    units=bd.Units(time="day", amount="mg", concentration="mg/L"),
    compartments=("depot", "central", "stem", "T1", "T2", "T3", "PLT"),
    covariates=[
        bd.Covariate("WT", unit="kg", reference=77.0, range=(35.0, 160.0), description="body weight"),
        bd.Covariate(
            "PLT",
            unit="1e9/L",
            reference=250.0,
            range=(75.0, 800.0),
            description="platelets before treatment",
        ),
    ],
    endpoints={2: bd.Endpoint("platelets", "1e9/L"), 3: bd.Endpoint("platelets short of 100", "1e9/L")},
    source="synthetic: made up to show why the start dose follows platelets and not exposure",
    population="synthetic",
    limitations="The platelet layer was not estimated from anything.",
    not_for="any patient: synthetic",
    evidence=bd.Evidence(
        status="synthetic",
        against="closed forms (the expected values of this card)",
        error="proportional",
        uncertainty="RSE 10 % (thetas), 20 % (omegas), 15 % (sigmas), made up",
    ),
    aims=[
        bd.Aim("platelets", low=100, unit="1e9/L", harm=True, source="label: hold below"),
        bd.Aim("platelets", low=50, unit="1e9/L", harm=True, source="grade 3 below"),
    ],
    regimens=(
        "200 mg a day below 77 kg or 150e9 platelets/L, else 300 mg a day (label)",
        "200 mg a day in moderate hepatic impairment (label)",
    ),
    expected=[
        bd.Expected(
            "average",
            value=300 / (15.9 * 24),
            source="300 mg a day / 15.9 L/h",
            regimen="300 mg over 24 h into central every 24 h x 20",
        ),
        bd.Expected(
            "concentration_at",
            value=250.0,
            source="platelets before treatment",
            regimen="300 mg every 24 h x 1",
            arguments={"times": [0.0], "dvid": 2},
        ),
        bd.Expected(
            "concentration_at",
            value=250.0 * (1 - 0.12 * 300 / (15.9 * 24)) ** 5,
            source="steady state: PLT (1 - slope C)^(1 / 0.2)",
            regimen="300 mg over 24 h into central every 24 h x 200",
            arguments={"times": [190.0], "dvid": 2},
        ),
    ],
    worked=bd.Worked(
        story="58 kg, platelets 170e9/L; 200 mg a day for two weeks, platelets 122.",
        table={
            "TIME": [0.0, 0.0, 14.0],
            "AMT": [0.0, 200.0, 0.0],
            "II": [0.0, 1.0, 0.0],
            "ADDL": [0, 13, 0],
            "DV": [None, None, 122.0],
            "DVID": [1, 1, 2],
            "EVID": [2, 1, 0],
            "WT": 58.0,
            "PLT": 170.0,
        },
        options="{amount} mg every 24 h x 14",
        values={"amount": [100, 200, 300]},
        outcomes={"auc": ("auc24", {}), "short": ("peak", {"dvid": 3})},
        utility={
            "name": "window",
            "outcome": "auc",
            "low": 0.42,
            "high": 2,
            "harm": "short",
            "harm_above": 1,
            "harm_weight": 1.5,
        },
        why=(
            "1 for an AUC24 of at least 0.42 mg*day/L (that of 160 mg in the typical patient), 1.5 lost "
            "where platelets fall below 99e9/L on the last day"
        ),
        complete=("amount",),
    ),
)


def rhs(t, A, p, m):
    ktr = 4.0 / p.MTT
    feedback = m.exp(0.2 * (m.log(p.PLT0) - m.log(m.maximum(A.PLT, 1e-6))))
    return {
        "depot": -p.ka * A.depot,
        "central": p.ka * A.depot - p.CL / p.V * A.central,
        "stem": ktr * A.stem * ((1.0 - p.slope * A.central / p.V) * feedback - 1.0),
        "T1": ktr * (A.stem - A.T1),
        "T2": ktr * (A.T1 - A.T2),
        "T3": ktr * (A.T2 - A.T3),
        "PLT": ktr * (A.T3 - A.PLT),
    }


CELLS = ("stem", "T1", "T2", "T3", "PLT")
SYSTEM = bd.System(
    rhs,
    states=("depot", "central", *CELLS),
    parameters=("ka", "CL", "V", "PLT0", "MTT", "slope"),
    dose="depot",
    initial=lambda p, m: dict.fromkeys(CELLS, p.PLT0),
    rtol=1e-5,
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
        WT, PLT = bd.covariate("WT"), bd.covariate("PLT")
        eta = bd.eta({"CL": sd(0.24), "slope": sd(0.35)})
        CL = bd.parameter("CL", theta("CL", 15.9 * 24, "L/day"), eta["CL"])
        V = bd.parameter("V", theta("V", 1000.0, "L"))
        slope = bd.parameter("slope", theta("slope", 0.12, "L/mg") * (WT / 77.0) ** -0.75, eta["slope"])
        MTT = bd.parameter("MTT", theta("MTT", 5.0, "day"))
        A = bd.ode(SYSTEM, ka=12.0, CL=CL, V=V, PLT0=PLT, MTT=MTT, slope=slope)
        errors = {
            1: bd.proportional(sigma(0.2)),
            2: bd.proportional(sigma(0.15)),
            3: bd.additive(sigma(10.0)),
        }
        bd.observe(
            "DV",
            {1: A.central / bd.at_observations(V), 2: A.PLT, 3: pm.math.maximum(100.0 - A.PLT, 0.0)},
            error=errors,
        )
    return m
