"""Decisions for 500 simulated patients of each kind: worth what they promise, beside the rule of peers."""

import pytest
from populations.decided import KINDS, decided

PATIENTS = 500
pytestmark = pytest.mark.calibration


@pytest.mark.parametrize("name", KINDS)
def test_decisions_are_worth_what_they_promise(name):
    found = decided(name, PATIENTS, 1)
    print(f"\n{name}\n{found}")
    assert (found.table["refused"] != "").mean() < 0.01
    summary = found.summary()
    se = (summary["high"] - summary["low"]) / 3.92
    assert abs(summary.loc["realised less predicted", "mean"]) < 3 * se["realised less predicted"]
    assert summary.loc["gain over the rule", "mean"] > -3 * se["gain over the rule"]
    assert summary.loc["regret", "mean"] >= 0
