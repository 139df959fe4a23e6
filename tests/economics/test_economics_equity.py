"""Equity of groups and the gain of a label, by hand and by their properties."""

import math

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import bayesdose as bd
from bayesdose.errors import InputError

QALY = [2.0, 4.0, 6.0]


def test_the_reference_case():
    """Reference case atkinson: QALYs 2, 4, 6 (Atkinson 1970)."""
    for aversion, expected in {0: 4.0, 1: 3.634241185664279, 2: 3.272727272727273, math.inf: 2.0}.items():
        assert bd.economics.equally_distributed(QALY, aversion) == pytest.approx(expected, rel=1e-12)
    assert bd.economics.atkinson(QALY, 1) == pytest.approx(1 - 3.634241185664279 / 4)


@given(
    st.lists(st.floats(0.01, 100.0), min_size=1, max_size=6),
    st.floats(0.0, 30.0),
    st.floats(0.1, 10.0),
)
def test_the_equivalent_falls_with_aversion_and_scales(values, aversion, factor):
    same = bd.economics.equally_distributed(values, aversion)
    assert min(values) * (1 - 1e-9) <= same <= np.mean(values) * (1 + 1e-9)
    assert bd.economics.equally_distributed(values, aversion + 0.5) <= same * (1 + 1e-9)
    scaled = [factor * v for v in values]
    assert bd.economics.equally_distributed(scaled, aversion) == pytest.approx(factor * same, rel=1e-9)
    assert bd.economics.atkinson([values[0]] * 3, aversion) == pytest.approx(0.0, abs=1e-9)


def test_options_by_who_benefits():
    benefit = xr.DataArray(
        [[[5.0, 1.0, 5.0], [3.0, 3.0, 3.0]], [[7.0, 1.0, 7.0], [3.0, 3.0, 3.0]]],
        dims=("draw", "option", "subject"), coords={"option": ["for most", "for all"]},
    )  # fmt: skip
    group = xr.DataArray(["a", "b", "a"], dims="subject")
    found = bd.economics.equity(benefit, group, aversion=2.0)
    assert found.table["mean"].to_dict() == pytest.approx({"for most": 13 / 3, "for all": 3.0})
    assert found.table.loc["for most", ["worst_group", "worst", "gap"]].tolist() == ["b", 1.0, 5.0]
    assert found.table.loc["for most", "equivalent"] == pytest.approx(1 / (2 / 3 / 6 + 1 / 3))
    assert found.best == found.best_for_the_worst == "for all"
    assert bd.economics.equity(benefit, group, aversion=0.0).best == "for most"
    assert "worst_group" in str(found)
    means = xr.DataArray([[2.0, 4.0, 6.0]], dims=("option", "group"),
                         coords={"option": ["x"], "group": list("abc")})  # fmt: skip
    assert bd.economics.equity(means).table.loc["x", "equivalent"] == pytest.approx(3.634241185664279)


def test_a_label_by_hand():
    """Four people, one gains 0.4, three lose 0.1 by treatment; the label marks the first and one more."""
    benefit = xr.DataArray([[0.4, -0.1, -0.1, -0.1]], dims=("draw", "subject"))
    marked = xr.DataArray([1, 1, 0, 0], dims="subject")
    found = bd.economics.label_gain(benefit, marked, label_harm=0.02, test_cost=0.01)
    expected = {
        "treat nobody": 0.0,
        "treat everyone": 0.025,
        "act on the label": 0.3 / 4 - 0.02 / 2 - 0.01,
        "label, not acting": -0.02,
    }
    assert found.table["gain"].to_dict() == pytest.approx(expected)
    assert found.worth_it
    assert found.labelled == 0.5
    at = bd.economics.label_gain(benefit, marked, label_harm=found.break_even_harm, test_cost=0.01)
    assert at.table.loc["act on the label", "gain"] == pytest.approx(0.025)
    fewer = bd.economics.label_gain(
        benefit, marked, label_harm=0.02, test_cost=0.01, follow=found.break_even_follow
    )
    assert fewer.table.loc["act on the label", "gain"] == pytest.approx(0.025)
    assert "best: act on the label; 50 % are labelled" in str(found)


def test_a_label_that_should_not_be_given():
    benefit = xr.DataArray([[0.01, -0.1]], dims=("draw", "subject"))
    found = bd.economics.label_gain(benefit, xr.DataArray([1, 1], dims="subject"), label_harm=0.01)
    assert found.best == "treat nobody"
    assert not found.worth_it
    assert found.break_even_follow == math.inf
    assert "would not pay even if" in str(found)


@given(st.floats(0.01, 0.99), st.floats(0.5, 1.0), st.floats(0.5, 1.0), st.floats(0.0, 0.2))
def test_a_test_pays_between_its_two_thresholds(prevalence, sensitivity, specificity, cost):
    """Pauker & Kassirer 1980, N Engl J Med 302:1109, equations of the testing and the treatment threshold."""
    B, H = 1.0, 0.5
    found = bd.economics.label_by_test(
        prevalence, sensitivity, specificity, benefit=B, harm=H, test_cost=cost
    )
    below = (1 - specificity) * H + cost
    testing = below / ((1 - specificity) * H + sensitivity * B)
    spared = specificity * H - cost
    treating = spared / (specificity * H + (1 - sensitivity) * B)
    gain = found.table["gain"]
    margin = gain["act on the label"] - max(gain["treat nobody"], gain["treat everyone"])
    between = min(prevalence - testing, treating - prevalence)
    assert margin * between >= -1e-12
    assert found.worth_it == (margin > 0) or abs(margin) < 1e-12


def test_an_uncertain_label_goes_through_decide():
    rng = np.random.default_rng(4)
    found = bd.economics.label_by_test(
        xr.DataArray(rng.beta(8, 32, 2000), dims="draw"), 0.8, 0.9, benefit=1.0, harm=0.5, label_harm=0.05
    )
    choice = bd.decide(xr.Dataset({"gain": found.U}), lambda o: o.gain)
    assert choice.best == found.best
    np.testing.assert_allclose(choice.table["p_best"], found.table["p_best"])
    low, high = found.table.loc["act on the label", ["low", "high"]]
    assert low < found.table.loc["act on the label", "gain"] < high


@pytest.mark.parametrize(
    "call",
    [
        lambda: bd.economics.equally_distributed([1.0, 0.0], 1.0),
        lambda: bd.economics.equally_distributed([1.0, -1.0], 0.5),
        lambda: bd.economics.equally_distributed([], 0.5),
        lambda: bd.economics.equally_distributed(QALY, -1.0),
        lambda: bd.economics.equally_distributed(QALY, 1.0, shares=[0.0, 0.0, 0.0]),
        lambda: bd.economics.atkinson([0.0, 0.0], 0.5),
        lambda: bd.economics.equity(xr.DataArray([1.0], dims="option")),
        lambda: bd.economics.label_gain(
            xr.DataArray([1.0], dims="subject"), xr.DataArray([2.0], dims="subject")
        ),
        lambda: bd.economics.label_gain(
            xr.DataArray([1.0], dims="option"), xr.DataArray([1.0], dims="subject")
        ),
        lambda: bd.economics.label_gain(
            xr.DataArray([1.0, 2.0], dims="subject"), xr.DataArray([1.0], dims="subject")
        ),
        lambda: bd.economics.equity(
            xr.DataArray([[1.0]], dims=("option", "subject"), coords={"option": ["a"], "subject": [1]}),
            xr.DataArray(["g"], dims="subject", coords={"subject": [2]}),
        ),
        lambda: bd.economics.label_by_test(0.2, 0.9, 1.1, benefit=1.0, harm=1.0),
        lambda: bd.economics.label_by_test(0.2, 0.9, 0.9, benefit=-1.0, harm=1.0),
    ],
)
def test_what_cannot_be_is_refused(call):
    with pytest.raises(InputError):
        call()
