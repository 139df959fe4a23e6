"""Ganciclovir by mouth (Caldes et al. 2009, doi:10.1128/aac.00085-09) as posologyr's tests write it."""

import bayesdose as bd

CARD = bd.Card(
    drug="ganciclovir",
    source="levenc/posologyr tests/testthat/test_doseoptim_cmt.R, after Caldes et al. 2009",
    compartments=("depot", "central", "peripheral"),
    covariates=(bd.Covariate("CLCR", unit="mL/min", reference=57.0, range=(5.0, 200.0)),),
)


def model(study):
    with bd.population_model(study, CARD) as m:
        eta = bd.eta({"CL": 0.107**0.5, "V1": 0.227**0.5, "ka": 0.464**0.5, "F": 0.049**0.5})
        CL = bd.parameter("CL", bd.theta("CL", 7.49, unit="L/h") * bd.covariate("CLCR") / 57.0, eta["CL"])
        V1 = bd.parameter("V1", bd.theta("V1", 31.9, unit="L"), eta["V1"])
        Q, V2 = bd.theta("Q", 10.2, unit="L/h"), bd.theta("V2", 32.0, unit="L")
        ka = bd.parameter("ka", bd.theta("ka", 0.895, unit="1/h"), eta["ka"])
        F = bd.parameter("F", bd.theta("F", 0.825), eta["F"])
        lag = bd.theta("lag", 0.382, unit="h")
        structure = bd.two_compartment(CL=CL, V1=V1, Q=Q, V2=V2, ka=ka, F={"depot": F}, lag={"depot": lag})
        bd.observe("DV", structure, error=bd.combined1(0.465, 0.143))
    return m
