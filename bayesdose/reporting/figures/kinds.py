"""Visual predictive checks of counts, categories and times to an event, drawn."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bayesdose.reporting.figure import figure
from bayesdose.reporting.figures.canvas import FAINT, INK, POSTERIOR, WARN, axis_label, canvas, heading, plain
from bayesdose.validate.category_check import CategoryVpc
from bayesdose.validate.event_check import EventVpc

_AXES = {"TIME": "time", "TAD": "time after dose"}
_ACROSS = 3  # panels in a row


@figure.register
def category_figure(result: CategoryVpc) -> Figure:
    """Draw the shares of counts and categories over the intervals of those of simulated studies.

    Parameters
    ----------
    result
        From ``bayesdose.validate.category_vpc``.

    Returns
    -------
    matplotlib.figure.Figure
        A panel per stratum and category: its share of the levels as a line, the interval over replicates
        shaded, a cross where the observed share is outside.
    """
    panels = list(result.table.groupby(["stratum", "category"], sort=False))
    made, axes = _grid(len(panels))
    for ax, ((stratum, category), own) in zip(axes, panels, strict=False):
        _band(ax, own, steps=True)
        heading(ax, plain(f"{stratum}: {category}" if stratum else str(category), 40))
        ax.set_xlabel(axis_label(_AXES[result.x], result.units["x"]))
        ax.set_ylabel("share")
        ax.set_ylim(bottom=0.0)
    _finish(made, axes, result.interval, "share")
    return made


@figure.register
def event_figure(result: EventVpc) -> Figure:
    """Draw curves of events over the interval of those of simulated studies: Kaplan-Meier's, or mean numbers.

    Parameters
    ----------
    result
        From ``bayesdose.validate.event_vpc``.

    Returns
    -------
    matplotlib.figure.Figure
        A panel per stratum: the curve of the study, ticks where subjects were observed until, the interval
        over replicates shaded, crosses where the curve is outside.
    """
    panels = list(result.table.groupby("stratum", sort=False))
    made, axes = _grid(len(panels))
    for ax, (stratum, own) in zip(axes, panels, strict=False):
        _band(ax, own, steps=False)
        subjects = result.subjects[result.subjects["stratum"] == stratum]
        censored = subjects["events"].ge(0) if result.repeated else subjects["events"].eq(0)
        until = subjects.loc[censored, "time"].to_numpy()
        until = until[until <= own["x"].max()]
        ax.plot(until, np.interp(until, own["x"], own["observed"]), "|", color=FAINT, markersize=7)
        if stratum:
            heading(ax, plain(str(stratum), 40))
        ax.set_xlabel(axis_label("time since the first record", result.units["x"]))
        ax.set_ylabel("events per subject" if result.repeated else "share without an event")
        ax.set_ylim(0.0, None if result.repeated else 1.03)
    _finish(made, axes, result.interval, result.curve)
    return made


def _grid(panels: int) -> tuple[Figure, list[Axes]]:
    across = min(panels, _ACROSS)
    down = -(-panels // across)
    made, axes = canvas(0.6 + 2.5 * down, down, across)
    return made, list(axes)


def _band(ax: Axes, own: pd.DataFrame, *, steps: bool) -> None:
    if steps:
        edges = np.ravel(own[["left", "right"]].to_numpy())
        low, high = (np.repeat(own[name].to_numpy(), 2) for name in ("low", "high"))
    else:
        edges, low, high = (own[name].to_numpy() for name in ("x", "low", "high"))
    ax.fill_between(edges, low, high, color=POSTERIOR, alpha=0.28, linewidth=0)
    ax.plot(
        own["x"], own["observed"], "-", color=INK, linewidth=1.5, marker="o" if steps else "", markersize=3
    )
    out = own[~own["inside"].astype(bool)]
    ax.plot(out["x"], out["observed"], "X", color=WARN, markersize=6, markeredgecolor="white")


def _finish(made: Figure, axes: list[Axes], interval: float, what: str) -> None:
    for ax in axes:
        ax.set_visible(bool(ax.get_xlabel()))
    handles = [
        Line2D([], [], color=INK, linewidth=1.5),
        Patch(color=POSTERIOR, alpha=0.28, linewidth=0),
        Line2D([], [], color=WARN, marker="X", linestyle="", markersize=7),
    ]
    labels = [f"observed {what}", f"{100 * interval:g} % interval of simulated", "observed one outside"]
    made.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False, fontsize=8.5)
