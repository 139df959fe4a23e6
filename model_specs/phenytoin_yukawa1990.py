"""Phenytoin by mouth in epilepsy: elimination that saturates (Michaelis-Menten), total drug.

Yukawa E, Higuchi S, Aoyama T. Population pharmacokinetics of phenytoin from routine clinical data in Japan:
an update. Chem Pharm Bull 1990;38:1973-1976, Table III, model 2, as nlmixr2lib transcribes it: Vmax 325
(SEM 9.18) mg/day, Km 2.41 (0.25) mg/L at 60 kg; exponent of weight 0.737 (0.036), Km below 15 years 0.752
(0.073), other antiepileptics: Vmax 1.08 (0.039), Km 1.32 (0.165); CVs 19.3 (2.2) and 63.1 (5.1) %. The
paper is a regression on steady states: volume (0.6 L/kg) and absorption (1.5 /h) are usual values of total
phenytoin, with 20 and 30 % of uncertainty, and the residual error of 10.3 (0.5) % is of the daily dose,
taken here as that of the level, which is less than the paper means where elimination is saturated.
"""

import bayesdose as bd

CARD = bd.Card(
    drug="phenytoin",
    title="Phenytoin by mouth in epilepsy, saturable elimination",
    units=bd.Units(time="day", amount="mg", concentration="mg/L"),
    compartments=("depot", "central"),
    covariates=[
        bd.Covariate("WT", unit="kg", reference=60.0, range=(8.0, 120.0), description="body weight"),
        bd.Covariate("CHILD", reference=0.0, range=(0, 1), description="1 below 15 years"),
        bd.Covariate("AED", reference=0.0, range=(0, 1), description="1 with another antiepileptic drug"),
    ],
    source="doi:10.1248/cpb.38.1973",
    population="334 outpatients with epilepsy in Japan, 0.6 to 71 years, chronic oral phenytoin (tablets)",
    limitations="Volume and absorption are not the paper's; total drug at normal albumin; tablets, F = 1.",
    not_for="low albumin, powder, loading doses judged by hours",
    evidence=bd.Evidence(
        status="unverified",
        against="nlmixr2lib's copy of Table III; the paper was not seen",
        omega="cv_approximate",
        error="proportional to the level; the paper's 10.3 % is of the daily dose",
        uncertainty="the paper's standard errors; 20 and 30 % for volume and absorption, which it lacks",
        errata=("residual error of the dose, not of the level: too small where elimination saturates",),
    ),
    aims=[
        bd.Aim("steady state", 10, 20, "mg/L", source="Yukawa 1990: therapeutic range of total phenytoin"),
        bd.Aim("steady state", high=20, unit="mg/L", harm=True, source="clinical practice, to be confirmed"),
    ],
    regimens=("200-300 mg a day in two or three doses",),
    expected=[
        bd.Expected(
            "average",
            value=2.41 * 225 / (325 - 225),
            source="Css = Km R / (Vmax - R) at R = 225 mg/day, given without pause",
            regimen="225 mg over 24 h into central every 24 h x 60",
        ),
        bd.Expected(
            "average",
            value=2.41 * 275 / (325 - 275),
            source="R = 275 mg/day: 22 % more dose, 2.4 times the level",
            regimen="275 mg over 24 h into central every 24 h x 150",
        ),
        bd.Expected(
            "average",
            value=2.41 * 1.32 * 225 / (325 * 1.08 - 225),
            source="with another antiepileptic: Vmax 1.08, Km 1.32 times",
            regimen="225 mg over 24 h into central every 24 h x 60",
            covariates={"AED": 1.0},
        ),
    ],
    worked=bd.Worked(
        story="A man of 66 kg on 200 mg a day in two doses for three weeks; a trough of 4.8 mg/L.",
        table={
            "TIME": [0.0, 0.0, 21.0],
            "AMT": [0.0, 100.0, 0.0],
            "II": [0.0, 0.5, 0.0],
            "ADDL": [0, 41, 0],
            "DV": [None, None, 4.8],
            "EVID": [2, 1, 0],
            "WT": 66.0,
            "CHILD": 0.0,
            "AED": 0.0,
        },
        options="{amount} mg every 12 h for 14 days",
        values={"amount": [75, 100, 115, 130, 145, 165]},
        outcomes={"trough": ("trough", {})},
        utility={
            "name": "window",
            "outcome": "trough",
            "low": 10,
            "high": 20,
            "harm": "trough",
            "harm_above": 20,
            "harm_weight": 1,
        },
        why="1 for a trough of 10 to 20 mg/L after two weeks, 1 lost above",
    ),
)


def rhs(t, A, p, m):
    C = A.central / p.V
    return {"depot": -p.ka * A.depot, "central": p.ka * A.depot - p.Vmax * C / (p.Km + C)}


SYSTEM = bd.System(rhs, states=("depot", "central"), parameters=("ka", "V", "Vmax", "Km"), dose="depot")


def model(study):
    """Declare the model on a study."""
    with bd.population_model(study, CARD) as m:
        WT, CHILD, AED = bd.covariate("WT"), bd.covariate("CHILD"), bd.covariate("AED")

        def theta(name, value, se, unit=""):
            return bd.theta(name, bd.published.theta(value, se=se), unit=unit)

        def cv(value, se):
            return bd.published.omega(value, scale="cv_approximate", se=se)

        eta = bd.eta({"Vmax": cv(0.193, 0.022), "Km": cv(0.631, 0.051)})
        size = bd.allometric(WT, 60.0, theta("WT_on_Vmax", 0.737, 0.036))
        induced = bd.categorical_effect(AED, {0: 1.0, 1: theta("AED_on_Vmax", 1.08, 0.039)})
        Vmax = bd.parameter("Vmax", theta("Vmax", 325.0, 9.18, "mg/day") * size * induced, eta["Vmax"])
        child = bd.categorical_effect(CHILD, {0: 1.0, 1: theta("CHILD_on_Km", 0.752, 0.073)})
        other = bd.categorical_effect(AED, {0: 1.0, 1: theta("AED_on_Km", 1.32, 0.165)})
        Km = bd.parameter("Km", theta("Km", 2.41, 0.25, "mg/L") * child * other, eta["Km"])
        V = bd.parameter("V", theta("V_per_kg", 0.6, 0.12, "L/kg") * WT)
        ka = bd.parameter("ka", theta("ka", 36.0, 10.8, "1/day"))
        A = bd.ode(SYSTEM, ka=ka, V=V, Vmax=Vmax, Km=Km)
        sigma = bd.published.sigma(0.103, scale="cv", se=0.005)
        bd.observe("DV", A.central / bd.at_observations(V), error=bd.proportional(sigma))
    return m
