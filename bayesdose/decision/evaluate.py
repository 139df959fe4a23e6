"""From an outcome and a utility to the checked array U[draw, option]."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayesdose.decision.criteria import Floats
from bayesdose.decision.utilities import Utility
from bayesdose.errors import InputError, explain, nearest

DIMS = ("draw", "option")

_ABSENT = re.compile(r"'Dataset' object has no attribute '(\w+)'|No variable named '(\w+)'")

LARGEST = 1e100
"""Utilities beyond this overflow when their spread is squared: they are slips, not values."""


def check_outcome(outcome: object) -> xr.Dataset:
    """Return the outcome when it is one.

    Raises
    ------
    InputError
        When it is no Dataset, has no entries along draw or option, has a ``particle`` that is not one integer
        per draw, or holds a missing value.
    """
    if not isinstance(outcome, xr.Dataset):
        raise InputError(
            explain(
                "outcome", came=type(outcome).__name__, expected="an xarray Dataset, as simulate() returns"
            )
        )
    if any(outcome.sizes.get(dim, 0) < 1 for dim in DIMS):
        raise InputError(
            explain("outcome: dims", came=_sizes(outcome), expected="dims draw and option, not empty")
        )
    _check_particle(outcome)
    for name, values in outcome.data_vars.items():
        if values.dtype.kind == "f" and bool(values.isnull().any()):
            raise InputError(_missing(str(name), values))
    return outcome


def evaluate(utility: Utility, outcome: xr.Dataset, names: NDArray[np.str_]) -> Floats:
    """Call the utility and return its values as floats (draw, option), in the outcome's order of options.

    Raises
    ------
    InputError
        When it is not a function, or does not return finite numbers (below 1e100) over (draw, option).
    """
    if not callable(utility):
        raise InputError(
            explain(
                "utility",
                came=type(utility).__name__,
                expected="a function of the outcome, or named_utility(...)",
            )
        )
    value = asked(utility, outcome, "utility")
    if not isinstance(value, xr.DataArray):
        raise InputError(
            explain(
                "utility: what it returned",
                came=_kind(value),
                expected="an xarray DataArray over (draw, option)",
                fix="compute it from the outcome's variables, which carry their dims",
            )
        )
    U = aligned(value, outcome)
    _check_finite(U, names)
    return U


def asked(function: Callable[[xr.Dataset], Any], outcome: xr.Dataset, what: str) -> Any:
    """Call a user's function of the outcome; a variable that is not there is said with those that are.

    Whole numbers of few bits reach it as int64: a product of two overflows unseen otherwise.

    Raises
    ------
    InputError
        When the function speaks of a variable that the outcome does not have, or by ``outcome.name`` of one
        that has the name of a method of Dataset. Its other errors are its own.
    """
    small = [n for n, v in outcome.data_vars.items() if v.dtype.kind in "iu" and v.dtype != np.int64]
    if small:
        outcome = outcome.assign({name: outcome[name].astype(np.int64) for name in small})
    try:
        return function(outcome)
    except TypeError as error:
        if "method" not in str(error):
            raise
        raise _hidden(outcome, what, error) from error
    except (AttributeError, KeyError) as error:
        found = _ABSENT.search(str(error))
        name = next(filter(None, found.groups())) if found else ""
        if not name or name in outcome or hasattr(xr.Dataset, name):
            raise
        known = [str(n) for n in outcome.data_vars]
        raise InputError(
            explain(
                f"{what}: the outcome has no variable {name!r}",
                expected=", ".join(known) or "none was simulated",
                meant=nearest(name, known),
            )
        ) from error


def _hidden(outcome: xr.Dataset, what: str, error: TypeError) -> Exception:
    """Return a complaint about variables that ``outcome.name`` does not reach, or the error itself."""
    hidden = [str(name) for name in outcome.data_vars if callable(getattr(xr.Dataset, str(name), None))]
    if not hidden:
        return error
    return InputError(
        explain(
            f"{what}: outcome.{hidden[0]} is a method of xarray's Dataset, not the variable of that name",
            came=str(error),
            fix=f"write outcome[{hidden[0]!r}], or give the variable another name",
        )
    )


def aligned(value: xr.DataArray, outcome: xr.Dataset, what: str = "utility") -> Floats:
    """Return values as floats (draw, option) in the outcome's order; a lacking dim is broadcast.

    Parameters
    ----------
    value
        Over draw, option or both.
    outcome
        Whose draws and options.
    what
        What the values are called in a complaint.

    Raises
    ------
    InputError
        When they are no numbers, have another dim, or lack a draw or option.
    """
    if value.dtype.kind not in "biuf":
        raise InputError(explain(f"{what}: values", came=f"dtype {value.dtype}", expected="numbers"))
    extra = [str(dim) for dim in value.dims if dim not in DIMS]
    if extra or not value.dims:
        raise InputError(
            explain(
                f"{what}: dims",
                came=_sizes(value),
                expected="draw and option" + (f"; reduce {', '.join(extra)} to one number" if extra else ""),
            )
        )
    for dim in value.dims:
        value = _in_order(value, outcome, str(dim), what)
    shape = tuple(outcome.sizes[dim] for dim in DIMS)
    missing = [k for k, dim in enumerate(DIMS) if dim not in value.dims]
    values = np.expand_dims(value.transpose(*[d for d in DIMS if d in value.dims]).to_numpy(), tuple(missing))
    return np.array(np.broadcast_to(values, shape), dtype=np.float64, order="C")


def _in_order(value: xr.DataArray, outcome: xr.Dataset, dim: str, what: str) -> xr.DataArray:
    """Return the values in the outcome's order along a dim; refuse when some were dropped or added."""
    right = value.sizes[dim] == outcome.sizes[dim]
    if right and dim in value.indexes and dim in outcome.indexes:
        came, wanted = value.indexes[dim], outcome.indexes[dim]
        if came.equals(wanted):
            return value
        right = came.is_unique and bool(wanted.isin(came).all())
        value = value.sel({dim: wanted}) if right else value
    if right:
        return value
    raise InputError(
        explain(
            f"{what}: {dim}s",
            came=_sizes(value),
            expected=f"the {outcome.sizes[dim]} {dim}s of the outcome",
            fix="keep every draw and option; options are ruled out by limits, not by dropping them",
        )
    )


def _check_finite(U: Floats, names: NDArray[np.str_]) -> None:
    bad = ~(np.abs(U) <= LARGEST)
    if not bad.any():
        return
    counts = bad.sum(axis=0)
    first = int(np.flatnonzero(counts)[0])
    value = U[bad[:, first], first][0]
    raise InputError(
        explain(
            f"utility of option {str(names[first])!r} is not a finite number",
            came=f"{value} in {counts[first]} of {len(U)} draws, {np.count_nonzero(counts)} option(s)",
            expected="a finite number for every draw and option",
            fix="state what must not happen as a limit or a large finite loss; log_squared_error takes 0",
        )
    )


def _check_particle(outcome: xr.Dataset) -> None:
    if "particle" not in outcome.coords:
        return
    particle = outcome["particle"]
    if particle.dims != ("draw",) or particle.dtype.kind not in "iu":
        raise InputError(
            explain(
                "outcome: coordinate particle",
                came=f"dims {particle.dims}, dtype {particle.dtype}",
                expected="one integer per draw",
            )
        )


def _missing(name: str, values: xr.DataArray) -> str:
    hit = values.isnull()
    where = ""
    if "option" in values.dims and "option" in values.coords:
        options = values["option"][hit.any([d for d in values.dims if d != "option"])].to_numpy().astype(str)
        where = f" (option {', '.join(map(repr, options[:3].tolist()))}{', ...' if len(options) > 3 else ''})"
    return explain(
        f"outcome {name!r} has missing values",
        came=f"{int(hit.sum())} NaN{where}",
        expected="a number for every draw and option (a comparison would quietly call NaN False)",
        meant="doses at steady state where more is given than is eliminated (bd.ode_failures() counts them)",
        fix=f"judge them after a course that ends, or leave the variable out: outcome.drop_vars({name!r})",
    )


def _sizes(array: xr.Dataset | xr.DataArray) -> str:
    return ", ".join(f"{dim} ({size})" for dim, size in array.sizes.items()) or "no dims"


def _kind(value: object) -> str:
    shape = getattr(value, "shape", None)
    return type(value).__name__ + (f" of shape {shape}" if shape is not None else "")
