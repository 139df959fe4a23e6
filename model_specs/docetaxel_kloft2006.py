"""Docetaxel and neutrophils after Friberg: dose and delay by the nadir.

Neutrophils: Kloft C, Wallin J, Henningsson A, Chatelut E, Karlsson MO. Population
pharmacokinetic-pharmacodynamic model for neutropenia with patient subgroup identification. Clin Cancer Res
2006;12:5481-5490, in the code of Netterberg I, Nielsen EI, Friberg LE, Karlsson MO. Cancer Chemother
Pharmacol 2017;80:343 (DDMODEL00000224), as transcribed in the reference collection: baseline 5.22e9/L, MTT
84.2 h, slope 15.6 L/umol, gamma 0.1445; variances 0.064, 0.0192, 0.128; SD 0.424 on the logarithm. The
effects of alpha-1-acid glycoprotein (AAG, g/L) are linear: on the slope 1 - 0.350693 (AAG - 1.34), on the
baseline 1 + 0.174677 (AAG - 1.34) below 1.34 and 1 + 0.494618 (AAG - 1.34) above. Above 2.5 g/L the first
would come near 0 within its uncertainty. Kinetics, which that code takes from the patient: three
compartments of Koolen SLW, et al. Br J Clin Pharmacol 2010;69:465, as Janssen JM, et al. Clin
Pharmacokinet 2023;62:1157 reprint them. 807.9 g/mol: 1 mg/L is 1.2378 umol/L, so that the slope is 19.27
L/mg. The variance of gamma (0.0216) was dropped in the code. RSEs are not in the copies: 10 % for thetas,
25 % for effects, 40 % for variances, 10 % for the sigma of neutrophils and 30 % for that of docetaxel are
defaults.
"""

import pymc as pm

import bayesdose as bd

RSE, RSE_VARIANCE, RSE_SIGMA = 10, 40, 10
PER_MG = 1.0 / 0.8079  # umol of docetaxel in a mg

CARD = bd.Card(
    drug="docetaxel",
    title="Docetaxel and neutrophils",
    compartments=("central", "peripheral", "deep", "stem", "T1", "T2", "T3", "ANC"),
    covariates=[
        bd.Covariate("BSA", unit="m^2", reference=1.8, range=(1.2, 2.6), description="body surface area"),
        bd.Covariate("FEMALE", reference=0.0, range=(0, 1), description="1 female, 0 male"),
        bd.Covariate(
            "ECOG", reference=0.0, range=(0, 1), description="1 for a performance status of 1 or more"
        ),
        bd.Covariate("PRIOR", reference=0.0, range=(0, 1), description="1 after any anticancer therapy"),
        bd.Covariate(
            "AAG", unit="g/L", reference=1.34, range=(0.3, 2.5), description="alpha-1-acid glycoprotein"
        ),
    ],
    endpoints={2: bd.Endpoint("neutrophils", "1e9/L")},
    source="Kloft 2006, Clin Cancer Res 12:5481; Koolen 2010, Br J Clin Pharmacol 69:465",
    population="adults with cancer (their number is not in the copy); kinetics: adults with advanced cancer",
    limitations=(
        "Two papers put together: kinetics and slope were not estimated together. AAG acts on the effect and "
        "on the baseline, not on the kinetics."
    ),
    not_for="growth factors, weekly regimens, liver impairment, AAG above 2.5 g/L",
    evidence=bd.Evidence(
        status="unverified",
        against="transcribed once, from the reference collection; the papers were not seen",
        omega="variance",
        error="normal on the logarithm (neutrophils); 20 % for docetaxel is an assumption, none is published",
        uncertainty="defaults: RSE 10 % (thetas), 25 % (effects), 40 % (variances), 10 and 30 % (sigmas)",
        errata=("slope per umol: 15.57 L/umol is 19.27 L/mg", "variance of gamma dropped in the code"),
    ),
    aims=[
        bd.Aim("nadir of neutrophils", 0.5, 1.0, "1e9/L", source="dose by nadir; to be confirmed"),
        bd.Aim("nadir of neutrophils", low=0.5, unit="1e9/L", harm=True, source="CTCAE grade 4 neutropenia"),
    ],
    regimens=("75-100 mg/m2 over 1 h every 3 weeks",),
    expected=[
        bd.Expected(
            "auc",
            value=180 / 44.1,
            source="100 mg/m2 of 1.8 m2 / 44.1 L/h",
            regimen="180 mg over 1 h",
            arguments={"start": 0.0, "end": 504.0},
            within=5e-3,
        ),
        bd.Expected(
            "concentration_at",
            value=5.21965 * (1 - 0.121451) * (1 + 0.130406) * (1 - 0.146837),
            source="baseline of a woman, ECOG 1, treated before: the factors multiply",
            regimen="180 mg over 1 h",
            arguments={"times": [0.0], "dvid": 2},
            covariates={"FEMALE": 1.0, "ECOG": 1.0, "PRIOR": 1.0},
        ),
        bd.Expected(
            "minimum",
            value=0.3179,
            source="nadir by another solver (LSODA) from the published numbers",
            regimen="180 mg over 1 h",
            arguments={"start": 0.0, "end": 504.0, "dvid": 2},
        ),
        bd.Expected(
            "minimum",
            value=1.4745,
            source="LSODA, AAG 2.5 g/L: baseline 8.214e9/L, slope 11.433 L/mg",
            regimen="180 mg over 1 h",
            arguments={"start": 0.0, "end": 504.0, "dvid": 2},
            covariates={"AAG": 2.5},
        ),
        bd.Expected(
            "minimum",
            value=0.18066,
            source="LSODA, AAG 0.8 g/L: baseline 4.727e9/L, slope 22.923 L/mg",
            regimen="180 mg over 1 h",
            arguments={"start": 0.0, "end": 504.0, "dvid": 2},
            covariates={"AAG": 0.8},
        ),
    ],
    worked=bd.Worked(
        story="A man of 1.9 m2, treated before; 190 mg on day 0, neutrophils on days 7, 10 and 20.",
        table={
            "TIME": [0.0, 0.0, 168.0, 240.0, 480.0],
            "AMT": [0.0, 190.0, 0.0, 0.0, 0.0],
            "RATE": [0.0, 190.0, 0.0, 0.0, 0.0],
            "DV": [None, None, 0.7, 0.6, 4.2],
            "DVID": [1, 1, 2, 2, 2],
            "EVID": [2, 1, 0, 0, 0],
            "BSA": 1.9,
            "FEMALE": 0.0,
            "ECOG": 0.0,
            "PRIOR": 1.0,
            "AAG": 1.3,
        },
        options="{amount} mg/m2 over 1 h every 21 days x 1",
        values={"amount": [30, 45, 60, 75, 90, 100]},
        outcomes={"nadir": ("minimum", {"after_dose": -1, "dvid": 2})},
        utility={"name": "window", "outcome": "nadir", "low": 0.5, "high": 1.0},
        why="1 for a nadir of 0.5 to 1.0e9/L in the next cycle: dense enough, not grade 4",
    ),
)


def rhs(t, A, p, m):
    C = A.central / p.V1
    ktr = 4.0 / p.MTT
    feedback = m.exp(p.gamma * (m.log(p.BASE) - m.log(m.maximum(A.ANC, 1e-6))))
    return {
        "central": -p.CL * C - p.Q2 * (C - A.peripheral / p.V2) - p.Q3 * (C - A.deep / p.V3),
        "peripheral": p.Q2 * (C - A.peripheral / p.V2),
        "deep": p.Q3 * (C - A.deep / p.V3),
        "stem": ktr * A.stem * ((1.0 - p.slope * C) * feedback - 1.0),
        "T1": ktr * (A.stem - A.T1),
        "T2": ktr * (A.T1 - A.T2),
        "T3": ktr * (A.T2 - A.T3),
        "ANC": ktr * (A.T3 - A.ANC),
    }


CELLS = ("stem", "T1", "T2", "T3", "ANC")
SYSTEM = bd.System(
    rhs,
    states=("central", "peripheral", "deep", *CELLS),
    parameters=("CL", "V1", "Q2", "V2", "Q3", "V3", "BASE", "MTT", "slope", "gamma"),
    dose="central",
    initial=lambda p, m: dict.fromkeys(CELLS, p.BASE),
    rtol=1e-6,
)


def theta(name, value, unit=""):
    return bd.theta(name, bd.published.theta(value, rse_percent=RSE), unit=unit)


def effect(name, value):
    return bd.theta(name, bd.published.effect(value, rse_percent=25))


def model(study):
    """Declare the model on a study."""
    with bd.population_model(study, CARD) as m:
        FEMALE, ECOG, PRIOR, AAG = (bd.covariate(c) for c in ("FEMALE", "ECOG", "PRIOR", "AAG"))

        def variance(value):
            return bd.published.omega(value, scale="variance", rse_percent=RSE_VARIANCE)

        eta = bd.eta(
            {
                "CL": variance(0.082906),
                "V1": variance(0.13356),
                "Q3": variance(0.040381),
                "BASE": variance(0.06397),
                "MTT": variance(0.019179),
                "slope": variance(0.128412),
            }
        )
        CL = bd.parameter("CL", theta("CL", 44.1, "L/h"), eta["CL"])
        V1 = bd.parameter("V1", theta("V1", 8.9, "L"), eta["V1"])
        Q2 = bd.parameter("Q2", theta("Q2", 6.1, "L/h"))
        V2 = bd.parameter("V2", theta("V2", 7.3, "L"))
        Q3 = bd.parameter("Q3", theta("Q3", 14.4, "L/h"), eta["Q3"])
        V3 = bd.parameter("V3", theta("V3", 388.0, "L"))
        patient = (1.0 + effect("FEMALE_on_BASE", -0.121451) * FEMALE) * (
            1.0 + effect("ECOG_on_BASE", 0.130406) * ECOG
        )
        patient = patient * (1.0 + effect("PRIOR_on_BASE", -0.146837) * PRIOR)
        low, high = effect("AAG_low_on_BASE", 0.174677), effect("AAG_high_on_BASE", 0.494618)
        patient = patient * bd.linear_effect(AAG, 1.34, pm.math.switch(AAG > 1.34, high, low))
        BASE = bd.parameter("BASE", theta("BASE", 5.21965) * patient, eta["BASE"])
        MTT = bd.parameter("MTT", theta("MTT", 84.1791, "h"), eta["MTT"])
        bound = bd.linear_effect(AAG, 1.34, effect("AAG_on_slope", -0.350693))
        slope = bd.parameter("slope", theta("slope", 15.5711, "L/umol") * PER_MG * bound, eta["slope"])
        gamma = bd.parameter("gamma", theta("gamma", 0.144543))
        A = bd.ode(
            SYSTEM, CL=CL, V1=V1, Q2=Q2, V2=V2, Q3=Q3, V3=V3, BASE=BASE, MTT=MTT, slope=slope, gamma=gamma
        )
        errors = {
            1: bd.proportional(bd.published.sigma(0.20, scale="cv", rse_percent=30)),
            2: bd.log_normal(bd.published.sigma(0.424093, scale="sd", rse_percent=RSE_SIGMA)),
        }
        bd.observe("DV", {1: A.central / bd.at_observations(V1), 2: A.ANC}, error=errors)
    return m
