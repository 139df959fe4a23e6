"""Two compartments whose parameters stand in the table: for what is asked of one set of parameters."""

import bayesdose as bd

NAMES = ("CL", "V1", "Q", "V2")
CARD = bd.Card(
    drug="x",
    source="none",
    covariates=tuple(bd.Covariate(f"OWN_{n}", reference=1.0, range=(0.0, 1000.0)) for n in NAMES),
)


def model(study):
    with bd.population_model(study, CARD) as m:
        own = {name: bd.parameter(name, bd.covariate(f"OWN_{name}")) for name in NAMES}
        bd.observe("DV", bd.two_compartment(**own), error=bd.proportional(0.1))
    return m
