"""Shares of counts and categories: by hand, against the model's probabilities, and under a wrong model."""

from pathlib import Path
from runpy import run_path

import numpy as np
import pytest
from scipy import stats

import bayesdose as bd
from bayesdose.errors import InputError
from bayesdose.predictive import replicates
from bayesdose.validate.category_check import CATEGORY_COLUMNS, classes

kinds = run_path(str(Path(__file__).parents[1] / "populations" / "kinds.py"))


@pytest.fixture(scope="module")
def truth():
    return kinds["drawn"](60, seed=4)


@pytest.fixture(scope="module")
def simulated(truth):
    study, fit = truth
    return replicates(fit, study, seed=1, draws=200)


@pytest.fixture(scope="module")
def found(truth, simulated):
    study, fit = truth
    return bd.validate.category_vpc(fit, study, seed=1, simulated=simulated, bins=4)


def test_classes_of_counts():
    bounds, names = classes(np.array([0.0, 1, 1, 3]), -1, 6)
    assert names == ["0", "1", "2", "3 or more"]
    np.testing.assert_array_equal(bounds, [1, 2, 3])
    many = np.arange(100.0)
    bounds, names = classes(many, -1, 4)
    assert names == ["0 to 24", "25 to 49", "50 to 74", "75 or more"]
    assert np.bincount(np.searchsorted(bounds, many, side="right")).tolist() == [25, 25, 25, 25]
    assert classes(np.zeros(3), -1, 6)[1] == ["0", "1 or more"]
    assert classes(np.zeros(3), 3, 6)[1] == ["0", "1", "2"]
    assert classes(np.repeat([0.0, 9.0], [19, 1]), -1, 6)[1] == ["0", "1 or more"]
    with pytest.raises(InputError, match="two classes"):
        classes(np.zeros(3), -1, 1)


def test_shares_by_hand(truth, simulated, found):
    study, _ = truth
    levels, values = study.levels.reset_index(drop=True), simulated["DV"].to_numpy()
    own = found.table[found.table["stratum"] == "severity"]
    assert tuple(found.table.columns) == CATEGORY_COLUMNS
    assert len(own) == 4 * 3
    for row in own.itertuples():
        inside = (levels["DVID"] == 3) & levels["TIME"].between(row.left, row.right)
        assert row.n == inside.sum()
        assert row.observed == pytest.approx((levels["DV"][inside] == int(row.category)).mean())
        each = (values[:, inside.to_numpy()] == int(row.category)).mean(axis=1)
        assert (row.low, row.median, row.high) == pytest.approx(tuple(np.quantile(each, [0.05, 0.5, 0.95])))
        assert row.inside == (row.low <= row.observed <= row.high)
    assert found.left_out == levels["DVID"].isin((1, 4)).sum()


def test_shares_of_a_bin_sum_to_one(found):
    whole = found.table.groupby(["stratum", "bin"])["observed"].sum()
    np.testing.assert_allclose(whole, 1.0)
    assert set(found.table["stratum"]) == {"attacks", "severity"}


def test_the_truth_is_inside_and_replicates_have_nine_tenths(found):
    assert found.p_value > 0.01
    assert np.mean(found.shares) == pytest.approx(0.9, abs=0.03)  # shares are whole numbers over n
    assert "counts and categories" in str(found)


def test_the_whole_distribution_of_counts_is_the_models(truth, simulated):
    study, fit = truth
    found = bd.validate.category_vpc(fit, study, seed=1, simulated=simulated, bins=1, most=12)
    own = found.table[found.table["stratum"] == "attacks"]
    rate = 4.0 / (1.0 + simulated["IPRED"].to_numpy()[:, study.levels["DVID"] == 1])
    counts = simulated["IPRED"].to_numpy()[:, study.levels["DVID"] == 2]
    assert counts.mean() == pytest.approx(rate.mean(), rel=0.1)  # times are a minute apart
    zero = own[own["category"] == "0"].iloc[0]
    assert zero["median"] == pytest.approx(stats.poisson.pmf(0, counts).mean(), abs=0.02)


def test_a_wrong_model_shows(truth, simulated):
    study, fit = truth
    records = study.records.copy()
    counts = (records["DVID"] == 2) & study.is_level
    records.loc[counts, "DV"] = 2.0 * records.loc[counts, "DV"]
    doubled = bd.Study(records, study.card)
    observed = doubled.levels["DV"].to_numpy()
    wrong = simulated.assign_coords(observed=("observation", observed))
    found = bd.validate.category_vpc(fit, doubled, seed=1, simulated=wrong)
    assert found.table[found.table["stratum"] == "attacks"]["inside"].mean() < 0.5
    assert found.p_value < 0.05


def test_a_study_of_concentrations_is_refused():
    fit = bd.load_fit("theophylline")
    study = bd.read_study(bd.data_path("theophylline"), fit.model)
    with pytest.raises(InputError, match="no count or category"):
        bd.validate.category_vpc(fit, study, seed=1, draws=10)


def test_npde_say_what_they_leave_out(truth, simulated):
    study, fit = truth
    found = bd.validate.npde(fit, study, seed=1, simulated=simulated)
    assert len(found.table) == (study.levels["DVID"] == 1).sum()
    assert [text.split(" left out")[0] for text in found.left_out] == [
        f"{16 * 60} levels of attacks",
        f"{16 * 60} levels of severity",
        "60 levels of relapse",
    ]
    assert "category_vpc" in str(found)
    assert "event_vpc" in str(found)


def test_figures_have_a_panel_a_category(found):
    drawn = bd.figure(found)
    panels = found.table.groupby(["stratum", "category"]).ngroups
    assert sum(ax.get_visible() for ax in drawn.axes) == panels
    assert drawn.axes[0].get_xlabel() == "time (h)"
