"""Population posteriors against Stan's: same data, same model, another sampler and another implementation."""

import json
from pathlib import Path

import numpy as np
import pytest
from arviz_stats import ess, mcse

import bayesdose as bd

STAN = json.loads((Path(__file__).parent / "stan_posteriors.json").read_text())
PHENOBARBITAL = {
    "lcl": ("theta_CL", np.log),
    "lv": ("theta_V", np.log),
    "omega[1]": ("omega_CL", None),
    "omega[2]": ("omega_V", None),
    "b[1]": ("sigma_prop", None),
}
THEOPHYLLINE = {
    "lcl": ("theta_CL", np.log),
    "lv": ("theta_V", np.log),
    "lka[1]": ("theta_ka", np.log),
    "omega[1]": ("omega_CL", None),
    "omega[2]": ("omega_V", None),
    "omega[3]": ("omega_ka", None),
    "a[1]": ("sigma_add", None),
}
CASES = [("phenobarbital_proportional_weight", "neonates_fit", PHENOBARBITAL)]
CASES += [("theophylline_additive", "theophylline_fit", THEOPHYLLINE)]
ROWS = [(case, fixture, theirs, *ours) for case, fixture, names in CASES for theirs, ours in names.items()]


@pytest.mark.slow
@pytest.mark.parametrize(("case", "fixture", "theirs", "name", "transform"), ROWS)
def test_mean_and_sd_agree_within_monte_carlo_error(request, case, fixture, theirs, name, transform):
    stan = STAN[case]["summary"][theirs]
    draws = request.getfixturevalue(fixture).posterior["posterior"][name]
    draws = draws if transform is None else transform(draws)
    error = np.hypot(float(mcse(draws, method="mean")), stan["mcse_mean"])
    assert abs(float(draws.mean()) - stan["mean"]) <= 4 * error
    stan_sd_error = stan["sd"] / np.sqrt(2 * stan["ess_bulk"])
    error = np.hypot(float(mcse(draws, method="sd")), stan_sd_error)
    assert abs(float(draws.std(ddof=1)) - stan["sd"]) <= 4 * error
    assert float(ess(draws)) > 400


@pytest.mark.slow
def test_a_mass_matrix_that_learns_correlations_leads_to_the_same_posterior():
    model = bd.load_model("theophylline")
    study = bd.read_study(bd.data_path("theophylline"), model)
    settings = {"centred": ("CL", "V", "ka"), "adaptation": "low rank", "progress": False}
    posterior = bd.fit(model, study, seed=1, **settings).posterior["posterior"]
    for theirs, (name, transform) in THEOPHYLLINE.items():
        stan = STAN["theophylline_additive"]["summary"][theirs]
        draws = posterior[name] if transform is None else transform(posterior[name])
        error = np.hypot(float(mcse(draws, method="mean")), stan["mcse_mean"])
        assert abs(float(draws.mean()) - stan["mean"]) <= 4 * error, name
        assert float(ess(draws)) > 2000, name


@pytest.mark.slow
@pytest.mark.parametrize("fixture", ["neonates_fit", "theophylline_fit"])
def test_checks_hold(request, fixture):
    checks = request.getfixturevalue(fixture).check()
    assert checks.passed, f"\n{checks}"
