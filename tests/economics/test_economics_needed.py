"""Numbers needed to treat and to harm, against published examples and arithmetic."""

import math

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import bayesdose as bd
from bayesdose.economics import RiskReduction
from bayesdose.errors import InputError


def risks(*values):
    return xr.DataArray(np.atleast_2d(np.array(values, dtype=float)), dims=("draw", "subject"))


def test_an_interval_with_help_and_harm_goes_through_infinity():
    """Altman 1998, BMJ 317:1309: ARR 10 % (95 % CI -5 % to 25 %), NNTB 4 through infinity to NNTH 20."""
    found = RiskReduction(0.10, -0.05, 0.25)
    assert (found.kind, found.whole) == ("NNTB", 10)
    assert found.number_interval == "NNTB 4.0 to infinity to NNTH 20.0"
    assert str(found) == (
        "ARR 0.1 (95 % interval -0.05 to 0.25); NNTB 10 (NNTB 4.0 to infinity to NNTH 20.0)"
    )


def test_an_interval_of_help_alone():
    """Barrowman 2002, CMAJ 166:1676: ARR 16.6 % (0.9 % to 32.2 %), so NNT 6 (3.1 to 111.1)."""
    found = RiskReduction(0.166, 0.009, 0.322)
    assert found.number == pytest.approx(6.02, abs=0.01)
    assert found.number_interval == "NNTB 3.1 to NNTB 111"
    harm = RiskReduction(-0.166, -0.322, -0.009)
    assert (harm.kind, harm.number_interval) == ("NNTH", "NNTH 3.1 to NNTH 111")


def test_the_interval_of_a_trial():
    """Newcombe 1998, Stat Med 17:873, table II, method 10: 56/70 - 48/80 and 9/10 - 3/10 and 10/10 - 0/10."""
    for (a, m, b, n), (low, high) in {
        (56, 70, 48, 80): (0.0524, 0.3339),
        (9, 10, 3, 10): (0.1705, 0.8090),
        (10, 10, 0, 10): (0.6075, 1.0),
    }.items():
        found = bd.economics.trial_reduction(b, n, a, m)
        assert found.arr == pytest.approx(a / m - b / n)
        assert (found.low, found.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@given(st.integers(1, 60), st.integers(1, 60), st.data())
def test_a_trial_turned_round_mirrors_its_interval(n, m, data):
    a, b = data.draw(st.integers(0, n)), data.draw(st.integers(0, m))
    one, other = bd.economics.trial_reduction(a, n, b, m), bd.economics.trial_reduction(b, m, a, n)
    assert (one.arr, one.low, one.high) == pytest.approx((-other.arr, -other.high, -other.low), abs=1e-12)
    assert -1 - 1e-12 <= one.low <= one.arr <= one.high <= 1 + 1e-12


def test_an_average_hides_a_group_that_is_harmed():
    """Reference case cate-nnt: ARR 8 % in X=0 (60 %), -2 % in X=1; 4 % on average."""
    group = xr.DataArray(["X=0"] * 3 + ["X=1"] * 2, dims="subject")
    control = risks([0.3] * 5)
    treated = control - risks([0.08, 0.08, 0.08, -0.02, -0.02])
    found = bd.economics.risk_reductions(control, treated, group)
    assert found.each["all"].arr == pytest.approx(0.04)
    assert found.each["all"].whole == 25
    assert found.each["X=0"].number == pytest.approx(12.5)
    assert found.each["X=0"].whole == 13
    assert (found.each["X=1"].kind, found.each["X=1"].whole) == ("NNTH", 50)
    assert found.shares == {"X=0": 0.6, "X=1": 0.4, "all": 1.0}
    assert "NNTH 50" in str(found)
    rule = bd.economics.targeted(bd.economics.cate(control, treated))
    gain = rule.table["gain"]
    assert gain["treat those it helps"] - gain["treat everyone"] == pytest.approx(0.008)
    assert rule.table.loc["treat those it helps", "per_person"] == pytest.approx(20.833333333333332)
    assert rule.table.loc["treat those it helps", "per_treated"] == pytest.approx(12.5)
    assert rule.treat.to_numpy().tolist() == [True] * 3 + [False] * 2


def test_likelihood_of_being_helped_or_harmed():
    """Reference case clozapine-lhh: NNT 5, NNH 133."""
    found = bd.economics.helped_or_harmed(1 / 5, 1 / 133)
    assert found.likelihood == pytest.approx(26.6)
    assert found.break_even == pytest.approx(26.6)
    assert found.net(10) == pytest.approx(0.12481203007518799)
    assert found.net(26.6) == pytest.approx(0.0, abs=1e-15)
    assert "NNTB 5 and NNTH 133: 26.6 times as likely to be helped" in str(found)
    same = bd.economics.helped_or_harmed(RiskReduction(0.2, 0.1, 0.3), RiskReduction(-1 / 133, -0.01, 0.0))
    assert (same.helped, same.harmed) == (found.helped, found.harmed)
    assert math.isnan(found.probability(1))


def test_how_surely_more_are_helped_than_harmed():
    helped = xr.DataArray([0.10, 0.20, 0.05, -0.01], dims="draw")
    harmed = xr.DataArray([0.01, 0.05, 0.06, 0.00], dims="draw")
    found = bd.economics.helped_or_harmed(helped, harmed)
    assert found.helped == pytest.approx(0.085)
    assert (found.probability(1), found.probability(5), found.probability(0)) == (0.5, 0.25, 0.75)
    assert "more helped than harmed with probability 0.50" in str(found)


def test_draws_give_the_interval_and_who_it_helps():
    rng = np.random.default_rng(1)
    control = xr.DataArray(rng.beta(60, 140, (20_000, 1)), dims=("draw", "subject"))
    treated = xr.DataArray(rng.beta(40, 160, (20_000, 1)), dims=("draw", "subject"))
    found = bd.economics.risk_reduction(control, treated)
    sd = math.sqrt(0.3 * 0.7 / 201 + 0.2 * 0.8 / 201)
    assert found.arr == pytest.approx(0.1, abs=0.002)
    assert (found.high - found.low) / (2 * 1.96) == pytest.approx(sd, rel=0.03)
    assert found.p_benefit == pytest.approx(0.99, abs=0.005)
    effects = bd.economics.cate(control, treated)
    assert effects.table.loc["1", ["effect", "low"]].tolist() == [found.arr, pytest.approx(found.low)]
    assert "p_benefit" in str(effects)


def test_a_burden_takes_those_it_helps_little_and_weights_count():
    effect = risks([0.08, 0.01, -0.02])
    found = bd.economics.targeted(effect, burden=0.02, weight=xr.DataArray([1, 1, 2], dims="subject"))
    assert found.treat.to_numpy().tolist() == [True, False, False]
    assert found.table["gain"].tolist() == pytest.approx([0.0, (0.06 - 0.01 - 0.08) / 4, 0.06 / 4])
    assert found.table.loc["treat everyone", "per_person"] == math.inf
    assert "treat those it helps" in str(found)


def test_no_difference_needs_infinitely_many():
    none = RiskReduction(0.0, 0.0, 0.1)
    assert (none.number, none.whole) == (math.inf, math.inf)
    assert none.number_interval == "NNTB 10.0 to infinity"
    assert bd.economics.helped_or_harmed(0.1, 0.0).likelihood == math.inf


@pytest.mark.parametrize(
    "call",
    [
        lambda: bd.economics.risk_reduction(risks([1.2]), risks([0.1])),
        lambda: bd.economics.risk_reduction(risks([0.1]).isel(draw=0), risks([0.1]).isel(draw=0)),
        lambda: bd.economics.risk_reduction(risks([0.1]), risks([0.2]), probability=95),
        lambda: bd.economics.risk_reduction(
            risks([0.1]).assign_coords(subject=[1]), risks([0.2]).assign_coords(subject=[2])
        ),
        lambda: bd.economics.cate(risks([0.1, 0.2]), risks([0.2])),
        lambda: bd.economics.targeted(
            risks([0.1]).assign_coords(subject=[1]), weight=xr.DataArray([1.0], coords={"subject": [2]})
        ),
        lambda: bd.economics.risk_reductions(
            risks([0.1]), risks([0.2]), xr.DataArray(["a", "b"], dims="subject")
        ),
        lambda: bd.economics.risk_reductions(risks([0.1]), risks([0.2]), ["a"]),
        lambda: bd.economics.trial_reduction(5, 3, 1, 3),
        lambda: bd.economics.trial_reduction(0.5, 3, 1, 3),
        lambda: bd.economics.helped_or_harmed(-0.1, 0.1),
        lambda: bd.economics.helped_or_harmed(0.1, 0.1).net(-1.0),
        lambda: bd.economics.cate(
            risks([0.1]).rename(subject="option"), risks([0.2]).rename(subject="option")
        ),
        lambda: bd.economics.targeted(risks([0.1]), burden=-1.0),
        lambda: bd.economics.targeted(risks([0.1]), weight=xr.DataArray([0.0], dims="subject")),
    ],
)
def test_what_cannot_be_is_refused(call):
    with pytest.raises(InputError):
        call()


def test_a_utility_that_rises_is_a_gain():
    control, treated = risks([0.5, 0.6]), risks([0.7, 0.5])
    effects = bd.economics.cate(control, treated, better="higher")
    assert effects.table["effect"].tolist() == pytest.approx([0.2, -0.1])
    assert bd.economics.targeted(effects).treat.to_numpy().tolist() == [True, False]
    with pytest.raises(InputError, match="better"):
        bd.economics.cate(control, treated, better="more")


@pytest.mark.parametrize(("helped", "harmed"), [(0.05, -0.02), (-0.05, 0.02), (-0.05, -0.02), (0.0, 0.0)])
def test_no_ratio_of_what_is_not_above_0(helped, harmed):
    draws = [xr.DataArray([x, x], dims="draw") for x in (helped, harmed)]
    found = bd.economics.helped_or_harmed(*draws)
    assert math.isnan(found.likelihood)
    assert math.isnan(found.break_even)
    assert "no ratio" in str(found)
    assert "times as" not in str(found)
