"""A user's own spec with every kind of covariate and named compartments. Only its card is used."""

import bayesdose as bd

CARD = bd.Card(
    drug="a drug",
    source="a test",
    compartments=("depot", "central"),
    covariates=[
        bd.Covariate("WT", unit="kg", range=(40, 150), varies=True, carry="locf"),
        bd.Covariate("AGE", unit="year"),
        bd.Covariate("SEX", range=(0, 1)),
        bd.Covariate("SITE", group=True),
        bd.Covariate("CREA", unit="mg/dL", range=(0.2, 10), imputed=True),
    ],
)


def model(study):
    """Declare nothing: a bad table never gets this far."""
    raise AssertionError("a bad table was fitted")
