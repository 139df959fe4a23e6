"""Importance sampling against a conjugate model whose posterior is known in closed form."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from bayesdose.errors import Refused
from bayesdose.individual import importance
from bayesdose.individual.mode import derivatives, find_mode

OMEGA, SIGMA, TAU = 0.7, 0.2, 0.3
LEVELS = np.array([1.1, 0.8, 1.3])


def negative_log_density(theta, z):
    """-log p(levels, z | theta): level ~ N(theta + OMEGA z0 + 0.1 z1, SIGMA), z ~ N(0, I)."""
    mean = theta["theta"] + OMEGA * z[:, 0] + 0.1 * z[:, 1]
    loglik = -0.5 * np.sum(((LEVELS - mean[:, None]) / SIGMA) ** 2, axis=1)
    return -(loglik + importance.log_normal(z))


def exact_moments():
    """Mean and covariance of (theta, z0, z1) given the levels, theta ~ N(0, TAU^2)."""
    a = np.array([1.0, OMEGA, 0.1])
    precision = np.diag([1 / TAU**2, 1.0, 1.0]) + len(LEVELS) / SIGMA**2 * np.outer(a, a)
    covariance = np.linalg.inv(precision)
    return covariance @ (a * LEVELS.sum() / SIGMA**2), covariance


@pytest.fixture(scope="module")
def particles():
    rng = np.random.default_rng(3)
    theta = {"theta": TAU * rng.standard_normal(20_000)}
    centre = {"theta": np.array([theta["theta"].mean()])}
    mode = find_mode(lambda z: negative_log_density({"theta": np.repeat(centre["theta"], len(z))}, z), 2)
    shift = importance.find_shift(negative_log_density, mode, theta)
    draw, z, log_q = importance.propose(mode, shift, 16_384, seed=5)
    weights = -negative_log_density({"theta": theta["theta"][draw]}, z) - log_q
    weight, khat = importance.smooth(weights)
    return theta["theta"], shift, importance.Particles(draw, z, weight, khat)


def test_posterior_moments_of_the_conjugate_model(particles):
    theta, _, found = particles
    points = np.column_stack([theta[found.draw], found.z])
    mean = found.weight @ points
    covariance = (points - mean).T @ ((points - mean) * found.weight[:, None])
    exact_mean, exact_covariance = exact_moments()
    mcse = np.sqrt(np.diag(exact_covariance) / found.theta_ess)
    assert np.all(np.abs(mean - exact_mean) < 4 * mcse)
    sd = np.sqrt(np.diag(exact_covariance))
    assert_allclose(np.sqrt(np.diag(covariance)), sd, atol=4 * np.max(sd) / np.sqrt(2 * found.theta_ess))
    assert found.khat < 0.5


def test_shift_is_the_derivative_of_the_mode(particles):
    _, shift, _ = particles
    a = np.array([OMEGA, 0.1])
    hessian = np.eye(2) + len(LEVELS) / SIGMA**2 * np.outer(a, a)
    exact = -np.linalg.solve(hessian, len(LEVELS) / SIGMA**2 * a)
    assert_allclose(shift.A[:, 0], exact, rtol=1e-5)


def test_derivatives_of_a_quadratic():
    H = np.array([[3.0, 0.7], [0.7, 2.0]])
    gradient, hessian = derivatives(lambda z: 0.5 * np.einsum("ni,ij,nj->n", z, H, z), np.array([0.4, -1.0]))
    assert_allclose(gradient, H @ [0.4, -1.0], rtol=1e-7)
    assert_allclose(hessian, H, rtol=1e-5)


def test_mode_of_two_hills_is_the_higher_one():
    def objective(z):
        return -np.logaddexp(-0.5 * ((z[:, 0] - 2) / 0.3) ** 2, -0.5 * ((z[:, 0] + 2) / 0.3) ** 2 - 1.0)

    assert_allclose(find_mode(objective, 1).z, [2.0], atol=1e-4)


def test_impossible_levels_are_refused():
    with pytest.raises(Refused, match="impossible under the model"):
        find_mode(lambda z: np.full(len(z), np.inf), 2)


def test_systematic_resampling_keeps_expected_counts():
    weight = np.array([0.5, 0.125, 0.375])
    counts = np.bincount(importance.systematic(weight, 8, seed=1), minlength=3)
    assert np.all(np.abs(counts - 8 * weight) <= 1)
    assert counts.sum() == 8


def test_impossible_particles_get_no_weight():
    log_weight = np.concatenate([np.zeros(900), np.full(100, -np.inf)])
    weight, khat = importance.smooth(log_weight)
    assert weight[900:].max() < 1e-12
    assert_allclose(weight.sum(), 1.0)
    assert khat < 0.7
