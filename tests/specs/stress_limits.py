"""Infusions, two compartments, levels below a limit (M3), additive and proportional error. Not a drug."""

import bayesdose as bd

CARD = bd.Card(drug="x", source="simulated")


def model(study):
    with bd.population_model(study, CARD) as m:
        eta = bd.eta({"CL": 0.4, "V1": 0.3, "V2": 0.5})
        CL = bd.parameter("CL", bd.theta("CL", 5.0, unit="L/h"), eta["CL"])
        V1 = bd.parameter("V1", bd.theta("V1", 20.0, unit="L"), eta["V1"])
        V2 = bd.parameter("V2", bd.theta("V2", 40.0, unit="L"), eta["V2"])
        structure = bd.two_compartment(CL=CL, V1=V1, Q=bd.theta("Q", 8.0, unit="L/h"), V2=V2)
        bd.observe("DV", structure, error=bd.combined2(0.2, 0.15), blq="M3")
    return m
