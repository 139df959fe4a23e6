"""The Pareto set, drawn: pairs of objectives, with what is efficient and what is beaten."""

from __future__ import annotations

from itertools import combinations
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from bayesdose.economics.objectives import Pareto
from bayesdose.reporting.figure import figure
from bayesdose.reporting.figures.canvas import (
    FAINT,
    INK,
    POSTERIOR,
    axis_label,
    canvas,
    heading,
    plain,
)

_NAMED = 8  # options that get their name
_PANELS = 6
_APART = (0.4, 0.06)  # room of a name, as shares of the range across and up


@figure.register
def pareto_figure(result: Pareto) -> Figure:
    """Draw the expected objectives of every option.

    Parameters
    ----------
    result
        From ``bayesdose.economics.pareto``.

    Returns
    -------
    matplotlib.figure.Figure
        A panel for each pair of objectives, six at most. Efficient options are filled, and the more so the
        more probable that is; beaten ones are small and grey. With two objectives the efficient ones are
        joined by steps: everything on the worse side of them is beaten. Arrows on the axes point to better.
    """
    pairs = list(combinations(result.objectives, 2))[:_PANELS]
    columns = 1 if len(pairs) == 1 else 2
    rows = -(-len(pairs) // columns)
    made, axes = canvas(4.4 if rows == 1 else 3.2 * rows, rows, columns)
    for ax, (x, y) in zip(axes, pairs, strict=False):
        _panel(ax, result, x, y, single=len(pairs) == 1)
    for ax in axes[len(pairs) :]:
        ax.set_visible(False)
    n = len(result.options)
    heading(
        axes[0], "Pareto set", f"{n} of {len(result.table)} options are efficient; darker: more surely so"
    )
    return made


def _panel(ax: Axes, result: Pareto, x: str, y: str, *, single: bool) -> None:
    table = result.table
    on, off = table[table["efficient"]], table[~table["efficient"]]
    ax.scatter(off[x], off[y], s=16, color=FAINT, alpha=0.5, linewidths=0)
    if single:
        _steps(ax, on[x].to_numpy(), on[y].to_numpy(), result.objectives[x])
    shades = [to_rgba(POSTERIOR, 0.15 + 0.85 * float(p)) for p in on["p_efficient"]]
    ax.scatter(on[x], on[y], s=46, color=shades, linewidths=0)
    ax.scatter(on[x], on[y], s=46, facecolors="none", edgecolors=POSTERIOR, linewidths=1.0)
    ax.margins(0.18)
    _names(ax, result, x, y)
    ax.set_xlabel(_towards(x, result, "→", "←"))
    ax.set_ylabel(_towards(y, result, "→", "←"))


def _steps(ax: Axes, x: np.ndarray, y: np.ndarray, x_way: str) -> None:
    """Draw the border of what the efficient options beat: each of them covers the worse side of its x."""
    order = np.argsort(x)
    where: Literal["pre", "post"] = "pre" if x_way == "max" else "post"
    ax.step(x[order], y[order], where=where, color=POSTERIOR, linewidth=1.1, alpha=0.7)


def _names(ax: Axes, result: Pareto, x: str, y: str) -> None:
    """Name the efficient options that gain most, away from what they beat, where there is room."""
    table = result.table
    up = result.objectives[y] == "max"
    low, span = table[[x, y]].min(), table[[x, y]].max() - table[[x, y]].min()
    taken: list[np.ndarray] = []
    for name, row in table[table["efficient"]].sort_values("gain", ascending=False).iterrows():
        at = (row[[x, y]].to_numpy(dtype=float) - low.to_numpy()) / np.maximum(span.to_numpy(), 1e-300)
        left = at[0] > 0.75 or (result.objectives[x] == "min" and at[0] > 0.3)
        middle = at + np.array([-0.5 if left else 0.5, 0.0]) * _APART[0]
        if len(taken) == _NAMED or any((np.abs(middle - other) < _APART).all() for other in taken):
            continue
        taken.append(middle)
        offset, side = (-7 if left else 7, 5 if up else -12), "right" if left else "left"
        text, place = plain(name, 24, 1), (float(row[x]), float(row[y]))
        ax.annotate(text, place, offset, textcoords="offset points", fontsize=8, color=INK, ha=side)


def _towards(name: str, result: Pareto, up: str, down: str) -> str:
    arrow = up if result.objectives[name] == "max" else down
    return f"{axis_label(plain(name), result.units.get(name, ''))}  better {arrow}"
