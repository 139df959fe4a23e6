"""Figures of information, thresholds and choices: they say the numbers, and nothing lies outside."""

import matplotlib.figure
import numpy as np
import pytest
import xarray as xr

import bayesdose as bd
from bayesdose.decision.information.gains import Information

RNG = np.random.default_rng(6022)
GAIN = 0.5 + RNG.standard_normal(2000)
OUTCOME = xr.Dataset(
    {"gain": (("draw", "option"), np.column_stack([GAIN, 0 * GAIN]), {"units": "points"})},
    coords={"option": ["treat", "no treatment"]},
)


def worth(o, weight=1.0):
    """The gain, weighted"""
    return weight * o.gain - 0.2


@pytest.fixture(scope="module")
def choice():
    return bd.decide(OUTCOME, worth)


def levels(sds):
    y = GAIN[:, None] + RNG.standard_normal((2000, len(sds))) * np.array(sds)
    source = np.argsort(y[:, 0])[5::20]
    z = (y[source].T[:, :, None] - GAIN) / np.array(sds)[:, None, None]
    return xr.Dataset(
        {
            "measurement": (("draw", "time"), y),
            "log_likelihood": (("time", "simulated", "draw"), -(z**2) / 2),
        },
        coords={
            "time": ("time", np.arange(len(sds)) * 2.0, {"units": "h"}),
            "source": ("simulated", source),
        },
        attrs={"now": 0.0},
    )


def drawn(figure):
    assert isinstance(figure, matplotlib.figure.Figure)
    figure.canvas.draw()
    box = figure.get_tightbbox(figure.canvas.get_renderer())
    width, height = figure.get_size_inches()
    assert min(box.x0, box.y0) > -0.03
    assert box.x1 < width + 0.03
    assert box.y1 < height + 0.03
    return figure


def said(figure):
    texts = [t.get_text() for legend in figure.legends for t in legend.get_texts()]
    for ax in figure.axes:
        texts += [t.get_text() for t in ax.texts] + [t.get_text() for t in ax.get_yticklabels()]
        texts += [ax.get_title(loc="left"), ax.get_xlabel(), ax.get_ylabel()]
    return " | ".join(texts)


def test_worth_by_sampling_time(choice):
    found = bd.evsi(choice, levels([3.0, 1.0, 0.5]))
    figure = drawn(bd.figure(found))
    assert figure.axes[0].get_xlabel() == "time of the level (h)"
    np.testing.assert_allclose(figure.axes[0].lines[0].get_ydata(), found.data["value"])
    assert "Worth of the next level" in said(figure)
    assert "cost" not in said(figure).replace("units", "")
    dear, cheap = (bd.enbs(found, cost=cost) for cost in (1.0, 0.01))
    assert "not worth its cost" in said(drawn(bd.figure(dear)))
    assert "most worth its cost at 4 h" in said(drawn(bd.figure(cheap)))


def test_what_was_refused_is_marked(choice):
    found = bd.evsi(choice, levels([3.0, 1.0, 0.001]))
    assert "refused" in said(drawn(bd.figure(found)))
    data = found.data.assign(value=found.data["value"] * np.nan)
    with pytest.raises(bd.InputError, match="refused"):
        bd.figure(Information("EVSI", data, found.best, found.evpi, found.method, found.policy))


def test_worth_by_source(choice):
    level = levels([3.0, 1.0])
    pairs = bd.evsi(choice, level, of=[0, 2, (0, 2)])
    assert "0 + 2 h" in said(drawn(bd.figure(bd.enbs(pairs, cost=0.01))))
    found = bd.evppi(choice, xr.Dataset({"gain": ("draw", GAIN)}))
    assert "EVPPI" in said(drawn(bd.figure(found)))
    assert "> 99" in said(bd.figure(found))
    assert "test" in said(drawn(bd.figure(bd.evsi_test(choice, GAIN > 0))))


def test_a_tornado(choice):
    d = np.linspace(-1, 1, 11)[:, None]
    given = xr.Dataset(
        {
            "log_weight": (("assumption", "step", "draw"), (d * (GAIN - 0.5) - d**2 / 2)[None]),
            "value": (("assumption", "step"), np.exp(d.T)),
        },
        coords={"assumption": ["typical $gain$"], "kind": ("assumption", ["prior"])},
    )
    found = bd.threshold_analysis(choice, given, utility=worth, outcome=OUTCOME)
    figure = drawn(bd.figure(found))
    text = said(figure)
    assert "no flip" in text  # a weight of half or double changes nothing
    assert f"< {found.flips[found.table.index[0]][0]:.3g}" in text
    assert "Kept: treat" in text
    assert len(drawn(bd.figure(found, shown=1)).axes[0].get_yticks()) == 1


def test_regret_and_expected_utility_of_a_choice(choice):
    figure = drawn(bd.figure(choice, what="regret"))
    lost = np.maximum(-GAIN, 0)
    dots = next(line for line in figure.axes[0].lines if line.get_marker() == "o").get_xdata()
    assert dots[0] == pytest.approx(lost.mean())
    assert dots[0] == pytest.approx(choice.evpi)
    curve = figure.axes[1].lines[0]
    at = np.searchsorted(curve.get_xdata(), 1.0, side="right") - 1
    assert curve.get_ydata()[at] == pytest.approx(100 * (lost > 1.0).mean())
    assert curve.get_ydata()[0] == pytest.approx(100 * (lost > 0).mean())
    drawn(bd.figure(choice))
    with pytest.raises(bd.InputError, match="what"):
        bd.figure(choice, what="colours")


def test_outcomes_by_option():
    figure = drawn(bd.figure(OUTCOME, window={"gain": (0, 1)}))
    assert figure.axes[0].get_xlabel() == "gain (points)"
    with pytest.raises(bd.InputError):
        bd.figure(OUTCOME.isel(option=0))


def test_a_report_says_what_would_flip_the_choice_and_what_a_level_is_worth(choice, tmp_path):
    flips = bd.threshold_analysis(choice, utility=worth, outcome=OUTCOME, ranges={"weight": (-1, 2)})
    found = bd.enbs(bd.evsi(choice, levels([3.0, 1.0, 0.001])), cost=0.01)
    page = bd.report(choice, tmp_path / "page.html", thresholds=flips, information=[found])
    text = page.read_text(encoding="utf-8")
    assert "What would flip it" in text
    assert "below 0: no treatment" in text
    assert "What more information is worth" in text
    assert "refused" in text
    plain = bd.report(choice, tmp_path / "plain.html").read_text(encoding="utf-8")
    assert "What would flip it" not in plain
