"""Vancomycin (Goti et al. 2018, Ther Drug Monit 40:212) as posologyr's tests write it."""

import bayesdose as bd

CARD = bd.Card(
    drug="vancomycin",
    source="levenc/posologyr tests/testthat/test_map_mlx.R, after Goti et al. 2018",
    covariates=(
        bd.Covariate("CLCREAT", unit="mL/min", reference=120.0, range=(0.0, 200.0)),
        bd.Covariate("WT", unit="kg", reference=70.0, range=(30.0, 200.0)),
        bd.Covariate("DIAL", reference=0.0, range=(0.0, 1.0)),
    ),
)


def model(study):
    with bd.population_model(study, CARD) as m:
        renal, weight, dialysis = (bd.covariate(name) for name in ("CLCREAT", "WT", "DIAL"))
        eta = bd.eta({"CL": 0.147**0.5, "Vc": 0.51**0.5, "Vp": 0.282**0.5})
        typical = bd.theta("CL", 4.5, unit="L/h") * (renal / 120.0) ** 0.8 * 0.7**dialysis
        CL = bd.parameter("CL", typical, eta["CL"])
        size = weight / 70.0 * 0.5**dialysis
        Vc = bd.parameter("Vc", bd.theta("Vc", 58.4, unit="L") * size, eta["Vc"])
        Vp = bd.parameter("Vp", bd.theta("Vp", 38.4, unit="L"), eta["Vp"])
        structure = bd.two_compartment(CL=CL, V1=Vc, Q=bd.theta("Q", 6.5, unit="L/h"), V2=Vp)
        bd.observe("DV", structure, error=bd.combined1(3.4, 0.227))
    return m
