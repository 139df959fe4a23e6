"""From a stored fit to a rule for the ward: virtual neonates decided one by one, then bands of weight."""

import numpy as np
import pandas as pd
import pytest

import bayesdose as bd

WEIGHTS = np.round(np.linspace(0.7, 3.5, 15), 2)
AMOUNTS = [2, 3, 4, 5, 6, 8, 10, 12]


@pytest.fixture(scope="module")
def choices(stored_fit):
    """A maintenance dose for each weight, before any level: a trough of 20 mg/L on a log scale."""
    found = {}
    for weight in WEIGHTS.tolist():
        row = {"ID": 1, "TIME": 0, "AMT": ".", "DV": ".", "EVID": 2, "WT": weight}
        me = bd.condition(stored_fit, bd.read_study(pd.DataFrame([row]), stored_fit.model), seed=1, draws=400)
        options = bd.regimens("{mg} mg every 12 h x 30", mg=AMOUNTS, after=me.patient)
        outcome = bd.simulate(me, options, {"trough": bd.trough()})
        target = bd.named_utility("target", outcome="trough", target=20, loss="log-squared")
        found[f"{weight:g} kg"] = bd.decide(outcome, target, complete=["mg"])
    return found


def test_bands_of_weight(choices):
    values = bd.by_subject(choices)
    np.testing.assert_array_equal(values["WT"], WEIGHTS)
    kept = bd.share_kept(values, "WT", 4)["kept"]
    assert kept.is_monotonic_increasing
    assert kept[1] == 0
    assert kept[4] > 0.85
    rule = bd.dose_bands(values, "WT", 4)
    doses = [float(cell.option.split()[0]) for cell in rule.cells]
    assert doses == sorted(doses)
    for weight in WEIGHTS.tolist():
        best = float(choices[f"{weight:g} kg"].best.split()[0])
        assert best / 2 <= float(rule.option(WT=weight).split()[0]) <= 2 * best
    assert rule.regret >= 0
    tree = bd.decision_tree(values, ["WT"], depth=2, cuts=14, least=0.0)
    assert tree.value == pytest.approx(rule.value)  # four leaves in a row are four bands


def test_doses_between_those_listed(choices):
    values = bd.by_subject(choices)
    values = values.isel(option=np.isfinite(values["mg"].to_numpy()))
    listed, between = (bd.dose_bands(values, "WT", 3, refine=name) for name in (None, "mg"))
    assert between.value >= listed.value - 1e-9
    assert all(2 <= cell.dose <= 12 for cell in between.cells)
