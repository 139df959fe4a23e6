"""Incremental cost-effectiveness: the efficient frontier with strong and extended dominance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from bayesdose.economics.arrays import Allowed, Floats, Values, draws_of, pair, shown, unit_text, words

_EQUAL = 1e-12
"""Ratios that differ by less than this share count as equal: what is left is rounding."""


@dataclass(frozen=True, eq=False)
class Frontier:
    """Options in the order of their cost, and which of them are worth considering; ``print`` shows them.

    Parameters
    ----------
    table
        Index option, the frontier first, in the order of cost. Columns cost, effect; incremental_cost,
        incremental_effect and icer against the option before on the frontier; status "frontier", "dominated"
        (another costs no more and does no less) or "extended-dominated" (a mixture of two others does so);
        dominated_by.
    cost_unit, effect_unit
        Units.
    """

    table: pd.DataFrame
    cost_unit: str = ""
    effect_unit: str = ""

    @property
    def options(self) -> tuple[str, ...]:
        """Labels on the frontier, the cheapest first."""
        return tuple(self.table.index[self.table["status"] == "frontier"])

    def preferred(self, wtp: float) -> tuple[str, ...]:
        """Return what has the highest net monetary benefit, ``wtp * effect - cost``.

        More than one label where it makes no difference: at a willingness to pay that is an ICER.
        """
        price = float(draws_of("preferred: wtp", wtp, low=0.0))
        frame = self.table[self.table["status"] == "frontier"]
        net = price * frame["effect"].to_numpy() - frame["cost"].to_numpy()
        slack = _EQUAL * max(float(np.abs(price * frame["effect"]).max()), float(np.abs(frame["cost"]).max()))
        return tuple(frame.index[net >= net.max() - 10 * slack])

    def __str__(self) -> str:
        per = f", ICER in {self.cost_unit or 'cost'}/{self.effect_unit or 'effect'}"
        title = f"Efficient frontier: cost in {self.cost_unit or 'its unit'}{per}"
        return shown(self.table.fillna({"dominated_by": ""}), title, 6)


def icers(cost: Values, effect: Values, *, allowed: Allowed = None) -> Frontier:
    """Compare options by cost and effect: who is dominated, and what one more unit of effect costs.

    Expected costs and effects over the draws are compared, because expected net benefit is linear in both.
    Options sorted by cost; strongly dominated ones are dropped, then those whose ICER is higher than that of
    the next (extended dominance); ICERs of what is left rise (Drummond et al. 2015, Methods for the Economic
    Evaluation of Health Care Programmes, 4th ed., chapter 4; Cantor 1994, Med Decis Making 14:259).

    Parameters
    ----------
    cost, effect
        By option, and by draw where uncertain; a dict of numbers will do. Higher effects are better.
    allowed
        Options that count: a `Choice` (those it did not block), labels, or all.

    Returns
    -------
    Frontier
    """
    c, e = pair(cost, effect, allowed)
    mean_cost, mean_effect = c.mean("draw").to_numpy(), e.mean("draw").to_numpy()
    labels = words(c["option"])
    order = sorted(range(len(labels)), key=lambda k: (mean_cost[k], -mean_effect[k]))
    status, by = _status(mean_cost, mean_effect, order)
    frame = pd.DataFrame(
        {
            "cost": mean_cost,
            "effect": mean_effect,
            "status": status,
            "dominated_by": [_named(b, labels) for b in by],
        },
        index=pd.Index(labels, name="option"),
    ).iloc[order]
    frame = frame.sort_values("status", key=lambda s: s.map(_PLACE), kind="stable")
    return Frontier(_incremental(frame), *unit_text(c, e))


def net_benefit(cost: Values, effect: Values, wtp: float) -> xr.DataArray:
    """Return net monetary benefit, ``wtp * effect - cost``.

    Stinnett & Mullahy 1998, Med Decis Making 18:S68.

    Parameters
    ----------
    cost, effect
        By option, and by draw where uncertain.
    wtp
        Willingness to pay for one unit of effect, in units of cost, 0 or more.

    Returns
    -------
    xarray.DataArray
        Dims (draw, option), in units of cost: a utility for `decide`.
    """
    c, e = pair(cost, effect)
    price = float(draws_of("net_benefit: wtp", wtp, low=0.0))
    made = price * e - c
    made.attrs = {"units": c.attrs.get("units", ""), "long_name": f"net monetary benefit at {price:g}"}
    return made


_PLACE = {"frontier": 0, "extended-dominated": 1, "dominated": 2}


def _status(cost: Floats, effect: Floats, order: list[int]) -> tuple[list[str], list[tuple[int, ...]]]:
    """Return the status of each option and who dominates it."""
    status, by = ["frontier"] * len(order), [()] * len(order)  # type: list[str], list[tuple[int, ...]]
    hull: list[int] = []
    best = -1
    for k in order:
        if best >= 0 and effect[k] <= effect[best]:
            status[k], by[k] = "dominated", (best,)
            continue
        best = k
        while len(hull) > 1 and _falls(cost, effect, hull[-2], hull[-1], k):
            gone = hull.pop()
            status[gone], by[gone] = "extended-dominated", (hull[-1], k)
        hull.append(k)
    return status, [_last(b, status, hull, cost) for b in by]


def _falls(cost: Floats, effect: Floats, a: int, b: int, c: int) -> bool:
    """Say whether the ratio from b to c is lower than that from a to b."""
    first = (cost[b] - cost[a]) * (effect[c] - effect[b])
    second = (cost[c] - cost[b]) * (effect[b] - effect[a])
    return bool(first > second * (1 + _EQUAL))


def _last(by: tuple[int, ...], status: list[str], hull: list[int], cost: Floats) -> tuple[int, ...]:
    """Replace a pair that was itself dropped later by the two of the frontier around it."""
    if len(by) < 2 or all(status[k] == "frontier" for k in by):
        return by
    middle = cost[by[0]]
    left = max((k for k in hull if cost[k] <= middle), key=lambda k: cost[k])
    right = min((k for k in hull if cost[k] > middle), key=lambda k: cost[k])
    return left, right


def _named(by: tuple[int, ...], labels: list[str]) -> str:
    return " + ".join(labels[k] for k in by)


def _incremental(frame: pd.DataFrame) -> pd.DataFrame:
    on = (frame["status"] == "frontier").to_numpy()
    cost, effect = frame["cost"].to_numpy(), frame["effect"].to_numpy()
    more_cost, more_effect = (np.full(len(frame), np.nan) for _ in range(2))
    place = np.flatnonzero(on)
    more_cost[place[1:]], more_effect[place[1:]] = np.diff(cost[place]), np.diff(effect[place])
    with np.errstate(over="ignore"):  # an effect next to nothing has an ICER next to infinity
        icer = more_cost / more_effect
    made = frame.assign(incremental_cost=more_cost, incremental_effect=more_effect, icer=icer)
    return made[
        ["cost", "effect", "incremental_cost", "incremental_effect", "icer", "status", "dominated_by"]
    ]
