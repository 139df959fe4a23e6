"""Ranks of a simulation-based calibration, drawn."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bayesdose.reporting.figure import figure
from bayesdose.reporting.figures.canvas import FAINT, INK, PALE, SERIES, WARN, canvas, heading
from bayesdose.validate.calibrating import Calibration
from bayesdose.validate.ranks import band, counts

_COLOURS = (*(colour for colour in SERIES if colour != WARN), INK)
_GROUPS = {"theta_": "theta", "omega_": "omega", "sigma_": "sigma", "log_": "log-likelihood"}
_PLACE = {"theta": 0, "omega": 1, "sigma": 2, "others of the population": 3, "random effects": 4}


@figure.register
def calibration_figure(result: Calibration, *, level: float = 0.01) -> Figure:
    """Draw the rank ECDFs of a calibration, less the diagonal, with their simultaneous band.

    Parameters
    ----------
    result
        From ``bayesdose.validate.calibrate``.
    level
        Chance that a right model has some quantity outside; the band is that of one quantity, corrected for
        their number.

    Returns
    -------
    matplotlib.figure.Figure
        A panel for each kind of quantity. Inside the band: nothing to see. A line above it: posteriors lie
        above the truth; below: below; an S: too narrow or too wide. Lines that leave it are thick.
    """
    names = [str(name) for name in result.ranks["quantity"].to_numpy()]
    kinds = sorted({_kind(name) for name in names}, key=lambda kind: _PLACE.get(kind, 9))
    rows = -(-len(kinds) // 2)
    made, axes = canvas(0.5 + 2.4 * rows, rows, 2, sharex=True, sharey=True)
    outside = dict(zip(names, result.verdict(level)["outside"], strict=True))
    n, draws = result.ranks.sizes["replication"], result.draws
    low, high = band(n, draws, level=level / len(names))
    x = np.arange(1, draws + 1) / (draws + 1)
    for ax, kind in zip(axes, kinds, strict=False):
        ax.fill_between(x, low - x, high - x, color=PALE, alpha=0.55, linewidth=0, step="mid")
        ax.axhline(0.0, color=FAINT, linewidth=0.8)
        own = [name for name in names if _kind(name) == kind]
        for k, name in enumerate(own):
            ecdf = counts(result.ranks.sel(quantity=name).to_numpy(), draws) / n
            _line(ax, x, ecdf - x, name, _COLOURS[k % len(_COLOURS)], bool(outside[name]))
        heading(ax, kind)
        ax.legend(fontsize=7, frameon=False, ncols=2, loc="upper right")
    for ax in axes[len(kinds) :]:
        ax.set_visible(False)
    for ax in axes[max(len(kinds) - 2, 0) : len(kinds)]:
        ax.tick_params(labelbottom=True)
    made.supxlabel("rank of the truth / (L + 1)", fontsize=9.5, color=INK)
    made.supylabel("ECDF less the diagonal", fontsize=9.5, color=INK)
    return made


def _line(ax: Axes, x: np.ndarray, y: np.ndarray, name: str, colour: str, outside: bool) -> None:
    label = f"{name}: outside" if outside else name
    ax.step(
        x, y, where="mid", color=WARN if outside else colour, linewidth=2.4 if outside else 1.1, label=label
    )


def _kind(name: str) -> str:
    if "[" in name:
        return "random effects"
    return next(
        (kind for start, kind in _GROUPS.items() if name.startswith(start)), "others of the population"
    )
