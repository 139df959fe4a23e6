"""S-warfarin and the INR: CYP2C9 and age on clearance, VKORC1 on sensitivity, two chains.

Hamberg A-K, Dahl M-L, Barban M, et al. A PK-PD model for predicting the impact of age, CYP2C9, and VKORC1
genotype on individualization of warfarin therapy. Clin Pharmacol Ther 2007;81:529-538, as two ports by one
author (reil, HambergPKPD) have it. Half of a dose of the racemate is S-warfarin. Inhibition C^0.424 /
(EC50^0.424 + C^0.424) acts on the inflow of a chain of six compartments (mean transit 11.6 h) and of one
(120 h); INR = baseline + 20 (1 - A6 B)^3.61. What the ports leave open: 0.31, 0.262, 0.991, 0.141, 1.02 and
0.409 are coded as variances, but read as CVs here (a variance of 0.31 would be 60 % in the clearance of one
genotype); 0.0325 is coded as SD of log INR, but read as a variance here (18 %); the ports take 0.09 and 0.30
of log S-warfarin for single doses and for steady state, each the other way round: 0.30 here. The ports
multiply by a bioavailability of 0.9 from a textbook, left out here, and let age act above 71 years alone;
here the line holds at all ages. RSEs are not in the copies: 10 % for thetas, 15 % for what a genotype
leaves of clearance (logit-normal), 20 % for age, 25 % for CVs and 20 % for sigmas are defaults.
"""

import math

import pymc as pm

import bayesdose as bd

RSE, RSE_LEFT, RSE_AGE, RSE_CV, RSE_SIGMA = 10, 15, 20, 25, 20
GAMMA, SLOPE, LARGEST = 0.424, 3.61, 20.0


def steady_inr(daily, EC50, CL):
    """Return the INR under a constant input of racemate (mg/day): C is half of it over CL."""
    c = (daily / 24.0 / 2.0 / CL / EC50) ** GAMMA
    left = 1.0 / (1.0 + c)
    return 1.0 + LARGEST * (1.0 - left**2) ** SLOPE


CARD = bd.Card(
    drug="warfarin",
    title="S-warfarin and the INR, CYP2C9, VKORC1 and age",
    compartments=("depot", "central", "peripheral", "A1", "A2", "A3", "A4", "A5", "A6", "B"),
    covariates=[
        bd.Covariate("AGE", unit="year", reference=71.0, range=(25.0, 90.0), description="age"),
        bd.Covariate(
            "CYP2C9",
            reference=0.0,
            range=(0, 5),
            description="0 *1/*1, 1 *1/*2, 2 *1/*3, 3 *2/*2, 4 *2/*3, 5 *3/*3",
        ),
        bd.Covariate("VKORC1_G", reference=1.0, range=(0, 2), description="number of VKORC1 -1639 G alleles"),
        bd.Covariate("INR0", reference=1.0, range=(0.8, 1.6), description="INR before treatment"),
    ],
    endpoints={1: bd.Endpoint("S-warfarin", "mg/L"), 2: bd.Endpoint("INR")},
    source="doi:10.1038/sj.clpt.6100084",
    population="adults on warfarin (who and how many they were is not in the copies)",
    limitations=(
        "Doses are of the racemate. Scales of all variability are a reading of the copies, not of the paper. "
        "Nothing of diet, adherence or co-medication. Ranges of covariates are an assumption of this spec."
    ),
    not_for="children, reversal with vitamin K, interactions; S-warfarin given alone",
    evidence=bd.Evidence(
        status="unverified",
        against="two ports by one author, which differ in the residual errors; the paper was not seen",
        omega="cv_approximate",
        error="log-normal: 0.30 (S-warfarin), the square root of 0.0325 (INR): a reading, see the spec",
        uncertainty="defaults: RSE 10 % (thetas), 15 % (genotype), 20 % (age), 25 % (CVs), 20 % (sigmas)",
        errata=(
            "0.31, 0.262, 0.991, 0.141, 1.02, 0.409: coded as variances in the ports, read as CVs here",
            "the ports multiply doses by a bioavailability of 0.9 that is not the model's: left out",
            "the ports let age act above 71 years alone; here at all ages",
        ),
    ),
    aims=[
        bd.Aim("INR", 2, 3, source="ACCP 2012 (Holbrook, Chest 141 Suppl 2:e152S), atrial fibrillation"),
        bd.Aim("INR", high=4, harm=True, source="bleeding; clinical practice, to be confirmed"),
    ],
    regimens=("2-10 mg a day, by INR",),
    expected=[
        bd.Expected(
            "auc24",
            value=2.5 / 0.314,
            source="half of 5 mg / 0.314 L/h: S-warfarin of *1/*1 at 71 years",
            regimen="5 mg every 24 h x 90",
            within=5e-3,
        ),
        bd.Expected(
            "auc24",
            value=2.5 / (0.314 * (1 - 0.453) * (1 - 0.0091 * 10)),
            source="*1/*3 at 81 years: 0.314 0.547 0.909",
            regimen="5 mg every 24 h x 120",
            covariates={"CYP2C9": 2.0, "AGE": 81.0},
            within=5e-3,
        ),
        bd.Expected(
            "average",
            value=steady_inr(5.0, 3.02, 0.314),
            source="closed form of a constant input, GA (F halves an infusion's time: 0.13 % of ripple)",
            regimen="5 mg over 24 h every 24 h x 120",
            arguments={"dvid": 2},
            within=5e-3,
        ),
        bd.Expected(
            "average",
            value=steady_inr(3.0, 2.20, 0.314 * (1 - 0.315)),
            source="closed form: 3 mg a day, AA, *1/*2",
            regimen="3 mg over 24 h every 24 h x 120",
            arguments={"dvid": 2},
            covariates={"VKORC1_G": 0.0, "CYP2C9": 1.0},
            within=5e-3,
        ),
        bd.Expected(
            "average",
            value=steady_inr(5.0, 4.61, 0.314),
            source="closed form: 5 mg a day, GG",
            regimen="5 mg over 24 h every 24 h x 120",
            arguments={"dvid": 2},
            covariates={"VKORC1_G": 2.0},
            within=5e-3,
        ),
    ],
    worked=bd.Worked(
        story="A man of 75 years, CYP2C9 *1/*2, VKORC1 GA; 5 mg a day, INR on days 4 and 7.",
        table={
            "TIME": [0.0, 0.0, 96.0, 168.0],
            "AMT": [0.0, 5.0, 0.0, 0.0],
            "II": [0.0, 24.0, 0.0, 0.0],
            "ADDL": [0, 6, 0, 0],
            "DV": [None, None, 1.7, 2.4],
            "DVID": [1, 1, 2, 2],
            "EVID": [2, 1, 0, 0],
            "AGE": 75.0,
            "CYP2C9": 1.0,
            "VKORC1_G": 1.0,
            "INR0": 1.0,
        },
        options="{amount} mg every 24 h for 28 days",
        values={"amount": [1, 2, 3, 4, 5, 6, 8]},
        outcomes={"INR": ("trough", {"dvid": 2})},
        utility={
            "name": "window",
            "outcome": "INR",
            "low": 2,
            "high": 3,
            "harm": "INR",
            "harm_above": 4,
            "harm_weight": 1,
        },
        why="1 for an INR of 2 to 3 after four weeks, 1 lost above 4 (bleeding)",
    ),
)
CHAIN = ("A1", "A2", "A3", "A4", "A5", "A6")


def rhs(t, A, p, m):
    C = m.maximum(A.central / p.V1, 1e-12)
    left = 1.0 / (1.0 + m.exp(GAMMA * (m.log(C) - m.log(p.EC50))))
    kA, out = 6.0 / p.MTT1, p.CL / p.V1 * A.central
    exchange = p.Q * (A.central / p.V1 - A.peripheral / p.V2)
    amounts = [left, A.A1, A.A2, A.A3, A.A4, A.A5, A.A6]
    chain = {name: kA * (amounts[k] - amounts[k + 1]) for k, name in enumerate(CHAIN)}
    return {
        "depot": -p.ka * A.depot,
        "central": p.ka * A.depot - out - exchange,
        "peripheral": exchange,
        **chain,
        "B": (left - A.B) / p.MTT2,
    }


SYSTEM = bd.System(
    rhs,
    states=("depot", "central", "peripheral", *CHAIN, "B"),
    parameters=("ka", "CL", "V1", "Q", "V2", "EC50", "MTT1", "MTT2"),
    dose="depot",
    initial=lambda p, m: dict.fromkeys((*CHAIN, "B"), 1.0),
    rtol=1e-6,
)


def theta(name, value, unit=""):
    return bd.theta(name, bd.published.theta(value, rse_percent=RSE), unit=unit)


def left(name, reduction):
    """Return what a genotype leaves of clearance: logit-normal, so that it stays between 0 and 1."""
    logit = math.log((1.0 - reduction) / reduction)
    error = RSE_LEFT / 100.0 / reduction  # of the logit, by the delta method
    return pm.math.sigmoid(bd.theta(f"{name}_on_logit_CL", bd.published.effect(logit, se=error)))


def model(study):
    """Declare the model on a study."""
    with bd.population_model(study, CARD) as m:
        AGE, CYP2C9, G, INR0 = (bd.covariate(c) for c in ("AGE", "CYP2C9", "VKORC1_G", "INR0"))

        def cv(value):
            return bd.published.omega(value, scale="cv_approximate", rse_percent=RSE_CV)

        omegas = {"CL": cv(0.31), "V1": cv(0.262), "V2": cv(0.991)}
        eta = bd.eta(omegas | {"MTT1": cv(0.141), "MTT2": cv(1.02), "EC50": cv(0.409)})
        reduced = {"x12": 0.315, "x13": 0.453, "x22": 0.722, "x23": 0.69, "x33": 0.852}
        shares = {0: 1.0} | {k: left(name, reduced[name]) for k, name in enumerate(reduced, start=1)}
        fall = bd.theta("AGE_on_CL", bd.published.effect(-0.0091, rse_percent=RSE_AGE))
        old = bd.linear_effect(AGE, 71.0, fall)
        typical = theta("CL", 0.314, "L/h") * bd.categorical_effect(CYP2C9, shares) * old
        CL = bd.parameter("CL", typical, eta["CL"])
        V1 = bd.parameter("V1", theta("V1", 13.8, "L"), eta["V1"])
        V2 = bd.parameter("V2", theta("V2", 6.59, "L"), eta["V2"])
        by_gene = {0: theta("EC50_AA", 2.20, "mg/L"), 1: theta("EC50_GA", 3.02, "mg/L")}
        by_gene |= {2: theta("EC50_GG", 4.61, "mg/L")}
        EC50 = bd.parameter("EC50", bd.categorical_effect(G, by_gene), eta["EC50"])
        MTT1 = bd.parameter("MTT1", theta("MTT1", 11.6, "h"), eta["MTT1"])
        MTT2 = bd.parameter("MTT2", theta("MTT2", 120.0, "h"), eta["MTT2"])
        own = {"CL": CL, "V1": V1, "V2": V2, "EC50": EC50, "MTT1": MTT1, "MTT2": MTT2}
        A = bd.ode(SYSTEM, F={"depot": 0.5}, ka=2.0, Q=theta("Q", 0.131, "L/h"), **own)
        blocked = pm.math.maximum(1.0 - A.A6 * A.B, 1e-9)
        INR = bd.at_observations(INR0) + LARGEST * blocked**SLOPE
        errors = {
            1: bd.log_normal(bd.published.sigma(0.30, scale="sd", rse_percent=RSE_SIGMA)),
            2: bd.log_normal(bd.published.sigma(0.0325**0.5, scale="sd", rse_percent=RSE_SIGMA)),
        }
        bd.observe("DV", {1: A.central / bd.at_observations(V1), 2: INR}, error=errors)
    return m
