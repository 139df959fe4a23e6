"""Kaplan-Meier curves by hand and against SciPy; events of simulated studies against the truth."""

from pathlib import Path
from runpy import run_path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import bayesdose as bd
from bayesdose.errors import InputError
from bayesdose.validate.event_check import EVENT_COLUMNS, _curves
from bayesdose.validate.event_times import Seen, reached, seen
from bayesdose.validate.kaplan_meier import (
    at_risk,
    censored_after,
    censored_within,
    kaplan_meier,
    mean_events,
)

kinds = run_path(str(Path(__file__).parents[1] / "populations" / "kinds.py"))
TIME = np.array([1.0, 2.0, 2.0, 3.0, 5.0, 5.0])
EVENT = np.array([True, True, False, False, True, False])


def test_a_curve_by_hand():
    at = np.array([0.5, 1.0, 1.9, 2.0, 4.0, 5.0, 9.0])
    expected = [1, 5 / 6, 5 / 6, 5 / 6 * 4 / 5, 5 / 6 * 4 / 5, 5 / 6 * 4 / 5 / 2, 5 / 6 * 4 / 5 / 2]
    np.testing.assert_allclose(kaplan_meier(TIME, EVENT, at), expected)
    np.testing.assert_array_equal(at_risk(TIME, at), [6, 6, 5, 5, 2, 2, 0])


@pytest.mark.parametrize("seed", range(5))
def test_a_curve_is_that_of_scipy(seed):
    rng = np.random.default_rng(seed)
    time, event = rng.integers(1, 15, 40).astype(float), rng.random(40) < 0.6
    twin = stats.ecdf(stats.CensoredData.right_censored(time, ~event)).sf
    np.testing.assert_allclose(kaplan_meier(time, event, twin.quantiles), twin.probabilities)


def test_times_of_censoring_are_drawn_from_their_own_curve():
    """With T exponential and C uniform, C given that it is after T = t is uniform from t to its end."""
    rng, n = np.random.default_rng(1), 6000
    t, c = rng.exponential(3.0, n), rng.uniform(0.0, 4.0, n)
    time, event = np.minimum(t, c), t <= c
    drawn = censored_after(time, event, 4.0, rng)
    np.testing.assert_array_equal(drawn[~event], time[~event])
    assert (drawn >= time).all()
    place = (drawn[event] - time[event]) / (4.0 - time[event])
    assert np.abs(stats.ecdf(place).cdf.evaluate([0.25, 0.5, 0.75]) - [0.25, 0.5, 0.75]).max() < 0.04


def test_times_of_censoring_are_of_the_stratum():
    """One arm is observed for an hour at most, the other for four; pooled, the first would be so too."""
    rng, n = np.random.default_rng(2), 8000
    names = np.where(np.arange(n) % 2, "long", "short").astype(object)
    longest = np.where(names == "long", 4.0, 1.0)
    t, c = rng.exponential(1.0, n), rng.uniform(0.0, longest)
    time, event = np.minimum(t, c), t <= c
    drawn = censored_within(time, event, names, rng)
    np.testing.assert_array_equal(drawn[~event], time[~event])
    for name in ("short", "long"):
        own = event & (names == name)
        place = (drawn - time)[own] / (longest - time)[own]
        assert place.max() <= 1.0
        assert np.abs(stats.ecdf(place).cdf.evaluate([0.25, 0.5, 0.75]) - [0.25, 0.5, 0.75]).max() < 0.04


def test_replicates_of_an_arm_are_observed_as_long_as_it():
    """Arms as above; in replicates who was censored has an event at 0.8: how many are at risk then shows."""
    rng, n = np.random.default_rng(4), 8000
    names = np.where(np.arange(n) % 2, "long", "short").astype(object)
    t, c = rng.exponential(1.0, n), rng.uniform(0.0, np.where(names == "long", 4.0, 1.0))
    time, event, number = np.minimum(t, c), t <= c, np.arange(n)
    who = Seen(
        subject=number,
        row=number,
        first=np.where(event, t, np.inf),
        until=time,
        ends=event,
        ended=event,
        when=t[event],
        whose=number[event],
        visits=np.zeros(0),
        repeated=False,
    )
    times = np.tile(np.where(event, np.inf, 0.8), (20, 1))
    table = _curves(who, times, names, rng, 0.9)[0]
    for name in ("short", "long"):
        there = (names == name) & (c >= 0.8)
        expected = 1 - (there & ~event).sum() / there.sum()
        own = table[table["stratum"] == name]
        assert own[own["x"] > 0.8]["median"].iloc[0] == pytest.approx(expected, abs=0.03)


def test_a_mean_number_of_events_by_hand():
    """Three are observed until 2, 4 and 5; two have an event at 1, of whom one has another at 3 and at 4."""
    at = np.array([0.5, 1.0, 2.5, 3.0, 4.0, 9.0])
    found = mean_events(np.array([1.0, 3.0, 1.0, 4.0]), np.array([2.0, 4.0, 5.0]), at)
    np.testing.assert_allclose(found, [0, 2 / 3, 2 / 3, 2 / 3 + 1 / 2, 2 / 3 + 1, 2 / 3 + 1])
    assert (mean_events(np.zeros(0), np.array([2.0, 4.0]), at) == 0).all()


def test_the_time_at_which_a_hazard_is_reached():
    hazard = np.array([[0.0, 1.0, 1.0, 4.0]] * 4)
    found = reached(np.array([0.0, 1.0, 2.0, 4.0]), hazard, np.array([0.5, 1.0, 2.5, 5.0]))
    np.testing.assert_allclose(found, [0.5, 1.0, 3.0, np.inf])


@pytest.fixture(scope="module")
def truth():
    return kinds["drawn"](80, seed=11)


@pytest.fixture(scope="module")
def found(truth):
    study, fit = truth
    return bd.validate.event_vpc(fit, study, seed=1, draws=200, points=60)


def test_events_of_the_truth_are_in_its_band(truth, found):
    study, _ = truth
    own = study.levels[study.levels["DVID"] == 4]
    assert found.p_value > 0.01
    assert np.mean(found.shares) == pytest.approx(0.9, abs=0.03)
    assert tuple(found.table.columns) == EVENT_COLUMNS
    expected = kaplan_meier(own["TIME"].to_numpy(), (own["DV"] == 1).to_numpy(), found.table["x"].to_numpy())
    np.testing.assert_allclose(found.table["observed"], expected)
    assert "80 subjects" in str(found)
    assert not found.visits


def test_the_simulated_curve_is_the_models_own_survival(truth, found):
    """The mean over subjects drawn by hand of exp(-H): H is 0.02 e^eta (1 - ARM / 2) times the area."""
    rng = np.random.default_rng(5)
    CL, base = 3.0 * np.exp(0.3 * rng.standard_normal(4000)), 0.02 * np.exp(0.4 * rng.standard_normal(4000))
    for row in found.table.iloc[[7, 19, 31]].itertuples():
        given = np.arange(0.0, min(row.x, 84.0) + 1e-9, 12.0)
        area = sum(100 / CL * (1 - np.exp(-CL / 30 * (row.x - t))) for t in given)
        survival = np.mean([np.exp(-base * (1 - 0.5 * arm) * area).mean() for arm in (0, 1)])
        assert row.median == pytest.approx(survival, abs=0.02)


def test_strata_differ_and_a_wrong_hazard_shows(truth):
    study, fit = truth
    by = bd.validate.event_vpc(fit, study, seed=1, draws=100, points=40, by="ARM")
    assert by.table["stratum"].unique().tolist() == ["ARM 0", "ARM 1"]
    last = by.table.groupby("stratum")["median"].min()
    assert last["ARM 1"] > last["ARM 0"]
    assert [ax.get_visible() for ax in bd.figure(by).axes] == [True, True]
    fewer = study.records.copy()
    happened = np.flatnonzero((fewer["DVID"] == 4) & (fewer["DV"] == 1))
    fewer.loc[happened[::2], "DV"] = 0.0  # half of the events unseen
    few = bd.Study(fewer, study.card)
    wrong = bd.validate.event_vpc(fit, few, seed=1, draws=100, points=40)
    assert wrong.p_value < 0.05


@pytest.fixture(scope="module")
def repeated():
    return kinds["drawn"](80, seed=12, repeated=True)


def test_repeated_events_are_compared_by_their_mean_number(repeated):
    study, fit = repeated
    found = bd.validate.event_vpc(fit, study, seed=1, draws=200, points=60)
    assert found.repeated
    assert found.p_value > 0.01
    assert np.mean(found.shares) == pytest.approx(0.9, abs=0.03)
    own = study.levels[study.levels["DVID"] == 4]
    assert found.subjects["events"].sum() == (own["DV"] == 1).sum() > 160
    until = own.groupby("ID", sort=False)["TIME"].max().to_numpy()
    np.testing.assert_allclose(found.subjects["time"], until)
    assert "repeated events" in str(found)
    (ax,) = bd.figure(found).axes
    assert ax.get_ylabel() == "events per subject"


def test_the_simulated_mean_number_is_the_models_own(repeated):
    """E[H] over subjects drawn by hand: H is 0.02 e^eta (1 - ARM / 2) times the area."""
    study, fit = repeated
    found = bd.validate.event_vpc(fit, study, seed=1, draws=300, points=60)
    rng = np.random.default_rng(5)
    CL, base = 3.0 * np.exp(0.3 * rng.standard_normal(8000)), 0.02 * np.exp(0.4 * rng.standard_normal(8000))
    for row in found.table.iloc[[7, 19]].itertuples():  # later fewer are observed, of whom arms differ
        given = np.arange(0.0, min(row.x, 84.0) + 1e-9, 12.0)
        area = sum(100 / CL * (1 - np.exp(-CL / 30 * (row.x - t))) for t in given)
        assert row.median == pytest.approx(0.75 * np.mean(base * area), rel=0.04)


def test_a_wrong_number_of_events_shows_and_first_ones_can_be_asked_for(repeated):
    study, fit = repeated
    records = study.records.copy()
    happened = np.flatnonzero((records["DVID"] == 4) & (records["DV"] == 1))
    fewer = bd.Study(records.drop(index=happened[::2]).reset_index(drop=True), study.card)
    asked = {"seed": 1, "draws": 100, "points": 40}
    assert bd.validate.event_vpc(fit, fewer, **asked).p_value < 0.05
    first = bd.validate.event_vpc(fit, study, first=True, **asked)
    assert not first.repeated
    assert first.p_value > 0.01
    own = study.levels[study.levels["DVID"] == 4]
    one = own[(own["DV"] == 1) | ~own["ID"].isin(own.loc[own["DV"] == 1, "ID"])].drop_duplicates("ID")
    expected = kaplan_meier(one["TIME"].to_numpy(), (one["DV"] == 1).to_numpy(), first.table["x"].to_numpy())
    np.testing.assert_allclose(first.table["observed"], expected)
    assert not seen(study, 4).ends.any()  # all are observed beyond their events: nothing is drawn


def test_repeated_events_that_are_not_told_enough_of_are_refused(repeated):
    study, fit = repeated
    events = study.records["DVID"] == 4
    last = study.records[events].drop_duplicates("ID", keep="last").index
    ended = bd.Study(study.records.drop(index=last[:30]).reset_index(drop=True), study.card)
    with pytest.raises(InputError, match=r"after their last event is not in the table.*DV 0.*first=True"):
        bd.validate.event_vpc(fit, ended, seed=1, draws=10)
    assert bd.validate.event_vpc(fit, ended, seed=1, draws=10, first=True).subjects["events"].max() == 1
    within = study.records.assign(CENS=(events & (study.records["DV"] == 1)).astype(int))
    with pytest.raises(InputError, match=r"between two rows is not known"):
        bd.validate.event_vpc(fit, bd.Study(within, study.card), seed=1, draws=10)


def test_interval_censored_events_count_at_visits():
    study, fit = kinds["drawn"](40, seed=3)
    records = study.records.copy()
    event = records["DVID"] == 4
    records.loc[event & (records["DV"] == 1), "CENS"] = 1
    records.loc[event, "TIME"] = 12.0 * np.ceil(records.loc[event, "TIME"] / 12.0)
    records = records.sort_values(["ID", "TIME"], kind="stable", key=lambda c: c.astype(float))
    found = bd.validate.event_vpc(
        fit, bd.Study(records.reset_index(drop=True), study.card), seed=1, draws=100
    )
    assert found.visits
    assert found.p_value > 0.01


def test_what_cannot_be_checked_is_refused(truth):
    study, fit = truth
    with pytest.raises(InputError, match="no such events"):
        bd.validate.event_vpc(fit, study, seed=1, dvid=1)
    without = bd.Study(study.records[study.records["DVID"] != 4].reset_index(drop=True), study.card)
    with pytest.raises(InputError, match="no row of these events"):
        bd.validate.event_vpc(fit, without, seed=1)
    theophylline = bd.load_fit("theophylline")
    adults = bd.read_study(bd.data_path("theophylline"), theophylline.model)
    with pytest.raises(InputError, match="has no events"):
        bd.validate.event_vpc(theophylline, adults, seed=1)
    reset = pd.concat([study.records.iloc[:1].assign(EVID=4), study.records.iloc[1:]], ignore_index=True)
    with pytest.raises(InputError, match="across resets"):
        bd.validate.event_vpc(fit, bd.Study(reset, study.card), seed=1)
