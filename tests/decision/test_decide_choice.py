"""Blocking, ties, near-optimal and simplest, edges, status, clusters, printing."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr
from synthetic_outcome import TOY, TOY_OPTIONS, of_utilities, regimens, u

from bayesdose.decision import Choice, decide, in_window, max_daily, max_single, squared_error
from bayesdose.errors import InputError, Refused


def window(outcome: xr.Dataset) -> xr.DataArray:
    """In the window."""
    return in_window(outcome.trough, 15, 30)


def daily(amount: float, interval: float) -> float:
    """Levels follow the daily dose: 8 mg/L per mg/kg/day."""
    return 8.0 * amount * 24 / interval


def rising(outcome: xr.Dataset) -> xr.DataArray:
    return outcome.trough


def aimed(level: float) -> Callable[[xr.Dataset], xr.DataArray]:
    """As near to a level as can be: some draws lose by the last step towards it."""
    return lambda outcome: squared_error(outcome.trough, level)


def falling(outcome: xr.Dataset) -> xr.DataArray:
    """Less is better, but something must be given."""
    return -outcome.trough - 1000 * (outcome.kind == "none")


class TestBlocking:
    def test_limits_come_before_utility(self) -> None:
        choice = decide(regimens(daily), rising, limits=[max_daily("4 mg/kg")])
        assert choice.best in ("2 mg/kg every 12 h x 10", "4 mg/kg every 24 h x 10")
        assert choice.blocked == {
            "3 mg/kg every 12 h x 10": "6 mg/kg a day is above 4 mg/kg",
            "4 mg/kg every 12 h x 10": "8 mg/kg a day is above 4 mg/kg",
        }
        assert choice.table.blocked.sum() == 2
        assert choice.limits == ("at most 4 mg/kg a day",)

    def test_blocked_options_keep_their_numbers_but_count_for_nothing(self) -> None:
        free, bound = (
            decide(regimens(daily), aimed(66)),
            decide(regimens(daily), aimed(66), limits=[max_daily("4 mg/kg")]),
        )
        np.testing.assert_array_equal(free.table.expected_utility, bound.table.expected_utility)
        row = bound.row("4 mg/kg every 12 h x 10")
        assert (row["p_best"], row["p_unbeaten"], row["near_optimal"]) == (0, 0, False)
        assert row["expected_regret"] == pytest.approx(
            bound.row(bound.best)["expected_utility"] - row["expected_utility"]
        )

    def test_reasons_of_two_limits_are_joined(self) -> None:
        choice = decide(regimens(daily), rising, limits=[max_daily("4 mg/kg"), max_single("3 mg/kg")])
        assert choice.blocked["4 mg/kg every 12 h x 10"] == (
            "8 mg/kg a day is above 4 mg/kg; 4 mg/kg in one dose is above 3 mg/kg"
        )

    def test_only_nothing_is_left(self) -> None:
        choice = decide(regimens(daily), rising, limits=[max_daily("0.1 mg")])
        assert (choice.best, choice.runner_up, choice.simplest) == ("no treatment", None, "no treatment")
        assert choice.status == "chosen"
        assert "every option that gives a dose is blocked" in choice.reasons[0]
        assert "none: no other option is allowed" in str(choice)

    def test_nothing_at_all_is_left(self) -> None:
        outcome = regimens(daily).isel(option=slice(1, None))
        with pytest.raises(Refused, match="no treatment is not among the options"):
            decide(outcome, rising, limits=[max_daily("0.1 mg")])

    @pytest.mark.parametrize("limits", ["10 mg/kg", max_daily("1 mg"), ["10 mg/kg"]])
    def test_what_is_not_a_list_of_limits(self, limits: object) -> None:
        with pytest.raises(InputError, match="limits"):
            decide(regimens(daily), rising, limits=limits)  # type: ignore[arg-type]


class TestTies:
    def test_p_best_is_shared(self) -> None:
        choice = decide(of_utilities([[1, 1, 0], [0, 2, 2], [3, 1, 0], [1, 1, 1]]), u)
        assert choice.table.p_best.to_numpy() == pytest.approx(
            [(1 / 2 + 0 + 1 + 1 / 3) / 4, (1 / 2 + 1 / 2 + 0 + 1 / 3) / 4, (1 / 2 + 1 / 3) / 4]
        )
        assert choice.table.p_unbeaten.to_numpy().tolist() == [0.75, 0.75, 0.5]

    def test_equal_options_go_to_the_simpler(self) -> None:
        # 2 mg/kg every 24 h and 1 mg/kg every 12 h give the same levels here
        choice = decide(regimens(daily, amount=(1, 2, 3)), window)
        assert choice.best == "3 mg/kg every 24 h x 10"
        equal = decide(regimens(daily, amount=(1, 1.5, 2, 3, 6)), window, complete=["interval"])
        assert equal.best == "3 mg/kg every 24 h x 10"
        assert equal.runner_up == "1.5 mg/kg every 12 h x 10"
        assert equal.reasons[-1].startswith("same expected utility as 1.5 mg/kg every 12 h x 10")
        assert equal.status == "chosen"

    def test_when_nothing_works_nothing_is_given(self) -> None:
        choice = decide(regimens(lambda a, i: 1.0), window)
        assert choice.best == "no treatment"
        assert choice.status == "chosen"
        assert "and 5 more: the simplest was taken" in choice.reasons[0]


class TestSimplest:
    def test_of_the_near_optimal(self) -> None:
        utilities = [[0.0, 0.90, 0.89, 0.895, 0.7]] * 2
        kinds, interval = ["none"] + ["candidate"] * 4, [np.nan, 8.0, 24.0, 12.0, 48.0]
        outcome = of_utilities(utilities, kind=("option", kinds), interval=("option", interval))
        choice = decide(outcome, u, indifference=0.02)
        assert choice.best == "option 1"
        assert choice.near_optimal == ("option 1", "option 3", "option 2")
        assert choice.simplest == "option 2"
        assert choice.indifference_basis == "as stated"
        assert decide(outcome, u, indifference=1.0).simplest == "option 0"
        assert decide(outcome, u, indifference=0).near_optimal == ("option 1",)

    def test_order(self) -> None:
        """Longest interval, then fewest steps, then the smallest total, then the alphabet."""
        facts = {
            "kind": ["candidate"] * 5 + ["none"],
            "interval": [12.0, 24.0, 24.0, 24.0, 24.0, np.nan],
            "n_steps": [1, 2, 1, 1, 1, 0],
            "total_amount": [5.0, 5.0, 30.0, 20.0, 20.0, 0.0],
        }
        outcome = of_utilities(
            np.ones((2, 6)), list("abcedf"), **{n: ("option", v) for n, v in facts.items()}
        )
        order = []
        while outcome.sizes["option"]:
            order.append(decide(outcome, u).simplest)
            outcome = outcome.sel(option=[o for o in outcome.option.values if o != order[-1]])
        assert order == ["f", "d", "e", "c", "b", "a"]

    def test_a_single_dose_is_simpler_than_a_course(self) -> None:
        facts: dict[str, Any] = {
            "interval": ("option", [24.0, np.nan, np.nan]),
            "n_doses": ("option", [10, 1, 4]),
        }
        outcome = of_utilities(np.ones((2, 3)), **facts)
        assert decide(outcome, u).simplest == "option 1"
        assert decide(outcome.isel(option=[0, 2]), u).simplest == "option 0"


class TestEdge:
    def test_largest(self) -> None:
        choice = decide(regimens(daily), aimed(66), complete=["interval"])
        assert choice.status == "edge"
        assert choice.reasons[0].startswith("amount 4 is the largest value searched: try 4 to 8")

    def test_smallest(self) -> None:
        choice = decide(regimens(daily), falling, complete=["interval"])
        assert choice.best == "1 mg/kg every 24 h x 10"
        assert "amount 1 is the smallest value searched: try 0.5 to 1" in choice.reasons[0]

    def test_every_parameter_is_named(self) -> None:
        choice = decide(regimens(daily), aimed(66))
        assert [reason.split()[0] for reason in choice.reasons] == ["amount", "interval"]

    def test_inside(self) -> None:
        choice = decide(regimens(daily, interval=(24,)), window)
        assert (choice.best, choice.status) == ("3 mg/kg every 24 h x 10", "chosen")

    def test_next_value_was_blocked(self) -> None:
        choice = decide(regimens(daily, interval=(24,)), rising, limits=[max_daily("3 mg/kg")])
        assert (choice.best, choice.status) == ("3 mg/kg every 24 h x 10", "chosen")

    @pytest.mark.parametrize(
        ("limit", "status"), [("4 mg/kg", "chosen"), ("4.9 mg/kg", "chosen"), ("5 mg/kg", "edge")]
    )
    def test_a_step_further_would_pass_a_limit(self, limit: str, status: str) -> None:
        choice = decide(regimens(daily, interval=(24,)), aimed(33), limits=[max_daily(limit)])
        assert (choice.best, choice.status) == ("4 mg/kg every 24 h x 10", status)

    def test_a_shorter_interval_would_pass_a_limit(self) -> None:
        outcome = regimens(daily, amount=(2,), interval=(8, 12, 24))
        assert decide(outcome, aimed(44)).status == "edge"
        assert decide(outcome, rising, limits=[max_daily("7 mg/kg")]).status == "chosen"

    def test_zero_is_no_edge(self) -> None:
        outcome = regimens(daily, amount=(0, 1, 2), interval=(24,))
        assert decide(outcome, falling).status == "chosen"

    def test_one_value_is_no_grid(self) -> None:
        assert decide(regimens(daily, amount=(4,), interval=(24,)), rising).status == "chosen"

    def test_negative_values_go_as_far_again(self) -> None:
        outcome = of_utilities(
            [[1, 4, 3], [1, 2, 8]], kind=("option", ["candidate"] * 3), shift=("option", [-4.0, -3, -2])
        )
        assert "shift -2 is the largest value searched: try -2 to 0" in decide(outcome, u).reasons[0]
        assert (
            "shift -4 is the smallest value searched: try -6 to -4"
            in decide(outcome, lambda o: -o.u).reasons[0]
        )

    @pytest.mark.parametrize("complete", [["intervall"], "interval"])
    def test_complete_names_parameters(self, complete: object) -> None:
        with pytest.raises(InputError, match="interval"):
            decide(regimens(daily), rising, complete=complete)  # type: ignore[arg-type]


class TestStatus:
    def test_small_and_known_to_be_small_is_no_obstacle(self) -> None:
        rng = np.random.default_rng(0)
        first = rng.standard_normal(400)
        outcome = of_utilities(np.column_stack([first, first + 0.001 * rng.standard_normal(400), -first - 1]))
        choice = decide(outcome, u, indifference=0.01)
        rival = choice.row(str(choice.runner_up))
        assert rival["difference"] < 2 * rival["difference_mcse"]
        assert choice.status == "chosen"
        assert decide(outcome, u, indifference=0).status == "too close to call"

    def test_a_rival_behind_the_runner_up_can_stand_in_the_way(self) -> None:
        best = np.ones(100)
        wild = np.linspace(-3.2, 5.0, 100)  # mean 0.9, MCSE 0.24
        choice = decide(of_utilities(np.column_stack([best, best - 1e-3, wild])), u, indifference=0.01)
        assert (choice.best, choice.runner_up, choice.status) == ("option 0", "option 1", "too close to call")
        assert choice.reasons[0].startswith("option 2 could be better")

    def test_enough_draws_settle_it(self) -> None:
        rng = np.random.default_rng(0)
        U = rng.standard_normal((5000, 2)) + np.array([0.2, 0.0])
        assert decide(of_utilities(U), u).status == "chosen"

    def test_the_draws_that_are_asked_for_tell(self) -> None:
        rng = np.random.default_rng(0)
        few = decide(
            of_utilities(rng.standard_normal((400, 2)) + np.array([0.05, 0.0])), u, indifference=0.02
        )
        assert few.status == "too close to call"
        assert few.draws_needed is not None
        assert f"about {few.draws_needed:,.0f} distinct draws" in few.reasons[0]
        enough = rng.standard_normal((4 * few.draws_needed, 2)) + np.array([0.05, 0.0])
        assert decide(of_utilities(enough), u, indifference=0.02).status == "chosen"
        assert decide(of_utilities(enough), u, indifference=0.02).draws_needed is None

    def test_with_a_difference_of_zero_the_number_of_draws_is_not_stated(self) -> None:
        choice = decide(of_utilities([[1, 0], [0, 1]]), u, indifference=0)
        assert "very many distinct draws" in choice.reasons[0]

    @pytest.mark.parametrize("value", [-1, math.nan, math.inf, "0.1", True])
    def test_indifference(self, value: object) -> None:
        with pytest.raises(InputError, match="indifference"):
            decide(of_utilities(TOY), u, indifference=value)  # type: ignore[arg-type]


class TestClusters:
    def test_repeated_draws_have_the_error_of_the_unrepeated(self) -> None:
        U = np.random.default_rng(5).standard_normal((50, 4))
        once = decide(of_utilities(U, particle=("draw", np.arange(50))), u)
        order = np.random.default_rng(6).permutation(150)
        again = of_utilities(
            np.repeat(U, 3, axis=0)[order], particle=("draw", np.repeat(np.arange(50), 3)[order])
        )
        thrice = decide(again, u)
        xr.testing.assert_allclose(once.table.drop_vars("reason"), thrice.table.drop_vars("reason"))
        assert (thrice.n_particles, thrice.U.sizes["draw"]) == (50, 150)
        assert "150 draws, 50 distinct" in str(thrice)
        naive = decide(again.drop_vars("particle"), u)
        assert float(naive.table.mcse[0]) < 0.6 * float(once.table.mcse[0])

    def test_unequal_copies_by_hand(self) -> None:
        # particle 7 twice with 1, particle 9 once with 4: mean 2, var = 2/1 [(2/3)^2 1 + (1/3)^2 4] = 16/9
        outcome = of_utilities([[1, 0], [4, 0], [1, 0]], particle=("draw", [7, 9, 7]))
        assert decide(outcome, u).row("option 0")["mcse"] == pytest.approx(4 / 3)

    def test_one_distinct_draw_says_nothing_of_its_error(self) -> None:
        with pytest.raises(InputError, match="one distinct draw"):
            decide(of_utilities([[1, 0], [1, 0]], particle=("draw", [3, 3])), u)
        with pytest.raises(InputError, match="one distinct draw"):
            decide(of_utilities([[1, 0]]), u)


class TestWords:
    def choice(self, n: int = 4) -> Choice:
        amounts = np.arange(1, n + 1)
        return decide(regimens(daily, amount=amounts), window, limits=[max_daily("3 mg/kg")])

    def test_text(self) -> None:
        lines = str(self.choice()).splitlines()
        heads = [line[:14].strip() for line in lines if line[:1].strip()]
        assert heads[:2] == ["best", "status"]
        for word in (
            "utility",
            "criterion",
            "E[U]",
            "runner-up",
            "P(best)",
            "regret",
            "near-optimal",
            "simplest",
        ):
            assert word in heads
        assert any("In the window." in line for line in lines)
        assert any("4 mg/kg a day is above 3 mg/kg" in line for line in lines)

    def test_long_lists_are_cut_and_counted(self) -> None:
        text = str(self.choice(30))
        assert "blocked (56), whatever their utility:" in text
        assert "  and 44 more" in text
        assert max(map(len, text.splitlines())) <= 100
        many = str(decide(regimens(daily, amount=np.arange(1, 31)), window))
        assert "and 49 more, none with a higher E[U]" in many

    @pytest.mark.parametrize("scale", [1e-12, 1e-3, 1.0, 1e5, 1e30])
    def test_any_scale_fits(self, scale: float) -> None:
        names = ["x" * 200, "a fairly long label\nof an option", "nothing"]
        text = str(decide(of_utilities(np.array(TOY) * scale, names), u))
        assert max(map(len, text.splitlines())) <= 100
        assert "a fairly long label of an option" in " ".join(text.split())

    def test_ranking(self) -> None:
        frame = self.choice().ranking()
        assert frame.index[0] == "3 mg/kg every 24 h x 10"
        assert frame["blocked"].tolist() == sorted(frame["blocked"])
        allowed = frame[~frame["blocked"]]["expected_utility"]
        assert allowed.is_monotonic_decreasing

    def test_dict_is_json(self) -> None:
        choice = self.choice()
        made = choice.to_dict()
        assert json.loads(json.dumps(made, allow_nan=False)) == made
        assert made["best"] == choice.best
        assert made["runner_up"]["option"] == choice.runner_up
        assert made["attrs"]["seed"] == 7
        assert len(made["options"]) == 9
        assert made["options"][0]["amount"] == 3.0
        none = next(option for option in made["options"] if option["option"] == "no treatment")
        assert none["amount"] is None

    def test_dict_of_any_attributes(self) -> None:
        outcome = of_utilities(TOY, TOY_OPTIONS)
        outcome.attrs = {
            "a": np.float64(1.5),
            "b": np.arange(2),
            "c": math.nan,
            "d": {"e": (1, None)},
            "f": b"x",
        }
        made = json.loads(json.dumps(decide(outcome, u).to_dict(), allow_nan=False))
        assert made["attrs"] == {"a": 1.5, "b": [0, 1], "c": None, "d": {"e": [1, None]}, "f": "b'x'"}

    def test_draws_are_kept(self) -> None:
        choice = decide(of_utilities(TOY, TOY_OPTIONS, particle=("draw", [4, 5, 6, 7, 8])), u)
        np.testing.assert_array_equal(choice.U, TOY)
        assert choice.U.dims == ("draw", "option")
        assert choice.U.particle.values.tolist() == [4, 5, 6, 7, 8]
        with pytest.raises(AttributeError):
            choice.best = "standard"  # type: ignore[misc]
