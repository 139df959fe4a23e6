"""Exposure metrics against closed forms: windows, units, free drug, and one to three compartments.

SMOOTH is what is promised where the input changes at known times; peaks and areas come out far better.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.optimize import brentq

from bayesdose.card import Units
from bayesdose.errors import InputError
from bayesdose.pk import exposure
from bayesdose.pk.exposure import (
    accumulated_load,
    auc,
    auc24,
    average,
    concentration_at,
    minimum,
    nadir,
    peak,
    time_above,
    time_below,
    time_of_nadir,
    time_of_peak,
    trough,
)

UNITS = Units()
RATIOS = [1.01, 1.1, 1.5, 2.0, 5.0, 10.0, 50.0]
SMOOTH = 1e-8
HALF_LIVES = 30 * np.log(2)  # the longest window, in units of the fastest rate, that is sampled only once


def value(metric, window, breaks, curve, units=UNITS, more=True):
    """Measure a curve of time, which may be sampled again where that is needed."""

    def sample(times, sides, rows):
        return np.tile(curve(np.where(sides < 0, np.nextafter(times, -np.inf), times)), (len(rows), 1))

    plan = metric.sampling(window, np.asarray(breaks, float), units)
    return plan.reduce(sample(plan.times, plan.sides, [0]), sample if more else None)[0]


def oral(t, ka, ke):
    return ka / (ka - ke) * (np.exp(-ke * t) - np.exp(-ka * t))


class Exponentials:
    """A sum of exponentials, and its exact measures."""

    def __init__(self, sizes, rates):
        self.sizes, self.rates = np.asarray(sizes, float), np.asarray(rates, float)

    def __call__(self, t):
        return np.exp(-np.multiply.outer(t, self.rates)) @ self.sizes

    def slope(self, t):
        return np.exp(-t * self.rates) @ (-self.rates * self.sizes)

    def area(self, a, b):
        return np.exp(-a * self.rates) * -np.expm1(-self.rates * (b - a)) / self.rates @ self.sizes

    def top(self, end):
        """Return the only maximum."""
        if self.slope(end) > 0:
            return end
        end = min(end, 30.0 / self.rates.max())  # later slopes are lost in rounding
        return brentq(self.slope, 1e-9 / self.rates.max(), end, xtol=1e-14 / self.rates.max(), rtol=1e-15)


def compartments(n, fastest):
    """Return the profile of n compartments with first-order absorption, the fastest rate given."""
    rates = fastest * np.array([1.0, 0.12, 0.4, 0.031])[: n + 1]
    sizes = np.array([0.0, 1.0, 0.8, 0.2])[: n + 1]
    sizes[0] = -sizes.sum()
    return Exponentials(sizes, rates)


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("product", [0.01, 1.0, 5.0, 12.0, HALF_LIVES])
def test_one_sampling_is_enough_for_thirty_half_lives(n, product):
    curve, window = compartments(n, product / 12.0), (100.0, 112.0)

    def later(t):
        return curve(t - 100.0)

    exact = curve.area(0.0, 12.0)
    assert_allclose(value(auc(), window, [], later, more=False), exact, rtol=SMOOTH)
    assert_allclose(value(auc24(), window, [], later, more=False), 2 * exact, rtol=SMOOTH)
    assert_allclose(value(average(), window, [], later, more=False), exact / 12, rtol=SMOOTH)
    assert_allclose(value(peak(), window, [], later, more=False), curve(curve.top(12.0)), rtol=SMOOTH)
    assert_allclose(value(time_of_peak(), window, [], later, more=False), curve.top(12.0), rtol=SMOOTH)
    assert_allclose(value(minimum(), window, [], later, more=False), 0.0, atol=1e-12)


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("product", [50.0, 200.0, 1e3, 1e4, 1e5])
def test_faster_processes_are_sampled_again(n, product):
    curve = compartments(n, product / 24.0)
    assert_allclose(value(auc(), (0.0, 24.0), [], curve), curve.area(0.0, 24.0), rtol=SMOOTH)
    assert_allclose(value(peak(), (0.0, 24.0), [], curve), curve(curve.top(24.0)), rtol=SMOOTH)
    assert_allclose(value(time_of_peak(), (0.0, 24.0), [], curve), curve.top(24.0), rtol=1e-6)


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("ke", [0.005, 0.1, 1.0])
@pytest.mark.parametrize("tau", [6.0, 12.0, 24.0])
def test_an_oral_curve(ratio, ke, tau):
    ka = ratio * ke
    tmax = min(np.log(ka / ke) / (ka - ke), tau)
    window = (100.0, 100.0 + tau)
    area = ka / (ka - ke) * (-np.expm1(-tau * ke) / ke + np.expm1(-tau * ka) / ka)

    def curve(t):
        return oral(t - 100, ka, ke)

    # the curve itself loses the digits of ratio - 1, and its time those of a difference of times near 100
    assert_allclose(value(peak(), window, [100.0], curve), oral(tmax, ka, ke), rtol=SMOOTH)
    assert_allclose(value(time_of_peak(), window, [100.0], curve), tmax, rtol=SMOOTH)
    assert_allclose(value(auc(), window, [100.0], curve), area, rtol=SMOOTH)


@pytest.mark.parametrize("rate", [1e-4, 0.01, 0.3, 1.0, 100 / 24])
def test_a_bolus_is_highest_the_instant_after_the_dose_and_lowest_before_the_next(rate):
    def curve(t):
        return 3.0 * np.exp(-rate * (t - 5.0))

    assert_allclose(value(peak(), (5.0, 29.0), [5.0], curve), 3.0, rtol=1e-12)
    assert_allclose(value(time_of_peak(), (5.0, 29.0), [5.0], curve), 0.0, atol=1e-9)
    assert_allclose(value(minimum(), (5.0, 29.0), [5.0], curve), 3.0 * np.exp(-rate * 24), rtol=1e-12)


@pytest.mark.parametrize("threshold", [0.9, 0.5, 1e-2, 1e-5])
@pytest.mark.parametrize("product", [0.5, 5.0, HALF_LIVES])
def test_time_above_and_below_a_bolus(threshold, product):
    rate = product / 24.0
    exact = min(24.0, -np.log(threshold) / rate)

    def curve(t):
        return np.exp(-rate * (t - 50.0))

    assert_allclose(value(time_above(threshold), (50.0, 74.0), [], curve), exact, rtol=SMOOTH)
    assert_allclose(value(time_below(threshold), (50.0, 74.0), [], curve), 24 - exact, atol=24 * SMOOTH)


@pytest.mark.parametrize("part", [0.3, 0.9, 0.999, 1 - 1e-6, 1 - 1e-8])
def test_time_above_an_oral_curve_even_where_it_only_just_is(part):
    """Within a few points of the top, both crossings lie between two neighbours."""
    ka, ke = 1.3, 0.2
    tmax = np.log(ka / ke) / (ka - ke)
    threshold = part * oral(tmax, ka, ke)

    def height(t):
        return oral(t, ka, ke) - threshold

    up, down = brentq(height, 0, tmax, xtol=1e-15), brentq(height, tmax, 12, xtol=1e-15)
    found = value(time_above(threshold), (0.0, 12.0), [], lambda t: oral(t, ka, ke))
    # the time is like the root of how far the top is above: an error of 1e-13 of that counts so much more
    assert_allclose(found, down - up, rtol=SMOOTH + 1e-13 / (1 - part))
    found = value(time_below(threshold), (0.0, 12.0), [], lambda t: oral(t, ka, ke))
    assert_allclose(found, 12 - (down - up), rtol=SMOOTH)


def test_time_beyond_the_whole_range():
    curve = compartments(2, 0.5)
    assert value(time_above(-1.0), (0.0, 10.0), [], curve) == pytest.approx(10.0, rel=1e-14)
    assert value(time_above(9.0), (0.0, 10.0), [], curve) == 0.0
    assert value(time_below(9.0), (0.0, 10.0), [], curve) == pytest.approx(10.0, rel=1e-14)


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.7])
def test_accumulated_load(threshold):
    rate, end = 0.2, -np.log(max(threshold, 1e-300)) / 0.2
    end = min(end, 20.0)
    exact = -np.expm1(-rate * end) / rate - threshold * end
    found = value(accumulated_load(threshold), (0.0, 20.0), [], lambda t: np.exp(-rate * t))
    assert_allclose(found, exact, rtol=SMOOTH)
    whole = value(accumulated_load(), (0.0, 20.0), [], lambda t: np.exp(-rate * t))
    assert_allclose(whole, -np.expm1(-4.0) / rate, rtol=SMOOTH)


def test_doses_inside_the_window_are_seen():
    doses = np.array([0.0, 6.0, 8.0, 30.0])

    def curve(t):
        since = t[..., None] - doses
        return np.where(since >= 0, np.exp(-0.2 * np.maximum(since, 0)), 0.0) @ np.array([1.0, 2, 1, 4])

    def before(t, dose):
        return np.exp(-0.2 * (t - dose))

    exact = sum(a * -np.expm1(-0.2 * (12 - d)) / 0.2 for a, d in [(1, 0), (2, 6), (1, 8)])
    assert_allclose(value(auc(), (0.0, 12.0), doses, curve), exact, rtol=SMOOTH)
    top = before(8, 0) + 2 * before(8, 6) + 1
    assert_allclose(value(peak(), (0.0, 12.0), doses, curve), top, rtol=1e-12)
    assert_allclose(value(time_of_peak(), (0.0, 12.0), doses, curve), 8.0, rtol=1e-12)
    # the left limit before the dose at 6 is lower than the value after it: sides tell them apart
    plan = minimum().sampling((0.0, 12.0), doses, UNITS)
    closing = plan.times[plan.sides == -1]
    assert closing.tolist() == [6.0, 8.0, 12.0]
    assert (plan.sides[np.isin(plan.times, [0.0, 6.0, 8.0])] == [1, -1, 1, -1, 1]).all()


def test_equal_peaks_count_from_the_first():
    curve = np.cos
    assert_allclose(value(time_of_peak(), (-1.0, 20.0), [3.0, 9.0], curve), 1.0, atol=1e-7)


def test_trough_is_the_left_limit_at_the_end():
    plan = trough().sampling((3.0, 15.0), np.array([3.0]), UNITS)
    assert plan.times.tolist() == [15.0]
    assert plan.sides.tolist() == [-1]
    assert (
        trough(free=0.2).sampling((3.0, 15.0), np.array([3.0]), UNITS).reduce(np.array([[5.0]]), None) == 1.0
    )


@pytest.mark.parametrize("name", ["auc", "auc24", "average", "peak", "minimum", "trough"])
def test_free_drug_is_a_fraction_of_the_whole(name):
    metric, curve = getattr(exposure, name), compartments(2, 0.5)
    whole = value(metric(), (0.0, 24.0), [], curve)
    assert_allclose(value(metric(free=0.1), (0.0, 24.0), [], curve), 0.1 * whole, rtol=1e-12, atol=1e-17)
    assert metric(free=0.1).label == f"free {metric().label}"


def test_the_threshold_for_free_drug_is_a_free_concentration():
    curve = compartments(1, 0.7)
    for metric in (time_above, time_below, accumulated_load):
        found = value(metric(0.05, 0, free=0.1), (0.0, 24.0), [], curve)
        whole = value(metric(0.5, 0), (0.0, 24.0), [], curve)
        assert_allclose(found, whole * (0.1 if metric is accumulated_load else 1.0), rtol=1e-12)


def test_units_and_days():
    days = Units(time="d", amount="g", concentration="g/L")
    assert auc24().unit(days) == auc().unit(days) == accumulated_load(1).unit(days) == "g/L*d"
    assert trough().unit(days) == peak().unit(days) == average().unit(days) == minimum().unit(days) == "g/L"
    assert time_above(1).unit(days) == time_below(1).unit(days) == time_of_peak().unit(days) == "d"
    flat = value(auc24(), (0.0, 2.0), [0.0], lambda t: np.full_like(t, 3.0), days)
    assert_allclose(flat, 3.0, rtol=1e-12)


def test_labels_say_the_window():
    assert peak().label == "peak after the last dose"
    assert peak(0).label == "peak after dose 1"
    assert trough(-2).label == "trough after dose -2"
    assert auc(start=24).label == "AUC from 24 to the end"
    assert time_above(2, start=0, end=12, free=0.3).label == "free time above 2 from 0 to 12"
    assert accumulated_load().label == "accumulated load from the start to the end"


def test_windows_are_one_kind_or_the_other():
    assert (auc().after_dose, auc().start, auc().end) == (-1, None, None)
    assert (auc(end=3).after_dose, auc(end=3).start, auc(end=3).end) == (None, None, 3.0)
    assert accumulated_load().after_dose is None
    with pytest.raises(InputError, match="either the interval after a dose or a time"):
        peak(0, start=3.0)
    with pytest.raises(InputError, match="no length"):
        auc(start=3.0, end=3.0).sampling((3.0, 3.0), np.array([]), UNITS)
    with pytest.raises(InputError, match="no fraction unbound"):
        auc(free=10)
    with pytest.raises(InputError, match="not finite"):
        time_above(np.nan)


def test_a_nadir_is_where_a_course_turns():
    """5 less a Bateman curve: lowest at ln(ka/ke) / (ka - ke), between the samples."""
    ka, ke, window = 0.03, 0.01, (100.0, 604.0)
    turn = np.log(ka / ke) / (ka - ke)

    def cells(t):
        return 5.0 - 3.0 * oral(t - 100.0, ka, ke)

    assert_allclose(value(nadir(dvid=2), window, [], cells), cells(100.0 + turn), rtol=1e-9)
    assert_allclose(value(time_of_nadir(dvid=2), window, [], cells), turn, rtol=1e-6)
    metric = nadir(dvid=2)
    assert (metric.after_dose, metric.start, metric.end, metric.dvid) == (None, None, None, 2)
    assert nadir(0, dvid=2).after_dose == 0
    with pytest.raises(TypeError, match="dvid"):
        nadir()


def test_concentration_at_keeps_the_times():
    plan = concentration_at([1, 2.5]).sampling((0.0, 1.0), np.array([]), UNITS)
    assert_allclose(plan.reduce(plan.times[None] * 2, None), [[2.0, 5.0]])
    free = concentration_at([1, 2.5], free=0.5).sampling((0.0, 1.0), np.array([]), UNITS)
    assert_allclose(free.reduce(plan.times[None] * 2, None), [[1.0, 2.5]])


@given(
    st.lists(st.floats(0.0, 50.0), min_size=3, max_size=3),
    st.lists(st.floats(0.001, 3.0), min_size=3, max_size=3),
    st.lists(st.floats(0.0, 24.0), max_size=3),
)
def test_metrics_hang_together(sizes, rates, breaks):
    curve = Exponentials(sizes, rates)
    top, low = (value(m(), (0.0, 24.0), breaks, curve) for m in (peak, minimum))
    grid = curve(np.linspace(0.0, 24.0, 500))
    assert top >= grid.max() * (1 - 1e-6)
    assert low <= grid.min() * (1 + 1e-6)
    area = value(auc(), (0.0, 24.0), breaks, curve)
    assert_allclose(area, curve.area(0.0, 24.0), rtol=SMOOTH, atol=1e-300)
    middle = (top + low) / 2
    above, below = (value(m(middle), (0.0, 24.0), breaks, curve) for m in (time_above, time_below))
    if top > low * (1 + 1e-3):
        assert_allclose(above + below, 24.0, rtol=SMOOTH)
    assert_allclose(
        value(peak(), (0.0, 24.0), breaks, lambda t: 3 * curve(t)), 3 * top, rtol=1e-9, atol=1e-300
    )
