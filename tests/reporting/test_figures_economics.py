"""Figures of economic results draw without a warning and say what they should."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

import bayesdose as bd
from bayesdose.errors import InputError

rng = np.random.default_rng(0)
LABELS = ["no treatment", "low", "high $", "x" * 80]
EFFECT = xr.DataArray(
    np.array([0, 0.1, 0.3, 0.2]) + 0.05 * rng.normal(size=(300, 4)) * [0, 1, 1, 1],
    dims=("draw", "option"), coords={"option": LABELS}, attrs={"units": "QALY"},
)  # fmt: skip
COST = xr.DataArray(
    np.array([0, 900, 4000, 5000]) + 200 * rng.normal(size=(300, 4)) * [0, 1, 1, 1],
    dims=("draw", "option"), coords={"option": LABELS}, attrs={"units": "EUR"},
)  # fmt: skip


def texts(figure: Figure) -> str:
    figure.canvas.draw()
    return " ".join(t.get_text() for t in figure.findobj(lambda a: hasattr(a, "get_text")))


def test_the_plane_has_the_willingness_to_pay_and_units():
    drawn = bd.figure(bd.economics.ce_plane(COST, EFFECT, "no treatment", wtp=20_000))
    assert "willingness to pay 20,000" in texts(drawn)
    assert "cost added (EUR)" in texts(drawn)
    line = next(a for a in drawn.axes[0].lines if a.get_linestyle() == "--")
    assert line.get_slope() == 20_000
    plain = bd.figure(bd.economics.ce_plane(COST, EFFECT, "no treatment"))
    assert "willingness" not in texts(plain)


def test_points_of_one_draw_have_no_ellipse():
    drawn = bd.figure(bd.economics.ce_plane(COST.isel(draw=[0]), EFFECT.isel(draw=[0]), "low"))
    assert "against low" in texts(drawn)


def test_the_frontier_names_its_icers():
    found = bd.economics.icers({"a": 0, "b": 5000, "c": 9000, "d": 9500}, {"a": 0, "b": 1, "c": 0.5, "d": 2})
    words = texts(bd.figure(found))
    assert "4,750" in words  # from a to d; b would cost 5000 and then 4500 more
    assert "dominated" in words


@pytest.mark.parametrize("wtp", [[0, 10_000, 30_000], [1000]])
def test_acceptability_marks_the_best_and_evpi(wtp):
    drawn = bd.figure(bd.economics.acceptability(COST, EFFECT, wtp))
    assert "frontier" in texts(drawn)
    assert "EVPI (EUR)" in texts(drawn)
    assert "willingness to pay (EUR/QALY)" in texts(drawn)


@pytest.mark.parametrize("names", [["benefit", "cost"], ["benefit", "cost", "doses"]])
def test_the_pareto_set_has_a_panel_for_each_pair(names):
    o = xr.Dataset({"benefit": EFFECT, "cost": COST, "doses": ("option", [0.0, 1.0, 2.0, 2.0])})
    ways = {"benefit": "max", "cost": "min", "doses": "min"}
    drawn = bd.figure(bd.economics.pareto(o, {name: ways[name] for name in names}))
    assert sum(ax.get_visible() for ax in drawn.axes) == len(names) * (len(names) - 1) // 2
    assert "better →" in texts(drawn)
    assert "better ←" in texts(drawn)


def test_decision_curves_with_and_without_an_interval():
    event = (rng.uniform(size=200) < 0.3).astype(int)
    risk = np.clip(0.3 * event + 0.3 * rng.uniform(size=200), 0, 1)
    found = bd.economics.decision_curve({"model": risk}, event, bootstrap=50, seed=1)
    assert "95 % interval of 50 resamples" in texts(bd.figure(found))
    assert len(bd.figure(found).axes[0].collections) == 1
    drawn = bd.figure(bd.economics.decision_curve({"model": risk}, event))
    assert not drawn.axes[0].collections
    assert "treat all" in texts(bd.figure(bd.economics.decision_curve({}, event)))


def test_groups_and_subjects_with_their_intervals():
    control = xr.DataArray(rng.beta(60, 140, (500, 1)) + np.zeros(9), dims=("draw", "subject"))
    ratio = np.exp(rng.normal([0.3] * 2 + [0.0] * 3 + [-0.3] * 4, 0.1, (500, 9)))
    group = xr.DataArray(["carriers"] * 2 + ["a $ group"] * 3 + ["others"] * 4, dims="subject")
    drawn = bd.figure(bd.economics.risk_reductions(control, (control * ratio).clip(max=1), group))
    words = texts(drawn)
    assert "NNTH" in words
    assert "to infinity to" in words
    assert "carriers" in words
    effects = bd.economics.cate(control, (control * ratio).clip(max=1))
    words = texts(bd.figure(effects))
    assert "helped, surely" in words
    assert "harmed, surely" in words


def test_what_has_no_figure_is_told_what_has():
    with pytest.raises(InputError, match="Acceptability"):
        bd.figure(3)
