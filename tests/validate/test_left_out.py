"""Leave-one-out against exact answers: a conjugate normal mean, ArviZ, quadrature over random effects."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from scipy.special import logsumexp
from scipy.stats import norm

import bayesdose as bd
from bayesdose.errors import InputError
from bayesdose.individual.compiled import compile_individual
from bayesdose.study import events
from bayesdose.validate.left_out import fingerprint
from bayesdose.validate.marginal import log_marginal
from bayesdose.validate.psis import Loo, compare, psis_loo

SIGMA, PRIOR = 1.3, 4.0


def _posterior(y, draws, seed):
    """Draws of the mean of normal data with a known SD and a N(0, PRIOR) prior; its exact mean and SD."""
    precision = 1 / PRIOR**2 + len(y) / SIGMA**2
    mean, sd = y.sum() / SIGMA**2 / precision, precision**-0.5
    return np.random.default_rng(seed).normal(mean, sd, draws)


def _exact(y):
    """Log predictive density of each value under the posterior of all the others: a refit in closed form."""
    found = []
    for k in range(len(y)):
        rest = np.delete(y, k)
        precision = 1 / PRIOR**2 + len(rest) / SIGMA**2
        mean = rest.sum() / SIGMA**2 / precision
        found.append(norm.logpdf(y[k], mean, np.sqrt(SIGMA**2 + 1 / precision)))
    return np.array(found)


def test_psis_is_the_exact_refit_of_a_normal_mean():
    y = np.random.default_rng(1).normal(2.0, SIGMA, 12)
    mu = _posterior(y, 20_000, 2)
    found = psis_loo(norm.logpdf(y, mu[:, None], SIGMA))
    np.testing.assert_allclose(found.elpd, _exact(y), atol=0.01)
    assert (found.khat < 0.7).all()
    np.testing.assert_allclose(logsumexp(found.log_weight, axis=0), 0.0, atol=1e-9)
    precision = 1 / PRIOR**2 + len(y) / SIGMA**2
    within = norm.logpdf(y, y.sum() / SIGMA**2 / precision, np.sqrt(SIGMA**2 + 1 / precision))
    assert found.p_loo.sum() == pytest.approx((within - _exact(y)).sum(), abs=0.02)


def test_psis_agrees_with_arviz():
    from arviz_stats import loo

    y = np.random.default_rng(3).normal(0.0, SIGMA, 15)
    log_likelihood = norm.logpdf(y, _posterior(y, 4000, 4)[:, None], SIGMA)
    tree = xr.DataTree.from_dict(
        {
            "posterior": xr.Dataset({"mu": (("chain", "draw"), np.zeros((4, 1000)))}),
            "log_likelihood": xr.Dataset(
                {"y": (("chain", "draw", "obs"), log_likelihood.reshape(4, 1000, -1))}
            ),
        }
    )
    theirs = loo(tree, pointwise=True, reff=1.0)
    ours = psis_loo(log_likelihood)
    np.testing.assert_allclose(ours.elpd, theirs.elpd_i, rtol=1e-8)
    np.testing.assert_allclose(ours.khat, theirs.pareto_k, rtol=1e-6)
    assert ours.p_loo.sum() == pytest.approx(theirs.p, rel=1e-6)


def test_an_outlier_has_a_high_khat_and_an_impossible_unit_no_value():
    y = np.r_[np.zeros(6), 14.0]
    log_likelihood = norm.logpdf(y, _posterior(y, 1000, 5)[:, None], 0.5)
    assert psis_loo(log_likelihood).khat.argmax() == 6
    log_likelihood[3, 0] = -np.inf
    found = psis_loo(log_likelihood)
    assert found.elpd[0] == -np.inf
    assert found.khat[0] == np.inf
    assert np.isfinite(found.elpd[1:]).all()


def _loo(elpd, data="one", by="observation"):
    import pandas as pd

    table = pd.DataFrame({"ID": "1", "elpd": elpd, "p_loo": 0.1, "khat": 0.2})
    return Loo(by, table, 1000, "m", data)


def test_comparison_is_of_pointwise_differences():
    a, b = np.array([-1.0, -2.0, -3.0, -2.5]), np.array([-1.5, -2.1, -3.6, -2.4])
    table = compare({"b": _loo(b), "a": _loo(a)})
    assert table["model"].tolist() == ["a", "b"]
    assert table["elpd"].tolist() == pytest.approx([-8.5, -9.6])
    assert table["elpd_diff"].tolist() == pytest.approx([0.0, -1.1])
    assert table["se_diff"].tolist() == pytest.approx([0.0, np.sqrt(4 * np.var(b - a))])
    assert _loo(a).se == pytest.approx(np.sqrt(4 * np.var(a)))


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (_loo(np.zeros(4), "two"), "same levels"),
        (_loo(np.zeros(4), "one", "subject"), "different things"),
        (None, "two models"),
    ],
)
def test_what_cannot_be_compared_is_refused(other, why):
    models = {"a": _loo(np.zeros(4))} | ({"b": other} if other else {})
    with pytest.raises(InputError, match=why):
        compare(models)


@pytest.fixture(scope="module")
def adults(theophylline_fit):
    return bd.read_study(bd.data_path("theophylline"), theophylline_fit.model)


def test_a_fingerprint_is_of_the_levels(phenobarbital, neonates):
    assert fingerprint(neonates) == fingerprint(neonates.select(neonates.ids))
    changed = neonates.records.copy()
    changed.loc[neonates.is_level, "DV"] *= 1.001
    assert fingerprint(bd.Study(changed, neonates.card)) != fingerprint(neonates)


THETA = {"theta_CL": 2.8, "theta_V": 32.0, "theta_ka": 1.5, "omega_CL": 0.3, "omega_V": 0.2, "omega_ka": 0.6}


@pytest.mark.parametrize("levels", [1, 3, 11])
def test_the_marginal_likelihood_of_a_subject_is_that_of_quadrature(levels):
    model = bd.load_model("theophylline")
    subject = bd.read_study(bd.data_path("theophylline"), model).select("4").first_levels(levels)
    compiled = compile_individual(model)
    data = compiled.data(events(subject))
    theta = {name: np.array([value]) for name, value in (THETA | {"sigma_add": 0.7}).items()}
    side = np.linspace(-5.5, 5.5, 81)  # the trapezoidal rule is exact to rounding for such smooth integrands
    z = np.stack(np.meshgrid(side, side, side, indexing="ij"), axis=-1).reshape(-1, 3)
    spread = {name: np.repeat(value, len(z)) for name, value in theta.items()}
    weight = norm.logpdf(z).sum(axis=1) + 3 * np.log(side[1] - side[0])
    exact = logsumexp(compiled.loglik(spread, z, data) + weight)
    found = log_marginal(compiled, theta, data, particles=4096, seed=1)
    assert found.error[0] < 0.05
    assert found.value[0] == pytest.approx(exact, abs=max(4 * found.error[0], 0.01))


@pytest.mark.slow
def test_leaving_out_a_subject_is_the_prediction_of_a_new_one(theophylline_fit, adults):
    found = bd.validate.loo_by_subject(theophylline_fit, adults, seed=1)
    assert (found.table["khat"] < 0.9).all()
    assert found.table["inner_se"].max() < 0.15
    again = bd.validate.loo_by_subject(theophylline_fit, adults, seed=2, particles=512)
    error = np.hypot(found.table["inner_se"], again.table["inner_se"])
    assert (np.abs(found.table["elpd"] - again.table["elpd"]) < 4 * error).all()
    conditional = bd.fitted(theophylline_fit, adults, draws=1000)["log_likelihood_subject"].to_numpy()
    naive = psis_loo(conditional)
    assert np.median(naive.khat) > found.table["khat"].max() - 0.3  # what is not to be done
    assert naive.elpd.sum() > found.elpd + 5  # and why


@pytest.mark.slow
def test_leaving_out_levels(theophylline_fit, adults):
    found = bd.validate.loo(theophylline_fit, adults, draws=1000)
    assert found.table["pit"].between(0, 1).all()
    assert 10 < found.p_loo < 45
    assert found.elpd == pytest.approx(-165, abs=15)
    assert "leave one observation out" in str(found)
    assert len(bd.figure(found).axes) == 2


@pytest.mark.calibration
@pytest.mark.parametrize("subject", ["5", "8"])
def test_leaving_out_a_subject_is_what_a_refit_without_it_predicts(theophylline_fit, adults, subject):
    found = bd.validate.loo_by_subject(theophylline_fit, adults, seed=1, draws=4000).table.set_index("ID")
    refit = bd.fit(theophylline_fit.model, adults.drop(subject), seed=3, draws=1500, progress=False)
    compiled = compile_individual(refit.model)
    data = compiled.data(events(adults.select(subject)))
    under = log_marginal(compiled, refit.population_draws, data, particles=128, seed=4).value
    exact = logsumexp(under) - np.log(len(under))
    assert found.loc[subject, "elpd"] == pytest.approx(
        exact, abs=0.15 if found.loc[subject, "khat"] < 0.7 else 0.6
    )
