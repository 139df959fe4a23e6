"""recommend with outcomes, costs and criteria of the case; what is recorded nowhere is said."""

import json

import pytest

from bayesdose.case import make_case, read_case

TABLE = "ID,TIME,AMT,DV,WT\nA1,0,20.7,.,0.9\nA1,1.8,.,20.8,0.9\n"
# the numbers of this case are made up
COSTS = """
[options]
text = "{amount} mg/kg every 24 h for 5 days"
amount = [1, 2, 3, 4]
start = "24 h after the last dose"
current = false

[outcomes]
trough = { metric = "trough" }
hours = { metric = "time above", threshold = "15 mg/L" }
peak = { metric = "peak" }
controlled = { metric = "sigmoid event", of = "trough", half = "12 mg/L", gamma = 4 }
sedated = { metric = "logistic event", of = "peak", intercept = -8, slope = 0.2 }
cost = { metric = "cost", currency = "EUR", dose = 4, events = { sedated = 2000 } }

[utility]
name = "benefit minus harm"
benefit = "controlled"
harm = "sedated"
alpha = 1

[[limits.chance]]
outcome = "sedated"
at_most = 0.4

[criterion]
name = "CVaR"
share = 0.25

[economics]
effect = "controlled"
cost = "cost"
willingness_to_pay = 3000
"""


@pytest.fixture
def neonate(here):
    (here / "neonate.csv").write_text(TABLE)
    return here / "neonate.csv"


@pytest.fixture
def costs(here):
    (here / "costs.toml").write_text(COSTS)
    return here / "costs.toml"


def test_costs_and_effects_are_printed_written_and_reported(bayesdose, here, neonate, costs):
    shown = bayesdose("recommend", "phenobarbital", neonate, "--case", costs, "--out", "answer")
    assert shown.exit_code == 0
    assert "criterion     CVaR: expected utility of the worst 25 % of the draws" in shown.stdout
    assert "Net monetary benefit at 3,000 EUR for one unit of controlled" in shown.stdout
    record = json.loads((here / "answer" / "decision.json").read_text())
    money, decided = record["economics"], record["decision"]
    assert money["reference"] == "no treatment"
    counted = {row["option"] for row in money["net_benefit"]}
    assert counted == {row["option"] for row in decided["options"]} - set(decided["blocked"])
    best = max(money["net_benefit"], key=lambda row: row["net_benefit"])
    assert best["option"] == money["best"]
    assert best["net_benefit"] == pytest.approx(3000 * best["effect"] - best["cost"])
    assert record["sensitivity"]["score"] == "CVaR 25 %"
    assert make_case(record["case"]) == read_case(costs)
    page = (here / "answer" / "report.html").read_text()
    for words in (
        "Costs and effects",
        "sigmoid event of trough: half 12 mg/L, gamma 4, largest 1, baseline 0",
        "cost: currency EUR, fixed 0, dose 4, events 2000 x sedated",
        "None was found in the patient",
        "CVaR 25 % of the choice",
    ):
        assert words in page


def test_an_acknowledgement_is_recorded_where_a_file_is_named(bayesdose, as_json, here, case):
    (here / "odd.csv").write_text(TABLE.replace("20.8", "60"))
    asked = (
        "recommend",
        "phenobarbital",
        "odd.csv",
        "--case",
        case,
        "--acknowledge",
        "repeated",
        "--by",
        "Dr A",
    )
    alone = bayesdose(*asked, "--out", "answer")
    assert "recorded nowhere but in this choice" in " ".join(alone.stdout.split())
    page = (here / "answer" / "report.html").read_text()
    assert "Acknowledged by Dr A: repeated (in no audit file: recorded nowhere but here)" in page
    kept = as_json(*asked, "--audit", "audit.jsonl")
    assert kept["decision"]["recorded"] is True
    assert json.loads((here / "audit.jsonl").read_text())["who"] == "Dr A"
    assert not any("nowhere" in reason for reason in kept["decision"]["reasons"])


def test_what_does_not_fit_is_said_under_its_key(bayesdose, here, neonate, costs):
    costs.write_text(COSTS.replace('half = "12 mg/L"', 'half = "12 h"'))
    shown = bayesdose("recommend", "phenobarbital", neonate, "--case", costs)
    assert shown.exit_code == 2
    assert "outcomes.controlled: " in shown.stderr


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('threshold = "15 mg/L"', 'threshold = "15 h"', "'h' does not convert to 'mg/L'"),
        ('start = "24 h after the last dose"', "start = 1", "cannot start before the last record"),
        ("mg/kg every", "mg/m2 every", "BSA"),
    ],
)
def test_what_does_not_fit_the_patient_is_said_before_conditioning(
    bayesdose, neonate, costs, monkeypatch, old, new, said
):
    monkeypatch.setattr("bayesdose.individual.condition", lambda *_, **__: pytest.fail("conditioned"))
    monkeypatch.setattr("bayesdose.flags.red_flags", lambda *_, **__: pytest.fail("looked for flags"))
    costs.write_text(COSTS.replace(old, new))
    shown = bayesdose("recommend", "phenobarbital", neonate, "--case", costs)
    assert shown.exit_code == 2
    assert said in shown.stderr
