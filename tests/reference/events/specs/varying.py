"""One compartment whose every parameter is multiplied by a covariate that varies (nocb, NONMEM's way)."""

import pymc as pm

import bayesdose as bd

PARAMETERS = ("CL", "V", "F_central", "lag_central", "D_central", "R_central")
COVARIATES = ("XCL", "XV", "XF", "XLAG", "XD", "XR")
CARD = bd.Card(
    drug="conformance varying",
    source="made for the conformance suite",
    covariates=[bd.Covariate(name, varies=True, carry="nocb") for name in COVARIATES],
    compartments=("central",),
)


def model(study):
    """Declare it on a study."""
    with bd.population_model(study, CARD) as m:
        p = {}
        for name, covariate in zip(PARAMETERS, COVARIATES, strict=True):
            typical = bd.theta(name, pm.HalfNormal.dist(1.0)) * bd.covariate(covariate)
            p[name] = bd.parameter(name, typical, scale="normal")
        concentration = bd.one_compartment(
            CL=p["CL"],
            V=p["V"],
            F=p["F_central"],
            lag=p["lag_central"],
            duration=p["D_central"],
            rate=p["R_central"],
        )
        bd.observe("DV", concentration, error=bd.additive(1.0))
    return m
