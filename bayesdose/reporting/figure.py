"""One verb for figures: what a result looks like is registered by its type."""

from __future__ import annotations

from functools import singledispatch
from importlib import import_module
from typing import TYPE_CHECKING, Any

from bayesdose.errors import InputError, explain

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@singledispatch
def figure(result: object, **options: Any) -> Figure:
    """Draw a result.

    Parameters
    ----------
    result
        What a function of `bayesdose.validate`, or `course`, `learned`, `taught`, `weights`, `simulate`,
        `decide`, `evppi`, `evsi`, `enbs` or `threshold_analysis`, returned.
    **options
        As the function that draws this kind of result takes them (docs/reference/diagnostics.md).

    Returns
    -------
    matplotlib.figure.Figure
        Not shown and not known to pyplot: ``figure.savefig("name.png")``.

    Raises
    ------
    InputError
        When there is no figure of such a result.
    """
    for module in _HOMES:
        import_module(f"bayesdose.reporting.figures.{module}")
    drawn = figure.dispatch(type(result))
    if drawn is not figure.dispatch(object):
        return drawn(result, **options)
    known = sorted({kind.__name__ for kind in figure.registry if kind is not object})
    raise InputError(
        explain("there is no figure of this", came=type(result).__name__, expected=", ".join(known))
    )


# modules of figures/ that register results; imported when the first figure is asked for
_HOMES = (
    "goodness",
    "individual",
    "etas",
    "loo",
    "pathologies",
    "nca",
    "vpc",
    "kinds",
    "npde",
    "calibration",
    "learning",
    "ce_plane",
    "acceptability",
    "pareto",
    "decision_curve",
    "subgroups",
    "information",
    "deciding",
)
