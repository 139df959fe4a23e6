"""The proposal around joint modes of (theta, z): closed forms, and patients who contradict the centre."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from populations.checked import patients
from scipy import stats

import bayesdose as bd
from bayesdose.individual import importance, tempering
from bayesdose.individual.joint import around_joint
from bayesdose.individual.mode import find_modes
from bayesdose.individual.population import population
from bayesdose.individual.target import Target

SIGMA, LEVEL = 0.05, 2.0
SD = np.array([[0.3, 0.0], [0.25, 0.1]])  # theta = draws @ SD.T: two correlated values


class Sum:
    """A level ~ N(a + b + z, SIGMA), z ~ N(0, 1)."""

    def size(self, data):
        return 1

    def loglik(self, theta, z, data):
        return stats.norm.logpdf(LEVEL, theta["a"] + theta["b"] + z[:, 0], SIGMA)


@pytest.fixture(scope="module")
def target():
    a, b = (np.random.default_rng(3).standard_normal((20_000, 2)) @ SD.T).T
    return Target(Sum(), {}, population({"a": a, "b": b}))


def posterior(target):
    """Mean and covariance of (a, b, z), a and b with the draws' own mean and covariance."""
    theta = np.column_stack(list(target.known.theta.values()))
    prior = np.zeros((3, 3))
    prior[:2, :2], prior[2, 2] = np.cov(theta.T, ddof=0), 1.0
    mean = np.append(theta.mean(axis=0), 0.0)
    gain = prior.sum(axis=0) / (prior.sum() + SIGMA**2)
    return mean + gain * (LEVEL - mean.sum()), prior - np.outer(gain, prior.sum(axis=0))


def test_standard_draws_are_uncorrelated_and_lead_back(target):
    known = target.known
    assert_allclose(np.cov(known.standard.u.T, ddof=0), np.eye(2), atol=1e-10)
    assert_allclose(known.t @ known.standard.to, known.standard.u, atol=1e-10)
    assert_allclose(known.standard.u @ known.standard.back, known.t, atol=1e-10)


def test_directions_without_variance_are_left_out():
    a = np.random.default_rng(1).standard_normal(200)
    known = population({"a": a, "twice": 2 * a, "constant": np.ones(200)})
    assert known.standard.u.shape == (200, 1)
    assert_allclose(known.standard.u @ known.standard.back, known.t, atol=1e-10)


def test_the_joint_mode_is_the_posterior_mean_of_the_conjugate_model(target):
    """The centre of z at the posterior mean of theta, and how it moves, are those of the normal posterior."""
    proposal = around_joint(target, [np.zeros(3)])
    (component,) = proposal.components
    mean, covariance = posterior(target)
    t = mean[:2] - target.known.centre
    assert_allclose(component.centre(t[None])[0, 0], mean[2], atol=1e-3)
    slope = covariance[2, :2] @ np.linalg.inv(covariance[:2, :2])
    assert_allclose(component.A[0], slope, rtol=1e-3)


def test_draws_are_tilted_towards_the_posterior(target):
    tilt = around_joint(target, [np.zeros(3)]).tilt
    assert np.exp(tilt).mean() == pytest.approx(1.0)
    assert np.exp(tilt).min() >= 0.5 - 1e-12
    a = target.known.theta["a"]
    mean, covariance = posterior(target)
    preferred = np.exp(tilt) - 0.5
    centre = preferred @ a / preferred.sum()
    ess = preferred.sum() ** 2 / (preferred**2).sum()
    assert abs(centre - mean[0]) < 4 * np.sqrt(1.2 * covariance[0, 0] / ess)


def test_tilted_rounds_give_the_exact_posterior(target):
    found = importance.sample(target, find_modes(target.objective, 1), 2048, 5, lambda made: made.rounds == 4)
    points = np.column_stack([*(values[found.draw] for values in target.known.theta.values()), found.z])
    mean, covariance = posterior(target)
    sd = np.sqrt(np.diag(covariance))
    got = found.weight @ points
    assert np.all(np.abs(got - mean) < 4 * sd / np.sqrt(found.theta_ess))
    spread = np.sqrt(found.weight @ (points - got) ** 2)
    assert_allclose(spread, sd, rtol=4 / np.sqrt(2 * found.theta_ess))
    prior = np.cov(np.column_stack(list(target.known.theta.values())).T, ddof=0).sum() + 1.0
    evidence = stats.norm.logpdf(LEVEL, target.known.centre.sum(), np.sqrt(prior + SIGMA**2))
    assert found.log_evidence == pytest.approx(evidence, abs=4 / np.sqrt(found.theta_ess))


def test_draws_far_out_where_the_levels_say_nothing_are_not_preferred():
    """A skewed value that no level depends on: its draws keep their shares."""
    rng = np.random.default_rng(2)
    a, b = (rng.standard_normal((4000, 2)) @ SD.T).T
    skewed = -np.exp(1.5 * rng.standard_normal(4000))
    known = population({"a": a, "b": b, "skewed": skewed})
    tilt = around_joint(Target(Sum(), {}, known), [np.zeros(4)]).tilt
    alone = around_joint(Target(Sum(), {}, population({"a": a, "b": b})), [np.zeros(3)]).tilt
    out = np.abs(known.standard.u).max(axis=1) > 5
    assert out.sum() > 10
    assert np.exp(tilt[out]).max() < 1.5 * np.exp(alone).max()


def test_two_joint_modes_are_both_kept():
    class Either(Sum):
        """A level that tells a + b + z but for its sign."""

        def loglik(self, theta, z, data):
            return stats.norm.logpdf(LEVEL, np.abs(theta["a"] + theta["b"] + z[:, 0]), SIGMA)

    a, b = (np.random.default_rng(3).standard_normal((4000, 2)) @ SD.T).T
    found = around_joint(Target(Either(), {}, population({"a": a, "b": b})), [np.ones(3), -np.ones(3)])
    assert sorted(np.sign(one.z[0]) for one in found.components) == [-1.0, 1.0]
    assert_allclose(found.share, 0.5, atol=0.05)


@pytest.mark.parametrize("level", [10.0**k for k in range(3, 13)])
def test_levels_beyond_reason_end_in_no_traceback(level):
    """Nor in a warning of NumPy, however far the search has to go."""

    class Exploding(Sum):
        def loglik(self, theta, z, data):
            with np.errstate(over="ignore"):
                return stats.norm.logpdf(level, theta["a"] * np.exp(0.3 * z[:, 0]), 1e-3 * level)

    a = np.exp(np.random.default_rng(3).standard_normal(2000))
    of = Target(Exploding(), {}, population({"a": a}))
    found = importance.sample(of, find_modes(of.objective, 1), 512, 5, lambda made: made.khat < 0.7)
    assert np.isfinite(found.weight).all()


@pytest.mark.parametrize(("name", "number"), [("tobramycin_hennig2013", 5), ("mercaptopurine_hawwa2008", 25)])
def test_patients_who_contradict_the_centre_need_no_tempering(name, number):
    """Joint modes serve where modes at the centre had left an ESS of 40; tempered SMC agrees."""
    fit = bd.load_fit(name)
    ((_, patient),) = patients(fit, range(number, number + 1))
    me = bd.condition(fit, patient.now, seed=number)
    assert me.diagnostics.method == "importance sampling"
    assert me.diagnostics.rounds > 1
    data, known = me.compiled.data(bd.study.events(me.patient)), population(dict(fit.population_draws))
    of = Target(me.compiled, data, known)
    runs = [tempering.run(of, np.zeros((of.k, known.t.shape[1])), 8192, seed).cloud.z for seed in range(4)]
    means, sd = np.array([z.mean(axis=0) for z in runs]), np.concatenate(runs).std(axis=0)
    error = np.sqrt(means.var(axis=0, ddof=1) / 4 + sd**2 / me.diagnostics.ess)
    assert np.all(np.abs(me.data["z"].mean("draw").to_numpy() - means.mean(axis=0)) < 4 * error)
