"""Two compartments with a level below the limit of quantification: mapbayr's test of method M3."""

import bayesdose as bd

CARD = bd.Card(drug="mapbayr M3", source="FelicienLL/mapbayr tests/testthat/test-blq.R")


def model(study):
    with bd.population_model(study, CARD) as m:
        eta = bd.eta({"CL": 0.05**0.5, "V1": 0.02**0.5})
        CL = bd.parameter("CL", bd.theta("CL", 0.2, unit="L/h"), eta["CL"])
        V1 = bd.parameter("V1", bd.theta("V1", 2.0, unit="L"), eta["V1"])
        structure = bd.two_compartment(CL=CL, V1=V1, Q=bd.theta("Q", 0.1), V2=bd.theta("V2", 0.5))
        bd.observe("DV", structure, error=bd.combined2(0.5**0.5, 0.1**0.5), blq="M3")
    return m
