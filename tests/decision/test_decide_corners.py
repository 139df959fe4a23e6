"""Corners of a choice: huge losses, shared populations, overridden limits, routes, falling outcomes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import xarray as xr
from synthetic_outcome import of_utilities, regimens, u

from bayesdose.decision import (
    Acknowledged,
    Choice,
    Event,
    Override,
    attainment,
    best_time_of_day,
    chance,
    cvar,
    decide,
    max_daily,
    only_for,
    soft,
)
from bayesdose.errors import InputError, Refused


class TestEqualButForRounding:
    U = np.array([[0.0, -3.24, -0.7, -0.1, -1e13]]) + np.linspace(-0.01, 0.01, 20)[:, None]
    names = ("no treatment", "a", "b", "c", "d")

    def decided(self, order: list[int], *, block: bool) -> Choice:
        daily = np.array([0.0, 1, 1, 1, 100])[order]
        names = [self.names[k] for k in order]
        outcome = of_utilities(self.U[:, order] - 1.0, names, max_daily=("option", daily))
        outcome.attrs["amount_unit"] = "mg"
        return decide(outcome, u, limits=[max_daily("10 mg")] if block else [])

    @pytest.mark.parametrize("block", [True, False])
    def test_a_huge_loss_makes_no_others_equal(self, block: bool) -> None:
        choice = self.decided([1, 2, 3, 4], block=block)
        assert choice.best == "c"
        assert not any("same" in reason for reason in choice.reasons)
        assert choice.row("c")["p_best"] == 1.0
        assert choice.row("b")["p_unbeaten"] == 0.0
        assert choice.near_optimal == ("c",)

    def test_what_differs_by_rounding_alone_is_equal(self) -> None:
        gain = np.linspace(-1, 1, 30)
        U = np.column_stack([gain * 0, (0.1 + 0.2 - 0.3) * (2 + gain), gain - 3])
        choice = decide(of_utilities(U + 5.0, ["no treatment", "a", "b"]), u)
        assert choice.best == "no treatment"
        assert choice.row("a")["p_unbeaten"] == 1.0

    def test_the_score_is_called_by_its_name(self) -> None:
        outcome = of_utilities([[1.0, 1.0], [2.0, 2.0]], ["a", "no treatment"])
        assert "same CVaR 50 % as a" in decide(outcome, u, criterion=cvar(0.5)).reasons[-1]
        assert "same expected utility as a" in decide(outcome, u).reasons[-1]


class TestOnePopulationDrawBehindManyParticles:
    """200 draws of the population with 20 patients each: what they share does not average out."""

    def outcome(self, seed: int, shared: int = 200) -> xr.Dataset:
        rng = np.random.default_rng(seed)
        population = np.repeat(np.arange(shared), 4000 // shared)
        gain = rng.standard_normal(shared)[population] + 0.1 * rng.standard_normal(4000)
        made = of_utilities(np.column_stack([gain, 0 * gain - 9]), particle=("draw", np.arange(4000)))
        return made.assign_coords(population_draw=("draw", population))

    def test_the_error_is_that_of_repetition(self) -> None:
        found = [decide(self.outcome(seed), u) for seed in range(100)]
        spread = np.std([c.row("option 0")["expected_utility"] for c in found], ddof=1)
        told = np.mean([c.row("option 0")["mcse"] for c in found])
        assert told == pytest.approx(spread, rel=4 / np.sqrt(2 * 99))
        assert found[0].n_particles == 4000

    def test_a_population_that_is_known_adds_none(self) -> None:
        one = self.outcome(1, shared=1)
        alone = decide(one.drop_vars("population_draw"), u)
        assert decide(one, u).row("option 0")["mcse"] == alone.row("option 0")["mcse"]

    def test_limits_on_a_probability_follow(self) -> None:
        outcome = self.outcome(3)
        limit = chance(Event("u", above=1.0), at_most=0.18)
        assert (outcome.u[:, 0] > 1).mean() < 0.165
        assert limit.check(outcome)[0][0]
        assert not limit.check(outcome.drop_vars("population_draw"))[0][0]


class TestAttainment:
    outcome = of_utilities([[1, 0], [0, 0]], max_daily=("option", [5.0, 1.0])).assign_attrs(amount_unit="mg")

    def test_no_cost_where_none_is_counted(self) -> None:
        event, limit = attainment(Event("u", above=0.5)), max_daily("2 mg")
        with pytest.raises(InputError, match=r"costs utility.*P\(event\)"):
            decide(self.outcome, u, criterion=event, limits=[soft(limit, cost=100)])
        assert decide(self.outcome, u, criterion=event, limits=[soft(limit)]).best == "option 0"


def searched(values: np.ndarray, amounts: list[float], name: str = "nadir") -> xr.Dataset:
    """Outcomes (draw, amount), and an AUC in proportion to the amount."""
    draws = np.array([0.8, 1.0, 1.2])[:, None]
    return xr.Dataset(
        {name: (("draw", "option"), values), "auc": (("draw", "option"), draws * np.array(amounts))},
        coords={
            "option": [f"{a:g} mg" for a in amounts],
            "amount": ("option", amounts),
            "max_daily": ("option", amounts),
        },
        attrs={"amount_unit": "mg"},
    )


class TestOutcomesThatFall:
    amounts: ClassVar = [100.0, 200.0, 300.0]
    draws = np.array([0.8, 1.0, 1.2])[:, None]

    def test_a_burden_that_only_falls_speaks_against_no_dose(self) -> None:
        load = self.draws * 1e5 / np.array(self.amounts)
        with pytest.raises(Refused, match="rises over the whole range of amount"):
            decide(searched(load, self.amounts, "viral_load"), lambda o: -o.viral_load)

    def test_harm_below_the_range_counts(self) -> None:
        nadir = self.draws * 800.0 / np.array(self.amounts)
        outcome = searched(nadir, self.amounts)
        choice = decide(outcome, lambda o: o.auc - 1e6 * (o.nadir < 0.5))
        assert (choice.best, choice.status) == ("300 mg", "edge")
        with pytest.raises(Refused, match="rises over"):
            decide(outcome, lambda o: o.auc)

    def test_one_that_goes_both_ways_cannot_be_continued(self) -> None:
        both = np.array([[3.0, 2.0, 4.0], [3.0, 4.0, 2.0], [5.0, 5.0, 5.0]])
        with pytest.raises(Refused, match="rises over"):  # by what was searched alone
            decide(searched(both, self.amounts), lambda o: o.auc - 1e6 * (o.nadir > 6))


class TestOverriddenLimit:
    amounts: ClassVar = [100.0, 200.0, 300.0]
    outcome = searched(np.ones((3, 3)), amounts)

    @pytest.mark.parametrize("option", [None, "300 mg"])
    def test_it_holds_nothing_back(self, option: str | None, tmp_path: Path) -> None:
        limit = max_daily("250 mg")
        one = Override(limit, "Dr A", "why", option=option)
        with pytest.raises(Refused, match="rises over"):
            decide(
                self.outcome,
                lambda o: o.auc,
                limits=[limit],
                overrides=[one],
                audit_file=tmp_path / "a.jsonl",
            )

    def test_nor_where_the_best_keeps_it(self, tmp_path: Path) -> None:
        limit = max_daily("350 mg")
        one = Override(limit, "Dr A", "why")
        assert decide(self.outcome, lambda o: o.auc, limits=[limit]).status == "chosen"
        with pytest.raises(Refused, match="rises over"):
            decide(
                self.outcome,
                lambda o: o.auc,
                limits=[limit],
                overrides=[one],
                audit_file=tmp_path / "a.jsonl",
            )


class TestSeveralRoutes:
    def test_a_rise_beside_another_route(self) -> None:
        one = searched(np.ones((3, 3)), [100.0, 200.0, 300.0])
        other = one.assign(auc=0.5 * one.auc)
        other = other.assign_coords(option=[f"oral {o}" for o in one.option.values])
        both = xr.concat([other, one], dim="option")
        route = ["bolus into gut"] * 3 + ["bolus into central"] * 3
        for order in ([0, 1, 2, 3, 4, 5], [3, 4, 5, 0, 1, 2]):
            mixed = both.assign_coords(route=("option", route)).isel(option=order)
            with pytest.raises(Refused, match="rises over"):
                decide(mixed, lambda o: o.auc.where(o.route == "bolus into gut", 135 - o.auc))

    def test_hours_of_one_route(self) -> None:
        hours = np.tile([0.0, 6.0, 12.0, 18.0], 2)
        level = np.array([0.0, 1, 0, -1, 5, 9, 5, 1]) + np.linspace(-0.1, 0.1, 5)[:, None]
        route = ["a"] * 4 + ["b"] * 4
        outcome = of_utilities(level, time_of_day=("option", hours), route=("option", route))
        found = best_time_of_day(decide(outcome, u))
        assert (found.best, found.mean) == (pytest.approx(6.0), pytest.approx(5.0))


@pytest.mark.parametrize(("drug", "status"), [("A", "chosen"), ("B", "edge")])
def test_a_limit_for_another_drug_is_no_end_of_the_search(drug: str, status: str) -> None:
    drugs = ("option", ["", "A", "A", "A", "B"])
    outcome = regimens(lambda a, i: a, interval=(24,)).assign_coords(drug=drugs)
    limit = only_for(max_daily("7 mg"), drug=drug)
    choice = decide(outcome, lambda o: -abs(o.trough - 3), limits=[limit])
    assert (choice.best, choice.status) == ("3 mg/kg every 24 h x 10", status)


class TestSmallThings:
    @pytest.mark.parametrize("made", [Acknowledged, lambda who, why: Override(max_daily("1 mg"), who, why)])
    def test_half_a_character_is_no_name(self, made: Any) -> None:
        with pytest.raises(InputError, match=r"without who.*ud800"):
            made("Dr \ud800", "why")

    @pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int32, np.uint64])
    def test_whole_numbers_of_few_bits_do_not_overflow(self, kind: type) -> None:
        grade: np.ndarray = np.array([[0, 4], [1, 3], [0, 5]], dtype=kind)
        outcome = xr.Dataset({"grade": (("draw", "option"), grade)}, coords={"option": ["a", "b"]})
        choice = decide(outcome, lambda o: -(o.grade - 1) * 2_000_000_000)
        assert choice.row("b")["expected_utility"] == -6e9
        assert outcome.grade.dtype == kind

    def test_a_variable_with_the_name_of_a_method(self) -> None:
        outcome = of_utilities([[1.0, 2.0], [2.0, 3.0]]).rename(u="load")
        assert decide(outcome, lambda o: o["load"]).best == "option 1"
        wrong: list[Any] = [lambda o: -o.load, lambda o: o.load - 1, lambda o: (o.load > 3) * 1.0]
        for utility in wrong:
            with pytest.raises(InputError, match=r"outcome.load is a method.*outcome\['load'\]"):
                decide(outcome, utility)
        with pytest.raises(TypeError, match="method"):
            decide(outcome.rename(load="auc"), wrong[0])
