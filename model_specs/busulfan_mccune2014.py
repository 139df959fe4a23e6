"""Busulfan from infants to adults: normal fat mass, maturation, a clearance that falls during treatment.

McCune JS, Bemer MJ, Barrett JS, Scott Baker K, Gamis AS, Holford NHG. Busulfan in infant to adult
hematopoietic cell transplant recipients: a population pharmacokinetic model for initial and Bayesian dose
personalization. Clin Cancer Res 2014;20:754-763, as PKPDsim transcribes it (pk_busulfan_mccune), read
twice. Fat-free mass is that of Anderson and Holford's WHS equation with height in metres. The omega block
(variances and covariances of CL, V1, Q, V2) is positive definite but nearly singular (smallest eigenvalue
0.0001): its correlations are taken as known. Clearance is multiplied by 0.932 after 6 h and by 0.919 after
36 h of treatment. Which combined residual error is not said in the copy; variances that add are assumed.
RSEs are not in the copy: 10 % for thetas, 50 % for variances, 25 % for CVs and 15 % for sigmas are
defaults.
"""

from itertools import combinations

import bayesdose as bd

RSE, RSE_VARIANCE, RSE_CV, RSE_SIGMA = 10, 50, 25, 15
NAMES = ("CL", "V1", "Q", "V2")
COVARIANCE = {
    ("CL", "CL"): 0.0459,
    ("V1", "V1"): 0.152,
    ("Q", "Q"): 0.814,
    ("V2", "V2"): 0.00932,
    ("CL", "V1"): 0.0172,
    ("CL", "Q"): 0.0681,
    ("V1", "Q"): 0.097,
    ("CL", "V2"): 0.0115,
    ("V1", "V2"): -0.00924,
    ("Q", "V2"): 0.069,
}
FFM = 42.92 * 1.76**2 * 70.0 / (30.93 * 1.76**2 + 70.0)  # of the reference patient, kg
CL_ADULT = 11.4 * ((FFM + 0.509 * (70.0 - FFM)) / 70.0) ** 0.75 / (1 + ((30 * 52.1775 + 40) / 45.7) ** -2.3)

CARD = bd.Card(
    drug="busulfan",
    title="Busulfan from infants to adults, maturation and body composition",
    compartments=("central", "peripheral"),
    covariates=[
        bd.Covariate("WT", unit="kg", reference=70.0, range=(2.5, 150.0), description="body weight"),
        bd.Covariate("HT", unit="cm", reference=176.0, range=(45.0, 205.0), description="height"),
        bd.Covariate(
            "AGE", unit="year", reference=30.0, range=(0.05, 75.0), description="age, born at 40 weeks"
        ),
        bd.Covariate("FEMALE", reference=0.0, range=(0, 1), description="1 female, 0 male"),
        bd.Covariate(
            "PERIOD",
            reference=0.0,
            range=(0, 2),
            varies=True,
            carry="locf",
            description="0 the first 6 h of treatment, 1 to 36 h, 2 later",
        ),
    ],
    source="PMID 24218510",
    population="infants to adults before haematopoietic cell transplantation, intravenous busulfan",
    limitations=(
        "Occasions are days. The age after birth stands for maturation from 40 weeks on. Clearance is 15 % "
        "below that of the paper's abstract (see evidence): check before use."
    ),
    not_for="oral busulfan; preterm infants",
    evidence=bd.Evidence(
        status="unverified",
        against="PKPDsim's copy, read twice; the paper was not seen",
        omega="variance",
        error="combined2 (variances add) is assumed",
        uncertainty="defaults: RSE 10 % (thetas), 50 % (variances), 25 % (CVs), 15 % (sigmas)",
        errata=(
            "omega block nearly singular: correlations taken as known, not estimated",
            "the abstract has 12.4 L/h at 62 kg of normal fat mass (a man of 70 kg); this copy gives 10.6: "
            "its 11.4 per 70 kg is 0.919 times 12.4, so that the fall after 36 h may be in it twice",
        ),
    ),
    aims=[
        bd.Aim("AUC of the course", 78, 101, "mg*h/L", source="Bartelink 2016, Lancet Haematol 3:e526"),
        bd.Aim("AUC of the course", high=101, unit="mg*h/L", harm=True, source="Bartelink 2016"),
    ],
    regimens=("3.2 mg/kg over 3 h every 24 h x 4", "0.8-1.2 mg/kg over 2 h every 6 h x 16"),
    expected=[
        bd.Expected(
            "auc24",
            value=224 / CL_ADULT,
            source=(
                "224 mg / CL of a man of 30 years, 70 kg, 176 cm by the paper's equations, written out here"
            ),
            regimen="224 mg over 3 h every 24 h x 2 at steady state",
        ),
        bd.Expected(
            "auc24",
            value=224 / (CL_ADULT * 0.919),
            source="0.919 times the clearance after 36 h",
            regimen="224 mg over 3 h every 24 h x 2 at steady state",
            covariates={"PERIOD": 2.0},
        ),
    ],
    worked=bd.Worked(
        story="A boy of 4 years, 16 kg, 102 cm; 55 mg over 3 h on day 1, three levels.",
        table={
            "TIME": [0.0, 0.0, 3.1, 5.0, 6.0, 8.0, 24.0],
            "AMT": [0.0, 55.0, 0.0, 0.0, 0.0, 0.0, 0.0],
            "RATE": [0.0, 18.3333, 0.0, 0.0, 0.0, 0.0, 0.0],
            "DV": [None, None, 3.05, 1.82, None, 0.95, None],
            "EVID": [2, 1, 0, 0, 2, 0, 2],
            "OCC": 1,
            "WT": 16.0,
            "HT": 102.0,
            "AGE": 4.0,
            "FEMALE": 0.0,
            # the last code is carried forward: 2, that of the days to be decided on (a priori too)
            "PERIOD": [2.0, 0.0, 0.0, 0.0, 1.0, 1.0, 2.0],
        },
        options="{amount} mg over 3 h every 24 h x 3",
        values={"amount": [40, 50, 60, 70, 80, 90, 100]},
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


def theta(name, value, unit=""):
    return bd.theta(name, bd.published.theta(value, rse_percent=RSE), unit=unit)


def correlations():
    """Return the correlations of the published covariances."""
    sd = {name: COVARIANCE[name, name] ** 0.5 for name in NAMES}
    return {pair: COVARIANCE[pair] / (sd[pair[0]] * sd[pair[1]]) for pair in combinations(NAMES, 2)}


def model(study):
    """Declare the model on a study."""
    with bd.population_model(study, CARD) as m:

        def cv(value):
            return bd.published.omega(value, scale="cv", rse_percent=RSE_CV)

        kappa = bd.kappa({"CL": cv(0.113), "V1": cv(0.224)})
        WT, HT, AGE, FEMALE, PERIOD = (bd.covariate(c) for c in ("WT", "HT", "AGE", "FEMALE", "PERIOD"))
        omegas = {
            name: bd.published.omega(COVARIANCE[name, name], scale="variance", rse_percent=RSE_VARIANCE)
            for name in NAMES
        }
        eta = bd.eta(omegas, correlation=correlations())
        square = (HT / 100.0) ** 2
        largest = bd.categorical_effect(FEMALE, {0: 42.92, 1: 37.99})
        half = bd.categorical_effect(FEMALE, {0: 30.93, 1: 35.98})
        fat_free = largest * square * WT / (half * square + WT)
        size_CL = bd.allometric(fat_free + theta("fat_on_CL", 0.509) * (WT - fat_free), 70.0, 0.75)
        size_V = (fat_free + theta("fat_on_V", 0.203) * (WT - fat_free)) / 70.0
        sex = bd.categorical_effect(FEMALE, {0: 1.0, 1: theta("FEMALE_on_V", 1.07)})
        mature = bd.maturation(AGE * 52.1775 + 40.0, theta("TM50", 45.7, "week"), theta("Hill", 2.3))
        slower = {0: 1.0, 1: theta("after_6h", 0.932), 2: theta("after_36h", 0.919)}
        typical = theta("CL", 11.4, "L/h") * size_CL * mature * bd.categorical_effect(PERIOD, slower)
        CL = bd.parameter("CL", typical, eta["CL"], kappa["CL"])
        V1 = bd.parameter("V1", theta("V1", 13.9, "L") * size_V * sex, eta["V1"], kappa["V1"])
        Q = bd.parameter("Q", theta("Q", 135.2, "L/h") * size_CL, eta["Q"])
        V2 = bd.parameter("V2", theta("V2", 29.9, "L") * size_V * sex, eta["V2"])
        error = bd.combined2(
            bd.published.sigma(0.027, scale="sd", rse_percent=RSE_SIGMA),
            bd.published.sigma(0.0387, scale="cv", rse_percent=RSE_SIGMA),
        )
        bd.observe("DV", bd.two_compartment(CL=CL, V1=V1, Q=Q, V2=V2), error=error)
    return m
