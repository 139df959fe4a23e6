"""Vancomycin from preterm neonates to old age: maturation, decline, creatinine against that of the age.

Colin PJ, Allegaert K, Thomson AH, et al. Vancomycin pharmacokinetics throughout life: results from a pooled
population analysis and evaluation of current dosing recommendations. Clin Pharmacokinet 2019;58:767-780, as
PKPDsim transcribes it (pk_vanco_colin), compared with another public transcription, for mrgsolve. Clearance
follows the individual central volume (its eta included), Q the peripheral one. Which combined residual
error is not said in the copy; variances that add are assumed. Omegas are printed as variances there. RSEs are
not in the copy: 10 % for thetas, 40 % for variances and 15 % for sigmas are defaults.
"""

import math

import pymc as pm

import bayesdose as bd

RSE, RSE_VARIANCE, RSE_SIGMA = 10, 40, 15
ADULT = 35.0 + 40.0 / 52.0  # postmenstrual age of the reference, years


def usual_creatinine(years, exp=math.exp, log=math.log):
    """Return the creatinine of a postmenstrual age, mg/dL (Colin 2019)."""
    return exp(-1.22839 + 0.67190 * log(years) / math.log(10.0) + 6.27017 * exp(-3.10940 * years))


def hill(years, half, slope):
    return years**slope / (half**slope + years**slope)


CL_TERM = (
    5.312
    * (3.5 / 70) ** 0.75
    * hill(40 / 52, 0.8932, 2.8864)
    / hill(ADULT, 0.8932, 2.8864)
    * hill(40 / 52, 61.559, -2.241)
    / hill(ADULT, 61.559, -2.241)
)

CARD = bd.Card(
    drug="vancomycin",
    title="Vancomycin from preterm neonates to old age",
    compartments=("central", "peripheral"),
    covariates=[
        bd.Covariate("WT", unit="kg", reference=70.0, range=(0.4, 220.0), description="body weight"),
        bd.Covariate(
            "PMA", unit="week", reference=1860.0, range=(24.0, 5300.0), description="postmenstrual age, weeks"
        ),
        bd.Covariate("SCR", unit="mg/dL", reference=0.83, range=(0.1, 10.0), description="serum creatinine"),
        bd.Covariate("CANCER", reference=0.0, range=(0, 1), description="1 with haematological malignancy"),
    ],
    source="doi:10.1007/s40262-018-0727-5",
    population="pooled: 2554 patients from preterm neonates to 101 years",
    limitations="Creatinine of the first days of life is the mother's.",
    not_for="dialysis, extracorporeal circulation",
    evidence=bd.Evidence(
        status="verified",
        against=(
            "two public transcriptions (PKPDsim; one for mrgsolve, logarithms with three digits) agree on "
            "thetas, the equations of size, creatinine and cancer, and the proportional error"
        ),
        omega="variance",
        error="combined2 (variances add) is assumed",
        uncertainty="defaults: RSE 10 % (thetas), 40 % (variances), 15 % (sigmas)",
        errata=(
            "PKPDsim leaves the effect of cancer out (fixed at 0)",
            "the copy for mrgsolve does not divide maturation and decline by their values at 35 years; its "
            "exponent of the decline has another sign: not taken over",
            "differ: variances 0.0749, 0.0721, 0.672 there (here 0.0746, 0.0716, 0.684), cancer 0.293 "
            "(0.294), slope of creatinine 0.647 (0.649); its additive error 1.23 is a variance, here an SD",
            "HEEL (V1 -31.2 %, Q -59.7 %), which PKPDsim has and sets to 0, is left out",
            "the individual V1 and V2, etas included, scale CL and Q",
        ),
    ),
    aims=[
        bd.Aim("AUC24", 400, 600, "mg*h/L", source="Rybak 2020, Am J Health Syst Pharm 77:835 (MIC 1 mg/L)"),
        bd.Aim("AUC24", high=600, unit="mg*h/L", harm=True, source="Rybak 2020: kidney injury above"),
    ],
    regimens=("neonates 10-15 mg/kg every 8-18 h; adults 15-20 mg/kg every 8-12 h",),
    expected=[
        bd.Expected(
            "auc24",
            value=2000 / 5.312,
            source="2000 mg / 5.312 L/h at 35 years, 70 kg and the creatinine of that age",
            regimen="1000 mg over 1 h every 12 h x 4 at steady state",
            covariates={"PMA": ADULT * 52.0, "SCR": usual_creatinine(ADULT)},
        ),
        bd.Expected(
            "auc24",
            value=75 / CL_TERM,
            source="term neonate of 3.5 kg, creatinine of that age: 5.312 (3.5/70)^0.75 Fmat Fage",
            regimen="25 mg over 1 h every 8 h x 4 at steady state",
            covariates={"PMA": 40.0, "WT": 3.5, "SCR": usual_creatinine(40 / 52)},
        ),
        bd.Expected(
            "auc24",
            value=2000 / (5.312 * math.exp(-0.64856)),
            source="creatinine 1 mg/dL above that of the age: exp(-0.64856)",
            regimen="1000 mg over 1 h every 12 h x 4 at steady state",
            covariates={"PMA": ADULT * 52.0, "SCR": usual_creatinine(ADULT) + 1.0},
        ),
    ],
    worked=bd.Worked(
        story="A neonate of 36 weeks, 2.4 kg, creatinine 0.5 mg/dL; a trough before the third dose.",
        table={
            "TIME": [0.0, 0.0, 12.0, 23.5],
            "AMT": [0.0, 36.0, 36.0, 0.0],
            "RATE": [0.0, 36.0, 36.0, 0.0],
            "DV": [None, None, None, 9.5],
            "EVID": [2, 1, 1, 0],
            "WT": 2.4,
            "PMA": 36.0,
            "SCR": 0.5,
            "CANCER": 0.0,
        },
        options="{amount} mg/kg over 1 h every {interval} h for 3 days",
        values={"amount": [7.5, 10, 12.5, 15, 17.5, 20], "interval": [8, 12, 18]},
        outcomes={"auc": ("auc24", {})},
        utility={
            "name": "window",
            "outcome": "auc",
            "low": 400,
            "high": 600,
            "harm": "auc",
            "harm_above": 600,
            "harm_weight": 1,
        },
        why="1 for an AUC24 of 400 to 600, 1 lost above 600",
    ),
)


def theta(name, value, unit=""):
    return bd.theta(name, bd.published.theta(value, rse_percent=RSE), unit=unit)


def model(study):
    """Declare the model on a study."""
    with bd.population_model(study, CARD) as m:
        WT, PMA, SCR, CANCER = (bd.covariate(c) for c in ("WT", "PMA", "SCR", "CANCER"))

        def variance(value):
            return bd.published.omega(value, scale="variance", rse_percent=RSE_VARIANCE)

        eta = bd.eta({"CL": variance(0.0746), "V1": variance(0.0716), "V2": variance(0.684)})
        years = PMA / 52.0
        half, slope = theta("MAT50", 0.8932, "year"), theta("MAT_slope", 2.8864)
        mature = hill(years, half, slope) / hill(ADULT, half, slope)
        old, fall = theta("DEC50", 61.559, "year"), -theta("DEC_slope", 2.241)
        declined = hill(years, old, fall) / hill(ADULT, old, fall)
        usual = usual_creatinine(years, pm.math.exp, pm.math.log)
        kidney = bd.exponential_effect(SCR, usual, -theta("SCR_on_CL", 0.64856))
        cancer = 1.0 + theta("CANCER_on_CL", 0.294) * CANCER
        size_V1, size_V2 = theta("V1", 42.52, "L"), theta("V2", 41.68, "L")
        V1 = bd.parameter("V1", size_V1 * WT / 70.0, eta["V1"])
        V2 = bd.parameter("V2", size_V2 * WT / 70.0, eta["V2"])
        typical = theta("CL", 5.312, "L/h") * (V1 / size_V1) ** 0.75 * mature * declined * kidney * cancer
        CL = bd.parameter("CL", typical, eta["CL"])
        Q = bd.parameter("Q", theta("Q", 3.222, "L/h") * (V2 / size_V2) ** 0.75)
        error = bd.combined2(
            bd.published.sigma(1.23, scale="sd", rse_percent=RSE_SIGMA),
            bd.published.sigma(0.2145, scale="cv", rse_percent=RSE_SIGMA),
        )
        bd.observe("DV", bd.two_compartment(CL=CL, V1=V1, Q=Q, V2=V2), error=error)
    return m
