"""Clopidogrel and its active thiol H4: carriers of CYP2C19*2 form less of it.

Danielak D, Karazniewicz-Lada M, Komosa A, et al. Influence of genetic co-factors on the population
pharmacokinetic model for clopidogrel and its active thiol metabolite. Eur J Clin Pharmacol
2017;73:1623-1632, Table 2, as nlmixr2lib transcribes it, read twice. CVs are exact (footnote a: 25.3, 63.7,
49.8 and 71.4 % of ka, V, CL and FM), the covariance of ka and V is -0.087. Residual errors are printed
negative (a THETA on EPS): their size counts, 45 and 66 % (RSE 4.5 and 5.4 %). The paper's own equation: AUC
of H4 = F Dose FM / CL_H4. RSEs of the others are not in the copy: 15 % for thetas and 25 % for CVs are
defaults.
"""

import bayesdose as bd

RSE, RSE_CV = 15, 25
COVARIANCE, VARIANCE_KA, VARIANCE_V = -0.087, 0.0620, 0.3407

CARD = bd.Card(
    drug="clopidogrel",
    title="Clopidogrel and its active metabolite H4, CYP2C19",
    units=bd.Units(time="h", amount="ug", concentration="ug/L"),
    compartments=("depot", "central", "H4"),
    covariates=[
        bd.Covariate("CYP2C19_2", reference=0.0, range=(0, 1), description="1 with a CYP2C19*2 allele"),
    ],
    endpoints={2: bd.Endpoint("active thiol H4, as mass of clopidogrel", "ug/L")},
    source="doi:10.1007/s00228-017-2334-z",
    population="63 adults in Poland on 75 mg a day before coronary intervention; no *2/*2",
    limitations="CL and volumes are apparent; ug/L is ng/mL, doses in ug; exposure, not platelets.",
    not_for="poor metabolisers (*2/*2 was not seen; CPIC: another drug), acute coronary syndrome as such",
    evidence=bd.Evidence(
        status="unverified",
        against="nlmixr2lib's copy of Table 2, read twice; the paper was not seen",
        omega="cv",
        error="proportional, by analyte; printed negative; M3 in the paper, LLOQ 0.25 ug/L",
        uncertainty="RSE of sigmas as printed; defaults 15 % (thetas), 25 % (CVs)",
        errata=("sigmas printed as -0.45 and -0.66: the sign of a THETA on EPS means nothing",),
    ),
    aims=[
        bd.Aim("platelet reactivity", 85, 208, "PRU", source="consensus 2013; to be confirmed, not modelled"),
        bd.Aim("platelet reactivity", low=85, unit="PRU", harm=True, source="bleeding below; not modelled"),
        bd.Aim("platelet reactivity", high=208, unit="PRU", harm=True, source="ischaemia; not modelled"),
    ],
    regimens=("300-600 mg, then 75 mg every 24 h",),
    expected=[
        bd.Expected(
            "auc24",
            value=75000 * 0.045 / 252,
            source="Danielak 2017: AUC of H4 = F Dose FM / CL_H4, 75 mg a day",
            regimen="75 mg every 24 h x 2 at steady state",
            arguments={"dvid": 2},
        ),
        bd.Expected(
            "auc24",
            value=75000 * 0.045 * 0.55 / 252,
            source="a *2 carrier forms 45 % less",
            regimen="75 mg every 24 h x 2 at steady state",
            arguments={"dvid": 2},
            covariates={"CYP2C19_2": 1.0},
        ),
        bd.Expected(
            "auc24",
            value=75000 / 14500,
            source="the parent: 75 mg / 14,500 L/h",
            regimen="75 mg every 24 h x 2 at steady state",
        ),
    ],
    worked=bd.Worked(
        story="A carrier of CYP2C19*2 on 75 mg a day; clopidogrel and H4 one hour after the dose.",
        table={
            "TIME": [0.0, 0.0, 24.0, 25.0, 25.0, 48.0],
            "AMT": [0.0, 75000.0, 75000.0, 0.0, 0.0, 0.0],
            "DV": [None, None, None, 1.3, 3.1, None],
            "DVID": [1, 1, 1, 1, 2, 1],
            "EVID": [2, 1, 1, 0, 0, 2],
            "CYP2C19_2": 1.0,
        },
        options="{amount} mg every 24 h for 3 days",
        values={"amount": [37.5, 75, 150, 225, 300]},
        outcomes={"H4": ("auc24", {"dvid": 2})},
        utility={
            "name": "window",
            "outcome": "H4",
            "low": 9,
            "high": 20,
            "harm": "H4",
            "harm_above": 40,
            "harm_weight": 1,
        },
        why=(
            "an example's own: 1 for the H4 of a typical patient without *2 (13.4) within a factor of 1.5, 1 "
            "lost at 3 times"
        ),
    ),
)


def theta(name, value, unit=""):
    return bd.theta(name, bd.published.theta(value, rse_percent=RSE), unit=unit)


def model(study):
    """Declare the model on a study."""
    with bd.population_model(study, CARD) as m:
        carrier = bd.covariate("CYP2C19_2")

        def cv(value):
            return bd.published.omega(value, scale="cv", rse_percent=RSE_CV)

        rho = COVARIANCE / (VARIANCE_KA * VARIANCE_V) ** 0.5
        eta = bd.eta(
            {"ka": cv(0.253), "V": cv(0.637), "CL": cv(0.498), "FM": cv(0.714)},
            correlation={("ka", "V"): rho},
        )
        ka = bd.parameter("ka", theta("ka", 0.592, "1/h"), eta["ka"])
        V = bd.parameter("V", theta("V", 7660.0, "L"), eta["V"])
        CL = bd.parameter("CL", theta("CL", 14500.0, "L/h"), eta["CL"])
        less = 1.0 - theta("CYP2C19_2_on_FM", 0.45) * carrier
        FM = bd.parameter("FM", theta("FM", 0.045) * less, eta["FM"])
        V_H4 = bd.parameter("V_H4", theta("V_H4", 4.89, "L"))
        CL_H4 = bd.parameter("CL_H4", theta("CL_H4", 252.0, "L/h"))
        flows = {
            "depot -> central": ka,
            "central -> H4": FM * CL / V,
            "central ->": (1.0 - FM) * CL / V,
            "H4 ->": CL_H4 / V_H4,
        }
        A = bd.linear(flows, dose="depot")
        errors = {
            1: bd.proportional(bd.published.sigma(0.45, scale="cv", rse_percent=4.5)),
            2: bd.proportional(bd.published.sigma(0.66, scale="cv", rse_percent=5.4)),
        }
        levels = {1: A.central / bd.at_observations(V), 2: A.H4 / bd.at_observations(V_H4)}
        bd.observe("DV", levels, error=errors)
    return m
