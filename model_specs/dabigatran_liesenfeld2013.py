"""Dabigatran in end-stage kidney disease: haemodialysis sessions, peritoneal dialysis; clearances add.

Liesenfeld KH, Staab A, Haertter S, Formella S, Clemens A, Lehr T. Pharmacometric characterization of
dabigatran hemodialysis. Clin Pharmacokinet 2013;52:453-462, Table 2 and equation 1, as nlmixr2lib
transcribes it, read twice. Dialysis clearance after Michaels: x = exp(-KoA (QD - QB) / (QB QD)), CLD = QB
(1 - x) / (1 - QB/QD x), in mL/min; with the absolute bioavailability of 0.06 that number is the apparent
clearance in L/h (60 / 1000 / 0.06 = 1). At QB = QD it is 0/0: its limit is QB KoA / (QB + KoA). Variability
between occasions (of 21 h) of ka (64 %) and F (48 %) is kept as such. A continuous peritoneal clearance can
be added by the column PD: it is not the paper's. RSEs are not in the copy: 15 % for thetas, 30 % for CVs
and 15 % for the sigma are defaults (7 patients).
"""

import math

import pymc as pm

import bayesdose as bd

RSE, RSE_CV, RSE_SIGMA = 15, 30, 15
X = math.exp(-313 * (700 - 200) / (200 * 700))

CARD = bd.Card(
    drug="dabigatran",
    title="Dabigatran in end-stage kidney disease, haemodialysis sessions",
    units=bd.Units(time="h", amount="ug", concentration="ug/L"),
    compartments=("depot", "central", "peripheral"),
    covariates=[
        bd.Covariate(
            "HD", reference=0.0, range=(0, 1), varies=True, carry="locf", description="1 during haemodialysis"
        ),
        bd.Covariate(
            "QB",
            unit="mL/min",
            reference=200.0,
            range=(50.0, 600.0),
            varies=True,
            carry="locf",
            description="blood flow of the session",
        ),
        bd.Covariate(
            "QD",
            unit="mL/min",
            reference=700.0,
            range=(100.0, 1000.0),
            varies=True,
            carry="locf",
            description="dialysate flow of the session",
        ),
        bd.Covariate(
            "PD",
            unit="L/h",
            reference=0.0,
            range=(0.0, 50.0),
            varies=True,
            carry="locf",
            description="apparent clearance by peritoneal dialysis (CL/F); not the paper's",
        ),
    ],
    source="doi:10.1007/s40262-013-0049-6",
    population="7 men of 27 to 53 years with end-stage kidney disease, without atrial fibrillation",
    limitations=(
        "CL and volumes are apparent; ug/L is ng/mL, doses in ug of the prodrug; seven men. Peritoneal "
        "dialysis was not studied: its clearance is what the table says."
    ),
    not_for="patients with kidney function (use a model of atrial fibrillation); women were not studied",
    evidence=bd.Evidence(
        status="unverified",
        against="nlmixr2lib's copy of Table 2 and equation 1, read twice; the paper was not seen",
        omega="cv",
        error="proportional",
        uncertainty="defaults: RSE 15 % (thetas), 30 % (CVs), 15 % (sigma)",
        errata=("Michaels' equation is 0/0 at equal flows: the limit is used",),
    ),
    aims=[
        bd.Aim("trough", 50, 200, "ug/L", source="clinical practice, to be confirmed"),
        bd.Aim("trough", high=200, unit="ug/L", harm=True, source="bleeding; EU label, to be confirmed"),
    ],
    regimens=(
        "150 or 110 mg every 12 h; 75 mg every 12 h with impaired kidneys (US)",
        "Liesenfeld 2013: 150, 110 and 75 mg, 21 h apart, around sessions",
    ),
    expected=[
        bd.Expected(
            "auc24",
            value=150000 / 12.4,
            source="150 mg a day / 12.4 L/h without dialysis",
            regimen="75 mg every 12 h x 4 at steady state",
        ),
        bd.Expected(
            "auc24",
            value=150000 / (12.4 + 200 * (1 - X) / (1 - 200 / 700 * X)),
            source="dialysed without pause at 200 and 700 mL/min: clearances add",
            regimen="75 mg every 12 h x 4 at steady state",
            covariates={"HD": 1.0},
        ),
        bd.Expected(
            "auc24",
            value=150000 / (12.4 + 300 * 313 / (300 + 313)),
            source="equal flows of 300 mL/min: the limit QB KoA / (QB + KoA)",
            regimen="75 mg every 12 h x 4 at steady state",
            covariates={"HD": 1.0, "QB": 300.0, "QD": 300.0},
        ),
        bd.Expected(
            "auc24",
            value=150000 / (12.4 + 6.0),
            source="peritoneal clearance of 6 L/h adds",
            regimen="75 mg every 12 h x 4 at steady state",
            covariates={"PD": 6.0},
        ),
        bd.Expected(
            "concentration_at",
            value=17.568,
            source="120 h after the dose begins, by matrix exponential: terminal half-life 58.7 h",
            regimen="75 mg every 12 h x 1",
            arguments={"times": [120.0]},
        ),
    ],
    worked=bd.Worked(
        story="Dialysed for 4 h from hour 24 on; a level before the session and one after it.",
        table={
            "TIME": [0.0, 0.0, 12.0, 24.0, 28.0, 29.0],
            "AMT": [0.0, 75000.0, 75000.0, 0.0, 0.0, 0.0],
            "DV": [None, None, None, 105.0, 48.0, None],
            "EVID": [2, 1, 1, 0, 0, 2],
            "OCC": [1, 1, 1, 1, 1, 1],
            "HD": [0.0, 0.0, 0.0, 1.0, 0.0, 0.0],
            "QB": 200.0,
            "QD": 700.0,
            "PD": 0.0,
        },
        options="{amount} mg every {interval} h for 2 days",
        values={"amount": [30, 50, 75, 110, 150], "interval": [12, 24]},
        outcomes={"trough": ("trough", {})},
        utility={
            "name": "window",
            "outcome": "trough",
            "low": 50,
            "high": 200,
            "harm": "trough",
            "harm_above": 200,
            "harm_weight": 2,
        },
        why="1 for a trough of 50 to 200 ug/L between sessions, 2 lost above (bleeding)",
    ),
)


def theta(name, value, unit=""):
    return bd.theta(name, bd.published.theta(value, rse_percent=RSE), unit=unit)


def dialysis_clearance(QB, QD, KoA):
    """Return Michaels' dialysis clearance in the unit of the flows; its limit where the flows are equal."""
    equal = pm.math.abs(QD - QB) < 1e-3 * QB
    apart = pm.math.switch(equal, 2.0 * QB, QD)  # any other flow: the branch that is not taken stays finite
    x = pm.math.exp(-KoA * (apart - QB) / (QB * apart))
    return pm.math.switch(equal, QB * KoA / (QB + KoA), QB * (1.0 - x) / (1.0 - QB / apart * x))


def model(study):
    """Declare the model on a study."""
    with bd.population_model(study, CARD) as m:

        def cv(value):
            return bd.published.omega(value, scale="cv", rse_percent=RSE_CV)

        kappa = bd.kappa({"ka": cv(0.64), "F": cv(0.48)})
        HD, QB, QD, PD = (bd.covariate(c) for c in ("HD", "QB", "QD", "PD"))
        eta = bd.eta({"CL": cv(0.404), "V1": cv(0.143)})
        own = bd.parameter("CL_body", theta("CL", 12.4, "L/h"), eta["CL"])
        machine = dialysis_clearance(QB, QD, theta("KoA", 313.0, "mL/min"))
        CL = bd.parameter("CL_total", own + HD * machine + PD)
        V1 = bd.parameter("V1", theta("V1", 531.0, "L"), eta["V1"])
        Q = bd.parameter("Q", theta("Q", 152.0, "L/h"))
        V2 = bd.parameter("V2", theta("V2", 499.0, "L"))
        ka = bd.parameter("ka", theta("ka", 0.821, "1/h"), kappa["ka"])
        lag = bd.parameter("lag", theta("lag", 1.67, "h"))
        F = bd.parameter("F", 1.0, kappa["F"])
        prediction = bd.two_compartment(CL=CL, V1=V1, Q=Q, V2=V2, ka=ka, lag=lag, F=F)
        sigma = bd.published.sigma(0.085, scale="cv", rse_percent=RSE_SIGMA)
        bd.observe("DV", prediction, error=bd.proportional(sigma))
    return m
