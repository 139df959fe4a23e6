"""Expected utility by option, with both its uncertainties: of the computation and about the patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from bayesdose.reporting.figures.canvas import (
    FAINT,
    GREEN,
    INK,
    MARKERS,
    PALE,
    POSTERIOR,
    SERIES,
    axis_label,
    canvas,
    heading,
    keep_apart,
    plain,
    room,
)
from bayesdose.reporting.figures.grid import Grid, candidates, find_grid

if TYPE_CHECKING:
    from bayesdose.decision.choice import Choice

SHOWN = 30
"""Rows of the plain layout; the lowest options beyond them are left to the table."""

_SAME = 1e-12  # utilities that differ by less than this share of the largest are equal
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Numbers:
    """What is drawn, per option in the choice's order."""

    labels: list[str]
    mean: Floats
    mcse: Floats
    near: NDArray[np.bool_]
    blocked: NDArray[np.bool_]
    better: Floats  # share of the draws in which the option has a higher utility than the best
    worse: Floats
    best: int


def expected_utility(choice: Choice) -> Figure:
    """Draw expected utility by option.

    Parameters
    ----------
    choice
        What `decide` returns. Options that a template with one or two numbers made (amount, interval) are
        drawn as lines over the amount, others as rows, best on top.

    Returns
    -------
    matplotlib.figure.Figure
        First panel: expected utility, or what else the criterion compares, with 2 MCSE either side (error of
        the computation); the shade reaches from the best down to what counts as near-optimal. Second panel:
        in what share of the draws an option does better, and in what share worse, than the best one (what is
        not known about the patient); in the rest they do equally well.
    """
    numbers = _numbers(choice)
    grid = find_grid(choice)
    return _lines(choice, numbers, grid) if grid is not None else _rows(choice, numbers)


def _compared(choice: Choice) -> str:
    """Return what options are compared by, in a few characters."""
    return "expected utility" if choice.score == "E[U]" else choice.score


def _numbers(choice: Choice) -> _Numbers:
    table = choice.table
    labels = [str(label) for label in table["option"].to_numpy()]
    best = labels.index(choice.best)
    U = choice.U.transpose("draw", "option").to_numpy()
    ahead, equal = U - U[:, [best]], _SAME * float(np.abs(U).max())
    return _Numbers(
        labels=labels,
        mean=table["score"].to_numpy(),
        mcse=np.nan_to_num(table["score_mcse"].to_numpy()),  # an extreme of the draws has none
        near=table["near_optimal"].to_numpy().astype(bool),
        blocked=table["blocked"].to_numpy().astype(bool),
        better=100 * (ahead > equal).mean(axis=0),
        worse=100 * (ahead < -equal).mean(axis=0),
        best=best,
    )


# One line per interval, amount along the axis


def _lines(choice: Choice, n: _Numbers, grid: Grid) -> Figure:
    figure, (top, below) = canvas(5.6, rows=2, heights=(1.7, 1), sharex=True)
    lines = grid.lines()
    entries: list[tuple[Any, str]] = []
    for k, (name, members) in enumerate(lines):
        where, colour, marker = grid.place[members], SERIES[k], MARKERS[k]
        _line(top, grid.x[members], n, where, colour, marker)
        _shares(below, grid, n, members, k, len(lines))
        if name:
            entries.append((Line2D([], [], color=colour, marker=marker, linewidth=1.8), name))
    _band(top, n, choice.indifference)
    _others(top, n, grid)
    _best(top, float(grid.x[grid.place == n.best][0]) if n.best in grid.place else None, n)
    below.axhline(0, color=FAINT, linewidth=1)
    top.set_ylabel(_compared(choice))
    below.set_ylabel("% of draws")
    _shares_axis(below.yaxis, n)
    below.set_xlabel(axis_label(plain(grid.x_name), grid.x_unit))
    top.tick_params(labelbottom=False)
    low = np.any(n.mean[grid.place] < top.get_ylim()[0])
    said = f"dots: {_compared(choice)} ± 2 MCSE" + ("; the lowest are off the axis" if low else "")
    heading(top, f"Best of the {len(n.labels)} options: {plain(choice.best, 60)}", said)
    heading(below, "", "share of the draws in which an option does better (up) or worse (down) than the best")
    _legend(figure, [*entries, *_marks(n, choice.limits)])
    return figure


def _line(ax: Axes, x: Floats, n: _Numbers, where: NDArray[np.intp], colour: str, marker: str) -> None:
    ax.plot(x, n.mean[where], color=colour, linewidth=1.6, alpha=0.75, zorder=2)
    for at, o in zip(x, where, strict=True):
        shade = FAINT if n.blocked[o] else colour
        ax.errorbar(at, n.mean[o], 2 * n.mcse[o], color=shade, linewidth=1.4, capsize=2.5, zorder=3)
        face = PALE if n.blocked[o] else colour
        ax.plot(at, n.mean[o], marker, color=face, markeredgecolor=shade, markersize=6, zorder=4)
        if n.blocked[o]:
            ax.plot(at, n.mean[o], "x", color=INK, markersize=7, markeredgewidth=1.5, zorder=5)
        elif n.near[o] and n.near.sum() > 1:
            ax.plot(at, n.mean[o], "o", color="none", markeredgecolor=GREEN, markeredgewidth=2, markersize=12)


def _shares(ax: Axes, grid: Grid, n: _Numbers, members: NDArray[np.intp], k: int, lines: int) -> None:
    """Draw bars up (better than the best) and down (worse), lines side by side."""
    step = float(np.diff(np.unique(grid.x)).min())
    width = 0.7 * step / lines
    x = grid.x[members] + (k - (lines - 1) / 2) * width
    for at, o in zip(x, grid.place[members], strict=True):
        colour = FAINT if n.blocked[o] else SERIES[k]
        ax.bar(at, n.better[o], 0.9 * width, color=colour, linewidth=0)
        ax.bar(at, -n.worse[o], 0.9 * width, color=colour, linewidth=0, alpha=0.45)


def _shares_axis(axis: Axis, n: _Numbers) -> None:
    """Let the axis of shares reach what is needed on either side, its labels without sign."""
    up = min(100.0, max(10.0, 1.15 * float(n.better.max())))
    down = min(100.0, max(10.0, 1.08 * float(n.worse.max())))
    axis.set_view_interval(-down, up, ignore=True)
    axis.set_major_locator(MaxNLocator(5))
    axis.set_major_formatter(lambda value, _: f"{abs(value):.0f}")


def _band(ax: Axes, n: _Numbers, indifference: float) -> None:
    if indifference > 0:
        ax.axhspan(n.mean[n.best] - indifference, n.mean[n.best], color=GREEN, alpha=0.18, linewidth=0)


def _others(ax: Axes, n: _Numbers, grid: Grid) -> None:
    """Draw no treatment and the current regimen as labelled lines, or name them where they are far below."""
    others = [o for o in range(len(n.labels)) if o not in set(grid.place.tolist())]
    allowed = n.mean[grid.place[~n.blocked[grid.place]]] if not n.blocked[grid.place].all() else n.mean
    low, high = float(allowed.min()), float(allowed.max())
    reach = (high - low) or 1.0
    seen = [o for o in others if low - 1.2 * reach <= n.mean[o] <= high + 1.2 * reach]
    for o in seen:
        ax.axhline(n.mean[o], color=INK, linestyle=(0, (4, 3)), linewidth=1.1, zorder=1)
    within = np.concatenate(
        [n.mean[seen], np.clip(n.mean, low - 0.4 * reach, high + 0.4 * reach)[grid.place]]
    )
    room(ax, within)
    bottom, top = ax.get_ylim()
    places = keep_apart([float(n.mean[o]) for o in seen], 0.11 * (top - bottom))
    for o, place in zip(seen, places, strict=True):
        _beside(ax, plain(n.labels[o], 16), place)
    for k, o in enumerate(o for o in others if o not in seen):
        text = f"{plain(n.labels[o], 16)}\n{n.mean[o]:.3g}\n(off the axis)"
        _beside(ax, text, bottom + (0.1 + 0.25 * k) * (top - bottom))


def _beside(ax: Axes, text: str, y: float) -> None:
    ax.annotate(
        text,
        (1, y),
        (5, 0),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        va="center",
        fontsize=8.5,
        color=INK,
    )


def _best(ax: Axes, x: float | None, n: _Numbers) -> None:
    if x is not None:
        ax.plot(x, n.mean[n.best], "*", color="white", markeredgecolor=INK, markersize=15, zorder=6)


# One row per option


def _rows(choice: Choice, n: _Numbers) -> Figure:
    shown = _order(choice, n)
    figure, (left, right) = canvas(1.5 + 0.3 * len(shown), columns=2, widths=(1.3, 1), sharey=True)
    rows = np.arange(len(shown))[::-1]
    for row, o in zip(rows, shown, strict=True):
        _row(left, right, row, n, o)
    if choice.indifference > 0:
        high = n.mean[n.best]
        left.axvspan(high - choice.indifference, high, color=GREEN, alpha=0.18, linewidth=0)
    right.axvline(0, color=FAINT, linewidth=1)
    left.set_yticks(rows, [plain(n.labels[o], 40) for o in shown])
    left.set_ylim(-0.7, len(shown) - 0.3)
    left.locator_params(axis="x", nbins=5)
    _shares_axis(right.xaxis, n)
    for ax in (left, right):
        ax.tick_params(axis="y", length=0)
        ax.grid(False, axis="y")
        ax.spines["left"].set_visible(False)
    left.tick_params(axis="y", labelsize=8.5)
    for tick, o in zip(left.get_yticklabels(), shown, strict=True):
        tick.set_color(FAINT if n.blocked[o] else INK)
        tick.set_fontweight("bold" if o == n.best else "normal")
    left.set_xlabel(f"{_compared(choice)} ± 2 MCSE")
    right.set_xlabel("% of draws in which it does\nworse | better than the best")
    _legend(figure, [*_marks(n, choice.limits), *_rest(len(n.labels) - len(shown))])
    return figure


def _order(choice: Choice, n: _Numbers) -> list[int]:
    """Return the options from the best down, blocked ones last; beyond SHOWN the lowest give way."""
    ranked = [n.labels.index(str(label)) for label in choice.ranking().index]
    if len(ranked) <= SHOWN:
        return ranked
    fixed = set(range(len(ranked))) - set(candidates(choice.table).tolist()) | {n.best}
    left = SHOWN - len(fixed)
    kept = fixed | set([o for o in ranked if o not in fixed][: max(left, 0)])
    return [o for o in ranked if o in kept]


def _row(left: Axes, right: Axes, row: int, n: _Numbers, o: int) -> None:
    colour = FAINT if n.blocked[o] else POSTERIOR
    left.errorbar(n.mean[o], row, xerr=2 * n.mcse[o], color=colour, linewidth=1.4, capsize=2.5)
    look: dict[str, Any] = {"color": colour, "markeredgecolor": INK, "markersize": 6.5, "zorder": 4}
    if n.blocked[o]:
        look |= {"marker": "x", "markersize": 7, "markeredgewidth": 1.6}
    elif o == n.best:
        look |= {"marker": "*", "color": "white", "markersize": 14}
    else:
        look |= {"marker": "o"}
    left.plot(n.mean[o], row, **look)
    if n.near[o] and n.near.sum() > 1:
        left.plot(n.mean[o], row, "o", color="none", markeredgecolor=GREEN, markeredgewidth=2, markersize=15)
    right.barh(row, n.better[o], 0.55, color=colour, linewidth=0)
    right.barh(row, -n.worse[o], 0.55, color=colour, linewidth=0, alpha=0.45)


# What both share


def _marks(n: _Numbers, limits: Sequence[str]) -> list[tuple[Any, str]]:
    """Return the legend of what the marks mean, for those that occur."""
    made: list[tuple[Any, str]] = [
        (Line2D([], [], marker="*", color="white", markeredgecolor=INK, markersize=13, linestyle=""), "best")
    ]
    if n.near.sum() > 1:
        ring: dict[str, Any] = {
            "marker": "o",
            "color": "none",
            "markeredgecolor": GREEN,
            "markeredgewidth": 2,
        }
        made.append((Line2D([], [], markersize=11, linestyle="", **ring), "near-optimal"))
    if n.blocked.any():
        cross = Line2D([], [], marker="x", color=INK, markersize=7, markeredgewidth=1.5, linestyle="")
        made.append((cross, f"blocked ({n.blocked.sum()}): {plain('; '.join(limits), 60, lines=1)}"))
    return made


def _rest(hidden: int) -> list[tuple[Any, str]]:
    nothing = Patch(color="none")
    return [(nothing, f"{hidden} lower options are in the table only")] if hidden > 0 else []


def _legend(figure: Figure, entries: list[tuple[Any, str]]) -> None:
    handles, names = zip(*entries, strict=True)
    columns = 2 if any(len(name) > 28 for name in names) else min(len(names), 4)
    figure.legend(handles, names, loc="outside lower left", ncols=columns, frameon=False, fontsize=8.5)
