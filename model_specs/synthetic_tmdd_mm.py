"""Target-mediated disposition as Michaelis-Menten elimination (synthetic).

A synthetic antibody; no drug. Where the free drug is far above the target, the bound drug is left out of the
balance (Gibiansky 2008, J Pharmacokinet Pharmacodyn 35:573), and with a total target at its own steady state
(kdeg R0 = kdeg R + kint RC and R C = Kss RC) the target takes up Vm C / (Km + C) with Vm = kdeg R0 and Km =
Kss kdeg / kint. The drug of synthetic_tmdd_full; all numbers are made up. The target is not in the model.
"""

import bayesdose as bd

CARD = bd.Card(
    drug="antibody",
    title="Target-mediated disposition, Michaelis-Menten (synthetic)",
    units=bd.Units(time="day", amount="nmol", concentration="nmol/L"),
    compartments=("central",),
    covariates=[
        bd.Covariate(
            "TARGET",
            unit="nmol/L",
            reference=1.0,
            range=(0.01, 200.0),
            description="free target before treatment",
        ),
    ],
    endpoints={1: bd.Endpoint("free drug", "nmol/L")},
    source="synthetic: no drug; the same antibody in synthetic_tmdd_full, _qss and _mm",
    population="nobody",
    limitations=(
        "One compartment. Wrong where the target is in excess, or the drug below Km (2.1 nmol/L) "
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
            within=0.01,
        ),
        bd.Expected(
            "concentration_at",
            value=18.782,
            source="free drug of the full model by another solver (Radau): drug still in excess",
            regimen="600 nmol",
            arguments={"times": [28.0]},
            within=0.01,
        ),
    ],
    worked=bd.Worked(
        story="An invented patient with 5 nmol/L of target; 300 nmol, free drug on day 14.",
        table={
            "TIME": [0.0, 0.0, 14.0],
            "AMT": [0.0, 300.0, 0.0],
            "DV": [None, None, 4.0],
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


def rhs(t, A, p, m):
    C = A.central / p.V
    return {"central": -p.CL * C - p.Vm * p.V * C / (p.Km + C)}


SYSTEM = bd.System(rhs, states=("central",), parameters=("CL", "V", "Vm", "Km"), dose="central", rtol=1e-6)


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
        Vm, Km = R0 * theta("kdeg", 1.0, "1/day"), theta("Km", 2.1, "nmol/L")
        A = bd.ode(SYSTEM, CL=CL, V=V, Vm=Vm, Km=Km)
        bd.observe("DV", A.central / bd.at_observations(V), error=bd.proportional(sigma(0.15)))
    return m
