"""LOO-PIT of every kind of level: uniform under the truth, and not under a wrong model."""

from pathlib import Path
from runpy import run_path

import numpy as np
import pytest
from scipy import stats

import bayesdose as bd

drawn = run_path(str(Path(__file__).parents[1] / "populations" / "kinds.py"))["drawn"]


@pytest.fixture(scope="module")
def truth():
    return drawn(60, seed=4)


@pytest.fixture(scope="module")
def found(truth):
    study, fit = truth
    return bd.validate.loo(fit, study, draws=100, seed=2).table


@pytest.mark.parametrize("dvid", [1, 2, 3, 4])
def test_places_are_uniform_under_the_truth(found, dvid):
    own = found[found["DVID"] == dvid]
    assert own["pit"].notna().all()
    assert stats.kstest(own["pit"], "uniform").pvalue > 0.001
    assert (own["pit_low"] <= own["pit"]).all()
    assert (own["pit"] <= own["pit_high"]).all()


def test_only_what_is_not_exact_is_drawn(truth, found):
    study, _ = truth
    levels = study.levels
    exact = ((levels["DVID"] == 1) & (levels["CENS"] == 0)) | ((levels["DVID"] == 4) & (levels["DV"] == 1))
    np.testing.assert_array_equal(found["pit_low"] == found["pit_high"], exact)
    censored = (levels["CENS"] == 1).to_numpy()
    assert censored.sum() > 10
    assert (found.loc[censored, "pit_low"] == 0).all()


def test_places_repeat_with_their_seed_and_differ_with_another(truth, found):
    study, fit = truth
    again, other = (bd.validate.loo(fit, study, draws=100, seed=k).table["pit"] for k in (2, 3))
    np.testing.assert_array_equal(again, found["pit"])
    differs = found["pit_low"] < found["pit_high"]
    assert (other[differs] != again[differs]).all()
    np.testing.assert_array_equal(other[~differs], again[~differs])


def test_a_wrong_subject_shows(truth, found):
    """Random effects one SD too high: too much clearance, too many events are expected."""
    study, fit = truth
    z = fit.posterior["posterior"]["z"]
    wrong = bd.Fit(fit.model, fit.posterior.copy(), fit.provenance)
    wrong.posterior["posterior"]["z"] = z + 1.0
    pit = bd.validate.loo(wrong, study, draws=100).table.assign(DVID=found["DVID"])
    for dvid in (1, 2, 3):
        assert stats.kstest(pit.loc[pit["DVID"] == dvid, "pit"], "uniform").pvalue < 1e-4
