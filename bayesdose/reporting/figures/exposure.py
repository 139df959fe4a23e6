"""The distribution of an exposure under each option, with the window the user aims at."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bayesdose.errors import InputError, explain, nearest
from bayesdose.reporting.figures.canvas import GREEN, INK, POSTERIOR, WARN, axis_label, canvas, plain
from bayesdose.reporting.text import percent, significant

Window = tuple[float | None, float | None]
"""Lowest and highest value aimed at; None: no end there."""

SHOWN = 14
"""Options drawn unless labels are given."""

_COLUMNS = 3
_FAR = 3.0  # an axis reaches this many times further than its usual options at most
_TAILS = (0.05, 0.25, 0.5, 0.75, 0.95)


def exposure(
    outcome: xr.Dataset,
    labels: Sequence[str] | None = None,
    window: Mapping[str, Window] | None = None,
) -> Figure:
    """Draw how an exposure is distributed over the draws, per option.

    Parameters
    ----------
    outcome
        What `simulate` returns; its variables with dims (draw, option) are drawn, one panel each.
    labels
        Options to show, top to bottom; unless given the first `SHOWN`.
    window
        Outcome name to (low, high), either may be None: shaded, and the share of draws inside is written
        beside each option.

    Returns
    -------
    matplotlib.figure.Figure
        Dot: median; thick bar: 50 %; thin bar: 90 % of the draws.

    Raises
    ------
    InputError
        When a label or an outcome is not there.
    """
    known = [str(label) for label in outcome["option"].to_numpy()]
    shown = list(labels) if labels is not None else known[:SHOWN]
    names = metrics(outcome)
    _check(shown, known, "option")
    _check(list(window or {}), names, "outcome")
    columns = min(len(names), _COLUMNS)
    lines = math.ceil(len(names) / columns)
    figure, axes = canvas(lines * (1.4 + 0.3 * len(shown)), lines, columns, sharey=True)
    rows = np.arange(len(shown))[::-1]
    for ax, name in zip(axes, names, strict=False):
        values = outcome[name].sel(option=shown).transpose("draw", "option").to_numpy()
        aimed = (window or {}).get(name, (None, None))
        ax.set_xlim(_reach(values, aimed))
        _bars(ax, rows, values)
        _window(ax, rows, values, aimed)
        label = plain(outcome[name].attrs.get("long_name", name), 66 // columns)
        ax.set_xlabel(axis_label(label, str(outcome[name].attrs.get("units", ""))))
    for ax in axes[len(names) :]:
        ax.set_axis_off()
    axes[0].set_yticks(rows, [plain(label, 40) for label in shown])
    axes[0].set_ylim(-0.6, len(shown) - 0.4)
    for ax in axes:
        ax.tick_params(axis="y", labelsize=8.5)
    return figure


def metrics(outcome: xr.Dataset) -> list[str]:
    """Return the names of the variables with one number per draw and option.

    Raises
    ------
    InputError
        When there is none.
    """
    names = [str(name) for name, v in outcome.data_vars.items() if set(v.dims) == {"draw", "option"}]
    if not names:
        raise InputError(
            explain("the outcome has nothing to draw", expected="a variable with dims (draw, option)")
        )
    return names


def _check(asked: list[str], known: list[str], what: str) -> None:
    for one in asked:
        if one not in known:
            raise InputError(
                explain(
                    f"there is no {what} {one!r}", expected=", ".join(known[:8]), meant=nearest(one, known)
                )
            )


def _reach(values: np.ndarray, window: Window) -> tuple[float, float]:
    """Return the limits of the axis: the bars and the window, but not an option far beyond the others."""
    low, high = np.quantile(values, (_TAILS[0], _TAILS[-1]), axis=0)
    ends = [end for end in window if end is not None]
    left, usual = min([float(low.min()), *ends]), max([float(np.median(high)), *ends])
    right = min(max([float(high.max()), *ends]), usual + _FAR * (usual - left))
    spare = 0.05 * (right - left) or 0.5
    return left - spare, right + spare


def _bars(ax: Axes, rows: np.ndarray, values: np.ndarray) -> None:
    q05, q25, q50, q75, q95 = np.quantile(values, _TAILS, axis=0)
    ax.hlines(rows, q05, q95, color=POSTERIOR, linewidth=1.3)
    ax.hlines(rows, q25, q75, color=POSTERIOR, linewidth=4.5)
    ax.plot(q50, rows, "o", color="white", markeredgecolor=INK, markersize=5, zorder=4)
    right = ax.get_xlim()[1]
    for row, median in zip(rows, q50, strict=True):
        if median > right:
            ax.annotate(
                f"median {significant(median)} →", (right, row), ha="right", va="center", fontsize=8.5
            )
    ax.grid(False, axis="y")
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)


def _window(ax: Axes, rows: np.ndarray, values: np.ndarray, window: Window) -> None:
    """Shade the window (or what lies above an upper limit alone), and write the share of draws in it."""
    low, high = window
    right = ax.get_xlim()[1]
    if low is not None:
        ax.axvspan(low, right if high is None else high, color=GREEN, alpha=0.14, linewidth=0)
        inside = (values >= low) & (values <= (np.inf if high is None else high))
        said = f"from\n{low:g}" if high is None else f"within\n{low:g}–{high:g}"
    elif high is not None:
        ax.axvspan(high, right, color=WARN, alpha=0.14, linewidth=0)
        inside, said = values > high, f"above\n{high:g}"
    else:
        return
    look: dict[str, Any] = {"textcoords": "offset points", "fontsize": 8.5, "color": INK}
    for row, share in zip(rows, inside.mean(axis=0), strict=True):
        ax.annotate(
            percent(float(share)), (1, row), (4, 0), xycoords=("axes fraction", "data"), va="center", **look
        )
    ax.annotate(said, (1, 1), (4, 0), xycoords="axes fraction", va="bottom", **look)
