"""Bad input: exit code 2, a message on standard error, no traceback, nothing written."""

from pathlib import Path

import pytest

from bayesdose.cli import answers

BAD_TABLES = Path(__file__).resolve().parents[1] / "study" / "bad_tables"
SPEC = Path(__file__).with_name("spec_with_apgar.py")
SPEC_OF_KINDS = BAD_TABLES.with_name("spec_of_kinds.py")
SLIP = """import bayesdose as bd
CARD = bd.Card(drug="x", source="x", covariates=[bd.Covariate("WT", unit="kg")])
def model(study):
    with bd.population_model(study, CARD) as m:
        bd.observe("DV", bd.one_compartment(Cl=1.0, V=1.0), error=bd.additive(1.0))
    return m
"""
GOOD = "ID,TIME,AMT,DV,WT\n1,0,20,.,1\n1,2,.,17,1\n"


def _table(folder, text=GOOD, name="neonate.csv"):
    (folder / name).write_text(text)
    return folder / name


@pytest.mark.parametrize("table", sorted(BAD_TABLES.rglob("*.csv")), ids=lambda p: p.stem)
def test_a_bad_table_ends_in_2_and_nothing_is_written(bayesdose, here, table):
    spec = SPEC_OF_KINDS if table.parent.name == "kinds" else SPEC
    shown = bayesdose("fit", spec, table, "--out", "out")
    assert shown.exit_code == 2
    assert shown.stdout == ""
    assert f"Bad input: {table.name}: " in shown.stderr
    assert "what to do" in shown.stderr
    assert list(here.iterdir()) == []


def test_findings_as_json(as_json, here):
    found = as_json("fit", SPEC, BAD_TABLES / "many_faults.csv")
    assert found["exit_code"] == 2
    assert found["error"]["kind"] == "bad input"
    findings = found["error"]["findings"]
    expected = {"row": 3, "subject": "1", "column": "DV", "level": "error"}
    assert any(expected.items() <= finding.items() for finding in findings)
    assert all(finding["fix"] for finding in findings)
    assert list(here.iterdir()) == []


def test_a_subject_that_cannot_be_fitted(bayesdose, here):
    table = _table(here, GOOD + "2,0,20,.,1\n")
    shown = bayesdose("fit", "phenobarbital", table)
    assert shown.exit_code == 2
    assert "no level to fit" in shown.stderr
    assert list(here.iterdir()) == [table]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["fit", "fenobarbital", "neonate.csv"], "Probably meant: phenobarbital"),
        (["fit", "no.py", "neonate.csv"], "there is no model spec"),
        (["fit", "phenobarbital", "neonates.csv"], "'neonate.csv' was meant"),
        (["fit", "phenobarbital", "."], "is a directory"),
        (["fit", "phenobarbital", "neonate.csv", "--out", "taken"], "is not a stored fit"),
        (["fit", "phenobarbital", "neonate.csv", "--out", "neonate.csv"], "is not a stored fit"),
        (["fit", "phenobarbital", "neonate.csv", "--centred", "Cl"], "Probably meant: CL"),
        (["fit", "broken.py", "neonate.csv"], "failed while it was loaded. Came: ZeroDivisionError"),
        (["fit", "slip.py", "neonate.csv"], "failed at line 5 of slip.py. Came: TypeError"),
        (["fit", "syntax.py", "neonate.csv"], "not valid Python"),
        (["fit", "nothing.py", "neonate.csv"], "is not a model spec"),
        (["check", "nowhere"], "there is no fit at nowhere"),
        (["check", "taken"], "is not a stored fit"),
        (["recommend", "nowhere", "neonate.csv", "--case", "no.toml"], "cannot be read"),
        (["recommend", "nowhere", "neonate.csv", "--case", "bad.toml"], "Probably meant: options"),
        (["demo", "--out", "neonate.csv"], "cannot be a folder"),
    ],
)
def test_what_was_wrong_is_said(bayesdose, here, arguments, said):
    _table(here)
    (here / "taken").mkdir()
    (here / "taken" / "thesis.txt").write_text("mine")
    (here / "broken.py").write_text("1 / 0\n")
    (here / "slip.py").write_text(SLIP)
    (here / "syntax.py").write_text("def (\n")
    (here / "nothing.py").write_text("x = 1\n")
    (here / "bad.toml").write_text("[option]\n")
    before = sorted(here.rglob("*"))
    shown = bayesdose(*arguments)
    assert shown.exit_code == 2
    assert shown.stdout == ""
    assert "Bad input: " in shown.stderr
    assert said in " ".join(shown.stderr.split())
    assert [p for p in sorted(here.rglob("*")) if p.suffix != ".pyc" and p.name != "__pycache__"] == before


def test_nothing_of_a_message_is_markup_or_control(bayesdose, here):
    shown = bayesdose("fit", "phenobarbital", "[red]a\x1b[31mb.csv")
    assert shown.exit_code == 2
    assert "[red]a?[31mb.csv" in shown.stderr


# Errors that nobody raised on purpose


def _broken(*_, **__):
    raise RuntimeError("first line\nsecond line")


def test_a_bug_is_one_line(bayesdose, monkeypatch):
    monkeypatch.setattr("bayesdose.model.load_model", _broken)
    monkeypatch.setattr("bayesdose.model.shipped_models", _broken)
    shown = bayesdose("models")
    assert shown.exit_code == answers.BUG == 70
    assert shown.stderr == "Unexpected: RuntimeError: first line (this is a bug; --debug shows where)\n"


def test_a_bug_has_its_traceback_with_debug(here, monkeypatch, capsys):
    code = answers.answer(_broken, as_json=False, debug=True)
    assert code == 70
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "Traceback" in shown.err


def test_ctrl_c_is_130(capsys):
    def interrupted():
        raise KeyboardInterrupt

    assert answers.answer(interrupted, as_json=False, debug=True) == 130
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("Interrupted")
    assert "Traceback" not in shown.err


def test_what_cannot_be_written_is_bad_input(capsys):
    def full():
        raise PermissionError(13, "Permission denied", "out/report.html")

    assert answers.answer(full, as_json=False, debug=False) == 2
    assert capsys.readouterr().err == "Bad input: out/report.html: Permission denied\n"


def test_json_has_standard_output_for_itself(capsys):
    def talks():
        print("a library talks")
        return answers.Answer({"value": float("nan")}, ("words",), 1)

    assert answers.answer(talks, as_json=True, debug=False) == 1
    shown = capsys.readouterr()
    assert shown.err == "a library talks\n"
    assert shown.out == '{\n  "value": null,\n  "exit_code": 1\n}\n'
