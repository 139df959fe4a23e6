"""Risk reductions of subgroups and effects by subject, drawn with their intervals."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from bayesdose.economics.needed import RiskReductions
from bayesdose.economics.targeting import Effects
from bayesdose.reporting.figure import figure
from bayesdose.reporting.figures.canvas import FAINT, GREEN, INK, POSTERIOR, WARN, canvas, heading, plain


@figure.register
def risk_reductions_figure(result: RiskReductions) -> Figure:
    """Draw the absolute risk reduction of every group, with the number needed to treat beside it.

    Parameters
    ----------
    result
        From ``bayesdose.economics.risk_reductions``.

    Returns
    -------
    matplotlib.figure.Figure
        A row for each group and one for all. The axis is that of risk, on which help goes over into harm at 0
        without a jump; the numbers needed stand at the right. The marker's size follows the group's share.
    """
    table = result.table
    made, (ax,) = canvas(1.4 + 0.42 * len(table))
    place = np.arange(len(table))[::-1]
    for at, (name, row) in zip(place, table.iterrows(), strict=True):
        colour = INK if name == "all" else POSTERIOR
        ax.plot([row["low"], row["high"]], [at, at], color=colour, linewidth=1.8)
        ax.plot(
            row["arr"],
            at,
            "D" if name == "all" else "s",
            color=colour,
            markersize=5 + 7 * row["share"] ** 0.5,
        )
        said = f"{row['needed']}  ({row['interval']})"
        ax.annotate(said, (1.01, at), xycoords=("axes fraction", "data"), fontsize=8, color=INK, va="center")
    ax.axvline(0, color=FAINT, linewidth=1)
    ax.set_yticks(place, [plain(name, 30, 1) for name in table.index])
    ax.set_ylim(-0.6, len(table) - 0.4)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.3g}"))
    ax.set_xlabel("absolute risk reduction (percentage points)")
    probability = next(iter(result.each.values())).probability
    heading(
        ax, "Risk reduction by group", f"lines: {100 * probability:g} % intervals; right of 0 treatment helps"
    )
    return made


@figure.register
def effects_figure(result: Effects) -> Figure:
    """Draw the effect of treatment of every subject, sorted.

    Parameters
    ----------
    result
        From ``bayesdose.economics.cate``.

    Returns
    -------
    matplotlib.figure.Figure
        A line for each subject's interval and a point for the mean: green where treatment helps with more
        than 95 % probability, orange where it harms with more than 95 %, blue in between.
    """
    made, (ax,) = canvas(3.6)
    table = result.table.sort_values("effect", kind="stable")
    for colour, chosen, label in _kinds(table["p_benefit"].to_numpy()):
        _lines(ax, np.flatnonzero(chosen), table[chosen].to_numpy(dtype=float), colour, label)
    ax.axhline(0, color=FAINT, linewidth=1)
    ax.set_xlabel("subject, sorted by expected effect")
    ax.set_ylabel("effect (above 0: treatment helps)")
    share = 100 * float((table["effect"] > 0).mean())
    heading(
        ax, "Effect by subject", f"{share:.3g} % have an expected gain; lines: {100 * result.probability:g} %"
    )
    ax.legend(fontsize=8, framealpha=0.85, edgecolor="none", loc="best")
    return made


def _kinds(p: np.ndarray) -> list[tuple[str, np.ndarray, str]]:
    helped, harmed = p > 0.95, p < 0.05
    return [
        (GREEN, helped, "helped, surely"),
        (POSTERIOR, ~helped & ~harmed, "unsure"),
        (WARN, harmed, "harmed, surely"),
    ]


def _lines(ax: Axes, x: np.ndarray, rows: np.ndarray, colour: str, label: str) -> None:
    """Draw effect, low and high, the first three columns, of some subjects."""
    if len(x):
        ax.vlines(x + 1, rows[:, 1], rows[:, 2], color=colour, linewidth=1.2, alpha=0.7)
        ax.plot(x + 1, rows[:, 0], "o", color=colour, markersize=3.5, label=label)
