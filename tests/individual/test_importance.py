"""Importance sampling and tempering against conjugate models whose posterior is known in closed form."""

import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from bayesdose.errors import Refused
from bayesdose.individual import importance, tempering
from bayesdose.individual.mode import derivatives, find_mode, find_modes
from bayesdose.individual.population import population
from bayesdose.individual.proposal import Component, Proposal, root_of_inverse, shares
from bayesdose.individual.target import Target

OMEGA, SIGMA, TAU = 0.7, 0.2, 0.3
LEVELS = np.array([1.1, 0.8, 1.3])


class Linear:
    """A level ~ N(theta + OMEGA z0 + 0.1 z1, SIGMA), z ~ N(0, I)."""

    def __init__(self, levels=LEVELS, sigma=SIGMA):
        self.levels, self.sigma = levels, sigma

    def size(self, data):
        return 2

    def loglik(self, theta, z, data):
        mean = theta["theta"] + OMEGA * z[:, 0] + 0.1 * z[:, 1]
        return stats.norm.logpdf(self.levels, mean[:, None], self.sigma).sum(axis=1)


class TwoHills(Linear):
    """A likelihood of z0 with two narrow hills, 3 to 1, far from the prior's centre; theta is not told of."""

    def loglik(self, theta, z, data):
        hills = [np.log(w) + stats.norm.logpdf(z[:, 0], at, 0.05) for w, at in ((0.75, 2.0), (0.25, -2.0))]
        return np.logaddexp(*hills)


def target(model=None, draws=20_000):
    theta = {"theta": TAU * np.random.default_rng(3).standard_normal(draws)}
    return Target(model or Linear(), {}, population(theta))


def exact_moments(levels=LEVELS, sigma=SIGMA):
    """Mean and covariance of (theta, z0, z1) given the levels, theta ~ N(0, TAU^2)."""
    a = np.array([1.0, OMEGA, 0.1])
    precision = np.diag([1 / TAU**2, 1.0, 1.0]) + len(levels) / sigma**2 * np.outer(a, a)
    covariance = np.linalg.inv(precision)
    return covariance @ (a * levels.sum() / sigma**2), covariance


def exact_evidence(levels=LEVELS, sigma=SIGMA):
    shared = TAU**2 + OMEGA**2 + 0.01
    covariance = sigma**2 * np.eye(len(levels)) + shared
    return stats.multivariate_normal.logpdf(levels, np.zeros(len(levels)), covariance)


def sampled(of, n=16_384, good=lambda made: True):
    return importance.sample(of, find_modes(of.objective, of.k), n, 5, good)


def check_moments(of, found, ess, **exact):
    points = np.column_stack([of.known.theta["theta"][found.draw], found.z])
    mean = found.weight @ points
    covariance = (points - mean).T @ ((points - mean) * found.weight[:, None])
    exact_mean, exact_covariance = exact_moments(**exact)
    sd = np.sqrt(np.diag(exact_covariance))
    assert np.all(np.abs(mean - exact_mean) < 4 * sd / np.sqrt(ess))
    assert_allclose(np.sqrt(np.diag(covariance)), sd, atol=4 * np.max(sd) / np.sqrt(2 * ess))


def test_posterior_moments_of_the_conjugate_model():
    of = target()
    found = sampled(of)
    check_moments(of, found, found.theta_ess)
    assert found.khat < 0.5
    assert found.log_evidence == pytest.approx(exact_evidence(), abs=4 / np.sqrt(found.theta_ess))


def test_rounds_add_up_to_the_same_posterior():
    of = target()
    found = sampled(of, n=2048, good=lambda made: made.rounds == 3)
    assert found.rounds == 3
    assert len(found.draw) == 3 * 2048
    check_moments(of, found, found.theta_ess)
    assert found.log_evidence == pytest.approx(exact_evidence(), abs=4 / np.sqrt(found.theta_ess))


def test_a_round_mends_a_proposal_in_the_wrong_place():
    """Modes two SDs off and four times too narrow: one round is bad, the next know better."""
    of = target()
    modes = [
        dataclasses.replace(mode, z=mode.z + 1.0, hessian=16.0 * mode.hessian)
        for mode in find_modes(of.objective, of.k)
    ]
    enough = 0.1 * 4096
    first = importance.sample(of, modes, 4096, 5, lambda made: True, rounds=1)
    assert first.ess < enough
    mended = importance.sample(of, modes, 4096, 5, lambda made: made.ess > enough and made.khat < 0.7)
    assert mended.khat < 0.7
    assert mended.ess > enough
    check_moments(of, mended, mended.theta_ess)


def test_a_proposal_is_a_density():
    """Over z at one theta it adds up to 1, by the trapezoid rule on a plane."""
    A, root = np.array([[0.3], [-0.2]]), np.array([[0.5, 0.0], [0.2, 0.4]])
    parts = [Component(np.array([1.0, 0.0]), A, root), Component(np.array([-2.0, 1.0]), A, 2 * root)]
    proposal = Proposal(parts, shares([0.0, -1.0]))
    x = np.linspace(-60, 60, 1201)
    z = np.stack(np.meshgrid(x, x, indexing="ij"), axis=-1).reshape(-1, 2)
    known, tilt = population({"theta": np.array([-0.7, 0.7])}), np.log([0.5, 1.5])
    for one, often in ((proposal, 1.0), (dataclasses.replace(proposal, tilt=tilt), 1.5)):
        density = np.exp(one.log_density(known, np.ones(len(z), dtype=int), z)).reshape(1201, 1201)
        assert np.trapezoid(np.trapezoid(density, x), x) == pytest.approx(often, abs=1.5e-3)


def test_tilted_draws_come_as_often_as_they_should():
    known = population({"theta": np.random.default_rng(1).standard_normal(50)})
    often = np.random.default_rng(2).random(50)
    tilt = np.log(often / often.mean())
    proposal = Proposal([Component(np.zeros(1), np.zeros((1, 1)), np.eye(1))], np.ones(1), tilt)
    draw, _ = proposal.draw(known, 4096, seed=1)
    counts = np.bincount(draw, minlength=50)
    assert np.all(np.abs(counts - 4096 * often / often.sum()) <= 2)


@pytest.mark.parametrize("steep", [2.0, 1e5, 1e10])
def test_the_root_of_an_inverse_squared_is_the_inverse(steep):
    turn = stats.ortho_group.rvs(3, random_state=1)
    root = root_of_inverse((turn * [0.25, 1.0, steep]) @ turn.T)
    assert_allclose(root, np.tril(root))
    assert np.all(np.diag(root) > 0)
    assert_allclose(turn.T @ root @ root.T @ turn, np.diag([4.0, 1.0, 1 / steep]), atol=1e-14 * steep)


def test_a_matrix_too_steep_for_an_inverse_has_a_root():
    """Where a density has a step the differences at it are beyond what numbers tell apart."""
    turn = stats.ortho_group.rvs(3, random_state=1)
    root = root_of_inverse((turn * [0.25, 1.0, 1e17]) @ turn.T)
    assert np.isfinite(root).all()
    assert np.all(np.diag(root) > 0)


def test_two_modes_are_both_found_and_weighed():
    of = target(TwoHills(), draws=500)
    assert sorted(np.sign(mode.z[0]) for mode in find_modes(of.objective, 2)) == [-1.0, 1.0]
    found = sampled(of)
    upper = found.weight[found.z[:, 0] > 0].sum()
    assert upper == pytest.approx(0.75, abs=4 * np.sqrt(0.75 * 0.25 / found.ess))
    assert found.khat < 0.7


@pytest.mark.parametrize(("levels", "sigma"), [(LEVELS, SIGMA), (np.array([3.0, 3.1]), 0.05)])
def test_tempering_finds_the_conjugate_posterior(levels, sigma):
    of = target(Linear(levels, sigma))
    A = of.shift(find_modes(of.objective, 2)[0])
    found, trouble = tempering.sample(of, A, 4096, seed=1)
    assert trouble is None
    assert found.method == "tempered SMC"
    assert found.khat is None
    check_moments(of, found, 1000, levels=levels, sigma=sigma)
    assert found.log_evidence == pytest.approx(exact_evidence(levels, sigma), abs=0.25)


def test_tempering_tells_when_it_does_not_move():
    class Needle(Linear):
        """Likelihood along a line in z far thinner than a random walk can follow."""

        def loglik(self, theta, z, data):
            return stats.norm.logpdf(np.sin(40 * z[:, 0]), z[:, 1], 1e-5)

    of = target(Needle(), draws=500)
    _, trouble = tempering.sample(of, np.zeros((2, 1)), 256, seed=1)
    assert "hardly moves" in trouble or "differ" in trouble


def test_shift_is_the_derivative_of_the_mode():
    of = target()
    a = np.array([OMEGA, 0.1])
    hessian = np.eye(2) + len(LEVELS) / SIGMA**2 * np.outer(a, a)
    exact = -np.linalg.solve(hessian, len(LEVELS) / SIGMA**2 * a)
    assert_allclose(of.shift(find_modes(of.objective, 2)[0])[:, 0], exact, rtol=1e-5)


def test_a_density_that_is_no_number_is_refused():
    class Broken(Linear):
        def loglik(self, theta, z, data):
            return np.where(z[:, 0] > 1.0, np.nan, 0.0)

    of = target(Broken(), draws=100)
    with pytest.raises(Refused, match="not a number at 16 % of the particles"):
        of.loglik(np.zeros(1000, dtype=int), stats.norm.ppf((np.arange(1000) + 0.5) / 1000)[:, None])


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
