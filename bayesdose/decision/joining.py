"""Outcomes of different models, or of one simulated apart, joined into one decision.

Draws that are of the same patient under the same parameters stay side by side: differences between drugs are
then differences within a patient. Draws of different models know nothing of each other: their order is drawn
at random, and copies of one particle stay together, so that Monte Carlo errors still see them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayesdose.decision.criteria import independent, particles
from bayesdose.decision.evaluate import check_outcome
from bayesdose.decision.simplest import is_nothing, labels
from bayesdose.errors import InputError, explain
from bayesdose.units import factor

Ints = NDArray[np.intp]

_AMOUNTS = ("max_single", "max_daily", "total_amount", "waste")
_SAME = ("model_hash", "seed")
_LABELS = ("particle", "population_draw")


def join(
    outcomes: Mapping[str, xr.Dataset],
    *,
    paired: bool | None = None,
    fill: Mapping[str, float] | None = None,
    seed: int = 0,
) -> xr.Dataset:
    """Join the options of several drugs, models or simulations into one outcome.

    Parameters
    ----------
    outcomes
        Name ("tacrolimus") to what `simulate` returned for it, or a Dataset of the same form. Variables are
        those that a utility compares (an effect, a probability of harm, a cost): each outcome must have each
        of them, in units that convert.
    paired
        Whether draw s of each outcome is the same patient with the same random effects. Unless stated they
        are where all outcomes are of one model, with the same seed and the same particles, and independent
        otherwise. State True for models that share their random effects and were given the same ones.
    fill
        Values of variables that an outcome lacks: ``{"trough_of_the_other": 0.0}``.
    seed
        Of the order of independent draws. Of unequal numbers of draws the smallest is kept of each.

    Returns
    -------
    xarray.Dataset
        The options of all, each label behind the name of its drug; "no treatment" once, the first one's.
        Coordinates on option: drug, and the facts of all (nan, "" where one lacks them). Amounts are in the
        first one's unit, nan where another does not convert. ``attrs["joined"]`` says whether draws are
        paired or independent, and why; of independent draws `particle` numbers the groups within which
        copies of a particle of any of them lie, and `population_draw` those within which particles of one
        population draw do.

    Raises
    ------
    InputError
        When outcomes do not fit together.
    """
    names = _names(outcomes)
    each = [check_outcome(outcomes[name]) for name in names]
    same, why = _sameness(each) if paired is None else (paired, "as stated")
    if same:
        places = _side_by_side(each)
        labels_of = {name: each[0][name].to_numpy() for name in _LABELS if name in each[0].coords}
    else:
        places, labels_of = _apart(each, np.random.default_rng(seed))
    parts = [one.isel(draw=place) for one, place in zip(each, places, strict=True)]
    kept = [_options(one, name, first=k == 0) for k, (one, name) in enumerate(zip(parts, names, strict=True))]
    variables = dict.fromkeys(str(v) for one in kept for v in one.data_vars)
    made = {v: _variable(kept, v, names, fill or {}) for v in variables}
    coords: dict[str, Any] = {"option": np.concatenate([labels(one) for one in kept]), **_facts(kept)}
    coords |= {name: ("draw", label) for name, label in labels_of.items()}
    relation = "paired" if same else "independent"
    attrs = {**_common(kept), "joined": f"draws of {', '.join(names)} are {relation}: {why}"}
    return xr.Dataset(made, coords, attrs=attrs)


def _names(outcomes: Mapping[str, xr.Dataset]) -> list[str]:
    if not isinstance(outcomes, Mapping) or len(outcomes) < 2:
        wanted = 'two or more, such as {"drug A": outcome, "drug B": other}'
        raise InputError(explain("join needs named outcomes", came=type(outcomes).__name__, expected=wanted))
    return [str(name) for name in outcomes]


def _sameness(each: list[xr.Dataset]) -> tuple[bool, str]:
    """Return whether draws of all outcomes are the same ones, and by what that is known."""
    first = each[0]
    for other in each[1:]:
        for name in _SAME:
            if name not in first.attrs or first.attrs[name] != other.attrs.get(name):
                what = "models" if name == "model_hash" else "seeds"
                return False, f"they are of different {what}"
        for name in _LABELS:
            here, there = (one.coords.get(name) for one in (first, other))
            if here is None or there is None or not np.array_equal(here, there):
                return False, f"their {name.replace('_', ' ')}s differ"
    return True, "they are of one model, with the same seed and particles"


def _side_by_side(each: list[xr.Dataset]) -> list[Ints]:
    sizes = {one.sizes["draw"] for one in each}
    if len(sizes) > 1:
        came = ", ".join(str(one.sizes["draw"]) for one in each)
        raise InputError(explain("paired outcomes have different numbers of draws", came=came))
    return [np.arange(sizes.copy().pop()) for _ in each]


def _apart(each: list[xr.Dataset], rng: np.random.Generator) -> tuple[list[Ints], dict[str, Ints]]:
    """Return an order of each outcome's draws, and the groups of the rows.

    Population draws are put in random order, those of one together, and in them the copies of a particle. A
    group ends where a particle (a population draw) ends in every outcome, so that groups share none and are
    independent of each other.
    """
    n = min(one.sizes["draw"] for one in each)
    places, ends, shared = [], np.ones((2, n - 1), dtype=bool), False
    for one in each:
        own, wide = particles(one), independent(one)
        shared |= wide.n < own.n
        number = np.stack([own.numbers(), wide.numbers()])
        place = np.lexsort((number[0], rng.permutation(wide.n)[number[1]]))[:n]
        ends &= np.diff(number[:, place], axis=1) != 0
        places.append(place)
    groups = np.concatenate([np.zeros((2, 1), np.intp), np.cumsum(ends, axis=1)], axis=1).astype(np.intp)
    wanted = zip(_LABELS if shared else _LABELS[:1], groups, strict=False)
    return places, dict(wanted)


def _options(one: xr.Dataset, name: str, *, first: bool) -> xr.Dataset:
    """Return an outcome whose options bear the name of their drug; no treatment only of the first."""
    nothing = is_nothing(one)
    own = np.array([o if hit else f"{name}: {o}" for o, hit in zip(labels(one), nothing, strict=True)])
    drug = np.where(nothing, "", name)
    named = one.assign_coords(option=own).assign_coords(drug=("option", drug))
    return named if first else named.isel(option=~nothing)


def _variable(
    each: list[xr.Dataset], variable: str, names: Iterable[str], fill: Mapping[str, float]
) -> tuple[Any, ...]:
    home = next(one[variable] for one in each if variable in one)
    if set(home.dims) != {"draw", "option"}:
        raise InputError(
            explain(
                f"variable {variable!r} cannot be joined",
                came=f"dims {', '.join(map(str, home.dims))}",
                expected="draw and option",
                fix="leave it out, or reduce it first",
            )
        )
    parts = []
    for one, name in zip(each, names, strict=True):
        shape = one.sizes["draw"], one.sizes["option"]
        if variable in one:
            parts.append(_converted(one[variable], home, variable, name))
        elif variable in fill:
            parts.append(np.full(shape, float(fill[variable])))
        else:
            raise InputError(
                explain(
                    f"the outcome of {name!r} has no {variable!r}",
                    expected=", ".join(map(str, one.data_vars)),
                    fix=f"simulate it, leave it out of the others, or state fill={{{variable!r}: 0.0}}",
                )
            )
    return ("draw", "option"), np.concatenate(parts, axis=1), dict(home.attrs)


def _converted(array: xr.DataArray, home: xr.DataArray, variable: str, name: str) -> NDArray[np.float64]:
    came, wanted = (a.attrs.get("units", "") for a in (array, home))
    values = np.asarray(array.transpose("draw", "option"), dtype=np.float64)
    if came == wanted:
        return values
    try:
        return values * factor(came, wanted)
    except InputError as error:
        raise InputError(
            explain(f"{variable!r} of {name!r} is in another unit", came=came or "none", expected=wanted)
        ) from error


def _facts(each: list[xr.Dataset]) -> dict[str, tuple[Any, ...]]:
    """Return the coordinates of the options, behind each other."""
    homes: dict[str, xr.Dataset] = {}
    for one in each:
        for name, coordinate in one.coords.items():
            if coordinate.dims == ("option",) and name != "option":
                homes.setdefault(str(name), one)
    made = {}
    for name, home in homes.items():
        parts = [_fact(one, name, home) for one in each]
        text = any(part.dtype.kind not in "biuf" for part in parts)
        values = np.concatenate([part.astype(str) if text else part for part in parts])
        made[name] = ("option", values, dict(home[name].attrs))
    return made


def _fact(one: xr.Dataset, name: str, home: xr.Dataset) -> NDArray[Any]:
    """Return a fact of an outcome's options in the unit that `home` tells it in."""
    n = one.sizes["option"]
    if name not in one.coords:
        return np.full(n, np.nan) if home[name].dtype.kind in "biuf" else np.full(n, "")
    values = one[name].to_numpy()
    came, wanted = _unit(one, name), _unit(home, name)
    if came == wanted or values.dtype.kind not in "biuf":
        return values
    try:
        return values * factor(came, wanted)
    except InputError:
        return np.full(n, np.nan)


def _unit(one: xr.Dataset, name: str) -> str:
    known = one.attrs.get("amount_unit", "") if name in _AMOUNTS else ""
    return str(one[name].attrs.get("units", known))


def _common(each: list[xr.Dataset]) -> dict[str, Any]:
    """Return the attributes that all outcomes agree on, and the units of the first.

    A size that doses were stated per in some of them only is "several": no limit may count by it.
    """
    first = each[0].attrs
    units = {k: v for k, v in first.items() if str(k).endswith("_unit")}
    shared = {k: v for k, v in first.items() if all(k in o.attrs and o.attrs[k] == v for o in each)}
    sizes = dict.fromkeys(str(k) for o in each for k in o.attrs if str(k).startswith("size_"))
    return {**dict.fromkeys(sizes, "several"), **units, **shared}
