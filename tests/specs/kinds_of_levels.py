"""Concentrations, counts, categories and events of made-up numbers: to check diagnostics on, not a drug."""

import bayesdose as bd

CARD = bd.Card(
    drug="x",
    source="made up",
    covariates=[bd.Covariate("ARM", reference=0.0, range=(0.0, 1.0))],
    endpoints={
        1: bd.Endpoint("concentration", "mg/L"),
        2: bd.Endpoint("attacks", "1"),
        3: bd.Endpoint("severity", "1"),
        4: bd.Endpoint("relapse", "1"),
    },
)


def model(study):
    with bd.population_model(study, CARD) as m:
        arm = bd.covariate("ARM")
        eta = bd.eta({"CL": 0.3, "base": 0.4})
        CL = bd.parameter("CL", bd.theta("CL", 3.0, unit="L/h"), eta["CL"])
        base = bd.parameter("base", bd.theta("base", 0.02), eta["base"])
        A = bd.linear({"central ->": CL / 30.0, "central ~> area": 1.0}, dose="central")
        C, area = A.central / 30.0, A.area / 30.0
        count = 4.0 / (1 + C)
        low = bd.at_observations(base) * (1 - 0.5 * bd.at_observations(arm))
        predictions = {1: C, 2: count, 3: C - 1.5, 4: low * area}
        errors = {
            1: bd.combined1(0.05, 0.1),
            2: bd.poisson(),
            3: bd.ordinal([-1.0, 0.5]),
            4: bd.time_to_event(hazard=low * C),
        }
        bd.observe("DV", predictions, error=errors, blq={1: "M3"})
    return m
