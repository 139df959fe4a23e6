"""Two compartments, clearance by weight: the example of mapbayr's README."""

import bayesdose as bd

CARD = bd.Card(
    drug="mapbayr README",
    source="FelicienLL/mapbayr README.md",
    covariates=(bd.Covariate("BW", unit="kg", reference=70.0, range=(10.0, 200.0)),),
)


def model(study):
    with bd.population_model(study, CARD) as m:
        weight = bd.covariate("BW")
        eta = bd.eta({"CL": 0.3**0.5, "V1": 0.3**0.5})
        CL = bd.parameter("CL", bd.theta("CL", 0.9, unit="L/h") * (weight / 70.0) ** 1.2, eta["CL"])
        V1 = bd.parameter("V1", bd.theta("V1", 10.0, unit="L"), eta["V1"])
        structure = bd.two_compartment(CL=CL, V1=V1, Q=bd.theta("Q", 1.0), V2=bd.theta("V2", 10.0))
        bd.observe("DV", structure, error=bd.combined2(0.1**0.5, 0.05**0.5))
    return m
