"""Under a red flag nothing escalates, unless somebody takes it on with a reason."""

import json
from dataclasses import dataclass

import pytest
import xarray as xr
from synthetic_outcome import of_utilities, u

from bayesdose.decision import Acknowledged, NoEscalation, decide, join, max_daily
from bayesdose.errors import InputError


@dataclass(frozen=True)
class Flag:
    name: str = "levels improbable together"
    where: str = "all levels"
    value: float = 0.0007
    limit: float = 0.0013


def options(current=5.0, daily=(2.5, 5.0, 7.5), **more) -> xr.Dataset:
    """No treatment, perhaps a current regimen, candidates: the utility is the daily amount."""
    now = [] if current is None else [current]
    amounts = [0.0, *now, *daily]
    kinds = ["none", *["current"] * len(now), *["candidate"] * len(daily)]
    names = ["no treatment", *["current regimen"] * len(now), *(f"{d:g} mg a day" for d in daily)]
    coords = {"kind": ("option", kinds), "max_daily": ("option", amounts)}
    outcome = of_utilities([amounts, amounts], names, **coords, **more)
    return outcome.assign_attrs(amount_unit="mg")


def test_without_flags_the_highest_dose_wins():
    assert decide(options(), u).best == "7.5 mg a day"
    assert decide(options(), u, flags=[]).best == "7.5 mg a day"


def test_a_red_flag_blocks_what_exceeds_the_current_regimen():
    choice = decide(options(), u, flags=[Flag()])
    assert set(choice.blocked) == {"7.5 mg a day"}
    assert "levels improbable together" in choice.blocked["7.5 mg a day"]
    assert choice.best == "5 mg a day"  # as much as the current regimen
    assert any("levels improbable together" in reason for reason in choice.reasons)
    assert choice.to_dict()["flags"][0]["name"] == "levels improbable together"


def test_without_a_current_regimen_the_smallest_dose_is_left():
    choice = decide(options(current=None), u, flags=[Flag()])
    assert set(choice.blocked) == {"5 mg a day", "7.5 mg a day"}
    assert choice.best == "2.5 mg a day"


def test_where_nothing_is_given_nothing_escalates():
    assert decide(options(current=None, daily=()), u, flags=[Flag()]).best == "no treatment"


def test_drugs_are_looked_at_one_by_one():
    """1000 mg of A a day now say nothing about B: of B the smallest dose is left."""
    first = options(current=1000.0, daily=(500.0, 1500.0)).assign_attrs(drug="A", model_hash="a")
    second = options(current=None, daily=(100.0, 900.0)).assign_attrs(drug="B", model_hash="b")
    both = join({"A": first, "B": second})
    assert set(decide(both, u, flags=[Flag()]).blocked) == {"A: 1500 mg a day", "B: 900 mg a day"}
    same = join({"A": first, "slow A": second.assign_attrs(drug="A")})
    assert set(decide(same, u, flags=[Flag()]).blocked) == {"A: 1500 mg a day"}


def test_doses_that_were_given_do_not_hide_a_higher_rate():
    # the load of the day before fills the largest sum in 24 h of both: the rate afterwards tells them apart
    filled = options(daily=(20.0,), current=20.0)
    doses = {
        "total_amount": ("option", [0.0, 50.0, 80.0]),
        "n_doses": ("option", [0, 20, 20]),
        "interval": ("option", [float("nan"), 12.0, 12.0]),
    }
    assert decide(filled, u, flags=[Flag()]).blocked == {}
    assert set(decide(filled.assign_coords(doses), u, flags=[Flag()]).blocked) == {"20 mg a day"}


def test_an_equal_dose_is_no_escalation():
    assert decide(options(daily=(5.0 * (1 + 1e-12),)), u, flags=[Flag()]).blocked == {}


def test_an_acknowledgement_unblocks_and_is_kept_and_printed():
    seen = Acknowledged(who="Dr A", why="level repeated: confirmed")
    choice = decide(options(), u, flags=[Flag()], acknowledged=seen)
    assert choice.best == "7.5 mg a day"
    assert choice.blocked == {}
    assert choice.acknowledged == {"who": "Dr A", "why": "level repeated: confirmed"}
    text = " ".join(str(choice).split())
    assert "acknowledged by Dr A: level repeated: confirmed" in text
    assert choice.to_dict()["acknowledged"]["who"] == "Dr A"


def test_an_acknowledgement_without_an_audit_file_stands_in_the_choice_and_says_so():
    seen = Acknowledged(who="Dr A", why="level repeated: confirmed")
    choice = decide(options(), u, flags=[Flag()], acknowledged=seen)
    (record,) = choice.overrides
    assert (record["kind"], record["who"], record["why"]) == ("acknowledgement", seen.who, seen.why)
    assert record["flags"] == ["levels improbable together, all levels"]
    assert record["decision"]["best"] == "7.5 mg a day"
    assert (record["number"], record["hash"]) == (None, None)
    said = " ".join(str(choice).split())
    assert "level repeated: confirmed (in no audit file: recorded nowhere but here)" in said
    assert "is recorded nowhere but in this choice" in said
    assert choice.recorded is choice.to_dict()["recorded"] is False
    assert json.loads(json.dumps(choice.to_dict()))["overrides"][0]["who"] == "Dr A"


def test_with_an_audit_file_it_is_recorded_there(tmp_path):
    seen = Acknowledged(who="Dr A", why="level repeated: confirmed")
    file = tmp_path / "audit.jsonl"
    choice = decide(options(), u, flags=[Flag()], acknowledged=seen, audit_file=file)
    assert choice.recorded is True
    assert not any("nowhere" in reason for reason in choice.reasons)
    assert json.loads(file.read_text())["who"] == "Dr A"
    assert decide(options(), u, flags=[Flag()]).recorded is None


def test_other_limits_hold_beside_it_and_when_it_is_acknowledged():
    choice = decide(options(), u, flags=[Flag()], limits=[max_daily("4 mg")])
    assert choice.best == "2.5 mg a day"
    assert "above 4 mg" in choice.blocked["7.5 mg a day"]
    assert "red flag" in choice.blocked["7.5 mg a day"]
    seen = Acknowledged("Dr A", "repeated")
    again = decide(options(), u, flags=[Flag()], limits=[max_daily("4 mg")], acknowledged=seen)
    assert again.best == "2.5 mg a day"


@pytest.mark.parametrize(("who", "why"), [("", "repeated"), ("Dr A", "  "), ("Dr A", None)])
def test_an_acknowledgement_needs_who_and_why(who, why):
    with pytest.raises(InputError, match="acknowledgement without"):
        Acknowledged(who=who, why=why)


def test_what_is_no_flag_or_acknowledgement_is_refused():
    with pytest.raises(InputError, match="flags="):
        decide(options(), u, flags=["odd"])
    with pytest.raises(InputError, match="flags="):
        decide(options(), u, flags=3)
    with pytest.raises(InputError, match="acknowledged="):
        decide(options(), u, flags=[Flag()], acknowledged="fine")
    with pytest.raises(InputError, match="no red flag to acknowledge"):
        decide(options(), u, acknowledged=Acknowledged("Dr A", "repeated"))


def test_an_outcome_without_doses_cannot_be_judged():
    with pytest.raises(InputError, match="max_daily"):
        decide(options().drop_vars("max_daily"), u, flags=[Flag()])


def test_it_says_what_it_is():
    assert str(NoEscalation(("a", "b", "c", "d"))) == "no escalation under red flags (a; b; c and 1 more)"
