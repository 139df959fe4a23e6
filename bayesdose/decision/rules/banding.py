"""Dose banding: a few doses, each for a band of a covariate, that keep most of what individual doses gain.

The best bands of the listed options are found by dynamic programming over the sorted covariate (Bellman 1961,
Commun ACM 4:284; Jenks's and Fisher's natural breaks are the same search). With doses between the options
(`refine`) cuts and doses are then moved in turn until neither gains, as Lloyd (1982, IEEE Trans Inf Theory
28:129) and Max (1960, IRE Trans Inf Theory 6:7) do for quantisers: a cut lies where both doses are worth the
same. Under a squared loss of log dose and a normal covariate the bands are theirs.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from bayesdose.decision.rules.rule import (
    Cell,
    Rule,
    amounts,
    between,
    checked,
    covariate,
    own_best,
    parabola,
    weights,
)
from bayesdose.errors import InputError, explain

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

_COARSE = 160  # stretches of the covariate that the dynamic programme may cut at; then cuts move freely
_SWEEPS = 100
_ROUNDS = 20_000
_SETTLED = 1e-12  # of the range of the covariate: what the cuts may still move


def dose_bands(
    values: xr.DataArray, by: str, bands: int, *, keep: float | None = None, refine: str | None = None
) -> Rule:
    """Find the doses and cut points of so many bands of a covariate that lose least.

    Parameters
    ----------
    values
        Expected utility (subject, option) of a population, as from `by_subject`: the covariate a coordinate
        on subject; coordinate ``weight``, where there is one, how many each stands for.
    by
        The covariate.
    bands
        How many; with `keep` how many at most.
    keep
        Share of what individual doses gain that is to be kept (0.9): the fewest bands that do. So many as
        `bands` says unless given, or where fewer do not.
    refine
        Coordinate of the options ("amount") in which doses between those listed may be given: parabolas in
        its logarithm, and cut points between subjects. The options themselves unless given.

    Returns
    -------
    Rule
        One line for each band; fewer where more gain nothing. Bands are fitted to these subjects, so that
        what they keep is flattering with few: judge them on others (`Rule.judged`).

    Raises
    ------
    InputError
        When the covariate or the coordinate is not there, or no number of bands is stated.
    """
    if not isinstance(bands, int) or isinstance(bands, bool) or bands < 1:
        raise InputError(explain("bands", came=repr(bands), expected="a whole number, 1 or more"))
    if keep is not None and not 0 <= keep <= 1:
        raise InputError(explain("keep", came=repr(keep), expected="a share, 0 to 1"))
    line = _line(checked(values), by, refine)
    plans = _programme(line, bands)
    for plan in plans[-1:] if keep is None else plans:
        rule = _rule(line, _lloyd(line, plan) if refine else _moved(line, plan), by, refine)
        if keep is not None and rule.kept >= keep:
            break
    return rule


def share_kept(values: xr.DataArray, by: str, most: int, *, refine: str | None = None) -> pd.DataFrame:
    """Return what 1, 2, ... bands keep: index the number of bands; kept, regret, value.

    Parameters
    ----------
    values, by, refine
        As in `dose_bands`.
    most
        The largest number of bands.
    """
    rules = {k: dose_bands(values, by, k, refine=refine) for k in range(1, most + 1)}
    rows = {k: [rule.kept, rule.regret, rule.value] for k, rule in rules.items()}
    return pd.DataFrame.from_dict(rows, orient="index", columns=["kept", "regret", "value"])


class _Line(NamedTuple):
    """Subjects along the covariate; those with one value of it are one point."""

    x: Floats  # (point,)
    edges: Floats  # between which a point's subjects are thought to lie, (point + 1,)
    total: Floats  # sums of weighted utility over the points before, (point + 1, option)
    blocked: NDArray[np.int64]  # likewise, subjects who must not have the option
    mass: Floats  # likewise, weights
    top: Floats  # likewise, weighted utility of each subject's own best option
    mean: Floats  # utility of the refined options at each point, (point, option)
    labels: NDArray[np.str_]
    amounts: Floats  # of the options, ascending; empty where doses are not refined
    order: Ints

    def of(self, first: int, last: Ints | int) -> Floats:
        """Return the utility of each option for points first to last - 1; -inf where one must not have it."""
        sums = self.total[last] - self.total[first]
        allowed = self.blocked[last] == self.blocked[first]
        return np.where(allowed, sums, -np.inf)

    def upto(self, cut: float, table: Floats) -> Floats:
        """Return a row of cumulated sums at a cut between edges: points are spread over theirs."""
        k = int(np.clip(np.searchsorted(self.edges, cut, "right") - 1, 0, len(self.x) - 1))
        share = (cut - self.edges[k]) / (self.edges[k + 1] - self.edges[k])
        row: Floats = table[k] + min(max(share, 0.0), 1.0) * (table[k + 1] - table[k])
        return row


class _Plan(NamedTuple):
    """Bands: where each begins (and the end), among points or along the covariate, and what is given."""

    edges: Floats
    options: Ints
    doses: Floats


def _line(values: xr.DataArray, by: str, refine: str | None) -> _Line:
    values = values.isel(subject=weights(values) > 0)
    U, w, x = values.to_numpy(), weights(values), covariate(values, by)
    points, place = np.unique(x, return_inverse=True)
    blocked = np.isnan(U)
    if refine is not None and blocked.any():
        fix = "leave out refine=, or the options that a limit blocks for somebody"
        raise InputError(explain("doses between options of which some are blocked", fix=fix))
    known, order = amounts(values, refine) if refine else (np.empty(0), np.empty(0, dtype=np.intp))
    weighted = np.zeros((len(points), U.shape[1]))
    np.add.at(weighted, place, w[:, None] * np.where(blocked, 0.0, U))
    stopped = np.zeros(weighted.shape, dtype=np.int64)
    np.add.at(stopped, place, blocked.astype(np.int64))
    mass = np.bincount(place, weights=w)
    middle = (points[1:] + points[:-1]) / 2
    reach = np.diff(points).mean() / 2 if len(points) > 1 else 0.5
    edges = np.r_[points[0] - reach, middle, points[-1] + reach]
    labels = values["option"].to_numpy().astype(str)
    top = np.bincount(place, weights=w * own_best(values, refine))
    total, stop, upto, best = (_cumulated(a) for a in (weighted, stopped, mass, top))
    mean = weighted[:, order] / mass[:, None]
    return _Line(points, edges, total, stop, upto, best, mean, labels, known, order)


def _cumulated(values: NDArray) -> NDArray:
    return np.concatenate([np.zeros((1, *values.shape[1:]), dtype=values.dtype), np.cumsum(values, axis=0)])


def _programme(line: _Line, bands: int) -> list[_Plan]:
    """Return the best plan of 1 to `bands` bands that cut at some of the points."""
    n = len(line.x)
    cuts = np.unique(np.linspace(0, n, min(n, _COARSE) + 1).round().astype(int))
    m = len(cuts)
    segment, which = np.full((m, m), -np.inf), np.zeros((m, m), dtype=np.intp)
    for i in range(m - 1):
        worth = line.of(int(cuts[i]), cuts[i + 1 :])
        which[i, i + 1 :] = worth.argmax(axis=1)
        segment[i, i + 1 :] = worth.max(axis=1)
    value = segment[0].copy()
    came: list[Ints] = []
    plans = [_traced(cuts, which, came, m - 1)]
    for _ in range(min(bands, m - 1) - 1):
        every = value[:, None] + segment
        came.append(every.argmax(axis=0))
        value = every.max(axis=0)
        plans.append(_traced(cuts, which, came, m - 1))
    if not np.isfinite(value[-1]):
        raise InputError(
            explain(
                "no option is allowed for everybody in a band", fix="ask for more bands, or other options"
            )
        )
    return plans


def _traced(cuts: Ints, which: Ints, came: list[Ints], end: int) -> _Plan:
    """Return the plan that ends at the last cut, band by band from the last."""
    marks = [end]
    for step in reversed(came):
        marks.append(int(step[marks[-1]]))
    marks = [0, *marks[::-1]]
    options = np.array([which[a, b] for a, b in pairwise(marks)])
    return _Plan(cuts[marks].astype(float), options, np.full(len(options), np.nan))


def _moved(line: _Line, plan: _Plan) -> _Plan:
    """Move cuts to any point, and options with them, until neither gains."""
    edges, options = plan.edges.astype(int), plan.options
    for _ in range(_SWEEPS):
        for j in range(1, len(options)):
            a, b = edges[j - 1], edges[j + 1]
            here = np.arange(a + 1, b)
            left = line.of(a, here)[:, options[j - 1]]
            stop = line.blocked[b, options[j]] > line.blocked[here, options[j]]
            right = line.total[b, options[j]] - line.total[here, options[j]]
            worth = left + np.where(stop, -np.inf, right)
            edges[j] = here[worth.argmax()]
        worths = [line.of(int(a), int(b)) for a, b in pairwise(edges)]
        found = np.array([int(w.argmax()) for w in worths])
        if np.array_equal(found, options):
            break
        options = found
    return _Plan(edges.astype(float), options, plan.doses)


def _lloyd(line: _Line, plan: _Plan) -> _Plan:
    """Move cuts and doses in turn: a dose to the best of its band, a cut to where both are worth the same."""
    cuts = line.edges[plan.edges.astype(int)]
    width = line.edges[-1] - line.edges[0]
    doses = _best_doses(line, cuts)
    for _ in range(_ROUNDS):
        worth = _worths(line, doses)
        moved = cuts.copy()
        for j in range(1, len(doses)):
            moved[j] = _crossing(line.x, worth[j] - worth[j - 1], cuts[j])
        moved[1:-1] = np.clip(np.maximum.accumulate(moved[1:-1]), line.edges[0], line.edges[-1])
        still = np.abs(moved - cuts).max(initial=0.0) <= _SETTLED * width
        cuts, doses = moved, _best_doses(line, moved)
        if still:
            break
    nearest = np.array([int(line.order[np.abs(np.log(line.amounts / d)).argmin()]) for d in doses])
    return _Plan(cuts, nearest, doses)


def _worths(line: _Line, doses: Floats) -> list[Floats]:
    """Return the mean utility of each dose at every point, (point,)."""
    return [between(line.amounts, line.mean, float(d)) for d in doses]


def _best_doses(line: _Line, cuts: Floats) -> Floats:
    return np.array([_best_dose(line, a, b)[0] for a, b in pairwise(cuts)])


def _best_dose(line: _Line, start: float, end: float) -> tuple[float, float]:
    """Return the dose for a stretch of the covariate that is worth most, and its sum of utilities."""
    sums = line.upto(end, line.total[:, line.order]) - line.upto(start, line.total[:, line.order])
    dose, height = parabola(line.amounts, sums)
    return float(dose), float(height)


def _crossing(x: Floats, gain: Floats, near: float) -> float:
    """Return where the gain of the next dose changes sign nearest to a cut; the cut where it does not."""
    turns = np.flatnonzero(np.signbit(gain[:-1]) != np.signbit(gain[1:]))
    if not len(turns):
        return near
    at = x[turns] + (x[turns + 1] - x[turns]) * gain[turns] / (gain[turns] - gain[turns + 1])
    return float(at[np.abs(at - near).argmin()])


def _rule(line: _Line, plan: _Plan, by: str, refine: str | None) -> Rule:
    """Write a plan as a rule; neighbouring bands with the same option become one."""
    marks = plan.edges if refine else line.edges[plan.edges.astype(int)]
    new = np.r_[True, plan.options[1:] != plan.options[:-1]] | (refine is not None)
    starts = np.flatnonzero(new).tolist()
    ends = [*starts[1:], len(plan.options)]
    cells, value = [], 0.0
    for k, last in zip(starts, ends, strict=True):
        low, high = float(marks[k]), float(marks[last])
        mass, top = (line.upto(high, t) - line.upto(low, t) for t in (line.mass, line.top))
        sums = line.upto(high, line.total) - line.upto(low, line.total)
        worth = _best_dose(line, low, high)[1] if refine else float(sums[plan.options[k]])
        value += worth
        bounds = -math.inf if k == 0 else low, math.inf if last == len(plan.options) else high
        regret = max(float(top) - worth, 0.0) / float(mass) if mass > 0 else 0.0
        label = str(line.labels[plan.options[k]])
        cells.append(Cell({by: bounds}, label, float(plan.doses[k]), float(mass), regret))
    return Rule(tuple(cells), value, _single(line, refine), float(line.top[-1]), refine)


def _single(line: _Line, refine: str | None) -> float:
    """Return the utility of the best option for everybody; nan where none is allowed for all."""
    if refine:
        return _best_dose(line, float(line.edges[0]), float(line.edges[-1]))[1]
    highest = float(line.of(0, len(line.x)).max())
    return highest if math.isfinite(highest) else math.nan
