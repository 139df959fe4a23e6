"""Limits that read what options say of themselves: loads, intervals, formulations, changed covariates."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from synthetic_outcome import u

import bayesdose as bd
from bayesdose.study import read_study, regimens

CARD = bd.Card(drug="fosfomycin", source="a test", covariates=[bd.Covariate("DIAL", varies=True)])


def outcome(options, value):
    """An outcome whose variable `u` is the utility: rising with the dose, harm above `value`."""
    mg = options.table["max_daily"].to_numpy()
    U = np.tile(np.minimum(mg, 2 * value - mg), (3, 1)) + np.arange(3.0)[:, None]
    made = xr.Dataset({"u": (("draw", "option"), U)}, attrs={"amount_unit": "mg", "time_unit": "h"})
    return made.assign_coords(dict(options.table.variables))


def patient():
    return read_study(pd.DataFrame([{"ID": 1, "TIME": 0, "AMT": ".", "EVID": 2, "DV": ".", "DIAL": 0}]), CARD)


@pytest.mark.parametrize(("size", "grams"), [(2, 6), (4, 4), (8, None)])
def test_sodium_that_whole_vials_bring(size, grams):
    # fosfomycin-sodium of the reference cases: at most 2 g sodium a day, 0.32 g in each g: 6.25 g
    vials = bd.Formulation("vials", strengths=[f"{size} g"], contains={"sodium": "0.32 g/g"})
    amounts = vials.strengths.between(f"{size} g", f"{24 if size == 8 else 12} g")
    options = regimens("{a} g every 24 h x 7", a=amounts, after=patient(), formulation=vials)
    limits = [bd.max_load("sodium", "2 g/day")]
    choice = bd.decide(outcome(options, 24e3), u, limits=limits, complete=["a"] if size == 4 else ())
    if grams is None:
        assert choice.best == "no treatment"
    else:
        assert choice.best == f"{grams} g every 24 h x 7"
        assert choice.status == "chosen"  # the limit binds: no edge (less than one vial of 4 g is none)
    week = bd.decide(outcome(options, 24e3), u, limits=[bd.max_load("sodium", "14 g")])
    assert list(week.blocked) == list(choice.blocked)


def test_every_labelled_dose_of_fosfomycin_is_blocked():
    vials = bd.Formulation("vials", strengths=["2 g", "4 g", "8 g"], contains={"sodium": "0.32 g/g"})
    options = regimens("{a} g every 8 h x 21", a=[4, 6, 8], after=patient(), formulation=vials)
    limits = [bd.max_load("sodium", "2 g/day")]
    choice = bd.decide(outcome(options, 24e3), u, limits=limits)
    assert choice.best == "no treatment"
    assert "7.68 g sodium a day is above 2 g" in choice.blocked["8 g every 8 h x 21"]


def test_what_is_contraindicated():
    oil = bd.Formulation("oil")
    water = bd.Formulation("water")
    dialysis = bd.Change("dialysis", {"DIAL": 1}, at=2, lasting=4)
    options = regimens(
        "{a} mg every 24 h x 2", a=[10], after=patient(), formulation=[oil, water], changes=[None, dialysis]
    )
    choice = bd.decide(outcome(options, 10), u, limits=[bd.contraindicated("DIAL", above=0.5)])
    blocked = [f"10 mg every 24 h x 2 as {name}, with dialysis" for name in ("oil", "water")]
    assert list(choice.blocked) == blocked
    only = bd.contraindicated("DIAL", above=0.5, only={"formulation": "oil"})
    assert list(bd.decide(outcome(options, 10), u, limits=[only]).blocked) == blocked[:1]


def test_the_least_interval_of_staged_options():
    texts = ["10 mg every 8 h x 2, then 5 mg every 24 h x 2", "9 mg every 12 h x 4"]
    options = regimens(texts, after=patient())
    choice = bd.decide(outcome(options, 30), u, limits=[bd.min_interval("12 h")])
    assert list(choice.blocked) == ["10 mg every 8 h x 2, then 5 mg every 24 h x 2"]
