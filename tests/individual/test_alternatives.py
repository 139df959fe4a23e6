"""Dose histories and models weighed by the levels; levels at uncertain times; many patients in one call."""

import numpy as np
import pandas as pd
import pytest

import bayesdose as bd
from bayesdose.errors import InputError, Refused
from bayesdose.individual import compile_individual
from bayesdose.study import events, spelt_out

pytestmark = pytest.mark.filterwarnings("ignore:.*of the patient's levels were in the fit")


def table(model, levels=((50.0, 12.0),), **columns):
    """20 mg at 0, then 4 mg every 12 h by ADDL; a weight that grows."""
    rows = [{"TIME": 0.0, "AMT": 20.0}, {"TIME": 12.0, "AMT": 4.0, "ADDL": 5, "II": 12.0}]
    rows += [{"TIME": t, "DV": v} for t, v in levels]
    made = pd.DataFrame(rows).assign(ID="new", WT=1.2, **columns)
    return bd.read_study(made.fillna({"ADDL": 0, "II": 0}), model)


@pytest.fixture(scope="module")
def fitted(stored_fit):
    return stored_fit


def predicted(fit, study):
    compiled = compile_individual(fit.model)
    theta = {name: values[:3] for name, values in fit.population_draws.items()}
    data = compiled.data(events(study))
    return compiled.predict(theta, np.array([[0.3, -0.2], [0.0, 0.0], [-1.0, 1.0]]), data)[1]


def test_written_one_by_one_doses_predict_the_same(fitted):
    study = table(fitted.model, ((24.0, 9.0), (49.0, 12.0), (60.0, 11.0), (61.0, 13.0)))
    one_by_one = spelt_out(study)
    assert one_by_one.doses["TIME"].tolist() == [0.0, 12.0, 24.0, 36.0, 48.0, 60.0]
    np.testing.assert_allclose(predicted(fitted, one_by_one), predicted(fitted, study), rtol=1e-12)


def test_which_doses_may_be_missing(fitted):
    histories = bd.missed_doses(table(fitted.model), probability=0.2, last=2)
    assert set(histories.studies) == {
        "as recorded",
        "dose at 36 h missed",
        "dose at 48 h missed",
        "doses at 36, 48 h missed",
    }
    assert histories.prior["as recorded"] == pytest.approx(0.64)
    missed = histories.studies["dose at 48 h missed"].doses["TIME"].tolist()
    assert missed == [0.0, 12.0, 24.0, 36.0]


def test_a_missed_dose_is_recognised_by_bayes_rule(fitted):
    """The posterior is prior times evidence; evidence is the mean likelihood over a million prior draws."""
    study = table(fitted.model, ((13.0, 18.2), (50.0, 14.2)))
    histories = bd.missed_doses(study, probability=0.1)
    found = bd.weigh(fitted, histories, seed=1, precision="tails")
    rng, n = np.random.default_rng(8), 400_000
    size = len(next(iter(fitted.population_draws.values())))
    draw = rng.integers(size, size=n)
    theta = {name: values[draw] for name, values in fitted.population_draws.items()}
    z, compiled = rng.standard_normal((n, 2)), compile_individual(fitted.model)
    weights = {}
    for name, one in histories.studies.items():
        likelihood = np.exp(compiled.loglik(theta, z, compiled.data(events(one))))
        evidence, error = likelihood.mean(), likelihood.std() / np.sqrt(n)
        weights[name] = histories.prior[name] * evidence
        both = np.hypot(found.error[name], error / evidence)
        assert abs(found.log_evidence[name] - np.log(evidence)) < 4 * both
    total = sum(weights.values())
    for name, weight in weights.items():
        assert found.probability[name] == pytest.approx(weight / total, abs=0.02)
    assert "posterior" in str(found)


def test_a_level_that_the_history_forbids_rules_it_out(stored_fit):
    """With its only dose missed there is no drug: a level is impossible then."""
    study = bd.read_study(
        pd.DataFrame(
            {"ID": "new", "TIME": [0.0, 2.0], "AMT": [20.0, np.nan], "DV": [np.nan, 15.0], "WT": 1.2}
        ),
        stored_fit.model,
    )
    found = bd.weigh(stored_fit, bd.missed_doses(study), seed=1)
    assert found.probability["dose at 0 h missed"] == 0.0
    assert found.best == "as recorded"
    late = study.records.assign(AMT=np.nan, EVID=[2, 0], MDV=[1, 0])
    empty = type(study)(late, study.card)
    with pytest.raises(Refused, match="impossible under every account"):
        bd.weigh(stored_fit, {"a": empty, "b": empty}, seed=1)


def test_uncertain_times_have_the_moments_of_their_distribution(fitted):
    study = table(fitted.model, ((13.0, 18.0), (50.0, 14.2)))
    histories = bd.uncertain_times(study, "30 min", level=-1, nodes=4)
    times = np.array([one.levels["TIME"].max() for one in histories.studies.values()])
    share = np.array(list(histories.prior.values()))
    assert share @ times == pytest.approx(50.0)
    assert share @ (times - 50.0) ** 2 == pytest.approx(0.25)
    assert share @ (times - 50.0) ** 4 == pytest.approx(3 * 0.25**2)
    both = bd.uncertain_times(study, 0.5, nodes=3)
    assert len(both) == 9


def test_a_level_may_come_to_stand_before_a_dose(fitted):
    study = spelt_out(table(fitted.model, ((48.5, 14.0),)))
    early = next(iter(bd.uncertain_times(study, "1 h", nodes=2).studies.values()))
    assert early.records["EVID"].tolist()[-2:] == [0, 1]
    assert early.levels["TIME"].tolist() == [47.5]


def test_too_many_combinations_are_refused(fitted):
    study = table(fitted.model, tuple((50.0 + k, 12.0) for k in range(6)))
    with pytest.raises(InputError, match=r"too many combinations.*6 levels"):
        bd.uncertain_times(study, "15 min")


def test_outcomes_are_mixed_by_probability(fitted):
    study = table(fitted.model, ((13.0, 18.2), (50.0, 14.2)))
    found = bd.weigh(fitted, bd.missed_doses(study), seed=1)
    told = found.draws["as recorded"].patient
    options = bd.regimens("{amount} mg every 12 h x 6", amount=[2, 4], start=60.0, after=told)
    outcomes = {
        name: bd.simulate(me, options.after(me.patient), {"trough": bd.trough()})
        for name, me in found.draws.items()
    }
    mixed = bd.averaged(outcomes, found, seed=3)
    assert mixed.sizes["draw"] == 4000
    for name, p in found.probability.items():
        assert float((mixed["alternative"] == name).mean()) == pytest.approx(p, abs=1 / 4000)
    mean = sum(p * outcomes[name]["trough"].mean("draw") for name, p in found.probability.items())
    error = mixed["trough"].std("draw") / np.sqrt(min(me.diagnostics.ess for me in found.draws.values()))
    assert (abs(mixed["trough"].mean("draw") - mean) < 4 * error).all()
    particles = mixed["particle"].to_numpy()
    whose = mixed["alternative"].to_numpy()
    first = set(particles[whose == "as recorded"])
    assert not first & set(particles[whose != "as recorded"])
    choice = bd.decide(mixed, lambda o: bd.in_window(o.trough, 15, 30))
    assert choice.best in mixed["option"].to_numpy()


def test_models_are_compared_on_the_same_levels(fitted):
    study = table(fitted.model, ((13.0, 18.2), (50.0, 14.2)))
    found = bd.weigh({"this": fitted, "the same": fitted}, study, seed=1)
    assert found.probability["this"] == pytest.approx(0.5)
    with pytest.raises(InputError, match="tells other levels"):
        bd.weigh(fitted, {"both": study, "first": study.first_levels(1)}, seed=1)
    with pytest.raises(InputError, match="several models or several histories"):
        bd.weigh(fitted, study, seed=1)
    with pytest.raises(InputError, match="adding up to 1"):
        bd.weigh({"a": fitted, "b": fitted}, study, seed=1, prior={"a": 0.5, "b": 0.6})


def test_without_levels_the_prior_stays(fitted):
    study = table(fitted.model).without_levels()
    found = bd.weigh({"a": fitted, "b": fitted}, study, seed=1, prior={"a": 0.3, "b": 0.7})
    assert found.probability == {"a": 0.3, "b": 0.7}


def test_a_batch_is_each_patient_alone(stored_fit, neonates):
    some = neonates.select(neonates.ids[:3])
    batch = bd.condition_each(stored_fit, some, seed=5, each=typical_level)
    for k, one in enumerate(some.ids):
        me = bd.condition(stored_fit, some.select(one), seed=5 + k)
        row = batch.sel(subject=one)
        assert float(row["CL"].sel(statistic="mean")) == float(me.data["CL"].mean())
        assert float(row["V"].sel(statistic="95 %")) == pytest.approx(float(me.data["V"].quantile(0.95)))
        assert float(row["half_life"]) == typical_level(me)["half_life"]
        assert float(row["khat"]) == me.diagnostics.khat
    assert (batch["reason"] == "").all()


def test_a_batch_in_two_processes_is_the_same(stored_fit, neonates):
    some = neonates.select(neonates.ids[:4])
    batch = bd.condition_each(stored_fit, some, seed=5, jobs=2)
    alone = bd.condition_each(stored_fit, some, seed=5)
    assert (batch["reason"] == "").all()
    mean, sd = (alone["CL"].sel(statistic=name) for name in ("mean", "sd"))
    error = sd * np.sqrt(1 / alone["ess"] + 1 / batch["ess"])  # code compiled anew may round otherwise
    assert (abs(batch["CL"].sel(statistic="mean") - mean) < 4 * error).all()


def test_a_refused_patient_does_not_stop_a_batch(stored_fit, neonates):
    rows = pd.DataFrame(
        {"ID": "early", "TIME": [0.0, 1.0], "AMT": [np.nan, 20.0], "DV": [12.0, np.nan], "WT": 1.2}
    )
    early = bd.read_study(rows, stored_fit.model)
    both = type(early)(
        pd.concat([early.records, neonates.select("18").records], ignore_index=True), early.card
    )
    batch = bd.condition_each(stored_fit, both, seed=1)
    assert "impossible" in batch["reason"].sel(subject="early").item()
    assert np.isnan(batch["CL"].sel(subject="early")).all()
    assert np.isfinite(batch["CL"].sel(subject="18")).all()


def typical_level(me):
    return {"half_life": float(np.log(2) * (me.data["V"] / me.data["CL"]).mean())}


def test_a_kept_bedside_is_ready(stored_fit, neonates):
    kept = bd.bedside(stored_fit)
    me = kept.condition(neonates.select("18"), seed=2)
    assert float(me.data["CL"].mean()) == float(
        bd.condition(stored_fit, neonates.select("18"), seed=2).data["CL"].mean()
    )
    assert kept.model is stored_fit.model
