"""A fit without data: a model's priors as population draws."""

import numpy as np
import pytest
from scipy.special import ndtr

import bayesdose as bd
from bayesdose.errors import InputError

DRAWS = 2000


@pytest.fixture(scope="module")
def model():
    return bd.load_model("phenobarbital")


@pytest.fixture(scope="module")
def fit(model):
    return bd.prior_fit(model, seed=3, draws=DRAWS)


@pytest.fixture(scope="module")
def neonate(model):
    return bd.read_study(bd.data_path("phenobarbital"), model).select("1")


def test_the_draws_are_those_of_the_priors(fit):
    """Kolmogorov's distance from LogNormal(-5, 1) and HalfNormal(1); beyond 1.95 / sqrt(n) once in 1,000."""
    draws = fit.population_draws
    for u in (
        ndtr((np.log(draws["theta_CL"]) + 5.0) / 1.0),
        ndtr((np.log(draws["theta_V"]) - 0.6) / 1.0),
        2.0 * ndtr(draws["omega_V"]) - 1.0,
    ):
        expected = np.arange(1, DRAWS + 1) / DRAWS
        assert np.abs(np.sort(u) - expected).max() < 1.95 / np.sqrt(DRAWS)


def test_the_same_seed_gives_the_same_draws(model, fit):
    again, other = (bd.prior_fit(model, seed=seed, draws=DRAWS).population_draws for seed in (3, 4))
    assert np.array_equal(again["theta_CL"], fit.population_draws["theta_CL"])
    assert not np.array_equal(other["theta_CL"], fit.population_draws["theta_CL"])


def test_it_says_that_no_data_made_it(fit):
    assert fit.provenance["origin"] == "prior draws, no data"
    assert "no data" in str(fit)
    assert fit.provenance["data"]["n_levels"] == 0
    assert fit.provenance["priors"]["theta_CL"]["distribution"].startswith("LogNormal(-5")


def test_it_is_stored_small_and_loaded(fit, tmp_path):
    place = fit.save(tmp_path / "stored", slim=True)
    assert sum(path.stat().st_size for path in place.iterdir()) < 100_000
    loaded = bd.load_fit(place)
    assert loaded.provenance["origin"] == fit.provenance["origin"]
    for name, values in fit.population_draws.items():
        assert np.allclose(loaded.population_draws[name], values, rtol=1e-6)


def test_condition_simulate_and_decide_take_it(fit, neonate):
    me = bd.condition(fit, neonate, seed=1)
    assert me.diagnostics.levels == 2
    options = bd.regimens("{amount} mg every 12 h x 8", amount=[1.0, 2.0, 3.0, 4.0], after=neonate)
    outcome = bd.simulate(me, options, {"trough": bd.trough()})
    choice = bd.decide(outcome, lambda o: -((o.trough - 20.0) ** 2))
    assert float(choice.table["expected_utility"].max()) <= 0.0
    assert np.isfinite(choice.table["expected_utility"]).all()


def test_the_typical_patient_has_prior_medians_and_no_eta(model, neonate):
    """CL is exp(-5) WT / 1.3 where eta is 0, V exp(0.6) WT / 1.3."""
    me = bd.typical(model, neonate)
    weight = float(neonate.records["WT"].iloc[0])
    assert len(me) == 1
    assert np.isclose(float(me.data["CL"][0]), np.exp(-5.0) * weight / 1.3, rtol=1e-12)
    assert np.isclose(float(me.data["V"][0]), np.exp(0.6) * weight / 1.3, rtol=1e-12)
    outcome = bd.simulate(me, bd.regimens("10 mg every 24 h x 30", after=neonate), {"auc": bd.auc24()})
    assert outcome.auc.shape == (1, 3)


def test_a_typical_patient_of_a_fit_is_asked_of_its_model(fit, neonate):
    with pytest.raises(InputError, match=r"Fit.*bd\.typical\(fit\.model, patient\)"):
        bd.typical(fit, neonate)
