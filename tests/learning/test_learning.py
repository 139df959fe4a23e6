"""What levels taught: courses, parameters, weights and information, against arithmetic on the draws."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import logsumexp

import bayesdose as bd
from bayesdose.learning.taught import with_levels
from bayesdose.study import events


@pytest.fixture(scope="module")
def fit():
    return bd.load_fit("phenobarbital")


@pytest.fixture(scope="module")
def patient(fit):
    return bd.read_study(bd.data_path("phenobarbital"), fit.model).select("18")


@pytest.fixture(scope="module")
def me(fit, patient):
    return bd.condition(fit, patient, seed=1)


@pytest.fixture(scope="module")
def before(fit, patient):
    return bd.condition(fit, patient.without_levels(), seed=1)


@pytest.fixture(scope="module")
def lessons(fit, patient):
    return bd.taught(fit, patient, seed=1)


def _drawn(figure):
    """Draw it, and check that nothing lies outside."""
    figure.canvas.draw()
    box = figure.get_tightbbox(figure.canvas.get_renderer())
    width, height = figure.get_size_inches()
    assert min(box.x0, box.y0) > -0.03
    assert box.x1 < width + 0.03
    assert box.y1 < height + 0.03
    return figure


def _said(figure):
    return " ".join(text.get_text() for legend in figure.legends for text in legend.get_texts())


# Course


def test_a_course_is_the_closed_form_and_its_intervals_are_those_of_measurements(me, before, patient):
    found = bd.course(me, before, seed=3)
    CL, V = (me.data[name].values[:, None] for name in ("CL", "V"))
    times = found.after["time"].values
    doses = patient.doses
    since = times[None] - doses["TIME"].to_numpy()[:, None]
    given = np.where(since >= 0, doses["AMT"].to_numpy()[:, None], 0.0)
    exact = sum(a / V * np.exp(-CL / V * np.maximum(s, 0)) for a, s in zip(given, since, strict=True))
    np.testing.assert_allclose(found.after["concentration"], exact, rtol=1e-9)
    table = found.table()
    np.testing.assert_allclose(table["after_05"], np.quantile(exact, 0.05, axis=0), rtol=1e-9)
    assert (table["before_95"] >= table["before_05"]).all()
    measured = bd.predict(me, residual=True, seed=3)["measurement"]
    np.testing.assert_allclose(found.levels["lower90"], np.quantile(measured, 0.05, axis=0))
    assert found.levels["used"].all()
    assert found.levels["upper90_before"].iloc[0] > found.levels["upper90"].iloc[0]


def test_levels_that_were_not_used_are_told_apart_wherever_they_stand(fit, patient, before):
    part = bd.condition(fit, with_levels(patient, [0, 2]), seed=1)
    found = bd.course(part, before, study=patient, seed=1)
    assert found.levels["used"].tolist() == [True, False, True, False]
    figure = _drawn(bd.figure(found))
    assert "level not used" in _said(figure)
    assert "90 % interval of a measurement" in _said(figure)
    assert figure.axes[0].get_ylabel() == "concentration (mg/L)"


def test_a_course_without_levels_or_prior(before):
    found = bd.course(before, seed=1)
    assert found.levels.empty
    assert "level" not in _said(_drawn(bd.figure(found)))


def test_a_kind_of_level_that_is_not_predicted_is_refused(me):
    with pytest.raises(bd.InputError, match="dvid=2"):
        bd.course(me, seed=1, dvid=2)


# Prior to posterior


def test_what_was_learned_is_of_the_current_regimen(me, before, patient):
    found = bd.learned(me, before)
    assert found.names == ["CL", "V", "AUC24", "trough"]
    assert found.option == "current regimen"
    row = found.table().set_index("quantity").loc["CL"]
    assert row["median_after"] == pytest.approx(np.median(me.data["CL"]))
    ratio = np.log(me.data["CL"]).std(ddof=1) / np.log(before.data["CL"]).std(ddof=1)
    assert row["spread_ratio"] == pytest.approx(float(ratio))
    options = bd.current_regimen(patient)
    outcome = bd.simulate(me, options, {"a": bd.auc24()}).sel(option="current regimen")
    np.testing.assert_allclose(found.after["AUC24"], outcome["a"])
    labels = [ax.get_xlabel() for ax in _drawn(bd.figure(found)).axes]
    assert labels == ["CL (L/h)", "V (L)", "AUC24 (mg/L*h)", "trough (mg/L)"]


def test_another_regimen_and_no_regimen(me, before, patient):
    options = bd.regimens("{a} mg/kg every 12 h x 4", after=patient, a=[2, 3])
    found = bd.learned(
        me, before, options=options, option="3 mg/kg every 12 h x 4", metrics={"top": bd.peak()}
    )
    assert found.names == ["CL", "V", "top"]
    with pytest.raises(bd.InputError, match="no such option"):
        bd.learned(me, before, options=options, option="4 mg/kg")
    with pytest.raises(bd.InputError, match="needs options="):
        bd.learned(me, before, option="4 mg/kg")
    assert bd.current_regimen(patient.first_levels(1)) is None


# Weights


def test_copies_and_weights_add_up(me):
    found = bd.weights(me)
    assert found.copies.sum() == found.population_copies.sum() == len(me)
    assert found.multiplicity()["draws"].sum() == len(me)
    assert found.weights.sum() == pytest.approx(1.0)
    assert 1.0 / (found.weights**2).sum() == pytest.approx(me.diagnostics.ess)
    assert abs(found.copies[0] - found.weights[0] * len(me)) <= 1  # systematic resampling
    assert "k-hat" in str(found)
    figure = _drawn(bd.figure(found))
    assert [ax.get_ylabel() for ax in figure.axes] == ["particles", "weight / mean weight"]


def test_draws_without_weights(before):
    found = bd.weights(before)
    assert found.weights is None
    assert "k-hat" not in str(found)
    assert _drawn(bd.figure(found)).axes[1].get_ylabel() == "population draws"


# What each level taught


def test_a_level_taught_what_the_prior_draws_say_when_weighed(fit, patient):
    """The divergence of one level from prior draws alone: E[w log p(y)] - log E[p(y)]."""
    one = with_levels(patient, [0])
    found = bd.taught(fit, one, seed=2, precision="tails")
    wide = bd.condition(fit, one.without_levels(), seed=5, particles=65536, draws=60000)
    data = wide.compiled.data(events(one))
    log_density = wide.compiled.loglik(wide.theta(), wide.latents(data), data)
    weight = np.exp(log_density - logsumexp(log_density))
    bits = (weight @ log_density - (logsumexp(log_density) - np.log(len(wide)))) / np.log(2)
    assert float(found.data["gained"][0]) == pytest.approx(bits, abs=0.03)
    assert float(found.data["alone"][0]) == float(found.data["gained"][0])


def test_uncertainty_after_each_level(lessons, fit, me, before, patient):
    data = lessons.data
    assert data.sizes == {"step": 5, "level": 4, "quantity": 4}
    log_sd = [float(np.log(one.data["CL"]).std(ddof=1)) for one in (before, me)]
    spread = data["spread"].sel(quantity="CL").values
    assert spread[[0, -1]] == pytest.approx(log_sd)
    assert float(lessons.remaining().sel(quantity="CL")[-1]) == pytest.approx(log_sd[1] / log_sd[0])
    without = bd.condition(fit, with_levels(patient, [0, 1, 3]), seed=1)
    lost = np.log(np.log(without.data["V"]).std(ddof=1) / np.log(me.data["V"]).std(ddof=1))
    assert float(data["lost"].sel(quantity="V")[2]) == pytest.approx(float(lost))
    assert float(data["alone"][-1]) == float(data["gained"][-1])
    assert (data["gained"] > 0).all()


def test_the_table_and_figure_of_what_was_taught(lessons):
    table = lessons.table()
    assert table["level"].tolist()[:2] == ["before any level", "21.9 at 2.8 h"]
    assert table["CL_left_percent"].iloc[0] == 100
    assert "AUC24, %" in str(lessons)
    left, right = _drawn(bd.figure(lessons)).axes
    assert right.get_ylabel() == "level (mg/L)"
    assert len(left.lines) == 5


def test_a_wrong_level_tells_far_more_than_it_should(fit, patient, lessons):
    records = patient.records.copy()
    records.loc[7, "DV"] = 75.9
    wrong = bd.taught(fit, replace(patient, records=records), seed=1)
    assert float(wrong.data["alone"][1]) > 5 * float(lessons.data["alone"][1])


def test_a_patient_without_levels_is_refused(fit, patient):
    with pytest.raises(bd.InputError, match="0 levels"):
        bd.taught(fit, patient.without_levels(), seed=1)
