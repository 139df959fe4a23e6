"""Large posteriors: what follows from the sampled variables is computed after sampling."""

import numpy as np
import pytest

import bayesdose as bd
from bayesdose.fitting import expanding
from bayesdose.fitting.expanding import computed_later
from bayesdose.fitting.nuts import _stored
from bayesdose.model import build

CENTRED = ("CL", "ka")


@pytest.fixture(scope="module")
def theophylline_study():
    model = bd.load_model("theophylline")
    return model, bd.read_study(bd.data_path("theophylline"), model)


def test_little_is_stored_as_it_comes(theophylline_study):
    declared = build(*theophylline_study, centred=CENTRED)
    stored = _stored(declared, 4000)
    assert computed_later(declared, stored, 4000) == []
    later = computed_later(declared, stored, 4_000_000)
    assert {"CL", "V", "ka", "eta_CL"} <= set(later)
    assert not set(later) & {v.name for v in declared.free_RVs}


def test_a_large_posterior_holds_the_same(theophylline_study, monkeypatch):
    monkeypatch.setattr(expanding, "LARGE", 0)
    model, study = theophylline_study
    fit = bd.fit(model, study, seed=1, draws=60, tune=200, chains=2, centred=CENTRED, progress=False)
    posterior = fit.posterior["posterior"].to_dataset()
    assert set(posterior.data_vars) == set(_stored(build(model, study, centred=CENTRED), 120))
    assert posterior["CL"].dims == ("chain", "draw", "subject")
    assert posterior["CL"].sizes == {"chain": 2, "draw": 60, "subject": 12}
    assert posterior["subject"].to_numpy().tolist() == list(study.ids)
    for name in ("CL", "V", "ka"):
        expected = posterior[f"theta_{name}"] * np.exp(posterior[f"eta_{name}"])
        np.testing.assert_allclose(posterior[name], expected, rtol=1e-12)
    np.testing.assert_allclose(
        posterior["eta_CL"], np.log(posterior["CL"] / posterior["theta_CL"]), atol=1e-12
    )
    z = posterior["z"].sel(eta_noncentred="V")
    np.testing.assert_allclose(posterior["eta_V"], posterior["omega_V"] * z, rtol=1e-12)
    np.testing.assert_allclose(posterior["centred_CL"], np.log(posterior["CL"]), rtol=1e-12)
