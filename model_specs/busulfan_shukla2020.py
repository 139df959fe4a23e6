"""Busulfan in infants, children and young adults: fat-free mass, maturation, conditioning, day of treatment.

Shukla P, Goswami S, Keizer RJ, et al. Assessment of a model-informed precision dosing platform use in
routine clinical care for personalized busulfan therapy in the pediatric hematopoietic cell transplantation
(HCT) population. Front Pharmacol 2020;11:888, as PKPDsim transcribes it (pk_busulfan_shukla), read twice.
Fat-free mass is that of children (Al-Sallami 2015, Clin Pharmacokinet 54:1169). Maturation is 0.451 at birth
and approaches 1 by 1.37 a year. Clearance is 20 % lower with one kind of conditioning (REGI; the copy does
not say which) and 13.5 % lower after 24 h. Variances of CL and V 0.0595 and 0.0293, covariance 0.0323; CVs
between days 12.88 and 13.34 %. Which combined residual error is not said in the copy; variances that add are
assumed. RSEs are not in the copy: 10 % for thetas, 30 % for effects, 50 % for variances, 25 % for CVs and 15
% for sigmas are defaults.
"""

import math

import pymc as pm

import bayesdose as bd

RSE, RSE_EFFECT, RSE_VARIANCE, RSE_CV, RSE_SIGMA = 10, 30, 50, 25, 15
# of a boy of 4 years, 16 kg, 102 cm: adult's equation times the maturing factor
FFM = 9270 * 16 / (6680 + 216 * 16 / 1.02**2) * (0.88 + 0.12 / (1 + (4 / 13.4) ** -12.7))
CL_4 = 3.96 * (FFM / 12) ** 0.75 * (0.451 + 0.549 * (1 - math.exp(-4 * 1.37)))

CARD = bd.Card(
    drug="busulfan",
    title="Busulfan in infants, children and young adults, by day of treatment",
    compartments=("central",),
    covariates=[
        bd.Covariate("WT", unit="kg", reference=16.0, range=(3.0, 110.0), description="body weight"),
        bd.Covariate("HT", unit="cm", reference=102.0, range=(45.0, 200.0), description="height"),
        bd.Covariate("AGE", unit="year", reference=4.0, range=(0.1, 24.0), description="age"),
        bd.Covariate("FEMALE", reference=0.0, range=(0, 1), description="1 female, 0 male"),
        bd.Covariate(
            "REGI",
            reference=0.0,
            range=(0, 1),
            description="1 with the conditioning that lowers clearance (see limitations)",
        ),
        bd.Covariate(
            "LATER",
            reference=0.0,
            range=(0, 1),
            varies=True,
            carry="locf",
            description="0 the first 24 h of treatment, 1 later",
        ),
    ],
    source="doi:10.3389/fphar.2020.00888",
    population="infants, children and young adults before haematopoietic cell transplantation, by vein",
    limitations=(
        "Which conditioning REGI stands for is not in the copy: look it up in the paper before setting it. "
        "Occasions are days. Ranges of covariates are an assumption of this spec."
    ),
    not_for="oral busulfan; preterm infants; adults above 24 years",
    evidence=bd.Evidence(
        status="unverified",
        against="PKPDsim's copy, read twice; the paper was not seen",
        omega="variance",
        error="combined2 (variances add) is assumed",
        uncertainty=(
            "defaults: RSE 10 % (thetas), 30 % (effects), 50 % (variances), 25 % (CVs), 15 % (sigmas)"
        ),
        errata=("additive error 22.2 ug/L in the copy, 0.0222 mg/L here",),
    ),
    aims=[
        bd.Aim("AUC of the course", 78, 101, "mg*h/L", source="Bartelink 2016, Lancet Haematol 3:e526"),
        bd.Aim("AUC of the course", high=101, unit="mg*h/L", harm=True, source="Bartelink 2016"),
    ],
    regimens=("3.2 mg/kg over 3 h every 24 h x 4", "0.8-1.2 mg/kg over 2 h every 6 h x 16"),
    expected=[
        bd.Expected(
            "auc24",
            value=60 / CL_4,
            source="60 mg / CL of a boy of 4 years, 16 kg, 102 cm by the equations, written out here",
            regimen="60 mg over 3 h every 24 h x 2 at steady state",
        ),
        bd.Expected(
            "auc24",
            value=60 / (CL_4 * (1 - 0.135)),
            source="0.865 times the clearance after 24 h",
            regimen="60 mg over 3 h every 24 h x 2 at steady state",
            covariates={"LATER": 1.0},
        ),
        bd.Expected(
            "auc24",
            value=60 / (CL_4 * 0.8),
            source="0.8 times the clearance with REGI",
            regimen="60 mg over 3 h every 24 h x 2 at steady state",
            covariates={"REGI": 1.0},
        ),
        bd.Expected(
            "concentration_at",
            value=(
                20
                / CL_4
                * (1 - math.exp(-CL_4 / (10.8 * FFM / 12) * 3))
                * math.exp(-CL_4 / (10.8 * FFM / 12) * 3)
            ),
            source="3 h after the end of 20 mg/h: the closed form of one compartment",
            regimen="60 mg over 3 h",
            arguments={"times": [6.0]},
        ),
    ],
    worked=bd.Worked(
        story="A girl of 1 year, 9 kg, 75 cm; 28 mg over 3 h on day 1, three levels.",
        table={
            "TIME": [0.0, 0.0, 3.1, 5.0, 8.0, 24.0],
            "AMT": [0.0, 28.0, 0.0, 0.0, 0.0, 0.0],
            "RATE": [0.0, 9.33333, 0.0, 0.0, 0.0, 0.0],
            "DV": [None, None, 2.65, 1.55, 0.66, None],
            "EVID": [2, 1, 0, 0, 0, 2],
            "OCC": 1,
            "WT": 9.0,
            "HT": 75.0,
            "AGE": 1.0,
            "FEMALE": 1.0,
            "REGI": 0.0,
            # the last code is carried forward: the days to be decided on are later ones (a priori too)
            "LATER": [1.0, 0.0, 0.0, 0.0, 0.0, 1.0],
        },
        options="{amount} mg over 3 h every 24 h x 3",
        values={"amount": [16, 20, 24, 28, 32, 36, 40, 46]},
        outcomes={"auc": ("auc24", {})},
        utility={
            "name": "window",
            "outcome": "auc",
            "low": 19.5,
            "high": 25.25,
            "harm": "auc",
            "harm_above": 25.25,
            "harm_weight": 1,
        },
        why="1 for a quarter of 78 to 101 mg*h/L a day, 1 lost above (toxicity)",
    ),
)


def theta(name, value, unit="", rse=RSE):
    return bd.theta(name, bd.published.theta(value, rse_percent=rse), unit=unit)


def model(study):
    """Declare the model on a study."""
    with bd.population_model(study, CARD) as m:

        def cv(value):
            return bd.published.omega(value, scale="cv", rse_percent=RSE_CV)

        def variance(value):
            return bd.published.omega(value, scale="variance", rse_percent=RSE_VARIANCE)

        kappa = bd.kappa({"CL": cv(0.1288), "V": cv(0.1334)})
        WT, HT, AGE, FEMALE = (bd.covariate(c) for c in ("WT", "HT", "AGE", "FEMALE"))
        REGI, LATER = bd.covariate("REGI"), bd.covariate("LATER")
        known = {("CL", "V"): 0.0323 / math.sqrt(0.0595 * 0.0293)}
        eta = bd.eta({"CL": variance(0.0595), "V": variance(0.0293)}, correlation=known)
        lean = bd.body.fat_free_mass_child(weight_kg=WT, height_cm=HT, age_years=AGE, female=FEMALE)
        born, speed = theta("mature_at_birth", 0.451), theta("maturing", 1.37, "1/year")
        mature = born + (1.0 - born) * (1.0 - pm.math.exp(-speed * AGE))
        less = theta("REGI_on_CL", 0.20, rse=RSE_EFFECT)
        falls = theta("LATER_on_CL", 0.135, rse=RSE_EFFECT)
        typical = theta("CL", 3.96, "L/h") * bd.allometric(lean, 12.0, 0.75) * mature
        typical = typical * bd.categorical_effect(REGI, {0: 1.0, 1: 1.0 - less})
        typical = typical * bd.categorical_effect(LATER, {0: 1.0, 1: 1.0 - falls})
        CL = bd.parameter("CL", typical, eta["CL"], kappa["CL"])
        V = bd.parameter("V", theta("V", 10.8, "L") * lean / 12.0, eta["V"], kappa["V"])
        error = bd.combined2(
            bd.published.sigma(0.0222, scale="sd", rse_percent=RSE_SIGMA),
            bd.published.sigma(0.106, scale="cv", rse_percent=RSE_SIGMA),
        )
        bd.observe("DV", bd.one_compartment(CL=CL, V=V), error=error)
    return m
