"""Amikacin in ventilated critically ill adults: measured creatinine clearance, weight, oxygenation.

Burdet C, Pajot O, Couffignal C, et al. Population pharmacokinetics of single-dose amikacin in critically ill
patients with suspected ventilator-associated pneumonia. Eur J Clin Pharmacol 2015;71:75-83, as posologyr
transcribes it (population_models), read twice. Omegas are variances and covariances of CL, V1, V2, Q, rounded
to one or two digits; the block is positive definite (smallest eigenvalue 0.025) and its correlations are
taken as known. Residual SDs add. RSEs are not in the copy: 10 % for thetas and exponents, 50 % for variances
and 15 % for sigmas are defaults.
"""

from itertools import combinations

import bayesdose as bd

RSE, RSE_VARIANCE, RSE_SIGMA = 10, 50, 15
NAMES = ("CL", "V1", "V2", "Q")
COVARIANCE = {
    ("CL", "CL"): 0.1,
    ("V1", "V1"): 0.05,
    ("V2", "V2"): 0.2,
    ("Q", "Q"): 0.08,
    ("CL", "V1"): 0.01,
    ("CL", "V2"): 0.01,
    ("V1", "V2"): 0.02,
    ("CL", "Q"): -0.06,
    ("V1", "Q"): 0.004,
    ("V2", "Q"): 0.003,
}

CARD = bd.Card(
    drug="amikacin",
    title="Amikacin in ventilated critically ill adults",
    compartments=("central", "peripheral"),
    covariates=[
        bd.Covariate("WT", unit="kg", reference=78.0, range=(40.0, 160.0), description="total body weight"),
        bd.Covariate(
            "CRCL",
            unit="mL/min",
            reference=82.0,
            range=(10.0, 250.0),
            description="creatinine clearance measured in urine of 4 h",
        ),
        bd.Covariate(
            "PF",
            unit="mmHg",
            reference=169.0,
            range=(50.0, 500.0),
            description="PaO2/FiO2, oxygen pressure over inspired fraction",
        ),
    ],
    source="doi:10.1007/s00228-014-1766-y",
    population="critically ill adults with suspected ventilator-associated pneumonia, first dose",
    limitations=(
        "One dose was studied: clearance may change over days. The ranges of covariates are "
        "an assumption of this spec: the copy has none."
    ),
    not_for="renal replacement; children; creatinine clearance estimated from serum",
    evidence=bd.Evidence(
        status="unverified",
        against="posologyr's copy (population_models), read twice; the paper was not seen",
        omega="variance",
        error="combined1 (SDs add), as posologyr codes it",
        uncertainty="defaults: RSE 10 % (thetas, exponents), 50 % (variances), 15 % (sigmas)",
        errata=("covariances rounded to one or two digits in the copy: correlations taken as known",),
    ),
    aims=[
        bd.Aim(
            "0.5 h after the infusion",
            60,
            80,
            "mg/L",
            source="8-10 times a MIC of 8 mg/L is 64-80 (Logre 2020, Ann Intensive Care 10), rounded",
        ),
        bd.Aim(
            "trough", high=2.5, unit="mg/L", harm=True, source="kidney; clinical practice, to be confirmed"
        ),
    ],
    regimens=("25-30 mg/kg over 0.5 h every 24 h",),
    expected=[
        bd.Expected(
            "auc24",
            value=2000 / 4.3,
            source="2000 mg a day / 4.3 L/h at 82 mL/min",
            regimen="2000 mg over 0.5 h every 24 h x 6 at steady state",
        ),
        bd.Expected(
            "auc24",
            value=2000 / (4.3 * 0.5**0.7),
            source="at 41 mL/min: 4.3 0.5^0.7",
            regimen="2000 mg over 0.5 h every 24 h x 6 at steady state",
            covariates={"CRCL": 41.0},
        ),
        bd.Expected(
            "concentration_at",
            value=66.760,
            source="1 h after the dose begins, by matrix exponential",
            regimen="2000 mg over 0.5 h",
            arguments={"times": [1.0]},
        ),
        bd.Expected(
            "concentration_at",
            value=69.838,
            source="at 50 kg and PaO2/FiO2 of 338: V1 15.9 (50/78)^0.9 2^0.4; matrix exponential",
            regimen="2000 mg over 0.5 h",
            arguments={"times": [1.0]},
            covariates={"WT": 50.0, "PF": 338.0},
        ),
        bd.Expected(
            "concentration_at",
            value=3.6842,
            source="24 h after the dose begins, by matrix exponential",
            regimen="2000 mg over 0.5 h",
            arguments={"times": [24.0]},
        ),
    ],
    worked=bd.Worked(
        story="92 kg, ventilated, clearance 60 mL/min, PaO2/FiO2 150; 2000 mg, levels at 1 and 20 h.",
        table={
            "TIME": [0.0, 0.0, 1.0, 20.0, 24.0],
            "AMT": [0.0, 2000.0, 0.0, 0.0, 0.0],
            "RATE": [0.0, 4000.0, 0.0, 0.0, 0.0],
            "DV": [None, None, 66.0, 6.5, None],
            "EVID": [2, 1, 0, 0, 2],
            "WT": 92.0,
            "CRCL": 60.0,
            "PF": 150.0,
        },
        options="{amount} mg over 0.5 h every {interval} h for 6 days",
        values={"amount": [1500, 2000, 2500, 3000], "interval": [24, 36, 48, 72]},
        outcomes={"peak": ("peak", {"start": 25.0, "end": 25.5}), "trough": ("trough", {})},
        utility={
            "name": "window",
            "outcome": "peak",
            "low": 60,
            "high": 80,
            "harm": "trough",
            "harm_above": 2.5,
            "harm_weight": 0.5,
        },
        why=("1 for 60 to 80 mg/L half an hour after the infusion, half of it lost for a trough above 2.5"),
    ),
)


def theta(name, value, unit=""):
    return bd.theta(name, bd.published.theta(value, rse_percent=RSE), unit=unit)


def correlations():
    """Return the correlations of the published covariances."""
    sd = {name: COVARIANCE[name, name] ** 0.5 for name in NAMES}
    return {pair: COVARIANCE[pair] / (sd[pair[0]] * sd[pair[1]]) for pair in combinations(NAMES, 2)}


def model(study):
    """Declare the model on a study."""
    with bd.population_model(study, CARD) as m:
        WT, CRCL, PF = (bd.covariate(c) for c in ("WT", "CRCL", "PF"))
        omegas = {
            name: bd.published.omega(COVARIANCE[name, name], scale="variance", rse_percent=RSE_VARIANCE)
            for name in NAMES
        }
        eta = bd.eta(omegas, correlation=correlations())
        renal = bd.power_effect(CRCL, 82.0, theta("CRCL_on_CL", 0.7))
        size = bd.power_effect(WT, 78.0, theta("WT_on_V1", 0.9))
        lung = bd.power_effect(PF, 169.0, theta("PF_on_V1", 0.4))
        CL = bd.parameter("CL", theta("CL", 4.3, "L/h") * renal, eta["CL"])
        V1 = bd.parameter("V1", theta("V1", 15.9, "L") * size * lung, eta["V1"])
        V2 = bd.parameter("V2", theta("V2", 21.4, "L"), eta["V2"])
        Q = bd.parameter("Q", theta("Q", 12.1, "L/h"), eta["Q"])
        error = bd.combined1(
            bd.published.sigma(0.2, scale="sd", rse_percent=RSE_SIGMA),
            bd.published.sigma(0.1, scale="cv", rse_percent=RSE_SIGMA),
        )
        bd.observe("DV", bd.two_compartment(CL=CL, V1=V1, Q=Q, V2=V2), error=error)
    return m
