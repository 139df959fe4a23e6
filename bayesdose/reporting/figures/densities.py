"""Prior to posterior: what the levels taught about this patient's parameters."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bayesdose.errors import InputError, explain, nearest
from bayesdose.reporting.figures.canvas import FAINT, POSTERIOR, PRIOR, axis_label, canvas, heading, plain
from bayesdose.reporting.text import significant

Density = tuple[np.ndarray, np.ndarray]


def prior_to_posterior(
    prior_draws: Any,
    posterior_draws: Any,
    names: Sequence[str] | None = None,
    *,
    units: Mapping[str, str] | None = None,
) -> Figure:
    """Draw the densities of individual parameters before and after the patient's levels were known.

    Parameters
    ----------
    prior_draws, posterior_draws
        Draws, or Datasets with one variable (draw,) per parameter; the prior may be None.
    names
        Which parameters; unless given all individual ones of the posterior draws.
    units
        Unit per name; unless given those of the variables' attributes.

    Returns
    -------
    matplotlib.figure.Figure
        One panel per parameter; a dashed line at each median.

    Raises
    ------
    InputError
        When a name is not among the draws, or none is named.
    """
    after, before = _data(posterior_draws), None if prior_draws is None else _data(prior_draws)
    compiled = getattr(posterior_draws, "compiled", None)
    shown = list(names if names is not None else getattr(compiled, "parameters", ()))
    _check(shown, after)
    columns = 2 if len(shown) == 4 else min(len(shown), 3)
    rows = math.ceil(len(shown) / columns)
    figure, axes = canvas(0.45 + 2.25 * rows, rows, columns)
    for ax, name in zip(axes, shown, strict=False):
        unit = (units or {}).get(name) or str(after[name].attrs.get("units", ""))
        _panel(ax, name, unit, after, before)
    for ax in axes[len(shown) :]:
        ax.set_axis_off()
    handles = [Line2D([], [], color=POSTERIOR, linewidth=2)]
    if before is not None:
        handles = [Line2D([], [], color=PRIOR, linewidth=2), *handles]
    said = ["before any level", "given the levels used"][-len(handles) :]
    figure.legend(handles, said, loc="outside upper left", ncols=2, frameon=False, fontsize=8.5)
    return figure


def density(values: np.ndarray, low: float, high: float, points: int = 400) -> Density:
    """Return a smooth density from `low` to `high`: places and heights (point,).

    Gaussian kernel with Scott's bandwidth; where all values are positive it is smoothed on the log scale
    and carried back by the change of variable. Values that are all equal have no density: height 0.
    """
    from scipy.stats import gaussian_kde

    values = np.asarray(values, dtype=float)
    logs = bool((values > 0).all()) and low > 0
    x, grid = (np.log(values) if logs else values), np.linspace(low, high, points)
    if np.ptp(x) <= 1e-9 * max(1.0, float(np.abs(x).max())):
        return grid, np.zeros(points)
    height = gaussian_kde(x)(np.log(grid) if logs else grid)
    return grid, height / grid if logs else height


def _range(after: np.ndarray, before: np.ndarray | None) -> tuple[float, float]:
    """Return what is shown: nearly all of the posterior, and the prior without its long tails."""
    limits = [np.quantile(after, (0.002, 0.998))]
    if before is not None:
        limits.append(np.quantile(before, (0.01, 0.98)))
    low, high = min(float(q[0]) for q in limits), max(float(q[1]) for q in limits)
    spare = 0.1 * (high - low) or 0.1 * abs(high) or 1.0
    return max(low - spare, 0.5 * low) if low > 0 else low - spare, high + spare


def _data(draws: Any) -> xr.Dataset:
    """Return the draws; a parameter that changes in time has its value at the last record."""
    data: xr.Dataset = draws if isinstance(draws, xr.Dataset) else draws.data
    return data.isel(record=-1) if "record" in data.dims else data


def _check(names: Sequence[str], data: xr.Dataset) -> None:
    known = [str(n) for n, v in data.data_vars.items() if v.dims == ("draw",)]
    if not names:
        raise InputError(explain("no parameter is named", expected=f"names among {', '.join(known)}"))
    for name in names:
        if name not in known:
            raise InputError(
                explain(
                    f"the draws have no parameter {name!r}",
                    expected=", ".join(known),
                    meant=nearest(name, known),
                )
            )


def _panel(ax: Axes, name: str, unit: str, after: xr.Dataset, before: xr.Dataset | None) -> None:
    now, then = after[name].to_numpy(), None if before is None else before[name].to_numpy()
    low, high = _range(now, then)
    medians = [_curve(ax, now, POSTERIOR, low, high)]
    if then is not None:
        medians = [_curve(ax, then, PRIOR, low, high), *medians]
    ax.set_xlim(low, high)
    said = " → ".join(significant(m) for m in medians)
    heading(ax, name, f"median {said} {unit}".rstrip())
    ax.set_xlabel(axis_label(plain(name), unit))
    ax.set_ylim(bottom=0)
    ax.set_yticks([])
    ax.set_ylabel("density", color=FAINT)
    ax.spines["left"].set_visible(False)
    ax.grid(False)
    ax.locator_params(axis="x", nbins=5)


def _curve(ax: Axes, values: np.ndarray, colour: str, low: float, high: float) -> float:
    x, height = density(values, low, high)
    median = float(np.median(values))
    ax.plot(x, height, color=colour, linewidth=2)
    ax.fill_between(x, height, color=colour, alpha=0.15, linewidth=0)
    ax.vlines(median, 0, np.interp(median, x, height), color=colour, linestyle="--", linewidth=1.2)
    return median
