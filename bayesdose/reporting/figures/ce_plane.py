"""The cost-effectiveness plane and the efficient frontier, drawn."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from bayesdose.economics.frontier import Frontier
from bayesdose.economics.plane import Plane
from bayesdose.reporting.figure import figure
from bayesdose.reporting.figures.canvas import (
    FAINT,
    INK,
    MARKERS,
    POSTERIOR,
    SERIES,
    WARN,
    axis_label,
    canvas,
    heading,
    plain,
)

_POINTS = 1000  # draws shown of each option: more make one blot
_OPTIONS = len(SERIES)
_NAMED = 12  # options that all get their name
_LINE = 0.05  # height of a line of text, as a share of the axes
_RADIUS = 2.4477  # of the ellipse that holds 95 % of a bivariate normal: sqrt(chi2.ppf(0.95, 2))


@figure.register
def plane_figure(result: Plane) -> Figure:
    """Draw the increments of cost and effect over the reference.

    Parameters
    ----------
    result
        From ``bayesdose.economics.ce_plane``. The six options with the highest probability of being
        acceptable (or the largest expected effect) are drawn.

    Returns
    -------
    matplotlib.figure.Figure
        Points are draws, the large marker their mean, the line an ellipse that would hold 95 % of normal
        draws. Below the dashed line an option is worth its cost at the willingness to pay.
    """
    made, (ax,) = canvas(4.6)
    by = "p_acceptable" if "p_acceptable" in result.table else "effect"
    shown = list(result.table.sort_values(by, ascending=False, kind="stable").index[:_OPTIONS])
    for k, name in enumerate(shown):
        _cloud(ax, result, name, SERIES[k], MARKERS[k % len(MARKERS)])
    ax.axhline(0, color=FAINT, linewidth=1)
    ax.axvline(0, color=FAINT, linewidth=1)
    if result.wtp is not None:
        _wtp_line(ax, result.wtp)
    units = [str(result.draws[name].attrs.get("units", "")) for name in ("effect", "cost")]
    ax.set_xlabel(axis_label("effect gained", units[0]))
    ax.set_ylabel(axis_label("cost added", units[1]))
    _thousands(ax)
    rest = len(result.table) - len(shown)
    more = f"; {rest} more in the table" if rest > 0 else ""
    heading(ax, "Cost-effectiveness plane", f"against {plain(result.reference, 50, 1)}{more}")
    ax.legend(fontsize=8, framealpha=0.85, edgecolor="none", loc="best")
    return made


@figure.register
def frontier_figure(result: Frontier) -> Figure:
    """Draw costs against effects, with the efficient frontier and its ICERs.

    Parameters
    ----------
    result
        From ``bayesdose.economics.icers``.

    Returns
    -------
    matplotlib.figure.Figure
        Options on the frontier are joined by a line whose slopes are their ICERs; dominated ones are crosses,
        those dominated by a mixture of two are hollow.
    """
    made, (ax,) = canvas(4.4)
    table = result.table
    on = table[table["status"] == "frontier"]
    ax.plot(on["effect"], on["cost"], "-o", color=POSTERIOR, linewidth=1.8, markersize=6, label="frontier")
    for status, marker in (("extended-dominated", "o"), ("dominated", "x")):
        rows = table[table["status"] == status]
        colour = WARN if marker == "x" else FAINT
        face = colour if marker == "x" else "none"
        if len(rows):
            ax.scatter(
                rows["effect"], rows["cost"], marker=marker, color=colour, facecolors=face, s=34, label=status
            )
    ax.set_xlabel(axis_label("expected effect", result.effect_unit))
    ax.set_ylabel(axis_label("expected cost", result.cost_unit))
    _thousands(ax)
    ax.margins(x=0.12, y=0.15)
    _icer_labels(ax, on)
    _option_labels(ax, result)
    heading(ax, "Efficient frontier", "labels on the line: cost of one more unit of effect")
    ax.legend(fontsize=8, framealpha=0.85, edgecolor="none", loc="best")
    return made


def _cloud(ax: Axes, result: Plane, name: str, colour: str, marker: str) -> None:
    one = result.draws.sel(option=name)
    e, c = one["effect"].to_numpy(), one["cost"].to_numpy()
    step = max(1, len(e) // _POINTS)
    ax.scatter(e[::step], c[::step], s=5, color=colour, alpha=0.25, linewidths=0)
    mean = (float(e.mean()), float(c.mean()))
    if len(e) > 2 and min(np.ptp(e), np.ptp(c)) > 0:
        ax.plot(*_ellipse(e, c), color=colour, linewidth=1.2)
    ax.plot(*mean, marker, color=colour, markersize=8, markeredgecolor="white", label=plain(name, 44, 1))


def _ellipse(e: np.ndarray, c: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the outline of the ellipse that holds 95 % of a normal distribution with these moments."""
    turn = np.linspace(0, 2 * np.pi, 181)
    sides, axes = np.linalg.eigh(np.cov(e / e.std(), c / c.std()))
    x, y = axes @ (
        np.sqrt(np.maximum(sides, 0.0))[:, None] * _RADIUS * np.array([np.cos(turn), np.sin(turn)])
    )
    return e.mean() + x * e.std(), c.mean() + y * c.std()


def _wtp_line(ax: Axes, wtp: float) -> None:
    ax.axline(
        (0, 0),
        slope=wtp,
        color=INK,
        linestyle="--",
        linewidth=1.1,
        label=f"willingness to pay {_plain_number(wtp)}",
    )


def _thousands(ax: Axes) -> None:
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))


def _icer_labels(ax: Axes, on: pd.DataFrame) -> None:
    """Write each ICER beside the middle of its line."""
    effect, cost = on["effect"].to_numpy(), on["cost"].to_numpy()
    for k in range(1, len(on)):
        at = ((effect[k - 1] + effect[k]) / 2, (cost[k - 1] + cost[k]) / 2)
        said = _plain_number(float(on["icer"].iloc[k]))
        ax.annotate(said, at, (7, -9), textcoords="offset points", fontsize=8.5, color=POSTERIOR, ha="left")


def _option_labels(ax: Axes, result: Frontier) -> None:
    """Name the options: all, or those of the frontier where there are many; names do not cover each other."""
    table = result.table
    named = table if len(table) <= _NAMED else table[table["status"] == "frontier"]
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    taken: list[tuple[float, float, float]] = []
    for name, row in named.sort_values("cost", ascending=False).iterrows():
        at, text = (float(row["effect"]), float(row["cost"])), plain(name, 26, 1)
        x, y, width = (at[0] - left) / (right - left), (at[1] - bottom) / (top - bottom), 0.012 * len(text)
        before = x > 0.3  # names stay inside the axes
        start, place = (x - width if before else x), y + (0.015 if before else -0.035)
        while any(start < b and start + width > a and abs(place - z) < _LINE for a, b, z in taken):
            place -= _LINE / 4
        taken.append((start, start + width, place))
        offset = (-8 if before else 8, 0)
        ax.annotate(text, (at[0], bottom + place * (top - bottom)), offset, textcoords="offset points",
                    fontsize=8.5, color=INK, ha="right" if before else "left")  # fmt: skip


def _plain_number(value: float) -> str:
    """Return a number with four digits at least, and commas."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
