"""`bayesdose validate`: exit codes, files, no identifiers."""

import json
import re
from pathlib import Path
from runpy import run_path

import pytest

import bayesdose as bd


@pytest.fixture
def table(here):
    """The phenobarbital data, whose subjects have names that must not leave the table."""
    text = bd.data_path("phenobarbital").read_text()
    head, *rows = text.strip().split("\n")
    assert head.split(",")[0] == "ID"
    (here / "neonates.csv").write_text("\n".join([head, *(f"MRN-{row}" for row in rows)]) + "\n")
    return here / "neonates.csv"


QUICK = ("--replicates", 200)


def test_a_fit_that_passes(as_json, here, table):
    found = as_json("validate", "phenobarbital", table, *QUICK, "--out", "answer")
    assert found["exit_code"] == 0
    assert found["passed"] is True
    assert sorted(p.name for p in (here / "answer").iterdir()) == ["validation.html", "validation.json"]
    written = json.loads((here / "answer" / "validation.json").read_text())
    assert written["rows"] == found["rows"]
    for file in (here / "answer").iterdir():
        assert "MRN-" not in file.read_text()


def test_a_limit_that_is_not_met(bayesdose, here, table):
    (here / "strict.toml").write_text("npde_mean = 0\n")
    shown = bayesdose("validate", "phenobarbital", table, *QUICK, "--limits", "strict.toml")
    assert shown.exit_code == 1
    assert "NOT PASSED: 1 of" in shown.stdout
    assert re.search(r"npde: \|mean\|.*FAILED", shown.stdout)
    assert sorted(p.name for p in here.iterdir()) == ["neonates.csv", "strict.toml"]


def test_what_cannot_be_run(bayesdose, here, table):
    (here / "wrong.toml").write_text("npde_mena = 0\n")
    assert bayesdose("validate", "phenobarbital", table, "--limits", "wrong.toml").exit_code == 2
    assert bayesdose("validate", "phenobarbital", table, "--folds", 60, *QUICK).exit_code == 2
    assert bayesdose("validate", "phenobarbital", table, "--by", "AGE", *QUICK).exit_code == 2
    assert bayesdose("validate", "phenobarbital", "none.csv").exit_code == 2


def test_identifiers_are_there_when_asked_for(as_json, table):
    found = as_json("validate", "phenobarbital", table, *QUICK, "--ids")
    assert found["levels"]["npde"][0]["subject"] == "MRN-1"


def test_a_study_of_counts_and_categories_only(as_json, bayesdose, here):
    kinds = run_path(str(Path(__file__).parents[1] / "populations" / "kinds.py"))
    study, fit = kinds["drawn"](16, seed=2)
    fit.save("truth")
    columns = ["ID", "TIME", "AMT", "II", "ADDL", "EVID", "DVID", "DV", "CENS", "ARM"]
    counted = study.records[study.records["DVID"].isin((2, 3)) | (study.records["EVID"] == 1)][columns]
    counted.to_csv("counts.csv", index=False)
    asked = ("validate", "truth", "--model", kinds["MODEL"], "--replicates", 100)
    found = as_json(*asked[:2], "counts.csv", *asked[2:])
    assert found["exit_code"] == 0
    assert found["npde"] is None
    assert {"VPC", "pcVPC", "npde"} < set(found["left_out"])
    assert [row["check"] for row in found["rows"]][1] == "counts and categories: share inside"
    more = counted.assign(DV=counted["DV"].where(counted["DVID"] != 2, 3 * counted["DV"]))
    more.to_csv("more.csv", index=False)
    shown = bayesdose(*asked[:2], "more.csv", *asked[2:], "--out", "answer")
    assert shown.exit_code == 1, shown.stdout
    assert "counts and categories: p of that share" in shown.stdout
    assert "npde: no level is of a continuous kind." in (here / "answer" / "validation.html").read_text()
