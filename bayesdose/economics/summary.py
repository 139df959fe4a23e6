"""Costs and effects of one decision in one noun: net benefit, frontier, plane, acceptability."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bayesdose.decision import criteria
from bayesdose.economics.arrays import Allowed, Values, draws_of, interval, kept, pair, shown, words
from bayesdose.economics.frontier import Frontier, icers, net_benefit
from bayesdose.economics.plane import Plane, ce_plane
from bayesdose.economics.willingness import Acceptability, acceptability
from bayesdose.errors import InputError, explain

_STEPS = 41
_REACH = 2.0  # the curves go up to so many times the stated willingness to pay
_PROBABILITY = 0.95


@dataclass(frozen=True, eq=False)
class CostEffectiveness:
    """What the options cost and bring, over the same draws; ``print`` shows the table and the frontier.

    Parameters
    ----------
    table
        Index option, the highest expected net benefit first: ``cost`` and ``effect`` (expected),
        ``net_benefit`` with ``low`` and ``high`` (95 % of the draws), ``p_best`` (probability of the highest
        net benefit, ties shared).
    wtp
        Willingness to pay for one unit of effect, in units of cost.
    frontier, plane, acceptability
        From `icers`, `ce_plane` (of the options on the frontier) and `acceptability` (up to twice `wtp`); no
        plane where the reference is the only option.
    effect
        What the effect is called.
    """

    table: pd.DataFrame
    wtp: float
    frontier: Frontier
    plane: Plane | None
    acceptability: Acceptability
    effect: str = ""

    @property
    def best(self) -> str:
        """The option with the highest expected net benefit."""
        return str(self.table.index[0])

    @property
    def units(self) -> tuple[str, str]:
        """Units of cost and effect; empty where there is none."""
        return self.frontier.cost_unit, self.frontier.effect_unit

    @property
    def gain(self) -> str:
        """One unit of effect in words."""
        return f"one {self.units[1]}" if self.units[1] else f"one unit of {self.effect or 'effect'}"

    @property
    def price(self) -> str:
        """The willingness to pay in words."""
        return f"{self.wtp:,.6g} {self.units[0]}".rstrip() + f" for {self.gain}"

    def to_dict(self) -> dict[str, Any]:
        """Return the tables as plain values, for JSON; a number that is not finite becomes None."""
        plane = [] if self.plane is None else _rows(self.plane.table)
        return {
            "willingness_to_pay": self.wtp,
            "effect": self.effect,
            "units": dict(zip(("cost", "effect"), self.units, strict=True)),
            "best": self.best,
            "net_benefit": _rows(self.table),
            "frontier": _rows(self.frontier.table),
            "reference": None if self.plane is None else self.plane.reference,
            "increments": plane,
            "acceptability": _rows(self.acceptability.table),
        }

    def __str__(self) -> str:
        title = f"Net monetary benefit at {self.price}: {self.best}"
        return f"{shown(self.table, title)}\n\n{self.frontier}"


def cost_effectiveness(
    cost: Values, effect: Values, wtp: float, *, reference: str, allowed: Allowed = None
) -> CostEffectiveness:
    """Return costs and effects of the options of one decision, compared in every way of this room.

    Parameters
    ----------
    cost, effect
        By option, and by draw where uncertain. Higher effects are better.
    wtp
        Willingness to pay for one unit of effect, in units of cost, above 0.
    reference
        Label of the option compared with on the plane.
    allowed
        Options that count: a `Choice` (those it did not block), labels, or all.

    Raises
    ------
    InputError
        When cost and effect are of other options or draws, or a number is out of range.
    """
    price = float(draws_of("cost_effectiveness: wtp", wtp, low=0.0))
    if not price > 0:
        raise InputError(explain("cost_effectiveness: wtp", came=repr(wtp), expected="a number above 0"))
    c, e = pair(cost, effect)
    labels = kept(c, allowed)
    frontier = icers(c, e, allowed=labels)
    others = [label for label in frontier.options if label != reference]
    plane = ce_plane(c, e, reference, wtp=price, allowed=others) if others else None
    grid = np.linspace(0.0, _REACH * price, _STEPS)
    return CostEffectiveness(
        _table(*pair(c, e, labels), price), price, frontier, plane,
        acceptability(c, e, grid, allowed=labels), str(getattr(effect, "name", None) or ""),
    )  # fmt: skip


def _table(cost: Any, effect: Any, price: float) -> pd.DataFrame:
    U = net_benefit(cost, effect, price).transpose("draw", "option").to_numpy()
    every = np.ones(U.shape[1], dtype=bool)
    p_best, _ = criteria.share_best(U, every, criteria.best_per_draw(U, every))
    low, high = zip(*(interval(column, _PROBABILITY) for column in U.T), strict=True)
    made = {"cost": cost.mean("draw").to_numpy(), "effect": effect.mean("draw").to_numpy()}
    made |= {"net_benefit": U.mean(axis=0), "low": low, "high": high, "p_best": p_best}
    frame = pd.DataFrame(made, index=pd.Index(words(cost["option"]), name="option"))
    return frame.sort_values("net_benefit", ascending=False, kind="stable")


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    rows = frame.reset_index().to_dict("records")
    return [{str(k): _plain(v) for k, v in row.items()} for row in rows]


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
