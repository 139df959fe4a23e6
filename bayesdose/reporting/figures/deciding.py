"""Figures of a choice: expected utility, regret; and of an outcome, by option."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bayesdose.decision.choice import Choice
from bayesdose.errors import InputError, explain
from bayesdose.reporting.figure import figure
from bayesdose.reporting.figures.canvas import FAINT, INK, POSTERIOR, SERIES, canvas, heading, plain
from bayesdose.reporting.figures.exposure import exposure
from bayesdose.reporting.figures.utility import expected_utility

SHOWN = 12
"""Options of a figure of regret."""

_CURVES = 4


@figure.register
def choice_figure(result: Choice, what: Literal["expected utility", "regret"] = "expected utility") -> Figure:
    """Draw a choice: expected utility by option (`figures.expected_utility`), or regret (`regret`).

    Parameters
    ----------
    result
        What `decide` returned.
    what
        "expected utility" or "regret".

    Raises
    ------
    InputError
        When it is neither.
    """
    if what not in ("expected utility", "regret"):
        raise InputError(explain("what", came=repr(what), expected='"expected utility" or "regret"'))
    return expected_utility(result) if what == "expected utility" else regret(result)


@figure.register(xr.Dataset)
def outcome_figure(result: xr.Dataset, **options: Any) -> Figure:
    """Draw how an outcome is distributed by option: `figures.exposure`.

    Parameters
    ----------
    result
        What `simulate` returned.
    **options
        ``labels`` and ``window``, as `figures.exposure` takes them.
    """
    if not {"draw", "option"} <= set(result.dims):
        came = ", ".join(map(str, result.dims)) or "no dims"
        raise InputError(explain("a Dataset to draw", came=came, expected="an outcome: dims draw and option"))
    return exposure(result, **options)


def regret(choice: Choice) -> Figure:
    """Draw what is lost by each option in draws where another is better.

    Parameters
    ----------
    choice
        What `decide` returned.

    Returns
    -------
    matplotlib.figure.Figure
        Left: expected regret of the options with the highest score, and the regret that 95 % of the draws do
        not pass. Right: in what share of the draws the regret of the first few is larger than a value.
        Allowed options only; the expected regret of the best is what perfect information is worth (EVPI).
    """
    frame = choice.ranking()
    names = [str(name) for name in frame.index[~frame["blocked"].astype(bool)]]
    U = choice.U.sel(option=names).transpose("draw", "option").to_numpy()
    shown = names[:SHOWN]
    lost = U.max(axis=1, keepdims=True) - U[:, : len(shown)]
    made, (left, right) = canvas(1.6 + 0.3 * len(shown), columns=2, widths=(1.2, 1))
    _rows(left, shown, lost, choice.best)
    _exceeded(right, shown, lost)
    made.legend(
        *right.get_legend_handles_labels(), loc="outside lower left", ncols=2, frameon=False, fontsize=8.5
    )
    return made


def _rows(ax: Axes, names: Sequence[str], lost: NDArray[np.float64], best: str) -> None:
    rows = np.arange(len(names))[::-1]
    far = np.quantile(lost, 0.95, axis=0)
    ax.hlines(rows, 0, far, color=POSTERIOR, linewidth=1.3)
    ax.plot(far, rows, "|", color=POSTERIOR, markersize=9, markeredgewidth=1.5)
    ax.plot(lost.mean(axis=0), rows, "o", color=POSTERIOR, markeredgecolor=INK, markersize=6)
    ax.axvline(0, color=FAINT, linewidth=1)
    ax.set_yticks(rows, [plain(name, 34) for name in names])
    for tick, name in zip(ax.get_yticklabels(), names, strict=True):
        tick.set_fontweight("bold" if name == best else "normal")
    ax.set_ylim(-0.6, len(names) - 0.4)
    ax.tick_params(axis="y", length=0, labelsize=8.5)
    ax.grid(False, axis="y")
    ax.locator_params(axis="x", nbins=5)
    ax.set_xlabel("regret (units of utility)")
    heading(ax, "Regret by option", "dot: expected; line: 95 % of the draws lie within")


def _exceeded(ax: Axes, names: Sequence[str], lost: NDArray[np.float64]) -> None:
    """Draw the share of the draws whose regret is larger than a value."""
    everything = lost[:, :_CURVES].max()
    for k, name in enumerate(names[:_CURVES]):
        value, count = np.unique(np.append(lost[:, k], 0.0), return_counts=True)
        share = 100 * (1 - (np.cumsum(count) - 1) / len(lost))
        value, share = np.append(value, everything), np.append(share, 0.0)
        ax.step(value, share, where="post", color=SERIES[k], linewidth=1.7, label=plain(name, 40))
    ax.set_ylim(0, None)
    ax.set_xlim(0, None)
    ax.set_xlabel("regret (units of utility)")
    ax.set_ylabel("% of draws with more")
    ax.locator_params(axis="x", nbins=5)
    heading(ax, "How often, how much", "share of the draws that lose more by it")
