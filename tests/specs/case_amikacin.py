"""Amikacin with a full omega (Burdet et al. 2015), as posologyr's tests hold it against nlmixr."""

import bayesdose as bd

CARD = bd.Card(
    drug="amikacin",
    source="levenc/posologyr tests/testthat/test_map_nlmixr.R, after Burdet et al. 2015",
    covariates=(
        bd.Covariate("CLCREAT4H", unit="mL/min", reference=82.0, range=(5.0, 300.0)),
        bd.Covariate("TBW", unit="kg", reference=78.0, range=(30.0, 200.0)),
        bd.Covariate("POVERF", unit="mmHg", reference=169.0, range=(50.0, 600.0)),
    ),
)
OMEGA = {  # lower triangle; variances on the diagonal
    ("CL", "CL"): 0.1,
    ("CL", "V1"): 0.01,
    ("V1", "V1"): 0.05,
    ("CL", "V2"): 0.01,
    ("V1", "V2"): 0.02,
    ("V2", "V2"): 0.2,
    ("CL", "Q"): -0.06,
    ("V1", "Q"): 0.004,
    ("V2", "Q"): 0.003,
    ("Q", "Q"): 0.08,
}


def model(study):
    with bd.population_model(study, CARD) as m:
        renal, weight, lung = (bd.covariate(name) for name in ("CLCREAT4H", "TBW", "POVERF"))
        sd = {name: OMEGA[name, name] ** 0.5 for name in ("CL", "V1", "V2", "Q")}
        rho = {(a, b): value / (sd[a] * sd[b]) for (a, b), value in OMEGA.items() if a != b}
        eta = bd.eta(sd, correlation=rho)
        CL = bd.parameter("CL", bd.theta("CL", 4.3, unit="L/h") * (renal / 82.0) ** 0.7, eta["CL"])
        size = (weight / 78.0) ** 0.9 * (lung / 169.0) ** 0.4
        V1 = bd.parameter("V1", bd.theta("V1", 15.9, unit="L") * size, eta["V1"])
        V2 = bd.parameter("V2", bd.theta("V2", 21.4, unit="L"), eta["V2"])
        Q = bd.parameter("Q", bd.theta("Q", 12.1, unit="L/h"), eta["Q"])
        bd.observe("DV", bd.two_compartment(CL=CL, V1=V1, Q=Q, V2=V2), error=bd.combined2(0.2, 0.1))
    return m
