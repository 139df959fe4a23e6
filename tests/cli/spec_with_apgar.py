"""A user's own spec: the neonates with the Apgar score on the card. Only its card is used."""

import bayesdose as bd

CARD = bd.Card(
    drug="phenobarbital",
    source="a test",
    covariates=[
        bd.Covariate("WT", unit="kg", reference=1.3, range=(0.5, 5.0)),
        bd.Covariate("APGR", range=(1, 10)),
    ],
)


def model(study):
    """Declare nothing: a bad table never gets this far."""
    raise AssertionError("a bad table was fitted")
