"""Figures draw without a warning, whatever the options; labels stay inside the picture."""

from __future__ import annotations

import base64
import subprocess
import sys

import numpy as np
import pytest
import synthetic_patient as made
import xarray as xr
from matplotlib.figure import Figure

from bayesdose.errors import InputError
from bayesdose.reporting import figures
from bayesdose.reporting.figures.canvas import keep_apart, plain
from bayesdose.reporting.figures.densities import density
from bayesdose.reporting.figures.grid import find_grid
from bayesdose.reporting.predictions import curve_times
from bayesdose.study import regimens


def _drawn(figure: Figure) -> Figure:
    """Draw it, and check that nothing lies outside."""
    figure.canvas.draw()
    box = figure.get_tightbbox(figure.canvas.get_renderer())
    width, height = figure.get_size_inches()
    assert box.x0 > -0.03
    assert box.y0 > -0.03
    assert box.x1 < width + 0.03
    assert box.y1 < height + 0.03
    return figure


def _no_label_overlaps(figure: Figure) -> None:
    renderer = figure.canvas.get_renderer()
    boxes = [ax.xaxis.label.get_window_extent(renderer) for ax in figure.axes if ax.get_xlabel()]
    for k, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:k])


@pytest.fixture(scope="module")
def me() -> made.Draws:
    return made.draws(made.study().first_levels(1), shift=-0.7, spread=0.9)


def _curves(me: made.Draws) -> tuple[xr.Dataset, xr.Dataset]:
    study = made.study()
    prior = made.draws(me.patient.without_levels(), seed=4)
    times = curve_times(study)
    return made.predict(me, study, times=times), made.predict(prior, study, times=times)


def test_concentrations_show_used_and_later_levels(me) -> None:
    study = made.study()
    after, before = _curves(me)
    figure = _drawn(
        figures.individual_fit(after, before, study.levels, study.doses, until=2.0, units=made.CARD.units)
    )
    said = " ".join(t.get_text() for legend in figure.legends for t in legend.get_texts())
    assert "level used" in said
    assert "predicted only" in said
    top, below = figure.axes
    assert top.get_ylabel() == "concentration (mg/L)"
    assert below.get_xlabel() == "time (h)"
    assert below.get_ylabel() == "dose (mg)"
    assert top.get_ylim()[1] > study.levels["DV"].max()


def test_concentrations_without_prior_or_levels(me) -> None:
    study = made.study().without_levels()
    after, _ = _curves(me)
    figure = _drawn(figures.individual_fit(after, None, study.levels, study.doses, units=made.CARD.units))
    assert len(figure.legends[0].get_texts()) == 1


def test_a_curve_must_say_its_units(me) -> None:
    after, _ = _curves(me)
    study = made.study()
    with pytest.raises(InputError, match="units"):
        figures.individual_fit(after, None, study.levels, study.doses)


def _outcome(n: int, me: made.Draws) -> xr.Dataset:
    """N options whose numbers make no grid."""
    text = "{a} mg/kg, then {b} mg/kg every {i} h x 6"
    options = regimens(text, after=me.patient, a=[5, 10, 15], b=[1, 2, 3, 4, 5], i=[12, 24, 8, 6])
    return made.outcome(me, options).isel(option=slice(0, n))


@pytest.mark.parametrize("n", [2, 3, 12, 60])
def test_utility_by_rows(n: int, me) -> None:
    choice = made.decision.decide(_outcome(n, me), made.utility)
    assert find_grid(choice) is None
    figure = _drawn(figures.expected_utility(choice))
    left, right = figure.axes
    labels = [t.get_text() for t in left.get_yticklabels()]
    assert len(labels) == min(n, 30)
    assert "no treatment" in labels
    assert len(set(labels)) == len(labels)
    low, high = right.get_xlim()
    assert low < 0 < high


@pytest.mark.parametrize(
    ("amounts", "intervals", "lines"),
    [((1, 2, 3), (12,), 1), ((1, 1.5, 2, 3), (12, 24), 2), (np.linspace(0.5, 6, 12), (6, 8, 12, 24, 48), 5)],
)
def test_utility_by_amount_and_interval(amounts, intervals, lines: int, me) -> None:
    _, choice = made.choose(me, amounts=amounts, intervals=intervals)
    grid = find_grid(choice)
    assert grid is not None
    assert len(grid.lines()) == lines
    assert grid.x_unit == "mg/kg"
    figure = _drawn(figures.expected_utility(choice))
    top, below = figure.axes
    assert below.get_xlabel() == "amount (mg/kg)"
    assert choice.best in top.get_title(loc="left")
    assert len([line for line in top.lines if line.get_marker() == "*"]) == (choice.best != "no treatment")
    said = [t.get_text() for t in figure.legends[0].get_texts()]
    assert any("blocked" in text for text in said) == bool(choice.blocked)


def test_shares_of_draws_are_counted_against_the_best(me) -> None:
    outcome = xr.Dataset(
        {"u": (("draw", "option"), [[0.0, 1.0], [0.0, 1.0], [2.0, 1.0], [1.0, 1.0]])},
        coords={"option": ["a", "b"]},
    )
    choice = made.decision.decide(outcome, lambda o: o.u)
    numbers = figures.utility._numbers(choice)
    assert choice.best == "b"
    assert numbers.better.tolist() == [25, 0]
    assert numbers.worse.tolist() == [50, 0]


def test_equal_options_and_a_constant_utility_draw() -> None:
    outcome = xr.Dataset(
        {"u": (("draw", "option"), np.ones((10, 4)))},
        coords={
            "option": list("abcd"),
            "kind": ("option", ["candidate"] * 4),
            "amount": ("option", np.arange(4.0)),
        },
    )
    _drawn(figures.expected_utility(made.decision.decide(outcome, lambda o: o.u)))


def test_the_current_regimen_far_below_is_named_off_the_axis() -> None:
    U = np.random.default_rng(0).normal(size=(50, 5)) * 0.01 + np.array([0.1, 0.2, 0.3, -50.0, -49.9])
    coords = {
        "option": ["1 mg", "2 mg", "3 mg", "no treatment", "current regimen"],
        "kind": ("option", ["candidate"] * 3 + ["none", "current"]),
        "amount": ("option", [1.0, 2.0, 3.0, np.nan, np.nan]),
    }
    outcome = xr.Dataset({"u": (("draw", "option"), U)}, coords)
    choice = made.decision.decide(outcome, lambda o: o.u, complete=["amount"])
    figure = _drawn(figures.expected_utility(choice))
    assert sum("off the axis" in t.get_text() for t in figure.axes[0].texts) == 2
    assert figure.axes[0].get_ylim()[0] > -1


def test_prior_to_posterior_names_medians_and_units(me) -> None:
    prior = made.draws(me.patient.without_levels(), seed=4)
    figure = _drawn(figures.prior_to_posterior(prior, me))
    assert [ax.get_xlabel() for ax in figure.axes] == ["CL (L/h)", "V (L)"]
    assert "→" in figure.axes[0].texts[0].get_text()
    _drawn(figures.prior_to_posterior(None, me.data, ["V"], units={"V": "litre"}))
    with pytest.raises(InputError, match="CL"):
        figures.prior_to_posterior(prior, me, ["Cl"])
    with pytest.raises(InputError, match="named"):
        figures.prior_to_posterior(prior, me.data)


def test_density_integrates_to_one() -> None:
    rng = np.random.default_rng(2)
    for values, low, high in ((rng.lognormal(size=2000), 0.01, 60.0), (rng.normal(size=2000), -5.0, 5.0)):
        x, height = density(values, low, high, 2000)
        assert np.trapezoid(height, x) == pytest.approx(1, abs=0.02)
    assert not density(np.full(9, 3.0), 2.0, 4.0)[1].any()


def test_a_long_tail_of_the_prior_does_not_squeeze_the_posterior(me) -> None:
    rng = np.random.default_rng(2)
    before = xr.Dataset({"ka": ("draw", 1.5 * np.exp(1.2 * rng.standard_normal(2000)))})
    after = xr.Dataset({"ka": ("draw", 1.5 * np.exp(0.2 * rng.standard_normal(2000)))})
    figure = _drawn(figures.prior_to_posterior(before, after, ["ka"], units={"ka": "1/h"}))
    assert 3 < figure.axes[0].get_xlim()[1] < 30
    _drawn(figures.prior_to_posterior(None, xr.Dataset({"ka": ("draw", np.zeros(9))}), ["ka"]))


def test_exposure_shades_the_window_and_says_the_share(me) -> None:
    outcome, choice = made.choose(me)
    labels = list(choice.ranking().index[:4])
    figure = _drawn(figures.exposure(outcome, labels, {"trough": (15, 30), "peak": (None, 40)}))
    inside = ((outcome.trough >= 15) & (outcome.trough <= 30)).sel(option=labels[0]).mean()
    said = [t.get_text() for t in figure.axes[0].texts]
    assert f"{100 * float(inside):.0f}\u00a0%" in said[0] or "99" in said[0]
    assert said[-1] == "within\n15–30"
    assert figure.axes[1].texts[-1].get_text() == "above\n40"
    assert figure.axes[1].get_xlim()[1] > 40
    assert figure.axes[0].get_xlabel() == "trough (mg/L)"
    _drawn(figures.exposure(outcome[["trough"]], window={"trough": (15, None)}))
    many = {
        f"m{k}": outcome.trough.assign_attrs(long_name="AUC per 24 h after the last dose") for k in range(5)
    }
    _no_label_overlaps(_drawn(figures.exposure(xr.Dataset(many), labels)))
    with pytest.raises(InputError, match="no option"):
        figures.exposure(outcome, ["3 mg"])
    with pytest.raises(InputError, match="no outcome"):
        figures.exposure(outcome, labels, {"through": (1, 2)})
    with pytest.raises(InputError, match="nothing to draw"):
        figures.exposure(xr.Dataset({"x": ("t", [1.0])}, coords={"option": ["a"]}))


def test_an_option_far_beyond_the_others_does_not_squeeze_them(me) -> None:
    outcome, _ = made.choose(me, amounts=(1, 2, 3, 400))
    figure = _drawn(figures.exposure(outcome[["trough"]]))
    ax = figure.axes[0]
    assert ax.get_xlim()[1] < 400
    assert sum("median" in t.get_text() and "→" in t.get_text() for t in ax.texts) == 2


def test_labels_from_tables_are_no_formulas_and_break_nothing() -> None:
    nasty = ["$\\frac{1}{0}$", "a\nb\tc", "<script>" + "long " * 30, "気 \U0001f48a", ""]
    outcome = xr.Dataset({"u": (("draw", "option"), np.arange(10.0).reshape(2, 5))}, coords={"option": nasty})
    figure = figures.expected_utility(made.decision.decide(outcome, lambda o: o.u))
    for limit in (10**9, 0):
        assert len(figures.to_svg_or_png(figure, largest_svg=limit)) > 1000
    assert plain("$x$") == r"\$x\$"
    assert "\n" not in plain("a\nb")
    assert plain("word " * 50, 20).count("\n") == 1


def test_embedding_is_svg_when_small_and_png_otherwise(me) -> None:
    figure = figures.prior_to_posterior(None, me)
    svg, png = figures.to_svg_or_png(figure, largest_svg=10**9), figures.to_svg_or_png(figure, largest_svg=0)
    kind, _, content = svg.partition(";base64,")
    assert kind == "data:image/svg+xml"
    text = base64.b64decode(content).decode()
    assert "<text" not in text
    assert "scale(0.015625)" in text  # only paths are shortened
    assert png.startswith("data:image/png;base64,")
    assert base64.b64decode(png.partition(",")[2]).startswith(b"\x89PNG")
    again = figures.prior_to_posterior(None, me)
    assert svg == figures.to_svg_or_png(again, largest_svg=10**9)


def test_labels_move_apart_in_their_order() -> None:
    moved = keep_apart([0.5, 0.45, 0.0], 0.2)
    assert moved[0] - moved[1] >= 0.2 - 1e-9
    assert moved[2] == 0.0


def test_no_pyplot() -> None:
    program = "import sys, bayesdose.reporting; print('matplotlib.pyplot' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"
