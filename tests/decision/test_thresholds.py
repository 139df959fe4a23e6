"""What flips a choice: against values where it must, by arithmetic and by deciding anew."""

from __future__ import annotations

import math

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic_outcome import normal_quantiles, of_utilities, regimens, u

from bayesdose.decision import Limit, decide, max_daily, named_utility, stakeholders
from bayesdose.decision.sensitivity.thresholds import Thresholds, threshold_analysis
from bayesdose.errors import InputError, Refused

few = settings(max_examples=20, deadline=None)
Z = normal_quantiles(4000)
F = np.exp(np.linspace(-math.log(4), math.log(4), 41))


def shifted(z: np.ndarray, f: np.ndarray = F) -> xr.Dataset:
    """The draws z ~ N(0, 1), weighed as N(log f, 1)."""
    d = np.log(f)[:, None]
    return xr.Dataset(
        {
            "log_weight": (("assumption", "step", "draw"), (d * z - d**2 / 2)[None]),
            "value": (("assumption", "step"), f[None]),
        },
        coords={"assumption": ["typical gain"], "kind": ("assumption", ["prior"])},
    )


def two_actions(gain: np.ndarray):  # type: ignore[no-untyped-def]
    return decide(of_utilities(np.column_stack([gain, np.zeros_like(gain)]), ["treat", "no treatment"]), u)


def test_a_prior_that_moves_flips_where_the_mean_passes_zero() -> None:
    """The gain is 0.5 + z: its mean is 0.5 + log f, which is 0 at exp(-0.5)."""
    found = threshold_analysis(two_actions(0.5 + Z), shifted(Z))
    row = found.table.loc["typical gain"]
    assert row["flips_below"] == pytest.approx(math.exp(-0.5), rel=2e-3)
    assert row["to_below"] == "no treatment"
    assert math.isnan(row["flips_above"])
    assert row["kept_low"] == pytest.approx(0.5 + math.log(row["low"]), abs=0.02)
    assert row["regret_low"] == pytest.approx(-row["kept_low"])
    assert (row["base"], row["regret_high"], found.expected) == (1.0, 0.0, pytest.approx(0.5, abs=1e-3))
    assert found.flips == {
        "typical gain": (pytest.approx(row["flips_below"]), pytest.approx(np.nan, nan_ok=True))
    }
    assert "below 0.60" in str(found)


def test_no_further_than_the_draws_reach() -> None:
    """Followed up to where the ESS, (sum w)^2 / sum w^2 with w = exp(d z), is still 50."""
    d = np.linspace(-4, 4, 81)
    w = np.exp(d[:, None] * Z)
    ess = w.sum(axis=1) ** 2 / (w**2).sum(axis=1)
    found = threshold_analysis(two_actions(5 + Z), shifted(Z, np.exp(d)))
    row = found.table.loc["typical gain"]
    assert math.log(row["high"]) == pytest.approx(d[ess >= 50].max())
    assert math.log(row["low"]) == pytest.approx(d[ess >= 50].min())
    np.testing.assert_allclose(found.curves["ess"].isel(assumption=0), ess)
    assert ess[50] == pytest.approx(4000 * math.exp(-1), rel=0.02)  # in theory exp(-d^2) of the draws
    assert np.isnan(found.curves["kept"].to_numpy()[0, 0])


def test_copies_of_a_particle_count_once() -> None:
    gain = np.repeat(0.5 + Z[::8], 8)
    particle = ("draw", np.repeat(np.arange(500), 8))
    outcome = of_utilities(np.column_stack([gain, 0 * gain]), ["a", "b"], particle=particle)
    found = threshold_analysis(decide(outcome, u), shifted(gain - 0.5))
    assert float(found.curves["ess"].max()) == pytest.approx(500)


def weighing(o: xr.Dataset, weight: float = 2.0, bonus: float = 0.0) -> xr.DataArray:
    """Benefit minus weight x harm"""
    return o.benefit - weight * o.harm + bonus


BENEFIT = np.column_stack([np.tile([1.0, 0.0, 1.0, 1.0], 250), np.zeros(1000)])
HARM = np.column_stack([np.tile([0.0, 0.0, 0.0, 1.0], 250), np.zeros(1000)])
WEIGHED = xr.Dataset(
    {"benefit": (("draw", "option"), BENEFIT), "harm": (("draw", "option"), HARM)},
    coords={"option": ["treat", "no treatment"]},
)


def test_the_weight_of_harm_that_flips_is_benefit_over_harm() -> None:
    """E[benefit] = 3/4, E[harm] = 1/4: treating is right up to a weight of 3."""
    choice = decide(WEIGHED, weighing)
    found = threshold_analysis(choice, utility=weighing, outcome=WEIGHED)
    assert found.table.index.tolist() == ["weight"]  # a bonus of 0 has no half and no double
    row = found.table.loc["weight"]
    assert (row["low"], row["high"], row["to_above"]) == (1.0, 4.0, "no treatment")
    assert row["flips_above"] == pytest.approx(3.0, abs=1e-9)
    assert row["regret_high"] == pytest.approx(0.25)
    wide = threshold_analysis(
        choice, utility=weighing, outcome=WEIGHED, ranges={"weight": (1, 2.5), "bonus": (-1, 1)}
    )
    assert not wide.flips
    assert wide.table.loc["bonus", "kept_high"] == pytest.approx(1.25)


def test_a_named_utility_is_followed_as_if_decided_anew() -> None:
    outcome = regimens(lambda a, i: 100 * a / i)
    utility = named_utility("window", outcome="trough", low=15, high=30)
    limits: list[Limit] = [max_daily("5 mg/kg")]
    choice = decide(outcome, utility, limits=limits)
    found = threshold_analysis(choice, utility=utility, outcome=outcome, ranges={"low": (5, 40)})
    assert set(found.table.index) == {"low", "high"}
    low = found.curves.sel(assumption="low")
    for value, kept, regret in zip(*(low[n].to_numpy() for n in ("value", "kept", "regret")), strict=True):
        if not np.isfinite(kept):
            assert not value < 30
            continue
        anew = decide(outcome, named_utility("window", outcome="trough", low=value, high=30), limits=limits)
        assert kept == pytest.approx(anew.row(choice.best)["expected_utility"])
        assert regret == pytest.approx(anew.row(choice.best)["difference"])
    assert not set(found.curves["winner"].to_numpy().ravel()) & set(choice.blocked)
    assert found.table.loc["low", "high"] < 30  # the utility refuses a window that ends before it begins


def test_the_weight_of_a_stakeholder_that_flips() -> None:
    """Treating gains the patient 0.4 and loses the system 1: right while 0.4 w - (1 - w) > 0, w > 1 / 1.4."""
    outcome = of_utilities([[1.0, 0.0], [1.0, 0.0]], ["treat", "no treatment"])

    def patient(o: xr.Dataset, gain: float = 0.4) -> xr.DataArray:
        return gain * o.u

    def system(o: xr.Dataset) -> xr.DataArray:
        return -o.u

    utility = stakeholders(patient=(patient, 0.8), system=(system, 0.2))
    found = threshold_analysis(decide(outcome, utility), utility=utility, outcome=outcome)
    assert set(found.table.index) == {"weight of patient", "weight of system", "patient.gain"}
    row = found.table.loc["weight of patient"]
    assert (row["low"], row["high"]) == (pytest.approx(0.4), 1.0)
    assert row["flips_below"] == pytest.approx(1 / 1.4)
    assert found.table.loc["weight of system", "flips_above"] == pytest.approx(0.4 / 1.4)
    assert found.table.loc["patient.gain", "flips_below"] == pytest.approx(0.25)  # 0.8 g = 0.2


def test_another_fit_flips_from_the_probability_on_that_it_must_have() -> None:
    """Treating gains 0.5 under one fit and loses 1.5 under the other: 1/4 of the latter is enough."""
    own = of_utilities([[0.5, 0.0], [0.5, 0.0]], ["treat", "no treatment"])
    other = of_utilities([[0.0, -1.5], [0.0, -1.5]], ["no treatment", "treat"])
    found = threshold_analysis(decide(own, u), utility=u, others={"two compartments": other})
    row = found.table.loc["two compartments"]
    assert (row["kind"], row["base"], row["to_above"]) == ("another fit", 0.0, "no treatment")
    assert row["flips_above"] == pytest.approx(0.25)
    assert row["regret_high"] == pytest.approx(1.5)
    with pytest.raises(InputError, match="lacks options"):
        threshold_analysis(decide(own, u), utility=u, others={"x": other.isel(option=[0])})


def test_the_largest_regret_comes_first_and_everything_is_json() -> None:
    choice = decide(WEIGHED, weighing)
    z = normal_quantiles(1000)
    found = threshold_analysis(choice, shifted(z), utility=weighing, outcome=WEIGHED)
    worst = found.table[["regret_low", "regret_high"]].max(axis=1).to_numpy()
    assert (np.diff(worst) <= 1e-12).all()
    plain = found.to_dict()
    assert plain["best"] == "treat"
    assert plain["assumptions"][0]["flips_below"] is None
    assert isinstance(found, Thresholds)


def test_what_cannot_be_asked() -> None:
    choice = decide(WEIGHED, weighing)
    with pytest.raises(InputError, match="nothing to vary"):
        threshold_analysis(choice)
    with pytest.raises(InputError, match="states no number 'wieght'"):
        threshold_analysis(choice, utility=weighing, outcome=WEIGHED, ranges={"wieght": (0, 1)})
    with pytest.raises(InputError, match="around 2"):
        threshold_analysis(choice, utility=weighing, outcome=WEIGHED, ranges={"weight": (3, 4)})
    with pytest.raises(InputError, match="not the draws"):
        threshold_analysis(choice, shifted(Z))
    with pytest.raises(InputError, match="needs utility"):
        threshold_analysis(choice, others={"x": WEIGHED})
    with pytest.raises(Refused, match="minimax"):
        threshold_analysis(decide(WEIGHED, weighing, criterion="minimax regret"), shifted(Z[::4]))


@few
@given(st.integers(0, 10**6), st.integers(2, 6))
def test_before_a_flip_keeping_costs_nothing_and_beyond_it_something(seed: int, options: int) -> None:
    rng = np.random.default_rng(seed)
    U = rng.standard_normal(options) * Z[:, None] + rng.standard_normal(options)
    found = threshold_analysis(decide(of_utilities(U), u), shifted(Z))
    row, one = found.table.iloc[0], found.curves.isel(assumption=0)
    value, regret = one["value"].to_numpy(), one["regret"].to_numpy()
    inside = np.isfinite(regret)
    assert (regret[inside] >= -1e-12).all()
    for side, beyond in (("below", value < row["flips_below"]), ("above", value > row["flips_above"])):
        toward = value < 1 if side == "below" else value > 1
        assert (regret[inside & toward & beyond] > 0).all()
        assert (regret[inside & toward & ~beyond] <= 1e-9).all()
