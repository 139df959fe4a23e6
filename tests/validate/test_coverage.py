"""Coverage: intervals of clustered shares, subjects drawn from the fit, held-out neonates, folds."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import bayesdose as bd
import bayesdose.validate
from bayesdose.errors import InputError
from bayesdose.predictive import replicates
from bayesdose.study import Study
from bayesdose.validate.binomial import clustered_interval
from bayesdose.validate.held_out import covered


def test_independent_cases_have_the_interval_of_clopper_and_pearson():
    rng = np.random.default_rng(1)
    hits = rng.random(400) < 0.9
    share, low, high = clustered_interval(hits, np.arange(400))
    exact = stats.binomtest(int(hits.sum()), 400).proportion_ci(0.95, "exact")
    assert share == pytest.approx(hits.mean())
    assert low == pytest.approx(exact.low, abs=0.002)
    assert high == pytest.approx(exact.high, abs=0.002)


def test_cases_that_are_copies_count_once():
    rng = np.random.default_rng(2)
    hits = rng.random(50) < 0.8
    once = clustered_interval(hits, np.arange(50))
    copied = clustered_interval(np.repeat(hits, 10), np.repeat(np.arange(50), 10))
    assert copied[0] == pytest.approx(once[0])
    assert copied[2] - copied[1] == pytest.approx(once[2] - once[1], rel=0.03)


def test_all_hits_count_each_subject_once():
    _, low, high = clustered_interval(np.ones(60), np.repeat(np.arange(20), 3))
    assert high == 1.0
    # 0.025 ** (1 / n) is the exact lower limit of n hits in n; the adjustment takes n a little below 20
    assert 0.025 ** (1 / 17) < low < 0.025 ** (1 / 20)


def test_the_interval_covers_under_clusters():
    rng, inside = np.random.default_rng(3), 0
    for _ in range(400):
        chance = rng.beta(9 * 0.5, 1 * 0.5, size=30)  # of a subject: 0.9 on average
        hits = rng.random((30, 5)) < chance[:, None]
        _, low, high = clustered_interval(hits.ravel(), np.repeat(np.arange(30), 5))
        inside += low <= 0.9 <= high
    assert inside / 400 > 0.95 - 3 * np.sqrt(0.95 * 0.05 / 400)


def test_the_table_counts_central_intervals():
    levels = pd.DataFrame(
        {"of": "levels", "known": 0, "subject": np.arange(1000), "place": (np.arange(1000) + 0.5) / 1000}
    )
    table = covered(levels)
    np.testing.assert_allclose(table["covered"], table["nominal"])
    assert (table["off"] == 0).all()
    narrow = covered(levels.assign(place=0.5 + (levels["place"] - 0.5) * 0.5))
    assert (narrow["off"] > 0).sum() >= 3


def drawn(fit, study, seed):
    """The study with its levels drawn from the fit: subjects of the population who were not in it."""
    records = study.records.copy()
    made = replicates(fit, study, seed=seed, draws=1)
    records.loc[study.is_level, "DV"] = made["DV"].to_numpy()[0]
    return Study(records, study.card)


@pytest.fixture(scope="module")
def external(stored_fit, neonates):
    return bd.validate.coverage(stored_fit, drawn(stored_fit, neonates, 11), seed=1, known=(0, 1), draws=1000)


def test_subjects_of_the_population_are_covered(external, neonates):
    assert external.refused.empty
    assert external.folds.empty
    prior = external.levels[external.levels["known"] == 0]
    np.testing.assert_array_equal(prior["row"], np.arange(len(neonates.levels)))
    after = external.levels[external.levels["known"] == 1]
    assert len(after) == len(neonates.levels) - neonates.n_subjects
    assert after["ahead"].min() == 1
    assert (external.table["off"] < 0.03).all()


def test_a_level_known_narrows_what_follows(external):
    wide = external.levels.assign(width=external.levels["high90"] - external.levels["low90"])
    both = wide.pivot_table(index="row", columns="known", values="width").dropna()
    assert (both[1] < both[0]).mean() > 0.9


def test_the_place_agrees_with_the_interval(external):
    inside = external.levels["DV"].between(external.levels["low90"], external.levels["high90"])
    assert (inside == ((external.levels["place"] - 0.5).abs() <= 0.45)).mean() > 0.99


def test_held_out_neonates(stored_fit, neonates):
    found = bd.validate.coverage(stored_fit, neonates.select(["4", "18", "24"]), seed=1, draws=1000)
    assert set(found.levels["subject"]) == {0, 1, 2}
    assert len(found.levels[found.levels["known"] == 0]) == 10


def test_levels_that_were_fitted_are_no_test(stored_fit, neonates):
    with pytest.raises(InputError, match="145 levels that were"):
        bd.validate.coverage(stored_fit, neonates, seed=1)
    with pytest.raises(InputError, match="so many folds"):
        bd.validate.coverage(stored_fit, neonates, seed=1, folds=60)


@pytest.mark.calibration
def test_folds_of_the_neonates(stored_fit, neonates):
    said = []
    found = bd.validate.coverage(
        stored_fit, neonates, seed=1, folds=3, sampling={"draws": 500, "tune": 500}, say=said.append
    )
    assert len(said) == len(found.folds) == 3
    assert found.folds["subjects"].sum() == neonates.n_subjects
    np.testing.assert_array_equal(
        np.sort(found.levels.loc[found.levels["known"] == 0, "row"]), np.arange(len(neonates.levels))
    )
    assert (found.table["off"] <= 0.05).all()
