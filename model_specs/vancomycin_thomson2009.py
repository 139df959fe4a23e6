"""Vancomycin in adults: a clearance that is linear in creatinine clearance, volumes by weight.

Thomson AH, Staatz CE, Tobin CM, Gall M, Lovering AM. Development and evaluation of vancomycin dosage
guidelines designed to achieve new target concentrations. J Antimicrob Chemother 2009;63:1050-1057, as PKPDsim
transcribes it (pk_vanco_thomson), read twice. PKPDsim takes creatinine clearance in L/h and multiplies by
16.667; here it is in mL/min. Omegas are CVs (27, 15, 49, 130 %) that are the square roots of variances, as
there, with a covariance of 0.01 between CL and V1. Which combined residual error is not said in the copy;
variances that add are assumed. RSEs are not in the copy: 10 % for thetas, 25 % for CVs and 15 % for sigmas
are defaults; 5 % for the slope, which with more could take the clearance at 20 mL/min below 0.
"""

import bayesdose as bd

RSE, RSE_SLOPE, RSE_CV, RSE_SIGMA = 10, 5, 25, 15

CARD = bd.Card(
    drug="vancomycin",
    title="Vancomycin in adults, clearance linear in creatinine clearance",
    compartments=("central", "peripheral"),
    covariates=[
        bd.Covariate("WT", unit="kg", reference=70.0, range=(40.0, 160.0), description="body weight"),
        bd.Covariate(
            "CRCL", unit="mL/min", reference=66.0, range=(20.0, 200.0), description="Cockcroft-Gault, mL/min"
        ),
    ],
    source="doi:10.1093/jac/dkp085",
    population="hospitalised adults, routine levels",
    limitations=(
        "The line 2.99 (1 + 0.0154 (CRCL - 66)) crosses 0 at 1 mL/min: not below 20 mL/min here. Ranges of "
        "covariates are not in the copy; those here are an assumption of this spec."
    ),
    not_for="children, dialysis, creatinine clearance below 20 mL/min",
    evidence=bd.Evidence(
        status="unverified",
        against=(
            "PKPDsim's copy, read twice; PKPDposterior's agrees, but is by the same company; the paper was "
            "not seen"
        ),
        omega="cv_approximate",
        error="combined2 (variances add) is assumed",
        uncertainty="defaults: RSE 10 % (thetas), 5 % (slope), 25 % (CVs), 15 % (sigmas)",
        errata=("PKPDsim's creatinine clearance is in L/h (times 16.667); here mL/min",),
    ),
    aims=[
        bd.Aim("AUC24", 400, 600, "mg*h/L", source="Rybak 2020, Am J Health Syst Pharm 77:835 (MIC 1 mg/L)"),
        bd.Aim("AUC24", high=600, unit="mg*h/L", harm=True, source="Rybak 2020: kidney injury above"),
    ],
    regimens=("load 25-30 mg/kg, then 15-20 mg/kg every 8-12 h over 1-2 h",),
    expected=[
        bd.Expected(
            "auc24",
            value=2000 / 2.99,
            source="2000 mg a day / 2.99 L/h at 66 mL/min",
            regimen="1000 mg over 1 h every 12 h x 8 at steady state",
        ),
        bd.Expected(
            "auc24",
            value=2000 / (2.99 * (1 + 0.0154 * 34)),
            source="at 100 mL/min 2.99 (1 + 0.0154 34) L/h",
            regimen="1000 mg over 1 h every 12 h x 8 at steady state",
            covariates={"CRCL": 100.0},
        ),
        bd.Expected(
            "auc24",
            value=2000 / (2.99 * (1 - 0.0154 * 36)),
            source="at 30 mL/min 2.99 (1 - 0.0154 36) L/h",
            regimen="1000 mg over 1 h every 12 h x 16 at steady state",
            covariates={"CRCL": 30.0},
        ),
        bd.Expected(
            "concentration_at",
            value=1.6560,
            source="48 h after the dose begins, by matrix exponential: terminal half-life 33.3 h",
            regimen="1000 mg over 1 h",
            arguments={"times": [48.0]},
        ),
    ],
    worked=bd.Worked(
        story="A woman of 64 kg, creatinine clearance 45 mL/min; a level before the third dose.",
        table={
            "TIME": [0.0, 0.0, 12.0, 23.5],
            "AMT": [0.0, 1250.0, 750.0, 0.0],
            "RATE": [0.0, 1000.0, 1000.0, 0.0],
            "DV": [None, None, None, 16.4],
            "EVID": [2, 1, 1, 0],
            "WT": 64.0,
            "CRCL": 45.0,
        },
        options="{amount} mg over 1 h every {interval} h for 4 days",
        values={"amount": [250, 500, 750, 1000, 1250], "interval": [12, 24]},
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
        why="1 for an AUC24 of 400 to 600 on the last day, 1 lost above 600 (kidney injury)",
    ),
)


def theta(name, value, unit="", rse=RSE):
    return bd.theta(name, bd.published.theta(value, rse_percent=rse), unit=unit)


def model(study):
    """Declare the model on a study."""
    with bd.population_model(study, CARD) as m:
        WT, CRCL = bd.covariate("WT"), bd.covariate("CRCL")

        def cv(value):
            return bd.published.omega(value, scale="cv_approximate", rse_percent=RSE_CV)

        omegas = {"CL": cv(0.27), "V1": cv(0.15), "Q": cv(0.49), "V2": cv(1.30)}
        eta = bd.eta(omegas, correlation={("CL", "V1"): 0.01 / (0.27 * 0.15)})
        renal = bd.linear_effect(CRCL, 66.0, theta("CRCL_on_CL", 0.0154, rse=RSE_SLOPE))
        CL = bd.parameter("CL", theta("CL", 2.99, "L/h") * renal, eta["CL"])
        V1 = bd.parameter("V1", theta("V1", 0.675) * WT, eta["V1"])
        Q = bd.parameter("Q", theta("Q", 2.28, "L/h"), eta["Q"])
        V2 = bd.parameter("V2", theta("V2", 0.732) * WT, eta["V2"])
        error = bd.combined2(
            bd.published.sigma(1.6, scale="sd", rse_percent=RSE_SIGMA),
            bd.published.sigma(0.15, scale="cv", rse_percent=RSE_SIGMA),
        )
        bd.observe("DV", bd.two_compartment(CL=CL, V1=V1, Q=Q, V2=V2), error=error)
    return m
