"""The frontier, against published tables and against brute force."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import bayesdose as bd
from bayesdose.errors import InputError

HERC_COST = {"E": 55000, "D": 35000, "C": 25000, "B": 10000, "A": 12000, "UC": 5000}
HERC_EFFECT = {"E": 5, "D": 4, "C": 3, "B": 2, "A": 1.5, "UC": 1}

# 11 strategies against C. difficile (Rajasingham et al. 2020, Clin Infect Dis 70:754) as the R package
# dampack tables them: cost, QALY, ICER, status
CDIFF = {
    "s3": (57336.0059896538, 12.9399639202408, np.nan, "frontier"),
    "s27": (57541.2526373815, 13.0140640696275, 2769.85470915263, "frontier"),
    "s33": (57642.2587507842, 13.0389116321918, 4065.03105249231, "frontier"),
    "s31": (57934.0743411241, 13.0966257932217, 5056.2216470406, "frontier"),
    "s43": (58072.1137208494, 13.11285766912, 8504.2160616553, "frontier"),
    "s44": (58665.7823044647, 13.1283328397025, 38362.6519947134, "frontier"),
    "s39": (57814.6470919581, 13.0462790163185, np.nan, "extended-dominated"),
    "s4": (57887.481549326, 12.9970657153765, np.nan, "dominated"),
    "s13": (58018.6252420203, 13.0650412387992, np.nan, "dominated"),
    "s37": (58081.7947984323, 13.1029711156978, np.nan, "dominated"),
    "s20": (58634.2026441398, 13.1100568867995, np.nan, "dominated"),
}


def test_the_va_herc_example():
    """Reference case herc-icer-frontier (US VA HERC; dampack's test of calculate_icers)."""
    found = bd.economics.icers(HERC_COST, HERC_EFFECT)
    assert found.options == ("UC", "B", "D", "E")
    assert found.table["icer"].dropna().to_dict() == {"B": 5000.0, "D": 12500.0, "E": 20000.0}
    assert list(found.table.index) == ["UC", "B", "D", "E", "C", "A"]
    assert found.table.loc["A", ["status", "dominated_by"]].tolist() == ["dominated", "B"]
    assert found.table.loc["C", ["status", "dominated_by"]].tolist() == ["extended-dominated", "B + D"]
    assert "extended-dominated" in str(found)


def test_dampacks_table_of_treatments_of_c_difficile():
    found = bd.economics.icers({k: v[0] for k, v in CDIFF.items()}, {k: v[1] for k, v in CDIFF.items()})
    assert list(found.table.index) == list(CDIFF)
    assert found.table["status"].tolist() == [v[3] for v in CDIFF.values()]
    np.testing.assert_allclose(found.table["icer"], [v[2] for v in CDIFF.values()], rtol=1e-9)


def test_screening_for_hiv():
    """Paltiel et al. 2006, Ann Intern Med 145:797, table 4 (in months), as in dampack's vignette."""
    names = ["status quo", "one time", "5yr", "3yr", "annual"]
    cost = dict(zip(names, [26000, 27000, 28020, 28440, 29440], strict=True))
    qalm = dict(zip(names, [277.25, 277.57, 277.78, 277.83, 277.76], strict=True))
    found = bd.economics.icers(cost, {k: v / 12 for k, v in qalm.items()})
    assert found.table.loc["annual", "status"] == "dominated"
    assert found.options == tuple(names[:4])
    expected = [1000 / (0.32 / 12), 1020 / (0.21 / 12), 420 / (0.05 / 12)]
    np.testing.assert_allclose(found.table["icer"].to_numpy()[1:4], expected, rtol=1e-9)


def test_one_that_costs_least_and_does_most_stands_alone():
    """dampack's three strategies of a test: the one of the highest effect at the lowest cost."""
    cost = {"No Treat": 163771.0, "Treat all": 164848.7, "Test & treat": 163765.1}
    found = bd.economics.icers(cost, {"No Treat": 6.48273, "Treat all": 6.52861, "Test & treat": 6.52861})
    assert found.options == ("Test & treat",)
    assert found.preferred(0.0) == found.preferred(1e6) == ("Test & treat",)
    assert bd.economics.icers({"s": 1}, {"s": 2}).options == ("s",)


@pytest.mark.parametrize(
    ("wtp", "adopt", "net"),
    [(10000, ("usual",), -2670), (12670, ("usual", "genotype"), 0), (20000, ("genotype",), 7330),
     (50000, ("genotype",), 37330)],
)  # fmt: skip
def test_the_rule_of_warfarin_by_genotype(wtp, adopt, net):
    """Reference case warfarin-pgx-icer: 12,670 for one major bleed avoided."""
    cost, effect = {"usual": 0.0, "genotype": 12670.0}, {"usual": 0.0, "genotype": 1.0}
    assert bd.economics.icers(cost, effect).preferred(wtp) == adopt
    assert float(bd.economics.net_benefit(cost, effect, wtp).sel(option="genotype")[0]) == net


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 12)), min_size=1, max_size=12),
    st.floats(0.01, 40.0),
)
def test_the_frontier_holds_every_best_and_nothing_else(points, wtp):
    labels = [f"o{k}" for k in range(len(points))]
    cost, effect = ({n: float(p[i]) for n, p in zip(labels, points, strict=True)} for i in (0, 1))
    found = bd.economics.icers(cost, effect)
    net = {n: wtp * effect[n] - cost[n] for n in labels}
    assert max(net[n] for n in found.options) >= max(net.values()) - 1e-9
    assert set(found.preferred(wtp)) <= {n for n in labels if net[n] >= max(net.values()) - 1e-6}
    ratios = found.table["icer"].dropna().to_numpy()
    assert (np.diff(ratios) >= -1e-9 * ratios[:-1]).all()
    for name, row in found.table.iterrows():
        if row["status"] == "dominated":
            by = row["dominated_by"]
            assert cost[by] <= cost[name]
            assert effect[by] >= effect[name]
        if row["status"] == "extended-dominated":
            a, b = row["dominated_by"].split(" + ")
            share = (effect[name] - effect[a]) / (effect[b] - effect[a])
            assert 0 < share < 1
            assert cost[a] + share * (cost[b] - cost[a]) < cost[name]


def test_draws_are_averaged_and_blocked_options_do_not_count():
    cost = xr.DataArray([[1.0, 3.0, 0.0], [3.0, 5.0, 0.0]], dims=("draw", "option"),
                        coords={"option": ["a", "b", "none"]}, attrs={"units": "EUR"})  # fmt: skip
    effect = xr.DataArray([0.0, 1.0, 2.0], dims="option", coords={"option": ["none", "a", "b"]},
                          attrs={"units": "QALY"})  # fmt: skip
    found = bd.economics.icers(cost, effect)
    assert found.table["icer"].dropna().to_dict() == {"a": 2.0, "b": 2.0}
    assert (found.cost_unit, found.effect_unit) == ("EUR", "QALY")
    outcome = xr.Dataset({"cost": cost, "effect": effect}, coords={"max_daily": ("option", [1.0, 2.0, 0.0])},
                         attrs={"amount_unit": "mg", "time_unit": "h"})  # fmt: skip
    choice = bd.decide(outcome, lambda o: 3 * o.effect - o.cost, limits=[bd.max_daily("1 mg")])
    assert set(bd.economics.icers(cost, effect, allowed=choice).table.index) == {"a", "none"}
    assert set(bd.economics.icers(cost, effect, allowed=["b", "none"]).table.index) == {"b", "none"}


@pytest.mark.parametrize(
    "call",
    [
        lambda: bd.economics.icers({"a": 1.0}, {"b": 1.0}),
        lambda: bd.economics.icers({"a": float("nan")}, {"a": 1.0}),
        lambda: bd.economics.icers({"a": "1"}, {"a": 1.0}),
        lambda: bd.economics.icers(xr.DataArray([1.0], dims="option"), {"a": 1.0}),
        lambda: bd.economics.icers(HERC_COST, HERC_EFFECT, allowed=["F"]),
        lambda: bd.economics.icers(HERC_COST, HERC_EFFECT, allowed=[]),
        lambda: bd.economics.icers(HERC_COST, HERC_EFFECT).preferred(-1.0),
        lambda: bd.economics.net_benefit(HERC_COST, HERC_EFFECT, float("inf")),
    ],
)
def test_what_cannot_be_is_refused(call):
    with pytest.raises(InputError):
        call()
