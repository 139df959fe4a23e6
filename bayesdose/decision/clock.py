"""The best time of day: expected utility on a circle, from options given at several hours.

Through n equally spaced hours goes one trigonometric polynomial; it is exact where the expected utility has
fewer than n/2 harmonics, a cosinor among them (Zygmund 1959, Trigonometric Series, chapter X). Its maximum is
a root of its derivative: found on a grid, then polished. The circle has no end, so no best hour is an edge.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayesdose.decision.choice import Choice
from bayesdose.decision.criteria import deviations, independent, mcse
from bayesdose.decision.search import said_alike, searched
from bayesdose.decision.simplest import fact
from bayesdose.errors import InputError, explain

Floats = NDArray[np.floating[Any]]

HOURS = "time_of_day"
"""The coordinate of the options that says at what hour (0 to 24) the first dose is given."""

_FINE = 32  # points of the grid for every hour that was given: two roots between them are no separate maxima
_MOST = 1536  # hours at which a function is asked
_UNRESOLVED = 0.02  # of the range: what the fastest third of the harmonics may add up to


@dataclass(frozen=True, eq=False)
class TimeOfDay:
    """What `best_time_of_day` found. ``print(found)`` says it in words.

    Parameters
    ----------
    best, utility
        The hour of the highest expected utility, from 0 up to the period, and that utility.
    worst, worst_utility
        The hour of the lowest.
    mean
        Expected utility when no notice is taken of the clock: the mean over all hours.
    gain_mcse
        Monte Carlo standard error of ``utility - mean``; nan without draws.
    near_optimal
        Stretches (from, to) of hours within the indifference of the best; one that passes midnight ends
        beyond the period.
    indifference
        In units of utility.
    resolved
        Whether the hours given are close enough together: the fastest third of the harmonics adds up to less
        than 2 % of the range. If not, ask for more hours.
    period
        Length of the circle, 24 h.
    curve
        Complex coefficients of the harmonics 0, 1, 2, ... of the expected utility.
    """

    best: float
    utility: float
    worst: float
    worst_utility: float
    mean: float
    gain_mcse: float
    near_optimal: tuple[tuple[float, float], ...]
    indifference: float
    resolved: bool
    period: float
    curve: NDArray[np.complex128]

    def at(self, hour: float | Floats) -> Floats:
        """Return the expected utility at some hours."""
        return _value(self.curve, np.asarray(hour, float), self.period)

    def loss(self, hour: float | Floats) -> Floats:
        """Return what giving it at these hours loses against the best one, in units of utility."""
        return self.utility - self.at(hour)

    def __str__(self) -> str:
        error = "" if math.isnan(self.gain_mcse) else f" +- {self.gain_mcse:.2g} (MCSE)"
        arcs = ", ".join(f"{clock(a)} to {clock(b)}" for a, b in self.near_optimal)
        lines = [
            f"best time    {clock(self.best)}: expected utility {self.utility:.4g}",
            f"any time     {self.mean:.4g}; the best one gains {self.utility - self.mean:.4g}{error}",
            f"worst time   {clock(self.worst)}: {self.worst_utility:.4g}",
            f"as good      {arcs} (within {self.indifference:.3g})",
        ]
        return "\n".join(lines if self.resolved else [*lines, "the hours are too far apart: ask for more"])


def clock(hour: float) -> str:
    """Return an hour of the day as hh:mm."""
    minutes = round(hour * 60) % (24 * 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def best_time_of_day(
    of: Choice | xr.DataArray | Callable[[Floats], Any],
    *,
    indifference: float | None = None,
    period: float = 24.0,
) -> TimeOfDay:
    """Find the hour at which a treatment is worth most.

    Parameters
    ----------
    of
        A choice between options that begin at equally spaced hours (``regimens(..., start=["00:00", "03:00",
        ...], now=...)``): those that differ from the best one in nothing else are compared. Or an array with
        dim ``option``, coordinate ``time_of_day`` (h) on it and perhaps a dim ``draw``. Or a function of
        hours (an array) that returns their expected utility.
    indifference
        Difference that does not matter, in units of utility; 5 % of the range over the day unless given.
    period
        Length of the circle, in hours.

    Returns
    -------
    TimeOfDay

    Raises
    ------
    InputError
        With fewer than three hours, hours that are not equally spaced on the circle, a value that is not
        finite, or an hour that a limit blocks: what would lie between could not be told.
    """
    if not period > 0 or not math.isfinite(period):
        raise InputError(explain("period", came=period, expected="a number of hours above 0"))
    if callable(of):
        first, curve = _asked(of, period)
        return _found(curve, first, np.nan, indifference, period)
    U = _utilities(of)
    hours, values = _on_the_circle(U, period)
    mean = values.mean(axis=0)
    curve = _harmonics(mean)
    found = _found(curve, hours[0], np.nan, indifference, period)
    if len(values) < 2:
        return found
    gain = _gain(values, found.best - hours[0], period)
    groups = independent(U)
    error = (
        float(mcse(deviations(np.asarray(gain, np.float64)[:, None], groups))[0])
        if groups.n > 1
        else math.nan
    )
    return _found(curve, hours[0], error, indifference, period)


def _asked(utility: Callable[[Floats], Any], period: float) -> tuple[float, NDArray[np.complex128]]:
    """Ask a function at more and more hours, until its harmonics die out."""
    n = 24
    while True:
        values = np.asarray(utility(np.arange(n) * (period / n)), dtype=float)
        if values.shape != (n,) or not np.isfinite(values).all():
            wanted = "one finite number for each hour"
            raise InputError(explain("the utility of an hour", came=values.shape, expected=wanted))
        curve = _harmonics(values)
        if _share_of_fast(curve, values) < 1e-12 or 2 * n > _MOST:
            return 0.0, curve
        n *= 2


def _utilities(of: Choice | xr.DataArray) -> xr.DataArray:
    """Return utilities (draw, option) with their hours."""
    if isinstance(of, Choice):
        U, table = of.U, of.table
        if HOURS not in table.coords:
            raise InputError(_no_hours())
        best = int(np.flatnonzero(table["option"].to_numpy() == of.best)[0])
        alike = np.isfinite(table[HOURS].to_numpy())
        for name in searched(table):
            values = fact(table, name)
            if name not in (HOURS, "start") and values is not None:
                alike &= (values == values[best]) | (np.isnan(values) & np.isnan(values[best]))
        alike &= said_alike(table, best)
        if (table["blocked"].to_numpy() & alike).any():
            fix = "search the allowed hours with decide() alone"
            raise InputError(explain("a limit blocks some of the hours", fix=fix))
        U = U.assign_coords({HOURS: ("option", table[HOURS].to_numpy())}).isel(option=alike)
    elif isinstance(of, xr.DataArray) and HOURS in of.coords and "option" in of.dims:
        U = of
    else:
        raise InputError(_no_hours())
    return U if "draw" in U.dims else U.expand_dims("draw")


def _no_hours() -> str:
    return explain(
        f"the options do not say at what time of day they begin (coordinate {HOURS})",
        fix='regimens(..., start=["00:00", "04:00", ...], now="14:30")',
    )


def _on_the_circle(U: xr.DataArray, period: float) -> tuple[Floats, Floats]:
    """Return hours, ascending from 0, and values (draw, hour)."""
    hours = np.mod(U[HOURS].to_numpy().astype(float), period)
    order = np.argsort(hours)
    hours, values = hours[order], U.transpose("draw", "option").to_numpy()[:, order]
    gaps = np.diff(np.append(hours, hours[:1] + period))
    if len(hours) < 3 or not np.allclose(gaps, period / len(hours), rtol=0, atol=1e-6 * period):
        came = ", ".join(f"{h:g}" for h in hours[:8]) + (", ..." if len(hours) > 8 else "")
        wanted = f"three or more, equally spaced over {period:g} h"
        raise InputError(explain("the hours of the options", came=came or "none", expected=wanted))
    if not np.isfinite(values).all():
        raise InputError(explain("a utility is not finite"))
    return hours, values


def _found(
    curve: NDArray[np.complex128], first: float, error: float, indifference: float | None, period: float
) -> TimeOfDay:
    """Read best, worst and near-optimal hours off a curve whose first point is at the hour `first`."""
    turned = curve * np.exp(-2j * np.pi * np.arange(len(curve)) * first / period)
    best, worst = _extremes(turned, period)
    top, bottom = (float(_value(turned, np.array(h), period)) for h in (best, worst))
    delta = 0.05 * (top - bottom) if indifference is None else float(indifference)
    arcs = _near(turned, best, top - delta, period)
    scale = np.array([bottom, top])
    resolved = _share_of_fast(curve, scale) < _UNRESOLVED
    mean = float(curve[0].real)
    return TimeOfDay(best, top, worst, bottom, mean, error, arcs, delta, resolved, period, turned)


def _share_of_fast(curve: NDArray[np.complex128], values: Floats) -> float:
    """Return how much of the range of the values the fastest third of the harmonics may move."""
    fast = 2 * np.abs(curve[1 + (2 * (len(curve) - 1)) // 3 :]).sum()
    width = float(np.ptp(values))
    return float(fast) / width if width > 0 else 0.0


def _harmonics(values: Floats) -> NDArray[np.complex128]:
    """Return the complex coefficients of harmonics 0, 1, 2 ... (last axis); all but the first count twice."""
    n = values.shape[-1]
    curve = np.fft.rfft(values, axis=-1) / n
    if n % 2 == 0:
        curve[..., -1] /= 2
    return curve


def _value(curve: NDArray[np.complex128], hours: Floats, period: float, derivative: int = 0) -> Floats:
    k = np.arange(len(curve))
    rate = 2j * np.pi * k / period
    weight = np.where(k == 0, 1.0, 2.0)
    waves = np.exp(np.multiply.outer(hours, rate))
    made: Floats = (waves @ (weight * curve * rate**derivative)).real
    return made


def _extremes(curve: NDArray[np.complex128], period: float) -> tuple[float, float]:
    """Return the hours of the highest and of the lowest value: roots of the derivative, polished."""
    from scipy.optimize import brentq

    grid = np.arange(_FINE * 2 * len(curve) + 1) * (period / (_FINE * 2 * len(curve)))
    slope = _value(curve, grid, period, 1)
    turns = np.flatnonzero(np.signbit(slope[:-1]) != np.signbit(slope[1:]))

    def root(k: int) -> float:
        f = lambda h: float(_value(curve, np.array(h), period, 1))  # noqa: E731
        return float(brentq(f, grid[k], grid[k + 1], xtol=1e-13, rtol=1e-15)) % period

    hours = np.array([root(int(k)) for k in turns]) if len(turns) else grid[:1]
    values = _value(curve, hours, period)
    return float(hours[values.argmax()]), float(hours[values.argmin()])


def _near(
    curve: NDArray[np.complex128], best: float, least: float, period: float
) -> tuple[tuple[float, float], ...]:
    """Return the stretches in which the value is at least this, to a minute; the best one's first."""
    n = 1440
    grid = best + np.arange(n) * (period / n)
    good = _value(curve, grid, period) >= least
    if good.all():
        return ((0.0, period),)
    good[0] = True
    start = np.flatnonzero(good & ~np.roll(good, 1))
    end = np.flatnonzero(good & ~np.roll(good, -1))
    if end[0] < start[0]:  # the best one's stretch goes round the end of the grid
        start = np.r_[start[-1] - n, start[:-1]]
    step = period / n
    return tuple(_arc(best + a * step, best + b * step, period) for a, b in zip(start, end, strict=True))


def _arc(start: float, end: float, period: float) -> tuple[float, float]:
    turn = math.floor(start / period) * period
    return start - turn, end - turn


def _gain(values: Floats, after: float, period: float) -> Floats:
    """Return each draw's utility at the best hour, less its mean over the day; `after` the first hour."""
    curves = _harmonics(values)
    k = np.arange(curves.shape[1])
    made: Floats = (curves @ (np.where(k == 0, 0.0, 2.0) * np.exp(2j * np.pi * k * after / period))).real
    return made
