"""A case file decides by the nadir of an effect: docetaxel and neutrophils after Friberg."""

import re
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bayesdose as bd
from bayesdose.case import condition_for, make_case, recommend

CASE = {
    "options": {"text": "{amount} mg/m2 over 1 h every 21 days x 2", "amount": [30, 100], "current": False},
    "outcomes": {
        "nadir": {"metric": "nadir", "dvid": 2},
        "when": {"metric": "time of nadir", "dvid": 2},
        "last": {"metric": "minimum", "dvid": 2},
        "grade4": {"metric": "time below", "threshold": "500 /uL", "start": 0, "dvid": 2},
    },
    "utility": {"name": "window", "outcome": "nadir", "low": 0.5, "high": 1.0},
    "limits": {"chance": [{"outcome": "grade4", "above": "7 day", "at_most": 0.5}]},
    "condition": {"draws": 100, "particles": 256},
}
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "case.md"


@pytest.fixture(scope="module")
def found():
    fit = bd.load_fit("docetaxel_kloft2006")
    row = {"ID": 1, "TIME": 0, "AMT": ".", "EVID": 2, "DV": ".", "BSA": 1.9, "AAG": 1.3}
    patient = bd.read_study(pd.DataFrame([row | {"FEMALE": 0, "ECOG": 0, "PRIOR": 1}]), fit.model)
    case = make_case(CASE)
    return recommend(case, condition_for(case, fit, patient))


def test_the_nadir_is_that_of_the_simulated_course(found):
    """Over both cycles, against the course every 2 h; a parabola through three of them is 1e-3 higher."""
    options = found.case.regimens(found.me.patient)
    times = np.arange(options.start, options.horizon + 1.0, 2.0)
    course = bd.simulate(found.me, options, {"anc": bd.concentration_at(times, dvid=2)}).anc
    course = course.assign_coords(anc_time=times)
    sampled = bd.outcomes.nadir(course)
    treated = {"option": [k for k, n in enumerate(found.outcome["n_doses"].values) if n]}
    np.testing.assert_allclose(found.outcome.nadir, sampled.nadir, rtol=2e-3)
    assert (found.outcome.nadir <= sampled.nadir * (1 + 1e-5)).all()
    np.testing.assert_allclose(
        found.outcome.when.isel(treated), sampled.time.isel(treated) - options.start, atol=2.1
    )
    below = (course < 0.5).sum("anc_time") * 2.0
    np.testing.assert_allclose(found.outcome.grade4, below, atol=8.1)
    assert found.outcome.nadir.attrs["units"] == "1e9/L"


def test_the_first_cycle_counts_too(found):
    """The lowest of both cycles is at most that of the last, and sometimes in the first."""
    assert (found.outcome.nadir <= found.outcome["last"] * (1 + 1e-6)).all()
    treated = found.outcome.isel(option=-1)
    assert ((treated.when < 504.0) & (treated.nadir < treated["last"])).any()


def test_the_example_on_the_page_is_read():
    (text,) = re.findall(r"```\n(\[outcomes\]\nnadir.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    case = make_case({"options": CASE["options"], **tomllib.loads(text)})
    assert case.metrics(bd.load_model("docetaxel_kloft2006").card)["grade4"] == bd.time_below(0.5, -1, dvid=2)


def test_it_is_decided_and_limited(found):
    assert found.choice.best in found.outcome["option"].to_numpy().tolist()
    said = str(found.choice)
    assert "1 if nadir is within 0.5-1 1e9/L" in said
    assert "P(grade4 above 7 day) at most 0.5" in said
