"""Daptomycin (Dvorchik et al. 2004, Antimicrob Agents Chemother 48:2799) as posologyr's tests write it.

They put sqrt(log(1 + CV^2)), an SD, where a variance stands, and 4.72 as the variance of the residual error:
so does this, because it is their numbers that are compared. It is no model to dose by.
"""

from math import log

import bayesdose as bd

CARD = bd.Card(
    drug="daptomycin",
    source="levenc/posologyr tests/testthat/test_doseoptim_tdm.R, after Dvorchik et al. 2004",
    covariates=(
        bd.Covariate("CLCR", unit="mL/min", reference=91.2, range=(5.0, 200.0)),
        bd.Covariate("TEMP", unit="degC", reference=37.2, range=(34.0, 42.0)),
        bd.Covariate("SEX", reference=0.0, range=(0.0, 1.0)),
        bd.Covariate("WT", unit="kg", reference=75.1, range=(30.0, 200.0)),
    ),
)
CV = {"CL": 0.306, "V1": 0.567, "V2": 0.191, "Q": 0.652}


def model(study):
    with bd.population_model(study, CARD) as m:
        renal, warm, sex, weight = (bd.covariate(name) for name in ("CLCR", "TEMP", "SEX", "WT"))
        eta = bd.eta({name: log(1 + cv**2) ** 0.25 for name, cv in CV.items()})
        typical = bd.theta("CL", 0.807, unit="L/h") + 0.00514 * (renal - 91.2) + 0.14 * (warm - 37.2)
        CL = bd.parameter("CL", typical * 0.8**sex, eta["CL"])
        V1 = bd.parameter("V1", bd.theta("V1", 4.80, unit="L"), eta["V1"])
        V2 = bd.parameter("V2", (bd.theta("V2", 3.13, unit="L") + 0.0458 * (weight - 75.1)) * 1.93, eta["V2"])
        Q = bd.parameter("Q", bd.theta("Q", 3.46, unit="L/h") + 0.0593 * (weight - 75.1), eta["Q"])
        bd.observe("DV", bd.two_compartment(CL=CL, V1=V1, Q=Q, V2=V2), error=bd.additive(4.72**0.5))
    return m
