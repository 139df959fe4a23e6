"""What must hold for every criterion and any limits: shifts, orders, dominance, limits and their records."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from synthetic_outcome import of_utilities, u

from bayesdose.decision import (
    Choice,
    Override,
    attainment,
    cvar,
    decide,
    max_daily,
    minimax_regret,
    verify_audit,
)

EIGHTHS = st.integers(-80, 80).map(lambda k: k / 8)
UTILITIES = st.tuples(st.integers(2, 12), st.integers(1, 6)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=EIGHTHS)
)
CRITERIA = st.sampled_from(
    ["expected utility", minimax_regret(), cvar(0.25), cvar(1.0), attainment(lambda o: o.u >= 1)]
)
few = settings(max_examples=25, deadline=None)


@few
@given(UTILITIES, EIGHTHS, st.sampled_from([0.25, 4.0]), CRITERIA)
def test_shift_and_scale_change_no_choice(U: np.ndarray, shift: float, scale: float, criterion: Any) -> None:
    one = decide(of_utilities(U), u, criterion=criterion)
    other = decide(of_utilities(U), lambda o: scale * o.u + shift, criterion=criterion)
    assert (one.best, one.near_optimal, one.simplest) == (other.best, other.near_optimal, other.simplest)
    assert one.evpi * scale == pytest.approx(other.evpi, abs=1e-9)


@few
@given(UTILITIES, st.randoms(use_true_random=False), CRITERIA)
def test_orders_do_not_matter(U: np.ndarray, random: Any, criterion: Any) -> None:
    outcome = of_utilities(U)
    draws, options = list(range(U.shape[0])), list(range(U.shape[1]))
    random.shuffle(draws)
    random.shuffle(options)
    one = decide(outcome, u, criterion=criterion)
    other = decide(outcome.isel(draw=draws, option=options), u, criterion=criterion)
    assert (one.best, one.runner_up, one.status) == (other.best, other.runner_up, other.status)
    for name in ("score", "score_mcse", "difference", "expected_regret", "regret_95"):
        np.testing.assert_allclose(other.table[name].sel(option=one.table.option), one.table[name], atol=1e-9)


@few
@given(UTILITIES, st.sampled_from(["expected utility", minimax_regret(), cvar(0.25), cvar(1.0)]))
def test_an_option_that_is_worse_in_every_draw_is_never_chosen(U: np.ndarray, criterion: Any) -> None:
    worse = np.column_stack([U, U.min(axis=1) - 0.125])
    names = [f"option {k}" for k in range(U.shape[1])] + ["a worse one"]
    choice = decide(of_utilities(worse, names), u, criterion=criterion, indifference=0)
    assert choice.best != "a worse one"
    assert "a worse one" not in choice.near_optimal


@few
@given(UTILITIES)
def test_criteria_agree_where_they_must(U: np.ndarray) -> None:
    mean, tail, all_draws = (
        decide(of_utilities(U), u, criterion=c) for c in ("expected utility", cvar(0.3), cvar(1.0))
    )
    np.testing.assert_allclose(all_draws.table["score"], mean.table["expected_utility"], atol=1e-12)
    np.testing.assert_allclose(all_draws.table["score_mcse"], mean.table["mcse"], atol=1e-9)
    assert (tail.table["score"] <= tail.table["expected_utility"] + 1e-12).all()
    assert (tail.table["score"] >= U.min(axis=0) - 1e-12).all()
    assert (mean.table["regret_95"] <= (U.max(axis=1)[:, None] - U).max(axis=0)).all()


def limited(U: np.ndarray, doses: np.ndarray) -> xr.Dataset:
    """No treatment first, which a limit on doses never blocks."""
    made = of_utilities(
        np.column_stack([np.zeros(len(U)), U]),
        ["no treatment", *(f"option {k}" for k in range(U.shape[1]))],
        max_daily=("option", np.concatenate([[0.0], doses])),
    )
    return made.assign_attrs(amount_unit="mg")


@few
@given(UTILITIES, st.data(), CRITERIA)
def test_a_limit_is_never_passed_without_a_recorded_override(
    U: np.ndarray, data: st.DataObject, criterion: Any
) -> None:
    size = U.shape[1]
    doses = np.array(data.draw(st.lists(EIGHTHS.map(abs), min_size=size, max_size=size)))
    limit = max_daily(f"{data.draw(EIGHTHS.map(abs)):f} mg")
    option = data.draw(st.none() | st.integers(0, size - 1).map(lambda k: f"option {k}"))
    outcome = limited(U, doses)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "audit.jsonl"
        override = Override(limit, "Dr A", "why", option=option)
        free = decide(outcome, u, criterion=criterion, limits=[limit])
        taken = decide(outcome, u, criterion=criterion, limits=[limit], overrides=[override], audit_file=file)
        (record,) = verify_audit(file)
    over = {f"option {k}" for k in range(size) if doses[k] > limit.value}
    assert not _recommended(free) & over
    assert _recommended(taken) & over <= set(record["options"])
    assert set(record["options"]) == (over if option is None else over & {option})
    assert set(taken.warned) == set(record["options"])


def _recommended(choice: Choice) -> set[str | None]:
    return {choice.best, choice.runner_up, choice.simplest, *choice.near_optimal}
