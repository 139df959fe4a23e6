"""Tobramycin by rates, made up: what posologyr's tests hold against Monolix."""

import bayesdose as bd

CARD = bd.Card(
    drug="tobramycin",
    source="levenc/posologyr tests/testthat/test_map_mlx.R",
    covariates=(
        bd.Covariate("CLCREAT", unit="mL/min", reference=67.8, range=(5.0, 200.0)),
        bd.Covariate("WT", unit="kg", reference=66.4, range=(30.0, 200.0)),
    ),
)


def model(study):
    with bd.population_model(study, CARD) as m:
        renal, weight = bd.covariate("CLCREAT") / 67.8, bd.covariate("WT") / 66.4
        eta = bd.eta({"ke": 0.08075**0.5, "V": 0.01203**0.5})
        ke = bd.parameter("ke", bd.theta("ke", 0.21, unit="1/h") * renal**0.89 * weight**-1.09, eta["ke"])
        V = bd.parameter("V", bd.theta("V", 19.8, unit="L") * weight**0.80, eta["V"])
        k12, k21 = bd.theta("k12", 0.041, unit="1/h"), bd.theta("k21", 0.12, unit="1/h")
        structure = bd.two_compartment(CL=ke * V, V1=V, Q=k12 * V, V2=V * k12 / k21)
        bd.observe("DV", structure, error=bd.proportional(0.198))
    return m
