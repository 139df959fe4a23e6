"""Fluorouracil by continuous infusion, its metabolite, and white cells after Friberg.

Arshad U, Ploylearmsaeng S, Karlsson MO, et al. Prediction of exposure-driven myelotoxicity of continuous
infusion 5-fluorouracil by a semi-physiological pharmacokinetic-pharmacodynamic model in gastrointestinal
cancer patients. Cancer Chemother Pharmacol 2020;85:711-722, Table 3 (bootstrap medians), as nlmixr2lib
transcribes it, read twice; CVs exact (23.0, 145, 28.9, 59.6 and 16.4 %), residual variances 0.32, 0.14 and
0.08. White cells: Friberg LE, Henningsson A, Maas H, Nguyen L, Karlsson MO. J Clin Oncol 2002;20:4713: ktr
= 4 / MTT, three transits, feedback exponent 0.17 (fixed). The slope without cisplatin is that of patients
who had radiotherapy. DPYD is not in the paper: an activity score of 1 or 1.5 halves the clearance, as CPIC
halves the start dose at both (Amstutz 2018, Clin Pharmacol Ther 103:210, in its revision of November 2018):
an assumption of this spec, with an RSE of 30 %. RSEs are not in the copy: 15 % for thetas, 25 % for CVs and
30 % for variances are defaults.
"""

import bayesdose as bd

RSE, RSE_CV, RSE_VARIANCE = 15, 25, 30

CARD = bd.Card(
    drug="fluorouracil",
    title="Fluorouracil by infusion, white cells, DPYD",
    compartments=("central", "peripheral", "FUH2", "stem", "T1", "T2", "T3", "WBC"),
    covariates=[
        bd.Covariate("BSA", unit="m^2", reference=1.95, range=(1.48, 2.33), description="body surface area"),
        bd.Covariate("CISPLATIN", reference=0.0, range=(0, 1), description="1 with cisplatin"),
        bd.Covariate("DPYD", reference=2.0, codes=(1.0, 1.5, 2.0), description="DPYD activity score"),
    ],
    endpoints={
        2: bd.Endpoint("5-fluoro-5,6-dihydrouracil", "mg/L"),
        3: bd.Endpoint("white cells", "1e9/L"),
    },
    source="doi:10.1007/s00280-019-04028-5",
    population="30 adults with gastrointestinal cancer, 650-1000 mg/m2 a day for 5 days, first cycle",
    limitations=(
        "White cells, not neutrophils (their limit is 1e9/L; that of neutrophils, 0.5, cannot be asked for); "
        "first cycle; the slope without cisplatin is with radiotherapy; effect of DPYD by assumption."
    ),
    not_for="DPYD scores of 0 and 0.5 (CPIC: avoid), capecitabine, bolus regimens",
    evidence=bd.Evidence(
        status="unverified",
        against="nlmixr2lib's copy of Table 3, read twice; the paper was not seen",
        omega="cv",
        error="proportional, by kind of level; variances printed",
        uncertainty="defaults: RSE 15 % (thetas), 25 % (CVs), 30 % (residual variances, effect of DPYD)",
        errata=(
            "bootstrap medians, which the paper's text and figure use, not the NONMEM estimates",
            "DPYD: the scores 1 and 1.5 both start at half the dose (CPIC 2018 revised; before 75 % at 1.5)",
        ),
    ),
    aims=[
        bd.Aim("AUC of a 46 h cycle", 20, 30, "mg*h/L", source="Kaldate 2012; to be confirmed"),
        bd.Aim("AUC of a 46 h cycle", high=30, unit="mg*h/L", harm=True, source="to be confirmed"),
        bd.Aim("white cells", low=1, unit="1e9/L", harm=True, source="CTCAE grade 4 leukopenia"),
    ],
    regimens=("650-1000 mg/m2 a day for 5 days", "2400 mg/m2 over 46 h every 2 weeks"),
    expected=[
        bd.Expected(
            "auc",
            value=4680 / 249,
            source="2400 mg/m2 of 1.95 m2 / 249 L/h",
            regimen="4680 mg over 46 h",
            arguments={"start": 0.0, "end": 336.0},
        ),
        bd.Expected(
            "auc",
            value=4680 / (249 * 0.5),
            source="DPYD score 1: half the clearance (assumed), twice the AUC",
            regimen="4680 mg over 46 h",
            arguments={"start": 0.0, "end": 336.0},
            covariates={"DPYD": 1.0},
        ),
        bd.Expected(
            "auc",
            value=4680 / (249 * 0.5),
            source="DPYD score 1.5: half the clearance too (CPIC 2018, revised)",
            regimen="4680 mg over 46 h",
            arguments={"start": 0.0, "end": 336.0},
            covariates={"DPYD": 1.5},
        ),
        bd.Expected(
            "minimum",
            value=4.0856,
            source="nadir of white cells by another solver (LSODA), 1000 mg/m2 a day for 5 days, on day 23",
            regimen="9750 mg over 120 h",
            arguments={"start": 0.0, "end": 1500.0, "dvid": 3},
        ),
        bd.Expected(
            "minimum",
            value=2.0216,
            source="LSODA: the same with cisplatin, on day 24",
            regimen="9750 mg over 120 h",
            arguments={"start": 0.0, "end": 1500.0, "dvid": 3},
            covariates={"CISPLATIN": 1.0},
        ),
        bd.Expected(
            "auc",
            value=0.85 * 4680 / 121,
            source="85 % becomes the metabolite, 121 L/h",
            regimen="4680 mg over 46 h",
            arguments={"start": 0.0, "end": 336.0, "dvid": 2},
        ),
        bd.Expected(
            "concentration_at",
            value=6.86,
            source="white cells before treatment",
            regimen="4680 mg over 46 h",
            arguments={"times": [0.0], "dvid": 3},
        ),
    ],
    worked=bd.Worked(
        story=(
            "1.8 m2, DPYD score 1.5; 1000 mg/m2 a day for 5 days, levels at 24 h and 48 h, white cells on "
            "day 10."
        ),
        table={
            "TIME": [0.0, 0.0, 24.0, 48.0, 240.0],
            "AMT": [0.0, 9000.0, 0.0, 0.0, 0.0],
            "RATE": [0.0, 75.0, 0.0, 0.0, 0.0],
            "DV": [None, None, 0.45, 0.40, 4.1],
            "DVID": [1, 1, 1, 1, 3],
            "EVID": [2, 1, 0, 0, 0],
            "BSA": 1.8,
            "CISPLATIN": 0.0,
            "DPYD": 1.5,
        },
        options="{amount} mg/m2 over 46 h every 14 days x 1",
        values={"amount": [1200, 1800, 2400, 3000]},
        outcomes={"auc": ("auc", {"after_dose": -1})},
        utility={
            "name": "window",
            "outcome": "auc",
            "low": 20,
            "high": 30,
            "harm": "auc",
            "harm_above": 30,
            "harm_weight": 1,
        },
        why="1 for an AUC of 20 to 30 mg*h/L in the cycle, 1 lost above 30",
    ),
)


def rhs(t, A, p, m):
    C = A.central / p.V1
    ktr = 4.0 / p.MTT
    feedback = m.exp(p.gamma * (m.log(p.WBC0) - m.log(m.maximum(A.WBC, 1e-6))))
    return {
        "central": -p.CL / p.V1 * A.central - p.Q * (C - A.peripheral / p.V2),
        "peripheral": p.Q * (C - A.peripheral / p.V2),
        "FUH2": 0.85 * p.CL * C - p.CLm / p.Vm * A.FUH2,
        "stem": ktr * A.stem * ((1.0 - p.slope * C) * feedback - 1.0),
        "T1": ktr * (A.stem - A.T1),
        "T2": ktr * (A.T1 - A.T2),
        "T3": ktr * (A.T2 - A.T3),
        "WBC": ktr * (A.T3 - A.WBC),
    }


CELLS = ("stem", "T1", "T2", "T3", "WBC")
SYSTEM = bd.System(
    rhs,
    states=("central", "peripheral", "FUH2", *CELLS),
    parameters=("CL", "V1", "Q", "V2", "CLm", "Vm", "WBC0", "MTT", "slope", "gamma"),
    dose="central",
    initial=lambda p, m: dict.fromkeys(CELLS, p.WBC0),
    rtol=1e-6,
)


def theta(name, value, unit=""):
    return bd.theta(name, bd.published.theta(value, rse_percent=RSE), unit=unit)


def model(study):
    """Declare the model on a study."""
    with bd.population_model(study, CARD) as m:
        BSA, CISPLATIN, DPYD = (bd.covariate(c) for c in ("BSA", "CISPLATIN", "DPYD"))

        def cv(value):
            return bd.published.omega(value, scale="cv", rse_percent=RSE_CV)

        eta = bd.eta({"CL": cv(0.230), "V1": cv(1.45), "CLm": cv(0.289), "Vm": cv(0.596), "WBC0": cv(0.164)})
        size = bd.linear_effect(BSA, 1.95, bd.theta("BSA_on_CL", bd.published.effect(0.77, rse_percent=RSE)))
        half = bd.theta("DPYD_on_CL", bd.published.theta(0.5, rse_percent=30))
        DPD = bd.categorical_effect(DPYD, {1.0: half, 1.5: half, 2.0: 1.0})
        CL = bd.parameter("CL", theta("CL", 249.0, "L/h") * size * DPD, eta["CL"])
        V1 = bd.parameter("V1", theta("V1", 5.56, "L"), eta["V1"])
        Q = bd.parameter("Q", theta("Q", 14.8, "L/h"))
        V2 = bd.parameter("V2", theta("V2", 28.5, "L"))
        CLm = bd.parameter("CLm", theta("CLm", 121.0, "L/h") * size, eta["CLm"])
        Vm = bd.parameter("Vm", theta("Vm", 96.7, "L"), eta["Vm"])
        WBC0 = bd.parameter("WBC0", theta("WBC0", 6.86), eta["WBC0"])
        MTT = bd.parameter("MTT", theta("MTT", 281.0, "h"))
        slopes = {0: theta("slope", 1.17, "L/mg"), 1: theta("slope_cisplatin", 2.82, "L/mg")}
        slope = bd.parameter("slope", bd.categorical_effect(CISPLATIN, slopes))
        A = bd.ode(
            SYSTEM, CL=CL, V1=V1, Q=Q, V2=V2, CLm=CLm, Vm=Vm, WBC0=WBC0, MTT=MTT, slope=slope, gamma=0.17
        )

        def residual(variance):
            return bd.proportional(bd.published.sigma(variance, scale="variance", rse_percent=RSE_VARIANCE))

        levels = {1: A.central / bd.at_observations(V1), 2: A.FUH2 / bd.at_observations(Vm), 3: A.WBC}
        bd.observe("DV", levels, error={1: residual(0.32), 2: residual(0.14), 3: residual(0.08)})
    return m
