"""Mercaptopurine in children with leukaemia: thioguanine and methylmercaptopurine nucleotides, TPMT.

Hawwa AF, Collier PS, Millership JS, et al. Population pharmacokinetic and pharmacogenetic analysis of
6-mercaptopurine in paediatric patients with acute lymphoblastic leukaemia. Br J Clin Pharmacol
2008;66:826-837, Table 4, as nlmixr2lib transcribes it, read twice: 6-mercaptopurine (ka 1.3 /h, F 0.22, k20
0.53 /h, of which 78 % is metabolism: fixed from the literature, not measured) goes to 6-TGN by FM3 and to
6-MMPN by 1 - FM3, in apparent volumes of 1 L of packed red cells. The paper's standard errors are the RSEs
here (FM3 64.1 %, CL 56.8 and 14.2 %, weight of body surface 49.0 %, TPMT 35.9 %; sigmas 17.5 and 19.3 %);
for the variances 0.113 and 0.11 none is in the copy, 50 % is a default. TPMT variants here were
heterozygous (3 children); NUDT15 is not in the model.
"""

import bayesdose as bd

RSE_VARIANCE = 50
KME = 0.78 * 0.53  # 1/h, metabolism's part of the elimination of 6-mercaptopurine

CARD = bd.Card(
    drug="mercaptopurine",
    title="Mercaptopurine in children with leukaemia, TPMT",
    compartments=("depot", "central", "TGN", "MMPN"),
    covariates=[
        bd.Covariate("BSA", unit="m^2", reference=1.0, range=(0.59, 2.0), description="body surface area"),
        bd.Covariate(
            "TPMT", reference=0.0, range=(0, 1), description="1 with a variant of reduced activity (*3A, *3C)"
        ),
    ],
    endpoints={
        1: bd.Endpoint("6-thioguanine nucleotides in red cells", "mg/L"),
        2: bd.Endpoint("6-methylmercaptopurine nucleotides in red cells", "mg/L"),
    },
    source="doi:10.1111/j.1365-2125.2008.03281.x",
    population="19 children of 3 to 17 years in maintenance treatment of lymphoblastic leukaemia",
    limitations=(
        "Three carriers, all heterozygous; mg/L of packed red cells, no conversion to pmol/8e8 cells."
    ),
    not_for=(
        "homozygous variants of TPMT or NUDT15 (CPIC: 10 mg/m2 three times a week, or another drug); "
        "carriers of one NUDT15 variant, who need 30-80 % of the dose (CPIC), are not in the model"
    ),
    evidence=bd.Evidence(
        status="unverified",
        against="nlmixr2lib's copy of Table 4, read twice; the paper was not seen",
        omega="variance",
        error="additive, by metabolite",
        uncertainty="the paper's standard errors; 50 % for variances is a default",
        errata=("apparent volumes of 1 L are a convention: amounts in mg are concentrations in mg/L",),
    ),
    aims=[
        bd.Aim("6-TGN", 235, 450, "pmol/8e8 red cells", source="inflammatory bowel disease; to be confirmed"),
        bd.Aim("6-MMPN", high=5700, unit="pmol/8e8 red cells", harm=True, source="liver; to be confirmed"),
        bd.Aim("neutrophils", low=1.0, unit="1e9/L", harm=True, source="to be confirmed; not in this model"),
    ],
    regimens=("75 mg/m2 a day", "CPIC: intermediate metabolisers 30-80 %, poor 10 mg/m2 three times a week"),
    expected=[
        bd.Expected(
            "auc24",
            value=75 * 0.22 * 0.78 * 0.0191 / 0.00914,
            source="75 mg a day F 0.78 FM3 / CL_TGN, 1 m2",
            regimen="75 mg every 24 h x 3 at steady state",
        ),
        bd.Expected(
            "auc24",
            value=75 * 0.22 * 0.78 * 0.0191 * 2.56 / 0.00914,
            source="a carrier has 2.56 times the 6-TGN",
            regimen="75 mg every 24 h x 3 at steady state",
            covariates={"TPMT": 1.0},
        ),
        bd.Expected(
            "auc24",
            value=75 * 0.22 * 0.78 * (1 - 0.0191) / 0.0228,
            source="6-MMPN: what does not become 6-TGN, / CL_MMPN",
            regimen="75 mg every 24 h x 3 at steady state",
            arguments={"dvid": 2},
        ),
    ],
    worked=bd.Worked(
        story="A girl of 1.1 m2 who carries TPMT *3A; 40 mg a day for four weeks, metabolites on day 28.",
        table={
            "TIME": [0.0, 0.0, 672.0, 672.0],
            "AMT": [0.0, 40.0, 0.0, 0.0],
            "II": [0.0, 24.0, 0.0, 0.0],
            "ADDL": [0, 27, 0, 0],
            "DV": [None, None, 1.6, 9.0],
            "DVID": [1, 1, 1, 2],
            "EVID": [2, 1, 0, 0],
            "BSA": 1.1,
            "TPMT": 1.0,
        },
        options="{amount} mg every 24 h for 28 days",
        values={"amount": [10, 20, 30, 40, 50, 62.5, 75, 87.5]},
        outcomes={"TGN": ("trough", {}), "MMPN": ("trough", {"dvid": 2})},
        utility={
            "name": "window",
            "outcome": "TGN",
            "low": 1.0,
            "high": 2.0,
            "harm": "TGN",
            "harm_above": 3.0,
            "harm_weight": 2,
        },
        why="an example's own numbers: 1 for 6-TGN of 1 to 2 mg/L of red cells, 2 lost above 3 (marrow)",
    ),
)


def theta(name, value, rse, unit=""):
    return bd.theta(name, bd.published.theta(value, rse_percent=rse), unit=unit)


def model(study):
    """Declare the model on a study."""
    with bd.population_model(study, CARD) as m:
        BSA, TPMT = bd.covariate("BSA"), bd.covariate("TPMT")

        def variance(value):
            return bd.published.omega(value, scale="variance", rse_percent=RSE_VARIANCE)

        eta = bd.eta({"CL_TGN": variance(0.113), "CL_MMPN": variance(0.110)})
        carrier = bd.categorical_effect(TPMT, {0: 1.0, 1: theta("TPMT_on_FM3", 2.56, 35.9)})
        FM3 = bd.parameter("FM3", theta("FM3", 0.0191, 64.1) * carrier)
        size = bd.allometric(BSA, 1.0, theta("BSA_on_CL_TGN", 1.16, 49.0))
        CL_TGN = bd.parameter("CL_TGN", theta("CL_TGN", 0.00914, 56.8, "L/h") * size, eta["CL_TGN"])
        CL_MMPN = bd.parameter("CL_MMPN", theta("CL_MMPN", 0.0228, 14.2, "L/h"), eta["CL_MMPN"])
        flows = {
            "depot -> central": 1.3,
            "central -> TGN": FM3 * KME,
            "central -> MMPN": (1.0 - FM3) * KME,
            "central ->": 0.53 - KME,
            "TGN ->": CL_TGN,
            "MMPN ->": CL_MMPN,
        }
        A = bd.linear(flows, dose="depot", F=0.22)
        errors = {
            1: bd.additive(bd.published.sigma(0.177, scale="sd", rse_percent=17.5)),
            2: bd.additive(bd.published.sigma(8.42, scale="sd", rse_percent=19.3)),
        }
        bd.observe("DV", {1: A.TGN, 2: A.MMPN}, error=errors)
    return m
