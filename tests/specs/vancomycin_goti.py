"""Vancomycin by infusion, two compartments, every number fixed; without dialysis.

Goti V et al. Ther Drug Monit 2018;40:212-221, doi:10.1097/FTD.0000000000000490 (with the erratum of 2019).
Omegas are the square roots of log(1 + CV^2) of the published 39.8, 81.6 and 57.1 %; residual SDs add (3.4
mg/L and 22.7 %).
"""

import bayesdose as bd

CARD = bd.Card(
    drug="vancomycin",
    source="doi:10.1097/FTD.0000000000000490",
    covariates=[
        bd.Covariate("WT", unit="kg", reference=70.0, range=(30.0, 200.0)),
        bd.Covariate("CRCL", unit="mL/min", reference=120.0, range=(10.0, 150.0)),
    ],
)


def model(study):
    with bd.population_model(study, CARD) as m:
        WT, CRCL = bd.covariate("WT"), bd.covariate("CRCL")
        eta = bd.eta({"CL": 0.14704**0.5, "V1": 0.51034**0.5, "V2": 0.2822**0.5})
        CL = bd.parameter("CL", bd.theta("CL", 4.5, unit="L/h") * (CRCL / 120) ** 0.8, eta["CL"])
        V1 = bd.parameter("V1", bd.theta("V1", 58.4, unit="L") * (WT / 70), eta["V1"])
        V2 = bd.parameter("V2", bd.theta("V2", 38.4, unit="L"), eta["V2"])
        Q = bd.parameter("Q", bd.theta("Q", 6.5, unit="L/h"))
        f = bd.two_compartment(CL=CL, V1=V1, Q=Q, V2=V2)
        bd.observe("DV", f, error=bd.combined1(3.4, 0.227))
    return m
