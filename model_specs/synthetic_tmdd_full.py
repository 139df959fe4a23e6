"""Target-mediated disposition in full: drug, target and complex (synthetic).

A synthetic antibody; no drug. Mager DE, Jusko WJ. General pharmacokinetic model for drugs exhibiting
target-mediated drug disposition. J Pharmacokinet Pharmacodyn 2001;28:507-532: binding kon, koff; the target
is made at kdeg R0 and lost at kdeg, the complex at kint. Amounts in nmol. Its approximations are
synthetic_tmdd_qss and synthetic_tmdd_mm; all numbers are made up.
"""

import bayesdose as bd

CARD = bd.Card(
    drug="antibody",
    title="Target-mediated disposition, in full (synthetic)",
    units=bd.Units(time="day", amount="nmol", concentration="nmol/L"),
    compartments=("central", "target", "complex"),
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
    limitations=("One compartment. Approximations: synthetic_tmdd_qss, _mm (docs/explanation/tmdd.md)."),
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
        ),
        bd.Expected(
            "concentration_at",
            value=18.782,
            source="free drug of the full model by another solver (Radau): drug still in excess",
            regimen="600 nmol",
            arguments={"times": [28.0]},
        ),
        bd.Expected(
            "concentration_at",
            value=0.31,
            source="total drug of the full model by another solver (Radau): target in excess",
            regimen="30 nmol",
            arguments={"times": [14.0], "dvid": 2},
            covariates={"TARGET": 50.0},
        ),
        bd.Expected(
            "concentration_at",
            value=0.0030704,
            source="free drug of the full model by another solver (Radau): target in excess",
            regimen="30 nmol",
            arguments={"times": [14.0]},
            covariates={"TARGET": 50.0},
        ),
        bd.Expected(
            "concentration_at",
            value=50.0,
            source="free target right after the dose: nothing is bound yet",
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


def rhs(t, A, p, m):
    bound = p.kon * A.central * A.target / p.V - p.koff * A.complex
    return {
        "central": -p.CL / p.V * A.central - bound,
        "target": p.kdeg * (p.R0 * p.V - A.target) - bound,
        "complex": bound - p.kint * A.complex,
    }


SYSTEM = bd.System(
    rhs,
    states=("central", "target", "complex"),
    parameters=("CL", "V", "R0", "kon", "koff", "kdeg", "kint"),
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
        own = {"kon": theta("kon", 10.0), "koff": theta("koff", 5.0, "1/day")}
        A = bd.ode(
            SYSTEM,
            CL=CL,
            V=V,
            R0=R0,
            kdeg=theta("kdeg", 1.0, "1/day"),
            kint=theta("kint", 0.25, "1/day"),
            **own,
        )
        volume = bd.at_observations(V)
        levels = {1: A.central / volume, 2: (A.central + A.complex) / volume, 3: A.target / volume}
        errors = {k: bd.proportional(sigma(0.15)) for k in levels}
        bd.observe("DV", levels, error=errors)
    return m
