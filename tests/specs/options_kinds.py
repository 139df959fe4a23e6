"""One compartment with a depot; a formulation sets ka, a dialysis session adds to CL."""

import bayesdose as bd

CARD = bd.Card(
    drug="x",
    source="none",
    compartments=("depot", "central"),
    covariates=(
        bd.Covariate("FORM", reference=1.0, range=(1.0, 4.0), varies=True),
        bd.Covariate("DIAL", reference=0.0, range=(0.0, 1.0), varies=True),
        bd.Covariate("WT", unit="kg", reference=70.0),
    ),
)


def model(study):
    with bd.population_model(study, CARD) as m:
        eta = bd.eta({"CL": 0.3})
        CL = bd.parameter("CL", 2.0 + 8.0 * bd.covariate("DIAL"), eta["CL"])
        ka = bd.parameter("ka", 1.0 / bd.covariate("FORM"))
        bd.observe("DV", bd.one_compartment(CL=CL, V=20.0, ka=ka), error=bd.proportional(0.1))
    return m
