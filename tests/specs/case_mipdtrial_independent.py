"""One compartment, log-normal CL and V, independent: from the tests of mipdtrial."""

import bayesdose as bd

CARD = bd.Card(drug="mipdtrial", source="InsightRX/mipdtrial tests/testthat/test-dose_grid_search.R")


def model(study):
    with bd.population_model(study, CARD) as m:
        eta = bd.eta({"CL": 0.1**0.5, "V": 0.1**0.5})
        CL = bd.parameter("CL", bd.theta("CL", 1.0, unit="L/h"), eta["CL"])
        V = bd.parameter("V", bd.theta("V", 10.0, unit="L"), eta["V"])
        bd.observe("DV", bd.one_compartment(CL=CL, V=V), error=bd.proportional(0.1))
    return m
