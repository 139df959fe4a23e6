"""What the options are: labels, which one is no treatment, and which of two is simpler."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayesdose.errors import InputError, explain

NOTHING = "no treatment"


def labels(outcome: xr.Dataset) -> NDArray[np.str_]:
    """Return the options' labels (option,); their numbers when the outcome has none.

    Raises
    ------
    InputError
        When two options have the same label.
    """
    if "option" not in outcome.coords:
        return np.arange(outcome.sizes["option"]).astype(str)
    names = outcome["option"].to_numpy().astype(str)
    found, counts = np.unique(names, return_counts=True)
    if (counts > 1).any():
        twice = ", ".join(repr(str(name)) for name in found[counts > 1][:5])
        raise InputError(
            explain("options have the same label", came=twice, expected="one label for each option")
        )
    return names


def fact(outcome: xr.Dataset, name: str) -> NDArray[np.float64] | None:
    """Return a numeric coordinate of the options (option,), or None when there is none of that name."""
    if name not in outcome.coords or outcome[name].dims != ("option",):
        return None
    values = outcome[name].to_numpy()
    return values.astype(np.float64) if values.dtype.kind in "iuf" else None


def is_nothing(outcome: xr.Dataset) -> NDArray[np.bool_]:
    """Return which options give no dose (option,): kind "none", or the label "no treatment"."""
    names = labels(outcome)
    if "kind" in outcome.coords and outcome["kind"].dims == ("option",):
        return np.asarray(outcome["kind"].to_numpy().astype(str) == "none")
    return np.asarray(names == NOTHING)


def _interval(outcome: xr.Dataset) -> NDArray[np.float64]:
    """Return the hours between doses; a single dose has no next, an unknown one is the least simple."""
    size = outcome.sizes["option"]
    interval, doses = fact(outcome, "interval"), fact(outcome, "n_doses")
    hours = np.zeros(size) if interval is None else np.nan_to_num(interval, nan=0.0)
    return hours if doses is None else np.where(doses <= 1, np.inf, hours)


def simplicity(outcome: xr.Dataset) -> NDArray[np.intp]:
    """Return each option's place from simplest (0) to least simple (option,).

    The order: no treatment; then fewest doses a day (the longest interval; a single dose is the longest of
    all); then fewest distinct steps (coordinate ``n_steps``, where there is one: a load and a maintenance
    dose are two); then the smallest total dose (coordinate ``total_amount``, else ``max_daily``); then the
    alphabet, so that the order in which options were given never decides.
    """
    zero = np.zeros(outcome.sizes["option"])
    steps = fact(outcome, "n_steps")
    totals = [fact(outcome, name) for name in ("total_amount", "max_daily")]
    total = next((found for found in totals if found is not None), zero)
    keys = (
        labels(outcome),
        total,
        zero if steps is None else steps,
        -_interval(outcome),
        ~is_nothing(outcome),
    )
    place = np.empty(len(zero), dtype=np.intp)
    place[np.lexsort(keys)] = np.arange(len(zero))
    return place
