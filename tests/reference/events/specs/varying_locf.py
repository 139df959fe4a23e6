"""One compartment whose clearance and volume follow covariates that are carried forward (locf)."""

import pymc as pm

import bayesdose as bd

CARD = bd.Card(
    drug="conformance locf",
    source="made for the conformance suite",
    covariates=[bd.Covariate(name, varies=True, carry="locf") for name in ("XCL", "XV")],
    compartments=("central",),
)


def model(study):
    """Declare it on a study."""
    with bd.population_model(study, CARD) as m:
        CL = bd.parameter("CL", bd.theta("CL", pm.HalfNormal.dist(1.0)) * bd.covariate("XCL"))
        V = bd.parameter("V", bd.theta("V", pm.HalfNormal.dist(1.0)) * bd.covariate("XV"))
        bd.observe("DV", bd.one_compartment(CL=CL, V=V), error=bd.additive(1.0))
    return m
