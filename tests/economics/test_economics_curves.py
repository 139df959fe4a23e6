"""Decision curves, against the R package dcurves and by closed forms."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import bayesdose as bd
from bayesdose.errors import InputError

# df_binary of the R package dcurves: 750 people, 105 cancers; a family history in 24 of them and in 91 others
EVENT = np.repeat([1, 1, 0, 0], [24, 81, 91, 554])
FAMILY = np.repeat([1.0, 0.0, 1.0, 0.0], [24, 81, 91, 554])
TABLED = {  # its net benefit of family history by threshold
    0.0: 0.032,
    0.01: 0.030774410774410774,
    0.05: 0.025614035087719297,
    0.1: 0.018518518518518517,
    0.2: 0.0016666666666666635,
    0.21: -2.531645569620253e-4,
    0.35: -0.033333333333333354,
    0.5: -0.08933333333333335,
    0.65: -0.19333333333333338,
}
TABLED_ALL = {0.0: 0.14, 0.05: 0.09473684210526317, 0.14: 0.0, 0.35: -0.32307692307692315, 0.5: -0.72}


def test_net_benefit_of_a_family_history_as_dcurves_tables_it():
    found = bd.economics.decision_curve({"family history": FAMILY}, EVENT, thresholds=list(TABLED))
    # at 0 it does not treat a risk of 0, which here reaches the threshold
    for t, expected in list(TABLED.items())[1:]:
        assert float(found.curves["net_benefit"].sel(threshold=t, rule="family history")) == pytest.approx(
            expected, abs=1e-15
        )
    every = bd.economics.decision_curve({}, EVENT, thresholds=list(TABLED_ALL))
    np.testing.assert_allclose(
        every.curves["net_benefit"].sel(rule="treat all"), list(TABLED_ALL.values()), atol=1e-15
    )
    assert not every.curves["net_benefit"].sel(rule="treat none").any()


def test_treatments_avoided_and_shares_treated_by_hand():
    found = bd.economics.decision_curve({"family history": FAMILY}, EVENT, thresholds=[0.2])
    one = found.curves.sel(threshold=0.2, rule="family history")
    assert one["treated"].item() == pytest.approx(115 / 750)
    assert one["avoided"].item() == pytest.approx(100 * (0.0016666666666666635 + 0.075) * 4)
    assert found.best.item() == "family history"
    assert "750 people" in str(found)


def test_the_harm_of_a_test_comes_off():
    plain = bd.economics.decision_curve({"a": FAMILY}, EVENT)
    harmed = bd.economics.decision_curve({"a": FAMILY}, EVENT, harm={"a": 0.01})
    difference = plain.curves["net_benefit"] - harmed.curves["net_benefit"]
    np.testing.assert_allclose(difference.sel(rule="a"), 0.01)
    assert not difference.sel(rule="treat all").any()


def test_a_perfect_prediction_has_the_prevalence_and_none_does_better():
    rng = np.random.default_rng(2)
    risk = rng.uniform(size=400)
    event = (rng.uniform(size=400) < risk).astype(int)
    found = bd.economics.decision_curve({"perfect": event, "risk": risk}, event)
    net = found.curves["net_benefit"]
    np.testing.assert_allclose(net.sel(rule="perfect"), event.mean())
    assert float((net.max("rule") - net.sel(rule="perfect")).max()) <= 1e-12


@given(st.floats(0.02, 0.9), st.integers(0, 1000))
def test_acting_on_the_right_risk_is_best_on_average(threshold, seed):
    """With draws of the risk: nothing expects more than treating where their mean reaches the threshold."""
    rng = np.random.default_rng(seed)
    draws = xr.DataArray(rng.beta(2, 3, (50, 20)), dims=("draw", "subject"))
    other = rng.uniform(size=20)
    found = bd.economics.decision_curve({"model": draws, "other": other}, draws, thresholds=[threshold])
    net = found.curves["net_benefit"].isel(threshold=0)
    assert float(net.sel(rule="model")) >= float(net.max()) - 1e-12
    assert {"low", "high"} <= set(found.curves)


def test_the_bootstrap_has_the_standard_error_of_a_share():
    found = bd.economics.decision_curve({"a": FAMILY}, EVENT, thresholds=[0.2], bootstrap=2000, seed=1)
    one = found.curves.sel(threshold=0.2, rule="a")
    gain = np.where(FAMILY == 1, EVENT - (1 - EVENT) * 0.25, 0.0)
    expected = 2 * 1.96 * gain.std() / np.sqrt(750)
    assert (one["high"] - one["low"]).item() == pytest.approx(expected, rel=0.08)
    again = bd.economics.decision_curve({"a": FAMILY}, EVENT, thresholds=[0.2], bootstrap=2000, seed=1)
    assert again.curves.equals(found.curves)


def test_the_threshold_of_harm_and_benefit():
    """The rule of reference case bayes-stop-rule: harm 97, benefit 3, so 0.97."""
    assert bd.economics.treatment_threshold(97, 3) == pytest.approx(0.97)


@pytest.mark.parametrize(
    "call",
    [
        lambda: bd.economics.decision_curve({"a": FAMILY * 2}, EVENT),
        lambda: bd.economics.decision_curve({"a": FAMILY[:5]}, EVENT),
        lambda: bd.economics.decision_curve({"treat all": FAMILY}, EVENT),
        lambda: bd.economics.decision_curve({"a": FAMILY}, EVENT * 0.5),
        lambda: bd.economics.decision_curve({"a": FAMILY}, EVENT, thresholds=[1.0]),
        lambda: bd.economics.decision_curve({"a": FAMILY}, EVENT, thresholds=[0.2, 0.1]),
        lambda: bd.economics.decision_curve({"a": FAMILY}, EVENT, harm={"b": 0.1}),
        lambda: bd.economics.decision_curve({"a": FAMILY}, EVENT, bootstrap=10),
        lambda: bd.economics.treatment_threshold(0.0, 1.0),
    ],
)
def test_what_cannot_be_is_refused(call):
    with pytest.raises(InputError):
        call()
