"""Concentration against time: before and after a patient's levels are known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bayesdose.errors import InputError, explain
from bayesdose.reporting.figures.canvas import FAINT, INK, POSTERIOR, PRIOR, axis_label, canvas, plain
from bayesdose.reporting.figures.doses import draw_doses

_Place = Literal["outside upper left", "outside lower left"]
_BANDS = (0.05, 0.25, 0.5, 0.75, 0.95)


def individual_fit(
    curve_posterior: xr.Dataset,
    curve_prior: xr.Dataset | None,
    levels: pd.DataFrame,
    doses: pd.DataFrame,
    *,
    until: float | None = None,
    units: Any = None,
    routes: Sequence[str] | Any = (),
    name: str = "concentration",
    unit: str | None = None,
) -> Figure:
    """Draw a patient's concentrations: predicted from covariates alone, and given the levels used.

    Parameters
    ----------
    curve_posterior, curve_prior
        What ``simulation.predict(draws, times=...)`` returns: variable `concentration` with dims
        (draw, time). The prior is of the same patient without levels; None leaves it out.
    levels
        Columns TIME and DV, as ``study.levels``: what was conditioned on, and later levels if there are any.
        With a column used that says which; with lower90 and upper90 (and lower90_before, upper90_before) also
        the intervals of a measurement; with CENS triangles for censored ones, at their limit.
    doses
        As from ``bayesdose.study.drawn_out``, each dose of an order on a row of its own; columns TIME and AMT
        are enough for boluses.
    until
        Time of the last level that was conditioned on: levels up to it are filled, later ones (only
        predicted) are open. Unless given all were conditioned on.
    units
        A card's `Units`, for the axes; unless given they come from the curve's attributes.
    routes
        Name of each compartment, by its number in CMT; needed where doses enter several.
    name, unit
        Of the vertical axis; the unit is the concentration's unless given.

    Returns
    -------
    matplotlib.figure.Figure
        Medians, 50 and 90 % bands of the model's concentration (no residual error), and the doses below.
    """
    time, amount, usual = _units(curve_posterior, units)
    figure, (ax, below) = canvas(4.5, rows=2, heights=(5, 1), sharex=True)
    entries = _bands(ax, curve_prior, PRIOR, "before any level", "--") if curve_prior is not None else []
    entries += _bands(
        ax, curve_posterior, POSTERIOR, "given the levels used" if len(levels) else "predicted", "-"
    )
    low, high = (float(f(curve_posterior["time"])) for f in (np.min, np.max))
    entries += _intervals(ax, levels, 0.004 * (high - low))
    entries += _levels(ax, levels, until)
    _conditioned(ax, levels, until)
    ax.set_ylabel(axis_label(plain(name), usual if unit is None else unit))
    ax.set_ylim(0, _ceiling(curve_posterior, curve_prior, levels))
    given = draw_doses(below, doses[doses["TIME"] <= high], (time, amount), routes)
    below.set_xlabel(axis_label("time", time))
    ax.tick_params(labelbottom=False)
    ax.set_xlim(low - 0.015 * (high - low), high)
    _legend(figure, entries, "outside upper left")
    _legend(figure, given, "outside lower left")
    return figure


def _legend(figure: Figure, entries: list[tuple[Any, str]], where: _Place) -> None:
    if entries:
        handles, names = zip(*entries, strict=True)
        figure.legend(handles, names, loc=where, ncols=2, frameon=False, fontsize=8.5)


def _units(curve: xr.Dataset, units: Any) -> tuple[str, str, str]:
    """Return the units of time, amount and concentration."""
    if units is not None:
        return units.time, units.amount, units.concentration
    given = {**curve.attrs, "concentration_unit": curve["concentration"].attrs.get("units")}
    if not given["concentration_unit"]:
        given["concentration_unit"] = curve.attrs.get("concentration_unit")
    found = [given.get(f"{name}_unit") for name in ("time", "amount", "concentration")]
    if None in found:
        raise InputError(
            explain(
                "the curve does not say its units", fix="pass units=model.card.units, or keep its attributes"
            )
        )
    return str(found[0]), str(found[1]), str(found[2])


def _bands(ax: Axes, curve: xr.Dataset, colour: str, name: str, style: str) -> list[tuple[Any, str]]:
    times = curve["time"].to_numpy()
    values = curve["concentration"].transpose("draw", "time").to_numpy()
    q05, q25, q50, q75, q95 = np.quantile(values, _BANDS, axis=0)
    ax.fill_between(times, q05, q95, color=colour, alpha=0.16, linewidth=0)
    ax.fill_between(times, q25, q75, color=colour, alpha=0.26, linewidth=0)
    ax.plot(times, q50, style, color=colour, linewidth=1.8)
    look: dict[str, Any] = {"color": colour, "linestyle": style, "linewidth": 1.8}
    line = Line2D([], [], **look)
    return [((Patch(color=colour, alpha=0.3, linewidth=0), line), f"{name}: median, 50 % and 90 %")]


def _intervals(ax: Axes, levels: pd.DataFrame, aside: float) -> list[tuple[Any, str]]:
    """Draw the 90 % intervals of a measurement at each level, those of the prior a little to the left."""
    looks = (("_before", PRIOR, -aside), ("", POSTERIOR, aside))
    drawn = False
    for ending, colour, step in looks:
        if len(levels) and f"lower90{ending}" in levels:
            times, low, high = (levels[f"{n}"].to_numpy() for n in ("TIME", *_limits(ending)))
            ax.vlines(times + step, low, high, color=colour, linewidth=2.2, alpha=0.9, zorder=3)
            drawn = True
    bar = Line2D([], [], color=FAINT, marker="|", markersize=11, markeredgewidth=2.2, linewidth=0)
    return [(bar, "90 % interval of a measurement")] if drawn else []


def _limits(ending: str) -> tuple[str, str]:
    return f"lower90{ending}", f"upper90{ending}"


def _levels(ax: Axes, levels: pd.DataFrame, until: float | None) -> list[tuple[Any, str]]:
    times, values = (levels[name].to_numpy(dtype=float) for name in ("TIME", "DV"))
    used = np.full(len(times), True) if until is None else times <= until
    used = levels["used"].to_numpy(dtype=bool) if "used" in levels else used
    censored = levels["CENS"].to_numpy() != 0 if "CENS" in levels else np.full(len(times), False)
    entries: list[tuple[Any, str]] = []
    other = "level not used" if "used" in levels else "later level, predicted only"
    for which, face, name in ((used, INK, "level used"), (~used, "white", other)):
        for some, marker, more in ((~censored, "o", ""), (censored, "v", ", censored")):
            if (which & some).any():
                look: dict[str, Any] = {"marker": marker, "markersize": 6.5, "markeredgecolor": INK}
                look |= {"color": "none", "markerfacecolor": face, "markeredgewidth": 1.4, "linestyle": ""}
                ax.plot(times[which & some], values[which & some], zorder=5, **look)
                entries.append((Line2D([], [], **look), name + more))
    return entries


def _conditioned(ax: Axes, levels: pd.DataFrame, until: float | None) -> None:
    """Mark the time up to which levels were known, where others follow."""
    if until is None or not np.isfinite(until) or not (levels["TIME"] > until).any():
        return
    ax.axvline(until, color=FAINT, linestyle=":", linewidth=1.2, zorder=1)
    ax.annotate(
        "known up to here",
        (until, 1),
        (4, -3),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        va="top",
        fontsize=8.5,
        color=FAINT,
    )


def _ceiling(posterior: xr.Dataset, prior: xr.Dataset | None, levels: pd.DataFrame) -> float:
    """Return an upper limit that shows posterior and levels whole, and the prior unless it dwarfs them."""
    seen = max([_highest(posterior), *levels["DV"].to_numpy(dtype=float).tolist()])
    if prior is not None:
        seen = max(seen, min(_highest(prior), 1.8 * seen))
    return 1.1 * seen if seen > 0 else 1.0


def _highest(curve: xr.Dataset) -> float:
    return float(np.quantile(curve["concentration"].transpose("draw", "time").to_numpy(), 0.95, axis=0).max())
