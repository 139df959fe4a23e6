"""Target-mediated disposition, quasi-steady-state approximation (synthetic).

A synthetic antibody; no drug. Gibiansky L, Gibiansky E, Kakkar T, Ma P. Approximations of the
target-mediated drug disposition model and identifiability of model parameters. J Pharmacokinet Pharmacodyn
2008;35:573-591: the complex is at its steady state given free drug and target, R C = Kss RC with Kss = (koff
+ kint) / kon. States are total drug and total target; free drug is the positive root of C^2 - (T - R - Kss) C
- Kss T = 0, in the form without cancellation. The drug of synthetic_tmdd_full; all numbers are made up.
"""

import pytensor.tensor as pt

import bayesdose as bd

CARD = bd.Card(
    drug="antibody",
    title="Target-mediated disposition, quasi-steady-state (synthetic)",
    units=bd.Units(time="day", amount="nmol", concentration="nmol/L"),
    compartments=("central", "target"),
    covariates=[
        bd.Covariate(
            "TARGET",
            unit="nmol/L",
            reference=1.0,
            range=(0.01, 200.0),
            description="free target before treatment",
        ),
    ],
    endpoints={
        1: bd.Endpoint("free drug", "nmol/L"),
        2: bd.Endpoint("total drug", "nmol/L"),
        3: bd.Endpoint("free target", "nmol/L"),
    },
    source="synthetic: no drug; the same antibody in synthetic_tmdd_full, _qss and _mm",
    population="nobody",
    limitations=(
        "One compartment. Free drug is kint / koff (5 %) too high where the target is in excess "
        "(docs/explanation/tmdd.md)."
    ),
    not_for="any patient",
    evidence=bd.Evidence(
        status="synthetic",
        against="the full model by another solver (the expected values of this card)",
        error="proportional",
        uncertainty="RSE 10 % (thetas), 20 % (omegas), 15 % (sigmas), made up",
    ),
    regimens=("300 nmol every 2 weeks",),
    expected=[
        bd.Expected(
            "concentration_at",
            value=119.26,
            source="free drug of the full model by another solver (Radau): drug in excess",
            regimen="600 nmol",
            arguments={"times": [7.0]},
            within=0.002,
        ),
        bd.Expected(
            "concentration_at",
            value=18.782,
            source="free drug of the full model by another solver (Radau): drug still in excess",
            regimen="600 nmol",
            arguments={"times": [28.0]},
            within=0.002,
        ),
        bd.Expected(
            "concentration_at",
            value=0.31,
            source="total drug of the full model by another solver (Radau): target in excess",
            regimen="30 nmol",
            arguments={"times": [14.0], "dvid": 2},
            covariates={"TARGET": 50.0},
            within=0.002,
        ),
        bd.Expected(
            "concentration_at",
            value=0.0030704,
            source="free drug of the full model by another solver (Radau): target in excess (5 % off)",
            regimen="30 nmol",
            arguments={"times": [14.0]},
            covariates={"TARGET": 50.0},
            within=0.06,
        ),
        bd.Expected(
            "concentration_at",
            value=40.129,
            source="free target right after the dose: 50 Kss / (Kss + C), C the root of T = 10, S = 50",
            regimen="30 nmol",
            arguments={"times": [0.0], "dvid": 3},
            covariates={"TARGET": 50.0},
        ),
    ],
    worked=bd.Worked(
        story="An invented patient with 5 nmol/L of target; 300 nmol, free drug on day 14.",
        table={
            "TIME": [0.0, 0.0, 14.0],
            "AMT": [0.0, 300.0, 0.0],
            "DV": [None, None, 4.0],
            "DVID": [1, 1, 1],
            "EVID": [2, 1, 0],
            "TARGET": 5.0,
        },
        options="{amount} nmol every {interval} days for 56 days",
        values={"amount": [100, 200, 300, 400, 600], "interval": [7, 14, 28]},
        outcomes={"drug": ("trough", {})},
        utility={"name": "window", "outcome": "drug", "low": 10, "high": 60},
        why="1 for a trough of free drug of 10 to 60 nmol/L after eight weeks",
    ),
)


def free(T, R, Kss, m):
    """Return the free drug of total drug and total target, nmol/L."""
    d = T - R - Kss
    q = m.sqrt(d * d + 4.0 * Kss * T)
    small = 2.0 * Kss * T / m.maximum(q - d, 1e-12)  # the same root, where d is below 0
    return m.where(d > 0.0, 0.5 * (d + q), small)


def rhs(t, A, p, m):
    R = A.target / p.V
    C = free(A.central / p.V, R, p.Kss, m)
    bound = A.target * C / (p.Kss + C)
    return {
        "central": -p.CL * C - p.kint * bound,
        "target": p.kdeg * (p.R0 * p.V - A.target + bound) - p.kint * bound,
    }


SYSTEM = bd.System(
    rhs,
    states=("central", "target"),
    parameters=("CL", "V", "R0", "Kss", "kdeg", "kint"),
    dose="central",
    initial=lambda p, m: {"target": p.R0 * p.V},
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
        eta = bd.eta({"CL": sd(0.25), "V": sd(0.2), "R0": sd(0.4)})
        CL = bd.parameter("CL", theta("CL", 0.2, "L/day"), eta["CL"])
        V = bd.parameter("V", theta("V", 3.0, "L"), eta["V"])
        R0 = bd.parameter("R0", bd.covariate("TARGET"), eta["R0"])
        Kss, kdeg = theta("Kss", 0.525, "nmol/L"), theta("kdeg", 1.0, "1/day")
        A = bd.ode(SYSTEM, CL=CL, V=V, R0=R0, Kss=Kss, kdeg=kdeg, kint=theta("kint", 0.25, "1/day"))
        volume = bd.at_observations(V)
        total, target = A.central / volume, A.target / volume
        C = free(total, target, Kss, pt)
        levels = {1: C, 2: total, 3: target * Kss / (Kss + C)}
        errors = {k: bd.proportional(sigma(0.15)) for k in levels}
        bd.observe("DV", levels, error=errors)
    return m
