"""Warfarin and prothrombin complex activity: two kinds of level, an indirect response.

The joint model of Funaki T, Holford N and Fujita S (PAGANZ 2018) for the data of O'Reilly RA, Aggeler PM and
Leong LS (J Clin Invest 1963;42:1542) and O'Reilly and Aggeler (Circulation 1968;38:169), as posologyr
transcribes its estimates (multiple_endpoints): a transit and a gut compartment, one compartment, and warfarin
that inhibits the production of prothrombin complex activity, dPCA/dt = kout (E0 (1 - Emax C / (EC50 + C)) -
PCA). The variances there (1.025, 0.952, 0.530, 0.479, 0.713, 0.720, 0.356, 0.266) are the square roots of
1.05, 0.906, 0.281, 0.229, 0.509, 0.519, 0.127 and 0.0708. Those are read as SDs here: another analysis of the
data has variances of 0.067 and 0.0185 for CL and V, SDs of 0.26 and 0.14, in reach of 0.281 and 0.229 but not
of the square roots of 0.530 and 0.479. RSEs are not in the copy: 10 % for thetas, 25 % for SDs and 15 % for
sigmas are defaults.
"""

import math

import pymc as pm

import bayesdose as bd

RSE, RSE_SD, RSE_SIGMA = 10, 25, 15

CARD = bd.Card(
    drug="warfarin",
    title="Warfarin and prothrombin complex activity, single doses",
    compartments=("depot", "gut", "central", "activity"),
    endpoints={1: bd.Endpoint("warfarin", "mg/L"), 2: bd.Endpoint("prothrombin complex activity", "%")},
    source="Funaki 2018, PAGANZ; data: O'Reilly 1963, J Clin Invest 42:1542; 1968, Circulation 38:169",
    population="32 healthy adults, one dose of 1.5 mg/kg by mouth",
    limitations=(
        "A model of teaching: racemate, no genotype, no weight. Activity in % of normal is no INR. Scales of "
        "all variability are a reading of the copy."
    ),
    not_for="dosing of patients (warfarin_hamberg2007, warfarin_xia2024), children, interactions",
    evidence=bd.Evidence(
        status="unverified",
        against="posologyr's copy, read twice; the poster was not seen",
        omega="sd",
        error="combined2 (warfarin), additive (activity), as posologyr codes them",
        uncertainty="defaults: RSE 10 % (thetas), 25 % (SDs), 15 % (sigmas)",
        errata=("omegas: the squares of the copy's variances, read as SDs; see the spec",),
    ),
    aims=[
        bd.Aim("activity", 20, 40, "%", source="of treatment; clinical practice, to be confirmed"),
        bd.Aim(
            "activity", low=15, unit="%", harm=True, source="bleeding; clinical practice, to be confirmed"
        ),
    ],
    regimens=("1.5 mg/kg once (the study)",),
    expected=[
        bd.Expected(
            "auc",
            value=100 / 0.131336,
            source="100 mg / exp(-2.03) L/h",
            regimen="100 mg",
            arguments={"start": 0.0, "end": 1500.0},
        ),
        bd.Expected(
            "concentration_at",
            value=96.5441,
            source="activity before a dose: exp(4.57) %",
            regimen="100 mg",
            arguments={"times": [0.0], "dvid": 2},
        ),
        bd.Expected(
            "average",
            value=39.402,
            source="closed form of a constant input: E0 (1 - Emax C / (EC50 + C)), C = 5 mg / 24 h / CL",
            regimen="5 mg over 24 h every 24 h x 60",
            arguments={"dvid": 2},
        ),
        bd.Expected(
            "minimum",
            value=19.309,
            source="by another solver (LSODA) from the published numbers",
            regimen="100 mg",
            arguments={"start": 0.0, "end": 240.0, "dvid": 2},
        ),
    ],
    worked=bd.Worked(
        story="The first of the 32: 100 mg, six levels and three activities in two days.",
        table={
            "TIME": [0.0, 0.0, 1.0, 3.0, 6.0, 24.0, 24.0, 36.0, 36.0, 48.0, 48.0, 72.0],
            "AMT": [0.0, 100.0] + [0.0] * 10,
            "DV": [None, None, 1.9, 6.6, 10.8, 5.6, 44.0, 4.0, 27.0, 2.7, 28.0, None],
            "DVID": [1, 1, 1, 1, 1, 1, 2, 1, 2, 1, 2, 1],
            "EVID": [2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2],
        },
        options="{amount} mg every 24 h for 10 days",
        values={"amount": [1, 2, 3, 4, 5, 6, 8, 10, 12]},
        outcomes={"activity": ("trough", {"dvid": 2})},
        utility={"name": "window", "outcome": "activity", "low": 20, "high": 40},
        why="1 for an activity of 20 to 40 % after ten days",
    ),
)


def rhs(t, A, p, m):
    C = A.central / p.V
    made = p.kout * p.E0 * (1.0 - p.Emax * C / (p.EC50 + C))
    return {
        "depot": -p.ktr * A.depot,
        "gut": p.ktr * A.depot - p.ka * A.gut,
        "central": p.ka * A.gut - p.CL * C,
        "activity": made - p.kout * A.activity,
    }


SYSTEM = bd.System(
    rhs,
    states=("depot", "gut", "central", "activity"),
    parameters=("ktr", "ka", "CL", "V", "Emax", "EC50", "kout", "E0"),
    dose="depot",
    initial=lambda p, m: {"activity": p.E0},
    rtol=1e-6,
)


def theta(name, log_value, unit=""):
    """Return a theta that is published as a logarithm."""
    return bd.theta(name, bd.published.theta(math.exp(log_value), rse_percent=RSE), unit=unit)


def sd(value, **scale):
    return bd.published.omega(value, scale="sd", rse_percent=RSE_SD, **scale)


def model(study):
    """Declare the model on a study."""
    with bd.population_model(study, CARD) as m:
        omegas = {"ktr": sd(1.05), "ka": sd(0.906), "CL": sd(0.281), "V": sd(0.229)}
        omegas |= {"Emax": sd(0.509, parameter_scale="logit"), "EC50": sd(0.519)}
        eta = bd.eta(omegas | {"kout": sd(0.127), "E0": sd(0.0708)})
        ktr = bd.parameter("ktr", theta("ktr", 0.106, "1/h"), eta["ktr"])
        ka = bd.parameter("ka", theta("ka", -0.087, "1/h"), eta["ka"])
        CL = bd.parameter("CL", theta("CL", -2.03, "L/h"), eta["CL"])
        V = bd.parameter("V", theta("V", 2.07, "L"), eta["V"])
        whole = pm.math.sigmoid(bd.theta("logit_Emax", bd.published.effect(3.4, rse_percent=RSE)))
        Emax = bd.parameter("Emax", whole, eta["Emax"], scale="logit")
        EC50 = bd.parameter("EC50", theta("EC50", 0.00724, "mg/L"), eta["EC50"])
        kout = bd.parameter("kout", theta("kout", -2.9, "1/h"), eta["kout"])
        E0 = bd.parameter("E0", theta("E0", 4.57), eta["E0"])
        A = bd.ode(SYSTEM, ktr=ktr, ka=ka, CL=CL, V=V, Emax=Emax, EC50=EC50, kout=kout, E0=E0)
        add = bd.published.sigma(0.144, scale="sd", rse_percent=RSE_SIGMA)
        errors = {
            1: bd.combined2(add, bd.published.sigma(0.15, scale="cv", rse_percent=RSE_SIGMA)),
            2: bd.additive(bd.published.sigma(3.91, scale="sd", rse_percent=RSE_SIGMA)),
        }
        bd.observe("DV", {1: A.central / bd.at_observations(V), 2: A.activity}, error=errors)
    return m
