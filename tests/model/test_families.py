"""Families of what is observed: densities and quantiles against SciPy, tails with finite gradients."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from scipy import special, stats

from bayesdose.model import families

U = np.array([0.001, 0.03, 0.2, 0.5, 0.77, 0.9, 0.9999])
CONTINUOUS = {
    "normal": (families.NORMAL, (2.0, 0.7), stats.norm(2.0, 0.7)),
    "log-normal": (families.LOG_NORMAL, (2.0, 0.7), stats.lognorm(0.7, scale=2.0)),
    "Student-t": (families.STUDENT_T, (2.0, 0.7, 3.5), stats.t(3.5, 2.0, 0.7)),
}
DISCRETE = {
    "Poisson": (families.POISSON, (2.3,), stats.poisson(2.3)),
    "negative binomial": (families.NEGATIVE_BINOMIAL, (2.3, 1.7), stats.nbinom(1.7, 1.7 / (1.7 + 2.3))),
    "binary": (families.BINARY, (0.3,), stats.bernoulli(0.3)),
}


def evaluated(graph, inputs=None):
    return pytensor.function([], graph, mode="FAST_COMPILE")()


@pytest.mark.parametrize("name", CONTINUOUS)
def test_densities_and_quantiles(name):
    family, parameters, twin = CONTINUOUS[name]
    y = twin.ppf(U)
    given = [np.full(len(U), p) for p in parameters]
    np.testing.assert_allclose(family.quantile(U, *given), y, rtol=1e-9)
    np.testing.assert_allclose(
        evaluated(family.log_density(y, *map(pt.constant, given))), twin.logpdf(y), rtol=1e-10
    )
    assert len(family.parameters) == len(parameters)


@pytest.mark.parametrize("name", DISCRETE)
def test_probabilities_and_quantiles(name):
    family, parameters, twin = DISCRETE[name]
    y = np.arange(2.0 if name == "binary" else 9.0)
    given = [np.full(len(y), p) for p in parameters]
    np.testing.assert_allclose(
        evaluated(family.log_density(pt.constant(y), *map(pt.constant, given))), twin.logpmf(y), rtol=1e-9
    )
    np.testing.assert_array_equal(family.quantile(U, *(np.full(len(U), p) for p in parameters)), twin.ppf(U))


@pytest.mark.parametrize("name", ["Poisson", "negative binomial"])
def test_a_count_of_mean_zero_is_zero(name):
    """A count that the drug drives, before the first dose: probability 1 of 0, and a slope of -1."""
    family, (_, *others), _ = DISCRETE[name]
    mean = pt.dvector()
    density = family.log_density(pt.constant([0.0, 1.0, 0.0]), mean, *map(pt.constant, others))
    at = np.array([0.0, 0.0, -1.0])
    values = pytensor.function([mean], density, mode="FAST_COMPILE")(at)
    np.testing.assert_array_equal(values, [0.0, -np.inf, -np.inf])
    slope = pytensor.function([mean], pt.grad(density[0], mean), mode="FAST_COMPILE")(at)
    np.testing.assert_array_equal(slope, [-1.0, 0.0, 0.0])


def test_categories():
    family = families.ordinal_family(4)
    at_least = [np.full(4, p) for p in (0.9, 0.5, 0.2)]
    found = evaluated(family.log_density(pt.arange(4.0), *map(pt.constant, at_least)))
    np.testing.assert_allclose(np.exp(found), [0.1, 0.4, 0.3, 0.2], rtol=1e-12)
    u = np.array([0.05, 0.15, 0.49, 0.6, 0.79, 0.85])
    np.testing.assert_array_equal(
        family.quantile(u, *(np.full(len(u), p) for p in (0.9, 0.5, 0.2))), [0, 1, 1, 2, 2, 3]
    )


@pytest.mark.parametrize("name", ["normal", "log-normal"])
def test_tails(name):
    family, parameters, twin = CONTINUOUS[name]
    y = np.exp(np.array([-3.0, -0.5, 0.0, 1.0, 2.5]))
    given = [pt.constant(np.full(len(y), p)) for p in parameters]
    np.testing.assert_allclose(evaluated(family.log_below(y, *given)), twin.logcdf(y), rtol=1e-9)
    np.testing.assert_allclose(evaluated(family.log_above(y, *given)), twin.logsf(y), rtol=1e-9)


@pytest.mark.parametrize("z", [-1e8, -50.0, -5.0, -1.0, -1 + 1e-9, 0.0, 3.0, 40.0, 1e8])
def test_normal_tail_and_its_gradient_are_numbers_everywhere(z):
    x = pt.dscalar()
    value, slope = pytensor.function(
        [x], [families.log_normal_cdf(x), pt.grad(families.log_normal_cdf(x), x)], mode="FAST_COMPILE"
    )(z)
    np.testing.assert_allclose(value, special.log_ndtr(z), rtol=1e-9, atol=1e-300)
    hazard = np.exp(stats.norm.logpdf(z) - special.log_ndtr(z)) if z > -1e7 else -z
    np.testing.assert_allclose(slope, hazard, rtol=1e-6, atol=1e-300)


def test_a_level_below_the_limit_is_certain_where_nothing_is_predicted():
    mean, sd = pt.dscalar(), pt.dscalar()
    below = families.NORMAL.log_below(0.1, mean, sd)
    f = pytensor.function([mean, sd], [below, *pt.grad(below, [mean, sd])], mode="FAST_COMPILE")
    for case in ((0.0, 0.0), (1e-200, 1e-201), (1e-30, 1e-31)):
        assert [float(x) for x in f(*case)] == [0.0, 0.0, 0.0]


def test_events():
    hazard, risk = pt.constant(np.full(3, 0.2)), pt.constant(np.full(3, 0.7))
    found = evaluated(families.EVENT.log_density(pt.constant([0.0, 1.0, 0.0]), hazard, risk))
    np.testing.assert_allclose(found, [-0.7, np.log(0.2) - 0.7, -0.7], rtol=1e-12)
    within = evaluated(families.EVENT.log_below(pt.constant([1.0] * 3), hazard, risk))
    np.testing.assert_allclose(within, np.log(1 - np.exp(-0.7)), rtol=1e-12)
