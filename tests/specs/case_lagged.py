"""By mouth with a lag that varies: run003 of posologyr's tests, after mapbayr's comparison with NONMEM."""

import bayesdose as bd

CARD = bd.Card(
    drug="posologyr run003",
    source="levenc/posologyr tests/testthat/test_issue_28.R",
    compartments=("depot", "central"),
)


def model(study):
    with bd.population_model(study, CARD) as m:
        omega = 0.2**0.5
        eta = bd.eta(dict.fromkeys(("CL", "V", "ka", "lag"), omega))
        CL = bd.parameter("CL", bd.theta("CL", 4.0, unit="L/h"), eta["CL"])
        V = bd.parameter("V", bd.theta("V", 70.0, unit="L"), eta["V"])
        ka = bd.parameter("ka", bd.theta("ka", 1.0, unit="1/h"), eta["ka"])
        lag = bd.parameter("lag", bd.theta("lag", 1.0, unit="h"), eta["lag"])
        structure = bd.one_compartment(CL=CL, V=V, ka=ka, lag={"depot": lag})
        bd.observe("DV", structure, error=bd.proportional(0.05**0.5))
    return m
