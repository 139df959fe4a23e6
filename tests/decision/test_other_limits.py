"""Limits on loads, intervals, covariates and chances: units, verdicts, and what is refused."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy import stats
from synthetic_outcome import auc_outcome, normal_quantiles, of_utilities, u

from bayesdose.decision import (
    Event,
    Override,
    chance,
    contraindicated,
    decide,
    in_window,
    log_target_score,
    max_daily,
    max_load,
    min_interval,
    only_for,
    soft,
)
from bayesdose.decision.criteria import clusters
from bayesdose.decision.limits.risks import upper_limits
from bayesdose.decision.sensitivity.thresholds import threshold_analysis
from bayesdose.errors import InputError, Refused


def fosfomycin(*grams: float, **attrs: object) -> xr.Dataset:
    """No treatment and fosfomycin of so many grams a day for 7 days, 0.32 g of sodium in each."""
    g = np.array([0.0, *grams])
    return xr.Dataset(
        {"u": (("draw", "option"), np.tile(np.arange(len(g), dtype=float), (4, 1)))},
        coords={
            "option": ["no treatment", *(f"{x:g} g/day" for x in grams)],
            "kind": ("option", ["none"] + ["candidate"] * len(grams)),
            "max_daily": ("option", g, {"units": "g"}),
            "total_amount": ("option", 7 * g, {"units": "g"}),
            "interval": ("option", [math.nan] + [8.0] * len(grams), {"units": "h"}),
            "n_doses": ("option", [0] + [21] * len(grams)),
            "load_sodium_daily": ("option", 0.32 * g, {"units": "g"}),
            "load_sodium": ("option", 0.32 * 7 * g, {"units": "g"}),
        },
        attrs={"amount_unit": "g", "time_unit": "h"} | attrs,
    )


def blocked(limit: Any, outcome: xr.Dataset) -> list[bool]:
    return [hit for hit, _ in limit.check(outcome)]


class TestLoads:
    """Reference case "fosfomycin-sodium": UK SmPC, 4 g contain 1.28 g of sodium; WHO, 2 g a day."""

    outcome = fosfomycin(4, 6, 6.25, 8, 16, 24)

    @pytest.mark.parametrize(
        "limit",
        [
            max_load("sodium", "2 g/day"),
            max_load("sodium", "2000 mg per day"),
            max_load("sodium", "2 g/day", content="0.32 g/g"),
            max_load("sodium", "2 g/d", content="0.32 mg/mg"),
            max_load("sodium", "14 g"),
            max_load("sodium", "14 g in total", content="320 mg/g"),
        ],
        ids=str,
    )
    def test_two_grams_of_sodium_a_day(self, limit: Any) -> None:
        assert blocked(limit, self.outcome) == [False, False, False, False, True, True, True]

    @pytest.mark.parametrize(("vial", "best"), [(2, "6 g/day"), (4, "4 g/day"), (8, "no treatment")])
    def test_the_largest_dose_that_vials_can_make_up(self, vial: int, best: str) -> None:
        outcome = fosfomycin(*np.arange(vial, 25, vial))
        assert decide(outcome, u, limits=[max_load("sodium", "2 g/day", content="0.32 g/g")]).best == best

    def test_labelled_doses_need_an_override(self, tmp_path: Path) -> None:
        outcome, limit = fosfomycin(12, 16, 24), max_load("sodium", "2 g/day")
        assert decide(outcome, u, limits=[limit]).best == "no treatment"
        taken = Override(limit, "Dr A", "no other drug is active", option="16 g/day")
        choice = decide(outcome, u, limits=[limit], overrides=[taken], audit_file=tmp_path / "a.jsonl")
        assert choice.best == "16 g/day"
        assert choice.overrides[0]["options"] == {"16 g/day": "5.12 g sodium a day is above 2 g"}

    def test_reasons(self) -> None:
        said = max_load("sodium", "2 g/day").check(self.outcome)
        assert said[-1] == (True, "7.68 g sodium a day is above 2 g")
        total = max_load("sodium", "14 g").check(self.outcome)
        assert total[-2] == (True, "35.84 g sodium over the course is above 14 g")
        molar = max_load("sodium", "100 mmol/day", content="13.91923451169803 mmol/g").check(self.outcome)
        assert molar[4] == (True, "111.354 mmol sodium a day is above 100 mmol")

    @pytest.mark.parametrize(
        ("text", "hit"),
        [
            ("32 mg/kg/day", [False, False, True]),  # 80 kg: 2.56 g a day, of 8 g fosfomycin
            ("0.032 g per kg per day", [False, False, True]),
            ("224 mg/kg", [False, False, True]),
            ("224 mg/kg in total", [False, False, True]),
            ("1.28 g/m2/day", [False, False, True]),
            ("1280 mg/m²/24 h", [False, False, True]),
            ("31 mg/kg/day", [False, True, True]),
        ],
    )
    def test_per_weight_or_surface(self, text: str, hit: list[bool]) -> None:
        """2 mmol/kg of sodium a day and the like: by the patient's weight or surface, with their units."""
        sizes = {"cov_WT": 80.0, "cov_WT_unit": "kg", "cov_BSA": 2.0, "cov_BSA_unit": "m2"}
        outcome = fosfomycin(8, 8.1, **sizes)
        assert blocked(max_load("sodium", text), outcome) == hit
        assert blocked(max_load("sodium", text, content="0.32 g/g"), outcome) == hit
        with pytest.raises(InputError, match="does not carry cov_"):
            max_load("sodium", text).check(fosfomycin(8))

    def test_reasons_per_weight(self) -> None:
        limit = max_load("sodium", "30 mg/kg/day")
        assert str(limit) == "at most 30 mg/kg sodium a day"
        outcome = fosfomycin(8, cov_WT=80.0, cov_WT_unit="kg")
        assert limit.check(outcome)[1] == (True, "32 mg/kg sodium a day is above 30 mg/kg")

    def test_units_are_never_guessed(self) -> None:
        with pytest.raises(InputError, match="content"):
            max_load("sodium", "2 g/day", content="13.9 mmol/g")
        with pytest.raises(InputError, match="units do not fit"):
            max_load("sodium", "87 mmol/day").check(self.outcome)
        bare = self.outcome.assign_coords(load_sodium_daily=("option", np.ones(7)))
        with pytest.raises(InputError, match="has no unit"):
            max_load("sodium", "2 g/day").check(bare)
        with pytest.raises(InputError, match="has no unit"):
            max_load("sodium", "2 g/day", content="0.32 g/g").check(self.outcome.drop_attrs())
        volume = self.outcome.assign_coords(max_daily=("option", np.ones(7), {"units": "mL"}))
        with pytest.raises(InputError, match="units do not fit"):
            max_load("sodium", "2 g/day", content="0.32 g/g").check(volume)

    def test_the_load_must_be_said(self) -> None:
        with pytest.raises(InputError, match="Probably meant: load_sodium_daily"):
            max_load("sodim", "2 g/day").check(self.outcome)
        hole = self.outcome.assign_coords(load_sodium=("option", np.full(7, math.nan), {"units": "g"}))
        with pytest.raises(InputError, match="does not say load_sodium of every option"):
            max_load("sodium", "2 g").check(hole)

    @pytest.mark.parametrize(
        "text", ["2", "g", "2 g/week", "-2 g", "2 gg/day", "2 Mg/day", "2 g/day/kg", "2 g/kgs", 2, "1e999 g"]
    )
    def test_what_is_no_limit(self, text: object) -> None:
        with pytest.raises(InputError):
            max_load("sodium", text)  # type: ignore[arg-type]

    @pytest.mark.parametrize("content", ["0.32", "0.32 g", "g/g", "0.32 g/", "0.32 g/day/kg", 0.32])
    def test_what_is_no_content(self, content: object) -> None:
        with pytest.raises(InputError):
            max_load("sodium", "2 g/day", content=content)  # type: ignore[arg-type]

    def test_a_load_that_binds_is_no_edge(self) -> None:
        outcome = fosfomycin(2, 4, 6).assign_coords(grams=("option", [math.nan, 2.0, 4.0, 6.0]))
        with pytest.raises(Refused, match="rises over the whole range of grams"):
            decide(outcome, u, limits=[max_load("sodium", "9 g/day")])
        choice = decide(outcome, u, limits=[max_load("sodium", "2 g/day")])
        assert (choice.best, choice.status) == ("6 g/day", "chosen")


class TestIntervals:
    def test_shorter_is_blocked(self) -> None:
        outcome = fosfomycin(4, 6, 8).assign_coords(interval=("option", [math.nan, 8.0, 6.0, 12.0]))
        assert blocked(min_interval("8 h"), outcome) == [False, False, True, False]
        assert blocked(min_interval("0.5 day"), outcome) == [False, True, True, False]
        assert min_interval("8 h").check(outcome)[2] == (True, "6 h is less than 8 h between doses")

    def test_the_shortest_counts_and_a_single_dose_has_none(self) -> None:
        outcome = fosfomycin(4, 6, 8).assign_coords(
            min_interval=("option", [math.nan, 4.0, 8.0, math.nan], {"units": "h"}),
            n_doses=("option", [0, 9, 9, 1]),
        )
        assert blocked(min_interval("8 h"), outcome) == [False, True, False, False]

    def test_one_dose_soon_after_the_last_one_that_was_given(self) -> None:
        """The fact min_interval holds the gap to it; without such a dose it is nan, nothing is blocked."""
        outcome = fosfomycin(4, 6, 8).assign_coords(
            min_interval=("option", [math.nan, 1.0, 6.0, math.nan], {"units": "h"}),
            n_doses=("option", [0, 1, 1, 1]),
        )
        assert blocked(min_interval("6 h"), outcome) == [False, True, False, False]

    @pytest.mark.parametrize("text", ["8", "8 mg", "h", "-8 h", "0 h", 8])
    def test_what_is_no_time(self, text: object) -> None:
        with pytest.raises(InputError):
            min_interval(text)  # type: ignore[arg-type]

    def test_the_outcome_must_say_it(self) -> None:
        outcome = fosfomycin(4)
        with pytest.raises(InputError, match="does not say interval"):
            min_interval("8 h").check(outcome.drop_vars("interval"))
        with pytest.raises(InputError, match="no unit"):
            min_interval("8 h").check(outcome.drop_attrs())


class TestContraindications:
    def outcome(self, **attrs: object) -> xr.Dataset:
        made = fosfomycin(4, 6, **({"cov_CRCL": 25.0, "cov_CRCL_unit": "mL/min"} | attrs))
        return made.assign_coords(drug=("option", ["", "codeine", "morphine"]))

    def test_by_covariate(self) -> None:
        for limit in (
            contraindicated("CRCL", below=30),
            contraindicated("CRCL", below="30 mL/min"),
            contraindicated("CRCL", below="1.8 L/h"),
            contraindicated("CRCL", above=20),
        ):
            assert blocked(limit, self.outcome()) == [False, True, True]
        assert not any(blocked(contraindicated("CRCL", below=25), self.outcome()))

    def test_by_genotype_and_drug(self) -> None:
        limit = contraindicated("CYP2D6", among=["UM", "PM"], only={"drug": "codeine"}, why="CPIC 2021")
        outcome = self.outcome(cov_CYP2D6="UM")
        assert blocked(limit, outcome) == [False, True, False]
        assert limit.check(outcome)[1][1] == (
            "contraindicated, CYP2D6 is UM (CYP2D6 is one of UM, PM): CPIC 2021"
        )
        assert str(limit) == "drug codeine is contraindicated where CYP2D6 is one of UM, PM (CPIC 2021)"
        assert not any(blocked(limit, self.outcome(cov_CYP2D6="NM")))
        assert blocked(contraindicated("CYP2D6", among=[0]), self.outcome(cov_CYP2D6=0.0)) == [
            False,
            True,
            True,
        ]

    def test_names_are_not_compared_with_codes(self) -> None:
        """Simulated outcomes carry codes: a name would never be met there, and the drug be given."""
        coded, named = self.outcome(cov_CYP2D6=0.0), self.outcome(cov_CYP2D6="PM")
        for among in (["PM"], ["0"], [20, "PM"], [0, "PM"]):
            with pytest.raises(InputError, match="would never be met, CYP2D6 is a number"):
                contraindicated("CYP2D6", among=among).check(coded)
        with pytest.raises(InputError, match="would never be met, CYP2D6 is a name"):
            contraindicated("CYP2D6", among=["PM", 0]).check(named)
        for among in ([True], [None], [["PM"]]):
            with pytest.raises(InputError, match="codes"):
                contraindicated("CYP2D6", among=among)  # type: ignore[arg-type]

    def test_every_value_counts_under_which_doses_are_given(self) -> None:
        """CRCL 20 at first and 60 from the third day on: the first doses are given at 20."""
        outcome = self.outcome().assign_coords(
            cov_CRCL=("option", [20.0, 60.0, 60.0]),
            cov_CRCL_low=("option", [20.0, 20.0, math.nan]),
            cov_CRCL_high=("option", [20.0, 60.0, math.nan]),
        )
        limit = contraindicated("CRCL", below=30)
        assert blocked(limit, outcome) == [False, True, False]
        assert "CRCL is 20" in limit.check(outcome)[1][1]
        assert blocked(contraindicated("CRCL", above=50), outcome) == [False, True, True]
        assert blocked(contraindicated("CRCL", among=[20]), outcome) == [False, True, False]

    def test_an_option_may_change_the_covariate(self) -> None:
        outcome = self.outcome().assign_coords(cov_CRCL=("option", [25.0, 25.0, 60.0]))
        assert blocked(contraindicated("CRCL", below=30), outcome) == [False, True, False]

    def test_what_is_not_known_is_an_error(self) -> None:
        with pytest.raises(InputError, match="Probably meant: CRCL"):
            contraindicated("CRLC", below=30).check(self.outcome())
        with pytest.raises(InputError, match="not known"):
            contraindicated("CRCL", below=30).check(self.outcome(cov_CRCL=math.nan))
        with pytest.raises(InputError, match="does not convert"):
            contraindicated("CRCL", below="30 mg/L").check(self.outcome())
        with pytest.raises(InputError, match="has no unit"):
            contraindicated("CRCL", below="30 mL/min").check(self.outcome(cov_CRCL_unit=""))
        with pytest.raises(InputError, match="is no number"):
            contraindicated("CYP2D6", below=1).check(self.outcome(cov_CYP2D6="UM"))
        with pytest.raises(InputError, match=r"no fact 'drugs'.*Probably meant: drug"):
            contraindicated("CRCL", below=30, only={"drugs": "codeine"}).check(self.outcome())

    @pytest.mark.parametrize(
        ("covariate", "arguments"),
        [
            ("CRCL", {}),
            ("", {"below": 1}),
            ("CRCL", {"below": math.nan}),
            ("CRCL", {"above": "high"}),
            ("CRCL", {"above": True}),
        ],
    )
    def test_what_is_no_contraindication(self, covariate: str, arguments: dict[str, Any]) -> None:
        with pytest.raises(InputError, match="contraindicated"):
            contraindicated(covariate, **arguments)


class TestChance:
    def test_reference_case(self) -> None:
        """Reference case "chance-constraint": P(AUC > 600) <= 0.10 holds up to 1838.2 mg."""
        outcome = auc_outcome([1700, 1800, 1838, 1839, 1900, 2204.54], normal_quantiles(100_000))
        limit = chance(Event("AUC", above=600), at_most=0.1, confidence=0.5)
        assert blocked(limit, outcome) == [False, False, False, True, True, True]
        careful = chance(Event("AUC", above=600), at_most=0.1)
        assert blocked(careful, outcome) == [False, False, True, True, True, True]
        assert "more draws could allow it" in careful.check(outcome)[2][1]
        assert careful.check(outcome)[5][1] == "P(AUC above 600) is 0.25, above 0.1"
        best = decide(outcome, lambda o: ((o.AUC >= 400) & (o.AUC <= 600)).astype(float), limits=[limit])
        assert (best.best, best.status) == ("1838 mg", "chosen")
        assert best.row("1838 mg")["expected_utility"] == pytest.approx(0.427902690558142, abs=1e-3)

    def test_a_rising_utility_needs_a_constraint_that_binds(self) -> None:
        outcome = auc_outcome([1000, 1400, 1800, 2200], normal_quantiles(2000))
        rising = lambda o: o.AUC  # noqa: E731
        with pytest.raises(Refused, match="rises over the whole range of amount"):
            decide(outcome, rising)
        with pytest.raises(Refused, match="rises over the whole range of amount"):
            decide(outcome, rising, limits=[chance(Event("AUC", above=600), at_most=0.9)])
        bound = decide(outcome, rising, limits=[chance(Event("AUC", above=600), at_most=0.08)])
        assert (bound.best, bound.status) == ("1400 mg", "chosen")
        with pytest.raises(Refused):
            decide(outcome, rising, limits=[soft(chance(Event("AUC", above=600), at_most=0.1))])
        assert decide(outcome, rising, complete=["amount"]).best == "2200 mg"

    @pytest.mark.parametrize(
        "utility",
        [
            lambda o: o.AUC / (o.AUC + 400),
            lambda o: o.AUC > 400,
            lambda o: np.log(o.AUC),
            lambda o: o.AUC - 0.001 * o.amount,
            lambda o: o.AUC if o.sizes["option"] == 4 else o.nonsense,
        ],
        ids=["Emax", "target reached", "log", "less than its cost", "cannot be asked"],
    )
    def test_a_utility_in_which_nothing_speaks_against_more_is_refused(self, utility: Any) -> None:
        outcome = auc_outcome([1000, 1400, 1800, 2200], normal_quantiles(2000))
        with pytest.raises(Refused, match="nothing in it speaks against more drug"):
            decide(outcome, utility)

    @pytest.mark.parametrize(
        "utility",
        [
            lambda o: in_window(o.AUC, 400, 600),
            lambda o: -((o.AUC - 600) ** 2),
            lambda o: log_target_score(o.AUC, 600, 1.5),
            lambda o: (o.AUC > 400) - 2.0 * (o.AUC > 5000),
            lambda o: (o.AUC > 400) if o.sizes["option"] == 3 else o.nonsense,
        ],
        ids=["window", "target", "score", "harm far away", "cannot be asked, and fills"],
    )
    def test_a_search_that_stopped_too_early_is_an_edge(self, utility: Any) -> None:
        """No draw loses by more within the search; the utility falls beyond it."""
        outcome = auc_outcome([1000, 1150, 1300], np.clip(normal_quantiles(2000), -2, 2))
        choice = decide(outcome, utility)
        assert choice.status == "edge"
        assert "try 1300 to 2600" in choice.reasons[0]

    def test_an_interior_optimum_is_chosen_and_an_edge_is_an_edge(self) -> None:
        outcome = auc_outcome([1000, 1400, 1800, 2200], normal_quantiles(2000))
        assert decide(outcome, lambda o: -((o.AUC - 400) ** 2)).status == "chosen"
        choice = decide(outcome, lambda o: -((o.AUC - 800) ** 2))
        assert choice.status == "edge"
        assert "try 2200 to 4400" in choice.reasons[0]

    def test_upper_limits_by_hand(self) -> None:
        """Clopper & Pearson (1934): 0 of 20 has the upper limit 1 - 0.05^(1/20); copies count once."""
        hit = np.zeros((20, 3), dtype=bool)
        hit[:5, 1], hit[:, 2] = True, True
        once = upper_limits(hit, clusters(20), 0.95)
        assert once[0] == pytest.approx(1 - 0.05 ** (1 / 20))
        # var of a share is p(1-p)/(n-1): the effective number is 19
        assert once[1] == pytest.approx(stats.beta.ppf(0.95, 0.25 * 19 + 1, 0.75 * 19))
        assert once[2] == 1
        twice = upper_limits(np.repeat(hit, 2, axis=0), clusters(40, np.repeat(np.arange(20), 2)), 0.95)
        np.testing.assert_allclose(twice, once)

    def test_a_probability_is_limited_by_its_mean(self) -> None:
        """P(toxicity) as a model of it has it, of each draw: logistic in the exposure."""
        outcome = auc_outcome([1000, 1400, 1800, 2200], normal_quantiles(2000))

        def toxicity(o: xr.Dataset) -> xr.DataArray:
            return 1 / (1 + np.exp(6 - 0.01 * o.AUC))

        mean = toxicity(outcome).mean("draw").to_numpy()
        assert mean[1] < 0.09 < 0.12 < mean[2]
        assert blocked(chance(toxicity, at_most=0.1), outcome) == [False, False, True, True]
        limit = upper_limits(toxicity(outcome).to_numpy(), clusters(2000), 0.95)
        error = toxicity(outcome).std("draw", ddof=1).to_numpy() / math.sqrt(2000)
        np.testing.assert_allclose(limit, mean + stats.norm.ppf(0.95) * error, rtol=5e-3)
        assert not any(blocked(chance(toxicity, at_most=float(limit.max()) + 1e-9), outcome))
        assert blocked(chance(toxicity, at_most=float(mean[1])), outcome)[1]  # not shown to be at most that
        copies = upper_limits(
            np.repeat(toxicity(outcome).to_numpy(), 3, axis=0),
            clusters(6000, np.repeat(np.arange(2000), 3)),
            0.95,
        )
        np.testing.assert_allclose(copies, limit)

    def test_probabilities_that_say_little(self) -> None:
        known = upper_limits(np.full((50, 1), 0.07), clusters(50), 0.95)
        assert known[0] == pytest.approx(0.07, rel=1e-4)  # the same in every draw
        hit = np.zeros((20, 2))
        hit[:5, 1] = 1.0  # a yes or no written as numbers
        np.testing.assert_array_equal(
            upper_limits(hit, clusters(20), 0.95), upper_limits(hit > 0, clusters(20), 0.95)
        )
        outcome = auc_outcome([1000, 1400], normal_quantiles(20))
        for wrong in (lambda o: o.AUC, lambda o: -o.AUC, lambda o: o.AUC > 1 if o is None else 0.5):
            with pytest.raises(InputError, match="probabilities from 0 to 1"):
                chance(wrong, at_most=0.1).check(outcome)

    def test_the_limit_covers(self) -> None:
        rng = np.random.default_rng(1)
        hit = rng.random((400, 2000)) < 0.05
        covered = (upper_limits(hit, clusters(400), 0.95) >= 0.05).mean()
        assert 0.95 - 3 * math.sqrt(0.05 * 0.95 / 2000) < covered < 0.985

    @pytest.mark.parametrize(
        "arguments",
        [
            {"at_most": 0},
            {"at_most": 1},
            {"at_most": "0.1"},
            {"at_most": 0.1, "confidence": 1},
            {"at_most": True},
        ],
    )
    def test_what_is_no_probability(self, arguments: dict[str, Any]) -> None:
        with pytest.raises(InputError, match="chance"):
            chance(Event("AUC", above=1), **arguments)
        with pytest.raises(InputError, match="event"):
            chance("AUC > 1", at_most=0.1)  # type: ignore[arg-type]

    def test_no_treatment_is_judged_too(self) -> None:
        outcome = of_utilities(
            [[0.0, 1.0]] * 4, ["no treatment", "dose"], kind=("option", ["none", "candidate"])
        )
        with pytest.raises(Refused, match="something can meet"):
            decide(outcome, u, limits=[chance(lambda o: o.u > -1, at_most=0.5)])


class TestSomeOptions:
    outcome = fosfomycin(4, 6, 8).assign_coords(drug=("option", ["", "A", "B", "B"]))

    def test_a_limit_for_one_drug(self) -> None:
        limit = only_for(max_daily("5 g"), drug="B")
        assert blocked(limit, self.outcome) == [False, False, True, True]
        assert str(limit) == "drug B: at most 5 g a day"
        assert decide(self.outcome, u, limits=[limit]).best == "4 g/day"
        assert decide(self.outcome, u, limits=[soft(limit, cost=3)]).best == "4 g/day"

    @pytest.mark.parametrize("made", [lambda limit: limit, soft], ids=["hard", "soft"])
    def test_a_value_that_no_option_has_is_an_error(self, made: Any) -> None:
        named = self.outcome.assign_coords(drug=("option", ["", "codeine", "morphine", "morphine"]))
        limits = [
            only_for(max_daily("0.1 g"), drug="codein"),
            contraindicated("CRCL", below=30, only={"drug": "codein"}),
            only_for(contraindicated("CRCL", below=30, only={"drug": "codein"}), drug="morphine"),
        ]
        for limit in limits:
            with pytest.raises(InputError, match=r"no option has the drug 'codein'.*Probably meant: codeine"):
                decide(named.assign_attrs(cov_CRCL=90.0), u, limits=[made(limit)])

    def test_what_the_other_options_do_not_say_is_not_asked(self) -> None:
        holes = self.outcome.assign_coords(max_daily=("option", [0.0, math.nan, 6.0, 4.0]))
        assert blocked(only_for(max_daily("5 g"), drug="B"), holes) == [False, False, True, False]
        with pytest.raises(InputError, match="does not say max_daily"):
            max_daily("5 g").check(holes)

    def test_the_fact_must_be_there(self) -> None:
        with pytest.raises(InputError, match="Probably meant: drug"):
            only_for(max_daily("5 g"), drugs="B").check(self.outcome)
        for wrong in (lambda: only_for(max_daily("5 g")), lambda: only_for("5 g", drug="B")):  # type: ignore[arg-type]
            with pytest.raises(InputError, match="only_for"):
                wrong()

    def test_the_edge_is_that_of_the_drug(self) -> None:
        outcome = auc_outcome([1000, 1400, 1800, 2200, 9000], normal_quantiles(2000))
        joined = outcome.assign_coords(drug=("option", ["A"] * 4 + ["B"]))
        rising = lambda o: o.AUC * (o.drug == "A")  # noqa: E731
        with pytest.raises(Refused, match="amount 2200 is the largest"):
            decide(joined, rising)
        limited = joined.assign_coords(max_daily=joined.amount).assign_attrs(amount_unit="mg")
        choice = decide(limited, rising, limits=[only_for(max_daily("2.4 g"), drug="A")])
        assert (choice.best, choice.status) == ("2200 mg", "chosen")


class TestSoft:
    def test_a_cost_is_utility(self) -> None:
        outcome = fosfomycin(4, 6, 8)
        free = decide(outcome, u)
        assert free.best == "8 g/day"
        choice = decide(outcome, u, limits=[soft(max_daily("5 g"), cost=2.5)])
        assert choice.best == "4 g/day"
        assert choice.table["expected_utility"].to_numpy().tolist() == [0, 1, -0.5, 0.5]
        assert choice.blocked == {}
        assert list(choice.warned) == ["6 g/day", "8 g/day"]
        assert choice.limits == ("at most 5 g a day (soft: costs 2.5)",)
        assert "8 g a day is above 5 g (costs 2.5)" in str(choice)

    def test_without_a_cost_it_warns(self) -> None:
        choice = decide(fosfomycin(4, 6, 8), u, limits=[soft(max_daily("5 g"))])
        assert choice.best == "8 g/day"
        assert choice.reasons == ("the best passes a limit: 8 g a day is above 5 g",)
        assert "passing a limit, not blocked (2):" in str(choice)
        assert choice.to_dict()["warned"]["6 g/day"] == "6 g a day is above 5 g"

    @pytest.mark.parametrize("arguments", [{"cost": 0}, {"cost": -1}, {"cost": math.inf}, {"cost": "1"}])
    def test_costs_that_are_none(self, arguments: dict[str, Any]) -> None:
        with pytest.raises(InputError, match="cost"):
            soft(max_daily("5 g"), **arguments)

    @pytest.mark.parametrize("limit", ["5 g", None, soft(max_daily("5 g"))])
    def test_what_is_no_limit(self, limit: Any) -> None:
        with pytest.raises(InputError, match="soft"):
            soft(limit)

    def test_what_flips_the_choice_counts_the_cost(self) -> None:
        def utility(o: xr.Dataset, alpha: float = 1.0) -> xr.DataArray:
            return o.u - alpha * 0.1 * o.u**2

        outcome, limit = fosfomycin(4, 6, 8), soft(max_daily("5 g"), cost=0.3)
        choice = decide(outcome, utility, limits=[limit])
        ranges = {"alpha": (0.2, 5.0)}
        curve = threshold_analysis(choice, utility=utility, outcome=outcome, ranges=ranges).curves
        alpha = curve.sel(assumption="alpha")
        for value, kept, regret in zip(
            *(alpha[n].to_numpy() for n in ("value", "kept", "regret")), strict=True
        ):
            anew = decide(outcome, partial(utility, alpha=value), limits=[limit])
            assert kept == pytest.approx(anew.row(choice.best)["expected_utility"])
            assert regret == pytest.approx(anew.row(choice.best)["difference"])
