"""What the pinned calibrations found: they are of the specs in the tree, and their verdicts hold."""

import json

import pytest
from populations.calibrated import CASES, LEVEL, PINNED

from bayesdose.validate import Calibration

FOUND = json.loads(PINNED.read_text(encoding="utf-8"))
RIGHT = [name for name in CASES if not CASES[name].planted]
PLANTED = [name for name in CASES if CASES[name].planted]


def test_what_was_run_is_pinned():
    assert set(FOUND) == set(CASES), "run: python tools/calibrate.py NAME (all: make calibrate)"


@pytest.mark.parametrize("name", CASES)
def test_it_is_of_the_spec_in_the_tree(name):
    case, record = CASES[name], FOUND[name]["record"]
    stale = f"{name} was calibrated with another spec or design: run python tools/calibrate.py {name}"
    assert record["model"]["hash"] == case.model().hash, stale
    maker = case.true_model()
    assert (record["true_model"] or {}).get("hash") == (maker and maker.hash), stale
    assert record["design"] == json.loads(json.dumps(case.design)), stale
    settings = {**record, **record["sampler"], "ranked": FOUND[name]["draws"]}
    assert {key: settings[key] for key in case.options} == case.options, stale


@pytest.mark.parametrize("name", RIGHT)
def test_nothing_is_outside(name):
    found = Calibration.from_dict(FOUND[name])
    assert found.ranks.sizes["replication"] == CASES[name].replications
    table = found.verdict(LEVEL)
    assert not table["outside"].any(), str(found)
    kinds = {q.split("_")[0] for q in table["quantity"]}
    assert {"theta", "omega", "sigma", "eta", "log"} <= kinds
    assert found.unconverged <= 0.02 * CASES[name].replications, str(found)


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_error_is_outside(name):
    found = Calibration.from_dict(FOUND[name])
    assert found.ranks.sizes["replication"] == CASES[name].replications
    assert found.verdict(LEVEL)["outside"].any(), str(found)
