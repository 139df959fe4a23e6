"""Simulation-based calibration of `condition`: patients drawn from the fit are recovered as often as claimed.

Talts et al. 2018 (arXiv:1804.06788): where patient and levels are drawn from the joint distribution that
`condition` inverts, the rank of the true parameter among the posterior draws is uniform.
"""

import numpy as np
import pytest
from scipy.stats import kstest

import bayesdose as bd
from bayesdose.individual import compile_individual
from bayesdose.study import events

PATIENTS = 300


def draw_patient(fit, design, rng):
    """Return a patient drawn from the fit on a real neonate's doses and times, and its true parameters."""
    compiled = compile_individual(fit.model)
    which = rng.integers(len(fit.population_draws["theta_CL"]), size=1)
    theta = {name: draws[which] for name, draws in fit.population_draws.items()}
    z = rng.standard_normal((1, len(compiled.etas)))
    data = compiled.data(events(design))
    truth, _ = compiled.predict(theta, z, data)
    measured = compiled.measure(theta, z, data, rng.random((1, len(design.levels))))[0]
    records = design.records.copy()
    records.loc[design.levels.index, "DV"] = measured
    return type(design)(records, design.card), {name: float(truth[name][0, 0]) for name in ("CL", "V")}


@pytest.fixture(scope="module")
def ranks(stored_fit, neonates):
    rng = np.random.default_rng(20)
    found = {"CL": [], "V": []}
    for i in range(PATIENTS):
        design = neonates.select(neonates.ids[i % neonates.n_subjects])
        patient, truth = draw_patient(stored_fit, design, rng)
        me = bd.condition(stored_fit, patient, seed=i)
        for name, value in truth.items():
            found[name].append(float((me.data[name] < value).mean()))
    return found


@pytest.mark.calibration
@pytest.mark.parametrize("name", ["CL", "V"])
def test_ranks_are_uniform(ranks, name):
    assert kstest(ranks[name], "uniform").pvalue > 0.001


@pytest.mark.calibration
@pytest.mark.parametrize("name", ["CL", "V"])
def test_intervals_cover_as_often_as_they_say(ranks, name):
    inside = np.mean([0.05 <= rank <= 0.95 for rank in ranks[name]])
    assert abs(inside - 0.9) <= 4 * np.sqrt(0.9 * 0.1 / PATIENTS)
