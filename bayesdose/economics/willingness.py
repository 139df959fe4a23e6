"""How sure the best buy is at each willingness to pay: acceptability curves, their frontier, EVPI."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from bayesdose.decision import criteria
from bayesdose.economics.arrays import Allowed, Floats, Values, draws_of, pair, shown, words
from bayesdose.economics.frontier import Frontier, icers
from bayesdose.errors import InputError, explain


@dataclass(frozen=True, eq=False)
class Acceptability:
    """Every option at every willingness to pay; ``print`` shows where the best changes.

    Parameters
    ----------
    curves
        Dims (wtp, option): ``net_benefit`` (expected, in units of cost), ``probability`` (of having the
        highest net benefit, ties shared: the acceptability curve) and ``expected_loss`` (what is lost, on
        average, by taking this option). Dims (wtp,): ``best`` (label of the highest expected net
        benefit), ``frontier`` (its probability: the acceptability frontier) and ``evpi``.
    frontier
        The efficient frontier: where `best` changes is where its ICERs are.
    """

    curves: xr.Dataset
    frontier: Frontier

    @property
    def table(self) -> pd.DataFrame:
        """One row for each willingness to pay: best, its probability and net benefit, EVPI."""
        c = self.curves
        at_best = c["net_benefit"].sel(option=c["best"])
        return pd.DataFrame(
            {
                "best": c["best"].to_numpy(),
                "probability": c["frontier"].to_numpy(),
                "net_benefit": at_best.to_numpy(),
                "evpi": c["evpi"].to_numpy(),
            },
            index=pd.Index(c["wtp"].to_numpy(), name="wtp"),
        )

    def __str__(self) -> str:
        unit = self.curves["net_benefit"].attrs.get("units") or "units of cost"
        turns = self.frontier.table["icer"].dropna()
        said = (
            "; ".join(f"{name} from {icer:,.6g}" for name, icer in turns.items()) or "no other at any price"
        )
        title = f"Best buy by willingness to pay ({unit}): {self.frontier.options[0]}; {said}"
        return shown(self.table, title)


def acceptability(
    cost: Values, effect: Values, wtp: Sequence[float] | Floats, *, allowed: Allowed = None
) -> Acceptability:
    """Compute acceptability curves, the acceptability frontier, expected losses and EVPI.

    van Hout et al. 1994, Health Econ 3:309 (the curve); Fenwick, Claxton & Sculpher 2001, Health Econ 10:779
    (the frontier: the option that is best on average need not be the one most often best); Alarid-Escudero et
    al. 2019, Value Health 22:611 (expected losses).

    Parameters
    ----------
    cost, effect
        By option and draw.
    wtp
        Willingness to pay for one unit of effect, in units of cost, 0 or more; increasing.
    allowed
        Options that count: a `Choice` (those it did not block), labels, or all.
    """
    c, e = pair(cost, effect, allowed)
    prices = np.atleast_1d(draws_of("acceptability: wtp", np.asarray(wtp, dtype=float), low=0.0).to_numpy())
    if prices.ndim != 1 or not len(prices) or (np.diff(prices) <= 0).any():
        raise InputError(explain("acceptability: wtp", came=list(prices), expected="increasing numbers"))
    parts = [_at(price, c.to_numpy(), e.to_numpy()) for price in prices]
    unit = {"units": c.attrs.get("units", "")}
    dims, labels = ("wtp", "option"), np.array(words(c["option"]))
    net, share, loss = (np.array([part[k] for part in parts]) for k in range(3))
    best = net.argmax(axis=1)
    each = np.arange(len(prices))
    curves = xr.Dataset(
        {
            "net_benefit": (dims, net, unit),
            "probability": (dims, share),
            "expected_loss": (dims, loss, unit),
            "best": ("wtp", labels[best]),
            "frontier": ("wtp", share[each, best]),
            "evpi": ("wtp", loss[each, best], unit),
        },
        coords={"wtp": ("wtp", prices, {"units": _per(c, e)}), "option": labels},
    )
    return Acceptability(curves, icers(c, e))


def _at(price: float, cost: Floats, effect: Floats) -> tuple[Floats, Floats, Floats]:
    """Return expected net benefit, P(best) and expected loss of each option at one willingness to pay."""
    U = price * effect - cost
    every = np.ones(U.shape[1], dtype=bool)
    top = criteria.best_per_draw(U, every)
    means = U.mean(axis=0)
    return means, criteria.share_best(U, every, top)[0], criteria.expected_regret(means, top)


def _per(cost: xr.DataArray, effect: xr.DataArray) -> str:
    money, gain = cost.attrs.get("units", ""), effect.attrs.get("units", "")
    return f"{money}/{gain}" if money and gain else ""
