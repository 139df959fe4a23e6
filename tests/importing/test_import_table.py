"""Tables of parameters, as nlmixr2 prints them or people write them, become drafts."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pymc as pm
import pytest

import bayesdose as bd
from bayesdose.model import build

NLMIXR2 = """"","Estimate","SE","%RSE","Back-transformed","CI Lower","CI Upper","BSV(CV%)","Shrink(SD)%"
"tka",0.470,0.19,40.4,1.60,1.10,2.32,71.2,0.6
"tcl",1.01,0.0751,7.44,2.75,2.37,3.18,26.8,3.9
"tv",3.46,0.0437,1.26,31.8,29.2,34.6,13.9,10.3
"prop.sd",0.12,0.01,8.3,0.12,,,,
"add.sd",0.27,,,0.27,,,,
"cov_wt",0.75,FIXED,FIXED,0.75,,,,
"""

PAPER = """parameter;estimate;RSE %;omega_variance;omega RSE %
CL;4.5;12;0.09;20
V2;58,4;;;
"""

TWO = """parameter,estimate,rse_percent,bsv_sd
cl,5,10,0.3
vc,20,10,
q,3,20,
vp,40,20,
ka,1.2,30,0.5
add.var,0.25,,
"""


@pytest.fixture
def imported(tmp_path):
    """Import a table."""

    def run(text, structure="one_compartment oral"):
        path = tmp_path / "Drug 1.csv"
        path.write_text(text, encoding="utf-8")
        return bd.import_table(path, structure)

    return run


@pytest.fixture
def built(imported, tmp_path):
    """Import, load and build on one patient who gets 100 at 0."""

    def run(text, structure="one_compartment oral"):
        path = tmp_path / "draft.py"
        path.write_text(imported(text, structure).text, encoding="utf-8")
        model = bd.load_model(path)
        rows = {"ID": 1, "TIME": [0.0, 1.0, 6.0], "AMT": [100.0, 0, 0], "DV": [np.nan, 1, 1]}
        return build(model, bd.read_study(pd.DataFrame(rows), model))

    return run


def test_a_table_of_nlmixr2(built):
    made = built(NLMIXR2)
    ka, CL, V = (math.exp(x) for x in (0.470, 1.01, 3.46))
    thetas = {"theta_ka": ka, "theta_CL": CL, "theta_V": V}
    found = pm.do(made, {"z": np.zeros((1, 3))} | thetas)["DV_prediction"].eval()
    t = np.array([1.0, 6.0])
    expected = 100 * ka / (V * (ka - CL / V)) * (np.exp(-CL / V * t) - np.exp(-ka * t))
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    priors = bd.priors_of(made)
    # a standard error of the logarithm is the SD of the log-normal prior
    prior = priors["theta_ka"]
    assert prior.median == pytest.approx(ka, rel=1e-6)
    assert math.log(prior.upper90 / prior.median) == pytest.approx(1.6449 * 0.19, rel=1e-3)
    omega = math.sqrt(math.log1p(0.712**2))  # BSV(CV%) is sqrt(exp(omega^2) - 1)
    assert priors["omega_ka"].median == pytest.approx(omega, rel=1e-6)
    assert {"sigma_add", "sigma_prop"} <= set(priors)


def test_two_compartments_with_a_depot(built):
    made = built(TWO, "two_compartment oral")
    assert made.declaration.structure.compartments == ("depot", "central", "peripheral")
    priors = bd.priors_of(made)
    medians = [priors[f"theta_{name}"].median for name in ("CL", "V1", "Q", "V2", "ka")]
    np.testing.assert_allclose(medians, [5, 20, 3, 40, 1.2], rtol=1e-6)
    assert set(made.coords["eta"]) == {"CL", "ka"}
    assert priors["sigma_add"].median == pytest.approx(0.5, rel=1e-6)


def test_drafts_can_be_tried(imported):
    """It raises where a draft does not load, does not build or has no finite density."""
    draft = imported(TWO, "two_compartment oral")
    bd.try_draft(draft)
    with pytest.raises(bd.BayesdoseError, match="does not build"):
        bd.try_draft(replace(draft, text=draft.text.replace("return m", "raise bd.InputError('no')")))


def test_what_was_not_carried_over_is_listed(imported):
    draft = imported(NLMIXR2)
    lines = {note.line: note.why for note in draft.notes}
    assert "left out" in lines["line 7, cov_wt"]
    assert "combined2" in lines["residual error"]
    assert "h, mg and mg/L" in lines["units"]
    assert 'status="unverified"' in draft.text
    assert draft.name == "drug_1"


@pytest.mark.parametrize(
    ("text", "structure", "words"),
    [
        (NLMIXR2, "one_compartment orall", "oral"),
        (NLMIXR2, "two_compartment oral", "not the parameters of two_compartment"),
        (NLMIXR2, "one_compartment", "not the parameters of one_compartment"),
        (TWO, "one_compartment oral", "not the parameters of one_compartment"),
        (NLMIXR2.replace("BSV(CV%)", "BSV"), "one_compartment oral", "scale of column 'BSV'"),
        (NLMIXR2.replace('"Back-transformed"', '"x"'), "one_compartment oral", "logarithm"),
        (NLMIXR2.replace("2.75", "3.75"), "one_compartment oral", "line 3: the estimate of 'tcl'"),
        (NLMIXR2.replace("prop.sd", "b").replace("add.sd", "a"), "one_compartment oral", "residual error"),
        (NLMIXR2.replace("Estimate", "Median"), "one_compartment oral", "table of parameters"),
        (PAPER, "one_compartment", "'58,4'"),
        (PAPER.replace("58,4", "58.4") + "add.sd;-1;;;\n", "one_compartment", "above 0"),
        ("", "one_compartment", "no table"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_a_reason(imported, text, structure, words):
    with pytest.raises(bd.InputError, match=words):
        imported(text, structure)


def test_a_table_in_the_manner_of_a_paper(imported):
    draft = imported(PAPER.replace("58,4", "58.4") + "prop.var;0.04;10;;\n", "one_compartment")
    assert 'bd.theta("CL", bd.published.theta(4.5, rse_percent=12))' in draft.text
    assert '"CL": bd.published.omega(0.09, scale="variance", rse_percent=20)' in draft.text
    assert 'bd.theta("V", bd.published.theta(58.4, rse_percent=RSE))' in draft.text
    assert 'bd.published.sigma(0.04, scale="variance", rse_percent=10)' in draft.text
    assert any("V2 is V" in note.why for note in draft.notes)
