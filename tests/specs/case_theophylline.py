"""Theophylline with a full omega matrix, as a test of tdmore has it."""

import bayesdose as bd

CARD = bd.Card(drug="theophylline", source="tdmore-dev/tdmore tests/testthat/testTheo.R")
OMEGA = {
    ("KA", "KA"): 0.434717,
    ("V", "V"): 0.0193995,
    ("K", "K"): 0.0202334,
    ("KA", "V"): 0.0569202,
    ("KA", "K"): -0.00648548,
    ("V", "K"): 0.012083,
}


def model(study):
    with bd.population_model(study, CARD) as m:
        sd = {name: OMEGA[name, name] ** 0.5 for name in ("KA", "V", "K")}
        rho = {(a, b): OMEGA[a, b] / (sd[a] * sd[b]) for a, b in OMEGA if a != b}
        eta = bd.eta(sd, correlation=rho)
        KA = bd.parameter("KA", bd.theta("KA", 1.49072, unit="1/h"), eta["KA"])
        V = bd.parameter("V", bd.theta("V", 32.447, unit="L"), eta["V"])
        K = bd.parameter("K", bd.theta("K", 0.0872901, unit="1/h"), eta["K"])
        A = bd.linear({"depot -> central": KA, "central ->": K}, dose="depot")
        bd.observe("DV", A.central / bd.at_observations(V), error=bd.combined2(0.2878263, 0.1305320))
    return m
