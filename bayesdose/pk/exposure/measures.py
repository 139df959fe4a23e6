"""What is measured of a profile: its integral, its highest and lowest value, the time above a threshold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bayesdose.pk.exposure import chebyshev
from bayesdose.pk.exposure.adaptive import Bools, Floats, Ints, Segments, Size

_TINY = 1e-300
_ROUGH = (
    1e-4  # last coefficients, as part of the values, of a polynomial that is of no use between its points
)
_TIE = 1e-9  # values that are equal but for rounding
_TOP, _TIME = 10.0, 1e3  # by how much the value and the time of a top are less certain than a polynomial
_LEVEL = 1e-11  # a slope that is nothing but rounding, as part of the values
_LEAST = 1e-3  # of the largest value: below it, a value is no measure for its own error


class _Sum:
    """What is the sum of its parts."""

    def nothing(self, n: int) -> Floats:
        """Return zeros."""
        return np.zeros((n, 1))

    def gather(self, total: Floats, row: Ints, parts: Floats) -> None:
        """Add the parts."""
        np.add.at(total, row, parts)


@dataclass(frozen=True)
class Integral(_Sum):
    """Area under the curve."""

    def of(self, segments: Segments) -> Floats:
        """Integrate the polynomial."""
        made: Floats = segments.integrand @ chebyshev.weights(segments.c.shape[1])
        return made[:, None]

    def doubt(self, segments: Segments, size: Size) -> Floats:
        """Compare the last coefficients over the piece with the whole integral."""
        made: Floats = segments.tail * segments.pieces.length / np.maximum(size.area, _TINY)
        return made


@dataclass(frozen=True)
class Extreme:
    """The highest value (or the lowest) and its time; the earliest where several are equal.

    Parameters
    ----------
    sign
        1 for the highest, -1 for the lowest.
    when
        Whether the time is the result, and not the value.
    """

    sign: int = 1
    when: bool = False

    def nothing(self, n: int) -> Floats:
        """Return what every value is beyond, and no time."""
        nowhere = [np.full(n, -self.sign * np.inf), np.full(n, np.inf)]
        return np.stack(nowhere[::-1] if self.when else nowhere, axis=1)

    def of(self, segments: Segments) -> Floats:
        """Find the top of the polynomial beside the largest sample."""
        c = segments.c * self.sign
        at = np.argmax(c, axis=1)
        x, top = chebyshev.points(c.shape[1])[at], c[np.arange(len(c)), at]
        found, place = _tops(segments, self.sign, at, 1e-12 if self.when else 1e-5)
        better = (found > top) & (segments.tail <= _ROUGH * np.abs(c).max(axis=1))
        x, top = np.where(better, place, x), np.where(better, found, top)
        both = [top * self.sign, segments.pieces.time(x[:, None])[:, 0]]
        return np.stack(both[::-1] if self.when else both, axis=1)

    def gather(self, total: Floats, row: Ints, parts: Floats) -> None:
        """Keep the most extreme, and the earliest time at which it is reached."""
        value, time = (1, 0) if self.when else (0, 1)
        row, parts = np.concatenate([np.arange(len(total)), row]), np.concatenate([total, parts])
        height = parts[:, value] * self.sign
        best = np.full(len(total), -np.inf)
        np.maximum.at(best, row, height)
        reached = height >= best[row] - _TIE * np.abs(best[row])
        total[:, value], total[:, time] = best * self.sign, np.inf
        np.minimum.at(total[:, time], row[reached], parts[reached, time])

    def doubt(self, segments: Segments, size: Size) -> Floats:
        """Ask by how much the top may lie above the found one, if it can be in this piece at all."""
        c = segments.c * self.sign
        best = size.highest if self.sign > 0 else -size.lowest
        unit = np.maximum(np.abs(best), _LEAST * size.largest)
        rough = _roughness(c)
        possible = c.max(axis=1) + rough + _TOP * segments.tail >= best
        wrong = np.minimum(segments.tail * (_TIME if self.when else _TOP), rough)
        made: Floats = np.where(possible, wrong / np.maximum(unit, _TINY), 0.0)
        return made


@dataclass(frozen=True)
class TimeBeyond(_Sum):
    """Time for which the value is above a threshold, or below it.

    Parameters
    ----------
    threshold
        In the unit of the concentration.
    sign
        1 for above, -1 for below.
    """

    threshold: float
    sign: int = 1

    def of(self, segments: Segments) -> Floats:
        """Add up the time between the crossings of the polynomial."""

        def clock(piece: Ints, x: Floats) -> Floats:
            own = segments.pieces.take(piece)
            return (own.time(x[:, None]) - own.time(np.zeros(1)))[:, 0]

        return _between_crossings(_less(segments, self.threshold, self.sign), clock)

    def doubt(self, segments: Segments, size: Size) -> Floats:
        """Compare an error in the crossings, that of the value by the slope, with the window."""
        f = segments.c - self.threshold
        step = np.diff(segments.pieces.time(chebyshev.points(f.shape[1])), axis=1)
        crossed = (f[:, :-1] > 0) != (f[:, 1:] > 0)
        flat = np.where(crossed, step / np.maximum(np.abs(np.diff(f)), _TINY), 0.0).max(axis=1)
        spread = np.maximum(np.ptp(f, axis=1), _TINY)
        smooth = segments.tail <= _ROUGH * spread
        at_crossing = np.where(smooth, segments.tail * flat, (crossed * step).sum(axis=1))
        near = np.abs(f).min(axis=1) <= 10.0 * segments.tail
        touching = np.where(near, np.sqrt(segments.tail / spread) * segments.pieces.length, 0.0)
        made: Floats = np.where(crossed.any(axis=1), at_crossing, touching) / size.length
        return np.minimum(made, segments.pieces.length / size.length)


@dataclass(frozen=True)
class Excess(_Sum):
    """Area between the curve and a threshold, where the curve is above it."""

    threshold: float

    def of(self, segments: Segments) -> Floats:
        """Add up the area between the crossings of the polynomial."""
        above = _less(segments, self.threshold)
        area = above.integrand @ chebyshev.antiderivative(above.c.shape[1]).T
        return _between_crossings(above, lambda row, x: chebyshev.evaluate(area[row], x))

    def doubt(self, segments: Segments, size: Size) -> Floats:
        """Compare with the whole area under the curve, where the piece is not below the threshold."""
        possible = segments.c.max(axis=1) + 10.0 * segments.tail > self.threshold
        return np.where(possible, Integral().doubt(segments, size), 0.0)


def _less(segments: Segments, threshold: float, sign: int = 1) -> Segments:
    return Segments(segments.pieces, (segments.c - threshold) * sign)


class _Brackets(NamedTuple):
    """Places between which polynomials have a root, and the values there."""

    row: Ints
    left: Floats
    right: Floats
    at_left: Floats
    at_right: Floats


def _between_crossings(f: Segments, primitive: Callable[[Ints, Floats], Floats]) -> Floats:
    """Integrate over where f > 0, by the primitive of the integrand at (row, place): (row, 1).

    The integral is the primitive at every place where f stops to be positive, less that where it begins to.
    """
    n = f.c.shape[1]
    x, positive = chebyshev.points(n), f.c > 0
    last, first = np.flatnonzero(positive[:, -1]), np.flatnonzero(positive[:, 0])
    total = np.zeros(len(f.c))
    total[last] += primitive(last, np.ones(len(last)))
    total[first] -= primitive(first, np.zeros(len(first)))
    row, cell = np.nonzero(positive[:, :-1] != positive[:, 1:])
    once = _Brackets(row, x[cell], x[cell + 1], f.c[row, cell], f.c[row, cell + 1])
    for there in (once, *_twice(f, positive)):
        at = chebyshev.root(f.c[there.row], *there[1:])
        np.add.at(total, there.row, np.where(there.at_left > 0, 1.0, -1.0) * primitive(there.row, at))
    return total[:, None]


def _twice(f: Segments, positive: Bools) -> list[_Brackets]:
    """Find the pairs of crossings between two neighbouring points, either side of a stationary place."""
    x = chebyshev.points(f.c.shape[1])
    slope = f.derivative().c
    toward = np.where(positive, slope, -slope)  # a curve that turns back from zero: it falls, then rises
    same = positive[:, :-1] == positive[:, 1:]
    row, cell = np.nonzero(same & (toward[:, :-1] < 0) & (toward[:, 1:] > 0))
    turn = chebyshev.root(slope[row], x[cell], x[cell + 1], slope[row, cell], slope[row, cell + 1])
    there = chebyshev.evaluate(f.c[row], turn)
    met = (there > 0) != positive[row, cell]
    row, cell, turn, there = row[met], cell[met], turn[met], there[met]
    before = _Brackets(row, x[cell], turn, f.c[row, cell], there)
    return [before, _Brackets(row, turn, x[cell + 1], there, f.c[row, cell + 1])]


def _tops(segments: Segments, sign: int, at: Ints, step: float) -> tuple[Floats, Floats]:
    """Return the value (times sign) and place of the stationary point beside the largest sample, else -inf.

    A value is as exact as the square of its place, to which `step` applies.
    """
    n = segments.c.shape[1]
    x, rows = chebyshev.points(n), np.arange(len(at))
    left = np.clip(np.where(segments.slope(at) * sign > 0, at, at - 1), 0, n - 2)
    before, behind = segments.slope(left) * sign, segments.slope(left + 1) * sign
    turns = (before > _LEVEL * np.abs(segments.c).max(axis=1)) & (behind < 0)
    row, left = rows[turns], left[turns]
    slope = segments.take(row).derivative().c * sign
    place, top = np.zeros(len(rows)), np.full(len(rows), -np.inf)
    place[row] = chebyshev.root(slope, x[left], x[left + 1], before[turns], behind[turns], step)
    top[row] = chebyshev.evaluate(segments.c[row] * sign, place[row])
    return top, place


def _roughness(c: Floats) -> Floats:
    """Return how much c changes over two points beside its largest, on the side where it changes less."""
    n = c.shape[1]
    at, rows = np.argmax(c, axis=1), np.arange(len(c))
    step = np.abs(np.diff(c, axis=1))

    def change(first: Ints, second: Ints, inside: Bools) -> Floats:
        both = step[rows, np.clip(first, 0, n - 2)] + step[rows, np.clip(second, 0, n - 2)]
        return np.where(inside, both, np.inf)

    return np.minimum(change(at, at + 1, at <= n - 3), change(at - 1, at - 2, at >= 2))
