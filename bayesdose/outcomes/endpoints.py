"""Endpoints of common treatments: neutrophils at their lowest, INR in its range."""

from __future__ import annotations

import numpy as np
import xarray as xr

from bayesdose.errors import InputError, explain
from bayesdose.outcomes.classes import classes
from bayesdose.outcomes.effects import Real
from bayesdose.outcomes.quantities import Quantity, array, number_in, quantity, unit_of, value_in
from bayesdose.pk import effects


def nadir(course: xr.DataArray) -> xr.Dataset:
    """Return the lowest value of a simulated course and when it is reached.

    Parameters
    ----------
    course
        Such as the neutrophils that a model predicts at times, with one further dim beside draw and option
        (``bd.concentration_at(times)`` makes one).

    Returns
    -------
    xarray.Dataset
        ``nadir`` in the course's unit, and ``time`` of the first time it is reached. A nadir at an end of the
        times simulated may lie beyond it: simulate longer.
    """
    values, dim = array("nadir: course", course), _time_dim("nadir", course)
    if bool(values.isnull().any()):
        raise InputError(explain("nadir: course", came="missing values", expected="numbers at all times"))
    where = values.argmin(dim)
    times = values[dim] if dim in values.coords else xr.DataArray(np.arange(values.sizes[dim]), dims=dim)
    at = times.isel({dim: where}).drop_vars(dim, errors="ignore")
    lowest = quantity(values.min(dim), unit_of(values), "nadir")
    return xr.Dataset({"nadir": lowest, "time": at.assign_attrs(times.attrs)})


def neutrophil_nadir(
    exposure: xr.DataArray, baseline: Quantity, half: Quantity, gamma: Real = 1.0, largest: Real = 1.0
) -> xr.DataArray:
    """Return the neutrophil count at its nadir from an exposure, without simulating its course.

    ``baseline (1 - largest x^gamma / (half^gamma + x^gamma))``: the relative fall at the nadir as a sigmoid
    Emax function of the exposure (Holford & Sheiner 1981, Clin Pharmacokinet 6:429). A course needs
    a model of maturation (Friberg et al. 2002, J Clin Oncol 20:4713) as a ``bd.System``, and `nadir`.

    Parameters
    ----------
    exposure
        AUC or another exposure of one cycle, 0 or above.
    baseline
        Count before the cycle: a number of 1e9/L, or an array over draw with the unit "1e9/L".
    half
        Exposure at which half of `largest` is lost, above 0.
    gamma
        Steepness, above 0.
    largest
        Largest relative fall, 0 to 1.

    Returns
    -------
    xarray.DataArray
        In 1e9/L.
    """
    x = array("neutrophil_nadir: exposure", exposure)
    start = value_in("neutrophil_nadir: baseline", baseline, "1e9/L", above=0.0)
    middle = value_in("neutrophil_nadir: half", half, unit_of(x), above=0.0)
    steep = value_in("neutrophil_nadir: gamma", gamma, "", above=0.0)
    most = value_in("neutrophil_nadir: largest", largest, "", least=0.0, most=1.0)
    return quantity(start * effects.inhibition(x, most, middle, steep), "1e9/L", "neutrophils at nadir")


def neutropenia(count: xr.DataArray) -> xr.DataArray:
    """Return the class of a neutrophil count in 1e9/L: grade 4 (below 0.5), 3 (below 1), or 2 or less.

    CTCAE version 5.0 (National Cancer Institute, 2017), "neutrophil count decreased". The result is one of
    `classes`, so that ``share`` counts it.
    """
    x = array("neutropenia: count", count)
    if unit_of(x) != "1e9/L":
        raise InputError(
            explain("neutropenia: the unit of the count", came=repr(unit_of(x)), expected="1e9/L")
        )
    return classes(x, [0.5, 1.0], ["grade 4", "grade 3", "grade 2 or less"])


def inr(activity: xr.DataArray, baseline: Real, largest: Real, shape: Real) -> xr.DataArray:
    """Return the INR from the activity of coagulation factors, ``baseline + largest (1 - activity)^shape``.

    The form of Hamberg et al. 2007, Clin Pharmacol Ther 81:529; take the parameters from the model that
    predicts the activity.

    Parameters
    ----------
    activity
        Prothrombin complex activity as a part of that without drug, 0 to 1.
    baseline
        INR without drug.
    largest
        By how much the INR rises as activity goes to 0.
    shape
        Exponent, above 0.
    """
    part = value_in("inr: activity", array("inr: activity", activity), unit_of(activity), least=0.0, most=1.0)
    start = value_in("inr: baseline", baseline, "", above=0.0)
    rise = value_in("inr: largest", largest, "", above=0.0)
    bend = value_in("inr: shape", shape, "", above=0.0)
    return quantity(effects.inr(part, start, rise, bend), "", "INR")


def time_in_range(course: xr.DataArray, low: float, high: float) -> xr.DataArray:
    """Return the share of the time that a course lies inside a range, linear between its times.

    For INR (range 2 to 3, for example) the linear interpolation of Rosendaal et al. 1993, Thromb Haemost
    69:236. Both ends of the range belong to it.

    Parameters
    ----------
    course
        With one further dim beside draw and option, whose coordinate are times that increase.
    low, high
        The range, in the course's unit.
    """
    dim = _time_dim("time_in_range", array("time_in_range: course", course))
    lower, upper = (number_in(f"time_in_range: {n}", v) for n, v in (("low", low), ("high", high)))
    if not lower < upper:
        raise InputError(explain("time_in_range: range", came=f"{low} to {high}", expected="low below high"))
    times = np.asarray(course[dim], dtype=float) if dim in course.coords else np.array([])
    if len(times) < 2 or not (np.diff(times) > 0).all():
        raise InputError(explain(f"time_in_range: times along {dim}", expected="two or more, increasing"))
    y = course.transpose(..., dim)
    share = _inside(y.to_numpy().astype(float), np.diff(times), lower, upper)
    made = xr.DataArray(share, dims=y.dims[:-1], coords=y.isel({dim: 0}, drop=True).coords)
    return quantity(made, "", f"share of time within {lower:g}-{upper:g}")


def _inside(y: np.ndarray, widths: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return the share of time of straight lines inside; a level line counts wholly or not."""
    first, last = y[..., :-1], y[..., 1:]
    bottom, top = np.minimum(first, last), np.maximum(first, last)
    rise = top - bottom
    level = rise == 0
    covered = np.clip(np.minimum(top, high) - np.maximum(bottom, low), 0.0, None)
    part = np.where(level, (bottom >= low) & (bottom <= high), covered / np.where(level, 1.0, rise))
    return np.asarray((part * widths).sum(axis=-1) / widths.sum())


def _time_dim(what: str, course: xr.DataArray) -> str:
    extra = [str(dim) for dim in course.dims if dim not in ("draw", "option")]
    if len(extra) == 1:
        return extra[0]
    raise InputError(
        explain(
            f"{what}: dims of the course",
            came=", ".join(map(str, course.dims)),
            expected="draw, option and one dim of times",
            fix="simulate it with bd.concentration_at(times)",
        )
    )
