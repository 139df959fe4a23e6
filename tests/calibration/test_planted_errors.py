"""Planted errors: clean patients are left alone, unit slips are seen, in simulated patients of two models.

The limits are those of docs/reference/flags.md; the numbers of its table come from ``planted_errors.py``.
"""

import pytest
from planted_errors import experiment
from scipy.stats import binom

from bayesdose.flags.looking import ALPHA

PATIENTS = 300
KINDS = {"clean": "none", "x10 unit slip": "unit", "x1000 unit slip": "unit"}


@pytest.fixture(scope="module", params=["phenobarbital", "vancomycin"])
def found(request):
    return request.param, experiment(request.param, PATIENTS, 3, names=False, kinds=KINDS)


@pytest.mark.calibration
def test_clean_patients_are_left_alone(found):
    clean = found[1]["clean"]
    assert clean.n == PATIENTS
    assert clean.flagged <= 0.02 * PATIENTS
    assert binom.sf(clean.flagged - 1, PATIENTS, ALPHA) > 0.001


@pytest.mark.calibration
def test_unit_slips_are_seen(found):
    name, kinds = found
    # levels of vancomycin near zero drown in its residual error: ten times too high they are ordinary ones
    least = {"phenobarbital": 0.95, "vancomycin": 0.85}[name]
    assert kinds["x10 unit slip"].flagged >= least * kinds["x10 unit slip"].n
    assert kinds["x1000 unit slip"].flagged >= 0.95 * kinds["x1000 unit slip"].n
