"""Lag, full omega, aminoglycosides, daptomycin, ganciclovir: against what posologyr's tests hold.

posologyr_cases.json has the numbers, their sources, and modes recomputed apart from the package.
"""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from twins.bedside import absorbed, levels, two_compartments

import bayesdose as bd

HERE = Path(__file__).parent
CASES = json.loads((HERE / "posologyr_cases.json").read_text())["cases"]


@cache
def estimate(name):
    case = CASES[name]
    model = bd.load_model(HERE.parent / "specs" / f"case_{name.removesuffix('_98_h')}.py")
    rows = pd.DataFrame(case["table"]).assign(ID=1, **case["covariates"])
    rows["EVID"] = (rows["AMT"] > 0).astype(int)
    return bd.map_estimate(model, bd.read_study(rows, model))


@pytest.mark.parametrize("name", CASES)
def test_the_mode_is_that_of_an_independent_search(name):
    found, verified = estimate(name), CASES[name]["verified"]
    assert found.converged
    assert found.eta == pytest.approx(verified["eta"], abs=1e-6)
    if "kappa_CL" in verified:
        assert found.kappa["CL"][1] == pytest.approx(verified["kappa_CL"], abs=1e-6)


@pytest.mark.parametrize("name", ["tobramycin", "lagged", "amikacin", "methotrexate"])
def test_the_mode_is_the_published_one(name):
    expected, tolerance = (CASES[name][key] for key in ("expected", "tolerance"))
    found = estimate(name)
    if "eta" in expected:
        assert found.eta == pytest.approx(expected["eta"], abs=tolerance["eta"])
        return
    for parameter, value in expected.items():
        assert float(found.parameters[parameter]) == pytest.approx(value, rel=tolerance[parameter])


HOURS = np.linspace(0, 24, 20_001)


def dose_for(target, given, unit):
    """Return how many units bring what is given to the target."""
    return (target - given) / unit


def agree(name, doses):
    case = CASES[name]
    for key, dose in doses.items():
        assert dose == pytest.approx(case["expected"][key], rel=case["tolerance"][key])


@pytest.mark.parametrize("name", ["daptomycin", "daptomycin_98_h"])
def test_the_next_dose_of_daptomycin(name):
    p = {key: value.to_numpy()[None] for key, value in estimate(name).parameters.items()}
    terms = two_compartments(p["CL"], p["V1"], p["Q"], p["V2"])
    past, unit = [(t, 1000, 1) for t in (0, 24, 49)], [(104, 1, 1)]
    areas = [np.trapezoid(levels(104 + HOURS, doses, terms)[0], HOURS) for doses in (past, unit)]
    peaks = [levels([105], doses, terms)[0, 0] for doses in (past, unit)]
    agree(name, {"dose_conc": dose_for(60, *peaks), "dose_auc": dose_for(666, *areas)})
    after = np.arange(1, 1000) / 10
    reached = after[np.argmax(levels(49 + after, past, terms)[0] < 24)]
    assert reached == pytest.approx(CASES[name]["expected"]["time_cmin"], abs=0.051)


def test_the_next_dose_of_ganciclovir():
    p = {key: value.to_numpy()[None] for key, value in estimate("ganciclovir").parameters.items()}
    central = two_compartments(p["CL"], p["V1"], np.array([10.2]), np.array([32.0]))
    depot, F, made = absorbed(central, p["ka"]), float(p["F"][0]), {}

    def by_mouth(times, doses):
        return F * levels(times, doses, depot, 0.382)[0]

    def into_blood(times, doses):
        return levels(times, doses, central)[0]

    past, unit = [(0, 450, 0)], [(24.1, 1, 0)]
    for way, through in (("depot", by_mouth), ("central", into_blood)):
        made[f"{way}_conc"] = dose_for(6, by_mouth([25.0], past)[0], through([25.0], unit)[0])
        times = np.append(24.1 + 1e-9, 24.1 + HOURS[1:])  # the level at a dose's time is before it
        areas = [np.trapezoid(f(times, doses), times) for f, doses in ((by_mouth, past), (through, unit))]
        made[f"{way}_auc"] = dose_for(50, *areas)
    agree("ganciclovir", made)
