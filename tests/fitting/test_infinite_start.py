"""Levels that are impossible where sampling starts: another start is sought, and the reason is told apart."""

from pathlib import Path

import numpy as np
import pandas as pd
import pymc as pm
import pytest

import bayesdose as bd
from bayesdose.fitting.start import place_start

MODEL = bd.load_model(Path(__file__).parents[1] / "specs" / "one_level.py")


def table(first, zero):
    """One dose, a level before it and one after."""
    return pd.DataFrame(
        {"ID": "a", "TIME": [0, 1, 2, 3], "AMT": [".", 100, ".", "."], "DV": [first, ".", zero, 9.0]}
    )


@pytest.mark.parametrize(
    ("first", "zero", "meant"),
    [
        (".", 0.0, "levels above 0 under a log-normal error; theirs are 0.*blq='M3'"),
        (8.0, 9.0, "a positive prediction wherever there is a level.*taken before the first dose"),
        (8.0, 0.0, "a positive prediction wherever there is a level.*taken before the first dose"),
    ],
)
def test_a_level_of_0_is_no_prediction_of_0(first, zero, meant):
    with pytest.raises(bd.Refused, match=rf"impossible levels of subject a\..*{meant}"):
        bd.fit(MODEL, bd.read_study(table(first, zero), MODEL), seed=1, progress=False)


def lagged(table, median):
    """Declare one compartment with a proportional error whose lag has a wide prior around its median."""
    card = bd.Card(drug="x", source="none")
    study = bd.read_study(table, card)
    with bd.population_model(study, card) as m:
        lag = bd.theta("lag", pm.LogNormal.dist(np.log(median), 1.0))
        CL = bd.theta("CL", pm.LogNormal.dist(1.6, 0.1))
        C = bd.one_compartment(CL=CL, V=50.0, ka=1.0, lag={"depot": lag})
        bd.observe("DV", C, error=bd.proportional(0.2))
    return m, study


EARLY = pd.DataFrame({"ID": "a", "TIME": [0, 0.5, 4], "AMT": [100, ".", "."], "DV": [".", 0.5, 1.5]})


def test_a_lag_beyond_the_first_level_starts_shorter():
    m, study = lagged(EARLY, 0.4)  # the mean of the prior is 0.66
    place_start(m, study, 1)
    starts = {v.name: value for v, value in m.rvs_to_initial_values.items()}
    assert 0 < starts["theta_lag"] < 0.5
    assert 3 < starts["theta_CL"] < 8
    assert np.isfinite(m.point_logps(m.initial_point())["DV"])


def test_a_start_that_is_possible_is_left_alone():
    m, study = lagged(EARLY, 0.1)
    place_start(m, study, 1)
    assert set(m.rvs_to_initial_values.values()) == {None}


def test_a_lag_that_is_too_long_everywhere_is_refused():
    m, study = lagged(EARLY, 1e4)
    with pytest.raises(bd.Refused, match=r"impossible levels of subject a.*lag time may also be too long"):
        place_start(m, study, 1)
