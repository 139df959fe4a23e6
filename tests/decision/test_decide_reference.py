"""Published, closed-form and hand-made cases; the numbers were worked out apart from this code."""

from __future__ import annotations

import math

import numpy as np
import pytest
import xarray as xr
from scipy.stats import norm
from synthetic_outcome import (
    CL_MEDIAN,
    OMEGA,
    TOY,
    TOY_OPTIONS,
    auc_outcome,
    normal_quantiles,
    of_utilities,
    u,
)

from bayesdose.decision import decide, in_window, named_utility, squared_error

FINE = normal_quantiles(100_000)


class TestToyDraws:
    """Case toy-draws: 5 draws x 3 actions, every summary by hand."""

    choice = decide(of_utilities(TOY, TOY_OPTIONS), u)

    def column(self, name: str) -> list[float]:
        return self.choice.table[name].to_numpy().tolist()

    def test_expected_utility_and_best(self) -> None:
        assert self.column("expected_utility") == pytest.approx([0.4, 0.5, 0.0], abs=1e-9)
        assert (self.choice.best, self.choice.runner_up) == ("intensive", "standard")
        assert self.choice.criterion == "expected utility"

    def test_probabilities(self) -> None:
        assert self.column("p_best") == pytest.approx([0.2, 0.8, 0.0], abs=1e-9)
        assert self.column("p_unbeaten") == pytest.approx([0.2, 0.8, 0.0], abs=1e-9)

    def test_regret_and_evpi(self) -> None:
        assert self.column("expected_regret") == pytest.approx([0.32, 0.22, 0.72], abs=1e-9)
        assert self.choice.evpi == pytest.approx(0.22, abs=1e-9)

    def test_difference_with_common_random_numbers(self) -> None:
        row = self.choice.row("standard")
        assert row["difference"] == pytest.approx(0.1, abs=1e-9)
        assert row["difference_mcse"] == pytest.approx(0.31464265445104544, abs=1e-9)
        assert row["difference_mcse"] * math.sqrt(5) == pytest.approx(0.7035623639735145, abs=1e-9)
        independent = math.hypot(row["mcse"], self.choice.row("intensive")["mcse"])
        assert independent == pytest.approx(0.282842712474619, abs=1e-9)

    def test_five_draws_do_not_settle_it(self) -> None:
        assert self.choice.status == "too close to call"
        assert self.choice.indifference == pytest.approx(0.05 * 0.22)
        # 2 x 0.31464 - 0.1 could be hidden; 5 (2 x 0.31464 / (0.011 + 0.1))^2 = 160.7 draws would tell
        assert "standard could be better by up to 0.529" in self.choice.reasons[0]
        assert "about 160 distinct draws" in self.choice.reasons[0]


def loss(outcome: xr.Dataset) -> xr.DataArray:
    return squared_error(outcome.AUC, 500.0)


class TestLognormalQuadratic:
    """Case lognormal-quadratic: d* = T CLmed exp(-1.5 w^2), least loss T^2 (1 - exp(-w^2))."""

    dose, least, plug_in, loss_at_plug_in = 1965.8608012980776, 21517.203682192954, 2250.0, 26290.410826094045

    def test_reference_is_the_closed_form(self) -> None:
        assert self.dose == pytest.approx(500 * CL_MEDIAN * math.exp(-1.5 * OMEGA**2), rel=1e-9)
        assert self.least == pytest.approx(500**2 * (1 - math.exp(-(OMEGA**2))), rel=1e-9)

    def test_quadrature(self) -> None:
        grid = [self.dose * f for f in (0.98, 0.99, 1.0, 1.01, 1.02)]
        choice = decide(auc_outcome([*grid, self.plug_in], FINE), loss)
        table = choice.table.expected_utility.to_numpy()
        assert choice.best == f"{self.dose:.12g} mg"
        assert -table[2] == pytest.approx(self.least, rel=1e-4)
        assert -table[5] == pytest.approx(self.loss_at_plug_in, rel=1e-4)

    def test_4000_draws(self) -> None:
        z = np.random.default_rng(20250).standard_normal(4000)
        doses = np.arange(1500.0, 2500.0, 10.0)
        choice = decide(auc_outcome([*doses, self.plug_in + 0.5], z), loss)
        best = choice.row(choice.best)
        assert float(choice.best.split()[0]) == pytest.approx(self.dose, rel=0.02)
        assert abs(-best["expected_utility"] - self.least) <= 4 * best["mcse"]
        assert choice.row(f"{self.plug_in + 0.5:g} mg")["difference"] > 0

    def test_named_utility_is_the_same(self) -> None:
        outcome = auc_outcome([1500.0, 2000.0, 2500.0], FINE[::100])
        named = decide(outcome, named_utility("target", outcome="AUC", target=500.0))
        assert named.table.equals(decide(outcome, loss).table)


def attainment(outcome: xr.Dataset) -> xr.DataArray:
    return in_window(outcome.AUC, 400.0, 600.0)


class TestLognormalWindow:
    """Case lognormal-pta: d* = sqrt(L U) CLmed, PTA* = 2 Phi(ln(U/L)/(2w)) - 1."""

    dose, pta, at_2000, at_2500 = (
        2204.5407685048604,
        0.5008166047915237,
        0.4787105820497528,
        0.46447646847491725,
    )

    def test_reference_is_the_closed_form(self) -> None:
        assert self.dose == pytest.approx(math.sqrt(400 * 600) * CL_MEDIAN, rel=1e-9)
        assert self.pta == pytest.approx(2 * norm.cdf(math.log(1.5) / (2 * OMEGA)) - 1, rel=1e-9)

    def test_quadrature(self) -> None:
        doses = [2000.0, 0.95 * self.dose, self.dose, 1.05 * self.dose, 2500.0]
        choice = decide(auc_outcome(doses, FINE), attainment)
        table = choice.table.expected_utility.to_numpy()
        assert choice.best == f"{self.dose:.12g} mg"
        # a window's ends fall between two of the 1e5 draws: at most one draw too many or too few at each
        assert table[[0, 2, 4]] == pytest.approx([self.at_2000, self.pta, self.at_2500], abs=2e-5)

    def test_4000_draws(self) -> None:
        z = np.random.default_rng(20251).standard_normal(4000)
        choice = decide(auc_outcome([2000.0, self.dose, 2500.0], z), attainment)
        for name, exact in zip(
            choice.table.option.values, [self.at_2000, self.pta, self.at_2500], strict=True
        ):
            row = choice.row(str(name))
            assert abs(row["expected_utility"] - exact) <= 4 * row["mcse"]


class TestDoseStrengths:
    """Case dose-strengths: what can be given comes in steps of 250 mg."""

    lattice = (1500, 1750, 2000, 2250, 2500, 2750)
    pta = (
        0.2466409720583561,
        0.38842783285505766,
        0.4787105820497528,
        0.499824386696881,
        0.46447646847491725,
        0.39674448753668784,
    )
    regret = 0.0009922180946425607

    def test_lattice(self) -> None:
        choice = decide(auc_outcome(self.lattice, FINE), attainment)
        assert choice.best == "2250 mg"
        assert choice.table.expected_utility.to_numpy() == pytest.approx(self.pta, abs=2e-5)

    def test_regret_against_any_dose(self) -> None:
        choice = decide(auc_outcome([*self.lattice, TestLognormalWindow.dose], FINE), attainment)
        assert choice.row("2250 mg")["difference"] == pytest.approx(self.regret, abs=2e-5)
        assert "2250 mg" in choice.near_optimal

    def test_4000_draws(self) -> None:
        z = np.random.default_rng(20252).standard_normal(4000)
        choice = decide(auc_outcome(self.lattice, z), attainment)
        assert choice.best == "2250 mg"
        for name, exact in zip(self.lattice, self.pta, strict=True):
            row = choice.row(f"{name} mg")
            assert abs(row["expected_utility"] - exact) <= 4 * row["mcse"]


def test_common_random_numbers() -> None:
    """Case crn-mcse: sd 1, correlation 0.9, n 1000 -> sqrt(2 (1 - 0.9)/n), 3.16 times less than apart."""
    a, b = np.random.default_rng(3).standard_normal((2, 1000))
    basis = np.linalg.qr(np.column_stack([np.ones(1000), a, b]))[0][:, 1:] * math.sqrt(
        999
    )  # mean 0, sd 1, apart
    pair = np.column_stack([basis[:, 0], 0.9 * basis[:, 0] + math.sqrt(1 - 0.81) * basis[:, 1]])
    choice = decide(of_utilities(pair + np.array([1.0, 0.0])), u)
    error = choice.row("option 1")["difference_mcse"]
    independent = math.hypot(*choice.table.mcse.to_numpy())
    assert error == pytest.approx(0.014142135623730949, rel=1e-12)
    assert independent == pytest.approx(0.044721359549995794, rel=1e-12)
    assert independent / error == pytest.approx(3.1622776601683795, rel=1e-12)


def test_evpi_of_two_actions() -> None:
    """Case normal-two-action-voi: gain ~ N(0.5, 1), EVPI = phi(u) - u Phi(-u) = 0.19780, P(best) 0.69146."""
    gain = 0.5 + FINE
    choice = decide(of_utilities(np.column_stack([gain, np.zeros_like(gain)]), ["treat", "no treatment"]), u)
    assert choice.best == "treat"
    assert choice.evpi == pytest.approx(0.19779655740130603, rel=1e-4)
    assert choice.row("treat")["p_best"] == pytest.approx(0.6914624612740131, abs=2e-5)
