"""Clearance in pregnancy (synthetic).

Half of the clearance follows the glomerular filtration of pregnancy, GFR = 114 + 3.236 G - 0.0572 G^2
mL/min (G in weeks; Abduljalil 2012, Clin Pharmacokinet 51:365, as transcribed in the reference collection),
half CYP3A4, 100 + 2.9826 G - 0.0741 G^2 per cent. The two polynomials are published; the drug is not. Every
number here is made up to show one thing; no paper and no drug has them. Priors are log-normal around these
numbers, with RSEs of 10 % (thetas), 20 % (omegas) and 15 % (sigmas).
"""

import bayesdose as bd


def gfr(weeks):
    """Return GFR of pregnancy over that before (Abduljalil 2012)."""
    return (114.0 + 3.236 * weeks - 0.0572 * weeks**2) / 114.0


def cyp3a4(weeks):
    """Return CYP3A4 activity over that before (Abduljalil 2012)."""
    return (100.0 + 2.9826 * weeks - 0.0741 * weeks**2) / 100.0


CARD = bd.Card(
    drug="renal and CYP3A4 drug",
    title="Clearance in pregnancy (synthetic)",
    units=bd.Units(time="h", amount="mg", concentration="mg/L"),
    compartments=("central",),
    covariates=[
        bd.Covariate(
            "GEST",
            unit="week",
            reference=0.0,
            range=(0.0, 42.0),
            description="gestation, 0 when not pregnant",
        )
    ],
    source="synthetic: made up to show how the dose follows gestation",
    population="synthetic",
    limitations="Protein binding and volumes stay as they are.",
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
            value=200 / 8.0,
            source="200 mg a day / 8 L/h",
            regimen="100 mg every 12 h x 4 at steady state",
        ),
        bd.Expected(
            "auc24",
            value=200
            / (
                4.0 * (114 + 3.236 * 28 - 0.0572 * 784) / 114 + 4.0 * (100 + 2.9826 * 28 - 0.0741 * 784) / 100
            ),
            source="the polynomials by hand at 28 weeks",
            regimen="100 mg every 12 h x 4 at steady state",
            covariates={"GEST": 28.0},
        ),
    ],
    worked=bd.Worked(
        story="28 weeks; 100 mg twice a day, a trough of 0.55 mg/L on day 3.",
        table={
            "TIME": [0.0, 0.0, 60.0],
            "AMT": [0.0, 100.0, 0.0],
            "II": [0.0, 12.0, 0.0],
            "ADDL": [0, 4, 0],
            "DV": [None, None, 0.55],
            "EVID": [2, 1, 0],
            "GEST": 28.0,
        },
        options="{amount} mg every {interval} h for 4 days",
        values={"amount": [75, 100, 125, 150, 175, 200], "interval": [8, 12]},
        outcomes={"auc": ("auc24", {})},
        utility={
            "name": "window",
            "outcome": "auc",
            "low": 20,
            "high": 30,
            "harm": "auc",
            "harm_above": 40,
            "harm_weight": 1,
        },
        why="1 for the AUC24 of before pregnancy (25) within a fifth, 1 lost above 40",
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
        GEST = bd.covariate("GEST")
        eta = bd.eta({"CL": sd(0.3), "V": sd(0.2)})
        typical = theta("CL_renal", 4.0, "L/h") * gfr(GEST) + theta("CL_hepatic", 4.0, "L/h") * cyp3a4(GEST)
        CL = bd.parameter("CL", typical, eta["CL"])
        V = bd.parameter("V", theta("V", 60.0, "L"), eta["V"])
        bd.observe("DV", bd.one_compartment(CL=CL, V=V), error=bd.proportional(sigma(0.15)))
    return m
