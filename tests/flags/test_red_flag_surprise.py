"""Reference case "red-flag-surprise": a level that the patient's predictive distribution hardly ever gives.

The predictive is lognormal, median 10, with an SD of sqrt(0.3^2 + 0.2^2) on the log scale (random effect and
error of the assay); the p of a level is two-sided, from the distribution before it was seen (Box 1980, J R
Stat Soc A 143:383).
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.stats import norm

import bayesdose as bd

MEDIAN, SD, ALPHA = 10.0, math.hypot(0.3, 0.2), 0.01
REPLICATES = 20_000
EXPECTED = {30.0: (3.0470022604982425, 0.0023113597156690486), 15.0: (1.1245578751504126, None)}


@pytest.fixture(scope="module")
def found():
    """The flags of each level, against 20 000 simulated patients."""
    fit = bd.fixed(bd.load_model(Path(__file__).parents[1] / "specs" / "one_level.py"))
    made = {}
    for level in EXPECTED:
        rows = [{"TIME": 0.0, "AMT": 100, "DV": "."}, {"TIME": 1.0, "AMT": ".", "DV": level}]
        patient = bd.read_study(pd.DataFrame(rows).assign(ID="1"), fit.model)
        made[level] = bd.red_flags(fit, patient, seed=1, alpha=ALPHA, replicates=REPLICATES, particles=2000)
    return made


def options() -> xr.Dataset:
    """A current regimen and one above it, which the utility would rather have."""
    daily = np.array([0.0, 100.0, 150.0])
    coords = {
        "option": ["no treatment", "current regimen", "150 mg"],
        "kind": ("option", ["none", "current", "candidate"]),
        "max_daily": ("option", daily),
    }
    return xr.Dataset({"u": (("draw", "option"), np.tile(daily, (4, 1)))}, coords, {"amount_unit": "mg"})


def test_the_p_of_the_surprise_is_that_of_its_predictive(found):
    for level, (z, _) in EXPECTED.items():
        assert math.log(level / MEDIAN) / SD == pytest.approx(z, abs=1e-9)
    p = 2 * norm.sf(EXPECTED[30.0][0])
    assert p == pytest.approx(EXPECTED[30.0][1], abs=1e-9)
    (joint,) = (one for one in found[30.0].checks if one.name == "levels improbable together")
    assert joint.value == pytest.approx(p, abs=4 * math.sqrt(p * (1 - p) / REPLICATES))


def test_the_surprise_is_flagged_and_nothing_escalates(found):
    flags = found[30.0]
    assert "levels improbable together" in flags.names
    assert flags.p < ALPHA
    assert all("before escalating" in one.advice for one in flags if one.name == "levels improbable together")
    choice = bd.decide(options(), lambda o: o.u, flags=flags)
    assert choice.best == "current regimen"
    assert list(choice.blocked) == ["150 mg"]
    assert "re-check" in choice.blocked["150 mg"]


def test_half_of_it_is_no_surprise(found):
    assert not found[15.0]
    assert found[15.0].p > ALPHA
    assert bd.decide(options(), lambda o: o.u, flags=found[15.0]).best == "150 mg"
