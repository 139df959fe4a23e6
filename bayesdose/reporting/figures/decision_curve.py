"""Decision curves: net benefit by threshold, and treatments saved."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from bayesdose.economics.thresholds import ALL, NONE, DecisionCurve
from bayesdose.reporting.figure import figure
from bayesdose.reporting.figures.canvas import FAINT, INK, SERIES, canvas, heading, plain


@figure.register
def decision_curve_figure(result: DecisionCurve) -> Figure:
    """Draw the net benefit of rules against the threshold risk.

    Parameters
    ----------
    result
        From ``bayesdose.economics.decision_curve``.

    Returns
    -------
    matplotlib.figure.Figure
        Above, net benefit: the highest line is the rule to follow for someone with that threshold; bands are
        intervals, where there are. The axis is cut below, where treating everyone loses much. Below,
        treatments saved per 100 people against treating all, at the same benefit.
    """
    made, (top, below) = canvas(5.6, rows=2, heights=(1.7, 1), sharex=True)
    c = result.curves
    t = c["threshold"].to_numpy()
    rules = [str(name) for name in c["rule"].to_numpy() if name not in (ALL, NONE)]
    for k, name in enumerate([ALL, NONE, *rules]):
        one = c.sel(rule=name)
        colour = {ALL: FAINT, NONE: INK}.get(name) or SERIES[(k - 2) % len(SERIES)]
        width = 1.1 if name in (ALL, NONE) else 1.8
        top.plot(t, one["net_benefit"], color=colour, linewidth=width, label=plain(name, 40, 1))
        if "low" in one and name in rules:
            top.fill_between(t, one["low"], one["high"], color=colour, alpha=0.15, linewidth=0)
        if name in rules:
            below.plot(t, one["avoided"], color=colour, linewidth=1.6)
    highest = float(c["net_benefit"].max())
    if "high" in c:
        highest = float(c["high"].sel(rule=rules).max()) if rules else highest
    top.set_ylim(-0.25 * max(highest, 0.01), 1.12 * max(highest, 0.01))
    below.set_ylim(*_saved(c["avoided"].sel(rule=rules).to_numpy()))
    below.axhline(0, color=FAINT, linewidth=1)
    below.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    top.set_ylabel("net benefit (true positives per person)")
    below.set_ylabel("saved per 100 people")
    below.set_xlabel("threshold: the risk from which one would treat")
    heading(top, "Net benefit", f"{result.n} people; {result.basis}")
    top.legend(fontsize=8, frameon=False, loc="upper right")
    return made


def _saved(values: np.ndarray) -> tuple[float, float]:
    """Return limits of the axis of treatments saved: from a little below none, to what is saved at most."""
    finite = values[np.isfinite(values)]
    top = float(finite.max(initial=1.0))
    return -0.25 * top, 1.1 * top
