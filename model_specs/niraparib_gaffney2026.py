"""Niraparib: three compartments, a chain of transit compartments; weight and platelets do not change the AUC.

Gaffney A, Franchetti Y, Desrosiers M, Trame MN, Jewell RC. Population pharmacokinetic modeling of niraparib
to assess different absorption models. J Clin Pharmacol 2026;66:e70210, Table 3, as nlmixr2lib transcribes
it, read twice, with the paper's RSEs; CVs are exact (table note). The paper's own ratios of AUC are what
the gate expects: albumin 31 g/L 1.21, 47 g/L 0.89; creatinine clearance 44.3 mL/min 1.20, 147.4 0.85;
alkaline phosphatase 211.8 U/L 1.07. The discussion quotes Q1 as 43.5, the table 43.8 L/h: the table's.
Residual error (of the logarithm) of the study TABLET, nearly half of the data: its RSE is 0.3 % there and 1 %
here. The label's start dose by
weight and platelets rests on effects, not on exposure: see niraparib_platelets (synthetic).
"""

import bayesdose as bd

AUC = 1000 * 300 / 15.9  # of 300 mg a day at the references, ug*h/L

CARD = bd.Card(
    drug="niraparib",
    title="Niraparib, exposure",
    units=bd.Units(time="h", amount="ug", concentration="ug/L"),
    compartments=("depot", "transit1", "transit2", "central", "peripheral", "deep"),
    covariates=[
        bd.Covariate("WT", unit="kg", reference=70.0, range=(35.0, 180.0), description="body weight"),
        bd.Covariate("ALB", unit="g/L", reference=40.0, range=(17.0, 79.0), description="serum albumin, g/L"),
        bd.Covariate(
            "ALP", unit="U/L", reference=83.0, range=(0.9, 1814.0), description="alkaline phosphatase"
        ),
        bd.Covariate(
            "CRCL", unit="mL/min", reference=82.37, range=(27.0, 299.0), description="creatinine clearance"
        ),
        bd.Covariate("FED", reference=0.0, range=(0, 1), description="1 with food, 0 fasted or unknown"),
    ],
    source="doi:10.1002/jcph.70210",
    population="1686 adults with solid tumours, most with ovarian cancer, of six studies",
    limitations=(
        "CL and volumes are apparent; ug/L is ng/mL, doses in ug; food is a covariate of the patient."
    ),
    not_for="choosing the start dose by weight or platelets: these act on effects, which are not in it",
    evidence=bd.Evidence(
        status="unverified",
        against=(
            "nlmixr2lib's copy of Table 3, read twice; the paper's AUC ratios, quoted there, test the three "
            "exponents of CL alone; the paper was not seen"
        ),
        omega="cv",
        error="additive on the logarithm, by study; here that of TABLET",
        uncertainty="the paper's RSEs; that of sigma (0.3 %) is taken as 1 %",
        errata=("Q1 is 43.8 L/h in Table 3 and 43.5 in the discussion: the table's",),
    ),
    aims=[
        bd.Aim("platelets", low=100, unit="1e9/L", harm=True, source="label: hold below; not in this model"),
        bd.Aim("platelets", low=50, unit="1e9/L", harm=True, source="grade 3 below; not in this model"),
    ],
    regimens=(
        "200 mg a day below 77 kg or 150e9 platelets/L, else 300 mg a day (label)",
        "200 mg a day in moderate hepatic impairment (label)",
    ),
    expected=[
        bd.Expected("auc24", AUC, "300 mg / 15.9 L/h", "300 mg every 24 h x 2 at steady state"),
        bd.Expected(
            "auc24",
            1.21 * AUC,
            "ratio in the paper: albumin 3.1 g/dL",
            "300 mg every 24 h x 2 at steady state",
            covariates={"ALB": 31.0},
            within=5e-3,
        ),
        bd.Expected(
            "auc24",
            0.89 * AUC,
            "ratio in the paper: albumin 4.7 g/dL",
            "300 mg every 24 h x 2 at steady state",
            covariates={"ALB": 47.0},
            within=5e-3,
        ),
        bd.Expected(
            "auc24",
            1.20 * AUC,
            "ratio in the paper: 44.3 mL/min",
            "300 mg every 24 h x 2 at steady state",
            covariates={"CRCL": 44.3},
            within=5e-3,
        ),
        bd.Expected(
            "auc24",
            0.85 * AUC,
            "ratio in the paper: 147.4 mL/min",
            "300 mg every 24 h x 2 at steady state",
            covariates={"CRCL": 147.4},
            within=6e-3,
        ),
        bd.Expected(
            "auc24",
            1.07 * AUC,
            "ratio in the paper: 211.8 U/L",
            "300 mg every 24 h x 2 at steady state",
            covariates={"ALP": 211.8},
            within=5e-3,
        ),
        bd.Expected(
            "auc24",
            AUC,
            "weight does not change the AUC",
            "300 mg every 24 h x 2 at steady state",
            covariates={"WT": 50.0},
        ),
        bd.Expected(
            "auc24",
            1.236 * AUC,
            "with food 1.236 times",
            "300 mg every 24 h x 2 at steady state",
            covariates={"FED": 1.0},
        ),
    ],
    worked=bd.Worked(
        story="A woman of 60 kg, albumin 36 g/L, 70 mL/min, on 200 mg a day; a trough on day 15.",
        table={
            "TIME": [0.0, 0.0, 336.0],
            "AMT": [0.0, 200000.0, 0.0],
            "II": [0.0, 24.0, 0.0],
            "ADDL": [0, 13, 0],
            "DV": [None, None, 520.0],
            "EVID": [2, 1, 0],
            "WT": 60.0,
            "ALB": 36.0,
            "ALP": 90.0,
            "CRCL": 70.0,
            "FED": 0.0,
        },
        options="{amount} mg every 24 h for 14 days",
        values={"amount": [100, 200, 300]},
        outcomes={"auc": ("auc24", {})},
        utility={"name": "target", "outcome": "auc", "target": 18000, "loss": "log-squared"},
        why="as near as can be, in ratio, to the typical AUC24 of 300 mg a day",
        complete=("amount",),
    ),
)


def theta(name, value, rse, unit=""):
    return bd.theta(name, bd.published.theta(value, rse_percent=rse), unit=unit)


def model(study):
    """Declare the model on a study."""
    with bd.population_model(study, CARD) as m:
        WT, ALB, ALP, CRCL, FED = (bd.covariate(c) for c in ("WT", "ALB", "ALP", "CRCL", "FED"))

        def cv(value, rse):
            return bd.published.omega(value, scale="cv", rse_percent=rse)

        def power(x, reference, name, value, rse):
            return bd.power_effect(x, reference, bd.theta(name, bd.published.effect(value, rse_percent=rse)))

        eta = bd.eta(
            {
                "CL": cv(0.240, 3.2),
                "V1": cv(0.239, 5.8),
                "MTT": cv(0.561, 2.2),
                "V3": cv(0.538, 6.7),
                "F": cv(0.338, 2.8),
            }
        )
        cleared = (
            power(ALB, 40.0, "ALB_on_CL", 0.742, 11.8)
            * power(ALP, 83.0, "ALP_on_CL", -0.074, 18.4)
            * power(CRCL, 82.37, "CRCL_on_CL", 0.287, 8.9)
        )
        CL = bd.parameter("CL", theta("CL", 15.9, 1.3, "L/h") * cleared, eta["CL"])
        wide = power(ALB, 40.0, "ALB_on_V1", 0.363, 28.6) * power(WT, 70.0, "WT_on_V1", 0.577, 11.7)
        V1 = bd.parameter("V1", theta("V1", 450.0, 2.6, "L") * wide, eta["V1"])
        Q2 = bd.parameter("Q2", theta("Q2", 43.8, 5.4, "L/h"))
        V2 = bd.parameter("V2", theta("V2", 395.0, 3.2, "L") * power(ALB, 40.0, "ALB_on_V2", 1.02, 13.7))
        Q3 = bd.parameter("Q3", theta("Q3", 2.19, 6.1, "L/h"))
        V3 = bd.parameter("V3", theta("V3", 361.0, 4.8, "L"), eta["V3"])
        slower = 1.0 + theta("FED_on_MTT", 1.15, 2.7) * FED
        MTT = bd.parameter("MTT", theta("MTT", 1.78, 2.4, "h") * slower, eta["MTT"])
        F = bd.parameter("F", 1.0 + theta("FED_on_F", 0.236, 9.6) * FED, eta["F"])
        flows = {
            "depot -> transit1": 3.0 / MTT,
            "transit1 -> transit2": 3.0 / MTT,
            "transit2 -> central": 3.0 / MTT,
            "central ->": CL / V1,
            "central -> peripheral": Q2 / V1,
            "peripheral -> central": Q2 / V2,
            "central -> deep": Q3 / V1,
            "deep -> central": Q3 / V3,
        }
        A = bd.linear(flows, dose="depot", F=F)
        sigma = bd.published.sigma(0.324, scale="sd", rse_percent=1.0)
        bd.observe("DV", A.central / bd.at_observations(V1), error=bd.log_normal(sigma))
    return m
