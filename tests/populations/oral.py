"""A population on an oral dose, drawn from the theophylline model at a known truth."""

import numpy as np
import pandas as pd

import bayesdose as bd
from bayesdose.predictive import simulated

TIMES = (0.5, 1.0, 2.0, 4.0, 8.0, 12.0)
TRUTH = {
    **{"theta_CL": 2.8, "theta_V": 32.0, "theta_ka": 1.6},
    **{"omega_CL": 0.3, "omega_V": 0.2, "omega_ka": 0.5, "sigma_add": 0.3},
}
CENTRED = ("CL", "V", "ka")
"""Six levels a subject are many."""


def population(subjects, seed):
    """Return the shipped theophylline model (oral, one compartment), and 320 mg and six levels each."""
    rows = []
    for subject in range(1, subjects + 1):
        rows.append((subject, 0.0, 320.0, 1, 0.0, 70.0))
        rows += [(subject, t, 0.0, 0, 1.0, 70.0) for t in TIMES]
    table = pd.DataFrame(rows, columns=["ID", "TIME", "AMT", "EVID", "DV", "WT"])
    model = bd.load_model("theophylline")
    truth = {name: np.array([value]) for name, value in TRUTH.items()}
    drawn = simulated(model, bd.read_study(table, model), truth, seed=seed, draws=1)
    table.loc[table["EVID"] == 0, "DV"] = drawn.DV.to_numpy()[0]
    return model, bd.read_study(table, model)
