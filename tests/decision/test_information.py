"""Worth of information against closed forms, hand-made cases, and what must hold for any utilities."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from simulated_levels import levels
from synthetic_outcome import TOY, TOY_OPTIONS, of_utilities, u

from bayesdose.decision import Choice, decide, max_daily
from bayesdose.decision.information.category import evsi_test
from bayesdose.decision.information.gains import Information, enbs
from bayesdose.decision.information.samples import evsi
from bayesdose.decision.information.value import evpi, evppi
from bayesdose.errors import InputError, Refused

few = settings(max_examples=12, deadline=None)
SEED = 6021


def two_actions(gain: np.ndarray) -> Choice:
    return decide(of_utilities(np.column_stack([gain, np.zeros_like(gain)]), ["treat", "no treatment"]), u)


def covers(made: Information, source: str, exact: float, sds: float = 4.0) -> bool:
    row = made.row(source)
    return abs(row["value"] - exact) <= sds * row["mcse"]


class TestNormalTwoActions:
    """Case normal-two-action-voi: gain ~ N(0.5, 1), one observation has SD 2 (Raiffa & Schlaifer 1961)."""

    exact: ClassVar = {
        1: 0.029609162985968124,
        4: 0.09982061418712287,
        16: 0.16117091470990688,
        64: 0.18732510204040703,
        256: 0.19508050850733777,
    }
    gain = 0.5 + np.random.default_rng(SEED).standard_normal(8000)
    choice = two_actions(gain)

    def unit_normal_loss(self, n: float) -> float:
        s = math.sqrt(n / (n + 4))
        return s * (norm.pdf(0.5 / s) - 0.5 / s * norm.cdf(-0.5 / s))

    def test_reference_is_the_closed_form(self) -> None:
        for n, value in self.exact.items():
            assert self.unit_normal_loss(n) == pytest.approx(value, rel=1e-9)

    def test_evpi(self) -> None:
        made = evpi(self.choice)
        assert covers(made, "everything", 0.19779655740130603)
        assert made.evpi == pytest.approx(self.choice.evpi)
        assert made.row("everything")["changes"] == pytest.approx(1 - 0.6914624612740131, abs=0.02)

    def test_evsi_of_any_precision(self) -> None:
        made = evsi(self.choice, levels(self.gain, [2 / math.sqrt(n) for n in self.exact], SEED))
        for time, exact in zip(made.data["source"].values, self.exact.values(), strict=True):
            assert covers(made, time, exact)
            assert made.row(time)["mcse"] < 0.008
            assert made.row(time)["held_out"] == pytest.approx(made.row(time)["value"], abs=0.004)
        assert made.most == "5 h"

    def test_the_level_from_which_on_one_treats(self) -> None:
        """The posterior mean of the gain is above 0 from y = -0.5 x 4 on: precision 1 against 1/4."""
        made = evsi(self.choice, levels(self.gain, [2.0], SEED, n=400))
        assert made.policy["option"].tolist() == ["no treatment", "treat"]
        assert made.policy["high"].iloc[0] == pytest.approx(-2.0, abs=0.15)
        share = norm.cdf((-2.0 - 0.5) / math.sqrt(5))
        assert made.policy["probability"].iloc[0] == pytest.approx(share, abs=0.02)
        assert made.row("1 h")["changes"] == pytest.approx(share, abs=0.02)

    def test_two_levels_are_one_of_the_sum_of_the_precisions(self) -> None:
        made = evsi(self.choice, levels(self.gain, [2.0, 1.0, 1.0], SEED), of=[(1, 2), (2, 3), (1, 2, 3)])
        for time, n in [("1 + 2 h", 5), ("2 + 3 h", 8), ("1 + 2 + 3 h", 9)]:
            assert covers(made, time, self.unit_normal_loss(n))
            assert made.row(time)["mcse"] < 0.02

    def test_evppi_of_what_matters_and_of_what_does_not(self) -> None:
        noise = np.random.default_rng(SEED + 1).standard_normal(len(self.gain))
        half = (self.gain > 0).astype(int)
        data = xr.Dataset(
            {n: ("draw", v) for n, v in {"gain": self.gain, "noise": noise, "half": half}.items()}
        )
        made = evppi(self.choice, data, of=["gain", "noise", "half", ("gain", "noise")])
        for name in ("gain", "half", "gain + noise"):
            assert made.row(name)["value"] == pytest.approx(self.choice.evpi, rel=0.02)
        assert made.row("noise")["value"] <= 0.003

    def test_part_of_the_gain(self) -> None:
        """gain = a + b with variances 0.36 and 0.64: knowing a is Raiffa & Schlaifer's s = 0.6."""
        rng = np.random.default_rng(SEED + 2)
        a, b = 0.6 * rng.standard_normal(8000), 0.8 * rng.standard_normal(8000)
        choice = two_actions(0.5 + a + b)
        made = evppi(choice, xr.Dataset({"a": ("draw", a), "b": ("draw", b)}))
        for name, s in [("a", 0.6), ("b", 0.8)]:
            assert covers(made, name, s * (norm.pdf(0.5 / s) - 0.5 / s * norm.cdf(-0.5 / s)))


class TestCorrelatedParameters:
    """A gain linear in three correlated normal parameters: E[gain | some of them] is normal."""

    weight = np.array([1.0, -0.2, 0.9])
    covariance = np.array([[1.0, 0.6, 0.0], [0.6, 1.0, 0.3], [0.0, 0.3, 0.5]])
    theta = np.random.default_rng(SEED).multivariate_normal([0, 0, 0], covariance, 8000)
    inputs = xr.DataArray(theta, dims=("draw", "name"), coords={"name": list("abc")}).to_dataset("name")

    def exact(self, known: list[int]) -> float:
        cross = self.covariance[:, known] @ np.linalg.inv(self.covariance[np.ix_(known, known)])
        slope = self.weight @ cross
        s = math.sqrt(slope @ self.covariance[np.ix_(known, known)] @ slope)
        return s * (norm.pdf(0.3 / s) - 0.3 / s * norm.cdf(-0.3 / s))

    @pytest.mark.parametrize("known", [[0], [1], [2], [0, 1], [1, 2], [0, 1, 2]])
    def test_parts(self, known: list[int]) -> None:
        names = ["abc"[k] for k in known]
        made = evppi(two_actions(0.3 + self.theta @ self.weight), self.inputs, of=[names])
        assert covers(made, " + ".join(names), self.exact(known))
        row = made.row(" + ".join(names))
        assert row["held_out"] == pytest.approx(row["value"], abs=row["mcse"])


class TestNextSampleLogGaussian:
    """Case next-sample-log-gaussian: ln CL ~ N(., 0.3^2), ln Css observed with SD 0.2."""

    z = 0.3 * np.random.default_rng(SEED).standard_normal(8000)
    doses = np.linspace(-1.1, 1.1, 221)
    ahead = doses[None, :] - z[:, None]  # ln AUC less the middle of the window's logs
    level = levels(z, [0.2], SEED)

    def test_window(self) -> None:
        inside = (np.abs(self.ahead) <= math.log(1.5) / 2).astype(float)
        choice = decide(of_utilities(inside), u)
        made = evsi(choice, self.level)
        assert made.row("1 h")["value"] == pytest.approx(0.2760624005599699, abs=0.01)
        assert made.evpi == pytest.approx(0.4991833952084763, abs=0.015)
        assert evppi(choice, xr.Dataset({"z": ("draw", self.z)})).row("z")["value"] <= made.evpi

    def test_log_quadratic_loss(self) -> None:
        choice = decide(of_utilities(-(self.ahead**2)), u)
        made = evsi(choice, self.level)
        assert covers(made, "1 h", 0.0623076923076923)
        assert made.evpi == pytest.approx(0.09, abs=4 * 0.09 * math.sqrt(2 / 8000))

    def test_worth_it_below_its_worth(self) -> None:
        choice = decide(of_utilities(-(self.ahead**2)), u)
        made = evsi(choice, self.level)
        for cost, worth in [(0.05, True), (0.07, False)]:
            net = enbs(made, cost=cost)
            assert net.worth_it == {"1 h": worth}
            assert net.row("1 h")["net"] == pytest.approx(made.row("1 h")["value"] - cost)


def test_toy_draws() -> None:
    """Case toy-draws: EVPI 0.22 by hand; the draw known, everything is known."""
    choice = decide(of_utilities(TOY * 10, TOY_OPTIONS), u)
    assert evpi(choice).row("everything")["value"] == pytest.approx(0.22, abs=1e-9)
    made = evppi(choice, xr.Dataset({"draw_number": ("draw", np.tile(np.arange(5), 10))}))
    assert made.row("draw_number")["value"] == pytest.approx(0.22, abs=1e-9)


def test_a_test_by_hand() -> None:
    """Draws 0, 1, 3 are of one kind, 2 and 4 of another: the best of each by hand (case toy-draws).

    First kind: means 0.5, 0.8, 0: intensive, as without the test. Second: 0.25, 0.05, 0: standard gains 0.2,
    with probability 0.4.
    """
    choice = decide(of_utilities(TOY * 4, TOY_OPTIONS), u)
    kind = np.array(["a", "a", "b", "a", "b"] * 4)
    made = evsi_test(choice, kind)
    assert made.row("test")["value"] == pytest.approx(0.4 * 0.2, abs=1e-12)
    assert made.policy["option"].tolist() == ["intensive", "standard"]
    assert made.policy["probability"].tolist() == pytest.approx([0.6, 0.4])
    assert made.row("test")["changes"] == pytest.approx(0.4)
    useless = evsi_test(choice, kind, accuracy={"a": {"+": 0.5, "-": 0.5}, "b": {"+": 0.5, "-": 0.5}})
    assert useless.row("test")["value"] == 0
    # right with 0.9: "b" is said with 0.6 x 0.1 + 0.4 x 0.9; then standard gains 0.06 x -0.3 + 0.36 x 0.2
    often = evsi_test(choice, kind, accuracy={"a": {"a": 0.9, "b": 0.1}, "b": {"a": 0.1, "b": 0.9}})
    assert often.row("test")["value"] == pytest.approx(0.06 * -0.3 + 0.36 * 0.2, abs=1e-12)


def test_a_genotype_that_lifts_a_contraindication() -> None:
    """One gains 1 by the drug, which is blocked for carriers (10 %): the test is worth 0.9 for everybody."""
    names = ["drug", "no treatment"]

    def chosen(per_day: float) -> Choice:
        outcome = of_utilities([[1.0, 0.0], [1.0, 0.0]], names, max_daily=("option", [per_day, 0.0]))
        outcome.attrs["amount_unit"] = "mg"
        return decide(outcome, u, limits=[max_daily("10 mg")])

    made = evsi_test(
        {"carrier": chosen(20.0), "other": chosen(5.0)}, frequency={"carrier": 0.1, "other": 0.9}
    )
    assert made.best == "no treatment"
    assert made.row("test")["value"] == pytest.approx(0.9)
    assert dict(zip(made.policy["result"], made.policy["option"], strict=True)) == {
        "carrier": "no treatment",
        "other": "drug",
    }
    assert made.evpi == pytest.approx(0.9)


def test_waiting_costs_what_it_spoils() -> None:
    """Options that start later are worth 0.05 less in every draw: the level is worth 0.05 less."""
    gain = TestNormalTwoActions.gain
    now, late = two_actions(gain), two_actions(gain - 0.05)
    level = levels(gain, [1.0], SEED)
    made = evsi(now, level, later=late)
    alone = evsi(late, level).row("1 h")["value"]
    spoiled = float(np.mean(gain) - np.mean(gain - 0.05))
    assert made.row("1 h")["delay"] == pytest.approx(-spoiled)
    assert made.row("1 h")["value"] == pytest.approx(alone - spoiled)
    assert evsi(now, level, later={1.0: late}).row("1 h") == made.row("1 h")
    with pytest.raises(InputError, match="no later choice"):
        evsi(now, level, later={2.0: late})


def test_costs_and_delay_are_in_the_unit_of_the_utility() -> None:
    gain = TestNormalTwoActions.gain
    made = evsi(two_actions(gain), levels(gain, [1.0, 1.0], SEED), of=[1, 2, (1, 2)])
    net = enbs(made, cost=0.01, cost_per_time=0.02, patients=3)
    np.testing.assert_allclose(net.data["cost"], [0.03, 0.05, 0.06])
    np.testing.assert_allclose(net.data["net"], 3 * made.data["value"] - net.data["cost"])
    by_name = enbs(made, cost={"1 h": 0.0, "2 h": 0.1, "1 + 2 h": 0.2})
    np.testing.assert_allclose(by_name.data["cost"], [0.0, 0.1, 0.4])
    assert "net" in str(net)


def test_copies_of_a_particle_are_no_more_evidence() -> None:
    gain = TestNormalTwoActions.gain[:500]
    particle = np.repeat(np.arange(500), 8)
    outcome = of_utilities(
        np.column_stack([np.repeat(gain, 8), np.zeros(4000)]), ["a", "b"], particle=("draw", particle)
    )
    choice = decide(outcome, u)
    made = evsi(choice, levels(np.repeat(gain, 8), [1.0], SEED, particle=particle))
    assert made.row("1 h")["ess"] < 500
    copied = np.repeat(gain, 8)
    each_its_own = evsi(two_actions(copied), levels(copied, [1.0], SEED))
    assert made.row("1 h")["mcse"] > 1.8 * each_its_own.row("1 h")["mcse"]


def test_a_level_that_tells_too_much_is_refused_with_the_reason() -> None:
    gain = TestNormalTwoActions.gain[:1000]
    level = levels(gain, [1.0, 0.002], SEED)
    made = evsi(two_actions(gain), level)
    assert math.isnan(made.row("2 h")["value"])
    assert made.row("2 h")["low_ess"] > 0.5
    assert "tells more than these draws can follow" in str(made)
    assert "refused" in str(made)
    assert made.most == "1 h"
    with pytest.raises(Refused, match="ESS below 50"):
        evsi(two_actions(gain), level, of=[2])


def test_what_cannot_be_asked() -> None:
    gain = TestNormalTwoActions.gain[:100]
    choice = two_actions(gain)
    with pytest.raises(InputError, match="not the draws of the choice"):
        evsi(choice, levels(gain[:50], [1.0], 1, n=20))
    with pytest.raises(InputError, match="no level was simulated"):
        evsi(choice, levels(gain, [1.0], 1, n=20), of=[7])
    with pytest.raises(InputError, match="no parameter"):
        evppi(choice, xr.Dataset({"CL": ("draw", gain)}), of=["Cl"])
    with pytest.raises(InputError, match="cost"):
        enbs(evpi(choice), cost=-1)
    with pytest.raises(InputError, match="awaited"):
        enbs(evpi(choice), cost_per_time=1)
    with pytest.raises(InputError, match="frequency"):
        evsi_test({"a": choice, "b": choice})
    with pytest.raises(InputError, match="category"):
        evsi_test(choice, np.zeros(3))


# What must hold for any utilities


def anything(seed: int, options: int) -> tuple[np.ndarray, Choice]:
    """Utilities that are smooth and rough functions of one parameter, and noise besides."""
    rng = np.random.default_rng(seed)
    phi = rng.standard_normal(1500)
    rough = rng.standard_normal(options) * (phi[:, None] > rng.standard_normal(options))
    U = rng.standard_normal(options) * phi[:, None] + rough + rng.standard_normal((1500, options))
    return phi, decide(of_utilities(U), u)


@few
@given(st.integers(0, 10**6), st.integers(2, 8))
def test_orders_of_worth(seed: int, options: int) -> None:
    """0 <= EVSI(data) <= EVPPI(phi) <= EVPI where data depend on phi alone, within Monte Carlo error."""
    phi, choice = anything(seed, options)
    known = evppi(choice, xr.Dataset({"phi": ("draw", phi)})).row("phi")
    level = evsi(choice, levels(phi, [0.5], seed)).row("1 h")
    assert level["value"] >= 0
    assert 0 <= known["value"] <= choice.evpi + 1e-12
    assert level["value"] <= known["value"] + 4 * math.hypot(level["mcse"], known["mcse"]) + 1e-9
    assert level["value"] <= choice.evpi + 4 * level["mcse"] + 1e-9


@few
@given(st.integers(0, 10**6), st.floats(0.1, 10), st.floats(-100, 100))
def test_worth_follows_the_scale_and_no_constant(seed: int, scale: float, constant: float) -> None:
    phi, choice = anything(seed, 4)
    other = decide(of_utilities(scale * choice.U.values + constant), u)
    level = levels(phi, [0.5], seed)
    for one, moved in [(evpi(choice), evpi(other)), (evsi(choice, level), evsi(other, level))]:
        np.testing.assert_allclose(moved.data["value"], scale * one.data["value"], atol=1e-8 * (scale + 1))
        np.testing.assert_allclose(moved.data["mcse"], scale * one.data["mcse"], atol=1e-8 * (scale + 1))


@few
@given(st.integers(0, 10**6))
def test_better_levels_are_worth_more_and_two_more_than_one(seed: int) -> None:
    phi, choice = anything(seed, 4)
    made = evsi(choice, levels(phi, [2.0, 0.5], seed), of=[1, 2, (1, 2)])
    a, b, both = (made.row(name) for name in ("1 h", "2 h", "1 + 2 h"))
    assert a["value"] <= b["value"] + 4 * math.hypot(a["mcse"], b["mcse"])
    assert b["value"] <= both["value"] + 4 * math.hypot(both["mcse"], b["mcse"])


@few
@given(st.integers(0, 10**6), st.integers(2, 5))
def test_a_test_is_worth_no_less_than_nothing_and_no_more_than_all(seed: int, categories: int) -> None:
    phi, choice = anything(seed, 4)
    kind = np.digitize(phi, np.linspace(-1, 1, categories - 1))
    made = evsi_test(choice, kind)
    assert 0 <= made.row("test")["value"] <= choice.evpi + 1e-12
    assert made.policy["probability"].sum() == pytest.approx(1)
    assert max(map(len, str(made).splitlines())) <= 110


class TestVoiPackage:
    """The example of the R package voi (Jackson, overview): effects p1 ~ N(1, 1), costs p2 ~ N(0, 2).

    Treatment 2 has the net benefit k p1 - p2, treatment 1 none; a study sees n values of p1 with SD 1. Exact
    values from normal loss functions, as the vignette has them for EVPI.
    """

    rng = np.random.default_rng(SEED)
    p1, p2 = 1 + rng.standard_normal(8000), 2 * rng.standard_normal(8000)
    inputs = xr.Dataset({"p1": ("draw", p1), "p2": ("draw", p2)})

    def exact(self, k: float, sd: float) -> float:
        """E max(0, N(k, sd)) - k."""
        return sd * norm.pdf(k / sd) - k * norm.cdf(-k / sd)

    @pytest.mark.parametrize("k", [1.0, 2.0, 3.0])
    def test_perfect_and_partial(self, k: float) -> None:
        choice = two_actions(k * self.p1 - self.p2)
        assert covers(evpi(choice), "everything", self.exact(k, math.sqrt(k**2 + 4)))
        made = evppi(choice, self.inputs, of=["p1", "p2", ("p1", "p2")])
        assert covers(made, "p1", self.exact(k, k))
        assert covers(made, "p2", self.exact(k, 2.0))
        assert made.row("p1 + p2")["value"] == pytest.approx(choice.evpi, rel=0.01)

    def test_studies_of_growing_size(self) -> None:
        """The posterior mean of p1 has variance n / (n + 1): worth up to knowing p1 as n grows."""
        choice = two_actions(self.p1 - self.p2)
        sizes = [10, 100, 1000]
        made = evsi(choice, levels(self.p1, [1 / math.sqrt(n) for n in sizes], SEED))
        for time, n in zip(made.data["source"].values, sizes, strict=True):
            assert covers(made, time, self.exact(1.0, math.sqrt(n / (n + 1))))
