"""`condition` on random patients of five kinds: against many times more particles, and calibrated.

Population draws are draws of the spec's priors, so that they are a posterior known exactly, and patients
drawn from them have the posterior that `condition` claims.
"""

import numpy as np
import nutpie
import pytest
from arviz_stats import mcse
from populations.bedsides import SCENARIOS, made_fit, patients, ranks, table

import bayesdose as bd
from bayesdose.fitting.nuts import compile_nuts
from bayesdose.model import build
from bayesdose.validate.ranks import verdict

PATIENTS, PARTICLES, DRAWN, KEPT = 200, 2**17, 500, 99
pytestmark = pytest.mark.calibration


@pytest.mark.parametrize("name", SCENARIOS)
def test_posteriors_are_those_of_many_more_particles(name):
    """Every tenth patient has an eta of 3.5 SDs. Limits may miss by what the reference does not know."""
    found = table(name, PATIENTS, 7, PARTICLES)
    kept = found[found["refused"] == ""]
    assert len(kept) > 0.99 * PATIENTS
    assert kept["mean"].max() < 0.1
    # of a 5 % limit of a normal posterior, in SDs (Serfling 1980, section 2.3.3)
    unknown = np.sqrt(0.05 * 0.95 / kept["reference_ess"]) / 0.103
    assert (kept["limit"] < 0.2 + 2 * unknown).all()


@pytest.mark.parametrize("name", SCENARIOS)
def test_true_values_have_uniform_ranks(name):
    found = ranks(name, DRAWN, 100_000, KEPT)
    found = found[(found >= 0).all(axis=1)]  # who was refused has none
    assert len(found) > 0.99 * DRAWN
    seen = verdict(found.to_numpy(), KEPT, list(found.columns))
    assert not seen["outside"].any(), seen
    for probability in (0.5, 0.8, 0.9, 0.95):
        tail = (1 - probability) / 2
        place = (found.to_numpy() + 0.5) / (KEPT + 1)
        inside = ((place > tail) & (place < 1 - tail)).mean(axis=0)
        width = 4 * np.sqrt(probability * (1 - probability) / DRAWN) + 1 / (KEPT + 1)
        assert (np.abs(inside - probability) < width).all()


@pytest.mark.parametrize("name", SCENARIOS)
def test_posteriors_are_those_of_nuts(name):
    """The one-patient model itself is sampled: its priors are what the population draws were drawn from."""
    scenario = SCENARIOS[name]
    fit = made_fit(scenario)
    made = patients(scenario, fit, 10, 7)
    for i in (0, 9):  # an ordinary one, and one with an eta of 3.5 SDs
        study = made[i][0]
        me = bd.condition(fit, study, seed=i, precision="tails", draws=16_000)
        compiled = compile_nuts(build(fit.model, study), draws=16_000)
        exact = nutpie.sample(compiled, draws=4000, seed=1, target_accept=0.95, progress_bar=False)[
            "posterior"
        ]
        for parameter in scenario.parameters:
            theirs, ours = exact[parameter].isel({exact[parameter].dims[2]: -1}), me.data[parameter]
            ours = ours.isel(record=-1) if "record" in ours.dims else ours
            sd = float(theirs.std())
            error = float(mcse(theirs.to_dataset(name="x"))["x"]) / sd
            assert abs(float(ours.mean()) - float(theirs.mean())) / sd < 0.1 + 4 * error
            for q in (0.05, 0.95):
                unknown = float(mcse(theirs.to_dataset(name="x"), method="quantile", prob=q)["x"]) / sd
                assert abs(float(ours.quantile(q)) - float(theirs.quantile(q))) / sd < 0.2 + 4 * unknown
