"""Rules on several covariates: a shallow tree, and a table of cells.

A tree of depth d is searched whole, not greedily: every first cut with the best trees of depth d - 1 below,
after the policy trees of Athey & Wager (2021, Econometrica 89:133) and Zhou, Athey & Wager (2023, Oper Res
71:148). Cuts are tried at quantiles of each covariate.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, product

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayesdose.decision.rules.rule import Cell, Rule, checked, covariate, own_best, weights
from bayesdose.errors import InputError, explain

Floats = NDArray[np.float64]
Bounds = dict[str, tuple[float, float]]

_DEEPEST = 3


@dataclass(frozen=True)
class _People:
    """A population: covariates (name, subject), weighted utilities (subject, option), -inf where blocked."""

    x: Mapping[str, Floats]
    worth: Floats
    w: Floats
    best: Floats
    labels: NDArray[np.str_]

    def leaf(self, here: NDArray[np.intp]) -> tuple[float, int]:
        """Return the value of the best option for these subjects, and which one."""
        sums = self.worth[here].sum(axis=0)
        return float(sums.max()), int(sums.argmax())

    def rule(self, leaves: Sequence[tuple[Bounds, NDArray[np.intp]]]) -> Rule:
        """Return the rule that gives each leaf its best option."""
        cells, value = [], 0.0
        for bounds, here in leaves:
            worth, option = self.leaf(here)
            if not math.isfinite(worth):
                raise InputError(
                    explain(
                        "no option is allowed for everybody in a cell of the rule",
                        came=" and ".join(bounds) or "everybody",
                        fix="allow more cells, or add other options",
                    )
                )
            share = float(self.w[here].sum())
            lost = max(float(self.w[here] @ self.best[here]) - worth, 0.0)
            cells.append(
                Cell(bounds, str(self.labels[option]), math.nan, share, lost / share if share else 0.0)
            )
            value += worth
        one = self.leaf(np.arange(len(self.w)))[0]
        return Rule(tuple(cells), value, one if math.isfinite(one) else math.nan, float(self.w @ self.best))


@dataclass(frozen=True)
class _Tree:
    """A leaf, or a cut of a covariate with what is below and above it."""

    value: float
    name: str = ""
    cut: float = math.nan
    sides: tuple[_Tree, ...] = field(default=())


def decision_tree(
    values: xr.DataArray, on: Sequence[str], *, depth: int = 2, cuts: int = 12, least: float = 0.05
) -> Rule:
    """Find the shallow tree on covariates that loses least.

    Parameters
    ----------
    values
        Expected utility (subject, option) of a population, as from `by_subject`, the covariates on subject.
    on
        The covariates that may be asked for, numbers (a genotype as a number of alleles or 0 and 1).
    depth
        Questions asked of a patient, at most 1, 2 or 3.
    cuts
        Cut points that are tried of each covariate, at its quantiles (between all its values, if fewer).
    least
        Smallest share of the population at a leaf.

    Returns
    -------
    Rule
        One line for each leaf. A cut that gains nothing is not made. The tree is fitted to these subjects:
        judge it on others (`Rule.judged`).

    Raises
    ------
    InputError
        When a covariate is not there, or depth, cuts or least cannot be.
    """
    if isinstance(on, str) or not list(on):
        raise InputError(explain("on", came=repr(on), expected='a list of covariates, such as ["WT", "AGE"]'))
    if depth not in range(1, _DEEPEST + 1) or isinstance(depth, bool):
        raise InputError(explain("depth", came=repr(depth), expected=f"1 to {_DEEPEST}"))
    if not (isinstance(cuts, int) and cuts >= 1 and 0 <= least < 0.5):
        came = f"cuts={cuts!r}, least={least!r}"
        raise InputError(
            explain("the tree's cuts", came=came, expected="cuts >= 1, least from 0 to below 0.5")
        )
    people = _people(values, on)
    tried = {name: _cut_points(x, people.w, cuts) for name, x in people.x.items()}
    everybody = np.arange(len(people.w))
    tree = _grown(people, everybody, tried, depth, least)
    return people.rule(list(_leaves(people, tree, everybody, {})))


def dose_table(values: xr.DataArray, cuts: Mapping[str, Sequence[float] | int]) -> Rule:
    """Return a table of doses: the best option in each cell of given cut points.

    Parameters
    ----------
    values
        As in `decision_tree`.
    cuts
        Covariate to its cut points (``{"WT": [10, 20], "CRCL": [30, 60]}``; a cell goes up to and including a
        cut), or to the number of cells with like shares of the population.

    Returns
    -------
    Rule
        One line for each cell that somebody is in; the others take the option that is best for those who
        share their first covariate's range, or for everybody.

    Raises
    ------
    InputError
        When a covariate is not there or cut points do not rise.
    """
    people = _people(values, list(cuts))
    ranges = {name: _ranges(people.x[name], people.w, given, name) for name, given in cuts.items()}
    leaves = []
    for some in product(*ranges.values()):
        bounds = dict(zip(ranges, some, strict=True))
        leaves.append((bounds, _nearest_people(people, bounds)))
    rule = people.rule([(b, here) for b, (here, inside) in leaves if inside])
    empty = [_borrowed(people, b, here) for b, (here, inside) in leaves if not inside]
    return Rule((*rule.cells, *empty), rule.value, rule.one, rule.individual)


def _people(values: xr.DataArray, on: Sequence[str]) -> _People:
    known = checked(values)
    w = weights(known)
    U = known.to_numpy()
    worth = np.where(np.isnan(U), -np.inf, w[:, None] * np.where(np.isnan(U), 0.0, U))
    labels = known["option"].to_numpy().astype(str)
    return _People({name: covariate(known, name) for name in on}, worth, w, own_best(known, None), labels)


def _cut_points(x: Floats, w: Floats, cuts: int) -> Floats:
    """Return cut points between values, at quantiles where there are many values."""
    points = np.unique(x)
    middle = (points[1:] + points[:-1]) / 2
    if len(middle) <= cuts:
        return middle
    below = np.array([w[x <= m].sum() for m in middle]) if len(middle) < 400 else _shares(x, w, middle)
    wanted = (np.arange(cuts) + 1) / (cuts + 1)
    return middle[np.unique(np.abs(below[:, None] - wanted).argmin(axis=0))]


def _shares(x: Floats, w: Floats, at: Floats) -> Floats:
    order = np.argsort(x)
    cumulated = np.r_[0.0, np.cumsum(w[order])]
    found: Floats = cumulated[np.searchsorted(x[order], at, "right")]
    return found


def _grown(
    people: _People, here: NDArray[np.intp], tried: Mapping[str, Floats], depth: int, least: float
) -> _Tree:
    """Return the best tree for these subjects."""
    best = _Tree(people.leaf(here)[0])
    if depth == 0:
        return best
    for name, points in tried.items():
        if depth == 1:
            best = _better(best, _stump(people, here, name, points, least))
            continue
        x = people.x[name][here]
        for cut in points.tolist():
            low, high = here[x <= cut], here[x > cut]
            if min(people.w[low].sum(), people.w[high].sum()) <= max(least, 1e-12) * (1 - 1e-9):
                continue
            sides = tuple(_grown(people, side, tried, depth - 1, least) for side in (low, high))
            best = _better(best, _Tree(sides[0].value + sides[1].value, name, cut, sides))
    return best


def _better(best: _Tree, other: _Tree | None) -> _Tree:
    """Return the other tree where it gains more than rounding, or where the best one may not be given."""
    if other is None or not math.isfinite(other.value):
        return best
    gains = not math.isfinite(best.value) or other.value > best.value + 1e-12 * max(1.0, abs(best.value))
    return other if gains else best


def _stump(people: _People, here: NDArray[np.intp], name: str, points: Floats, least: float) -> _Tree | None:
    """Return the best single cut of a covariate: all are looked at in one pass over sorted subjects."""
    x = people.x[name][here]
    order = np.argsort(x, kind="stable")
    at = np.searchsorted(x[order], points, "right")
    share = np.r_[0.0, np.cumsum(people.w[here][order])]
    floor = max(least, 1e-12) * (1 - 1e-9)
    good = (share[at] > floor) & (share[-1] - share[at] > floor)
    if not good.any():
        return None
    worth = people.worth[here][order]
    up, down = np.cumsum(worth, axis=0), np.cumsum(worth[::-1], axis=0)
    n = len(order)
    low, high = up[at[good] - 1].max(axis=1), down[n - at[good] - 1].max(axis=1)
    k = int((low + high).argmax())
    sides = _Tree(float(low[k])), _Tree(float(high[k]))
    return _Tree(float(low[k] + high[k]), name, float(points[good][k]), sides)


def _leaves(
    people: _People, tree: _Tree, here: NDArray[np.intp], bounds: Bounds
) -> Iterator[tuple[Bounds, NDArray[np.intp]]]:
    """Yield bounds and subjects of each leaf."""
    if not tree.sides:
        yield bounds, here
        return
    low, high = bounds.get(tree.name, (-math.inf, math.inf))
    below = people.x[tree.name][here] <= tree.cut
    yield from _leaves(people, tree.sides[0], here[below], {**bounds, tree.name: (low, tree.cut)})
    yield from _leaves(people, tree.sides[1], here[~below], {**bounds, tree.name: (tree.cut, high)})


def _ranges(x: Floats, w: Floats, given: Sequence[float] | int, name: str) -> list[tuple[float, float]]:
    if isinstance(given, int) and not isinstance(given, bool):
        cuts = _cut_points(x, w, given - 1) if given > 1 else np.empty(0)
    else:
        cuts = np.asarray(given, dtype=float)
    if cuts.ndim != 1 or not np.isfinite(cuts).all() or (np.diff(cuts) <= 0).any():
        wanted = "cut points that rise, or a number of cells of 1 or more"
        raise InputError(explain(f"cuts of {name}", came=repr(given), expected=wanted))
    return list(pairwise([-math.inf, *cuts.tolist(), math.inf]))


def _nearest_people(people: _People, bounds: Bounds) -> tuple[NDArray[np.intp], bool]:
    """Return the subjects in a cell and True; of an empty one those it borrows from, and False."""
    inside = np.ones(len(people.w), dtype=bool)
    kept = inside
    for k, (name, (low, high)) in enumerate(bounds.items()):
        inside = inside & (people.x[name] > low) & (people.x[name] <= high) & (people.w > 0)
        if k == 0 and inside.any():
            kept = inside
    return (np.flatnonzero(inside), True) if inside.any() else (np.flatnonzero(kept), False)


def _borrowed(people: _People, bounds: Bounds, here: NDArray[np.intp]) -> Cell:
    return Cell(bounds, str(people.labels[people.leaf(here)[1]]), math.nan, 0.0, 0.0)
