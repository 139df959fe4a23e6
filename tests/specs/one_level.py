"""One level soon after a bolus: 100 mg in a lognormal volume of 10 L, read with a lognormal error."""

import bayesdose as bd

CARD = bd.Card(drug="x", source="none")


def model(study):
    with bd.population_model(study, CARD) as m:
        V = bd.parameter("V", 10.0, bd.eta({"V": 0.3})["V"])
        bd.observe("DV", bd.one_compartment(CL=1e-6, V=V), error=bd.log_normal(0.2))
    return m
