"""Where a level stands in its distribution is the probability that it is the quantile of; others by SciPy."""

import numpy as np
import pytest
from scipy import stats

from bayesdose.model import families
from bayesdose.model.observed import Likelihood, Part
from bayesdose.model.places import places

N = 400
RNG = np.random.default_rng(1)
U = RNG.random(N)
F = RNG.uniform(1.0, 5.0, N)
AT_LEAST = [1 / (1 + np.exp(-(F - 3 - c))) for c in (-1.0, 0.5)]
KINDS = {
    "additive": (families.NORMAL, [F, np.full(N, 0.4)], False),
    "proportional": (families.NORMAL, [F, 0.2 * F], False),
    "combined1": (families.NORMAL, [F, 0.1 + 0.2 * F], False),
    "combined2": (families.NORMAL, [F, np.hypot(0.1, 0.2 * F)], False),
    "power": (families.NORMAL, [F, 0.2 * F**0.7], False),
    "log-normal": (families.LOG_NORMAL, [F, np.full(N, 0.3)], False),
    "Student-t": (families.STUDENT_T, [F, 0.2 * F, np.full(N, 3.0)], False),
    "autocorrelated": (families.NORMAL, [F, 0.2 * F, np.where(np.arange(N) % 8, 0.7, 0.0)], True),
    "Poisson": (families.POISSON, [F], False),
    "negative binomial": (families.NEGATIVE_BINOMIAL, [F, np.full(N, 1.5)], False),
    "binary": (families.BINARY, [F / 6], False),
    "ordinal": (families.ordinal_family(3), AT_LEAST, False),
}


def data(y, **columns):
    n = len(y)
    before = np.where(np.arange(n) % 8, np.arange(n) - 1, -1)  # eight levels a subject
    usual = {
        "CENS": np.zeros(n),
        "LIMIT": np.full(n, -np.inf),
        "DVID": np.ones(n),
        "observation_previous": before,
        "observation_record": np.arange(n),
    }
    return {"DV_data": np.asarray(y, dtype=float), **usual, **columns}


def whole(family, parameters, decays=False, blq=None):
    return Likelihood((Part(None, "any", family, len(parameters), decays, blq),))


@pytest.mark.parametrize("kind", KINDS)
def test_a_level_stands_at_the_probability_it_is_the_quantile_of(kind):
    family, parameters, decays = KINDS[kind]
    made = whole(family, parameters, decays)
    y = made.quantile(U, data(np.zeros(N)), parameters)
    below, at_most = places(made, data(y), parameters)
    if family.whole:
        assert (below < U).all()
        assert (at_most >= U).all()
        assert (at_most > below).all()
    else:
        np.testing.assert_allclose(below, U, atol=1e-9)
        np.testing.assert_array_equal(below, at_most)


def test_draws_come_first_and_kinds_of_level_keep_apart():
    parts = (Part(1, "a", families.NORMAL, 2, False, None), Part(2, "b", families.POISSON, 1, False, None))
    y, mean = np.array([1.0, 2.0, 0.0]), np.array([[1.0, 1.5, 1.5], [2.0, 3.0, 3.0]])
    below, at_most = places(
        Likelihood(parts), data(y, DVID=np.array([1, 2, 2])), [mean, np.ones((2, 3)), mean]
    )
    np.testing.assert_allclose(below[:, 0], stats.norm.cdf(1.0 - mean[:, 0]))
    np.testing.assert_allclose(below[:, 1:], stats.poisson.cdf(y[1:] - 1, mean[:, 1:]))
    np.testing.assert_allclose(at_most[:, 1:], stats.poisson.cdf(y[1:], mean[:, 1:]))


def test_censored_levels_stand_between_their_limits():
    cens, limit = np.array([1, 1, -1, -1, 0]), np.array([-np.inf, 0.5, -np.inf, 9.0, -np.inf])
    y, mean, sd = np.array([1.0, 1.0, 6.0, 6.0, 2.0]), np.full(5, 2.0), np.full(5, 1.5)
    twin, given = stats.norm(2.0, 1.5), data(y, CENS=cens, LIMIT=limit)
    low = twin.cdf([-np.inf, 0.5, 6.0, 6.0, 2.0])
    high = twin.cdf([1.0, 1.0, np.inf, 9.0, 2.0])
    for found, expected in zip(
        places(whole(families.NORMAL, [mean, sd], blq="M3"), given, [mean, sd]), (low, high), strict=True
    ):
        np.testing.assert_allclose(found, expected)
    positive = stats.truncnorm(-2.0 / 1.5, np.inf, 2.0, 1.5)
    below, at_most = places(whole(families.NORMAL, [mean, sd], blq="M4"), given, [mean, sd])
    np.testing.assert_allclose(below, positive.cdf([0.0, 0.5, 6.0, 6.0, 2.0]), atol=1e-12)
    np.testing.assert_allclose(at_most, positive.cdf([1.0, 1.0, np.inf, 9.0, 2.0]), atol=1e-12)


def test_log_normal_levels_below_a_limit_start_at_zero():
    median, sd = np.full(1, 2.0), np.full(1, 0.5)
    given = data([1.0], CENS=np.array([1]))
    below, at_most = places(whole(families.LOG_NORMAL, [median, sd], blq="M3"), given, [median, sd])
    assert below[0] == 0.0
    assert at_most[0] == pytest.approx(stats.lognorm(0.5, scale=2.0).cdf(1.0))


def test_events_stand_where_their_time_does():
    """A time with cumulative hazard H since the row before: its place is 1 - exp(-H)."""
    risk = np.array([0.3, 0.3, 0.3])
    given = data([0.0, 1.0, 1.0], CENS=np.array([0, 0, 1]))
    parameters = [np.ones(3), risk]
    below, at_most = places(whole(families.EVENT, parameters, blq="M3"), given, parameters)
    f = stats.expon.cdf(0.3)
    np.testing.assert_allclose(below, [f, f, 0.0])
    np.testing.assert_allclose(at_most, [1.0, f, f])


def test_randomised_places_of_events_with_censoring_are_uniform():
    rng, n = np.random.default_rng(3), 4000
    time, end = rng.exponential(2.0, n), rng.uniform(0.5, 4.0, n)
    happened = time <= end
    parameters = [np.full(n, 0.5), np.where(happened, time, end) / 2.0]
    below, at_most = places(
        whole(families.EVENT, parameters, blq="M3"), data(happened.astype(float)), parameters
    )
    drawn = below + rng.random(n) * (at_most - below)
    assert stats.kstest(drawn, "uniform").pvalue > 0.001
