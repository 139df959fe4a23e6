"""Methotrexate with one kappa and a clearance that changes in time: a test of posologyr."""

import bayesdose as bd

CARD = bd.Card(
    drug="methotrexate",
    source="levenc/posologyr tests/testthat/test_issue_30.R",
    covariates=(
        bd.Covariate("CLCREAT", unit="mL/min", reference=95.0, range=(5.0, 300.0), varies=True, carry="locf"),
        bd.Covariate("BSA", unit="m^2", reference=1.75, range=(1.0, 3.0)),
    ),
)


def model(study):
    with bd.population_model(study, CARD) as m:
        kappa = bd.kappa({"CL": 0.017**0.5})
        eta = bd.eta({"CL": 0.10878**0.5, "V2": 0.116808**0.5})
        renal, size = (bd.covariate("CLCREAT") / 95.0) ** 0.28, (bd.covariate("BSA") / 1.75) ** 0.15
        CL = bd.parameter("CL", bd.theta("CL", 10.8, unit="L/h") * renal * size, eta["CL"], kappa["CL"])
        V2 = bd.parameter("V2", bd.theta("V2", 6.3, unit="L"), eta["V2"])
        V1, Q = bd.theta("V1", 34.0, unit="L"), bd.theta("Q", 0.35, unit="L/h")
        bd.observe("DV", bd.two_compartment(CL=CL, V1=V1, Q=Q, V2=V2), error=bd.proportional(0.318))
    return m
