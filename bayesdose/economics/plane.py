"""The cost-effectiveness plane: what an option adds in cost and effect to a reference, draw by draw."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from bayesdose.economics.arrays import (
    Allowed,
    Values,
    check_probability,
    draws_of,
    interval,
    kept,
    pair,
    shown,
    unit_text,
    words,
)
from bayesdose.errors import InputError, explain, nearest

QUADRANTS = {
    "more for more": (1, 1),
    "more for less": (1, -1),
    "less for less": (-1, -1),
    "less for more": (-1, 1),
}
"""What an option may bring: the sign of its effect and of its cost against the reference. "more for less" is
the south-east of the plane (it dominates), "less for more" the north-west (it is dominated)."""


@dataclass(frozen=True, eq=False)
class Plane:
    """Increments of cost and effect over a reference; ``print`` shows their summary.

    Parameters
    ----------
    draws
        ``cost`` and ``effect`` (draw, option) less those of the reference.
    table
        Index option: cost, effect and icer (of the expected increments, where the effect is not 0), intervals
        of both increments, the probability of each of `QUADRANTS`, and ``p_acceptable`` at `wtp` where one
        is stated.
    reference
        Label of the option compared with.
    wtp
        Willingness to pay for one unit of effect.
    probability
        Of the intervals.
    """

    draws: xr.Dataset
    table: pd.DataFrame
    reference: str
    wtp: float | None = None
    probability: float = 0.95

    def __str__(self) -> str:
        units = unit_text(self.draws["cost"], self.draws["effect"])
        title = f"Increments over {self.reference}: cost in {units[0] or '-'}, effect in {units[1] or '-'}"
        return shown(self.table.T.rename_axis("against the reference"), title)


def ce_plane(
    cost: Values,
    effect: Values,
    reference: str,
    *,
    wtp: float | None = None,
    allowed: Allowed = None,
    probability: float = 0.95,
) -> Plane:
    """Compare every option with a reference on the cost-effectiveness plane.

    Black 1990, Med Decis Making 10:212. An ICER is given without an interval, because a ratio whose parts
    change sign has none that can be read: the quadrants say what an interval would.

    Parameters
    ----------
    cost, effect
        By option and draw.
    reference
        Label of the option compared with, such as "no treatment".
    wtp
        Willingness to pay for one unit of effect: then the probability is given that the option is worth it.
    allowed
        Options that count besides the reference.
    probability
        Of the intervals of cost and effect.
    """
    c, e = pair(cost, effect)
    labels = words(c["option"])
    if reference not in labels:
        raise InputError(
            explain(
                "ce_plane: reference",
                came=repr(reference),
                expected=", ".join(labels),
                meant=nearest(str(reference), labels),
            )
        )
    p = check_probability("ce_plane", probability)
    price = None if wtp is None else float(draws_of("ce_plane: wtp", wtp, low=0.0))
    others = [label for label in kept(c, allowed) if label != reference]
    if not others:
        raise InputError(explain("ce_plane: options", came=reference, expected="one besides the reference"))
    draws = xr.Dataset(
        {
            name: (a - a.sel(option=reference, drop=True)).sel(option=others).assign_attrs(a.attrs)
            for name, a in (("cost", c), ("effect", e))
        }
    )
    rows = {label: _summary(draws.sel(option=label), price, p) for label in others}
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("option")
    return Plane(draws, table, reference, price, p)


def _summary(one: xr.Dataset, wtp: float | None, probability: float) -> dict[str, float]:
    cost, effect = one["cost"].to_numpy(), one["effect"].to_numpy()
    mean_cost, mean_effect = float(cost.mean()), float(effect.mean())
    made = {"cost": mean_cost, "effect": mean_effect}
    made["icer"] = mean_cost / mean_effect if mean_effect else np.nan
    for name, values in (("cost", cost), ("effect", effect)):
        made[f"{name}_low"], made[f"{name}_high"] = interval(values, probability)
    for name, (gain, dearer) in QUADRANTS.items():
        # 0 counts as no loss: as good for the same price is "more for less"
        better = effect >= 0 if gain > 0 else effect < 0
        made[name] = float((better & (cost > 0 if dearer > 0 else cost <= 0)).mean())
    if wtp is not None:
        made["p_acceptable"] = float((wtp * effect - cost >= 0).mean())
    return made
