"""The commands on real models and fits: what they answer, write and refuse."""

import json
import re
import shutil

import pytest

import bayesdose as bd
from bayesdose.case import NOTICE
from bayesdose.model import shipped_folder

SECRET = "MRN-4711"
ROWS = f"{SECRET},0,20.7,.,0.9,Mary\n{SECRET},1.8,.,20.8,0.9,has a rash\n"
TABLE = "ID,TIME,AMT,DV,WT,NOTES\n" + ROWS


@pytest.fixture
def neonate(here):
    """One patient with one level, under an ID that must not leave the table."""
    (here / "neonate.csv").write_text(TABLE)
    return here / "neonate.csv"


def _copy_of_fit(here, change):
    """Copy the stored fit and change its provenance."""
    folder = here / "my-fit"
    shutil.copytree(shipped_folder("fits") / "phenobarbital", folder)
    record = json.loads((folder / "provenance.json").read_text())
    change(record)
    (folder / "provenance.json").write_text(json.dumps(record))
    return folder


def _fail_a_check(record):
    record["checks"][0]["value"] = 1.2


# models, check


def test_models(bayesdose, as_json):
    shown = bayesdose("models")
    assert shown.exit_code == 0
    assert "phenobarbital" in shown.stdout
    assert "WT (kg)" in shown.stdout
    listed = {model["name"]: model for model in as_json("models")["models"]}
    assert set(listed) >= {"phenobarbital", "theophylline"}
    assert listed["phenobarbital"]["covariates"][0]["name"] == "WT"


def test_check(bayesdose, as_json, stored_fit):
    shown = bayesdose("check", "phenobarbital")
    assert shown.exit_code == 0
    assert "all checks hold" in shown.stdout
    assert "CL" in shown.stdout
    found = as_json("check", "phenobarbital")
    assert found["passed"] is True
    assert found["model"]["hash"] == stored_fit.model.hash
    assert {row["parameter"] for row in found["parameters"]} >= {"CL", "V", "sigma_prop"}
    assert "key" not in found["data"]


def test_a_fit_that_failed_its_checks_is_refused(bayesdose, as_json, here, neonate, case):
    folder = _copy_of_fit(here, _fail_a_check)
    shown = bayesdose("check", folder)
    assert shown.exit_code == 1
    assert "NOT CONVERGED" in shown.stdout
    assert as_json("check", folder)["passed"] is False
    shown = bayesdose("recommend", folder, neonate, "--case", case, "--out", "answer")
    assert shown.exit_code == 1
    assert shown.stdout == ""
    assert "Refused: the fit of phenobarbital has not converged" in shown.stderr
    assert not (here / "answer").exists()


def test_a_fit_of_another_spec_is_bad_input(bayesdose, here):
    def change(record):
        record["model"]["hash"] = "0" * 64

    shown = bayesdose("check", _copy_of_fit(here, change))
    assert shown.exit_code == 2
    assert "has changed since this fit was made" in shown.stderr


def test_the_users_own_spec_is_named_by_the_user(bayesdose, here):
    def change(record):
        record["model"]["name"] = "mine"

    folder = _copy_of_fit(here, change)
    shutil.copy(shipped_folder("model_specs") / "phenobarbital.py", here / "mine.py")
    shown = bayesdose("check", folder)
    assert shown.exit_code == 2
    assert "does not come with the package" in shown.stderr
    assert bayesdose("check", folder, "--model", "mine.py").exit_code == 0


# recommend


def test_recommend(bayesdose, here, neonate, case):
    shown = bayesdose("recommend", "phenobarbital", neonate, "--case", case)
    assert shown.exit_code == 0
    assert re.search(r"^best +\d.* mg/kg every", shown.stdout, re.MULTILINE)
    assert "k-hat" in shown.stdout
    assert NOTICE in shown.stdout
    assert SECRET not in shown.output
    assert list(here.iterdir()) == [neonate]


def test_recommend_writes_a_report_and_the_decision(as_json, here, neonate, case):
    found = as_json("recommend", "phenobarbital", neonate, "--case", case, "--out", "answer")
    assert found["exit_code"] == 0
    written = json.loads((here / "answer" / "decision.json").read_text())
    assert written["decision"] == found["decision"]
    assert written["fit"]["model"]["name"] == "phenobarbital"
    assert written["case"]["condition"]["seed"] == 2
    page = (here / "answer" / "report.html").read_text()
    assert found["decision"]["best"] in page
    assert "before any level" in page
    assert sorted(p.name for p in (here / "answer").iterdir()) == ["decision.json", "report.html"]
    for text in (page, json.dumps(written), json.dumps(found)):
        assert not re.search(f"{SECRET}|Mary|rash", text)


def test_a_patient_of_whom_nothing_is_known_but_the_weight(as_json, here, case):
    (here / "new.csv").write_text("ID,WT\n1,1.2\n")
    (here / "case.toml").write_text(
        case.read_text().replace('start = "24 h after the last dose"', "start = 0")
    )
    found = as_json("recommend", "phenobarbital", "new.csv", "--case", "case.toml", "--out", "answer")
    assert found["exit_code"] == 0
    assert found["individual"]["levels"] == 0
    assert found["individual"]["diagnostics"]["khat"] is None
    assert (here / "answer" / "report.html").exists()


def test_one_patient_of_several(bayesdose, here, case):
    (here / "two.csv").write_text(TABLE + ROWS.replace(SECRET, "B"))
    shown = bayesdose("recommend", "phenobarbital", "two.csv", "--case", case)
    assert shown.exit_code == 2
    assert "Came: 2 subjects. Fix: name one: --id SUBJECT" in shown.stderr
    assert bayesdose("recommend", "phenobarbital", "two.csv", "--case", case, "--id", "C").exit_code == 2
    assert bayesdose("recommend", "phenobarbital", "two.csv", "--case", case, "--id", "B").exit_code == 0


def test_a_posterior_that_is_not_reliable_is_refused(bayesdose, as_json, here, case):
    (here / "odd.csv").write_text("ID,TIME,AMT,DV,WT\n1,0,20,.,1\n1,2,.,2000,1\n1,4,.,1,1\n1,6,.,900,1\n")
    shown = bayesdose("recommend", "phenobarbital", "odd.csv", "--case", case, "--out", "answer")
    assert shown.exit_code == 1
    assert "Refused: " in shown.stderr
    assert "k-hat" in shown.stderr
    found = as_json("recommend", "phenobarbital", "odd.csv", "--case", case)
    assert (found["exit_code"], found["error"]["kind"]) == (1, "refused")
    assert not (here / "answer").exists()


def test_a_patient_who_was_in_the_fit_is_warned_of(bayesdose, here, case):
    (here / "fitted.csv").write_text("ID,TIME,AMT,DV,WT\n1,0,25,.,1.4\n1,2,.,17.3,1.4\n")
    shown = bayesdose("recommend", "phenobarbital", "fitted.csv", "--case", case)
    assert shown.exit_code == 0
    assert "warning    1 of the patient's levels were in the fit" in shown.stdout


# fit


@pytest.mark.slow
def test_fit_stores_a_fit_that_failed_and_says_so(bayesdose, here):
    table = bd.data_path("theophylline")
    arguments = ("--draws", "30", "--tune", "60", "--chains", "2", "--seed", "3", "--json")
    shown = bayesdose("fit", "theophylline", table, "--out", "short", *arguments)
    found = json.loads(shown.stdout)
    assert (shown.exit_code, found["exit_code"], found["passed"]) == (1, 1, False)
    assert "NOT CONVERGED" in shown.stderr
    assert "==> Sampling its posterior" in shown.stderr
    assert found["sampler"]["draws"] == 30
    stored = bd.load_fit(here / "short")
    assert not stored.check().passed
    assert stored.provenance["seed"] == 3
    assert bayesdose("check", "short").exit_code == 1


# red flags


def test_red_flags_block_what_escalates_until_they_are_acknowledged(bayesdose, as_json, here, case):
    # a level three times too high: nothing may follow from it unseen
    (here / "odd.csv").write_text(TABLE.replace("20.8", "60"))
    asked = ("recommend", "phenobarbital", "odd.csv", "--case", case)
    held = as_json(*asked)
    names = [flag["name"] for flag in held["red_flags"]["raised"]]
    assert "levels improbable together" in names
    assert held["decision"]["flags"]
    assert held["decision"]["acknowledged"] is None
    assert any("red flag" in reason for reason in held["decision"]["blocked"].values())
    free = as_json(*asked, "--acknowledge", "repeated", "--by", "Dr A", "--out", "answer")
    assert free["decision"]["acknowledged"] == {"who": "Dr A", "why": "repeated"}
    assert not any("red flag" in reason for reason in free["decision"]["blocked"].values())
    page = (here / "answer" / "report.html").read_text()
    assert "Acknowledged by Dr A: repeated" in page
    assert "levels improbable together" in page
    assert SECRET not in page
    shown = bayesdose(*asked)
    assert "re-check before escalating" in shown.stderr


def test_red_flags_are_told_where_there_is_no_posterior(as_json, here, case):
    # a level in ug/L: no draw of the population is near it, and nothing is handed out
    (here / "odd.csv").write_text(TABLE.replace("20.8", "20800"))
    refused = as_json("recommend", "phenobarbital", "odd.csv", "--case", case)
    assert refused["exit_code"] == 1
    assert "probable x1000 unit slip" in refused["error"]["message"]


def test_an_acknowledgement_on_the_command_line_needs_who_and_why(bayesdose, neonate, case):
    asked = ("recommend", "phenobarbital", neonate, "--case", case, "--acknowledge", "repeated")
    assert bayesdose(*asked).exit_code == 2
