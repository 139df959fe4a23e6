"""`condition` on random patients of five kinds: against many times more particles, and calibrated.

Population draws are draws of the spec's priors, so that they are a posterior known exactly, and patients
drawn from them have the posterior that `condition` claims.
"""

import numpy as np
import pytest
from populations.bedsides import SCENARIOS, ranks, table

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
    assert (found.to_numpy() >= 0).all()
    seen = verdict(found.to_numpy(), KEPT, list(found.columns))
    assert not seen["outside"].any(), seen
    for probability in (0.5, 0.8, 0.9, 0.95):
        tail = (1 - probability) / 2
        place = (found.to_numpy() + 0.5) / (KEPT + 1)
        inside = ((place > tail) & (place < 1 - tail)).mean(axis=0)
        width = 4 * np.sqrt(probability * (1 - probability) / DRAWN) + 1 / (KEPT + 1)
        assert (np.abs(inside - probability) < width).all()
