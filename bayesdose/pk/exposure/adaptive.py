"""A profile in pieces, each a polynomial, cut smaller for the draws that need it.

Between changes of the input a concentration is smooth, and one polynomial a stretch, in the root of the time
since its start (so that points are dense after a dose), is exact to 1e-9 while the fastest rate times the
stretch is below 20. Where that is not enough, because a process is faster or because the input changes at a
time that only the model knows (lag, modelled duration), the last coefficients of the polynomial tell so: the
piece is cut for those draws, and sampled again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from bayesdose.pk.exposure import chebyshev

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Window = tuple[float, float]
Sampler = Callable[[Floats, Ints, Ints], Floats]
"""Takes times (time,), their sides (time,) and draws (row,); returns concentrations (row, time)."""

NODES, FINE_NODES, CUTS = 33, 17, 8
"""Points of a stretch, points of the pieces it is cut into, and how many these are at a time."""

TOLERANCE = 1e-6
"""What a piece may leave in doubt, of the whole; the doubt is far above the error where all is smooth."""

SHORTEST = 1e-7
"""Part of the window that is not cut further."""

_NOISE = 1e-4  # coefficients that no cut makes smaller are the noise of a solver, if they are below this
_TOGETHER = 100_000  # concentrations: a call costs as much as so many of them


@dataclass(frozen=True)
class Pieces:
    """Parts of stretches of time: each from `low` to `high` (0 to 1) in the root of the time since `start`.

    All are columns, (piece, 1), or of one row for many segments of the same piece.
    """

    start: Floats
    end: Floats
    low: Floats
    high: Floats

    def time(self, x: Floats) -> Floats:
        """Return the times at places of the pieces, 0 to 1, (piece, x)."""
        return self.start + (self.end - self.start) * (self.low + (self.high - self.low) * x) ** 2

    def speed(self, x: Floats) -> Floats:
        """Return the derivatives of `time`."""
        width = self.high - self.low
        return (2.0 * (self.end - self.start) * width) * (self.low + width * x)

    @property
    def length(self) -> Floats:
        """How long they are, (piece,)."""
        return ((self.end - self.start) * (self.high - self.low) * (self.high + self.low))[:, 0]

    def take(self, which: Ints | Bools) -> Pieces:
        """Return some of them, perhaps some several times."""
        if len(self.start) == 1:
            return self
        return Pieces(*(part[which] for part in (self.start, self.end, self.low, self.high)))

    def each(self, n: int) -> Pieces:
        """Return them with a row for each of n segments."""
        return Pieces(
            *(np.broadcast_to(part, (n, 1)) for part in (self.start, self.end, self.low, self.high))
        )

    def cut(self) -> Pieces:
        """Return their parts, (piece part,)."""
        edges = np.linspace(0.0, 1.0, CUTS + 1)
        at = self.low + (self.high - self.low) * edges
        at[:, -1:] = self.high
        start, end = np.repeat(self.start, CUTS, axis=0), np.repeat(self.end, CUTS, axis=0)
        return Pieces(start, end, at[:, :-1].reshape(-1, 1), at[:, 1:].reshape(-1, 1))

    def samples(self, n: int) -> tuple[Floats, Ints]:
        """Return n times for each and their sides; the end of a stretch is before what happens then."""
        times, sides = self.time(chebyshev.points(n)), np.ones((len(self.start), n), dtype=np.int64)
        closing = self.high[:, 0] == 1.0
        times[closing, -1] = self.end[closing, 0]
        sides[closing, -1] = -1
        return times.ravel(), sides.ravel()


@dataclass(frozen=True)
class Segments:
    """Concentrations (piece, node) at the points of pieces."""

    pieces: Pieces
    c: Floats

    @cached_property
    def tail(self) -> Floats:
        """Their last coefficients, (piece,)."""
        return chebyshev.tail(self.c)

    def slope(self, at: Ints) -> Floats:
        """Return the derivatives of the polynomials, each at one of its points, (piece,)."""
        made: Floats = np.einsum("ij,ij->i", self.c, chebyshev.derivative(self.c.shape[1])[at])
        return made

    def derivative(self) -> Segments:
        """Return the derivatives of the polynomials."""
        return Segments(self.pieces, self.c @ chebyshev.derivative(self.c.shape[1]).T)

    @property
    def integrand(self) -> Floats:
        """What to integrate over the points to integrate over time, (piece, node)."""
        return self.c * self.pieces.speed(chebyshev.points(self.c.shape[1]))

    def take(self, which: Ints | Bools) -> Segments:
        """Return some of them."""
        return Segments(self.pieces.take(which), self.c[which])


class Size(NamedTuple):
    """What doubts are compared with, for the draw of each piece (piece,), and the length of the window."""

    length: float
    area: Floats
    """Integral of the absolute concentration."""
    highest: Floats
    lowest: Floats

    @property
    def largest(self) -> Floats:
        """The largest absolute concentration."""
        return np.maximum(np.abs(self.highest), np.abs(self.lowest))

    def of(self, row: Ints) -> Size:
        """Return those of some draws."""
        return Size(self.length, self.area[row], self.highest[row], self.lowest[row])


class Measure(Protocol):
    """A number of a profile that is put together from numbers of its pieces."""

    def nothing(self, n: int) -> Floats:
        """Return the measure of no piece, for n draws, (draw, k); the first of the k is the result."""

    def of(self, segments: Segments) -> Floats:
        """Return the parts that pieces have in it, (piece, k)."""

    def gather(self, total: Floats, row: Ints, parts: Floats) -> None:
        """Put parts of the draws in `row` into the total (draw, k)."""

    def doubt(self, segments: Segments, size: Size) -> Floats:
        """Return what the pieces may be wrong by, as a part of the whole, (piece,)."""


def stretches(window: Window, breaks: Floats) -> Pieces:
    """Cut the window at the breaks inside it."""
    inside = np.unique(breaks[(breaks > window[0]) & (breaks < window[1])])
    edges = np.concatenate([[window[0]], inside, [window[1]]])[:, None]
    return Pieces(edges[:-1], edges[1:], np.zeros((len(edges) - 1, 1)), np.ones((len(edges) - 1, 1)))


def measured(measure: Measure, pieces: Pieces, c: Floats, sample: Sampler | None) -> Floats:
    """Return the measure of a window.

    Parameters
    ----------
    measure
        What to compute.
    pieces
        The stretches of the window.
    c
        Concentrations at `NODES` points of each, (draw, piece node).
    sample
        Gives more of them; without it nothing is cut.

    Returns
    -------
    ndarray
        (draw,); nan where a concentration is not finite.
    """
    failed = ~np.isfinite(c).all(axis=1)
    c = np.where(failed[:, None], 0.0, c) if failed.any() else c
    n, m = len(c), len(pieces.start)
    segments = Segments(pieces.take(np.tile(np.arange(m), n)), c.reshape(n * m, NODES))
    size, total, row = _size(segments, m), measure.nothing(n), np.repeat(np.arange(n), m)
    poor = measure.doubt(segments, size.of(row)) > TOLERANCE if sample else np.zeros(n * m, dtype=bool)
    while True:
        good = segments.take(~poor) if poor.any() else segments
        measure.gather(total, row[~poor], measure.of(good))
        if sample is None or not poor.any():
            return np.where(failed, np.nan, total[:, 0])
        row, before = row[poor], segments.take(poor)
        segments, parents = _cut(before, row, sample), before.tail
        row = np.repeat(row, CUTS)
        here = size.of(row)
        hopeless = segments.pieces.length <= SHORTEST * size.length
        poor = (measure.doubt(segments, here) > TOLERANCE) & ~hopeless & ~_noisy(segments, parents, here)


def _size(segments: Segments, m: int) -> Size:
    area = np.abs(segments.integrand) @ chebyshev.weights(NODES)
    c = segments.c.reshape(-1, m * NODES)
    length = float(segments.pieces.end[m - 1, 0] - segments.pieces.start[0, 0])
    return Size(length, area.reshape(-1, m).sum(axis=1), c.max(axis=1), c.min(axis=1))


def _cut(segments: Segments, row: Ints, sample: Sampler) -> Segments:
    """Sample the parts of pieces, each for its draw, (piece part,)."""
    p = segments.pieces.each(len(row))
    _, first, place = np.unique(
        np.concatenate([p.start, p.low, p.high], axis=1), axis=0, return_index=True, return_inverse=True
    )
    place = place.ravel()
    c = np.empty((len(row), CUTS * FINE_NODES))
    for begin, end in _groups(np.bincount(place)):
        some = np.flatnonzero((place >= begin) & (place < end))
        draws, own = np.unique(row[some], return_inverse=True)
        times, sides = p.take(first[begin:end]).cut().samples(FINE_NODES)
        found = sample(times, sides, draws).reshape(len(draws), end - begin, -1)
        c[some] = found[own, place[some] - begin]
    return Segments(p.cut(), c.reshape(-1, FINE_NODES))


def _groups(draws: Ints) -> Iterator[tuple[int, int]]:
    """Put pieces together that are best sampled in one call, the draws of all at the times of all."""
    begin, together = 0, 0
    for k, n in enumerate(draws.tolist()):
        if begin < k and (together + n) * (k + 1 - begin) * CUTS * FINE_NODES > _TOGETHER:
            yield begin, k
            begin, together = k, 0
        together += n
    yield begin, len(draws)


def _noisy(segments: Segments, parents: Floats, size: Size) -> Bools:
    """Tell where cutting does not help: most parts are as rough as the whole was."""
    before = np.repeat(parents, CUTS)
    as_rough = (segments.tail > before / 2).reshape(-1, CUTS).sum(axis=1) >= CUTS // 2
    made: Bools = np.repeat(as_rough, CUTS) & (before < _NOISE * size.largest)
    return made
