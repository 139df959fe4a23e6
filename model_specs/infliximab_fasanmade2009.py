"""Infliximab in ulcerative colitis: albumin, antibodies against the drug, sex and weight.

Fasanmade AA, Adedokun OJ, Ford J, et al. Population pharmacokinetic analysis of infliximab in patients with
ulcerative colitis. Eur J Clin Pharmacol 2009;65:1211-1228, Table 3, as nlmixr2lib transcribes it, read
twice: variances 0.131 and 0.048. The paper's CVs are said to be 37.7 and 22.1 %; the variances mean 37.4
and 22.2 % (exact) or 36.2 and 21.9 % (approximate). Which combined residual error is not said in the copy;
variances that add are assumed. The abstract has CL, V1, V2 and Q with their standard errors, and the CVs. The
other RSEs are not in the copy: 20 % for effects, 30 % for variances and 15 % for sigmas are defaults.
"""

import bayesdose as bd

RSE_EFFECT, RSE_VARIANCE, RSE_SIGMA = 20, 30, 15

CARD = bd.Card(
    drug="infliximab",
    title="Infliximab in ulcerative colitis, antibodies against the drug",
    units=bd.Units(time="day", amount="mg", concentration="mg/L"),
    compartments=("central", "peripheral"),
    covariates=[
        bd.Covariate("WT", unit="kg", reference=77.0, range=(35.0, 160.0), description="body weight"),
        bd.Covariate("ALB", unit="g/dL", reference=4.1, range=(1.5, 6.0), description="serum albumin, g/dL"),
        bd.Covariate(
            "ADA", reference=0.0, range=(0, 1), description="1 with antibodies to infliximab at any time"
        ),
        bd.Covariate("FEMALE", reference=0.0, range=(0, 1), description="1 female, 0 male"),
    ],
    source="doi:10.1007/s00228-009-0718-4",
    population="482 adults with moderate to severe ulcerative colitis, 5 or 10 mg/kg (ACT 1 and 2)",
    limitations=(
        "Antibodies are present or not for the whole time: their begin and their loss are not modelled."
    ),
    not_for="children; telling failure without drug from failure in spite of drug without a level",
    evidence=bd.Evidence(
        status="verified",
        against=(
            "the paper's abstract (PMC2778780): CL, V1, V2, Q, their standard errors, and the CVs; effects "
            "of covariates and residual errors are in nlmixr2lib's copy of Table 3 alone"
        ),
        omega="variance",
        error="combined2 (variances add) is assumed",
        uncertainty="standard errors of the abstract (thetas); RSE 20 % (effects), 30 and 15 % elsewhere",
        errata=("CVs of 37.7 and 22.1 % beside variances 0.131 and 0.048: neither reading gives both",),
    ),
    aims=[
        bd.Aim("trough", 5, 10, "mg/L", source="maintenance; clinical practice, to be confirmed"),
        bd.Aim("trough", low=3, unit="mg/L", source="loss of response, no sharp limit; to be confirmed"),
    ],
    regimens=("5 mg/kg over 2 h at weeks 0, 2 and 6, then every 8 weeks", "10 mg/kg or every 4 weeks"),
    expected=[
        bd.Expected(
            "auc",
            value=385 / 0.407,
            source="5 mg/kg of 77 kg / 0.407 L/day over the interval at steady state",
            regimen="385 mg over 2 h every 56 days x 2 at steady state",
        ),
        bd.Expected(
            "auc",
            value=385 / (0.407 * 1.471),
            source="with antibodies 1.471 times the clearance",
            regimen="385 mg over 2 h every 56 days x 2 at steady state",
            covariates={"ADA": 1.0},
        ),
        bd.Expected(
            "auc",
            value=385 / (0.407 * (3.0 / 4.1) ** -1.54 * (1 - 0.236)),
            source="a woman with albumin 3.0 g/dL: (3.0/4.1)^-1.54 (1 - 0.236)",
            regimen="385 mg over 2 h every 56 days x 2 at steady state",
            covariates={"ALB": 3.0, "FEMALE": 1.0},
        ),
        bd.Expected(
            "concentration_at",
            value=5.2191,
            source="42 days after the dose begins, by matrix exponential: terminal half-life 12.9 days",
            regimen="385 mg over 2 h",
            arguments={"times": [42.0]},
        ),
    ],
    worked=bd.Worked(
        story=(
            "A woman of 68 kg, albumin 3.6 g/dL, no antibodies; 340 mg at weeks 0 and 2, a trough at week 6."
        ),
        table={
            "TIME": [0.0, 0.0, 14.0, 41.9],
            "AMT": [0.0, 340.0, 340.0, 0.0],
            "RATE": [0.0, 4080.0, 4080.0, 0.0],
            "DV": [None, None, None, 6.5],
            "EVID": [2, 1, 1, 0],
            "WT": 68.0,
            "ALB": 3.6,
            "ADA": 0.0,
            "FEMALE": 1.0,
        },
        options="{amount} mg/kg over 2 h every {interval} weeks for 48 weeks",
        values={"amount": [5, 7.5, 10], "interval": [4, 6, 8]},
        outcomes={"trough": ("trough", {})},
        utility={"name": "window", "outcome": "trough", "low": 5, "high": 15},
        why="1 for a trough of 5 to 15 mg/L; above it the drug is spent without gain",
        complete=("interval", "amount"),
    ),
)


def theta(name, value, se, unit):
    return bd.theta(name, bd.published.theta(value, se=se), unit=unit)


def effect(name, value):
    return bd.theta(name, bd.published.effect(value, rse_percent=RSE_EFFECT))


def model(study):
    """Declare the model on a study."""
    with bd.population_model(study, CARD) as m:
        WT, ALB, ADA, FEMALE = (bd.covariate(c) for c in ("WT", "ALB", "ADA", "FEMALE"))

        def variance(value):
            return bd.published.omega(value, scale="variance", rse_percent=RSE_VARIANCE)

        eta = bd.eta({"CL": variance(0.131), "V1": variance(0.048)})
        albumin = bd.power_effect(ALB, 4.1, effect("ALB_on_CL", -1.54))
        antibodies = 1.0 + effect("ADA_on_CL", 0.471) * ADA
        sex = 1.0 + effect("FEMALE_on_CL", -0.236) * FEMALE
        CL = bd.parameter("CL", theta("CL", 0.407, 0.0103, "L/day") * albumin * antibodies * sex, eta["CL"])
        size = bd.allometric(WT, 77.0, effect("WT_on_V1", 0.538))
        smaller = 1.0 + effect("FEMALE_on_V1", -0.137) * FEMALE
        V1 = bd.parameter("V1", theta("V1", 3.29, 0.0679, "L") * size * smaller, eta["V1"])
        Q = bd.parameter("Q", theta("Q", 7.14, 0.489, "L/day"))
        V2 = bd.parameter("V2", theta("V2", 4.13, 0.16, "L"))
        error = bd.combined2(
            bd.published.sigma(0.0413, scale="sd", rse_percent=RSE_SIGMA),
            bd.published.sigma(0.403, scale="cv", rse_percent=RSE_SIGMA),
        )
        bd.observe("DV", bd.two_compartment(CL=CL, V1=V1, Q=Q, V2=V2), error=error)
    return m
