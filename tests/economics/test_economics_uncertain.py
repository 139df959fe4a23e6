"""The plane, acceptability and what knowing is worth, by hand, by closed form and by brute force."""

import numpy as np
import pytest
import xarray as xr
from scipy.stats import norm

import bayesdose as bd
from bayesdose.errors import InputError

LABELS = ["usual", "new", "third"]


def by_draw(values, unit=""):
    values = np.asarray(values, dtype=float)
    return xr.DataArray(
        values, dims=("draw", "option"), coords={"option": LABELS[: values.shape[1]]}, attrs={"units": unit}
    )


def test_incremental_net_benefit_of_two_draws():
    """A test case of the R package BCEA: k=5 and 10, costs (0, 100), (0, 10), effects (0, 1), (0, -2)."""
    cost, effect = by_draw([[0, 100], [0, 10]]), by_draw([[0, 1], [0, -2]])
    for wtp, expected in [(5, [95, 20]), (10, [90, 30])]:  # of "usual" over "new"
        nb = bd.economics.net_benefit(cost, effect, wtp)
        np.testing.assert_allclose(nb.sel(option="usual") - nb.sel(option="new"), expected)
    plane = bd.economics.ce_plane(cost, effect, "new", wtp=5)
    row = plane.table.loc["usual"]
    assert row["cost"] == -55
    assert row["effect"] == 0.5
    assert (row["less for less"], row["more for less"]) == (0.5, 0.5)
    assert row["p_acceptable"] == 1.0
    assert row["icer"] == -110


def test_normal_increments_meet_their_closed_forms():
    """Incremental net benefit N(wtp m_e - m_c, s^2): acceptability Phi(m/s), EVPI by the unit normal loss."""
    rng = np.random.default_rng(5)
    n = 200_000
    zero = np.zeros(n)
    d_cost = rng.normal(2000, 500, n)
    d_effect = rng.normal(0.1, 0.05, n)
    cost, effect = by_draw(np.c_[zero, d_cost], "EUR"), by_draw(np.c_[zero, d_effect], "QALY")
    prices = [10_000.0, 20_000.0, 40_000.0]
    found = bd.economics.acceptability(cost, effect, prices)
    for k, wtp in enumerate(prices):
        m, s = wtp * 0.1 - 2000, np.hypot(wtp * 0.05, 500)
        u = abs(m) / s
        loss = s * (norm.pdf(u) - u * norm.cdf(-u))
        p = float(found.curves["probability"].sel(option="new")[k])
        assert p == pytest.approx(norm.cdf(m / s), abs=4 * np.sqrt(0.25 / n))
        assert float(found.curves["evpi"][k]) == pytest.approx(loss, abs=4 * s / np.sqrt(n))
    assert found.curves["wtp"].attrs["units"] == "EUR/QALY"
    assert float(found.frontier.table.loc["new", "icer"]) == pytest.approx(20_000, rel=0.02)
    plane = bd.economics.ce_plane(cost, effect, "usual")
    assert plane.table.loc["new", "more for more"] == pytest.approx(norm.cdf(2), abs=0.002)


def test_the_frontier_takes_the_best_on_average_not_the_most_often_best():
    """By hand, wtp 1: 'new' wins two draws of three by little and loses one by much."""
    effect = by_draw([[0, 1], [0, 1], [0, -5]])
    found = bd.economics.acceptability(by_draw(np.zeros((3, 2))), effect, [0.0, 1.0])
    one = found.curves.sel(wtp=1.0)
    assert one["best"].item() == "usual"
    assert one["frontier"].item() == pytest.approx(1 / 3)
    np.testing.assert_allclose(one["probability"], [1 / 3, 2 / 3])
    np.testing.assert_allclose(one["expected_loss"], [2 / 3, 2 / 3 + 1])
    assert one["evpi"].item() == pytest.approx(2 / 3)
    np.testing.assert_allclose(found.curves["probability"].sel(wtp=0.0), [0.5, 0.5])  # all tie
    assert found.table.loc[1.0, "best"] == "usual"


def test_curves_agree_with_decide():
    rng = np.random.default_rng(3)
    cost = by_draw(rng.gamma(4, 100, (500, 3)), "EUR")
    effect = by_draw(rng.normal([0, 0.1, 0.2], 0.1, (500, 3)), "QALY")
    found = bd.economics.acceptability(cost, effect, [1000.0, 5000.0])
    for wtp in (1000.0, 5000.0):
        o = xr.Dataset({"cost": cost, "effect": effect})
        choice = bd.decide(o, lambda o, wtp=wtp: bd.economics.net_benefit(o.cost, o.effect, wtp))
        at = found.curves.sel(wtp=wtp)
        assert at["best"].item() == choice.best
        assert at["evpi"].item() == pytest.approx(choice.evpi)
        np.testing.assert_allclose(at["probability"], choice.table["p_best"])
    assert "Best buy by willingness to pay (EUR)" in str(found)


def test_only_allowed_options_count():
    effect = by_draw([[0, 1, 9], [0, 1, 9]])
    found = bd.economics.acceptability(by_draw(np.zeros((2, 3))), effect, [1.0], allowed=["usual", "new"])
    assert list(found.curves["option"].to_numpy()) == ["usual", "new"]
    plane = bd.economics.ce_plane(by_draw(np.zeros((2, 3))), effect, "usual", allowed=["third"])
    assert list(plane.table.index) == ["third"]
    assert "third" in str(plane)


@pytest.mark.parametrize(
    "call",
    [
        lambda c, e: bd.economics.ce_plane(c, e, "old"),
        lambda c, e: bd.economics.net_benefit(
            c.assign_coords(draw=range(4)), e.assign_coords(draw=range(1, 5)), 1.0
        ),
        lambda c, e: bd.economics.ce_plane(c, e, "usual", probability=1.0),
        lambda c, e: bd.economics.ce_plane(c, e.isel(draw=[0, 1, 2]), "usual"),
        lambda c, e: bd.economics.acceptability(c, e, []),
        lambda c, e: bd.economics.acceptability(c, e, [2.0, 1.0]),
        lambda c, e: bd.economics.acceptability(c, e, [-1.0]),
        lambda c, e: bd.economics.acceptability(c.rename(draw="time"), e, [1.0]),
    ],
)
def test_what_cannot_be_is_refused(call):
    with pytest.raises(InputError):
        call(by_draw(np.ones((4, 2))), by_draw(np.ones((4, 2))))
