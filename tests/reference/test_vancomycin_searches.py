"""The dose searches that posologyr publishes for a vancomycin patient, as decisions between options.

Case posologyr_vancomycin_dose_optim of individual_cases.json, from levenc/posologyr (test_doseoptim.R);
the individual parameters are the ones its answers were made with. A search is a choice: options on a grid, a
utility, the best of them; then a finer grid around it.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bayesdose as bd

HERE = Path(__file__).parent
CASE = json.loads((HERE / "individual_cases.json").read_text())["cases"]["posologyr_vancomycin_dose_optim"]
ANSWERS = CASE["expected"]["decisions"]


@pytest.fixture(scope="module")
def me():
    fit = bd.fixed(bd.load_model(HERE.parent / "specs" / "case_given_parameters.py"))
    own = CASE["expected"]["individual"]
    row = {"ID": 1, "OWN_CL": own["CL"], "OWN_V1": own["Vc"], "OWN_Q": 6.5, "OWN_V2": own["Vp"]}
    return bd.condition(fit, bd.read_study(pd.DataFrame([row]), fit.model), seed=1, particles=4, draws=2)


def best(me, text, grid, utility, **metrics):
    """Return the number of the grid that is chosen, and the choice."""
    options = bd.regimens(text, x=grid, after=me.patient, start=0.0, current=False)
    choice = bd.decide(bd.simulate(me, options, metrics), utility)
    return float(choice.table["x"].sel(option=choice.best)), choice


def dose_for(me, text, target, **metrics):
    """Search a dose: steps of 100 mg, then of 1 mg around the best."""
    (name,) = metrics

    def utility(o):
        return bd.log_squared_error(
            o[name] if o[name].ndim == 2 else o[name].isel({f"{name}_time": 0}), target
        )

    coarse, first = best(me, text, np.arange(100, 4001, 100), utility, **metrics)
    fine, last = best(me, text, np.arange(coarse - 100, coarse + 101), utility, **metrics)
    assert (first.status, last.status) == ("chosen", "chosen")
    return fine


def at(time):
    return bd.concentration_at([time])


@pytest.mark.parametrize(
    ("number", "text", "target", "metric"),
    [
        (0, "{x} mg over 2 h", 400.0, bd.auc(start=0, end=24)),
        (1, "{x} mg over 2 h", 11.04931, at(24.0)),
        (3, "{x} mg over 2 h every 24 h x 11", 400.0, bd.auc(start=216, end=240)),
        (4, "{x} mg over 24 h every 24 h x 11", 400 / 24, at(237.6)),
    ],
)
def test_the_dose_for_an_exposure(me, number, text, target, metric):
    assert dose_for(me, text, target, found=metric) == pytest.approx(ANSWERS[number]["dose"], rel=1e-3)


@pytest.mark.parametrize(
    ("number", "text", "before", "tolerance"),
    [
        (2, "1500 mg over 2 h, then nothing for {x} h, then 1500 mg over 2 h", 0.0, 1e-9),
        (5, "1500 mg over 2 h every 24 h x 11, then nothing for {x} h, then 1500 mg over 2 h", 24.0, 0.1),
    ],
)
def test_when_the_next_dose_is_due(me, number, text, before, tolerance):
    def utility(o):
        """The soonest next dose that finds less than 10 mg/L."""
        return -o.x.fillna(1e3) - 1e3 * (o.trough >= 10)

    found, _ = best(me, text, np.arange(20, 200) / 10, utility, trough=bd.trough(after_dose=-2))
    assert before + found == pytest.approx(ANSWERS[number]["time"], abs=tolerance + 1e-9)


def test_the_interval_for_a_trough(me):
    def utility(o):
        return bd.log_squared_error(o.trough, 10)

    text = "2000 mg over 2 h every {x} h x 11"
    found, choice = best(me, text, np.arange(300, 420) / 10, utility, trough=bd.trough(after_dose=-1))
    assert found == pytest.approx(ANSWERS[6]["interval"], abs=0.1)
    assert choice.status == "chosen"
