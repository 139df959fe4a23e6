"""Profiles that change where only the model knows: lag times and modelled durations, and fast processes.

BROKEN is what is promised there, relative to the size of the profile or of the window.
"""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from bayesdose.card import Units
from bayesdose.pk.exposure import (
    adaptive,
    auc,
    chebyshev,
    minimum,
    peak,
    time_above,
    time_below,
    time_of_peak,
)

BROKEN = 1e-5
END, DRAWS = 12.0, 100
RNG = np.random.default_rng(7)
KE, KA, LAG, DURATION = (
    RNG.lognormal(np.log(m), s, DRAWS)[:, None] for m, s in [(0.1, 0.3), (1.5, 0.3), (0.5, 0.4), (1.0, 0.4)]
)


class Asked:
    """Curves of all draws, which count how often they are sampled."""

    def __init__(self, curve):
        self.curve, self.calls, self.concentrations = curve, 0, 0

    def __call__(self, times, sides, rows):
        self.calls += 1
        self.concentrations += len(times) * len(rows)
        return self.curve(times)[rows]

    def measure(self, metric, breaks=()):
        plan = metric.sampling((0.0, END), np.array(breaks, float), Units())
        first = self.curve(plan.times)
        return plan.reduce(first, self)


def bolus(t, k=KE):
    return np.exp(-k * np.maximum(t, 0.0)) * (t >= 0)


def oral(t):
    t = np.maximum(t, 0.0)
    return KA / (KA - KE) * (np.exp(-KE * t) - np.exp(-KA * t))


def infusion(t):
    """Return the profile of unit dose into unit volume over DURATION."""
    during = -np.expm1(-KE * np.minimum(t, DURATION))
    return during * np.exp(-KE * np.maximum(t - DURATION, 0.0)) / (KE * DURATION)


def bolus_area(t):
    return -np.expm1(-KE * t) / KE


def test_areas_of_lagged_profiles():
    lagged = Asked(lambda t: oral(t - LAG)).measure(auc())
    rest = END - LAG
    exact = KA / (KA - KE) * (bolus_area(rest) + np.expm1(-KA * rest) / KA)
    assert_allclose(lagged, exact[:, 0], rtol=BROKEN)
    assert_allclose(Asked(lambda t: bolus(t - LAG)).measure(auc()), bolus_area(rest)[:, 0], rtol=BROKEN)


def test_several_unknown_breaks_in_one_piece():
    """Doses of 2 at the lag, and of 1 at twice and five times that."""
    parts = [(2.0, 1.0), (1.0, 2.0), (1.0, 5.0)]
    found = Asked(lambda t: sum(a * bolus(t - n * LAG) for a, n in parts)).measure(auc(), [END / 2])
    exact = sum(a * bolus_area(np.maximum(END - n * LAG, 0.0)) for a, n in parts)
    assert_allclose(found, exact[:, 0], rtol=BROKEN)


def test_peaks_of_lagged_profiles():
    top = np.log(KA / KE) / (KA - KE)
    curve = Asked(lambda t: oral(t - LAG))
    # smooth at the top: what is rough elsewhere does not matter
    assert_allclose(curve.measure(peak()), oral(top)[:, 0], rtol=1e-8)
    assert_allclose(curve.measure(time_of_peak()), (top + LAG)[:, 0], rtol=1e-8)
    jumping = Asked(lambda t: 0.2 + bolus(t - LAG))
    assert_allclose(jumping.measure(peak()), np.full(DRAWS, 1.2), rtol=BROKEN)
    assert_allclose(jumping.measure(time_of_peak()), LAG[:, 0], atol=END * BROKEN)
    falling = Asked(lambda t: bolus(t + 1.0) + bolus(t - LAG))
    assert_allclose(
        falling.measure(minimum()), np.minimum(bolus(LAG + 1.0), falling.curve(END))[:, 0], rtol=BROKEN
    )


def test_infusions_of_modelled_duration():
    curve, top = Asked(infusion), (-np.expm1(-KE * DURATION) / (KE * DURATION))[:, 0]
    assert_allclose(curve.measure(peak()), top, rtol=BROKEN)
    assert_allclose(curve.measure(time_of_peak()), DURATION[:, 0], atol=END * BROKEN)
    area = (1.0 - infusion(np.full((DRAWS, 1), END))) / KE  # what has left, by the clearance
    assert_allclose(curve.measure(auc()), area[:, 0], rtol=BROKEN)


def test_time_beyond_a_threshold_that_is_jumped_over():
    curve = Asked(lambda t: bolus(t - LAG))
    exact = np.minimum(np.log(2.0) / KE, END - LAG)[:, 0]
    assert_allclose(curve.measure(time_above(0.5)), exact, atol=END * BROKEN)
    assert_allclose(curve.measure(time_below(0.5)), END - exact, atol=END * BROKEN)


def test_smooth_profiles_are_sampled_once():
    for metric in (auc(), peak(), time_of_peak(), minimum(), time_above(0.3)):
        curve = Asked(lambda t: np.exp(-0.8 * t) + 0.5 * bolus(t))
        curve.measure(metric)
        assert curve.calls == 0


def test_only_the_draws_that_need_it_are_sampled_again():
    late = np.where(np.arange(DRAWS)[:, None] == 3, 1.0, 0.0)
    curve = Asked(lambda t: np.where(t >= late, bolus(t - late), 0.0))
    curve.measure(auc())
    per_call = adaptive.CUTS * adaptive.FINE_NODES
    assert curve.concentrations == curve.calls * per_call


@pytest.mark.parametrize("noise", [1e-8, 1e-7, 1e-6, 1e-5])
def test_noise_of_a_solver_is_not_chased(noise):
    rng = np.random.default_rng(1)
    curve = Asked(lambda t: bolus(t) * (1 + noise * rng.uniform(-1, 1, (DRAWS, len(t)))))
    assert_allclose(curve.measure(auc()), bolus_area(END)[:, 0], rtol=noise)
    # the weights of an interpolant's value add up to less than 3
    assert_allclose(curve.measure(peak()), 1.0, rtol=3 * noise)
    assert curve.concentrations < 4 * DRAWS * adaptive.CUTS * adaptive.FINE_NODES


def test_a_concentration_that_is_not_finite_makes_its_draw_nan():
    def curve(t):
        c = bolus(t).copy()
        c[2, 5], c[7, -1] = np.nan, np.inf
        return c

    for metric in (auc(), peak(), time_of_peak(), time_above(0.5)):
        found = Asked(curve).measure(metric)
        assert np.isnan(found[[2, 7]]).all()
        assert np.isfinite(np.delete(found, [2, 7])).all()


def test_nothing_in_the_body():
    curve = Asked(lambda t: np.zeros((DRAWS, len(t))))
    assert (curve.measure(auc()) == 0).all()
    assert (curve.measure(peak()) == 0).all()
    assert (curve.measure(time_below(1.0)) == END).all()
    assert curve.calls == 0


def test_calls_are_shared_but_stay_small():
    draws = np.array([3000, 10, 1, 1, 500, 500])
    groups = list(adaptive._groups(draws))
    assert groups[0] == (0, 1)  # one that fills a call has it for itself
    assert [k for a, b in groups for k in range(a, b)] == list(range(6))
    size = adaptive.CUTS * adaptive.FINE_NODES
    assert all(b == a + 1 or draws[a:b].sum() * (b - a) * size <= adaptive._TOGETHER for a, b in groups)


# Polynomials


@pytest.mark.parametrize("n", [9, adaptive.FINE_NODES, adaptive.NODES])
def test_the_matrices_are_exact_for_polynomials(n):
    x = chebyshev.points(n)
    for power in range(n - 1):
        # n^2 is the norm of the derivative of a polynomial that stays within 1 (Markov)
        error = 2.2e-16 * n**2
        assert_allclose(chebyshev.weights(n) @ x**power, 1 / (power + 1), rtol=error)
        assert_allclose(chebyshev.antiderivative(n) @ x**power, x ** (power + 1) / (power + 1), atol=error)
        slope = power * x ** max(power - 1, 0)
        assert_allclose(chebyshev.derivative(n) @ x**power, slope, atol=10 * error * n)
    assert chebyshev.tail((x ** (n - 5))[None])[0] < 1e-15
    assert_allclose(chebyshev.tail(np.cos((n - 1) * np.arccos(2 * x - 1))[None]), 1.0)


def test_evaluation_and_roots():
    x = chebyshev.points(33)
    at = np.r_[np.random.default_rng(0).random(50), 0.0, 1.0, x[7]]
    c = np.tile(np.exp(-3 * x), (len(at), 1))
    assert_allclose(chebyshev.evaluate(c, at), np.exp(-3 * at), rtol=1e-14)
    level = np.exp(-3 * at[:50, None])
    zero, one = np.zeros(50), np.ones(50)
    found = chebyshev.root(c[:50] - level, zero, one, 1 - level[:, 0], np.exp(-3) - level[:, 0])
    assert_allclose(found, at[:50], rtol=0, atol=1e-14)
