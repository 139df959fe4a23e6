"""Clearance by a weight and a sex that change in time (NONMEM's rule): run302 of posologyr."""

import bayesdose as bd

CARD = bd.Card(
    drug="posologyr run302",
    source="levenc/posologyr tests/testthat/test_map_nm.R",
    compartments=("depot", "central"),
    covariates=(
        bd.Covariate("BW", unit="kg", reference=75.0, range=(10.0, 200.0), varies=True),
        bd.Covariate("SEX", reference=0.0, range=(0.0, 1.0), varies=True),
    ),
)


def model(study):
    with bd.population_model(study, CARD) as m:
        weight, sex = bd.covariate("BW"), bd.covariate("SEX")
        omega = 0.2**0.5
        eta = bd.eta({"CL": omega, "V": omega, "ka": omega})
        typical = bd.theta("CL", 4.0, unit="L/h") * (weight / 75.0) ** 1.5 * 0.75**sex
        CL = bd.parameter("CL", typical, eta["CL"])
        V = bd.parameter("V", bd.theta("V", 70.0, unit="L"), eta["V"])
        ka = bd.parameter("ka", bd.theta("ka", 1.0, unit="1/h"), eta["ka"])
        bd.observe("DV", bd.one_compartment(CL=CL, V=V, ka=ka), error=bd.proportional(0.05**0.5))
    return m
