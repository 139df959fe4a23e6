"""One patient of models with occasions, subpopulations, missing covariates: against integration on a grid."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import bayesdose as bd

SPECS = Path(__file__).parents[1] / "specs"


def fixed(name):
    """Return a spec whose numbers are all fixed: it has nothing to estimate."""
    return bd.fixed(bd.load_model(SPECS / f"{name}.py"))


def patient(fit, **columns):
    return bd.read_study(pd.DataFrame({"ID": "1", **columns}).astype(str), fit.model)


def close(draws, values, weights, se=5.0):
    """Compare mean and SD of draws with those on a grid, within Monte Carlo errors of `draws`."""
    n = len(np.unique(draws))
    mean = np.average(values, weights=weights)
    sd = np.sqrt(np.average((values - mean) ** 2, weights=weights))
    assert abs(draws.mean() - mean) < se * sd / np.sqrt(n)
    assert abs(draws.std() / sd - 1) < se / np.sqrt(n)


@pytest.fixture(scope="module")
def occasions():
    fit = fixed("two_occasions")
    table = {
        "TIME": [0, 3, 12, 48, 50, 60],
        "AMT": [100, 0, 0, 100, 0, 0],
        "EVID": [1, 0, 0, 1, 0, 0],
        "DV": [0, 2.6, 0.5, 0, 4.2, 2.3],
        "OCC": [1, 1, 1, 2, 2, 2],
    }
    return bd.condition(fit, patient(fit, **table), seed=3, particles=16384, draws=8000)


def test_the_posterior_of_two_occasions_is_that_on_a_grid(occasions):
    g = np.linspace(-4.5, 4.5, 61)
    z, a, b = np.meshgrid(g, g, g, indexing="ij")
    k1, k2 = (3 * np.exp(0.4 * z + 0.3 * x) / 20 for x in (a, b))
    at_48 = 5 * np.exp(-12 * k1 - 36 * k2)
    predicted = [5 * np.exp(-3 * k1), 5 * np.exp(-12 * k1)]
    predicted += [(at_48 + 5) * np.exp(-t * k2) for t in (2, 12)]
    log = -(z**2 + a**2 + b**2) / 2
    for f, y in zip(predicted, [2.6, 0.5, 4.2, 2.3], strict=True):
        log = log + stats.norm(f, 0.15 * f).logpdf(y)
    weights = np.exp(log - log.max())
    data = occasions.data
    assert data["z_kappa"].dims == ("draw", "occasion", "kappa")
    assert data["occasion"].to_numpy().tolist() == [1, 2]
    close(data["eta_CL"].to_numpy(), 0.4 * z, weights)
    close(data["kappa_CL"].sel(occasion=1).to_numpy(), 0.3 * a, weights)
    close(data["kappa_CL"].sel(occasion=2).to_numpy(), 0.3 * b, weights)
    close(data["CL"].to_numpy()[:, 1], 20 * k1, weights)


def regimens(me, occasion):
    return bd.regimens(
        "100 mg every 24 h x 2", after=me.patient, start=96.0, current=False, occasion=occasion
    )


def clearances(me, occasion):
    """Return the clearance that concentrations 10 h and 20 h after each dose imply, (draw, dose)."""
    times = [106.0, 116.0, 130.0, 140.0]
    c = bd.simulate(me, regimens(me, occasion), {"c": bd.concentration_at(times)}).c.to_numpy()[:, 1]
    return 20 * np.log(c[:, [0, 2]] / c[:, [1, 3]]) / 10


def test_future_occasions_get_kappas_of_their_own(occasions):
    eta = occasions.data["eta_CL"].to_numpy()
    new, each, same = (clearances(occasions, how) for how in ("new", "each dose", "same"))
    known = 3 * np.exp(eta + occasions.data["kappa_CL"].sel(occasion=2).to_numpy())
    np.testing.assert_allclose(same, np.stack([known, known], axis=1), rtol=1e-6)
    np.testing.assert_allclose(new[:, 0], new[:, 1], rtol=1e-6)
    kappa = np.log(each / 3) - eta[:, None]
    n = len(kappa)
    assert abs(kappa.std() / 0.3 - 1) < 4 / np.sqrt(4 * n)
    assert abs(kappa.mean()) < 4 * 0.3 / np.sqrt(2 * n)
    assert abs(np.corrcoef(kappa.T)[0, 1]) < 4 / np.sqrt(n)
    np.testing.assert_allclose(kappa[:, 0], np.log(new[:, 0] / 3) - eta, rtol=1e-6)


def test_options_share_the_kappas(occasions):
    options = bd.regimens(
        "{amount} mg", amount=[100, 200], after=occasions.patient, start=500.0, current=False
    )
    c = bd.simulate(occasions, options, {"c": bd.concentration_at([510.0])}).c.to_numpy()[:, :, 0]
    np.testing.assert_allclose(c[:, 2] - c[:, 0], 2 * (c[:, 1] - c[:, 0]), rtol=1e-9)


@pytest.fixture(scope="module")
def people():
    return fixed("two_kinds_of_people")


def levels(weight, dv=(0, 1.8, "0.2"), cens=(0, 0, 1)):
    return {
        "TIME": [0, 6, 30],
        "AMT": [100, 0, 0],
        "EVID": [1, 0, 0],
        "DV": dv,
        "CENS": cens,
        "WT": weight,
    }


def test_subpopulation_weight_and_censored_level_on_a_grid(people):
    me = bd.condition(people, patient(people, **levels(".")), seed=1, particles=16384, draws=8000)
    t, w = np.meshgrid(np.linspace(-9, 9, 361), np.linspace(-5, 5, 101), indexing="ij")
    WT = 70 * np.exp(0.2 * w)
    weight, each = [], []
    for share, typical in ((0.3, 1.0), (0.7, 4.0)):
        CL, V = typical * (WT / 70) ** 0.75 * np.exp(0.25 * t), 20 * WT / 70
        first, last = (100 / V * np.exp(-CL / V * h) for h in (6, 30))
        log = np.log(share) + stats.t(6).logpdf(t) + stats.norm.logpdf(w)
        log = log + stats.norm(first, 0.05 + 0.15 * first).logpdf(1.8)
        weight.append(np.exp(log + stats.norm(last, 0.05 + 0.15 * last).logcdf(0.2)))
        each.append(CL)
    weight, each = np.stack(weight), np.stack(each)
    slow = weight[0].sum() / weight.sum()
    member = me.data["subpopulation"].to_numpy()
    n = len(np.unique(me.data["particle"]))
    assert abs((member == 0).mean() - slow) < 4 * np.sqrt(slow * (1 - slow) / n)
    close(np.log(me.data["CL"].to_numpy()), np.log(each), weight)
    close(np.log(me.data["V"].to_numpy()), np.log(np.broadcast_to(20 * WT / 70, weight.shape)), weight)


def test_a_known_weight_is_taken(people):
    me = bd.condition(people, patient(people, **levels("84")), seed=1)
    np.testing.assert_allclose(me.data["V"], 24.0)
    assert me.data.sizes.get("z_missing_WT_column", 0) == 0


def test_nothing_known_but_the_prior(people):
    table = {"TIME": [0], "AMT": [100], "EVID": [1], "DV": ["."], "WT": ["."]}
    me = bd.condition(people, patient(people, **table), seed=5, draws=4000)
    member = me.data["subpopulation"].to_numpy()
    assert abs((member == 0).mean() - 0.3) < 4 * np.sqrt(0.21 / 4000)
    log_v = np.log(me.data["V"].to_numpy() / 20)
    assert abs(log_v.std() / 0.2 - 1) < 4 / np.sqrt(8000)
    t = me.data["eta_CL"].to_numpy() / 0.25
    assert stats.kstest(t, stats.t(6).cdf).pvalue > 1e-3
    outcome = bd.simulate(me, bd.regimens("100 mg", after=me.patient, start=24.0), {"c": bd.trough()})
    assert np.isfinite(outcome.c).all()


def test_a_weight_that_one_row_tells_is_known(people):
    me = bd.condition(people, patient(people, **levels([".", "84", "."])), seed=1)
    np.testing.assert_allclose(me.data["V"], 24.0)
    with pytest.raises(bd.InputError, match="condition again"):
        bd.predict(me, patient(people, **levels(".")))


def test_a_dose_by_an_unknown_weight_is_refused(people):
    with pytest.raises(bd.InputError, match="not known of this patient"):
        bd.regimens("1 mg/kg", after=patient(people, **levels(".")), start=48.0)


def test_a_new_occasion_leaves_the_past_alone(occasions):
    """Without treatment the options' start is what `predict` says; another metric changes no number."""
    options = bd.regimens("100 mg every 24 h x 2", after=occasions.patient, start=80.0)
    late = bd.concentration_at([80.0, 92.0, 128.0])
    alone = bd.simulate(occasions, options, {"c": late}).c
    both = bd.simulate(occasions, options, {"c": late, "more": bd.concentration_at([61.0, 79.9, 103.9])}).c
    np.testing.assert_allclose(alone, both, rtol=1e-10)
    now = bd.predict(occasions, times=[80.0]).concentration.to_numpy()[:, 0]
    np.testing.assert_allclose(alone.sel(option="no treatment").to_numpy()[:, 0], now, rtol=1e-10)


def test_a_new_occasion_is_none_of_those_before():
    fit = fixed("two_occasions")
    table = {"TIME": [0, 3, 48], "AMT": [100, 0, 100], "EVID": [1, 0, 1], "DV": [0, 2.6, 0], "OCC": [2, 2, 1]}
    me = bd.condition(fit, patient(fit, **table), seed=3, draws=500)
    known = 3 * np.exp(me.data["eta_CL"] + me.data["kappa_CL"]).to_numpy()
    new = clearances(me, "new")[:, 0]
    assert np.abs(np.log(new[:, None] / known)).min(axis=0).max() > 0
    assert np.median(np.abs(np.log(new / known[:, 1]))) > 0.05
    assert "CL" in str(me)


def test_what_is_printed(people, phenobarbital):
    me = bd.condition(people, patient(people, **levels("84")), seed=1, draws=500)
    assert "subpopulation: slow " in str(me)
    assert str(people) == "two_kinds_of_people: numbers of the spec, no data"
    with pytest.raises(bd.InputError, match="one that was called"):
        bd.simulate(me, bd.regimens("100 mg", after=me.patient, start=48.0), {"x": bd.auc})
    with pytest.raises(bd.InputError, match="leaves something to estimate"):
        bd.fixed(phenobarbital)
    with pytest.raises(bd.InputError, match=r"bd.fixed\(model\)"):
        bd.condition(people.model, me.patient, seed=1)
