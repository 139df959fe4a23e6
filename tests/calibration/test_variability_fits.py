"""Populations with occasions, correlated etas, censoring, subpopulations: simulated and found again."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bayesdose as bd
from bayesdose.predictive import simulated

SPECS = Path(__file__).parents[1] / "specs"
TIMES = [0.5, 1, 2, 4, 8, 12, 24]
pytestmark = pytest.mark.calibration


def truth_of(name):
    spec = spec_from_file_location(name, SPECS / f"{name}.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def design(subjects, occasions=1):
    """Return 100 mg and seven levels of every subject, on every occasion, two days apart."""
    rows = []
    for subject in range(1, subjects + 1):
        for occasion in range(occasions):
            at = 48.0 * occasion
            rows.append((subject, at, 100.0, 1, 0.0, 0, occasion + 1))
            rows += [(subject, at + t, 0.0, 0, 1.0, 0, occasion + 1) for t in TIMES]
    return pd.DataFrame(rows, columns=["ID", "TIME", "AMT", "EVID", "DV", "CENS", "OCC"])


def population(name, seed, subjects, occasions=1):
    model, module = bd.load_model(SPECS / f"{name}.py"), truth_of(name)
    table = design(subjects, occasions)
    truth = {k: np.array([v]) for k, v in module.TRUTH.items()}
    drawn = simulated(model, bd.read_study(table, model), truth, seed=seed, draws=1).DV.to_numpy()[0]
    limit = getattr(module, "LLOQ", None)
    level = table["EVID"] == 0
    table.loc[level, "DV"] = drawn if limit is None else np.maximum(drawn, limit)
    if limit is not None:
        table.loc[level, "CENS"] = (drawn < limit).astype(int)
        assert 0.05 < table.loc[level, "CENS"].mean() < 0.5
    return model, bd.read_study(table, model), module.TRUTH


CASES = {"sim_occasions": (40, 3), "sim_correlated": (60, 1), "sim_mixture": (60, 1)}
CENTRED = {"sim_correlated": ("CL", "V"), "sim_mixture": ("CL", "V")}  # seven levels a subject


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("name", CASES)
def test_the_truth_is_found(name, seed, tmp_path):
    model, study, truth = population(name, seed, *CASES[name])
    fit = bd.fit(model, study, seed=seed, draws=2000, centred=CENTRED.get(name, ()), progress=False)
    checks = fit.check()
    assert checks.passed, str(checks)
    for variable, value in truth.items():
        draws = fit.population_draws[variable]
        assert abs(np.mean(draws) - value) < 3 * np.std(draws), variable
    stored = bd.load_fit(fit.save(tmp_path / "fit"), model)
    found = bd.fitted(stored, study, draws=200)
    assert abs(float(found.IWRES.std()) - 1) < 0.1
