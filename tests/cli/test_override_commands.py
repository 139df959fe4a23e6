"""Overriding a limit on the command line, and checking the file that keeps it."""

import pytest

from bayesdose.decision import verify_audit
from bayesdose.decision.limits.audit import append

TABLE = """ID,TIME,AMT,DV,EVID,WT
7,0,25,.,1,1.4
7,2,.,20.8,0,1.4
7,12.5,3.5,.,1,1.4
7,24.5,3.5,.,1,1.4
7,36.5,3.5,.,1,1.4
"""
TIGHT = """
[options]
text = "{amount} mg/kg every {interval} h x 10"
amount = [1, 1.5, 2, 2.5, 3]
interval = [12, 24]
complete = ["amount", "interval"]

[utility]
name = "target"
outcome = "trough"
target = 25

[limits]
max_daily = "2 mg/kg"
"""


@pytest.fixture
def asked(here):
    """A case whose limit is too tight for its target."""
    (here / "one.csv").write_text(TABLE)
    (here / "tight.toml").write_text(TIGHT)
    return ("recommend", "phenobarbital", "one.csv", "--case", "tight.toml")


def test_an_override_is_recorded_and_told(as_json, bayesdose, here, asked):
    held = as_json(*asked)["decision"]
    over = ("--override", "at most 2 mg/kg a day", "--why", "level below target", "--by", "Dr A")
    refused = bayesdose(*asked, *over)
    assert refused.exit_code == 2
    assert "audit file" in refused.stderr
    free = as_json(*asked, *over, "--audit", "kept.jsonl", "--out", "answer")["decision"]
    assert held["blocked"]
    assert not free["blocked"]
    (record,) = verify_audit(here / "kept.jsonl")
    assert free["overrides"] == [dict(record)]
    assert record["decision"]["best"] == free["best"] != held["best"]
    page = (here / "answer" / "report.html").read_text()
    assert "Dr A" in page
    assert "level below target" in page
    assert record["hash"][:12] in page


@pytest.mark.parametrize(
    "more",
    [
        ("--override", "at most 2 mg/kg a day", "--why", "reason", "--audit", "kept.jsonl"),
        ("--override", "at most 2 mg/kg a day", "--by", "Dr A", "--audit", "kept.jsonl"),
        ("--why", "reason", "--by", "Dr A"),
        ("--by", "Dr A"),
    ],
)
def test_an_override_needs_who_and_why(bayesdose, asked, here, more):
    assert bayesdose(*asked, *more).exit_code == 2
    assert not (here / "kept.jsonl").exists()


def test_audit_lists_and_refuses(as_json, bayesdose, here):
    kept = {"kind": "override", "who": "Dr A", "why": "why", "limit": "at most 1 mg a day", "option": None}
    record = append(here / "kept.jsonl", [kept])[0]
    shown = bayesdose("audit", "kept.jsonl", "--expect", record["hash"][:12])
    assert shown.exit_code == 0
    assert "1 record, each as it was written" in shown.stdout
    assert "at most 1 mg a day, by Dr A: why" in shown.stdout
    assert as_json("audit", "kept.jsonl")["records"] == [dict(record)]
    assert as_json("audit", "kept.jsonl", "--expect", "0" * 12)["exit_code"] == 1
    (here / "kept.jsonl").write_text((here / "kept.jsonl").read_text().replace("Dr A", "Dr B"))
    assert as_json("audit", "kept.jsonl")["exit_code"] == 1
    assert as_json("audit", "none.jsonl")["exit_code"] == 2
