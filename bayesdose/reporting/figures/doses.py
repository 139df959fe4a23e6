"""The doses under a concentration curve: boluses, infusions as long as they run, orders, steady states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bayesdose.reporting.figures.canvas import GREEN, INK, PALE, axis_label, plain

Entries = list[tuple[Any, str]]
_ROUTES = (INK, "#cc79a7", GREEN, "#56b4e9")  # none of them the colour of a curve
_ORDERED = 0.5  # opacity of additional doses
_STEADY: dict[str, Any] = {"marker": 8, "markersize": 8, "linestyle": ""}  # a caret that points to the left
_CONSTANT: dict[str, Any] = {"linestyle": ":", "linewidth": 1.6}
_USUAL = {"RATE": 0.0, "CMT": 0, "SS": 0, "ADDITIONAL": False}


def draw_doses(
    ax: Axes, doses: pd.DataFrame, units: tuple[str, str], routes: Sequence[str] | Any = ()
) -> Entries:
    """Draw doses along the time axis, as high as their amounts.

    Parameters
    ----------
    ax
        Where.
    doses
        As from ``bayesdose.study.drawn_out``; columns TIME and AMT are enough for boluses.
    units
        Of time and amount.
    routes
        Name of each compartment, by the number in CMT.

    Returns
    -------
    list of (handle, text)
        What the legend must say.
    """
    time, amount = units
    doses = doses.assign(**{name: value for name, value in _USUAL.items() if name not in doses})
    doses = doses if "END" in doses else doses.assign(END=doses["TIME"])
    codes = sorted({int(code) for code in doses["CMT"]})
    colours = {code: _ROUTES[k % len(_ROUTES)] for k, code in enumerate(codes)}
    for row in doses.to_dict("records"):
        _dose(ax, row, colours[int(row["CMT"])])
    top = float(doses["AMT"].max()) if len(doses) else 0.0
    ax.set_ylim(0, 1.15 * top or 1.0)
    ax.set_yticks([0, top] if top else [], ["0", _amount(top)] if top else [])
    ax.set_ylabel(axis_label("dose", amount))
    ax.grid(False)
    several = codes if len(codes) > 1 else []
    named = [(Patch(color=colours[c], linewidth=0), f"into {plain(routes[c], 30)}") for c in several]
    return named + _entries(doses, f"{plain(amount)}/{plain(time)}")


def _amount(amount: float) -> str:
    """Return three digits of an amount: 1000, not 1e+03."""
    return f"{float(f'{amount:.3g}'):g}"


def _dose(ax: Axes, row: dict[Any, Any], colour: str) -> None:
    start, end, amount = float(row["TIME"]), float(row["END"]), float(row["AMT"])
    shade: dict[str, Any] = {"color": colour, "alpha": _ORDERED if row["ADDITIONAL"] else 1.0}
    if row["SS"] and not amount:
        ax.axvline(start, color=colour, **_CONSTANT)
    elif end > start:
        ax.fill_between([start, end], 0, amount, linewidth=0, color=colour, alpha=0.3 * shade["alpha"])
        ax.plot([start, start, end, end], [0, amount, amount, 0], linewidth=1.2, **shade)
    else:
        ax.vlines(start, 0, amount, linewidth=2, linestyle=(0, (2, 1)) if np.isnan(end) else "-", **shade)
    if row["SS"] and amount:
        ax.plot(start, 0.85 * amount, clip_on=False, **{**_STEADY, "color": colour})


def _entries(doses: pd.DataFrame, speed: str) -> Entries:
    """Return the legend of what occurs among the doses; `speed` is the unit of rates."""
    steady, made = doses["SS"] > 0, Entries()
    for rate in sorted({*doses.loc[steady & (doses["AMT"] == 0), "RATE"]}):
        said = f"{rate:g} {speed}" if rate > 0 else "infusion at the model's rate"
        made.append((Line2D([], [], color=INK, **_CONSTANT), f"{said} until there"))
    if (doses["END"] > doses["TIME"]).any():
        made.append((Patch(facecolor=PALE, edgecolor=INK), "infusion, as long as it runs"))
    if (doses["END"].isna() & (doses["AMT"] > 0)).any():
        dashed = Line2D([], [], color=INK, linestyle=(0, (2, 1)), linewidth=2)
        made.append((dashed, "infusion timed by the model"))
    if doses["ADDITIONAL"].any():
        made.append((Line2D([], [], color=INK, alpha=_ORDERED, linewidth=2), "further dose of an order"))
    if (steady & (doses["AMT"] > 0)).any():
        made.append((Line2D([], [], **{**_STEADY, "color": INK}), "at steady state: given like this before"))
    return made
