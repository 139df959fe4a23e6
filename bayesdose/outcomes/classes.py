"""Failure, success, toxicity: outcomes cut into classes, and how probable each class is."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import xarray as xr

from bayesdose.errors import InputError, explain
from bayesdose.outcomes.quantities import array, number_in, quantity, unit_of, value_in


def classes(x: xr.DataArray, cuts: Sequence[float], names: Sequence[str]) -> xr.DataArray:
    """Cut an outcome into classes, such as failure, in target and toxic.

    Parameters
    ----------
    x
        An outcome, any dims.
    cuts
        Where one class ends and the next begins, increasing, in the unit of `x`; a value on a cut belongs to
        the class above.
    names
        One more than cuts, from low to high.

    Returns
    -------
    xarray.DataArray
        The number of the class, 0 for the lowest. Attributes by the CF conventions: ``flag_values`` and
        ``flag_meanings``.
    """
    values = array("classes: x", x)
    ends = [number_in("classes: cuts", cut) for cut in cuts]
    if not ends or any(a >= b for a, b in pairwise(ends)):
        raise InputError(explain("classes: cuts", came=list(cuts), expected="increasing numbers"))
    if len(names) != len(ends) + 1 or len(set(names)) < len(names):
        raise InputError(
            explain(
                "classes: names",
                came=list(names),
                expected=f"{len(ends) + 1} different names for {len(ends)} cuts",
            )
        )
    if bool(values.isnull().any()):
        raise InputError(explain("classes: x", came="missing values", expected="numbers"))
    made = xr.zeros_like(values, dtype=np.int64)
    for end in ends:
        made = made + (values >= end)
    made.attrs = {
        "flag_values": list(range(len(names))),
        "flag_meanings": "; ".join(names),
        "long_name": f"class of {values.attrs.get('long_name', values.name or 'outcome')}",
        "cuts": ends,
        "cuts_units": unit_of(values),
    }
    return made


def share(found: xr.DataArray) -> xr.DataArray:
    """Return how probable each class is: the share of the draws, dims (option, class).

    Parameters
    ----------
    found
        What `classes` (or `neutropenia`) returned.
    """
    if "flag_meanings" not in array("share: classes", found).attrs or "draw" not in found.dims:
        raise InputError(explain("share: classes", expected="what classes(...) returned, over draw"))
    names = str(found.attrs["flag_meanings"]).split("; ")
    each = [(found == k).mean("draw") for k in range(len(names))]
    made = xr.concat(each, xr.IndexVariable("class", names))
    return quantity(made.transpose(..., "class"), "", "probability")


def worth(found: xr.DataArray, values: Sequence[float]) -> xr.DataArray:
    """Return what each class is worth: a utility from classes, such as -1 for failure and -3 for toxicity.

    Parameters
    ----------
    found
        What `classes` returned.
    values
        Utility of each class, from low to high.
    """
    names = str(array("worth: classes", found).attrs.get("flag_meanings", "")).split("; ")
    numbers = np.array([number_in("worth: values", value) for value in values])
    if len(numbers) != len(names):
        raise InputError(
            explain(
                "worth: values",
                came=f"{len(numbers)} numbers",
                expected=f"one for each of {', '.join(names)}",
            )
        )
    return quantity(found.copy(data=numbers[found.to_numpy()]), "", "utility of the class")


def meaningful_change(
    change: xr.DataArray, threshold: float, *, error: float | xr.DataArray = 0.0, better: str = "higher"
) -> xr.DataArray:
    """Return the probability that a patient-reported score changes by a meaningful amount.

    Parameters
    ----------
    change
        Change of the score that treatment brings, in points.
    threshold
        The least change that patients find important (minimal important difference; Jaeschke, Singer & Guyatt
        1989, Control Clin Trials 10:407), above 0, in the same points.
    error
        SD of what else moves the patient's score and is not in the draws. 0: the change is reached or not.
        Otherwise the probability is ``Phi((change - threshold) / error)``.
    better
        "higher", or "lower" for scores that fall as the patient gets better.
    """
    points = array("meaningful_change: change", change)
    aim = number_in("meaningful_change: threshold", threshold, above=0.0)
    sd = value_in("meaningful_change: error", error, "", least=0.0)
    if better not in ("higher", "lower"):
        raise InputError(explain("meaningful_change: better", came=repr(better), expected="higher or lower"))
    beyond = (points if better == "higher" else -points) - aim
    return quantity(_reached(beyond, sd), "", f"probability of a change of {aim:g} or more")


def _reached(beyond: xr.DataArray, sd: float | xr.DataArray) -> xr.DataArray:
    from scipy.special import ndtr

    exact = (beyond >= 0).astype(float).where(beyond.notnull())
    some = xr.where(xr.zeros_like(beyond) + sd > 0, sd, 1.0)
    made: xr.DataArray = xr.where(xr.zeros_like(beyond) + sd > 0, xr.apply_ufunc(ndtr, beyond / some), exact)
    return made
