"""Figures of one patient: course, prior to posterior, weights, and what each level taught."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from bayesdose.learning import Course, Learned, Taught, Weights
from bayesdose.reporting.figure import figure
from bayesdose.reporting.figures.canvas import (
    FAINT,
    INK,
    MARKERS,
    PALE,
    POSTERIOR,
    PRIOR,
    SERIES,
    WARN,
    axis_label,
    canvas,
    heading,
    log_ticks,
    plain,
)
from bayesdose.reporting.figures.concentration import individual_fit
from bayesdose.reporting.figures.densities import prior_to_posterior

_TAIL = 0.2  # of the particles at most belong to the tail that k-hat is of
_BAR = 0.36
_LEGEND: dict[str, Any] = {"frameon": False, "fontsize": 8.5}


@figure.register
def course_figure(result: Course) -> Figure:
    """Draw a patient's course.

    Parameters
    ----------
    result
        From ``bayesdose.course``.

    Returns
    -------
    matplotlib.figure.Figure
        Medians, 50 and 90 % bands of the concentration before and after the levels (no residual error), the
        levels with the 90 % interval of a measurement, and the doses below.
    """
    return individual_fit(
        result.after,
        result.before,
        result.levels,
        result.doses,
        units=result.units,
        routes=result.routes,
        name=result.endpoint.name,
        unit=result.endpoint.unit,
    )


@figure.register
def learned_figure(result: Learned) -> Figure:
    """Draw the densities of individual parameters and exposure before and after the levels.

    Parameters
    ----------
    result
        From ``bayesdose.learned``.

    Returns
    -------
    matplotlib.figure.Figure
        A panel per quantity; a dashed line at each median.
    """
    return prior_to_posterior(result.before, result.after, result.names)


@figure.register
def weights_figure(result: Weights) -> Figure:
    """Draw how evenly draws and weights are spread.

    Parameters
    ----------
    result
        From ``bayesdose.weights``.

    Returns
    -------
    matplotlib.figure.Figure
        How many particles stand behind 1, 2, ... draws; beside it each weight over the mean weight by its
        rank (a tail with k-hat 0.7 is as steep as the dashed line), or where there are no weights how many
        population draws stand behind 1, 2, ... draws.
    """
    d = result.diagnostics
    made, axes = canvas(3.1, columns=2)
    _copies(axes[0], result.copies, "particle")
    if result.weights is None:
        _copies(axes[1], result.population_copies, "population draw")
    else:
        _ranked(axes[1], result.weights, d.khat_limit)
        khat = "" if d.khat is None else f"k-hat {d.khat:.2f} (limit {d.khat_limit:g}), "
        heading(axes[1], "Weights", f"{khat}ESS {d.ess:,.0f} of {d.particles:,}")
    return made


def _copies(ax: Axes, copies: np.ndarray, what: str) -> None:
    """Draw how many particles (or population draws) stand behind 1, 2, ... draws."""
    times, count = np.unique(copies, return_counts=True)
    wide = max(0.8, float(times.max()) / 120.0)
    ax.bar(times, count, width=wide, color=POSTERIOR, alpha=0.8)
    ax.set_yscale("log")
    ax.set_ylim(0.7, 2.0 * float(count.max()))
    log_ticks(ax.yaxis)
    ax.set_xlim(0.3, max(float(times.max()), 5.0) + 0.7)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel(f"draws that share one {what}")
    ax.set_ylabel(f"{what}s")
    ax.grid(False, axis="x")
    heading(ax, f"Copies of {what}s", f"{int(copies.sum()):,} draws of {len(copies):,} {what}s")


def _ranked(ax: Axes, weights: np.ndarray, limit: float) -> None:
    kept = weights[weights > 0]
    rank, ratio = np.arange(1, len(kept) + 1), kept * len(weights)
    ax.axhline(1.0, color=FAINT, linewidth=1.0, zorder=1)
    tail = rank[: max(2, int(_TAIL * len(rank)))]
    steep = ratio[len(tail) - 1] * (tail / tail[-1]) ** -limit
    ax.plot(tail, steep, color=WARN, linewidth=1.4, linestyle="--", label=f"k-hat {limit:g}")
    ax.plot(rank, ratio, color=POSTERIOR, linewidth=2, label="weights")
    ax.set_xscale("log")
    ax.set_yscale("log")
    top = float(max(steep.max(), ratio.max()))
    ax.set_ylim(max(float(ratio.min()), 1e-3), 1.5 * top)
    ax.set_xlim(1, len(rank))
    log_ticks(ax.xaxis, ax.yaxis)
    ax.set_xlabel("rank of the particle, largest weight first")
    ax.set_ylabel("weight / mean weight")
    ax.legend(frameon=False, fontsize=8.5, loc="lower left")


@figure.register
def taught_figure(result: Taught) -> Figure:
    """Draw what each level taught.

    Parameters
    ----------
    result
        From ``bayesdose.taught``.

    Returns
    -------
    matplotlib.figure.Figure
        Left, uncertainty left after each level in turn, in % of that before any; right, the information of
        each level in bits, added to those before it and to all the others.
    """
    labels = [plain(text) for text in result.data["label"].values]
    made, (left, right) = canvas(2.9 + 0.28 * len(labels), columns=2, widths=(1.0, 1.0))
    _remaining(left, result)
    _information(right, result, labels)
    made.legend(*left.get_legend_handles_labels(), loc="outside lower left", ncols=4, **_LEGEND)
    made.legend(*right.get_legend_handles_labels(), loc="outside upper right", ncols=2, **_LEGEND)
    return made


def _remaining(ax: Axes, result: Taught) -> None:
    left = 100.0 * result.remaining()
    steps = left["step"].to_numpy()
    for k, name in enumerate(left["quantity"].values.tolist()):
        values = left.sel(quantity=name).to_numpy()
        if np.isfinite(values[0]):
            colour, marker = SERIES[k % len(SERIES)], MARKERS[k % len(MARKERS)]
            ax.plot(
                steps, values, color=colour, marker=marker, markersize=5, linewidth=1.6, label=plain(name)
            )
    ax.axhline(100.0, color=FAINT, linewidth=1.0, zorder=1)
    ax.set_ylim(bottom=0)
    ax.set_xticks(steps)
    ax.set_xlabel("levels known")
    ax.set_ylabel("spread left (% of the prior's)")
    heading(ax, "Uncertainty left")


def _information(ax: Axes, result: Taught, labels: list[str]) -> None:
    y = np.arange(len(labels))
    parts = (("gained", PRIOR, "added to those before it"), ("alone", POSTERIOR, "added to all the others"))
    for k, (name, colour, said) in enumerate(parts):
        values = result.data[name].to_numpy()
        ax.barh(y + (k - 0.5) * _BAR, values, height=_BAR, color=colour, label=said)
    ax.axvline(0.0, color=FAINT, linewidth=1.0)
    ax.set_yticks(y, labels)
    ax.set_ylim(len(labels) - 0.5, -0.5)
    ax.set_xlabel("information (bits)")
    unit = result.data["DV"].attrs.get("units", "")
    ax.set_ylabel(axis_label("level", unit), color=INK)
    ax.grid(False, axis="y")
    ax.tick_params(axis="y", color=PALE)
    heading(ax, "What each level taught")
