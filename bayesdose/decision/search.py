"""Was the search wide enough? An optimum at its end says little about what lies beyond."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayesdose.decision.limits import Check, Limit
from bayesdose.decision.simplest import fact, is_nothing
from bayesdose.errors import InputError, explain, nearest

DERIVED = ("option", "n_doses", "n_steps", "max_single", "max_daily", "total_amount")
"""Coordinates of the options that follow from the others; every other numeric one is a searched parameter."""


def searched(outcome: xr.Dataset) -> list[str]:
    """Return the names of the numeric coordinates on option that a search can be widened in."""
    return [
        str(name) for name in outcome.coords if name not in DERIVED and fact(outcome, str(name)) is not None
    ]


def edges(
    outcome: xr.Dataset, best: int, limits: Sequence[Check] = (), complete: Sequence[str] = ()
) -> list[str]:
    """Say where the best option lies on an edge of the search that is neither zero nor a limit.

    Parameters
    ----------
    outcome
        The options searched, with their parameters as coordinates on option; blocked ones count as searched.
    best
        Position of the best option; no treatment and the current regimen are never on an edge.
    limits
        A parameter whose next value outwards would pass one of the dose limits is not on an edge.
    complete
        Parameters whose searched values are all there are.

    Returns
    -------
    list
        One sentence per parameter, with the range to try next; empty when there is none.
    """
    names = searched(outcome)
    _known(complete, names)
    tried = _candidates(outcome)
    if not tried[best]:
        return []
    found = [_edge(outcome, name, best, tried, limits) for name in names if name not in complete]
    return [sentence for sentence in found if sentence]


def _candidates(outcome: xr.Dataset) -> NDArray[np.bool_]:
    if "kind" in outcome.coords and outcome["kind"].dims == ("option",):
        return np.asarray(outcome["kind"].to_numpy().astype(str) == "candidate")
    return ~is_nothing(outcome)


def _edge(
    outcome: xr.Dataset, name: str, best: int, tried: NDArray[np.bool_], limits: Sequence[Check]
) -> str | None:
    values = fact(outcome, name)
    assert values is not None
    grid = np.unique(values[tried & np.isfinite(values)])
    here = values[best]
    if len(grid) < 2 or here == 0 or here not in (grid[0], grid[-1]):
        return None
    if _limited(outcome, name, best, tried, limits):
        return None
    up = here == grid[-1]
    low, high = _range(float(here), float(grid[-1] - grid[0]), up)
    return (
        f"{name} {here:g} is the {'largest' if up else 'smallest'} value searched: try {low:g} to {high:g}"
        f" (or state complete=[{name!r}] if no other value can be given)"
    )


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
    doses = [limit for limit in limits if isinstance(limit, Limit)]
    if inner is None or not doses:
        return False
    beyond = outcome.drop_vars(list(outcome.data_vars)).isel(option=[best])
    steps = {n: fact(outcome, n) for n in ("max_single", "max_daily")}
    moved = {n: ("option", [2 * v[best] - v[inner]]) for n, v in steps.items() if v is not None}
    return any(limit.check(beyond.assign_coords(moved))[0][0] for limit in doses)


def _inner_neighbour(outcome: xr.Dataset, name: str, best: int, tried: NDArray[np.bool_]) -> int | None:
    """Return the option that differs from the best in this parameter only, by the least; None without one."""
    same = tried.copy()
    for other in searched(outcome):
        values = fact(outcome, other)
        if other != name and values is not None:
            same &= (values == values[best]) | (np.isnan(values) & np.isnan(values[best]))
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
