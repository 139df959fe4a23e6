"""Populations of 50 and 200 subjects on an oral dose: the truth that they were drawn from is found."""

import numpy as np
import pytest
from populations.oral import CENTRED, TRUTH, population

import bayesdose as bd

pytestmark = pytest.mark.calibration


@pytest.mark.parametrize("subjects", [50, 200])
def test_the_truth_of_a_population_is_found(subjects):
    # with seed 1, the first 200 subjects happen to have a mean log ka 3.5 standard errors low
    model, study = population(subjects, seed=2)
    fit = bd.fit(model, study, seed=1, centred=CENTRED, progress=False)
    checks = fit.check()
    assert checks.passed, str(checks)
    for name, value in TRUTH.items():
        draws = fit.population_draws[name]
        assert abs(np.mean(draws) - value) < 3 * np.std(draws), name
