"""Phenytoin in critically ill children: the free drug, and what albumin binds.

Hennig S, Norris R, Tu Q, et al. Population pharmacokinetics of phenytoin in critically ill children. J Clin
Pharmacol 2015;55:355-364, Table 2, as nlmixr2lib transcribes it, read twice. The source lets free drug (V2)
and plasma albumin's pool (V3, fixed) equilibrate with a half-life of 0.4 s, which a solver would find
stiff; at equilibrium both pools have the free concentration, so that the free drug has one volume V2 + V3,
and the bound concentration is PUB times the free one. Omegas: CVs that are the square root of the variance
(47.7, 84.7, 180.8 and 9.9 %), and a variance of 3.30 of logit F. The residual errors share a term (17.4 %)
between the two assays, which is not kept: each has the total of its own (22.1 and 20.2 %). RSEs are not in
the copy: 10 % for thetas, 40 % for variances and 15 % for sigmas are defaults.
"""

import bayesdose as bd

RSE, RSE_CV, RSE_SIGMA = 10, 20, 15

CARD = bd.Card(
    drug="phenytoin",
    title="Phenytoin in critically ill children, free and bound to albumin",
    compartments=("depot", "central"),
    covariates=[
        bd.Covariate(
            "WT",
            unit="kg",
            reference=70.0,
            range=(4.0, 80.0),
            varies=True,
            carry="locf",
            description="body weight",
        ),
        bd.Covariate(
            "ALB",
            unit="g/L",
            reference=35.0,
            range=(11.0, 48.0),
            varies=True,
            carry="locf",
            description="serum albumin, g/L",
        ),
    ],
    endpoints={1: bd.Endpoint("free phenytoin", "mg/L"), 2: bd.Endpoint("bound phenytoin", "mg/L")},
    source="doi:10.1002/jcph.417",
    population="32 critically ill children of 1 month to 17 years",
    limitations=(
        "Linear: no saturation of elimination (see phenytoin_yukawa1990). Total is free plus bound. Albumin "
        "and weight change over time, as in the paper; the last value is carried forward."
    ),
    not_for="adults, doses at which elimination saturates, fosphenytoin in its own mg",
    evidence=bd.Evidence(
        status="unverified",
        against="nlmixr2lib's copy of Table 2, read twice; the paper was not seen",
        omega="cv_approximate",
        error="proportional by assay; the common term of both is not kept",
        uncertainty="defaults: RSE 10 % (thetas), 20 % (CVs), 15 % (sigmas)",
        errata=("the IIV of F is printed as 87.7 % after transformation; the variance of logit F is 3.30",),
    ),
    aims=[
        bd.Aim("free concentration", 1, 2, "mg/L", source="clinical practice, to be confirmed"),
        bd.Aim("free concentration", high=2, unit="mg/L", harm=True, source="clinical practice"),
    ],
    regimens=("load 18-20 mg/kg into a vein, then 5 mg/kg a day",),
    expected=[
        bd.Expected(
            "auc24",
            value=300 / 14.0,
            source="300 mg a day into a vein / 14 L/h: the free drug's AUC",
            regimen="100 mg over 0.5 h into central every 8 h x 6 at steady state",
        ),
        bd.Expected(
            "auc24",
            value=8.23 * 300 / 14.0,
            source="bound is 8.23 times free at 35 g/L",
            regimen="100 mg over 0.5 h into central every 8 h x 6 at steady state",
            arguments={"dvid": 2},
        ),
        bd.Expected(
            "auc24",
            value=8.23 * (1 - 0.00737 * 15) * 300 / 14.0,
            source="albumin 20 g/L: 8.23 (1 + 0.00737 (20 - 35))",
            regimen="100 mg over 0.5 h into central every 8 h x 6 at steady state",
            arguments={"dvid": 2},
            covariates={"ALB": 20.0},
        ),
        bd.Expected(
            "auc24",
            value=0.63 * 300 / 14.0,
            source="by mouth 63 % of it",
            regimen="100 mg every 8 h x 6 at steady state",
        ),
    ],
    worked=bd.Worked(
        story="A child of 25 kg, albumin 24 g/L; 450 mg by vein, then 60 mg twice; free and bound at 28 h.",
        table={
            "TIME": [0.0, 0.0, 12.0, 24.0, 28.0, 28.0],
            "AMT": [0.0, 450.0, 60.0, 60.0, 0.0, 0.0],
            "RATE": [0.0, 900.0, 120.0, 120.0, 0.0, 0.0],
            "CMT": [2, 2, 2, 2, 2, 2],
            "DV": [None, None, None, None, 1.1, 8.2],
            "DVID": [1, 1, 1, 1, 1, 2],
            "EVID": [2, 1, 1, 1, 0, 0],
            "WT": 25.0,
            "ALB": 24.0,
        },
        options="{amount} mg over 0.5 h into central every 8 h for 4 days",
        values={"amount": [20, 30, 40, 50, 60, 80, 100, 130, 160]},
        outcomes={"free": ("trough", {})},
        utility={
            "name": "window",
            "outcome": "free",
            "low": 1,
            "high": 2,
            "harm": "free",
            "harm_above": 2,
            "harm_weight": 1,
        },
        why="1 for a free trough of 1 to 2 mg/L, 1 lost above: whatever the total says",
    ),
)


def theta(name, value, unit=""):
    return bd.theta(name, bd.published.theta(value, rse_percent=RSE), unit=unit)


def model(study):
    """Declare the model on a study."""
    with bd.population_model(study, CARD) as m:
        WT, ALB = bd.covariate("WT"), bd.covariate("ALB")

        def cv(value):
            return bd.published.omega(value, scale="cv_approximate", rse_percent=RSE_CV)

        logit = bd.published.omega(3.30, scale="variance", rse_percent=2 * RSE_CV, parameter_scale="logit")
        eta = bd.eta({"CL": cv(0.477), "V2": cv(0.847), "ka": cv(1.808), "PUB": cv(0.099), "F": logit})
        CL = bd.parameter("CL", theta("CL", 14.0, "L/h") * bd.allometric(WT, 70.0, 0.75), eta["CL"])
        V2 = bd.parameter("V2", theta("V2", 447.0, "L") * WT / 70.0, eta["V2"])
        ka = bd.parameter("ka", bd.theta("ka", 0.225, unit="1/h"), eta["ka"])
        binding = bd.linear_effect(ALB, 35.0, theta("ALB_on_PUB", 0.00737, "L/g"))
        PUB = bd.parameter("PUB", theta("PUB", 8.23) * binding, eta["PUB"])
        F = bd.parameter("F", theta("F", 0.63), eta["F"], scale="logit")
        free = bd.one_compartment(CL=CL, V=V2 + 2.8 * WT / 70.0, ka=ka, F={"depot": F})
        bound = bd.at_observations(PUB) * free
        errors = {
            1: bd.proportional(bd.published.sigma(0.221, scale="cv", rse_percent=RSE_SIGMA)),
            2: bd.proportional(bd.published.sigma(0.202, scale="cv", rse_percent=RSE_SIGMA)),
        }
        bd.observe("DV", {1: free, 2: bound}, error=errors)
    return m
