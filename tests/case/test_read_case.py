"""Reading a case file: what it becomes, and that everything wrong with it is said at once."""

import re
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest
from pydantic import ValidationError

import bayesdose as bd
from bayesdose.case import make_case, read_case
from bayesdose.case.outcomes import DERIVED_TABLES
from bayesdose.case.tables import (
    PART_TABLES,
    UTILITY_TABLES,
    ChanceTable,
    ConditionTable,
    ContraindicatedTable,
    CriterionTable,
    EconomicsTable,
    LimitsTable,
    LoadTable,
    OptionsTable,
    OutcomeTable,
    SoftTable,
)
from bayesdose.decision import Target, Window
from bayesdose.errors import InputError

DOCS = Path(__file__).resolve().parents[2] / "docs"
OPTIONS = {"text": "{amount} mg/kg every {interval} h x 10", "amount": [1, 2], "interval": 12}
UTILITY = {"name": "window", "outcome": "trough", "low": 15, "high": 30}
GOOD = {"options": OPTIONS, "utility": UTILITY}
TARGET = {"name": "target", "outcome": "peak", "target": 1}


def _complaints(content):
    """Return key -> complaint of a case that must be refused."""
    with pytest.raises(InputError) as caught:
        make_case(content, "case.toml")
    first, *lines = str(caught.value).splitlines()
    n = len(lines)
    assert first == f"case.toml: {n} problem{'s' if n > 1 else ''}"
    return dict(re.split(r"\s{2,}", line.strip(), maxsplit=1) for line in lines)


def _options(**changes):
    return {**GOOD, "options": {**OPTIONS, **changes}}


def _utility(**changes):
    return {**GOOD, "utility": {**UTILITY, **changes}}


# What it becomes


def test_the_shipped_example_is_read():
    case = read_case(DOCS / "examples" / "neonate.toml")
    assert case.utility == Window("trough", 15, 30, "peak", 40, 2)
    assert dict(case.options.values)["interval"] == (12, 24)
    assert [str(limit) for limit in case.limit_list()] == ["at most 10 mg/kg a day"]
    assert set(case.outcomes) == {"trough", "peak"}
    assert case.condition.seed == 2


def test_a_case_needs_options_and_a_utility_only():
    case = make_case(GOOD)
    assert {name: (o.metric, o.after_dose) for name, o in case.outcomes.items()} == {
        "trough": ("trough", -1),
        "peak": ("peak", -1),
        "auc24": ("auc24", -1),
    }
    assert case.limit_list() == []
    assert case.indifference is None
    assert (case.condition.particles, case.condition.draws, case.condition.seed) == (4096, 4000, 1)
    assert (case.options.start, case.options.current, case.options.complete) == (None, True, ())


def test_numbers_may_stand_beside_the_text_or_in_a_table():
    flat = make_case(GOOD)
    lists = {"amount": [1, 2], "interval": [12]}
    nested = make_case({**GOOD, "options": {"text": OPTIONS["text"], "values": lists}})
    assert flat == nested
    assert flat.options.values == {"amount": (1.0, 2.0), "interval": (12.0,)}


def test_a_case_is_frozen():
    case = make_case(GOOD)
    with pytest.raises(FrozenInstanceError):
        case.indifference = 1.0
    with pytest.raises(ValidationError):
        case.limits.max_daily = "1 mg"


def test_a_case_returns_to_the_form_of_its_file():
    case = read_case(DOCS / "examples" / "neonate.toml")
    assert make_case(case.to_dict()) == case
    at_once = make_case(_options(start=0))
    assert make_case(at_once.to_dict()) == at_once


def test_a_target_utility():
    utility = {
        "name": "target",
        "outcome": "auc24",
        "target": 400,
        "loss": "log-squared",
        "indifference": 0.01,
    }
    case = make_case({**GOOD, "utility": utility})
    assert case.utility == Target("auc24", 400, "log-squared")
    assert case.indifference == 0.01
    assert make_case(case.to_dict()) == case


def test_a_byte_order_mark_is_nothing(tmp_path):
    path = tmp_path / "case.toml"
    path.write_bytes(b"\xef\xbb\xbf" + (DOCS / "examples" / "neonate.toml").read_bytes())
    assert read_case(path) == read_case(DOCS / "examples" / "neonate.toml")


@pytest.mark.parametrize(
    ("start", "first"),
    [
        ("24 h after the last dose", 24.0),
        ("1 day after the last dose", 24.0),
        ("30 min after the last record", 2.5),
        (36, 36.0),
        (None, 2.0),
    ],
)
def test_the_start_counts_from_the_history(start, first):
    case = make_case(_options(start=start) if start is not None else GOOD)
    options = case.regimens(_patient([(0, 20, None), (2, None, 17.3)]))
    assert options.start == pytest.approx(first)


def test_the_last_dose_may_be_an_additional_one():
    patient = _patient([(0, 20, None), (30, None, 17.3)], II=[12, 0], ADDL=[5, 0])
    assert make_case(_options(start="12 h after the last dose")).regimens(patient).start == 36


def test_no_last_dose_to_count_from():
    case = make_case(_options(start="24 h after the last dose"))
    with pytest.raises(InputError, match="none was given yet"):
        case.regimens(_patient([(0, None, None)]))


def test_the_current_regimen_can_be_left_out():
    patient = _patient([(0, 20, None), (12, 3, None), (24, 3, None)])
    with_it, without = make_case(GOOD), make_case(_options(current=False))
    assert "current regimen" in with_it.regimens(patient).table["option"].values
    assert "current regimen" not in without.regimens(patient).table["option"].values


def _patient(rows, **columns):
    import pandas as pd

    weight = bd.Covariate("WT", unit="kg")
    table = pd.DataFrame([{"ID": 1, "TIME": t, "AMT": a, "DV": y, "WT": 1.0} for t, a, y in rows])
    return bd.read_study(table.assign(**columns), bd.Card(drug="x", source="none", covariates=[weight]))


# What is refused


def test_everything_wrong_is_said_at_once():
    found = _complaints(
        {
            "option": {},
            "options": {"text": OPTIONS["text"], "amout": [1], "interval": [], "star": "x", "start": "soon"},
            "outcomes": {"a b": {"metric": "troff"}, "peak": {"metric": "peak", "after_dose": 1.5}},
            "utility": {"name": "window", "outcom": "trough", "low": "15", "high": 30},
            "limits": {"max_dayly": "10 mg/kg"},
            "condition": {"particles": 1, "seed": True},
        }
    )
    assert set(found) == {
        "option",
        "options.interval",
        "options.start",
        "options.star",
        "outcomes.a b",
        "outcomes.a b.metric",
        "outcomes.peak.after_dose",
        "utility.outcome",
        "utility.outcom",
        "utility.low",
        "limits.max_dayly",
        "condition.particles",
        "condition.seed",
    }
    meant = {
        "option": "options",
        "options.star": "start",
        "utility.outcom": "outcome",
        "limits.max_dayly": "max_daily",
    }
    for key, name in meant.items():
        assert f"Probably meant: {name}." in found[key]


@pytest.mark.parametrize(
    ("content", "key", "complaint"),
    [
        ({"utility": UTILITY}, "options", "is missing"),
        ({"options": OPTIONS}, "utility", "needs a name"),
        ({**GOOD, "options": 1}, "options", "expected a table"),
        ({**GOOD, "outcomes": {}}, "outcomes", "names no outcome"),
        ({**GOOD, "outcomes": 3}, "outcomes", "names no outcome"),
        ({**GOOD, "limits": []}, "limits", "expected a table"),
        (_options(text="{amount} mg/kg evry {interval} h x 10"), "options.text", "Probably meant: every"),
        (_options(text="{amount} mg/kg every {interval} h"), "options.text", "the end of the text"),
        (_options(text="{amount} mgg/kg every {interval} h x 10"), "options.text", "'mgg' is not a unit"),
        (_options(amount=[1, -2]), "options.amount", "came -2, expected numbers above 0"),
        (_options(interval=0), "options.interval", "came 0, expected numbers above 0"),
        (_options(values=3), "options.values", "a table"),
        (_options(text=12), "options.text", "a text in quotation marks"),
        (_options(amount=[1, True]), "options.amount[1]", "a number"),
        (_options(amount=["1"]), "options.amount[0]", "a number"),
        (_options(amount="1"), "options.amount", "no key known here"),
        (_options(amount=[float("nan")]), "options.amount[0]", "a finite number"),
        (_options(values={"amount": [1]}), "options.amount", "stands in values too"),
        (_options(complete="intervall"), "options.complete", "Probably meant: interval"),
        (_options(current="yes"), "options.current", "true or false"),
        (_options(start="24 hours past the last dose"), "options.start", "24 h after the last dose"),
        (_options(start="24 fortnights after the last dose"), "options.start", "24 h after the last dose"),
        (_options(start=float("inf")), "options.start", "a time of the table"),
        (_utility(name="windo"), "utility.name", "Probably meant: window"),
        (_utility(name=1), "utility", "needs a name"),
        (_utility(low=30, high=15), "utility", "low below high"),
        (_utility(harm="trough"), "utility", "harm is half stated"),
        (_utility(outcome="peek"), "utility.outcome", "Probably meant: peak"),
        (_utility(indifference=-1), "utility.indifference", "0"),
        ({**GOOD, "utility": {**TARGET, "loss": "abs"}}, "utility.loss", "log"),
        ({**GOOD, "limits": {"max_daily": "ten"}}, "limits.max_daily", "a number"),
        ({**GOOD, "limits": {"max_single": "10 apples"}}, "limits.max_single", "apples"),
        ({**GOOD, "limits": {"max_single": 10}}, "limits.max_single", "a text"),
        ({**GOOD, "condition": {"draws": 1}}, "condition.draws", "100"),
        ({**GOOD, "condition": {"seed": 1.5}}, "condition.seed", "a whole number"),
    ],
)
def test_one_problem(content, key, complaint):
    assert complaint in _complaints(content)[key]


def test_numbers_that_the_text_does_not_ask_for_and_the_other_way_round():
    found = _complaints({**GOOD, "options": {"text": OPTIONS["text"], "amout": [1], "interval": [12]}})
    assert found["options.amount"] == "is missing: the numbers for {amount} of the text"
    assert "Probably meant: amount" in found["options.amout"]


def test_nothing_in_a_case_is_run(tmp_path):
    witness = tmp_path / "witness"
    code = f"__import__('pathlib').Path({str(witness)!r}).touch()"
    for content in (
        _options(text="{" + code + "} mg every 12 h x 3"),
        _utility(outcome=code),
        _utility(name=code),
        {**GOOD, "limits": {"max_daily": code}},
        {**GOOD, "outcomes": {"trough": {"metric": code}}},
    ):
        assert _complaints(content)
    assert not witness.exists()


def test_each_part_of_a_dose_text_is_told_its_fault():
    text = "{amount} mg/kg evry {interval} h x 10, then 2 mg every 12 h"
    with pytest.raises(InputError) as caught:
        make_case({**_options(text=text), "limits": {"max_daily": "much"}}, "case.toml")
    first, *lines = str(caught.value).splitlines()
    assert first == "case.toml: 3 problems"
    assert [line.split()[0] for line in lines] == ["options.text", "options.text", "limits.max_daily"]
    assert "Came: 'evry'" in lines[0]
    assert "Came: the end of the text" in lines[1]


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"[options\n", "is not TOML"),
        (b"\xff\xfe[\x00", "UTF-8"),
        (b"x" * (2**20 + 1), "too large"),
        (b"", "2 problems"),
    ],
)
def test_a_file_that_is_no_case(tmp_path, data, complaint):
    path = tmp_path / "case.toml"
    path.write_bytes(data)
    with pytest.raises(InputError, match=complaint):
        read_case(path)


def test_no_such_file_names_the_nearest(tmp_path):
    (tmp_path / "case.toml").touch()
    with pytest.raises(InputError, match=r"Probably meant: case\.toml"):
        read_case(tmp_path / "cas.toml")
    with pytest.raises(InputError, match="is a directory"):
        read_case(tmp_path)


# What is documented


def test_the_documentation_has_every_key_and_no_other():
    page = (DOCS / "reference" / "case.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", page, re.MULTILINE)
    documented = {key for row in rows for key in re.findall(r"`(\w+)`", row)}
    limits = (LimitsTable, LoadTable, ContraindicatedTable, ChanceTable, SoftTable)
    tables = (OptionsTable, OutcomeTable, *limits, CriterionTable, ConditionTable, *UTILITY_TABLES.values())
    tables = (*tables, *DERIVED_TABLES.values(), EconomicsTable)
    keys = {key for table in (*tables, *PART_TABLES.values()) for key in table.model_fields}
    assert documented == keys


def test_the_example_on_the_page_is_a_case():
    page = (DOCS / "reference" / "case.md").read_text(encoding="utf-8")
    import tomllib

    example, *more = map(tomllib.loads, re.findall(r"```toml\n(.*?)```", page, re.DOTALL))
    assert make_case(example).options.complete == ("interval",)
    whole = {**example, **{key: table for one in more for key, table in one.items()}}
    whole["outcomes"]["trough"] = {"metric": "trough"}
    assert make_case(whole).economics.willingness_to_pay == 20000
