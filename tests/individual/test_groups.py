"""A patient of a centre that the fit knows, and one of a new centre: against integration on a grid."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import optimize, stats
from scipy.special import logsumexp

import bayesdose as bd
from bayesdose.case.record import individual_record, individual_text
from bayesdose.individual.known import known
from bayesdose.validate.deciding import simulated

N = 400
THETA = {"theta_CL": 3.0, "theta_V": 30.0, "omega_CL": 0.3, "omega_V": 0.2, "sigma_prop": 0.15}
OMEGA = 0.5  # between centres
KNOWN = {1.0: -0.8, 4.0: 1.5}
"""Label of each centre of the fit to its standard-normal effect on CL."""


@pytest.fixture(scope="module")
def fit():
    """A fit whose draws are all at one point, but for a little of each centre's effect."""
    model = bd.load_model(Path(__file__).parents[1] / "specs" / "sbc_groups.py")
    names = {**THETA, "omega_STUDY_CL": OMEGA}
    held = {name: (("chain", "draw"), np.full((1, N), value)) for name, value in names.items()}
    spread = 0.05 * stats.norm.ppf((np.arange(N) + 0.5) / N)
    effects = np.array(list(KNOWN.values()))[None, None, :, None] + spread[None, :, None, None]
    held["z_STUDY"] = (("chain", "draw", "STUDY", "STUDY_effect"), effects)
    record = {
        "format": 1,
        "population": list(names),
        "model": {"name": model.name, "hash": model.hash},
        "parameters": ["CL", "V"],
        "units": {},
        "groups": {"STUDY": list(KNOWN)},
        "data": {},
        "checks": [],
        "seed": 0,
    }
    return bd.Fit(model, xr.DataTree.from_dict({"posterior": xr.Dataset(held)}), record)


def patient(fit, centre, dv=(2.6, 1.4), who="1"):
    columns = {"TIME": [0, 2, 14], "AMT": [100, 0, 0], "EVID": [1, 0, 0], "DV": [np.nan, *dv]}
    return bd.read_study(pd.DataFrame({"ID": who, "STUDY": centre, **columns}), fit.model)


def log_weights(centre, dv=(2.6, 1.4)):
    """Return CL on a grid of (eta_CL, eta_V, centre), and the log of density times weight of each cell."""
    g = np.linspace(-5, 5, 81)
    middle, sd = (KNOWN[centre], 0.05) if centre in KNOWN else (0.0, 1.0)
    a, b, c = np.meshgrid(g, g, g, indexing="ij")
    CL = THETA["theta_CL"] * np.exp(THETA["omega_CL"] * a + OMEGA * (middle + sd * c))
    V = THETA["theta_V"] * np.exp(THETA["omega_V"] * b)
    log = sum(stats.norm.logpdf(x) for x in (a, b, c)) + 3 * np.log(g[1] - g[0])
    for t, y in zip((2, 14), dv, strict=True):
        f = 100 / V * np.exp(-CL / V * t)
        log = log + stats.norm.logpdf(y, f, THETA["sigma_prop"] * f)
    return CL, log


@pytest.mark.parametrize("centre", [1.0, 4.0, 9.0])
def test_the_posterior_is_that_on_a_grid(fit, centre):
    me = bd.condition(fit, patient(fit, centre), seed=2, particles=16384, draws=8000)
    CL, log = log_weights(centre)
    weight = np.exp(log - logsumexp(log))
    mean = float((weight * np.log(CL)).sum())
    sd = float(np.sqrt((weight * (np.log(CL) - mean) ** 2).sum()))
    found = np.log(me.data["CL"].to_numpy())
    assert abs(found.mean() - mean) < 5 * sd / np.sqrt(me.diagnostics.ess)
    assert found.std() == pytest.approx(sd, rel=0.05)
    assert me.diagnostics.log_evidence == pytest.approx(logsumexp(log), abs=0.05)
    assert me.groups == {"STUDY": (centre, centre in KNOWN)}
    record = individual_record(me)
    assert record["groups"] == {"STUDY": {"label": centre, "known": centre in KNOWN}}
    assert f"group      STUDY {centre:g}: " in individual_text(me)
    assert f"STUDY {centre:g}: {'as in the fit' if centre in KNOWN else 'not in the fit'}" in str(me)


def test_without_levels_the_effect_is_the_fits_own_jointly_with_theta(fit):
    known = bd.condition(fit, patient(fit, 4.0).without_levels(), seed=1)
    own = fit.effects_of("STUDY", 4.0)[known.data["population_draw"].to_numpy(), 0]
    np.testing.assert_allclose(known.data["eta_STUDY_CL"], OMEGA * own, rtol=1e-12)
    new = bd.condition(fit, patient(fit, 5.0).without_levels(), seed=1)
    z = new.data["eta_STUDY_CL"].to_numpy() / OMEGA
    assert abs(z.mean()) < 5 / np.sqrt(len(z))
    assert z.std() == pytest.approx(1.0, rel=0.05)


def test_a_member_is_simulated_as_one(fit):
    me = bd.condition(fit, patient(fit, 4.0), seed=1)
    options = bd.regimens("100 mg", after=me.patient, start=500.0, current=False)
    c = bd.simulate(me, options, {"c": bd.concentration_at([510.0, 520.0])}).c.to_numpy()[:, 1]
    CL = me.data["V"].to_numpy() * np.log(c[:, 0] / c[:, 1]) / 10
    np.testing.assert_allclose(CL, me.data["CL"], rtol=1e-6)


def test_a_slim_fit_keeps_the_effects(fit, tmp_path):
    fit.save(tmp_path / "slim", slim=True)
    again = bd.load_fit(tmp_path / "slim", fit.model)
    np.testing.assert_allclose(again.effects_of("STUDY", 1.0), fit.effects_of("STUDY", 1.0), rtol=1e-6)
    assert again.effects_of("STUDY", 2.0) is None


def test_leaving_out_a_subject_knows_the_centre_of_others(fit):
    rows = [patient(fit, c, who=w).records for c, w in ((1.0, "1"), (1.0, "2"), (4.0, "3"))]
    study = bd.Study(pd.concat(rows, ignore_index=True), fit.model.card)
    found = bd.validate.loo_by_subject(fit, study, seed=1, draws=200, particles=2048).table
    assert found["STUDY"].tolist() == ["known", "known", "new"]
    alone = float(logsumexp(log_weights(9.0)[1]))
    assert found["elpd"].iloc[2] == pytest.approx(alone, abs=0.05)
    member = float(logsumexp(log_weights(1.0)[1]))
    np.testing.assert_allclose(found["elpd"].iloc[:2], member, atol=0.05)


def test_red_flags_are_of_the_patients_own_centre(fit):
    low = patient(fit, 4.0, dv=(2.1, 0.14))
    assert bd.red_flags(fit, low, seed=1).p > bd.red_flags(fit, patient(fit, 1.0, dv=(2.1, 0.14)), seed=1).p


def test_simulated_patients_of_a_known_centre_are_members_of_it(fit):
    """Their clearance, and what is simulated of them as the truth, have the centre's own effect."""
    design = patient(fit, 4.0)
    drawn = list(simulated(fit, design, 200, seed=1))
    truths = [known(fit.model, made, *truth) for made, truth in drawn]
    effects = np.array([me.data["eta_STUDY_CL"].to_numpy()[0] for me in truths]) / OMEGA
    assert abs(effects.mean() - KNOWN[4.0]) < 0.02
    assert effects.std() < 0.1
    levels = np.array([made.levels["DV"].iloc[1] for made, _ in drawn])
    V = np.array([me.data["V"].to_numpy()[0] for me in truths])
    CL = np.array([me.data["CL"].to_numpy()[0] for me in truths])
    residual = np.log(levels * V / 100) + CL / V * 14
    assert abs(residual.mean()) < 0.05
    assert residual.std() == pytest.approx(THETA["sigma_prop"], rel=0.2)


def test_a_fit_older_than_the_record_of_its_centres_says_so(fit):
    record = {name: value for name, value in fit.provenance.items() if name != "groups"}
    older = bd.Fit(fit.model, fit.posterior, {**record, "data": {"n_subjects": 12}})
    with pytest.warns(UserWarning, match="does not say which STUDY it knows"):
        me = bd.condition(older, patient(fit, 4.0), seed=1)
    assert me.groups == {"STUDY": (4.0, False)}
    assert me.warnings


@pytest.mark.parametrize("centre", [4.0, 9.0])
def test_the_mode_is_that_of_a_member_where_the_fit_knows_the_centre(fit, centre):
    """Searched by SciPy over (eta_CL, eta_V), and over a new centre's effect."""
    one = patient(fit, centre)
    found = bd.map_estimate(fit.model, one, fit)

    def minus_log(z):
        effect = KNOWN[centre] if centre in KNOWN else z[2]
        CL = THETA["theta_CL"] * np.exp(THETA["omega_CL"] * z[0] + OMEGA * effect)
        V = THETA["theta_V"] * np.exp(THETA["omega_V"] * z[1])
        f = 100 / V * np.exp(-CL / V * np.array([2, 14]))
        return -stats.norm.logpdf([2.6, 1.4], f, THETA["sigma_prop"] * f).sum() - stats.norm.logpdf(z).sum()

    best = optimize.minimize(minus_log, np.zeros(2 if centre in KNOWN else 3), method="BFGS").x
    assert found.eta["CL"] == pytest.approx(THETA["omega_CL"] * best[0], abs=1e-3)
    assert found.eta["V"] == pytest.approx(THETA["omega_V"] * best[1], abs=1e-3)
    at_mode = known(fit.model, one, found.theta, found.z)
    assert at_mode.data["CL"].item() == pytest.approx(float(found.parameters["CL"]))
    assert "random effects" in str(found)
