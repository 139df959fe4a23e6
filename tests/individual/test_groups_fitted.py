"""A real fit remembers its centres, stored and slim, in this process and in others."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bayesdose as bd

CENTRES = (3.0, 7.0, 11.0)


def table(model):
    """Twelve subjects; clearance rises from centre to centre."""
    rng, rows = np.random.default_rng(1), []
    for k in range(12):
        CL, V = 3 * np.exp(0.5 * (k % 3 - 1) + 0.2 * rng.normal()), 30 * np.exp(0.2 * rng.normal())
        rows.append((k + 1, 0, 100, 1, np.nan, CENTRES[k % 3]))
        for t in (1, 5, 12, 20):
            level = 100 / V * np.exp(-CL / V * t) * np.exp(0.12 * rng.normal())
            rows.append((k + 1, t, 0, 0, level, CENTRES[k % 3]))
    return bd.read_study(pd.DataFrame(rows, columns=["ID", "TIME", "AMT", "EVID", "DV", "STUDY"]), model)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:the population fit has not converged")
def test_a_fit_knows_its_centres(tmp_path):
    model = bd.load_model(Path(__file__).parents[1] / "specs" / "sbc_groups.py")
    fit = bd.fit(model, table(model), seed=1, chains=2, draws=200, tune=300, progress=False)
    assert fit.provenance["groups"] == {"STUDY": list(CENTRES)}
    fit.save(tmp_path / "whole")
    fit.save(tmp_path / "slim", slim=True)
    means = []
    for one in (fit, bd.load_fit(tmp_path / "whole", model), bd.load_fit(tmp_path / "slim", model)):
        effects = np.stack([one.effects_of("STUDY", c)[:, 0] for c in CENTRES])
        assert effects.shape == (3, 400)
        assert (np.diff(effects.mean(axis=1)) > 0).all()
        assert one.effects_of("STUDY", 5.0) is None
        means.append(effects.mean(axis=1))
    np.testing.assert_allclose(means[1:], [means[0]] * 2, rtol=1e-5)
    columns = {"TIME": [0.0, 1.0], "AMT": [100.0, 0.0], "EVID": [1, 0], "DV": [np.nan, 3.0]}
    new = pd.concat([pd.DataFrame({"ID": f"n{c}", "STUDY": c, **columns}) for c in CENTRES])
    found = bd.condition_each(fit, bd.read_study(new, model), seed=1, jobs=2)
    CL = found["CL"].sel(statistic="mean").to_numpy()
    assert (np.diff(CL) > 0).all()
