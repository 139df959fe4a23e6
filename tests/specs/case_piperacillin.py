"""Piperacillin (Roberts et al. 2010) with a lag and occasions, as posologyr's tests write it."""

import bayesdose as bd

CARD = bd.Card(
    drug="piperacillin",
    source="levenc/posologyr tests/testthat/test_map_iov.R, after Roberts et al. 2010",
    covariates=(bd.Covariate("TBW", unit="kg", reference=70.0, range=(30.0, 200.0)),),
)
OMEGA2 = {"LAG": 0.1747673, "CL": 0.08507985, "V1": 0.0673745, "V2": 0.429067, "Q": 0.2247455}


def model(study):
    with bd.population_model(study, CARD) as m:
        kappa = bd.kappa({"CL": 0.1934626**0.5, "V1": 0.05783106**0.5})
        eta = bd.eta({name: variance**0.5 for name, variance in OMEGA2.items()})
        typical = bd.theta("CL", 17.1, unit="L/h") * bd.covariate("TBW") / 70.0
        CL = bd.parameter("CL", typical, eta["CL"], kappa["CL"])
        V1 = bd.parameter("V1", bd.theta("V1", 7.2, unit="L"), eta["V1"], kappa["V1"])
        V2 = bd.parameter("V2", bd.theta("V2", 17.8, unit="L"), eta["V2"])
        Q = bd.parameter("Q", bd.theta("Q", 52.0, unit="L/h"), eta["Q"])
        LAG = bd.parameter("LAG", bd.theta("LAG", 0.07, unit="h"), eta["LAG"])
        structure = bd.two_compartment(CL=CL, V1=V1, Q=Q, V2=V2, lag=LAG)
        bd.observe("DV", structure, error=bd.combined1(3.2, 0.253))
    return m
