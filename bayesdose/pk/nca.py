"""Non-compartmental analysis of profiles, simulated or measured.

Areas by the linear-up log-down rule, the terminal slope by the best adjusted R2 (Gabrielsson & Weiner 2012,
Methods Mol Biol 929:377), in the details as the common programs have it.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from bayesdose.card import Units
from bayesdose.errors import InputError, explain

Floats = NDArray[np.float64]
Route = Literal["extravascular", "bolus", "infusion"]

_FEWEST = 3  # points of a terminal slope
_AS_GOOD = 1e-4  # an adjusted R2 this close to the best is as good; then more points are better
_X, _WEIGHTS = np.polynomial.legendre.leggauss(12)


class _Results(NamedTuple):
    """The results for one profile, in the order in which they are returned."""

    cmax: float
    tmax: float
    clast: float
    tlast: float
    auc_last: float
    lambda_z: float
    lambda_z_points: float
    r2_adjusted: float
    half_life: float
    auc_inf: float
    extrapolated: float
    cl: float
    vz: float
    mrt: float
    vss: float


def nca(
    concentration: xr.DataArray | ArrayLike,
    *,
    dose: float,
    time: ArrayLike | None = None,
    route: Route = "extravascular",
    duration: float = 0.0,
    given: float = 0.0,
    units: Units | None = None,
) -> xr.Dataset:
    """Analyse profiles after a single dose without a model.

    Parameters
    ----------
    concentration
        Profiles, with time on the dim `time` (as from ``bd.predict``) or, of an array, on the last axis.
    dose
        Amount.
    time
        Times, increasing; the coordinate `time` of `concentration` unless given.
    route
        "extravascular", or "bolus" or "infusion" into a vein. Where the concentration at the time of the dose
        was not sampled, it is after a bolus that of the line through the first two logarithms, else 0.
    duration
        How long the infusion took.
    given
        When the dose was given. Concentrations before it are left out.
    units
        Units of amount, concentration and time, for the attributes; those of a card are ``card.units``.

    Returns
    -------
    xarray.Dataset
        On the dims of `concentration` but time: `cmax`, `tmax` (since the dose), `clast` and `tlast` (of the
        last positive concentration), `auc_last` (to it), `lambda_z`, `lambda_z_points` and `r2_adjusted` (of
        the regression), `half_life`, `auc_inf` (``auc_last + clast / lambda_z``), `extrapolated` (its part
        beyond tlast), `cl` (``dose / auc_inf``; CL/F after an extravascular dose), `vz` (``cl / lambda_z``),
        `mrt` (``aumc_inf / auc_inf``, less half the duration of an infusion; after an extravascular dose the
        time of absorption is in it) and `vss` (``cl mrt``; not after an extravascular dose). What needs a
        terminal slope is nan where fewer than three points after the peak (from it on, after a bolus), or a
        slope that does not fall, leave none.

    Raises
    ------
    InputError
        Times that do not fit the concentrations or do not increase, or a dose that is not positive.
    """
    c, t, dims, coords = _profiles(concentration, time)
    _check(t, c, dose, route, duration)
    after = t >= given
    rows = c[..., after].reshape(-1, int(after.sum()))
    values = np.array([_analysis(t[after] - given, row, dose, route, duration) for row in rows])
    values = values.reshape(*c.shape[:-1], len(_Results._fields))
    attrs = _attributes(units or Units())
    variables = {name: (dims, values[..., i], attrs[name]) for i, name in enumerate(_Results._fields)}
    return xr.Dataset(variables, coords)


def _profiles(
    concentration: xr.DataArray | ArrayLike, time: ArrayLike | None
) -> tuple[Floats, Floats, list[str], dict[str, xr.DataArray]]:
    """Return concentrations (..., time), times, the names of the other dims, and their coordinates."""
    if isinstance(concentration, xr.DataArray):
        ordered = concentration.transpose(..., "time")
        at = ordered["time"].to_numpy() if time is None else time
        coords = {str(k): v for k, v in ordered.coords.items() if "time" not in v.dims}
        return (
            ordered.to_numpy().astype(float),
            np.asarray(at, float),
            [str(d) for d in ordered.dims[:-1]],
            coords,
        )
    c = np.asarray(concentration, dtype=float)
    if time is None:
        raise InputError(explain("nca of an array needs its times", fix="give time="))
    return c, np.asarray(time, dtype=float), [f"profile_{i}" for i in range(c.ndim - 1)], {}


def _check(t: Floats, c: Floats, dose: float, route: str, duration: float) -> None:
    if c.shape[-1:] != t.shape:
        raise InputError(explain("times and concentrations do not match", came=f"{t.shape} and {c.shape}"))
    if not (np.diff(t) > 0).all() or not np.isfinite(t).all() or not np.isfinite(c).all():
        raise InputError(explain("nca needs finite concentrations at increasing times"))
    if not dose > 0:
        raise InputError(explain("nca needs the dose", came=dose, expected="an amount above 0"))
    if route not in get_args(Route):
        raise InputError(explain("unknown route", came=repr(route), expected=", ".join(get_args(Route))))
    if (route == "infusion") != (duration > 0):
        raise InputError(explain("an infusion, and only that, has a duration", came=f"{route}, {duration:g}"))


def _analysis(t: Floats, c: Floats, dose: float, route: str, duration: float) -> _Results:
    nan = float("nan")
    if not (c > 0).any():
        return _Results(*[0.0, nan, nan, nan, 0.0], *[nan] * 10)
    last, top = int(np.flatnonzero(c > 0)[-1]), int(np.argmax(c))
    first = top if route == "bolus" else top + 1
    rate, points, r2 = _terminal_slope(t[first : last + 1], c[first : last + 1])
    auc, aumc = _areas(*_from_the_dose(t[: last + 1], c[: last + 1], route))
    beyond = c[last] / rate
    whole = auc + beyond
    moment = aumc + beyond * (t[last] + 1.0 / rate)
    cl, mrt = dose / whole, moment / whole - duration / 2.0
    return _Results(
        cmax=float(c[top]),
        tmax=float(t[top]),
        clast=float(c[last]),
        tlast=float(t[last]),
        auc_last=auc,
        lambda_z=rate,
        lambda_z_points=points,
        r2_adjusted=r2,
        half_life=np.log(2.0) / rate,
        auc_inf=whole,
        extrapolated=beyond / whole,
        cl=cl,
        vz=cl / rate,
        mrt=mrt,
        vss=nan if route == "extravascular" else cl * mrt,
    )


def _from_the_dose(t: Floats, c: Floats, route: str) -> tuple[Floats, Floats]:
    """Put the concentration at the time of the dose before the others, where it was not sampled."""
    if t[0] == 0:
        return t, c
    at_once = 0.0
    if route == "bolus":
        falls = len(c) > 1 and c[0] > c[1] > 0
        at_once = c[0] * (c[0] / c[1]) ** (t[0] / (t[1] - t[0])) if falls else c[0]
    return np.r_[0.0, t], np.r_[at_once, c]


def _areas(t: Floats, c: Floats) -> tuple[float, float]:
    """Return the areas under the curve and under its first moment, linear up and log down.

    Where the concentration falls from one point to the next, it is ``c1 exp(-x u)`` with u from 0 to 1;
    elsewhere both integrands are straight.
    """
    dt, c1, c2 = np.diff(t), c[:-1], c[1:]
    down = (c1 > c2) & (c2 > 0)
    x = np.log(np.where(down, c1, 1.0) / np.where(down, c2, 1.0))
    mean = np.where(down, c1 * _moment(x, 0), (c1 + c2) / 2.0)
    late = np.where(down, c1 * _moment(x, 1), c2 / 2.0)
    return float((dt * mean).sum()), float((dt * (t[:-1] * mean + dt * late)).sum())


def _moment(x: Floats, power: int) -> Floats:
    """Return the integral of ``u^power exp(-x u)`` from 0 to 1, for x at least 0 and the power 0 or 1."""
    u = (_X + 1.0) / 2.0
    summed = np.exp(-np.minimum(x, 1.0)[:, None] * u) @ (u**power * _WEIGHTS / 2.0)
    big = np.maximum(x, 1.0)
    closed = -np.expm1(-big) / big if power == 0 else (-np.expm1(-big) / big - np.exp(-big)) / big
    return np.where(x <= 1.0, summed, closed)


def _terminal_slope(t: Floats, c: Floats) -> tuple[float, float, float]:
    """Return rate constant, number of points and adjusted R2 of the best regression of the last log c."""
    t, c = t[c > 0], c[c > 0]
    n = np.arange(_FEWEST, len(t) + 1)
    if not len(n):
        return float("nan"), float("nan"), float("nan")
    x, y = t[::-1] - t[-1], np.log(c[::-1] / c[-1])
    sums = [np.cumsum(v)[_FEWEST - 1 :] for v in (x, y, x * x, x * y, y * y)]
    sxx, sxy, syy = sums[2] - sums[0] ** 2 / n, sums[3] - sums[0] * sums[1] / n, sums[4] - sums[1] ** 2 / n
    slope = sxy / sxx
    r2 = np.where(syy > 0, sxy**2 / (sxx * np.where(syy > 0, syy, 1.0)), 0.0)
    adjusted = np.where(slope < 0, 1.0 - (1.0 - r2) * (n - 1) / (n - 2), -np.inf)
    if not (slope < 0).any():
        return float("nan"), float("nan"), float("nan")
    k = int(np.flatnonzero(adjusted >= adjusted.max() - _AS_GOOD)[-1])
    return float(-slope[k]), float(n[k]), float(adjusted[k])


def _attributes(units: Units) -> dict[str, dict[str, str]]:
    amount, concentration, time = units.amount, units.concentration, units.time
    area, volume = f"{concentration}*{time}", f"{amount}/({concentration})"
    unit = dict.fromkeys(("cmax", "clast"), concentration) | dict.fromkeys(("auc_last", "auc_inf"), area)
    unit |= dict.fromkeys(("tmax", "tlast", "half_life", "mrt"), time) | dict.fromkeys(("vz", "vss"), volume)
    unit |= {"lambda_z": f"1/{time}", "cl": f"{amount}/({area})"}
    return {name: {"units": unit.get(name, "1")} for name in _Results._fields}
