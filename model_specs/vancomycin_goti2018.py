"""Vancomycin in adults with or without haemodialysis: clearance follows creatinine clearance.

Goti V, Chaturvedula A, Fossler MJ, Mok S, Jacob JT. Hospitalized patients with and without hemodialysis
have markedly different vancomycin pharmacokinetics: a population pharmacokinetic model-based analysis. Ther
Drug Monit 2018;40:212-221, with the erratum of 2019 (PMID 31306395): creatinine counts as at least 1 mg/dL
above 65 years (the article says 60). Public transcriptions (posologyr, PKPDsim, nlmixr2lib) agree on every
theta. Omegas: the paper's CVs, 39.8, 81.6 and 57.1 %, read as exact (omega^2 = log(1 + CV^2)) as posologyr
and nlmixr2lib do; PKPDsim reads them as approximate and puts another residual error (19.7 %, 1.42 mg/L) in
the place of the paper's 22.7 % and 3.4 mg/L. The RSEs are in no copy: 15 % for thetas, 25 % for CVs and 15 %
for sigmas are defaults.
"""

import pymc as pm

import bayesdose as bd

RSE, RSE_CV, RSE_SIGMA = 15, 25, 15

CARD = bd.Card(
    drug="vancomycin",
    title="Vancomycin in adults, clearance by creatinine clearance, haemodialysis as a covariate",
    units=bd.Units(time="h", amount="mg", concentration="mg/L"),
    compartments=("central", "peripheral"),
    covariates=[
        bd.Covariate("WT", unit="kg", reference=70.0, range=(30.0, 200.0), description="body weight"),
        bd.Covariate("AGE", unit="year", reference=60.0, range=(18.0, 100.0), description="age"),
        bd.Covariate("FEMALE", reference=0.0, range=(0, 1), description="1 female, 0 male"),
        bd.Covariate("SCR", unit="mg/dL", reference=1.0, range=(0.2, 15.0), description="serum creatinine"),
        bd.Covariate("DIAL", reference=0.0, range=(0, 1), description="1 on intermittent haemodialysis"),
    ],
    source="doi:10.1097/FTD.0000000000000490",
    population="hospitalised adults with and without haemodialysis, routine levels",
    limitations=(
        "Dialysis is a covariate of the patient, not a session: no clearance by hours on the machine. "
        "Cockcroft-Gault takes the actual weight."
    ),
    not_for="children, continuous renal replacement, a supplement after a dialysis session",
    evidence=bd.Evidence(
        status="verified",
        against=(
            "thetas and the equations of CL and V1: three public transcriptions agree (posologyr, PKPDsim, "
            "nlmixr2lib); omegas and sigmas: posologyr and nlmixr2lib agree, PKPDsim differs; the erratum is "
            "in PKPDsim alone"
        ),
        omega="cv",
        error="combined1 (SDs add), as posologyr codes it; the form is not in PKPDsim",
        uncertainty="defaults: RSE 15 % (thetas), 25 % (CVs), 15 % (sigmas)",
        errata=(
            "creatinine at least 1 mg/dL above 65 years (erratum), not above 60 (article)",
            "PKPDsim takes CV^2 as variance and a smaller residual error; here the paper's",
            "nlmixr2lib scales V2 by weight / 70 after a sentence of the methods; the others do not",
        ),
    ),
    aims=[
        bd.Aim("AUC24", 400, 600, "mg*h/L", source="Rybak 2020, Am J Health Syst Pharm 77:835 (MIC 1 mg/L)"),
        bd.Aim("AUC24", high=600, unit="mg*h/L", harm=True, source="Rybak 2020: kidney injury above"),
    ],
    regimens=(
        "load 25-30 mg/kg, then 15-20 mg/kg every 8-12 h over 1-2 h",
        "haemodialysis: 500-1000 mg after each session",
    ),
    expected=[
        bd.Expected(
            "auc24",
            value=628.75,
            source=(
                "2000 mg / (4.5 L/h (77.78/120)^0.8): Cockcroft-Gault of 60 years, 70 kg, 1 mg/dL is 77.78"
            ),
            regimen="1000 mg over 1 h every 12 h x 4 at steady state",
        ),
        bd.Expected(
            "auc24",
            value=669.21,
            source="2000 mg / (4.5 L/h (71.94/120)^0.8): at 66 years 0.8 mg/dL counts as 1 (erratum)",
            regimen="1000 mg over 1 h every 12 h x 4 at steady state",
            covariates={"AGE": 66.0, "SCR": 0.8},
        ),
        bd.Expected(
            "auc24",
            value=536.72,
            source="2000 mg / (4.5 L/h (94.79/120)^0.8): at 62 years 0.8 mg/dL stays (erratum; article: 60)",
            regimen="1000 mg over 1 h every 12 h x 4 at steady state",
            covariates={"AGE": 62.0, "SCR": 0.8},
        ),
        bd.Expected(
            "concentration_at",
            value=2.0609,
            source="48 h after the dose begins, by matrix exponential: terminal half-life 22.9 h",
            regimen="1000 mg over 1 h",
            arguments={"times": [48.0]},
        ),
    ],
    worked=bd.Worked(
        story="A man of 68 years, 82 kg, creatinine 1.3 mg/dL; a level before the third dose.",
        table={
            "TIME": [0.0, 0.0, 12.0, 23.5],
            "AMT": [0.0, 1500.0, 1000.0, 0.0],
            "RATE": [0.0, 1000.0, 1000.0, 0.0],
            "DV": [None, None, None, 17.2],
            "EVID": [2, 1, 1, 0],
            "WT": 82.0,
            "AGE": 68.0,
            "FEMALE": 0.0,
            "SCR": 1.3,
            "DIAL": 0.0,
        },
        options="{amount} mg over 1 h every {interval} h for 4 days",
        values={"amount": [500, 750, 1000, 1250, 1500], "interval": [12, 24]},
        outcomes={"auc": ("auc24", {}), "trough": ("trough", {})},
        utility={
            "name": "window",
            "outcome": "auc",
            "low": 400,
            "high": 600,
            "harm": "auc",
            "harm_above": 600,
            "harm_weight": 1,
        },
        why="1 for an AUC24 of 400 to 600 on the last day, 1 lost above 600 (kidney injury)",
    ),
)


def model(study):
    """Declare the model on a study."""
    with bd.population_model(study, CARD) as m:
        WT, AGE, FEMALE, SCR, DIAL = (bd.covariate(c) for c in ("WT", "AGE", "FEMALE", "SCR", "DIAL"))
        old_and_low = (AGE > 65.0) & (SCR < 1.0)
        creatinine = pm.math.switch(old_and_low, 1.0, SCR)
        CRCL = bd.renal.cockcroft_gault(
            age_years=AGE, weight_kg=WT, creatinine_mg_dl=creatinine, female=FEMALE
        )
        CRCL = pm.math.minimum(CRCL, 150.0)

        def cv(value):
            return bd.published.omega(value, scale="cv", rse_percent=RSE_CV)

        def theta(name, value, unit=""):
            return bd.theta(name, bd.published.theta(value, rse_percent=RSE), unit=unit)

        eta = bd.eta({"CL": cv(0.398), "V1": cv(0.816), "V2": cv(0.571)})
        renal = bd.power_effect(CRCL, 120.0, theta("CRCL_on_CL", 0.8))
        dialysed = bd.categorical_effect(DIAL, {0: 1.0, 1: theta("DIAL_on_CL", 0.7)})
        CL = bd.parameter("CL", theta("CL", 4.5, "L/h") * renal * dialysed, eta["CL"])
        smaller = bd.categorical_effect(DIAL, {0: 1.0, 1: theta("DIAL_on_V1", 0.5)})
        V1 = bd.parameter("V1", theta("V1", 58.4, "L") * (WT / 70.0) * smaller, eta["V1"])
        V2 = bd.parameter("V2", theta("V2", 38.4, "L"), eta["V2"])
        Q = bd.parameter("Q", theta("Q", 6.5, "L/h"))
        error = bd.combined1(
            bd.published.sigma(3.4, scale="sd", rse_percent=RSE_SIGMA),
            bd.published.sigma(0.227, scale="cv", rse_percent=RSE_SIGMA),
        )
        bd.observe("DV", bd.two_compartment(CL=CL, V1=V1, Q=Q, V2=V2), error=error)
    return m
