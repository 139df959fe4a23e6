"""`--until TIME` of recommend and condition: a table that goes on is used up to a time, and it is said."""

import json

import pytest

HEAD = "ID,TIME,AMT,DV,WT\n"
KNOWN = "MRN-7,0,20.7,.,0.9\nMRN-7,1.8,.,20.8,0.9\n"
LATER = "MRN-7,24,4,.,0.9\nMRN-7,40,.,55,0.9\n"
OTHER = "MRN-9,0,18,.,0.8\nMRN-9,30,.,17,0.8\n"


@pytest.fixture
def tables(here):
    """The whole table, and the same up to 20 h."""
    (here / "whole.csv").write_text(HEAD + KNOWN + LATER)
    (here / "known.csv").write_text(HEAD + KNOWN)
    return here / "whole.csv", here / "known.csv"


def test_a_patient_is_conditioned_on_what_was_known(bayesdose, as_json, tables):
    whole, known = tables
    found = as_json("condition", "phenobarbital", whole, "--until", 20)
    assert found["until"] == {"time": 20, "unit": "h", "rows": 2, "levels": 1, "doses": 1}
    expected = as_json("condition", "phenobarbital", known)
    assert "until" not in expected
    assert found["patients"][0]["parameters"] == expected["patients"][0]["parameters"]
    all_of_it = as_json("condition", "phenobarbital", whole, "--until", 40)
    assert all_of_it["until"]["rows"] == 0
    assert all_of_it["patients"][0]["diagnostics"]["levels"] == 2
    shown = bayesdose("condition", "phenobarbital", whole, "--until", 20)
    assert "until      20 h: 2 later rows of the table left out (1 level, 1 dose)" in shown.stdout
    shown = bayesdose("condition", "phenobarbital", whole, "--until", 40)
    assert "no row of the table is later, none was left out" in shown.stdout


def test_rows_of_all_patients_are_counted(bayesdose, as_json, here):
    (here / "two.csv").write_text(HEAD + KNOWN + LATER + OTHER)
    found = as_json("condition", "phenobarbital", "two.csv", "--until", 20)
    assert found["until"]["rows"] == 3
    assert [one["diagnostics"]["levels"] for one in found["patients"]] == [1, 0]
    alone = as_json("condition", "phenobarbital", "two.csv", "--until", 20, "--id", "MRN-9")
    assert alone["until"]["rows"] == 1
    shown = bayesdose("condition", "phenobarbital", "two.csv", "--until", 20)
    assert "3 later rows of the table left out (2 levels, 1 dose)" in shown.stdout


def test_a_choice_is_that_of_the_shorter_table(bayesdose, as_json, here, tables, case):
    whole, known = tables
    found = as_json("recommend", "phenobarbital", whole, "--case", case, "--until", 20, "--out", "answer")
    expected = as_json("recommend", "phenobarbital", known, "--case", case)
    assert found["decision"]["options"] == expected["decision"]["options"]
    assert found["individual"]["levels"] == 1
    assert json.loads((here / "answer" / "decision.json").read_text())["until"]["rows"] == 2
    shown = bayesdose("recommend", "phenobarbital", whole, "--case", case, "--until", 20)
    assert shown.stdout.startswith("until      20 h: 2 later rows of the table left out")


def test_before_the_first_row_nothing_but_covariates_is_known(as_json, tables):
    found = as_json("condition", "phenobarbital", tables[0], "--until", -1)
    assert found["until"]["rows"] == 4
    assert found["patients"][0]["diagnostics"]["levels"] == 0


def test_a_time_that_is_none(bayesdose, tables):
    shown = bayesdose("condition", "phenobarbital", tables[0], "--until", "nan")
    assert shown.exit_code == 2
    assert "--until. Came: nan. Expected: a time in h" in shown.stderr
