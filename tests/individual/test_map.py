"""The mode of eta against NONMEM's, for the eight subjects of mapbayr's run001."""

import json
from pathlib import Path

import pandas as pd
import pytest

import bayesdose as bd

HERE = Path(__file__).parent
CASES = json.loads((HERE / "mapbayr_run001.json").read_text())["subjects"]


@pytest.fixture(scope="module")
def model():
    return bd.load_model(HERE.parent / "specs" / "mapbayr_run001.py")


def table(case):
    doses = pd.DataFrame(case["doses"], columns=["TIME", "AMT"]).assign(EVID=1)
    levels = pd.DataFrame(case["levels"], columns=["TIME", "DV"]).assign(EVID=0)
    # a level at the time of a dose was taken before it
    return pd.concat([levels, doses]).sort_values("TIME", kind="stable").assign(ID=case["id"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"subject {case['id']}")
def test_mode_is_nonmems(model, case):
    found = bd.map_estimate(model, bd.read_study(table(case), model))
    assert found.eta == pytest.approx(case["eta"], abs=1e-4)
