"""What a utility is, in one line."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import xarray as xr

Utility = Callable[[xr.Dataset], xr.DataArray]
"""A function of the outcome that returns a DataArray over (draw, option)."""


def describe(utility: Utility, outcome: xr.Dataset) -> str:
    """Return what a utility is, in one line for reports.

    A utility that has ``describe(outcome)`` says it itself; otherwise the first paragraph of a function's
    docstring, or "user function NAME".
    """
    own = getattr(utility, "describe", None)
    if callable(own):
        return str(own(outcome))
    if (inspect.isfunction(utility) or inspect.ismethod(utility)) and (text := inspect.getdoc(utility)):
        return " ".join(text.split("\n\n")[0].split())
    return f"user function {getattr(utility, '__name__', type(utility).__name__)}"
