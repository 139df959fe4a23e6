"""Cefepime in hospitalised adults: a renal clearance that follows creatinine clearance, and a nonrenal one.

An G, Creech CB, Wu N, et al. J Antimicrob Chemother 2023;78:1460-1470 (doi:10.1093/jac/dkad106). Thetas,
omegas (variances) and the residual error were transcribed from PKPDsim (pk_cefepime_an), where omega^2 = CV^2
(29.9, 65.4 and 17.3 %): read as approximate CVs. Which combined error the paper means is not known to us:
variances that add are assumed. The creatinine clearance is Cockcroft and Gault's with lean body weight after
James (bd.body.lean_weight(formula="james"): 1.1 W - 128 (W / H)^2 for men, 1.07 W - 148 (W / H)^2 for women
with H in cm, at least 30 kg); Janmahasatian's is not it. The table brings the creatinine clearance.
RSEs are not in the copy: 15 % for thetas, 25 % for CVs and 15 % for sigmas are defaults.
"""

import bayesdose as bd

RSE, RSE_CV, RSE_SIGMA = 15, 25, 15

CARD = bd.Card(
    drug="cefepime",
    title="Cefepime in adults, renal and nonrenal clearance",
    compartments=("central", "peripheral"),
    covariates=[
        bd.Covariate("WT", unit="kg", reference=90.0, range=(30.0, 250.0), description="body weight"),
        bd.Covariate(
            "CRCL",
            unit="mL/min",
            reference=54.0,
            range=(5.0, 250.0),
            description="creatinine clearance, Cockcroft-Gault with lean body weight (at least 30 kg)",
        ),
    ],
    source="doi:10.1093/jac/dkad106",
    population="130 critically ill adults in two intensive care units",
    limitations="No clearance by renal replacement; binding of 20 % is outside (free=0.8 of a metric).",
    not_for="children, continuous renal replacement",
    evidence=bd.Evidence(
        status="unverified",
        against=(
            "PKPDsim's pk_cefepime_an, read twice; the paper's abstract (PMC10474939) has the structure and "
            "the covariates, but no number"
        ),
        omega="cv_approximate",
        error="combined2 (variances add) is assumed: the copy does not say which",
        uncertainty="defaults: RSE 15 % (thetas), 25 % (CVs), 15 % (sigmas)",
        errata=(
            "lean body weight (James), not actual weight, in creatinine clearance",
            "James' coefficients are 128 and 148 with height in cm; 0.0128 and 0.0148 are for height in m",
        ),
    ),
    aims=[
        bd.Aim(
            "time above MIC, free",
            100,
            None,
            "% of the interval",
            source="clinical practice; to be confirmed",
        ),
        bd.Aim(
            "trough",
            high=20,
            unit="mg/L",
            harm=True,
            source="neurotoxicity; clinical practice, to be confirmed",
        ),
    ],
    regimens=("1-2 g every 8-12 h, infused over 0.5-4 h",),
    expected=[
        bd.Expected(
            "auc24",
            value=4000 / 2.526,
            source="4000 mg / (0.526 + 2.00) L/h at a creatinine clearance of 54 mL/min",
            regimen="2000 mg over 0.5 h every 12 h x 4 at steady state",
        ),
        bd.Expected(
            "auc24",
            value=4000 / (0.526 + 2.0 * 108 / 54),
            source="twice the renal, the same nonrenal clearance at 108 mL/min: clearances add",
            regimen="2000 mg over 0.5 h every 12 h x 4 at steady state",
            covariates={"CRCL": 108.0},
        ),
        bd.Expected(
            "concentration_at",
            value=5.5542,
            source="24 h after the dose begins, by matrix exponential: terminal half-life 5.9 h",
            regimen="2000 mg over 0.5 h",
            arguments={"times": [24.0]},
        ),
    ],
    worked=bd.Worked(
        story="80 kg, creatinine clearance 40 mL/min; a level before the third dose.",
        table={
            "TIME": [0.0, 0.0, 12.0, 23.5],
            "AMT": [0.0, 2000.0, 2000.0, 0.0],
            "RATE": [0.0, 4000.0, 4000.0, 0.0],
            "DV": [None, None, None, 31.0],
            "EVID": [2, 1, 1, 0],
            "WT": 80.0,
            "CRCL": 40.0,
        },
        options="{amount} mg over 0.5 h every {interval} h for 3 days",
        values={"amount": [500, 1000, 1500, 2000], "interval": [8, 12, 24]},
        outcomes={"trough": ("trough", {})},
        utility={
            "name": "window",
            "outcome": "trough",
            "low": 10,
            "high": 20,
            "harm": "trough",
            "harm_above": 20,
            "harm_weight": 1,
        },
        why="1 for a trough of 10 mg/L (8 mg/L free, an MIC) to 20 mg/L, 1 lost above (neurotoxicity)",
    ),
)


def theta(name, value, unit=""):
    return bd.theta(name, bd.published.theta(value, rse_percent=RSE), unit=unit)


def model(study):
    """Declare the model on a study."""
    with bd.population_model(study, CARD) as m:
        WT, CRCL = bd.covariate("WT"), bd.covariate("CRCL")

        def cv(value):
            return bd.published.omega(value, scale="cv_approximate", rse_percent=RSE_CV)

        eta = bd.eta({"CL": cv(0.299), "V1": cv(0.654), "V2": cv(0.173)})
        renal = theta("CL_renal", 2.0, "L/h") * CRCL / 54.0
        CL = bd.parameter("CL", theta("CL_nonrenal", 0.526, "L/h") + renal, eta["CL"])
        V1 = bd.parameter("V1", theta("V1", 13.4, "L") * WT / 90.0, eta["V1"])
        V2 = bd.parameter("V2", theta("V2", 7.52, "L"), eta["V2"])
        Q = bd.parameter("Q", theta("Q", 12.0, "L/h"))
        error = bd.combined2(
            bd.published.sigma(6.44, scale="sd", rse_percent=RSE_SIGMA),
            bd.published.sigma(0.224, scale="cv", rse_percent=RSE_SIGMA),
        )
        bd.observe("DV", bd.two_compartment(CL=CL, V1=V1, Q=Q, V2=V2), error=error)
    return m
