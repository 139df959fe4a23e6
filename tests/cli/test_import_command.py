"""Drafts from control streams and tables, through the command line."""

from pathlib import Path

import pytest

import bayesdose as bd

CONTROL_STREAM = """$PROBLEM A drug into the vein
$INPUT ID TIME AMT DV
$DATA vein.csv IGNORE=@
$SUBROUTINES ADVAN1 TRANS2
$PK
  CL = THETA(1)*EXP(ETA(1))
  V  = THETA(2)
  S1 = V
$ERROR
  Y = F + EPS(1)
$THETA (0, 2.8) (0, 32)
$OMEGA 0.07
$SIGMA 0.02
"""


@pytest.fixture
def stream(here):
    Path("run7.mod").write_text(CONTROL_STREAM, encoding="utf-8")
    return "run7.mod"


def test_a_draft_is_tried_and_written_with_its_notes(as_json, stream):
    units = ("--time", "h", "--amount", "ug", "--concentration", "ug/L")
    found = as_json("import", "nonmem", stream, "-o", "specs/vein.py", *units)
    assert found["exit_code"] == 0
    assert found["status"] == "unverified"
    assert [note["line"] for note in found["notes"]] == ["$THETA, $OMEGA, $SIGMA"]
    card = bd.load_model("specs/vein.py").card
    assert (card.units.amount, card.evidence.status) == ("ug", "unverified")


def test_the_notes_are_shown(bayesdose, stream):
    shown = bayesdose("import", "nonmem", stream)
    assert shown.exit_code == 0
    assert "Not carried over" in shown.stdout
    assert "h, mg and mg/L" in shown.stdout
    again = bayesdose("import", "nonmem", stream)
    assert again.exit_code == 2
    assert "there already" in again.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nonmem", "run7.mod", "--time", "h"), "together"),
        (("nonmem", "run7.mod", "-o", "spec.txt"), ".py"),
        (("nonmem", "run8.mod"), "run8.mod"),
        (("table", "run7.mod", "--structure", "oral"), "structure 'oral'"),
        (("table", "run7.mod", "--structure", "one_compartment"), "table of parameters"),
    ],
)
def test_bad_input_writes_nothing(bayesdose, stream, arguments, words):
    shown = bayesdose("import", *arguments)
    assert shown.exit_code == 2
    assert words in shown.stderr
    assert [path.name for path in Path().iterdir()] == ["run7.mod"]


def test_a_draft_that_does_not_work_is_not_written(bayesdose, stream):
    Path(stream).write_text(CONTROL_STREAM.replace("(0, 32)", "0 FIX"), encoding="utf-8")
    shown = bayesdose("import", "nonmem", stream)
    assert shown.exit_code == 2
    assert "finite density" in shown.stderr
    assert not Path("run7.py").exists()


def test_a_table_of_parameters(bayesdose, here):
    rows = ["parameter,estimate,rse,bsv_sd", "CL,2.8,10,0.3", "V,32,8,", "prop.sd,0.1,12,"]
    Path("drug.csv").write_text("\n".join(rows), encoding="utf-8")
    shown = bayesdose("import", "table", "drug.csv", "--structure", "one_compartment")
    assert shown.exit_code == 0
    assert "covariates: none is read" in shown.stdout
    assert bd.load_model("drug.py").card.compartments == ("central",)
