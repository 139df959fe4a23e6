"""Costs and effects of one decision in one noun, and what a report says of them."""

import html
import re

import numpy as np
import pytest
import xarray as xr

import bayesdose as bd
from bayesdose.economics import cost_effectiveness
from bayesdose.errors import InputError

rng = np.random.default_rng(4)
OPTIONS = ["none", "cheap", "dear", "worse"]
EFFECT = xr.DataArray(
    np.array([0.0, 1.0, 1.5, 0.9]) + 0.2 * rng.standard_normal((600, 4)),
    dims=("draw", "option"),
    coords={"option": OPTIONS},
    attrs={"units": "QALY"},
    name="health",
)
COST = xr.DataArray(
    [0.0, 100.0, 600.0, 300.0], dims="option", coords={"option": OPTIONS}, attrs={"units": "EUR"}
)


def test_expected_net_benefit_ranks_the_options():
    made = cost_effectiveness(COST, EFFECT, 500, reference="none")
    mean = 500 * EFFECT.mean("draw") - COST
    assert made.best == "cheap"
    assert made.table.index.tolist() == mean.sortby(mean, ascending=False)["option"].to_numpy().tolist()
    np.testing.assert_allclose(made.table["net_benefit"], mean.sel(option=made.table.index))
    draws = 500 * EFFECT - COST
    np.testing.assert_allclose(made.table["low"], draws.quantile(0.025, "draw").sel(option=made.table.index))
    assert made.frontier.options == ("none", "cheap", "dear")
    assert made.plane.table.index.tolist() == ["cheap", "dear"]
    assert made.price == "500 EUR for one QALY"
    assert "Net monetary benefit at 500 EUR for one QALY: cheap" in str(made)
    assert made.acceptability.curves["wtp"].max() == 1000


def test_what_a_limit_blocks_does_not_count():
    made = cost_effectiveness(COST, EFFECT, 2000, reference="none", allowed=["none", "cheap", "worse"])
    assert made.best == "cheap"
    assert "dear" not in made.table.index


def test_one_option_has_no_plane():
    made = cost_effectiveness(COST, EFFECT, 500, reference="none", allowed=["none"])
    assert made.plane is None
    assert made.to_dict()["increments"] == []


@pytest.mark.parametrize("wtp", [0, -1, float("nan"), "500"])
def test_a_price_is_above_zero(wtp):
    with pytest.raises(InputError, match="wtp"):
        cost_effectiveness(COST, EFFECT, wtp, reference="none")


def test_the_report_says_it(tmp_path):
    outcome = xr.Dataset({"health": EFFECT}, coords={"kind": ("option", ["none", *["candidate"] * 3])})
    choice = bd.decide(outcome, lambda o: o.health)
    made = cost_effectiveness(COST, EFFECT, 500, reference="none", allowed=choice)
    page = bd.report(choice, tmp_path / "a.html", outcome=outcome, economics=made).read_text(encoding="utf-8")
    text = " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())
    assert "Willingness to pay 500 EUR for one QALY, as this user states" in text
    assert "Highest expected net monetary benefit cheap" in text
    assert re.search(r"none; cheap \(\d+ EUR for one QALY more\); dear \(\d+ EUR for one QALY more\)", text)
    assert "Cost and net benefit in EUR; effect: health (QALY)" in text
    assert "Cost-effectiveness plane of 2 options against none." in page
    assert "What the options are judged by" in text
    without = bd.report(choice, tmp_path / "b.html", outcome=outcome).read_text(encoding="utf-8")
    assert "Costs and effects" not in without
