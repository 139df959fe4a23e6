"""What must hold for any utilities: shifts, scales, orders, and the identities of regret."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from synthetic_outcome import of_utilities, u

from bayesdose.decision import Choice, Limit, decide, max_daily
from bayesdose.errors import InputError

# eighths, so that sums and shifts are exact and a tie stays a tie
EIGHTHS = st.integers(-80, 80).map(lambda k: k / 8)
UTILITIES = st.tuples(st.integers(2, 12), st.integers(1, 6)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=EIGHTHS)
)
few = settings(max_examples=40, deadline=None)


def same(one: Choice, other: Choice) -> None:
    assert (one.best, one.runner_up, one.simplest, one.status) == (
        other.best,
        other.runner_up,
        other.simplest,
        other.status,
    )
    assert set(one.near_optimal) == set(other.near_optimal)
    sure = other.table.sel(option=one.table.option)
    for name in ("mcse", "difference", "difference_mcse", "p_best", "p_unbeaten", "expected_regret"):
        np.testing.assert_allclose(sure[name], one.table[name], atol=1e-9)


@few
@given(UTILITIES, EIGHTHS)
def test_a_constant_changes_no_decision(U: np.ndarray, constant: float) -> None:
    same(decide(of_utilities(U), u), decide(of_utilities(U + constant), u))


@few
@given(UTILITIES, st.sampled_from([0.25, 4.0, 1024.0]))
def test_a_scale_changes_no_decision(U: np.ndarray, scale: float) -> None:
    one, other = decide(of_utilities(U), u), decide(of_utilities(U * scale), u)
    assert (one.best, one.status, one.near_optimal) == (other.best, other.status, other.near_optimal)
    assert other.evpi == pytest.approx(one.evpi * scale)


@few
@given(UTILITIES)
def test_identities(U: np.ndarray) -> None:
    choice = decide(of_utilities(U), u)
    table = choice.table
    best = int(np.flatnonzero(table.option.to_numpy() == choice.best)[0])
    assert float(table.p_best.sum()) == pytest.approx(1)
    assert (table.p_unbeaten >= table.p_best - 1e-12).all()
    assert choice.evpi >= 0
    assert choice.evpi == pytest.approx((U.max(axis=1) - U[:, best]).mean(), abs=1e-12)
    assert choice.evpi == pytest.approx(float(table.expected_regret.min()), abs=1e-12)
    assert (table.difference >= -1e-12).all()
    assert choice.best in choice.near_optimal
    assert choice.simplest in choice.near_optimal


@few
@given(UTILITIES, st.randoms(use_true_random=False))
def test_orders_do_not_matter(U: np.ndarray, random) -> None:  # type: ignore[no-untyped-def]
    outcome = of_utilities(U, particle=("draw", np.arange(len(U)) // 2 if len(U) > 3 else np.arange(len(U))))
    draws, options = list(range(U.shape[0])), list(range(U.shape[1]))
    random.shuffle(draws)
    random.shuffle(options)
    same(decide(outcome, u), decide(outcome.isel(draw=draws, option=options), u))


@few
@given(UTILITIES)
def test_an_option_that_is_worse_in_every_draw_is_never_chosen(U: np.ndarray) -> None:
    worse = np.column_stack([U, U.min(axis=1) - 0.125])
    names = [f"option {k}" for k in range(U.shape[1])] + ["a worse one"]
    choice = decide(of_utilities(worse, names), u, indifference=0)
    assert choice.best != "a worse one"
    assert "a worse one" not in choice.near_optimal
    assert choice.row("a worse one")["p_best"] == 0


@few
@given(UTILITIES)
def test_printing_never_fails(U: np.ndarray) -> None:
    text = str(decide(of_utilities(U), u))
    assert max(map(len, text.splitlines())) <= 100
    assert "nan" not in text


@few
@given(UTILITIES, st.data())
def test_a_limit_is_never_passed(U: np.ndarray, data: st.DataObject) -> None:
    size = U.shape[1]
    doses = np.array(data.draw(st.lists(EIGHTHS.map(abs), min_size=size, max_size=size)))
    limit = data.draw(EIGHTHS.map(abs))
    outcome = of_utilities(
        np.column_stack([np.zeros(len(U)), U]),
        ["no treatment", *(f"option {k}" for k in range(size))],
        max_daily=("option", np.concatenate([[99.0], doses])),
    )
    outcome.attrs["amount_unit"] = "mg"
    choice = decide(outcome, u, limits=[max_daily(f"{limit:f} mg")])
    for name in (choice.best, choice.simplest, choice.runner_up, *choice.near_optimal):
        if name not in (None, "no treatment"):
            assert float(choice.table.max_daily.sel(option=name)) <= limit
    assert len(choice.blocked) == (doses > limit).sum()


@few
@given(
    st.from_regex(r"[0-9.]{1,4} ?[a-zA-Z/%\u00b5\u00b2^*()0-9. -]{0,8}", fullmatch=True)
    | st.text(max_size=12)
)
def test_any_text_is_a_limit_or_an_error_of_ours(text: str) -> None:
    try:
        made = max_daily(text)
    except InputError:
        return
    assert isinstance(made, Limit)
    assert made.value >= 0
