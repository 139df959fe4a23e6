"""The specs of the model library, and patients of their cards."""

import pandas as pd

import bayesdose as bd
from bayesdose.model import shipped_models


def library():
    """Names of the specs whose numbers were published, or made up, and not fitted here."""
    return [name for name in shipped_models() if bd.load_model(name).card.evidence is not None]


def reference_patient(model, covariates=()):
    """One record, no dose, no level; covariates at their references but those given."""
    given = dict(covariates)
    row = {"ID": "1", "TIME": [0.0], "AMT": [0.0], "DV": [None], "EVID": [2]}
    row |= {c.name: given.get(c.name, c.reference) for c in model.card.covariates}
    return bd.read_study(pd.DataFrame(row), model)
