"""Time after dose: by rows, by ADDL, at the same time, through resets; a brute-force twin."""

import numpy as np
import pandas as pd
import pytest

import bayesdose as bd
from bayesdose.study.after_dose import time_after_dose

CARD = bd.Card(drug="x", source="made up")


def found(**columns):
    n = len(columns["TIME"])
    usual = {"ID": ["1"] * n, "DV": [1.0] * n, "AMT": [0.0] * n, "EVID": [0] * n}
    table = pd.DataFrame(usual | columns)
    table["DV"] = table["DV"].where(table["EVID"] == 0)
    return time_after_dose(bd.read_study(table, CARD)).tolist()


def test_additional_doses_count_as_rows_of_their_own():
    short = {"TIME": [0, 6, 13, 24, 30, 50], "AMT": [9, 0, 0, 0, 0, 0], "EVID": [1, 0, 0, 0, 0, 0]}
    assert found(**short, ADDL=[2, 0, 0, 0, 0, 0], II=[12, 0, 0, 0, 0, 0]) == [0, 6, 1, 0, 6, 26]
    rows = {"TIME": [0, 6, 12, 13, 24, 24, 30, 50], "AMT": [9, 0, 9, 0, 9, 0, 0, 0]}
    assert found(**rows, EVID=[1, 0, 1, 0, 1, 0, 0, 0]) == [0, 6, 0, 1, 0, 0, 6, 26]


def test_of_one_time_the_order_of_rows_counts_and_an_additional_dose_comes_first():
    assert found(TIME=[0, 12, 12, 12], AMT=[9, 0, 9, 0], EVID=[1, 0, 1, 0]) == [0, 12, 0, 0]
    assert found(TIME=[0, 12, 12], AMT=[9, 0, 0], EVID=[1, 0, 0], ADDL=[1, 0, 0], II=[12, 0, 0]) == [0, 0, 0]


def test_rounding_does_not_make_a_whole_interval_of_nothing():
    times = {"TIME": [0, 25.2], "AMT": [9, 0], "EVID": [1, 0], "ADDL": [5, 0], "II": [8.4, 0]}
    assert found(**times) == [0, 0]


def test_a_steady_state_ends_what_was_ordered_and_counts_itself():
    columns = {"AMT": [9, 9, 0, 0], "EVID": [1, 1, 0, 0], "ADDL": [9, 1, 0, 0], "II": [10, 24, 0, 0]}
    assert found(TIME=[0, 25, 33, 60], SS=[0, 1, 0, 0], **columns) == [0, 0, 8, 11]


def test_a_reset_forgets_the_doses_before_it_and_a_subject_those_of_another():
    columns = {"AMT": [9, 0, 0, 0, 9, 0], "EVID": [1, 0, 3, 0, 4, 0], "ADDL": [9, 0, 0, 0, 0, 0]}
    after = found(TIME=[0, 15, 20, 31, 0, 4], II=[10, 0, 0, 0, 0, 0], **columns)
    np.testing.assert_equal(after, [0, 5, np.nan, np.nan, 0, 4])
    two = found(ID=["1", "1", "2", "2"], TIME=[0, 5, 7, 9], AMT=[9, 0, 0, 9], EVID=[1, 0, 0, 1])
    np.testing.assert_equal(two, [0, 5, np.nan, 0])


@pytest.mark.parametrize("seed", range(8))
def test_against_a_twin_that_writes_every_dose_out(seed):
    rng = np.random.default_rng(seed)
    n = 30
    time = np.sort(rng.integers(0, 60, n))
    dose = rng.random(n) < 0.3
    addl, interval = np.where(dose, rng.integers(0, 4, n), 0), np.where(dose, rng.integers(3, 9, n), 0)
    after = found(
        TIME=time, AMT=dose * 9.0, EVID=dose.astype(int), ADDL=addl, II=np.where(addl > 0, interval, 0)
    )
    for k in range(n):
        own = [time[j] for j in range(k + 1) if dose[j]]
        more = [time[j] + s * interval[j] for j in range(k) if dose[j] for s in range(1, addl[j] + 1)]
        before = [t for t in own + more if t <= time[k]]
        expected = time[k] - max(before) if before else np.nan
        np.testing.assert_equal(after[k], expected)
