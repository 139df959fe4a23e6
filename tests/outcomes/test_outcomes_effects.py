"""Effects, event probabilities and hazards of an exposure, against closed forms."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

import bayesdose as bd
from bayesdose.errors import InputError

X = xr.DataArray([[0.0, 5.0, 10.0, 40.0]], dims=("draw", "option"), attrs={"units": "mg/L"})


def test_emax_by_hand_with_units():
    found = bd.outcomes.emax(X, -20.0, "10000 ug/L", 120.0, unit="mmHg")
    np.testing.assert_allclose(found, [[120.0, 120 - 20 / 3, 110.0, 104.0]])
    assert found.attrs["units"] == "mmHg"


def test_an_effect_model_with_uncertainty_keeps_its_draws():
    half = xr.DataArray([5.0, 10.0], dims="draw", attrs={"units": "mg/L"})
    found = bd.outcomes.sigmoid_emax(X.isel(draw=0), 1.0, half, 2.0)
    assert set(found.dims) == {"draw", "option"}
    np.testing.assert_allclose(found.sel(draw=1).isel(option=1), 25 / 125)


def test_event_probabilities_at_their_middle_and_ends():
    np.testing.assert_allclose(
        bd.outcomes.probit_event(X, 10.0, 0.35),
        [[0, norm.cdf(np.log(0.5) / 0.35), 0.5, norm.cdf(np.log(4) / 0.35)]],
        atol=1e-15,
    )
    np.testing.assert_allclose(
        bd.outcomes.sigmoid_event(X, 10.0, 1.0, 0.9, 0.1)[0], [0.1, 0.1 + 0.8 / 3, 0.5, 0.74]
    )
    odds = np.exp(-2 + 0.1 * X.to_numpy())
    np.testing.assert_allclose(bd.outcomes.logistic_event(X, -2.0, 0.1), odds / (1 + odds))
    one, two = bd.outcomes.logistic_event(X, -2.0, 0.1), bd.outcomes.sigmoid_event(X, 10.0, 1.0)
    np.testing.assert_allclose(1 - bd.outcomes.either(one, two), (1 - one) * (1 - two))


def test_benefit_minus_alpha_harm_by_draws_meets_the_closed_form():
    """Reference case benefit-minus-alpha-harm: E Phi((ln AUC - m) / b) = Phi((x - m) / s), probit-normal."""
    z = norm.ppf((np.arange(4000) + 0.5) / 4000)
    dose = 1867.478807091342
    auc = xr.DataArray(
        dose / (4.5 * np.exp(0.3 * z))[:, None], dims=("draw", "option"), attrs={"units": "mg*h/L"}
    )
    benefit = bd.outcomes.probit_event(auc, "350 mg*h/L", 0.35).mean()
    harm = bd.outcomes.probit_event(auc, "650 mg*h/L", 0.35).mean()
    assert float(benefit) == pytest.approx(0.6441248346675065, abs=2e-5)
    assert float(harm) == pytest.approx(0.1651826785246701, abs=2e-5)
    assert float(benefit - 1.5 * harm) == pytest.approx(0.39635081688050133, abs=5e-5)


def test_hazards_by_hand():
    h = bd.outcomes.hazard(X, "0.24 / year", np.log(2) / 10, per="month")
    np.testing.assert_allclose(h[0], 0.02 * 2 ** (X[0] / 10), rtol=1e-12)
    np.testing.assert_allclose(bd.outcomes.survival(h, "1 year")[0], np.exp(-0.24 * 2 ** (X[0] / 10)))
    np.testing.assert_allclose(bd.outcomes.event_by(h, "12 month"), 1 - bd.outcomes.survival(h, "1 year"))
    np.testing.assert_allclose(bd.outcomes.survival(h, "1 year", shape=2.0)[0, 0], np.exp(-(0.24**2)))


@given(st.floats(0.0, 5.0), st.floats(0.01, 50.0))
def test_mean_time_is_the_area_under_the_survival(rate, horizon):
    h = xr.DataArray([rate], dims="draw", attrs={"units": "1/year"})
    t, w = np.polynomial.legendre.leggauss(60)
    area = np.sum(np.exp(-rate * horizon * (t + 1) / 2) * w) * horizon / 2
    # no closer than the quadrature is where the survival falls steeply
    assert float(bd.outcomes.mean_time(h, f"{horizon:.17g} year")[0]) == pytest.approx(area, rel=1e-6)


def test_without_hazard_the_whole_horizon_is_lived():
    none = xr.DataArray([0.0, 1e-12], dims="draw", attrs={"units": "1/day"})
    np.testing.assert_allclose(bd.outcomes.mean_time(none, "30 day"), 30.0)


@pytest.mark.parametrize(
    "call",
    [
        lambda: bd.outcomes.emax(X, 1.0, 0.0),
        lambda: bd.outcomes.emax(X, 1.0, "10 mg"),
        lambda: bd.outcomes.sigmoid_emax(X, 1.0, 10.0, -1.0),
        lambda: bd.outcomes.sigmoid_emax(X, 1.0, xr.DataArray([5.0], dims="draw"), 1.0),
        lambda: bd.outcomes.sigmoid_event(X, 10.0, 1.0, 1.1),
        lambda: bd.outcomes.probit_event(X, 10.0, 0.0),
        lambda: bd.outcomes.logistic_event(X, float("nan"), 1.0),
        lambda: bd.outcomes.either(X, X),
        lambda: bd.outcomes.hazard(X, "0.2 mg", 0.0),
        lambda: bd.outcomes.hazard(X, -1.0, 0.0),
        lambda: bd.outcomes.hazard(X, 0.1, 20.0),
        lambda: bd.outcomes.survival(X, "1 year"),
        lambda: bd.outcomes.survival(bd.outcomes.hazard(X, 0.1, 0.0), "year"),
        lambda: bd.outcomes.survival(bd.outcomes.hazard(X, 0.1, 0.0), "1 mg"),
        lambda: bd.outcomes.survival(bd.outcomes.hazard(X, 0.1, 0.0), "1 year", shape=0),
    ],
)
def test_what_cannot_be_is_refused(call):
    with pytest.raises(InputError):
        call()
