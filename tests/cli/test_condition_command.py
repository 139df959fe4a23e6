"""`bayesdose condition`: one patient or each of a table, draws in a file, refusals, no identifiers."""

import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import bayesdose as bd

ONE = """ID,TIME,AMT,DV,WT
MRN-7,0,20,.,1.0
MRN-7,2.8,.,21.9,1.0
MRN-7,11.8,20,.,1.0
MRN-7,40,.,30,1.0
"""
OTHER = "MRN-9,0,20,.,1.1\nMRN-9,2.8,.,25.9,1.1\n"
IMPOSSIBLE = "MRN-8,0,.,20,1.1\nMRN-8,1,20,.,1.1\nMRN-8,2.8,.,25.9,1.1\n"


@pytest.fixture
def table(here):
    """Write a table and return its path."""

    def write(text):
        (here / "table.csv").write_text(text)
        return here / "table.csv"

    return write


def _me(path, seed=1):
    fit = bd.load_fit("phenobarbital")
    return bd.condition(fit, bd.read_study(path, fit.model), seed=seed)


def test_the_summary_of_one_patient(bayesdose, here, table):
    shown = bayesdose("condition", "phenobarbital", table(ONE))
    assert shown.exit_code == 0, shown.output
    for said in ("patient 1", "importance sampling", "k-hat", "theta-ESS", "|z|", "1 round", " ms", "L/h"):
        assert said in shown.stdout
    assert "red flags  no red flag" in shown.stdout
    assert "MRN-" not in shown.output
    assert [p.name for p in here.iterdir()] == ["table.csv"]


def test_json_has_the_numbers_of_the_library_and_no_identifier(as_json, table):
    path = table(ONE)
    found = as_json("condition", "phenobarbital", path, "--seed", 3)
    (patient,) = found["patients"]
    me = _me(path, seed=3)
    assert patient["patient"] == "patient 1"
    assert patient["parameters"]["CL"]["mean"] == pytest.approx(float(me.data["CL"].mean()))
    assert patient["diagnostics"]["khat"] == pytest.approx(me.diagnostics.khat)
    assert patient["units"] == {"CL": "L/h", "V": "L"}
    assert patient["red_flags"]["raised"] == []
    assert patient["refused"] is None
    assert "MRN-" not in json.dumps(found)
    assert found["written"] == []


def test_each_patient_of_a_table(as_json, bayesdose, table):
    path = table(ONE + OTHER)
    found = as_json("condition", "phenobarbital", path, "--ids")
    assert [p["patient"] for p in found["patients"]] == ["MRN-7", "MRN-9"]
    one = as_json("condition", "phenobarbital", path, "--id", "MRN-7")["patients"][0]
    first = found["patients"][0]
    assert first["parameters"]["V"]["mean"] == pytest.approx(one["parameters"]["V"]["mean"])
    assert first["parameters"]["V"]["upper"] == pytest.approx(one["parameters"]["V"]["upper"])
    shown = bayesdose("condition", "phenobarbital", path).stdout
    assert "patient 2\nposterior  1 level, importance sampling" in shown
    assert "MRN-" not in shown


def test_what_is_impossible_is_refused_with_its_reason(as_json, bayesdose, here, table):
    path = table(ONE.split("\n")[0] + "\n" + IMPOSSIBLE)
    shown = bayesdose("condition", "phenobarbital", path, "--draws-out", "draws.nc")
    assert shown.exit_code == 1
    assert "Refused" in shown.stderr
    assert shown.stdout == ""
    found = as_json("condition", "phenobarbital", path, "--draws-out", "draws.nc")
    assert found["exit_code"] == 1
    assert found["error"]["kind"] == "refused"
    assert found["patients"][0]["refused"] == found["error"]["message"]
    assert found["patients"][0]["red_flags"]["raised"]
    assert [p.name for p in here.iterdir()] == ["table.csv"]


def test_one_refused_patient_leaves_the_others(as_json, table):
    found = as_json("condition", "phenobarbital", table(ONE + IMPOSSIBLE + OTHER))
    assert found["exit_code"] == 1
    assert [p["refused"] is None for p in found["patients"]] == [True, False, True]


def test_red_flags_are_told(bayesdose, table):
    shown = bayesdose("condition", "phenobarbital", table(ONE.replace("40,.,30", "40,.,75")))
    assert "red flags  " in shown.output
    assert "re-check" in shown.output


@pytest.mark.parametrize("name", ["draws.nc", "deeper/draws.csv"])
def test_draws_are_written(as_json, here, table, name):
    path = table(ONE)
    found = as_json("condition", "phenobarbital", path, "--precision", "tails", "--draws-out", name)
    assert found["written"] == [name]
    assert found["patients"][0]["diagnostics"]["precision"] == "tails"
    fit = bd.load_fit("phenobarbital")
    me = bd.condition(fit, bd.read_study(path, fit.model), seed=1, precision="tails")
    if name.endswith(".nc"):
        with xr.open_dataset(here / name, engine="h5netcdf") as stored:
            xr.testing.assert_equal(stored.load(), me.data)
            assert stored.attrs["model"] == "phenobarbital"
            assert stored["CL"].attrs["units"] == "L/h"
    else:
        stored = pd.read_csv(here / name)
        assert len(stored) == len(me)
        np.testing.assert_allclose(stored["z[V]"], me.data["z"].sel(eta="V"))
    assert b"MRN-" not in (here / name).read_bytes()


def test_bad_input(bayesdose, here, table):
    two = table(ONE + OTHER)
    run = ("condition", "phenobarbital", two)
    assert bayesdose(*run, "--draws-out", "draws.txt").exit_code == 2
    assert bayesdose(*run, "--draws-out", "draws.nc").exit_code == 2  # of several patients
    assert bayesdose(*run, "--id", "nobody").exit_code == 2
    assert bayesdose(*run, "--precision", "high").exit_code == 2
    assert bayesdose("condition", "no-such-fit", two).exit_code == 2
    assert bayesdose("condition", "phenobarbital", "none.csv").exit_code == 2
    assert bayesdose(*run, "--id", "MRN-7", "--draws-out", here / "table.csv" / "x.nc").exit_code == 2
    assert [p.name for p in here.iterdir()] == ["table.csv"]
