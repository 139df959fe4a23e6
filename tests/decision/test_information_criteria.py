"""Worth of information and what flips a choice under other criteria than expected utility."""

from __future__ import annotations

import math

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import norm
from simulated_levels import levels
from synthetic_outcome import normal_quantiles, of_utilities, u
from test_thresholds import shifted

from bayesdose.decision import Choice, Event, Override, attainment, chance, cvar, decide, only_for
from bayesdose.decision.information.category import evsi_test
from bayesdose.decision.information.gains import enbs
from bayesdose.decision.information.samples import evsi
from bayesdose.decision.information.value import evpi, evppi
from bayesdose.decision.sensitivity.thresholds import threshold_analysis
from bayesdose.errors import InputError, Refused

few = settings(max_examples=12, deadline=None)
SEED = 6031
TWO = ["treat", "no treatment"]
GAIN = 0.5 + np.random.default_rng(SEED).standard_normal(8000)
SD = 1.0
Y, POST = math.sqrt(1 / (1 + SD**2)), math.sqrt(SD**2 / (1 + SD**2))
"""One level with SD 1: SD of the posterior mean of the gain, and SD of the gain given the level."""
GRID = norm.ppf((np.arange(20000) + 0.5) / 20000)


def against_nothing(gain: np.ndarray, **facts: object) -> xr.Dataset:
    return of_utilities(np.column_stack([gain, np.zeros_like(gain)]), TWO, **facts)


def truth(gain: np.ndarray) -> xr.Dataset:
    return xr.Dataset({"gain": ("draw", gain)})


class TestAttainment:
    """To guess a sign: P(gain > 0) is 0.69, and a level tells it better."""

    outcome = of_utilities(np.column_stack([GAIN, -GAIN]), ["up", "down"])
    choice = decide(outcome, u, criterion=attainment(Event("u", above=0)))

    def test_evpi_is_the_probability_of_a_miss(self) -> None:
        made = evpi(self.choice)
        assert made.row("everything")["value"] == pytest.approx(norm.cdf(-0.5), abs=0.015)
        assert "in probability (probability of target attainment: P(u above 0))" in str(made)
        assert made.data["value"].attrs["units"] == "probability"

    def test_evsi(self) -> None:
        p = norm.cdf((0.5 + Y * GRID) / POST)
        exact = float(np.maximum(p, 1 - p).mean() - norm.cdf(0.5))
        row = evsi(self.choice, levels(GAIN, [SD], SEED)).row("1 h")
        assert row["value"] == pytest.approx(exact, abs=4 * row["mcse"])
        assert row["mcse"] < 0.01

    def test_evppi(self) -> None:
        row = evppi(self.choice, truth(GAIN), of=["gain"]).row("gain")
        assert row["value"] == pytest.approx(evpi(self.choice).evpi, rel=0.05)

    def test_net_of_a_cost_in_probability(self) -> None:
        made = enbs(evpi(self.choice), cost=0.1)
        assert made.row("everything")["net"] == pytest.approx(made.evpi - 0.1)


class TestCVaR:
    """The worst half of a gain ~ N(0.5, 1) is 0.5 - 2 phi(0) on average, worse than nothing."""

    share = 0.5
    choice = decide(against_nothing(GAIN), u, criterion=cvar(0.5))

    def of_policy(self, mean: np.ndarray, sd: float) -> float:
        """CVaR of choosing after a posterior N(mean, sd^2): the mean at the best level t, searched finely."""
        ts = np.linspace(-1.5, 1.0, 251)[:, None]
        z = (ts - mean) / sd
        short = (ts - mean) * norm.cdf(z) + sd * norm.pdf(z)  # E[(t - gain)+]
        kept = np.maximum(ts - short / self.share, ts - np.maximum(ts, 0.0) / self.share)
        return float(kept.mean(axis=1).max())

    def test_nothing_is_the_better_half(self) -> None:
        assert self.choice.best == "no treatment"
        assert self.choice.row("treat")["score"] == pytest.approx(0.5 - 2 * norm.pdf(0), abs=0.03)

    def test_evpi_is_the_cvar_of_the_best_of_each_draw(self) -> None:
        best = np.sort(np.maximum(GAIN, 0.0))
        assert evpi(self.choice).evpi == pytest.approx(best[:4000].mean())
        a = -0.5  # in z: where the gain is 0; the median of the best is at z = 0
        exact = (0.5 * (norm.cdf(0) - norm.cdf(a)) + norm.pdf(a) - norm.pdf(0)) / self.share
        assert evpi(self.choice).evpi == pytest.approx(exact, abs=0.015)

    def test_evsi(self) -> None:
        exact = self.of_policy(0.5 + math.sqrt(0.8) * GRID[::10], math.sqrt(0.2))  # a level with SD 0.5
        row = evsi(self.choice, levels(GAIN, [0.5], SEED)).row("1 h")
        assert exact > 0.01
        assert row["value"] == pytest.approx(exact, abs=4 * row["mcse"] + 0.002)

    def test_evppi(self) -> None:
        rng = np.random.default_rng(SEED + 1)
        a, b = math.sqrt(0.8) * rng.standard_normal(8000), math.sqrt(0.2) * rng.standard_normal(8000)
        choice = decide(against_nothing(0.5 + a + b), u, criterion=cvar(0.5))
        exact = self.of_policy(0.5 + math.sqrt(0.8) * GRID[::10], math.sqrt(0.2))
        row = evppi(choice, xr.Dataset({"a": ("draw", a)}), of=["a"]).row("a")
        assert row["value"] == pytest.approx(exact, abs=4 * row["mcse"] + 0.005)

    def test_of_the_whole_it_is_expected_utility(self) -> None:
        plain, whole = decide(against_nothing(GAIN), u), decide(against_nothing(GAIN), u, criterion=cvar(1.0))
        told = levels(GAIN, [SD], SEED)
        for one in (evpi, lambda c: evsi(c, told), lambda c: evppi(c, truth(GAIN), of=["gain"])):
            np.testing.assert_allclose(one(whole).data["value"], one(plain).data["value"], atol=1e-9)

    def test_a_category(self) -> None:
        """Known without error, the sign is worth as much as everything."""
        made = evsi_test(self.choice, GAIN > 0)
        assert made.row("test")["value"] == pytest.approx(made.evpi, rel=0.02)


class TestChance:
    """Treating is forbidden while P(gain < -0.5) > 0.1; it is 0.16 now."""

    harm = Event("u", below=-0.5)
    limit = chance(harm, at_most=0.1)
    choice = decide(against_nothing(GAIN), u, limits=[limit])

    def test_forbidden_now(self) -> None:
        assert self.choice.best == "no treatment"
        assert "P(u below -0.5) is 0.157, above 0.1" in self.choice.blocked["treat"]

    def test_evpi_allows_whom_it_does_not_harm(self) -> None:
        made = evpi(self.choice)
        assert made.evpi == pytest.approx(np.maximum(GAIN, 0).mean())
        assert "judged again" in str(made)

    def test_evsi(self) -> None:
        m = 0.5 + Y * GRID
        margin = float(self.limit.excess(against_nothing(GAIN)).mean(axis=0)[0]) + 0.1 - (GAIN < -0.5).mean()
        allowed = norm.cdf((-0.5 - m) / POST) + margin <= 0.1
        exact = float(np.where(allowed, np.maximum(m, 0.0), 0.0).mean())
        row = evsi(self.choice, levels(GAIN, [SD], SEED)).row("1 h")
        assert row["value"] == pytest.approx(exact, abs=4 * row["mcse"] + 0.01)
        assert exact < np.maximum(m, 0.0).mean() - 0.002  # the constraint costs something

    def test_evppi_with_the_truth_is_evpi(self) -> None:
        """The event is a step in the truth: it must not be smeared."""
        row = evppi(self.choice, truth(GAIN), of=["gain"]).row("gain")
        assert row["value"] == pytest.approx(evpi(self.choice).evpi, abs=0.005)

    def test_evppi_of_what_says_nothing(self) -> None:
        noise = np.random.default_rng(SEED + 2).standard_normal(len(GAIN))
        assert evppi(self.choice, truth(noise), of=["gain"]).row("gain")["value"] == pytest.approx(
            0, abs=0.005
        )

    def test_evppi_of_a_part(self) -> None:
        """Gain 0.5 + a + b, a known: treat where its mean is above 0 and P(b < -1 - a) allows it."""
        rng = np.random.default_rng(SEED + 3)
        a, b = Y * rng.standard_normal(8000), POST * rng.standard_normal(8000)
        outcome = against_nothing(0.5 + a + b)
        choice = decide(outcome, u, limits=[self.limit])
        row = evppi(choice, xr.Dataset({"a": ("draw", a)})).row("a")
        m = 0.5 + Y * GRID
        allowed = norm.cdf((-0.5 - m) / POST) <= self.limit.allowed(outcome)[0]
        exact = float(np.where(allowed, np.maximum(m, 0.0), 0.0).mean())
        assert row["value"] == pytest.approx(exact, abs=4 * row["mcse"] + 0.01)

    def test_it_can_be_worth_less_than_nothing(self) -> None:
        """An event in 5 % of the draws is allowed; who knows the draw may not treat there."""
        harm = np.arange(4000) % 20 == 0
        both = np.column_stack([harm, 0 * harm])
        outcome = against_nothing(np.ones(4000)).assign(harm=(("draw", "option"), both))
        choice = decide(outcome, u, limits=[chance(Event("harm", above=0.5), at_most=0.1)])
        assert evpi(choice).evpi == pytest.approx(-0.05)
        assert evsi_test(choice, harm).row("test")["value"] == pytest.approx(-0.05)
        even = np.arange(4000) % 2 == 0  # 10 % of these are harmed: with the Monte Carlo margin too many
        assert evsi_test(choice, even).row("test")["value"] == pytest.approx(-0.5)
        by = {k: decide(outcome.isel(draw=harm == k), u, limits=choice_limits(choice)) for k in (False, True)}
        made = evsi_test(by, frequency={False: 0.95, True: 0.05})
        assert made.row("test")["value"] == pytest.approx(-0.05)

    def test_limits_of_two_drugs_on_one_event_are_two_assumptions(self) -> None:
        gain = np.column_stack([GAIN[:400], GAIN[400:800] - 0.2, np.zeros(400)])
        outcome = of_utilities(gain, ["a", "b", "no treatment"], drug=("option", ["x", "y", ""]))
        low = Event("u", below=-1.0)
        limits = [only_for(chance(low, at_most=p), drug=d) for d, p in (("x", 0.1), ("y", 0.3))]
        choice = decide(outcome, u, limits=limits)
        found = threshold_analysis(choice, utility=lambda o, weight=1.0: weight * o.u, outcome=outcome)
        base = found.table["base"]
        assert base["allowed P(u below -1), drug x"] == 0.1
        assert base["allowed P(u below -1), drug y"] == 0.3

    def test_limits_on_one_event_are_told_apart_by_what_they_allow(self) -> None:
        low, other = Event("u", below=-1.0), Event("u", below=-2.0)
        limits = [
            chance(low, at_most=0.2),
            chance(low, at_most=0.3),
            chance(low, at_most=0.3, confidence=0.8),
            chance(other, at_most=0.3),
            chance(other, at_most=0.3),
        ]
        outcome = against_nothing(GAIN[:400])
        choice = decide(outcome, u, limits=limits)
        found = threshold_analysis(choice, utility=lambda o, weight=1.0: weight * o.u, outcome=outcome)
        base = found.table["base"]
        assert base[found.table["kind"] == "limit"].to_dict() == {
            "allowed P(u below -1), at most 0.2": 0.2,
            "allowed P(u below -1), at most 0.3, upper 95 % limit": 0.3,
            "allowed P(u below -1), at most 0.3, upper 80 % limit": 0.3,
            "allowed P(u below -2), at most 0.3, upper 95 % limit, limit 4": 0.3,
            "allowed P(u below -2), at most 0.3, upper 95 % limit, limit 5": 0.3,
        }

    def test_nothing_may_be_given_before_the_test(self) -> None:
        """Either option harms one category: without the test neither is allowed, so there is no choice."""
        by = {}
        for k, safe in enumerate("ab"):
            harm = np.zeros((400, 2), dtype=bool)
            harm[:, 1 - k] = True
            one = of_utilities(np.ones((400, 2)), ["a", "b"]).assign(harm=(("draw", "option"), harm))
            by[safe] = decide(one, u, limits=[chance(lambda o: o.harm, at_most=0.1)])
        assert [one.best for one in by.values()] == ["a", "b"]
        with pytest.raises(Refused, match="no option is allowed by the chance constraints before the test"):
            evsi_test(by, frequency={"a": 0.5, "b": 0.5})

    def test_an_override_is_kept(self, tmp_path) -> None:  # type: ignore[no-untyped-def]
        over = Override(self.limit, who="Dr A", why="no other way")
        file = tmp_path / "audit.jsonl"
        choice = decide(against_nothing(GAIN), u, limits=[self.limit], overrides=[over], audit_file=file)
        assert choice.best == "treat"
        assert evpi(choice).evpi == pytest.approx(np.maximum(-GAIN, 0).mean())

    def test_what_is_not_concerned_is_not_judged(self) -> None:
        outcome = against_nothing(GAIN).assign_coords(drug=("option", ["a", ""]))
        one = only_for(self.limit, drug="a")
        assert evpi(decide(outcome, u, limits=[one])).evpi == pytest.approx(np.maximum(GAIN, 0).mean())

    def test_where_nothing_is_allowed_the_least_beyond_is_taken(self) -> None:
        outcome = of_utilities(np.column_stack([GAIN, GAIN - 0.1]), ["more", "less"])
        outcome["harm"] = (("draw", "option"), np.column_stack([0 * GAIN + 0.04, 0 * GAIN + 0.03]))
        event = lambda o: o.harm.where(o.u < 0, 0.0) * 10  # noqa: E731
        made = evpi(decide(outcome, u, limits=[chance(event, at_most=0.2)]))
        assert "every option passes a chance constraint" in str(made)

    def test_no_limit_of_another_kind_is_lifted(self) -> None:
        outcome = against_nothing(GAIN).assign_coords(
            max_daily=("option", [9.0, 0.0]), kind=("option", ["candidate", "none"])
        )
        from bayesdose.decision import max_daily

        outcome.attrs["amount_unit"] = "mg"
        choice = decide(outcome, u, limits=[self.limit, max_daily("5 mg")])
        assert evpi(choice).evpi == 0.0


def choice_limits(choice: Choice) -> list[object]:
    assert choice.comparison is not None
    return list(choice.comparison.chances)


def test_minimax_regret_is_refused_with_the_reason() -> None:
    choice = decide(against_nothing(GAIN), u, criterion="minimax regret")
    told = levels(GAIN, [SD], SEED)
    for ask in (
        evpi,
        lambda c: evppi(c, truth(GAIN)),
        lambda c: evsi(c, told),
        lambda c: evsi_test(c, GAIN > 0),
    ):
        with pytest.raises(Refused, match=r"minimax regret.*takes no notice of how probable"):
            ask(choice)


def test_a_later_choice_must_be_by_the_same_criterion() -> None:
    now, later = decide(against_nothing(GAIN), u), decide(against_nothing(GAIN), u, criterion=cvar(0.5))
    with pytest.raises(InputError, match="another criterion"):
        evsi(now, levels(GAIN, [SD], SEED), later=later)


def test_waiting_under_cvar() -> None:
    """The options lose 0.1 by waiting: so does the CVaR, and the worth of the level."""
    now, later = (
        decide(against_nothing(GAIN), lambda o, d=d: o.u - d, criterion=cvar(0.5)) for d in (0, 0.1)
    )
    told = levels(GAIN, [SD], SEED)
    plain, waited = evsi(now, told).row("1 h"), evsi(now, told, later=later).row("1 h")
    assert waited["delay"] == pytest.approx(-0.1)
    assert waited["value"] == pytest.approx(plain["value"] - 0.1, abs=0.003)


@few
@given(st.integers(0, 10**6), st.integers(2, 5), st.sampled_from([0.1, 0.5, 0.9]))
def test_cvar_knowing_less_is_worth_less(seed: int, n: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    z = rng.standard_normal(1500)
    U = rng.standard_normal(n) * z[:, None] + rng.standard_normal(n) + 0.3 * rng.standard_normal((1500, n))
    choice = decide(of_utilities(U), u, criterion=cvar(share))
    most = evpi(choice).row("everything")
    level = evsi(choice, levels(z, [0.5], seed)).row("1 h")
    known = evppi(choice, xr.Dataset({"z": ("draw", z)})).row("z")
    assert -1e-9 <= level["value"] <= known["value"] + 3 * (level["mcse"] + known["mcse"])
    assert known["value"] <= most["value"] + 1e-9


class TestFlips:
    z = normal_quantiles(4000)
    outcome = against_nothing(0.5 + z)

    def test_cvar(self) -> None:
        """CVaR 50 % of 1.2 + z is 1.2 - 2 phi(0) = 0.40, and 0 once the mean has moved down by as much."""
        choice = decide(against_nothing(1.2 + self.z), u, criterion=cvar(0.5))
        found = threshold_analysis(choice, shifted(self.z))
        assert choice.best == "treat"
        assert found.table["flips_below"].item() == pytest.approx(math.exp(2 * norm.pdf(0) - 1.2), rel=0.01)
        assert "CVaR 50 % 0.40" in str(found)

    def test_attainment_and_the_numbers_of_its_event(self) -> None:
        outcome = of_utilities(np.column_stack([0.5 + self.z, 0.2 + 0 * self.z]), ["treat", "sure"])
        choice = decide(outcome, u, criterion=attainment(Event("u", above=0.3)))
        found = threshold_analysis(choice, shifted(self.z), utility=u, outcome=outcome)
        assert choice.best == "treat"
        assert found.table.loc["above", "flips_below"] == pytest.approx(0.2, abs=0.05)
        assert not np.isfinite(found.table.loc["typical gain", "flips_below"])

    def test_the_ends_of_what_is_to_be_attained(self) -> None:
        """P(1 < 2 + z < 3) is 0.683, and P(2 + z in (low, 3)) less than 0.6 from low = 1.22 on."""
        outcome = of_utilities(np.column_stack([2 + self.z, 0 * self.z + 2.9]), ["treat", "sure"])
        outcome["u"][:, 1] = np.where(np.arange(4000) < 2400, 2.9, 5.0)
        choice = decide(outcome, u, criterion=attainment(Event("u", within=(1, 3))))
        found = threshold_analysis(choice, utility=u, outcome=outcome)
        assert choice.best == "treat"
        exact = 2 + norm.ppf(norm.cdf(1) - 0.6)
        assert found.table.loc["low", "flips_above"] == pytest.approx(exact, abs=0.03)
        assert set(found.table.index) == {"low", "high"}

    def test_a_constraint_that_no_longer_holds(self) -> None:
        """P(0.5 + z < -1) is Phi(-1.5) = 0.067: at most 0.1 until the mean has moved down."""
        limit = chance(Event("u", below=-1), at_most=0.1)
        choice = decide(self.outcome, u, limits=[limit])
        margin = float(limit.excess(self.outcome).mean(axis=0)[0]) + 0.1 - (self.z < -1.5).mean()
        found = threshold_analysis(choice, shifted(self.z))
        row = found.table.loc["typical gain"]
        at = brentq(lambda d: norm.cdf(-1.5 - d) + margin - 0.1, -1, 1)
        assert (choice.best, row["to_below"]) == ("treat", "no treatment")
        assert row["flips_below"] == pytest.approx(math.exp(at), rel=0.01)
        assert row["regret_low"] == pytest.approx(-(0.5 + math.log(row["low"])), abs=0.02)

    def test_the_probability_allowed_itself(self) -> None:
        limit = chance(Event("u", below=-1), at_most=0.1)
        choice = decide(self.outcome, u, limits=[limit])
        found = threshold_analysis(choice, shifted(self.z))
        p = (
            (self.z < -1.5).mean()
            + float(limit.excess(self.outcome).mean(axis=0)[0])
            + 0.1
            - (self.z < -1.5).mean()
        )
        row = found.table.loc["allowed P(u below -1)"]
        assert row["flips_below"] == pytest.approx(p, rel=1e-6)
        assert (row["kind"], row["to_below"]) == ("limit", "no treatment")

    def test_a_better_option_that_becomes_allowed(self) -> None:
        limit = chance(Event("u", below=-1), at_most=0.05)
        choice = decide(self.outcome, u, limits=[limit])
        row = threshold_analysis(choice, shifted(self.z)).table.loc["typical gain"]
        assert (choice.best, row["to_above"]) == ("no treatment", "treat")
        assert 1.0 < row["flips_above"] < 1.5

    @pytest.mark.parametrize("criterion", [cvar(0.3), attainment(Event("u", above=0)), "expected utility"])
    def test_another_fit(self, criterion: object) -> None:
        """As deciding anew on the mixture of the draws."""
        other = against_nothing(-1.0 + self.z)
        choice = decide(against_nothing(1.3 + self.z), u, criterion=criterion)  # type: ignore[arg-type]
        found = threshold_analysis(choice, utility=u, outcome=self.outcome, others={"other fit": other})
        half = xr.concat([against_nothing(1.3 + self.z), other], dim="draw")
        anew = decide(half, u, criterion=criterion)  # type: ignore[arg-type]
        kept = found.curves["kept"].sel(assumption="other fit")
        step = int(np.abs(found.curves["value"].sel(assumption="other fit").to_numpy() - 0.5).argmin())
        assert float(kept[step]) == pytest.approx(anew.row("treat")["score"], abs=1e-6)

    def test_another_fit_under_a_constraint(self) -> None:
        limit = chance(Event("u", below=-1), at_most=0.1)
        choice = decide(self.outcome, u, limits=[limit])
        other = against_nothing(0.2 + 2 * self.z)  # P(u < -1) = 0.27
        found = threshold_analysis(choice, utility=u, outcome=self.outcome, others={"wide": other})
        assert found.table.loc["wide", "to_above"] == "no treatment"
        assert 0 < found.table.loc["wide", "flips_above"] < 0.25
