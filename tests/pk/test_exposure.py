"""Exposure metrics against closed forms of one-compartment curves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from bayesdose.card import Units
from bayesdose.pk import auc24, concentration_at, peak, trough

UNITS = Units()
RATIOS = [1.01, 1.1, 1.5, 2.0, 5.0, 10.0, 50.0]


def oral(t, ka, ke):
    return ka / (ka - ke) * (np.exp(-ke * t) - np.exp(-ka * t))


def value(metric, window, doses, curve, units=UNITS):
    plan = metric.sampling(window, np.asarray(doses, float), units)
    return plan.reduce(curve(plan.times)[None])[0]


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("ke", [0.005, 0.1, 1.0])
@pytest.mark.parametrize("tau", [6.0, 12.0, 24.0])
def test_peak_of_an_oral_curve(ratio, ke, tau):
    ka = ratio * ke
    tmax = np.log(ka / ke) / (ka - ke)
    exact = oral(min(tmax, tau), ka, ke)
    found = value(peak(), (100.0, 100.0 + tau), [100.0], lambda t: oral(t - 100, ka, ke))
    assert_allclose(found, exact, rtol=1e-6 if ka * tau <= 100 else 1e-4)


@pytest.mark.parametrize("rate", [1e-4, 0.01, 0.3, 1.0, 100 / 24])
def test_peak_of_a_bolus_is_the_instant_after_the_dose(rate):
    found = value(peak(), (5.0, 29.0), [5.0], lambda t: 3.0 * np.exp(-rate * (t - 5.0)))
    assert_allclose(found, 3.0, rtol=1e-12)


@pytest.mark.parametrize("product", [1e-6, 0.1, 1.0, 5.0, 20.0, 50.0, 100.0])
@pytest.mark.parametrize("tau", [6.0, 24.0])
def test_auc24_of_a_bolus(product, tau):
    k = product / tau
    exact = -np.expm1(-product) / k * 24 / tau
    assert_allclose(
        value(auc24(), (7.0, 7.0 + tau), [7.0], lambda t: np.exp(-k * (t - 7.0))), exact, rtol=1e-6
    )


@pytest.mark.parametrize("product", [0.2, 1.0, 5.0, 20.0, 50.0, 100.0])
@pytest.mark.parametrize("ratio", RATIOS)
def test_auc24_of_an_oral_curve(product, ratio):
    ka = product / 24.0
    ke = ka / ratio
    exact = ka / (ka - ke) * (-np.expm1(-24 * ke) / ke + np.expm1(-24 * ka) / ka)
    assert_allclose(value(auc24(), (0.0, 24.0), [0.0], lambda t: oral(t, ka, ke)), exact, rtol=1e-6)


def test_a_dose_inside_the_window_is_seen():
    def curve(t):
        return np.exp(-0.2 * t) + np.where(t >= 6.0, 2.0 * np.exp(-0.2 * (t - 6.0)), 0.0)

    exact = -np.expm1(-2.4) / 0.2 - 2 * np.expm1(-1.2) / 0.2
    plan = auc24().sampling((0.0, 12.0), np.array([0.0, 6.0]), UNITS)
    assert_allclose(plan.reduce(curve(plan.times)[None])[0], 2 * exact, rtol=1e-6)
    assert_allclose(value(peak(), (0.0, 12.0), [0.0, 6.0], curve), curve(np.array(6.0)), rtol=1e-12)


def test_trough_is_the_left_limit_at_the_end():
    plan = trough().sampling((3.0, 15.0), np.array([3.0]), UNITS)
    assert plan.times.tolist() == [15.0]
    assert plan.sides.tolist() == [-1]


def test_the_peaks_last_sample_is_before_the_next_dose():
    plan = peak().sampling((3.0, 15.0), np.array([3.0]), UNITS)
    assert plan.times[-1] == 15.0
    assert plan.sides[-1] == -1
    assert (plan.sides[:-1] == 1).all()


def test_units_and_days():
    days = Units(time="d", amount="g", concentration="g/L")
    assert auc24().unit(days) == "g/L*d"
    assert trough().unit(days) == peak().unit(days) == "g/L"
    assert_allclose(value(auc24(), (0.0, 2.0), [0.0], lambda t: np.full_like(t, 3.0), days), 3.0, rtol=1e-12)


def test_concentration_at_keeps_the_times():
    plan = concentration_at([1, 2.5]).sampling((0.0, 1.0), np.array([]), UNITS)
    assert_allclose(plan.reduce(plan.times[None] * 2), [[2.0, 5.0]])


@given(
    st.lists(st.floats(0.0, 50.0), min_size=3, max_size=3),
    st.lists(st.floats(0.001, 3.0), min_size=3, max_size=3),
)
def test_peak_is_never_below_a_sample_and_scales(sizes, rates):
    def curve(t):
        return sum(a * np.exp(-k * t) for a, k in zip(sizes, rates, strict=True))

    found = value(peak(), (0.0, 24.0), [0.0], curve)
    assert found >= curve(np.linspace(0.0, 24.0, 500)).max() * (1 - 1e-6)
    assert_allclose(
        value(peak(), (0.0, 24.0), [0.0], lambda t: 3 * curve(t)), 3 * found, rtol=1e-9, atol=1e-300
    )
