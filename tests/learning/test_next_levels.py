"""Levels to come and other assumptions, against predictions, closed forms and conditioning anew."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp, norm

import bayesdose as bd

TABLE = pd.DataFrame(
    {
        "ID": "1",
        "TIME": [0.0, 2.0, 12.0, 24.0],
        "AMT": [20.0, np.nan, 4.0, 4.0],
        "DV": [np.nan, 20.0, np.nan, np.nan],
        "WT": 1.2,
        "APGR": 7,
    }
)


@pytest.fixture(scope="module")
def fit():
    return bd.load_fit("phenobarbital")


@pytest.fixture(scope="module")
def patient(fit):
    return bd.read_study(TABLE[["ID", "TIME", "AMT", "DV", "WT"]], fit.model)


@pytest.fixture(scope="module")
def me(fit, patient):
    return bd.condition(fit, patient, seed=1)


@pytest.fixture(scope="module")
def levels(me):
    return bd.next_levels(me, [24.0, 30.0, 36.0], seed=5, results=50)


def _mean(me, name="CL"):
    """Mean and MCSE of the log of a parameter, copies of a particle counted once."""
    x = np.log(me.data[name].to_numpy())
    _, where = np.unique(me.data["particle"].to_numpy(), return_inverse=True)
    parts = np.bincount(where, x - x.mean()) / len(x)
    return x.mean(), np.sqrt((parts**2).sum())


def test_a_level_is_a_measurement_before_the_dose(me, levels):
    at = bd.predict(me, times=np.nextafter([24.0, 30.0, 36.0], 0), residual=True, seed=9)
    for k in range(3):
        same = ks_2samp(levels["measurement"][:, k], at["measurement"][:, k])
        assert same.pvalue > 1e-3
    after = bd.predict(me, times=[24.0])["concentration"].mean()
    assert float(levels["measurement"][:, 0].mean()) < float(after) - 2.0  # 4 mg in about 1 L are to come
    assert levels["measurement"].attrs["units"] == "mg/L"
    assert levels.attrs["now"] == 24.0
    for name in ("particle", "population_draw"):
        np.testing.assert_array_equal(levels[name], me.data[name])


def test_its_density_is_that_of_the_error_model(me, levels):
    c = bd.predict(me, times=np.nextafter([24.0, 30.0, 36.0], 0))["concentration"].to_numpy()
    sd = c * me.data["sigma_prop"].to_numpy()[:, None]
    y = levels["measurement"].to_numpy()[levels["source"].to_numpy()]
    exact = norm.logpdf(y.T[:, :, None], c.T[:, None, :], sd.T[:, None, :])
    exact = np.maximum(exact - exact.max(axis=2, keepdims=True), -200)
    np.testing.assert_allclose(levels["log_likelihood"], exact, atol=2e-5)


def test_weights_are_what_conditioning_on_the_level_gives(fit, patient, me, levels):
    """Re-weighted means of log CL beside those of a patient who has the level, within Monte Carlo error."""
    for k in (5, 25, 45):
        y = float(levels["measurement"][int(levels["source"][k]), 2])
        more = pd.DataFrame({"ID": "1", "TIME": [36.0], "AMT": np.nan, "DV": [y], "WT": 1.2})
        table = pd.concat([TABLE[["ID", "TIME", "AMT", "DV", "WT"]], more])
        told = bd.condition(fit, bd.read_study(table, fit.model), seed=2)
        w = np.exp(levels["log_likelihood"].to_numpy()[2, k].astype(float))
        w /= w.sum()
        x = np.log(me.data["CL"].to_numpy())
        error = np.sqrt((w**2 * (x - w @ x) ** 2).sum())
        mean, mcse = _mean(told)
        assert abs(w @ x - mean) < 5 * np.hypot(error, mcse)


def test_the_worth_of_a_level_by_time(me, patient):
    options = bd.regimens("{amount} mg/kg every 12 h x 8", amount=[1, 2, 3, 4], after=patient, start=36)
    outcome = bd.simulate(me, options, {"trough": bd.trough()})
    choice = bd.decide(outcome, lambda o: bd.in_window(o.trough, 15, 25))
    found = bd.evsi(choice, bd.next_levels(me, [26, 30, 36], seed=1, options=options))
    value = found.data["value"].to_numpy()
    assert (value >= 0).all()
    assert (value <= choice.evpi).all()
    known = bd.evppi(choice, me)
    assert list(known.data["source"].values) == ["CL", "V", "CL + V"]
    worst = known.row("CL + V")["value"] + 3 * known.row("CL + V")["mcse"]
    assert (value <= worst).all()
    assert found.policy["option"].isin(choice.table["option"].values).all()
    assert "mg/L" not in str(found)


def test_levels_under_an_option(me, patient):
    options = bd.regimens("{amount} mg/kg every 12 h x 8", amount=[1, 4], after=patient, start=36)
    low, high = (
        bd.next_levels(me, [60.0], seed=1, options=options, given=f"{a} mg/kg every 12 h x 8") for a in (1, 4)
    )
    exact = bd.simulate(me, options, {"c": bd.concentration_at([np.nextafter(60, 0)])})["c"]
    for made, option in ((low, "1 mg/kg every 12 h x 8"), (high, "4 mg/kg every 12 h x 8")):
        c = exact.sel(option=option).to_numpy()[:, 0]
        ratio = made["measurement"].to_numpy()[:, 0] / c
        assert np.median(ratio) == pytest.approx(1.0, abs=0.02)


def test_below_the_limit_only_that_is_known():
    """The model takes levels below a limit: their weights are the probabilities of it."""
    fit = bd.fixed(bd.load_model("tests/specs/case_below_limit.py"))
    table = pd.DataFrame({"ID": "1", "TIME": [0.0], "AMT": [100.0], "DV": [np.nan]})
    me = bd.condition(fit, bd.read_study(table, fit.model), seed=1)
    plain = bd.next_levels(me, [24.0], seed=1, results=20)
    lloq = float(plain["measurement"].median())
    found = bd.next_levels(me, [24.0], seed=1, results=20, lloq=lloq)
    below = found["below_limit"].to_numpy()[:, 0]
    np.testing.assert_array_equal(below, plain["measurement"].to_numpy()[:, 0] < lloq)
    k = int(np.flatnonzero(below[found["source"].to_numpy()])[0])
    c = bd.predict(me, times=[24.0])["concentration"].to_numpy()[:, 0]
    exact = norm.logcdf((lloq - c) / np.sqrt(0.5 + 0.1 * c**2))
    np.testing.assert_allclose(found["log_likelihood"][0, k], exact - exact.max(), atol=2e-5)


def test_what_cannot_be_planned(me, patient):
    options = bd.regimens("{amount} mg/kg every 12 h x 8", amount=[1, 4], after=patient, start=36)
    for times, words, how in (
        ([20.0], "past", {}),
        ([30.0, 30.0], "different times", {}),
        ([40.0], "after the options start", {"options": options}),
        ([40.0], "no such option", {"options": options, "given": "2 mg"}),
        ([40.0], "needs options", {"given": "2 mg"}),
        ([40.0], "no such kind", {"dvid": 3}),
        ([40.0], "below a limit", {"lloq": 2.0}),
    ):
        with pytest.raises(bd.InputError, match=words):
            bd.next_levels(me, times, seed=1, **how)


# Other assumptions


def _weighted(me, found, name, step, parameter="CL"):
    """Mean and Monte Carlo error of the log of a parameter under one value of an assumption."""
    log_weight = found["log_weight"].sel(assumption=name).to_numpy()[step]
    w = np.exp(log_weight - log_weight.max())
    w /= w.sum()
    x = np.log(me.data[parameter].to_numpy())
    _, where = np.unique(me.data["particle"].to_numpy(), return_inverse=True)
    return w @ x, np.sqrt((np.bincount(where, w * (x - w @ x)) ** 2).sum())


@pytest.mark.parametrize(
    ("name", "variable"),
    [("typical CL", "theta_CL"), ("omega of V", "omega_V"), ("residual error", "sigma_prop")],
)
def test_weights_are_what_conditioning_under_the_assumption_gives(fit, patient, me, name, variable):
    """A fit whose theta, omega or sigma is 1.3 times as large, conditioned on anew."""
    found = bd.assumptions(me, factor=1.3, steps=3)
    assert found["value"].to_numpy()[0].tolist() == pytest.approx([1 / 1.3, 1, 1.3])
    tree = fit.posterior.copy()
    group = tree["posterior"].to_dataset()
    tree["posterior"] = group.assign({variable: 1.3 * group[variable]})
    other = bd.condition(replace(fit, posterior=tree), patient, seed=3)
    for parameter in ("CL", "V"):
        mean, error = _weighted(me, found, name, 2, parameter)
        exact, mcse = _mean(other, parameter)
        assert abs(mean - exact) < 5 * np.hypot(error, mcse)
        plain, _ = _weighted(me, found, name, 1, parameter)
        assert plain == pytest.approx(np.log(me.data[parameter]).mean())


def test_a_parameter_is_moved_as_far_as_asked(me):
    found = bd.assumptions(me, factor=1.2, steps=5)
    x = np.log(me.data["CL"].to_numpy())
    for step, f in enumerate(found["value"].sel(assumption="CL of this patient").to_numpy()):
        mean, _ = _weighted(me, found, "CL of this patient", step)
        assert mean - x.mean() == pytest.approx(np.log(f), abs=0.02 * max(abs(np.log(f)), 0.1 * x.std()))


def test_without_levels_there_is_no_likelihood(fit, patient):
    before = bd.condition(fit, patient.without_levels(), seed=1)
    names = bd.assumptions(before)["assumption"].to_numpy().tolist()
    assert names == [
        "typical CL",
        "omega of CL",
        "typical V",
        "omega of V",
        "prior",
        "CL of this patient",
        "V of this patient",
    ]


CORRELATED = """
import bayesdose as bd

CARD = bd.Card(drug="x", source="here")


def model(study):
    with bd.population_model(study, CARD) as made:
        eta = bd.eta({"CL": 0.3, "V": 0.2, "ka": 0.5}, correlation={("CL", "V"): 0.6})
        typical = {"CL": 3.0, "V": 20.0, "ka": 1.0}
        own = {name: bd.parameter(name, value, eta[name]) for name, value in typical.items()}
        bd.observe("DV", bd.one_compartment(**own), error=bd.proportional(0.2))
    return made
"""


@pytest.fixture(scope="module")
def correlated(tmp_path_factory):
    path = tmp_path_factory.mktemp("spec") / "linked.py"
    path.write_text(CORRELATED)
    fit = bd.fixed(bd.load_model(path))
    table = pd.DataFrame({"ID": "1", "TIME": [0, 2], "AMT": [100, 0], "EVID": [1, 0], "DV": [0, 4.0]})
    return bd.condition(fit, bd.read_study(table, fit.model), seed=1)


def test_of_effects_that_are_correlated_none_is_moved_alone(correlated):
    """The first of a block is omega z too, but moving it alone is not the prior it is named after."""
    kinds = bd.assumptions(correlated)
    names = kinds["assumption"].to_numpy()[kinds["kind"].to_numpy() == "prior"].tolist()
    assert names == ["typical ka", "omega of ka", "prior"]


def test_a_prior_raised_to_a_power_is_narrower(me):
    found = bd.assumptions(me, factor=1.5, steps=3)
    z = me.data["z"].to_numpy().reshape(len(me), -1)
    exact = -0.5 * (z**2).sum(axis=1)
    np.testing.assert_allclose(found["log_weight"].sel(assumption="prior")[2], 0.5 * exact)
    with pytest.raises(bd.InputError, match="steps odd"):
        bd.assumptions(me, steps=4)


def test_an_audit_of_a_choice(me, patient):
    options = bd.regimens("{amount} mg/kg every 12 h x 8", amount=[1, 2, 3, 4], after=patient, start=36)
    outcome = bd.simulate(me, options, {"trough": bd.trough(), "peak": bd.peak()})
    utility = bd.named_utility("window", outcome="trough", low=15, high=25)
    choice = bd.decide(outcome, utility)
    found = bd.threshold_analysis(choice, bd.assumptions(me), utility=utility, outcome=outcome)
    assert {"typical CL", "residual error", "likelihood", "low", "high"} <= set(found.table.index)
    assert (found.table[["regret_low", "regret_high"]].to_numpy() >= -1e-12).all()
    assert "CL of this patient" in found.flips  # another clearance, another dose
