"""Gentamicin once a day: clearance proportional to creatinine clearance, volume to weight.

Xuan D, Nicolau DP, Nightingale CH. Population pharmacokinetics of gentamicin in hospitalized patients
receiving once-daily dosing. Int J Antimicrob Agents 2004;23:291-295 (online 2003),
doi:10.1016/j.ijantimicag.2003.07.010, as posologyr transcribes it: micro-constants k12 and k21, omegas as
variances, residual SDs that add. Q = k12 V and V2 = V k12 / k21 here. The variance of V, 0.003, is as
printed. RSEs are not in the copy: 15 % for thetas, 50 % for variances and 15 % for sigmas are defaults.
"""

import bayesdose as bd

RSE, RSE_VARIANCE, RSE_SIGMA = 15, 50, 15

CARD = bd.Card(
    drug="gentamicin",
    title="Gentamicin once a day in adults",
    compartments=("central", "peripheral"),
    covariates=[
        bd.Covariate("WT", unit="kg", reference=70.0, range=(35.0, 150.0), description="body weight"),
        bd.Covariate(
            "CRCL", unit="mL/min", reference=80.0, range=(10.0, 180.0), description="creatinine clearance"
        ),
    ],
    source="doi:10.1016/j.ijantimicag.2003.07.010",
    population="hospitalised adults on once-daily gentamicin",
    limitations="No nonrenal clearance: without kidney function nothing is eliminated.",
    not_for="children, dialysis, endocarditis synergy dosing",
    evidence=bd.Evidence(
        status="unverified",
        against="transcribed once, from posologyr (population_models); the paper was not seen",
        omega="variance",
        error="combined1 (SDs add), as posologyr codes it",
        uncertainty="defaults: RSE 15 % (thetas), 50 % (variances), 15 % (sigmas)",
        errata=("micro-constants k12, k21 in the source: Q = k12 V, V2 = V k12 / k21",),
    ),
    aims=[
        bd.Aim(
            "peak",
            16,
            24,
            "mg/L",
            source="8 to 12 times an MIC of 2 mg/L; clinical practice, to be confirmed",
        ),
        bd.Aim("AUC24", 70, 100, "mg*h/L", source="clinical practice, to be confirmed"),
        bd.Aim("trough", high=1, unit="mg/L", harm=True, source="kidney; clinical practice, to be confirmed"),
    ],
    regimens=("5-7 mg/kg every 24 h over 0.5-1 h",),
    expected=[
        bd.Expected(
            "auc24",
            value=490 / (0.047 * 80),
            source="7 mg/kg of 70 kg / (0.047 L/h per mL/min of 80 mL/min)",
            regimen="490 mg over 0.5 h every 24 h x 3 at steady state",
        ),
        bd.Expected(
            "auc24",
            value=490 / (0.047 * 40),
            source="half the creatinine clearance, twice the AUC: proportional",
            regimen="490 mg over 0.5 h every 24 h x 3 at steady state",
            covariates={"CRCL": 40.0},
        ),
        bd.Expected(
            "concentration_at",
            value=0.53232,
            source="36 h after the dose begins, by matrix exponential: terminal half-life 15.8 h",
            regimen="490 mg over 0.5 h",
            arguments={"times": [36.0]},
        ),
    ],
    worked=bd.Worked(
        story="75 kg, creatinine clearance 55 mL/min; a level 14 h after the first dose.",
        table={
            "TIME": [0.0, 0.0, 14.0],
            "AMT": [0.0, 450.0, 0.0],
            "RATE": [0.0, 900.0, 0.0],
            "DV": [None, None, 2.6],
            "EVID": [2, 1, 0],
            "WT": 75.0,
            "CRCL": 55.0,
        },
        options="{amount} mg over 0.5 h every {interval} h for 6 days",
        values={"amount": [240, 320, 400, 480, 560], "interval": [24, 36, 48]},
        outcomes={"peak": ("peak", {}), "trough": ("trough", {})},
        utility={
            "name": "window",
            "outcome": "peak",
            "low": 16,
            "high": 30,
            "harm": "trough",
            "harm_above": 1,
            "harm_weight": 1,
        },
        why="1 for a peak of 16 to 30 mg/L (MIC 2 mg/L), 1 lost for a trough above 1 mg/L",
    ),
)


def theta(name, value, unit=""):
    return bd.theta(name, bd.published.theta(value, rse_percent=RSE), unit=unit)


def model(study):
    """Declare the model on a study."""
    with bd.population_model(study, CARD) as m:
        WT, CRCL = bd.covariate("WT"), bd.covariate("CRCL")

        def variance(value):
            return bd.published.omega(value, scale="variance", rse_percent=RSE_VARIANCE)

        eta = bd.eta(
            {"CL": variance(0.084), "V": variance(0.003), "k12": variance(0.398), "k21": variance(0.342)}
        )
        CL = bd.parameter("CL", theta("CL_per_CRCL", 0.047) * CRCL, eta["CL"])
        V = bd.parameter("V", theta("V_per_kg", 0.28, "L/kg") * WT, eta["V"])
        k12 = bd.parameter("k12", theta("k12", 0.092, "1/h"), eta["k12"])
        k21 = bd.parameter("k21", theta("k21", 0.071, "1/h"), eta["k21"])
        error = bd.combined1(
            bd.published.sigma(0.23, scale="sd", rse_percent=RSE_SIGMA),
            bd.published.sigma(0.237, scale="cv", rse_percent=RSE_SIGMA),
        )
        bd.observe("DV", bd.two_compartment(CL=CL, V1=V, Q=k12 * V, V2=V * k12 / k21), error=error)
    return m
