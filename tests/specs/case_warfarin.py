"""Warfarin and prothrombin complex activity, two kinds of level: a test of posologyr."""

import math

import bayesdose as bd

CARD = bd.Card(
    drug="warfarin",
    source="levenc/posologyr tests/testthat/test_multi_outputs.R",
    endpoints={2: bd.Endpoint("prothrombin complex activity", "%")},
)
LOGS = {"ktr": 0.106, "ka": -0.087, "cl": -2.03, "v": 2.07, "ec50": 0.00724, "kout": -2.9, "e0": 4.57}
VARIANCE = {"ktr": 1.024695, "ka": 0.9518403, "cl": 0.5300943, "emax": 0.7134424, "ec50": 0.7204165}


def rhs(t, A, p, m):
    cp = A.center / p.v
    pd = 1 - p.emax * cp / (p.ec50 + cp)
    return {
        "depot": -p.ktr * A.depot,
        "gut": p.ktr * A.depot - p.ka * A.gut,
        "center": p.ka * A.gut - p.cl / p.v * A.center,
        "effect": p.e0 * p.kout * pd - p.kout * A.effect,
    }


SYSTEM = bd.System(
    rhs,
    states=("depot", "gut", "center", "effect"),
    parameters=("ktr", "ka", "cl", "v", "emax", "ec50", "kout", "e0"),
    dose="depot",
    initial=lambda p, m: {"effect": p.e0},
)


def model(study):
    with bd.population_model(study, CARD) as m:
        eta = bd.eta({name: variance**0.5 for name, variance in VARIANCE.items()})
        own = {
            name: bd.parameter(name, bd.theta(name, math.exp(log)), *([eta[name]] if name in eta else []))
            for name, log in LOGS.items()
        }
        own["emax"] = bd.parameter(
            "emax", bd.theta("emax", 1 / (1 + math.exp(-3.4))), eta["emax"], scale="logit"
        )
        A = bd.ode(SYSTEM, **own)
        bd.observe(
            "DV",
            {1: A.center / bd.at_observations(own["v"]), 2: A.effect},
            error={1: bd.combined2(0.144, 0.15), 2: bd.additive(3.91)},
        )
    return m
