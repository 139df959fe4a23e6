"""Conditioning on the shipped fit: what comes out, what is refused, what is warned of."""

import numpy as np
import pandas as pd
import pytest

import bayesdose as bd
from bayesdose.errors import InputError, Refused


@pytest.fixture(scope="module")
def patient(neonates):
    return neonates.select("18")


@pytest.fixture(scope="module")
def me(stored_fit, patient):
    return bd.condition(stored_fit, patient, seed=2)


def made_up(model, *levels, weight=1.2, dose=20.0):
    """One neonate with a loading dose at 0 and levels (time, value)."""
    rows = [{"TIME": 0.0, "AMT": dose, "DV": np.nan}]
    rows += [{"TIME": t, "AMT": np.nan, "DV": v} for t, v in levels]
    return bd.read_study(pd.DataFrame(rows).assign(ID="new", WT=weight), model)


def test_draws_are_labelled(me):
    assert me.data["CL"].dims == ("draw",)
    assert me.data["z"].dims == ("draw", "eta")
    assert {"theta_CL", "omega_V", "sigma_prop", "eta_CL", "V"} <= set(me.data.data_vars)
    assert {"particle", "population_draw"} <= set(me.data.coords)
    assert me.diagnostics.khat < 0.7
    assert me.diagnostics.ess >= 400
    assert me.diagnostics.levels == 4


def test_individual_parameters_follow_from_the_draws(me):
    typical = me.data["theta_CL"] * 1.0 / 1.3  # neonate 18 weighs 1.0 kg
    np.testing.assert_allclose(me.data["CL"], typical * np.exp(me.data["eta_CL"]), rtol=1e-12)
    eta = me.data["omega_CL"] * me.data["z"].sel(eta="CL")
    np.testing.assert_allclose(me.data["eta_CL"], eta, rtol=1e-12)


def test_copies_of_a_particle_are_copies(me):
    particle, CL = me.data["particle"].to_numpy(), me.data["CL"].to_numpy()
    _, first, which = np.unique(particle, return_index=True, return_inverse=True)
    np.testing.assert_array_equal(CL[first][which], CL)
    assert len(first) < len(CL)


def test_the_same_seed_gives_the_same_draws(stored_fit, patient, me):
    again = bd.condition(stored_fit, patient, seed=2)
    np.testing.assert_array_equal(again.data["CL"], me.data["CL"])
    other = bd.condition(stored_fit, patient, seed=3)
    assert not np.array_equal(other.data["CL"], me.data["CL"])


def test_seeds_agree_within_monte_carlo_error(stored_fit, patient, me):
    other = bd.condition(stored_fit, patient, seed=3)
    for name in ("CL", "V"):
        error = float(me.data[name].std()) * np.sqrt(1 / me.diagnostics.ess + 1 / other.diagnostics.ess)
        assert abs(float(me.data[name].mean() - other.data[name].mean())) < 4 * error


def test_without_levels_the_population_speaks(stored_fit, patient):
    prior = bd.condition(stored_fit, patient.without_levels(), seed=2)
    assert prior.diagnostics.method == "population draws"
    assert prior.diagnostics.khat is None
    theta = stored_fit.population_draws
    expected = theta["theta_CL"].mean() / 1.3
    found = (prior.data["CL"] * np.exp(-prior.data["eta_CL"])).mean()
    assert float(found) == pytest.approx(expected, rel=0.01)
    np.testing.assert_allclose(float(prior.data["z"].std()), 1.0, atol=0.03)


def test_a_covariate_row_alone_is_a_patient(stored_fit):
    study = bd.read_study(pd.DataFrame({"ID": ["new"], "WT": [2.0]}), stored_fit.model)
    me = bd.condition(stored_fit, study, seed=1)
    assert float(np.log(me.data["V"]).mean()) == pytest.approx(np.log(2.0 * 0.97), abs=0.05)


def test_levels_narrow_the_posterior(stored_fit, patient, me):
    prior = bd.condition(stored_fit, patient.without_levels(), seed=2)
    one = bd.condition(stored_fit, patient.first_levels(1), seed=2)
    assert float(me.data["CL"].std()) < float(one.data["CL"].std())
    assert float(one.data["V"].std()) < float(prior.data["V"].std())


def test_order_of_two_levels_at_one_time_does_not_matter(stored_fit):
    a = bd.condition(stored_fit, made_up(stored_fit.model, (2, 15.0), (2, 18.0)), seed=1)
    b = bd.condition(stored_fit, made_up(stored_fit.model, (2, 18.0), (2, 15.0)), seed=1)
    np.testing.assert_allclose(a.data["V"].mean(), b.data["V"].mean(), rtol=1e-6)


def test_more_than_one_patient_is_told(stored_fit, neonates):
    with pytest.raises(InputError, match="59 subjects"):
        bd.condition(stored_fit, neonates, seed=1)


def test_an_impossible_level_is_refused(stored_fit):
    study = bd.read_study(
        pd.DataFrame(
            {"ID": "new", "TIME": [0.0, 1.0], "AMT": [np.nan, 20.0], "DV": [12.0, np.nan], "WT": 1.2}
        ),
        stored_fit.model,
    )
    with pytest.raises(Refused, match="level before the first dose"):
        bd.condition(stored_fit, study, seed=1)


def contradicting(model, level):
    return made_up(model, *[(float(t), level) for t in range(2, 40, 2)])


def test_an_unreliable_posterior_is_not_handed_out(stored_fit):
    with pytest.raises(Refused, match=r"not reliable.*k-hat.*tempered SMC hardly moves"):
        bd.condition(stored_fit, contradicting(stored_fit.model, 3e6), seed=1, particles=512)


def test_a_posterior_that_rests_on_few_population_draws_says_so(stored_fit):
    with pytest.warns(UserWarning, match=r"hardly any of the population's 10,000 draws .*theta-ESS \d"):
        me = bd.condition(stored_fit, contradicting(stored_fit.model, 60.0), seed=1)
    assert "check times, doses and units" in str(me)


def test_a_posterior_that_rests_on_one_population_draw_is_not_handed_out(stored_fit):
    with pytest.raises(Refused, match=r"not reliable.*theta-ESS 1\.\d of the population's 10,000 draws"):
        bd.condition(stored_fit, contradicting(stored_fit.model, 300.0), seed=1)


def test_few_particles_without_levels_are_no_contradiction(stored_fit):
    assert bd.condition(stored_fit, made_up(stored_fit.model), seed=1, particles=16).warnings == ()


def test_a_patient_of_the_fit_is_warned_of(stored_fit, neonates):
    with pytest.warns(UserWarning, match="2 of the patient's levels were in the fit"):
        me = bd.condition(stored_fit, neonates.select("1"), seed=1)
    assert "were in the fit" in me.warnings[0]
    assert "warning" in str(me)


def test_print_says_how_sure(me):
    said = str(me)
    assert "k-hat" in said
    assert "ESS" in said
    assert "90 %" in said


@pytest.mark.parametrize("levels", [(), ((30.0, 12.0),)])
@pytest.mark.parametrize(
    "asked",
    [lambda fit, who: bd.condition(fit, who, seed=1), lambda fit, who: bd.map_estimate(fit.model, who, fit)],
    ids=["condition", "MAP"],
)
def test_a_category_without_a_factor_is_told(asked, levels):
    fit = bd.load_fit("vancomycin_goti2018")
    rows = [{"TIME": 0.0, "AMT": 1000.0, "RATE": 1000.0, "DV": np.nan}]
    rows += [{"TIME": t, "AMT": np.nan, "RATE": np.nan, "DV": v} for t, v in levels]
    person = {c.name: c.reference for c in fit.model.card.covariates} | {"DIAL": 0.5}  # 0 or 1
    patient = bd.read_study(pd.DataFrame(rows).assign(ID="1", **person), fit.model)
    with pytest.raises(InputError, match=r"CL and V1 of this patient are not a number.*DIAL 0\.5"):
        asked(fit, patient)
