"""Published individual estimates through the library's own specs.

Cases and sources: tests/reference/individual_cases.json. They state CRCL; here creatinine is what gives it by
Cockcroft-Gault for a man of 60 years.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bayesdose as bd
from bayesdose.model import build, priors_of

CASES = json.loads((Path(__file__).parents[1] / "reference" / "individual_cases.json").read_text())["cases"]
THETA = {"CL": 4.5, "CRCL_on_CL": 0.8, "DIAL_on_CL": 0.7, "V1": 58.4, "DIAL_on_V1": 0.5, "V2": 38.4, "Q": 6.5}
VARIANCE = {"CL": 0.147, "V1": 0.51, "V2": 0.282}
SIGMA = {"sigma_add": 3.4, "sigma_prop": 0.227}


@pytest.fixture(scope="module")
def goti():
    return bd.load_model("vancomycin_goti2018")


def table(case):
    """Return a case's doses and levels with the covariates of the library's spec."""
    doses = pd.DataFrame(case["doses"]).assign(evid=1)
    doses["rate"] = doses["amt"] / doses["dur"]
    rows = pd.concat([pd.DataFrame(case["obs"]).assign(evid=0), doses]).sort_values("time", kind="stable")
    rows.columns = rows.columns.str.upper()
    covariates = case["covariates"]
    weight = covariates["WT"]
    creatinine = (140 - 60) * weight / (72 * covariates["CLCREAT"])
    rows = rows.assign(ID=1, WT=weight, AGE=60, FEMALE=0, SCR=creatinine, DIAL=covariates["DIAL"])
    return rows.drop(columns="DUR").fillna({"AMT": 0.0, "RATE": 0.0})


@pytest.mark.parametrize("name", ["posologyr_vancomycin_goti_monolix", "posologyr_vancomycin_dose_optim"])
def test_the_mode_is_the_published_one(goti, name):
    case = CASES[name]
    theta = {f"theta_{k}": v for k, v in THETA.items()} | SIGMA
    theta |= {f"omega_{k}": float(np.sqrt(v)) for k, v in VARIANCE.items()}
    found = bd.map_estimate(goti, bd.read_study(table(case), goti), theta)
    published = case["verified"] if "CL" in case["verified"] else case["expected"]["individual"]
    for parameter, of_case in {"CL": "CL", "V1": "Vc", "V2": "Vp"}.items():
        assert float(found.parameters[parameter]) == pytest.approx(published[of_case], rel=2e-4)


def test_the_spec_holds_the_same_numbers(goti):
    """Medians of its priors are the numbers that the published estimates were made with."""
    study = bd.read_study(table(CASES["posologyr_vancomycin_goti_monolix"]), goti)
    priors = priors_of(build(goti, study))
    for name, value in THETA.items():
        assert priors[f"theta_{name}"].median == pytest.approx(value, rel=1e-3)
    for name, value in VARIANCE.items():
        assert priors[f"omega_{name}"].median ** 2 == pytest.approx(value, rel=0.02)
