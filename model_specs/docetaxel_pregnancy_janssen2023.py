"""Docetaxel in pregnancy: gestation changes binding, kidney, liver and body water.

Janssen JM, Damoiseaux D, van Hasselt JGC, et al. Semi-physiological enriched population pharmacokinetic
modelling to predict the effects of pregnancy on the pharmacokinetics of cytotoxic drugs. Clin Pharmacokinet
2023;62:1157-1167, Table 1 and equations 1-17, as nlmixr2lib transcribes them, read twice. Kinetics without
pregnancy are those of Koolen SLW et al., Br J Clin Pharmacol 2010;69:465; physiology by gestational age is
that of Abduljalil K et al., Clin Pharmacokinet 2012;51:365. Haematocrit's quadratic coefficient is -0.0021:
the -0.0098 that is printed contradicts the paper's own tables (nlmixr2lib's erratum). The factor of clearance
is that of the typical patient for all: with a hepatic clearance above the liver's plasma flow (66.4 L/h,
which one patient in twenty exceeds) the well-stirred equation has no solution. CVs exact (29.4, 37.8, 20.3
%). No residual error is published: 20 % is assumed. RSEs are not in the copy: 10 % for thetas, 25 % for CVs
and 30 % for sigma are defaults; the physiology is fixed.
"""

import bayesdose as bd

RSE, RSE_CV, RSE_SIGMA = 10, 25, 30
LIVER = 109.0  # blood flow, L/h (Nakai 2002)


def physiology(G):
    """Return quantities at a gestational age in weeks (Abduljalil 2012; Janssen 2023, equations 2-17)."""
    haematocrit = 39.1 - 0.054 * G - 0.0021 * G**2
    return {
        "AAG": 0.74 - 0.0088 * G + 0.0001 * G**2,
        "GFR": 114.0 + 3.236 * G - 0.0572 * G**2,
        "CYP3A4": 1.0 + 0.029826 * G - 0.000741 * G**2,
        "flow": (1.0 - haematocrit / 100.0) * LIVER,
        "plasma": 2.5 - 0.0223 * G + 0.0042 * G**2 - 0.00007 * G**3,
        "extracellular": 11.86 + 0.0187 * G + 0.0016 * G**2,
        "water": 31.67 + 0.275 * G + 0.0024 * G**2,
    }


CARD = bd.Card(
    drug="docetaxel",
    title="Docetaxel in pregnancy",
    compartments=("central", "peripheral", "deep"),
    covariates=[
        bd.Covariate(
            "EGA",
            unit="week",
            reference=0.0,
            range=(0.0, 40.0),
            description="gestational age; 0 not pregnant",
        ),
        bd.Covariate(
            "BSA", unit="m^2", reference=1.8, range=(1.2, 2.6), description="body surface; doses alone"
        ),
    ],
    source="doi:10.1007/s40262-023-01263-1",
    population="9 pregnant women with cancer, 26 to 35 weeks (evaluation); kinetics: adults with cancer",
    limitations=(
        "Gestation's effects were put together from physiology, not estimated; below 26 weeks they were not "
        "compared with data. One gestational age a patient: a course lasts hours. The fetus is not in it."
    ),
    not_for="liver impairment, the fetus's exposure, weekly regimens",
    evidence=bd.Evidence(
        status="unverified",
        against="nlmixr2lib's copy of Table 1 and the equations, read twice; the paper was not seen",
        omega="cv",
        error="proportional, 20 %: an assumption, none is published",
        uncertainty="defaults: RSE 10 % (thetas), 25 % (CVs), 30 % (sigma); physiology fixed",
        errata=(
            "haematocrit: -0.0021 G^2; the printed -0.0098 contradicts the paper's tables (nlmixr2lib)",
            "clearance: the typical patient's factor for all, as the well-stirred equation has no solution "
            "above 66.4 L/h of hepatic clearance",
        ),
    ),
    aims=[
        bd.Aim(
            "AUC", 3.7, 4.5, "mg*h/L", source="that of 180 mg without pregnancy, 4.08 (Koolen 2010), 10 %"
        ),
        bd.Aim("AUC", high=5.0, unit="mg*h/L", harm=True, source="neutropenia; to be confirmed"),
    ],
    regimens=("75-100 mg/m2 over 1 h every 3 weeks",),
    expected=[
        bd.Expected(
            "auc",
            value=180 / 44.1,
            source="180 mg / 44.1 L/h, not pregnant",
            regimen="180 mg over 1 h",
            arguments={"start": 0.0, "end": 1000.0},
        ),
        bd.Expected(
            "auc",
            value=180 / 54.742,
            source="32 weeks: unbound 0.0777, CYP3A4 1.196, flow 70.6 L/h, GFR 159: 54.742 L/h",
            regimen="180 mg over 1 h",
            arguments={"start": 0.0, "end": 1000.0},
            covariates={"EGA": 32.0},
        ),
        bd.Expected(
            "auc",
            value=180 / 53.469,
            source="20 weeks: 53.469 L/h by the same equations",
            regimen="180 mg over 1 h",
            arguments={"start": 0.0, "end": 1000.0},
            covariates={"EGA": 20.0},
        ),
        bd.Expected(
            "concentration_at",
            value=2.4722,
            source="end of the infusion at 32 weeks, by matrix exponential: V 10.838, 9.0772, 561.52 L",
            regimen="180 mg over 1 h",
            arguments={"times": [1.0]},
            covariates={"EGA": 32.0},
        ),
        bd.Expected(
            "concentration_at",
            value=0.0087244,
            source="24 h after the infusion begins at 32 weeks, by matrix exponential",
            regimen="180 mg over 1 h",
            arguments={"times": [24.0]},
            covariates={"EGA": 32.0},
        ),
    ],
    worked=bd.Worked(
        story="A woman of 1.9 m2 at 30 weeks; 140 mg in the first cycle, levels at 1 and 7 h.",
        table={
            "TIME": [0.0, 0.0, 1.0, 7.0, 504.0],
            "AMT": [0.0, 140.0, 0.0, 0.0, 0.0],
            "RATE": [0.0, 140.0, 0.0, 0.0, 0.0],
            "DV": [None, None, 1.75, 0.031, None],
            "EVID": [2, 1, 0, 0, 2],
            "EGA": 30.0,
            "BSA": 1.9,
        },
        options="{amount} mg/m2 over 1 h every 21 days x 1",
        values={"amount": [60, 75, 90, 100, 110, 120, 130]},
        outcomes={"auc": ("auc", {"after_dose": -1})},
        utility={
            "name": "window",
            "outcome": "auc",
            "low": 3.7,
            "high": 4.5,
            "harm": "auc",
            "harm_above": 5.0,
            "harm_weight": 1,
        },
        why="1 for the AUC of 100 mg/m2 without pregnancy (10 %), 1 lost above 5 mg*h/L (neutropenia)",
    ),
)


def theta(name, value, unit=""):
    return bd.theta(name, bd.published.theta(value, rse_percent=RSE), unit=unit)


def clearance(CL, now, before):
    """Return the clearance at a gestational age: filtered unbound drug, well-stirred liver (eq. 3-13)."""
    unbound = 0.06
    Kd = before["AAG"] * unbound / (1.0 - unbound)
    fu = 1.0 / (1.0 + now["AAG"] / Kd)
    renal, hepatic = 0.06 * CL, 0.94 * CL
    intrinsic = hepatic * before["flow"] / (unbound * (before["flow"] - hepatic)) * now["CYP3A4"]
    liver = now["flow"] * intrinsic * fu / (now["flow"] + intrinsic * fu)
    return renal * now["GFR"] / before["GFR"] * fu / unbound + liver


def shell(V, inner, outer, now, before):
    """Return a volume that keeps its place between two fluids (eq. 14)."""
    place = (V - before[inner]) / (before[outer] - before[inner])
    return now[inner] + (now[outer] - now[inner]) * place


def model(study):
    """Declare the model on a study."""
    with bd.population_model(study, CARD) as m:

        def cv(value):
            return bd.published.omega(value, scale="cv", rse_percent=RSE_CV)

        now, before = physiology(bd.covariate("EGA")), physiology(0.0)
        eta = bd.eta({"CL": cv(0.294), "V1": cv(0.378), "Q3": cv(0.203)})
        CL = bd.parameter("CL", clearance(theta("CL", 44.1, "L/h"), now, before), eta["CL"])
        usual = bd.parameter("V1_before", theta("V1", 8.9, "L"), eta["V1"])
        V1 = bd.parameter("V1", shell(usual, "plasma", "extracellular", now, before))
        Q2 = bd.parameter("Q2", theta("Q2", 6.1, "L/h"))
        V2 = bd.parameter("V2", shell(theta("V2", 7.3, "L"), "plasma", "extracellular", now, before))
        Q3 = bd.parameter("Q3", theta("Q3", 14.4, "L/h"), eta["Q3"])
        V3 = bd.parameter("V3", shell(theta("V3", 388.0, "L"), "extracellular", "water", now, before))
        sigma = bd.published.sigma(0.20, scale="cv", rse_percent=RSE_SIGMA)
        prediction = bd.three_compartment(CL=CL, V1=V1, Q2=Q2, V2=V2, Q3=Q3, V3=V3)
        bd.observe("DV", prediction, error=bd.proportional(sigma))
    return m
