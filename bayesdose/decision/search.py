"""Was the search wide enough? An optimum at its end says little about what lies beyond."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayesdose.decision.limits.contraindications import MinInterval
from bayesdose.decision.limits.doses import Check, Limit
from bayesdose.decision.limits.loads import MaxLoad
from bayesdose.decision.limits.scoped import Only, having, inner_limit
from bayesdose.decision.simplest import fact, is_nothing
from bayesdose.errors import InputError, explain, nearest

DERIVED = ("option", "n_doses", "n_steps", "max_single", "max_daily", "total_amount", "min_interval")
PREFIXES = ("load_", "cov_")
"""Coordinates of the options that follow from the others; every other numeric one is a searched parameter."""

WORDS = ("route", "formulation", "change")
"""Coordinates in words: options that differ in one of them are no steps of one search."""

_INTERVALS = ("interval", "min_interval")
_DOSES = ("max_single", "max_daily", "total_amount", *_INTERVALS)


def searched(outcome: xr.Dataset) -> list[str]:
    """Return the names of the numeric coordinates on option that a search can be widened in."""
    names = [str(n) for n in outcome.coords if n not in DERIVED and not str(n).startswith(PREFIXES)]
    known = [name for name in names if fact(outcome, name) is not None]
    return [name for name in known if not outcome[name].attrs.get("derived")]


@dataclass(frozen=True)
class Edge:
    """The best option lies at the end of what was searched.

    Parameters
    ----------
    name
        The parameter.
    up
        Whether its value is the largest searched; otherwise the smallest.
    line
        Positions of the options that differ from the best in this parameter only, from the far end of the
        search to the best.
    text
        One sentence, with the range to try next.
    """

    name: str
    up: bool
    line: tuple[int, ...]
    text: str


def edges(
    outcome: xr.Dataset, best: int, limits: Sequence[Check] = (), complete: Sequence[str] = ()
) -> list[Edge]:
    """Say where the best option lies on an edge of the search that is neither zero nor a limit.

    Parameters
    ----------
    outcome
        The options searched, with their parameters as coordinates on option; blocked ones count as searched.
    best
        Position of the best option; no treatment and the current regimen are never on an edge.
    limits
        A parameter whose next value outwards would pass one of the hard limits on doses, loads or intervals
        is not on an edge; a limit that the best itself passes holds nothing back.
    complete
        Parameters whose searched values are all there are.

    Returns
    -------
    list
        One per parameter; empty when there is none.
    """
    names = searched(outcome)
    _known(complete, names)
    tried = candidates_beside(outcome, best)
    if not tried[best]:
        return []
    found = [_edge(outcome, name, best, tried, limits) for name in names if name not in complete]
    return [edge for edge in found if edge is not None]


def candidates_beside(outcome: xr.Dataset, best: int) -> NDArray[np.bool_]:
    """Return the candidates that the best is compared with: those of its drug, where several are joined."""
    tried = _candidates(outcome)
    if "drug" in outcome.coords and outcome["drug"].dims == ("option",):
        drug = outcome["drug"].to_numpy()
        tried &= drug == drug[best]
    return tried


def _candidates(outcome: xr.Dataset) -> NDArray[np.bool_]:
    if "kind" in outcome.coords and outcome["kind"].dims == ("option",):
        return np.asarray(outcome["kind"].to_numpy().astype(str) == "candidate")
    return ~is_nothing(outcome)


def _edge(
    outcome: xr.Dataset, name: str, best: int, tried: NDArray[np.bool_], limits: Sequence[Check]
) -> Edge | None:
    values = fact(outcome, name)
    assert values is not None
    grid = np.unique(values[tried & np.isfinite(values)])
    here = values[best]
    if len(grid) < 2 or here == 0 or here not in (grid[0], grid[-1]):
        return None
    if _limited(outcome, name, best, tried, limits):
        return None
    up = bool(here == grid[-1])
    low, high = _range(float(here), float(grid[-1] - grid[0]), up)
    text = (
        f"{name} {here:g} is the {'largest' if up else 'smallest'} value searched: try {low:g} to {high:g}"
        f" (or state complete=[{name!r}] if no other value can be given)"
    )
    return Edge(name, up, _line(outcome, name, best, tried, up), text)


def _line(outcome: xr.Dataset, name: str, best: int, tried: NDArray[np.bool_], up: bool) -> tuple[int, ...]:
    """Return the options that differ from the best in this parameter only, ending with the best."""
    values = fact(outcome, name)
    assert values is not None
    own = np.flatnonzero(_alike(outcome, name, best, tried) & np.isfinite(values))
    _, first = np.unique(values[own], return_index=True)
    order = [int(k) for k in own[first] if values[k] != values[best]]
    return (*(order if up else reversed(order)), best)


def _range(here: float, width: float, up: bool) -> tuple[float, float]:
    """Return the range to try: to double or half of a positive value, else as far again as was searched."""
    if here > 0:
        return (here, 2 * here) if up else (here / 2, here)
    return (here, here + width) if up else (here - width, here)


def _limited(
    outcome: xr.Dataset, name: str, best: int, tried: NDArray[np.bool_], limits: Sequence[Check]
) -> bool:
    """Whether one more step outwards would pass a dose limit, the doses continued in a straight line."""
    inner = _inner_neighbour(outcome, name, best, tried)
    own = [inner_limit(limit) for limit in limits if _holds_for(limit, outcome, best)]
    doses = [limit for limit in own if isinstance(limit, Limit | MaxLoad | MinInterval)]
    if inner is None or not doses:
        return False
    beyond = outcome.drop_vars(list(outcome.data_vars)).isel(option=[best])
    for n in [str(n) for n in outcome.coords if n in _DOSES or str(n).startswith("load_")]:
        if (v := fact(outcome, n)) is not None:
            moved = max(2 * v[best] - v[inner], 0.0) if n in _INTERVALS else 2 * v[best] - v[inner]
            beyond = beyond.assign_coords({n: ("option", [moved], outcome[n].attrs)})
    here = outcome.isel(option=[best])
    return any(limit.check(beyond)[0][0] and not limit.check(here)[0][0] for limit in doses)


def _holds_for(limit: Check, outcome: xr.Dataset, best: int) -> bool:
    return not isinstance(limit, Only) or bool(having(outcome, limit.facts, str(limit))[best])


def _alike(outcome: xr.Dataset, name: str, best: int, tried: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which options agree with the best in words and every searched parameter but this (option,)."""
    same = tried & said_alike(outcome, best)
    for other in searched(outcome):
        values = fact(outcome, other)
        if other != name and values is not None:
            same &= (values == values[best]) | (np.isnan(values) & np.isnan(values[best]))
    return same


def said_alike(outcome: xr.Dataset, best: int) -> NDArray[np.bool_]:
    """Return which options have the route, formulation and change of the best (option,)."""
    same = np.ones(outcome.sizes["option"], dtype=np.bool_)
    for name in WORDS:
        if name in outcome.coords and outcome[name].dims == ("option",):
            words = outcome[name].to_numpy()
            same &= words == words[best]
    return same


def _inner_neighbour(outcome: xr.Dataset, name: str, best: int, tried: NDArray[np.bool_]) -> int | None:
    """Return the option that differs from the best in this parameter only, by the least; None without one."""
    same = _alike(outcome, name, best, tried)
    values = fact(outcome, name)
    assert values is not None
    distance = np.where(same & (values != values[best]), np.abs(values - values[best]), np.inf)
    nearest_one = int(np.nanargmin(distance))
    return nearest_one if np.isfinite(distance[nearest_one]) else None


def _known(complete: Sequence[str], names: list[str]) -> None:
    if isinstance(complete, str):
        raise InputError(explain("complete", came=repr(complete), expected=f"a list, such as [{complete!r}]"))
    for name in complete:
        if name not in names:
            raise InputError(
                explain(
                    f"complete: the options have no parameter {name!r}",
                    expected=", ".join(names) or "none: the options carry no numeric coordinates",
                    meant=nearest(str(name), names),
                )
            )
