"""Limits, criteria and named utilities of a case file."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from bayesdose.case import make_case
from bayesdose.decision import named_utility
from bayesdose.decision.compared import CVaR, MinimaxRegret, criterion_of
from bayesdose.errors import InputError

GOOD = """
[options]
text = "{amount} mg/kg every {interval} h x 10"
amount = [1, 2]
interval = 12

[utility]
name = "failure and toxicity"
failure = "trough"
failure_below = 15
failure_cost = 1
toxicity = "peak"
toxicity_above = 40
toxicity_cost = 3
"""
LIMITS = """
[limits]
max_daily = "10 mg/kg"
min_interval = "8 h"

[limits.max_load.sodium]
limit = "2 g/day"
content = "0.32 g/g"

[[limits.contraindicated]]
covariate = "CRCL"
below = "30 mL/min"
why = "accumulates"

[[limits.chance]]
outcome = "peak"
above = "40 mg/L"
at_most = 0.1

[limits.soft.max_single]
limit = "5 mg/kg"
cost = 0.2
"""


def case(text: str) -> Any:
    return make_case(tomllib.loads(GOOD + text), "case.toml")


def complaint(text: str) -> str:
    with pytest.raises(InputError) as caught:
        case(text)
    return str(caught.value)


def test_limits_of_every_kind() -> None:
    made = case(LIMITS)
    assert [str(limit) for limit in made.limit_list()] == [
        "at most 10 mg/kg a day",
        "at least 8 h between doses",
        "at most 2 g sodium a day (0.32 g/g of drug)",
        "treatment is contraindicated where CRCL is below 30 mL/min (accumulates)",
        "P(peak above 40 mg/L) at most 0.1 (upper 95 % limit)",
        "at most 5 mg/kg in one dose (soft: costs 0.2)",
    ]
    assert make_case(made.to_dict()) == made


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "expected utility"),
        ('[criterion]\nname = "minimax regret"', str(MinimaxRegret())),
        ('[criterion]\nname = "CVaR"\nshare = 0.2', str(CVaR(0.2))),
        (
            '[criterion]\nname = "attainment"\noutcome = "trough"\nwithin = [15, 30]',
            "probability of target attainment: P(trough within 15 to 30)",
        ),
    ],
)
def test_criteria(text: str, expected: str) -> None:
    assert str(criterion_of(case(text).compared_by())) == expected
    assert case(text).to_dict()["criterion"]["name"] in (
        "expected utility",
        "minimax regret",
        "CVaR",
        "attainment",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[criterion]\nname = "cvar"', "criterion.name"),
        ('[criterion]\nname = "CVaR"\nshare = 2', "a share above 0"),
        ('[criterion]\nname = "CVaR"\noutcome = "trough"', "Came: outcome. Expected: share"),
        ('[criterion]\nname = "attainment"', "Came: no outcome"),
        ('[criterion]\nname = "attainment"\noutcome = "trouhg"\nabove = 3', "Probably meant: trough"),
        ('[criterion]\nname = "attainment"\noutcome = "trough"\nwithin = [3]', "criterion.within"),
        ('[[limits.chance]]\noutcome = "peak"\nat_most = 0.1', "limits.chance[0]"),
        ('[[limits.chance]]\noutcome = "peek"\nabove = 1\nat_most = 0.1', "Probably meant: peak"),
        ('[[limits.chance]]\noutcome = "peak"\nabove = 1\nat_most = 2', "at_most"),
        ('[limits.max_load.sodium]\nlimit = "2 g/week"', "limits.max_load.sodium"),
        ('[limits.max_load.sodium]\nlimt = "2 g"', "Probably meant: limit"),
        ('[[limits.contraindicated]]\ncovariate = "WT"', "limits.contraindicated[0]"),
        ('[limits.soft.max_dayly]\nlimit = "2 g"', "limits.soft"),
        ('[limits.soft.max_daily]\nlimit = "2 g"\ncost = -1', "limits.soft.max_daily"),
        ('[limits]\nmin_interval = "8"', "limits.min_interval"),
    ],
)
def test_what_is_wrong_is_said_under_its_key(text: str, said: str) -> None:
    assert said in complaint(text)


@pytest.mark.parametrize(
    ("utility", "said"),
    [
        (
            'name = "net monetary benefit"\neffect = "qaly"\ncost = "x"\nwillingness_to_pay = 1',
            "utility.effect",
        ),
        (
            'name = "asymmetric"\noutcome = "trouhg"\ntarget = 1\nunder = 1\nover = 2',
            "Probably meant: trough",
        ),
        ('name = "log target"\noutcome = "trough"\ntarget = 20\nhalf_at = 1', "a ratio above 1"),
    ],
)
def test_named_utilities_are_checked(utility: str, said: str) -> None:
    options = GOOD[: GOOD.index("[utility]")]
    with pytest.raises(InputError, match=r"problem") as caught:
        make_case(tomllib.loads(f"{options}\n[utility]\n{utility}"), "case.toml")
    assert said in str(caught.value)


PARTS = """
[utility]
name = "stakeholders"

[utility.parts.patient]
share = 0.75
name = "log target"
outcome = "trough"
target = 20
half_at = 1.5

[utility.parts.ward]
share = 0.25
name = "window"
outcome = "peak"
low = 10
high = 40
"""


def stated(utility: str) -> Any:
    return make_case(tomllib.loads(GOOD[: GOOD.index("[utility]")] + utility), "case.toml")


def test_several_stakeholders() -> None:
    made = stated(PARTS)
    assert [(who, weight) for who, _, weight in made.utility.parts] == [("patient", 0.75), ("ward", 0.25)]
    assert made.utility.parts[0][1] == named_utility("log target", outcome="trough", target=20, half_at=1.5)
    assert make_case(made.to_dict()) == made


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("share = 0.25", "share = 0.5", "weights that sum to 1"),
        ("share = 0.25", "", "utility.parts.ward.share  is missing"),
        ("share = 0.25", "share = -1", "utility.parts.ward.share"),
        ('name = "window"', 'name = "windw"', "Probably meant: window"),
        ('name = "window"', "", "needs a name"),
        ("low = 10", "low = 50", "low below high"),
        ("half_at = 1.5", "half = 1.5", "Probably meant: half_at"),
        ('outcome = "peak"', 'outcome = "peek"', "utility.parts.ward.outcome"),
        ('name = "stakeholders"', 'name = "stakeholder"', "Probably meant: stakeholders"),
    ],
)
def test_what_is_wrong_with_a_stakeholder(old: str, new: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        stated(PARTS.replace(old, new))
    assert said in str(caught.value)
