"""Exposure metrics: where a concentration is sampled, and what number the samples become.

A metric looks at one dosing interval, the window ``[dose, next dose)`` that the options name. Between
doses a concentration is smooth, so a few well-placed samples give maximum and integral to 1e-6 (while the
fastest rate times the window is below 100; 1e-4 up to 1000): they are placed at ``t = a + (b - a) s^2``,
dense where an absorption or a distribution phase is fast.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bayesdose.card import Units
from bayesdose.units import factor

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Window = tuple[float, float]

_PEAK_NODES, _AUC_NODES, _FINE = 41, 24, 32


@dataclass(frozen=True)
class Sampling:
    """Where to sample one window, and how the samples become the metric.

    Parameters
    ----------
    times
        Model times, (time,).
    sides
        -1 for the left limit (before a dose at that time), +1 for after it, (time,).
    reduce
        Takes concentrations (..., time), returns the metric (...), or (..., k) for several.
    """

    times: Floats
    sides: Ints
    reduce: Callable[[Floats], Floats]


class Exposure(Protocol):
    """What every metric has.

    `after_dose` says which future dose opens the window, as Python counts (-1 the last), or None for a
    metric without a window; `label` is for people.
    """

    @property
    def after_dose(self) -> int | None:
        """Which dose opens the window."""

    @property
    def label(self) -> str:
        """What it is, for people."""

    def unit(self, units: Units) -> str:
        """Return its unit in a model's units."""

    def sampling(self, window: Window, doses: Floats, units: Units) -> Sampling:
        """Return where to sample `window`, given the times of the doses (any order)."""


@dataclass(frozen=True)
class Trough:
    """Concentration at the end of the interval, just before the next dose."""

    after_dose: int = -1

    @property
    def label(self) -> str:
        """What it is, for people."""
        return f"trough after {_which(self.after_dose)}"

    def unit(self, units: Units) -> str:
        """Return the concentration's unit."""
        return units.concentration

    def sampling(self, window: Window, doses: Floats, units: Units) -> Sampling:
        """Sample the left limit at the window's end."""
        return Sampling(np.array([window[1]]), np.array([-1]), lambda c: c[..., 0])


@dataclass(frozen=True)
class Peak:
    """Highest concentration of the interval, the instant after its dose included."""

    after_dose: int = -1

    @property
    def label(self) -> str:
        """What it is, for people."""
        return f"peak after {_which(self.after_dose)}"

    def unit(self, units: Units) -> str:
        """Return the concentration's unit."""
        return units.concentration

    def sampling(self, window: Window, doses: Floats, units: Units) -> Sampling:
        """Sample Chebyshev points of every piece between doses; the maximum is that of their polynomial."""
        pieces = _pieces(window, doses)
        s = _chebyshev(_PEAK_NODES)
        times = np.concatenate([a + (b - a) * s**2 for a, b in pieces])
        sides = np.tile(np.r_[np.ones(_PEAK_NODES - 1, int), -1], len(pieces))
        return Sampling(times, sides, lambda c: _split(c, _PEAK_NODES, _maximum).max(axis=-1))


@dataclass(frozen=True)
class AUC24:
    """Area under the concentration over the interval, per 24 hours: ``AUC_tau 24 h / tau``."""

    after_dose: int = -1

    @property
    def label(self) -> str:
        """What it is, for people."""
        return f"AUC per 24 h after {_which(self.after_dose)}"

    def unit(self, units: Units) -> str:
        """Return concentration times time."""
        return f"{units.concentration}*{units.time}"

    def sampling(self, window: Window, doses: Floats, units: Units) -> Sampling:
        """Sample Gauss-Legendre points of every piece between doses."""
        s, w = _gauss(_AUC_NODES)
        pieces = _pieces(window, doses)
        times = np.concatenate([a + (b - a) * s**2 for a, b in pieces])
        day = 24.0 * factor("h", units.time) / (window[1] - window[0])
        weights = day * np.concatenate([(b - a) * 2.0 * s * w for a, b in pieces])
        return Sampling(times, np.ones(len(times), int), lambda c: c @ weights)


@dataclass(frozen=True)
class ConcentrationAt:
    """Concentrations at given model times, after a dose at the same time; it has no window."""

    times: tuple[float, ...]
    after_dose: None = None

    @property
    def label(self) -> str:
        """What it is, for people."""
        return "concentration"

    def unit(self, units: Units) -> str:
        """Return the concentration's unit."""
        return units.concentration

    def sampling(self, window: Window, doses: Floats, units: Units) -> Sampling:
        """Sample the times themselves."""
        return Sampling(np.array(self.times, dtype=float), np.ones(len(self.times), int), lambda c: c)


def trough(after_dose: int = -1) -> Trough:
    """Return the trough after a future dose, as Python counts them (-1 is the last).

    In the card's concentration unit. An option without doses is read at the end of the longest option.
    """
    return Trough(after_dose)


def peak(after_dose: int = -1) -> Peak:
    """Return the highest concentration between a future dose and the next, in the card's unit."""
    return Peak(after_dose)


def auc24(after_dose: int = -1) -> AUC24:
    """Return the area under the curve of a dosing interval per 24 hours, in concentration times time."""
    return AUC24(after_dose)


def concentration_at(times: Sequence[float] | Floats) -> ConcentrationAt:
    """Return the concentrations at absolute model times; the outcome gets a third dim."""
    return ConcentrationAt(tuple(float(t) for t in times))


def _which(after_dose: int) -> str:
    return (
        "the last dose" if after_dose == -1 else f"dose {after_dose + 1 if after_dose >= 0 else after_dose}"
    )


def _pieces(window: Window, doses: Floats) -> list[Window]:
    """Cut the window at the doses inside it."""
    inside = np.unique(doses[(doses > window[0]) & (doses < window[1])])
    edges = np.concatenate([[window[0]], inside, [window[1]]])
    return list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))


def _split(c: Floats, n: int, reduce: Callable[[Floats], Floats]) -> Floats:
    """Reduce each piece of n samples: (..., pieces n) to (..., pieces)."""
    return np.stack([reduce(c[..., i : i + n]) for i in range(0, c.shape[-1], n)], axis=-1)


@cache
def _gauss(n: int) -> tuple[Floats, Floats]:
    """Gauss-Legendre points and weights on [0, 1]."""
    x, w = np.polynomial.legendre.leggauss(n)
    return (x + 1) / 2, w / 2


@cache
def _chebyshev(n: int) -> Floats:
    """Chebyshev points of the second kind on [0, 1], ends included."""
    points: Floats = (1 - np.cos(np.pi * np.arange(n) / (n - 1))) / 2
    return points


@cache
def _around(n: int, k: int) -> Floats:
    """Interpolate from the n points to a fine grid between the neighbours of the k-th: (fine, n).

    Barycentric form of the second kind (Berrut & Trefethen 2004, SIAM Review 46:501, eq. 5.4).
    """
    x = _chebyshev(n)
    fine = np.linspace(x[max(k - 1, 0)], x[min(k + 1, n - 1)], _FINE + 1)
    weight = (-1.0) ** np.arange(n)
    weight[[0, -1]] /= 2
    gap = fine[:, None] - x
    hit = gap == 0
    terms = np.where(hit.any(axis=1, keepdims=True), hit, weight / np.where(hit, 1.0, gap))
    made: Floats = terms / terms.sum(axis=1, keepdims=True)
    return made


def _maximum(c: Floats) -> Floats:
    """Maximum of the polynomial through the samples (..., n), near the largest sample; never below it."""
    flat = c.reshape(-1, c.shape[-1])
    n, at = flat.shape[1], np.argmax(flat, axis=1)
    found = flat[np.arange(len(flat)), at]
    for k in np.unique(at):
        rows = at == k
        fine = flat[rows] @ _around(n, int(k)).T
        found[rows] = np.maximum(found[rows], _vertex(fine))
    return found.reshape(c.shape[:-1])


def _vertex(fine: Floats) -> Floats:
    """Top of the parabola through the largest of equally spaced values (row, fine) and its neighbours."""
    at = np.clip(np.argmax(fine, axis=1), 1, fine.shape[1] - 2)
    rows = np.arange(len(fine))
    left, top, right = fine[rows, at - 1], fine[rows, at], fine[rows, at + 1]
    bend = left - 2 * top + right
    inside = (top >= left) & (top >= right) & (bend < 0)
    gain = np.where(inside, -((right - left) ** 2) / (8 * np.where(inside, bend, -1.0)), 0.0)
    return np.maximum(fine.max(axis=1), top + gain)
