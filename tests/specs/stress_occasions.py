"""By mouth, two kappas: five occasions make 13 random effects. Not a drug."""

import bayesdose as bd

CARD = bd.Card(drug="x", source="simulated", compartments=("depot", "central"))


def model(study):
    with bd.population_model(study, CARD) as m:
        kappa = bd.kappa({"CL": 0.25, "V": 0.2})
        eta = bd.eta({"CL": 0.35, "V": 0.3, "ka": 0.6})
        CL = bd.parameter("CL", bd.theta("CL", 4.0, unit="L/h"), eta["CL"], kappa["CL"])
        V = bd.parameter("V", bd.theta("V", 30.0, unit="L"), eta["V"], kappa["V"])
        ka = bd.parameter("ka", bd.theta("ka", 1.2, unit="1/h"), eta["ka"])
        bd.observe("DV", bd.one_compartment(CL=CL, V=V, ka=ka), error=bd.combined2(0.1, 0.15))
    return m
