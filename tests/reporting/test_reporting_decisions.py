"""What a report says of criteria, overrides and soft limits."""

from __future__ import annotations

import html
import re
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from bayesdose.decision import (
    Choice,
    Override,
    attainment,
    cvar,
    decide,
    max_daily,
    minimax_regret,
    soft,
)
from bayesdose.reporting import report


def outcome() -> xr.Dataset:
    U = np.random.default_rng(0).normal(size=(400, 3)) * [0.0, 0.5, 2.0] + [0.0, 1.0, 1.5]
    coords = {
        "option": ["no treatment", "2 mg", "4 mg"],
        "kind": ("option", ["none", "candidate", "candidate"]),
        "max_daily": ("option", [0.0, 2.0, 4.0]),
    }
    return xr.Dataset({"u": (("draw", "option"), U)}, coords, attrs={"amount_unit": "mg"})


def words(choice: Choice, folder: Path) -> str:
    page = report(choice, folder / "a.html").read_text(encoding="utf-8")
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


@pytest.mark.parametrize(
    ("criterion", "best", "said"),
    [
        (cvar(0.02), "no treatment", "CVaR: expected utility of the worst 2 % of the draws"),
        (minimax_regret(), "4 mg", "minimax regret: the smallest largest regret over the draws"),
        (attainment(lambda o: o.u > 0.5), "2 mg", "probability of target attainment: P(user event <lambda>)"),
    ],
)
def test_the_criterion_is_said_where_the_choice_is(criterion, best, said, tmp_path) -> None:
    choice = decide(outcome(), lambda o: o.u, criterion=criterion)
    text = words(choice, tmp_path)
    assert choice.best == best
    assert f"It is the best of the 3 options allowed by this criterion: {said} ({choice.score}" in text
    assert f"Compared by {said} over 400 draws" in text
    assert f"{choice.score} (criterion)" in text
    assert "nan" not in text
    assert "No further measurement can be worth more" not in text


def test_why_nothing_is_told_of_flips_under_minimax_regret(tmp_path) -> None:
    text = words(decide(outcome(), lambda o: o.u, criterion=minimax_regret()), tmp_path)
    assert "What would flip it Not told under minimax regret" in text
    assert "flip" not in words(decide(outcome(), lambda o: o.u), tmp_path)  # nobody asked


def test_expected_utility_needs_no_more_words(tmp_path) -> None:
    text = words(decide(outcome(), lambda o: o.u), tmp_path)
    assert "It has the highest expected utility of the 3 options allowed" in text
    assert "Compared by expected utility over 400 draws" in text
    assert "Passing a limit" not in text


def test_an_override_is_said_with_who_and_why_and_its_record(tmp_path) -> None:
    limit, file = max_daily("3 mg"), tmp_path / "audit.jsonl"
    taken = Override(limit, who="Dr <A>", why="nothing else helped")
    choice = decide(outcome(), lambda o: o.u, limits=[limit], overrides=[taken], audit_file=file)
    text = words(choice, tmp_path)
    assert choice.best == "4 mg"
    assert "Overridden by Dr <A>: nothing else helped" in text
    assert f"record 1, {choice.overrides[0]['hash'][:12]}" in text
    assert "4 mg a day is above 3 mg (overridden by Dr <A>)" in text
    assert "the best passes a limit" in text


def test_a_soft_limit_is_said(tmp_path) -> None:
    choice = decide(outcome(), lambda o: o.u, limits=[soft(max_daily("3 mg"), cost=0.1)])
    text = words(choice, tmp_path)
    assert "at most 3 mg a day (soft: costs 0.1)" in text
    assert "Options that pass a limit" in text
    assert "4 mg a day is above 3 mg (costs 0.1)" in text
