"""Tobramycin in children and adults with and without cystic fibrosis: fat-free mass, sex, age, creatinine.

Hennig S, Standing JF, Staatz CE, Thomson AH. Population pharmacokinetics of tobramycin in patients with and
without cystic fibrosis. Clin Pharmacokinet 2013;52:289-301, as the Tucuxi drug file ch.tucuxi.tobramycin.
hennig2013 transcribes it (OMEGA as SDs 0.259, 0.152, 0.418, 0.585 of CL, V1, Q, V2 with correlations 0.658,
0.711 and 0.475 of CL-V1, CL-Q and V1-Q). That file was corrected twice (age effect 2020; creatinine and a
correlation 2021): transcription errors are normal. Fat-free mass is Janmahasatian's (Clin Pharmacokinet
2005;44:1051). RSEs are not in the copy: 15 % for thetas, 25 % for SDs and 15 % for sigma are defaults; 10 %
for the effect of age in adults, which with 15 % could take the clearance of the oldest below 0.
"""

import pymc as pm

import bayesdose as bd

RSE, RSE_AGE, RSE_SD, RSE_SIGMA = 15, 10, 25, 15
FFM = 9270 * 70 / (6680 + 216 * 70 / 1.75**2)  # of the reference patient, kg

CARD = bd.Card(
    drug="tobramycin",
    title="Tobramycin in children and adults, cystic fibrosis or not",
    compartments=("central", "peripheral"),
    covariates=[
        bd.Covariate("WT", unit="kg", reference=70.0, range=(3.3, 120.0), description="body weight"),
        bd.Covariate("HT", unit="cm", reference=175.0, range=(45.0, 210.0), description="height"),
        bd.Covariate("AGE", unit="year", reference=18.0, range=(0.01, 85.0), description="age"),
        bd.Covariate("FEMALE", reference=0.0, range=(0, 1), description="1 female, 0 male"),
        bd.Covariate(
            "SCR", unit="umol/L", reference=37.2, range=(10.0, 400.0), description="serum creatinine, umol/L"
        ),
    ],
    source="doi:10.1007/s40262-013-0036-y",
    population=(
        "465 patients with cystic fibrosis and 267 without, 0.01 to 85 years, 3.3 to 120 kg (eight centres)"
    ),
    limitations="The volume of fat-free mass holds for infants only as far as Janmahasatian's equation does.",
    not_for="dialysis; creatinine in mg/dL",
    evidence=bd.Evidence(
        status="unverified",
        against=(
            "transcribed once, from Tucuxi's drug file; the paper's abstract (PMID 23420517) has the "
            "structure and the covariates, but no number"
        ),
        omega="sd",
        error="proportional",
        uncertainty="defaults: RSE 15 % (thetas), 10 % (age in adults), 25 % (SDs), 15 % (sigma)",
        errata=("Tucuxi's file: age effect corrected in 2020, creatinine effect and a correlation in 2021",),
    ),
    aims=[
        bd.Aim("peak", 20, 40, "mg/L", source="extended interval; clinical practice, to be confirmed"),
        bd.Aim("AUC24", 70, 100, "mg*h/L", source="clinical practice, to be confirmed"),
        bd.Aim("trough", high=1, unit="mg/L", harm=True, source="kidney; clinical practice, to be confirmed"),
    ],
    regimens=(
        "5-7 mg/kg every 24 h over 0.5-1 h",
        "cystic fibrosis: 8-11 mg/kg every 24 h (11: Hennig 2013)",
    ),
    expected=[
        bd.Expected(
            "auc24",
            value=490 / (9.4 * (FFM / 70) ** 0.952),
            source="490 mg / (9.4 L/h (FFM/70)^0.952), FFM = 9270 70 / (6680 + 216 70/1.75^2) = 55.857 kg",
            regimen="490 mg over 0.5 h every 24 h x 3 at steady state",
        ),
        bd.Expected(
            "auc24",
            value=490 / (9.4 * (FFM / 70) ** 0.952 * (1 - 0.010 * 22)),
            source="at 40 years 1 - 0.010 22 of the clearance at 18 years",
            regimen="490 mg over 0.5 h every 24 h x 3 at steady state",
            covariates={"AGE": 40.0},
        ),
        bd.Expected(
            "auc24",
            value=490 / (9.4 * (FFM / 70) ** 0.952 * (1 - 0.021 * -8)),
            source="at 10 years 1 + 0.021 8 of the clearance at 18 years",
            regimen="490 mg over 0.5 h every 24 h x 3 at steady state",
            covariates={"AGE": 10.0},
        ),
        bd.Expected(
            "concentration_at",
            value=0.5775,
            source="12 h after the dose begins, by matrix exponential: terminal half-life 5.65 h",
            regimen="490 mg over 0.5 h",
            arguments={"times": [12.0]},
        ),
    ],
    worked=bd.Worked(
        story=(
            "A woman of 28 years with cystic fibrosis, 55 kg, 165 cm, creatinine 60 umol/L; a level at 10 h."
        ),
        table={
            "TIME": [0.0, 0.0, 10.0],
            "AMT": [0.0, 500.0, 0.0],
            "RATE": [0.0, 1000.0, 0.0],
            "DV": [None, None, 1.5],
            "EVID": [2, 1, 0],
            "WT": 55.0,
            "HT": 165.0,
            "AGE": 28.0,
            "FEMALE": 1.0,
            "SCR": 60.0,
        },
        options="{amount} mg over 0.5 h every {interval} h for 4 days",
        values={"amount": [300, 400, 500, 600], "interval": [12, 24, 36]},
        outcomes={"peak": ("peak", {}), "trough": ("trough", {})},
        utility={
            "name": "window",
            "outcome": "peak",
            "low": 20,
            "high": 40,
            "harm": "trough",
            "harm_above": 1,
            "harm_weight": 1,
        },
        why="1 for a peak of 20 to 40 mg/L, 1 lost for a trough above 1 mg/L",
    ),
)


def theta(name, value, unit=""):
    return bd.theta(name, bd.published.theta(value, rse_percent=RSE), unit=unit)


def model(study):
    """Declare the model on a study."""
    with bd.population_model(study, CARD) as m:
        WT, HT, AGE, FEMALE, SCR = (bd.covariate(c) for c in ("WT", "HT", "AGE", "FEMALE", "SCR"))
        FFM = bd.body.fat_free_mass(weight_kg=WT, height_cm=HT, female=FEMALE)

        def sd(value):
            return bd.published.omega(value, scale="sd", rse_percent=RSE_SD)

        known = {("CL", "V1"): 0.658, ("CL", "Q"): 0.711, ("V1", "Q"): 0.475}
        eta = bd.eta({"CL": sd(0.259), "V1": sd(0.152), "Q": sd(0.418), "V2": sd(0.585)}, correlation=known)
        grown = bd.theta("AGE_on_CL_adult", bd.published.effect(-0.010, rse_percent=RSE_AGE))
        child = bd.theta("AGE_on_CL_child", bd.published.effect(-0.021, rse_percent=RSE))
        age = 1.0 + pm.math.switch(AGE <= 18.0, child, grown) * (AGE - 18.0)
        creatinine = bd.power_effect(SCR, 37.2, -theta("SCR_on_CL", 0.222))
        exponent = theta("FFM_on_CL", 0.952)
        size = bd.allometric(FFM, 70.0, exponent)
        male = {0: theta("CL_male", 9.4, "L/h"), 1: theta("CL_female", 8.1, "L/h")}
        CL = bd.parameter("CL", bd.categorical_effect(FEMALE, male) * size * age * creatinine, eta["CL"])
        central = {0: theta("V1_male", 25.1, "L"), 1: theta("V1_female", 20.1, "L")}
        V1 = bd.parameter("V1", bd.categorical_effect(FEMALE, central) * FFM / 70.0, eta["V1"])
        Q = bd.parameter("Q", theta("Q", 1.5, "L/h") * size, eta["Q"])
        V2 = bd.parameter("V2", theta("V2", 10.0, "L") * FFM / 70.0, eta["V2"])
        sigma = bd.published.sigma(0.204, scale="cv", rse_percent=RSE_SIGMA)
        bd.observe("DV", bd.two_compartment(CL=CL, V1=V1, Q=Q, V2=V2), error=bd.proportional(sigma))
    return m
