"""Posterior of one subject with saturable elimination against Metropolis over SciPy's LSODA.

The published draws of posteriordb's one_comp_mm_elim_abs belong to data that are not at hand; the data here
come from the same model at the same truth, and the reference from another sampler over another solver.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from arviz_stats import mcse

import bayesdose as bd

HERE = Path(__file__).parent
REFERENCE = json.loads((HERE / "one_comp_mm.json").read_text())
NAMES = {"k_a": "theta_k_a", "K_m": "theta_K_m", "V_m": "theta_V_m", "sigma": "sigma_add"}


@pytest.fixture(scope="module")
def fit():
    model = bd.load_model(HERE.parent / "specs" / "one_comp_mm.py")
    levels = {"TIME": REFERENCE["times"], "AMT": 0, "EVID": 0, "DV": np.log(REFERENCE["C"])}
    dose = pd.DataFrame({"TIME": [0.0], "AMT": [30.0], "EVID": [1], "DV": [0.0]})
    table = pd.concat([dose, pd.DataFrame(levels)]).assign(ID=1)
    study = bd.read_study(table.astype(str), model)
    return bd.fit(model, study, seed=1, draws=2000, target_accept=0.95, progress=False)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_median_agrees_within_monte_carlo_error(fit, name):
    draws = fit.posterior["posterior"][NAMES[name]]
    theirs = REFERENCE["posterior"][name]
    error = np.hypot(float(mcse(draws, method="median")), theirs["mcse_median"])
    assert abs(float(draws.median()) - theirs["median"]) <= 4 * error


@pytest.mark.slow
def test_the_tolerances_do_not_matter(fit):
    (row,) = [row for row in fit.check() if row.name.startswith("solver")]
    assert row.passed, str(fit.check())
