"""Boluses, correlated etas, an additive error on the log scale: a test of PKPDmap."""

import bayesdose as bd

CARD = bd.Card(drug="PKPDmap", source="InsightRX/PKPDmap tests/testthat/test-get_map_estimates.R")


def model(study):
    with bd.population_model(study, CARD) as m:
        rho = 0.0623 / (0.0406 * 0.117) ** 0.5
        eta = bd.eta({"CL": 0.0406**0.5, "V": 0.117**0.5}, correlation={("CL", "V"): rho})
        CL = bd.parameter("CL", bd.theta("CL", 7.67, unit="L/h"), eta["CL"])
        V = bd.parameter("V", bd.theta("V", 97.7, unit="L"), eta["V"])
        bd.observe("DV", bd.one_compartment(CL=CL, V=V), error=bd.log_normal(0.15))
    return m
