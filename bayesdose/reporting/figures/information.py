"""Figures of what information is worth (by sampling time, by source), and of what would flip a choice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from bayesdose.decision.information.gains import SURE, Information
from bayesdose.decision.sensitivity.thresholds import Thresholds
from bayesdose.errors import InputError, explain
from bayesdose.reporting.figure import figure
from bayesdose.reporting.figures.canvas import (
    FAINT,
    GREEN,
    INK,
    POSTERIOR,
    PRIOR,
    WARN,
    axis_label,
    canvas,
    heading,
    plain,
)
from bayesdose.reporting.text import brief, percent, significant

SHOWN = 14
"""Assumptions of a tornado unless told otherwise."""

_LEGEND: dict[str, Any] = {"frameon": False, "fontsize": 8.5}
_TIMES = 3  # single levels at so many times are a curve


@figure.register
def information_figure(result: Information) -> Figure:
    """Draw what information is worth.

    Parameters
    ----------
    result
        From `evsi`, `evppi`, `evsi_test`, or with a cost from `enbs`.

    Returns
    -------
    matplotlib.figure.Figure
        Single levels at three or more times: worth by sampling time with 2 MCSE either side, its cost and net
        where a cost was stated. Otherwise a row per source. The share of EVPI, which is the most that any
        information is worth, stands beside it.

    Raises
    ------
    InputError
        When everything was refused.
    """
    if not np.isfinite(result.data["value"]).any():
        raise InputError(explain("there is nothing to draw: every re-weighting was refused"))
    single = "time" in result.data.coords and np.isfinite(result.data["time"].to_numpy()).all()
    return _by_time(result) if single and result.data.sizes["source"] >= _TIMES else _by_source(result)


def _by_time(result: Information) -> Figure:
    data = result.data.sortby("time")
    time = data["time"].to_numpy()
    value, error = data["value"].to_numpy(), SURE * data["mcse"].to_numpy()
    made, (ax,) = canvas(3.4)
    ax.fill_between(time, value - error, value + error, color=POSTERIOR, alpha=0.18, linewidth=0)
    ax.plot(time, value, "o-", color=POSTERIOR, linewidth=1.8, markersize=4, label="worth ± 2 MCSE")
    if "net" in data:
        ax.plot(time, data["cost"], color=WARN, linewidth=1.4, linestyle="--", label="cost")
        ax.plot(time, data["net"], "s-", color=GREEN, linewidth=1.6, markersize=3.5, label="net")
    ax.axhline(0, color=FAINT, linewidth=1)
    refused = ~np.isfinite(value)
    if refused.any():
        ax.plot(
            time[refused], 0 * time[refused], "x", color=INK, markersize=7, label="refused: too few draws"
        )
    ax.set_xlabel(axis_label("time of the level", str(data["time"].attrs.get("units", ""))))
    ax.set_ylabel(_unit(result))
    said = f"without it: {plain(result.best, 50, lines=1)}; EVPI {significant(result.evpi)}"
    heading(ax, _headline(result), said)
    _shares(ax, result.evpi)
    made.legend(*ax.get_legend_handles_labels(), loc="outside lower left", ncols=4, **_LEGEND)
    return made


def _unit(result: Information) -> str:
    return "units of utility" if result.unit == "utility" else result.unit


def _headline(result: Information) -> str:
    row = result.row(result.most)
    if "net" not in result.data:
        return f"Worth of the next level: at most {significant(row['value'])}, at {plain(result.most)}"
    if not any(result.worth_it.values()):
        return "The next level is not worth its cost at any time"
    return f"The next level is most worth its cost at {plain(result.most)}: net {significant(row['net'])}"


def _shares(ax: Axes, evpi: float) -> None:
    """Put a second axis at the right: the same as a share of EVPI."""
    if evpi <= 0:
        return
    other = ax.secondary_yaxis("right", functions=(_times(100 / evpi), _times(evpi / 100)))
    other.set_ylabel("% of EVPI", fontsize=9.5, color=INK)
    other.tick_params(labelsize=9, color=FAINT, labelcolor=INK)
    other.spines["right"].set_color(FAINT)


def _times(factor: float) -> Callable[[Any], Any]:
    return lambda value: factor * np.asarray(value)


def _by_source(result: Information) -> Figure:
    data = result.data
    n = data.sizes["source"]
    rows = np.arange(n)[::-1]
    value, error = data["value"].to_numpy(), SURE * data["mcse"].to_numpy()
    made, (ax,) = canvas(1.5 + 0.3 * n)
    ax.barh(rows, value, height=0.55, color=POSTERIOR, alpha=0.75, label="worth ± 2 MCSE")
    ax.errorbar(value, rows, xerr=error, fmt="none", color=INK, linewidth=1.2, capsize=2.5)
    if "held_out" in data:
        ax.plot(data["held_out"], rows, "|", color=WARN, markersize=13, markeredgewidth=2, label="held out")
    if "net" in data:
        ax.plot(data["net"], rows, "D", color=GREEN, markersize=5, label="net of its cost")
    ax.axvline(result.evpi, color=INK, linestyle=(0, (4, 3)), linewidth=1.2, label="EVPI")
    for row, share in zip(rows, data["share"].to_numpy(), strict=True):
        said = percent(float(share)) if np.isfinite(share) else "refused"
        ax.annotate(said, (1, row), (5, 0), xycoords=("axes fraction", "data"),
                    textcoords="offset points", va="center", fontsize=8.5, color=INK)  # fmt: skip
    ax.annotate("of EVPI", (1, 1), (5, 0), xycoords="axes fraction", textcoords="offset points",
                va="bottom", fontsize=8.5, color=INK)  # fmt: skip
    ax.axvline(0, color=FAINT, linewidth=1)
    ax.set_yticks(rows, [plain(name, 34) for name in data["source"].to_numpy()])
    ax.tick_params(axis="y", length=0)
    ax.grid(False, axis="y")
    ax.set_xlabel(_unit(result))
    heading(ax, f"{result.about}: what it is worth to know", f"without it: {plain(result.best, 60, lines=1)}")
    made.legend(*ax.get_legend_handles_labels(), loc="outside lower left", ncols=4, **_LEGEND)
    return made


@figure.register
def tornado(result: Thresholds, shown: int = SHOWN) -> Figure:
    """Draw what would flip a choice: a tornado of what is compared, and what is lost by keeping it.

    Parameters
    ----------
    result
        From `threshold_analysis`.
    shown
        How many assumptions, those with the largest regret first.

    Returns
    -------
    matplotlib.figure.Figure
        Left: expected utility of the choice as each assumption goes from its low to its high value (written
        at the ends). Right: the regret there if the choice is kept, and the values at which it flips.
    """
    table = result.table.head(shown)
    made, (left, right) = canvas(1.7 + 0.34 * len(table), columns=2, widths=(1.15, 1), sharey=True)
    rows = np.arange(len(table))[::-1]
    for end, colour, shift in (("low", PRIOR, 0.17), ("high", POSTERIOR, -0.17)):
        reach = table[f"kept_{end}"].to_numpy() - result.expected
        left.barh(rows + shift, reach, left=result.expected, height=0.3, color=colour, alpha=0.85)
        right.barh(rows + shift, table[f"regret_{end}"].to_numpy(), height=0.3, color=colour, alpha=0.85)
    _ends(left, rows, table, result.expected)
    _flips(right, rows, table)
    left.axvline(result.expected, color=INK, linewidth=1.2)
    left.set_yticks(rows, [plain(name, 26, lines=1) for name in table.index])
    left.set_ylim(-0.7, len(table) - 0.3)
    compared = "expected utility" if result.score == "E[U]" else result.score
    left.set_xlabel(f"{compared} of the choice")
    right.set_xlabel("lost by keeping it")
    for ax in (left, right):
        ax.tick_params(axis="y", length=0, labelsize=8.5)
        ax.grid(False, axis="y")
        ax.locator_params(axis="x", nbins=5)
    heading(left, f"Kept: {plain(result.best, 44, lines=1)}", "as each assumption goes from low to high")
    heading(right, "", "and the values at which the choice flips")
    entries = [Patch(color=PRIOR), Patch(color=POSTERIOR), Line2D([], [], color=INK)]
    said = ["assumption low", "assumption high", "as assumed"]
    made.legend(entries, said, loc="outside lower left", ncols=3, **_LEGEND)
    return made


def _ends(ax: Axes, rows: NDArray[np.intp], table: pd.DataFrame, expected: float) -> None:
    """Write the low and high value of each assumption at the ends of its bar."""
    reach = np.append(table[["kept_low", "kept_high"]].to_numpy(), expected)
    spare = 0.16 * (float(reach.max() - reach.min()) or 1.0)
    ax.set_xlim(float(reach.min()) - spare, float(reach.max()) + spare)
    for end, shift, flat in (("low", 0.17, -1), ("high", -0.17, 1)):
        for row, at, value in zip(rows, table[f"kept_{end}"], table[end], strict=True):
            side = int(np.sign(at - expected)) or flat
            ax.annotate(
                brief(float(value)),
                (at, row + shift),
                (3 * side, 0),
                textcoords="offset points",
                ha="left" if side > 0 else "right",
                va="center",
                fontsize=7.5,
                color=INK,
            )


def _flips(ax: Axes, rows: NDArray[np.intp], table: pd.DataFrame) -> None:
    for row, below, above in zip(rows, table["flips_below"], table["flips_above"], strict=True):
        said = [f"< {significant(below)}"] if np.isfinite(below) else []
        said += [f"> {significant(above)}"] if np.isfinite(above) else []
        ax.annotate(", ".join(said) or "no flip", (1, row), (5, 0), xycoords=("axes fraction", "data"),
                    textcoords="offset points", va="center", fontsize=8.5,
                    color=INK if said else FAINT)  # fmt: skip
