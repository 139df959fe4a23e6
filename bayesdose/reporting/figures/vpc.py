"""Visual predictive checks and coverage, drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bayesdose.reporting.figure import figure
from bayesdose.reporting.figures.canvas import (
    FAINT,
    INK,
    POSTERIOR,
    PRIOR,
    WARN,
    axis_label,
    canvas,
    heading,
    plain,
)
from bayesdose.validate.held_out import Coverage
from bayesdose.validate.predictive_check import Vpc

_AXES = {"TIME": "time", "TAD": "time after dose"}
_ACROSS = 2  # panels in a row


@figure.register
def vpc_figure(result: Vpc, *, log: bool = False) -> Figure:
    """Draw percentiles of the levels over the intervals of those of simulated studies.

    Parameters
    ----------
    result
        From ``bayesdose.validate.vpc``.
    log
        Whether levels have a logarithmic axis.

    Returns
    -------
    matplotlib.figure.Figure
        A panel per stratum: levels as points (censored ones as triangles at the limit), their percentiles as
        lines, solid for the middle one; shaded, the interval of each percentile over replicates; a cross
        where the observed percentile is outside. Below, where there is a limit of quantification, the share
        of levels under it.
    """
    names = list(dict.fromkeys(result.table["stratum"]))
    across, each = min(len(names), _ACROSS), 2 if len(result.below) else 1
    down = -(-len(names) // across)
    heights = [1.0, 0.45][:each] * down
    made, axes = canvas(0.6 + 2.9 * sum(heights), each * down, across, heights=heights)
    for k, name in enumerate(names):
        row, column = divmod(k, across)
        ax = axes[row * each * across + column]
        _panel(ax, result, name, log=log)
        lowest = ax
        if each == 2:
            lowest = axes[(row * each + 1) * across + column]
            _below(lowest, result, name)
            lowest.sharex(ax)
        lowest.set_xlabel(axis_label(_AXES[result.x], result.units["x"]))
    for ax in axes:
        ax.set_visible(bool(ax.get_xlabel() or ax.get_ylabel()))
    made.legend(*_entries(result), loc="outside lower center", ncols=3, frameon=False, fontsize=8.5)
    return made


def _panel(ax: Axes, result: Vpc, name: str, *, log: bool) -> None:
    points = result.points[result.points["stratum"] == name]
    for censored, look in ((False, "o"), (True, "v")):
        some = points[points["censored"] == censored]
        ax.plot(some["x"], some["y"], look, color=FAINT, markersize=3, alpha=0.55, markeredgewidth=0)
    draw_percentiles(ax, result.table[result.table["stratum"] == name])
    corrected = "prediction-corrected level" if result.corrected else "level"
    ax.set_ylabel(axis_label(corrected, result.units[name]))
    if log:
        ax.set_yscale("log", nonpositive="clip")
    if name:
        heading(ax, plain(name, 48))


def draw_percentiles(ax: Axes, table: pd.DataFrame) -> None:
    """Draw percentiles and their intervals: columns left, right, x, percentile, observed, low, high."""
    middle = min(table["percentile"].unique(), key=lambda p: abs(p - 50))
    for p, own in table.groupby("percentile"):
        colour = POSTERIOR if p == middle else PRIOR
        left, right = own["left"].to_numpy(), own["right"].to_numpy()
        edges, twice = np.ravel(np.column_stack([left, right])), np.repeat(np.arange(len(own)), 2)
        low, high = (own[name].to_numpy()[twice] for name in ("low", "high"))
        ax.fill_between(edges, low, high, color=colour, alpha=0.28, linewidth=0)
        ax.plot(own["x"], own["observed"], "-" if p == middle else "--", color=INK, linewidth=1.5)
        out = own[(own["observed"] < own["low"]) | (own["observed"] > own["high"])]
        ax.plot(out["x"], out["observed"], "X", color=WARN, markersize=7, markeredgecolor="white")


def _below(ax: Axes, result: Vpc, name: str) -> None:
    own = result.below[result.below["stratum"] == name]
    ax.set_ylabel("share < LLOQ")
    if own.empty:
        return
    edges = np.ravel(own[["left", "right"]].to_numpy())
    low, high = (np.repeat(own[column].to_numpy(), 2) for column in ("low", "high"))
    ax.fill_between(edges, low, high, color=POSTERIOR, alpha=0.28, linewidth=0)
    ax.plot(own["x"], own["observed"], "-", color=INK, linewidth=1.5)
    out = own[~own["inside"]]
    ax.plot(out["x"], out["observed"], "X", color=WARN, markersize=7, markeredgecolor="white")
    ax.set_ylim(-0.03, max(0.2, 1.1 * own[["observed", "high"]].to_numpy().max()))


def _entries(result: Vpc) -> tuple[list[Any], list[str]]:
    at = sorted(result.table["percentile"].unique())
    middle = min(at, key=lambda p: abs(p - 50))
    outer = [p for p in at if p != middle]
    outermost = " and ".join(f"{p:g}" for p in outer)
    wide = f"{100 * result.interval:g} % interval of simulated"
    entries: list[tuple[Any, str]] = [
        (Line2D([], [], color=INK, linewidth=1.5), f"observed {middle:g} % percentile"),
        (Patch(color=POSTERIOR, alpha=0.28, linewidth=0), f"{wide} {middle:g} %"),
        (Line2D([], [], color=WARN, marker="X", linestyle="", markersize=7), "observed one outside"),
    ]
    if outer:
        line = Line2D([], [], color=INK, linewidth=1.5, linestyle="--")
        entries.insert(1, (line, f"observed {outermost} %"))
        entries.insert(3, (Patch(color=PRIOR, alpha=0.28, linewidth=0), f"{wide} {outermost} %"))
    handles, labels = zip(*entries, strict=True)
    return list(handles), list(labels)


@figure.register
def coverage_figure(result: Coverage) -> Figure:
    """Draw how often held-out levels are within their predictive intervals, and their places in them.

    Parameters
    ----------
    result
        From ``bayesdose.validate.coverage``.

    Returns
    -------
    matplotlib.figure.Figure
        A row per sort of level. Left the share covered, with its 95 % interval, against the nominal
        probability. Then, for each number of levels known, a histogram of the levels' places in their
        predictive distributions, flat where the predictions are right: heaped in the middle they are too
        wide, at the ends too narrow.
    """
    known = sorted(map(int, result.table["known"].unique()))
    widths = [1.3, *[1.0] * len(known)]
    of = list(dict.fromkeys(result.table["of"]))
    made, axes = canvas(3.0 * len(of), len(of), 1 + len(known), widths=widths)
    rows = np.reshape(np.asarray(axes, dtype=object), (len(of), -1))
    for sort, (ax, *others) in zip(of, rows, strict=True):
        table = result.table[result.table["of"] == sort]
        _against_nominal(ax, table, known)
        if len(of) > 1:
            heading(ax, sort)
        for k, (n, other) in enumerate(zip(known, others, strict=True)):
            of_sort = (result.levels["of"] == sort) & (result.levels["known"] == n)
            _places(other, result.levels.loc[of_sort, "place"], k)
            heading(other, _given(n))
    return made


def _places(ax: Axes, places: pd.Series, k: int) -> None:
    bins = int(np.clip(len(places) // 10, 4, 20))
    ax.hist(places, bins=bins, range=(0, 1), color=_COLOURS[k % len(_COLOURS)], alpha=0.45)
    ax.axhline(len(places) / bins, color=INK, linestyle="--", linewidth=1)
    ax.set_xlabel("place in the prediction")
    ax.set_ylabel("levels")


_COLOURS = (PRIOR, POSTERIOR, FAINT, WARN)


def _given(known: int) -> str:
    return "no level known" if known == 0 else f"{known} level{'s' * (known != 1)} known"


def _against_nominal(ax: Axes, table: pd.DataFrame, known: list[int]) -> None:
    ax.plot([0.4, 1], [0.4, 1], "--", color=INK, linewidth=1)
    for k, n in enumerate(known):
        own = table[table["known"] == n]
        x = own["nominal"] + 0.008 * (k - (len(known) - 1) / 2)
        spread = np.abs(own[["low", "high"]].to_numpy().T - own["covered"].to_numpy())
        colour = _COLOURS[k % len(_COLOURS)]
        ax.errorbar(
            x, own["covered"], spread, fmt="o", color=colour, markersize=5, capsize=2, label=_given(n)
        )
    ax.set_xlabel("nominal probability")
    ax.set_ylabel("share covered")
    ax.set_ylim(top=1.03)
    ax.legend(frameon=False, fontsize=8.5, loc="upper left")
