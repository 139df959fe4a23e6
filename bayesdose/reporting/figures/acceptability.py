"""Acceptability curves with their frontier, and what knowing more is worth, by willingness to pay."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from bayesdose.economics.willingness import Acceptability
from bayesdose.reporting.figure import figure
from bayesdose.reporting.figures.canvas import FAINT, INK, SERIES, axis_label, canvas, heading, plain

_NAMED = len(SERIES)


@figure.register
def acceptability_figure(result: Acceptability) -> Figure:
    """Draw the probability that each option is the best buy, and the expected value of perfect information.

    Parameters
    ----------
    result
        From ``bayesdose.economics.acceptability``.

    Returns
    -------
    matplotlib.figure.Figure
        Above, a line for each option and a thick black one for the frontier: the probability that the option
        with the highest *expected* net benefit is the best, which may be below that of another. Options that
        are the best anywhere, or most probable, have a colour; the others are grey. Below, EVPI: what
        removing all uncertainty would be worth, per decision.
    """
    made, (top, below) = canvas(5.4, rows=2, heights=(1.8, 1), sharex=True)
    c = result.curves
    x = c["wtp"].to_numpy()
    named = _important(result)
    for label in c["option"].to_numpy():
        y = 100 * c["probability"].sel(option=label).to_numpy()
        known = str(label) in named
        colour = SERIES[named.index(str(label))] if known else FAINT
        top.plot(x, y, color=colour, linewidth=1.6 if known else 0.8, alpha=1.0 if known else 0.6,
                 label=plain(label, 44, 1) if known else None)  # fmt: skip
    top.plot(x, 100 * c["frontier"].to_numpy(), color=INK, linewidth=3.2, alpha=0.35, label="frontier")
    _turns(top, below, result, x)
    below.plot(x, c["evpi"].to_numpy(), color=INK, linewidth=1.6)
    below.set_ylim(bottom=0)
    top.set_ylim(0, 100)
    top.set_ylabel("% of draws in which it is best")
    below.set_ylabel(axis_label("EVPI", str(c["evpi"].attrs.get("units", ""))))
    below.set_xlabel(axis_label("willingness to pay", str(c["wtp"].attrs.get("units", ""))))
    for axis in (below.xaxis, below.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    heading(top, "Acceptability", "dotted: where the best on average changes")
    top.legend(fontsize=8, frameon=False, loc="best")
    return made


def _important(result: Acceptability) -> list[str]:
    """Return the options that get a colour: the best anywhere first, then those most probable."""
    c = result.curves
    first = list(dict.fromkeys(str(name) for name in c["best"].to_numpy()))
    peak = c["probability"].max("wtp")
    order = [str(name) for name in c["option"].to_numpy()[np.argsort(-peak.to_numpy(), kind="stable")]]
    rest = [name for name in order if name not in first and float(peak.sel(option=name)) > 0]
    return [*first, *rest][:_NAMED]


def _turns(top: Axes, below: Axes, result: Acceptability, x: np.ndarray) -> None:
    """Mark where the option with the highest expected net benefit changes."""
    for icer in result.frontier.table["icer"].dropna():
        if x[0] < icer < x[-1]:
            for ax in (top, below):
                ax.axvline(float(icer), color=FAINT, linestyle=":", linewidth=1.1)
