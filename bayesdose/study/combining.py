"""Options of one patient put together: what one call of `regimens` cannot say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import xarray as xr

from bayesdose.errors import InputError, explain
from bayesdose.study.options import Options
from bayesdose.units import factor


def combine(*options: Options) -> Options:
    """Return the options of several calls as one set.

    Parameters
    ----------
    *options
        Of the same patient and occasion, from `regimens` or `after_missed_dose`. "No treatment" and the
        "current regimen" are taken once, from the set that lasts longest.

    Returns
    -------
    Options
        In the order given. A fact that some options lack is nan there ("" of a text); of a covariate that
        others change it is the patient's last value.

    Raises
    ------
    InputError
        When they are of different patients, tables or occasions, or two have the same label.
    """
    if not options:
        raise InputError(explain("combine needs options"))
    first = options[0]
    for other in options[1:]:
        _same(first, other)
    longest = max(options, key=lambda o: o.horizon)
    kept = [_kept(o, options, longest) for o in options]
    pairs = [(o, k) for o, some in zip(options, kept, strict=True) for k in some.tolist()]
    labels = [o.table["option"].to_numpy()[k] for o, k in pairs]
    if len(set(labels)) < len(labels):
        twice = next(name for name in labels if labels.count(name) > 1)
        raise InputError(explain("two options are the same", came=str(twice)))
    ways = [(o, o.way(k)) for o, k in pairs]
    return replace(
        first,
        doses=_doses(options, kept),
        table=_tables(options, kept),
        start=min(o.start for o in options),
        horizon=longest.horizon,
        last_interval=tuple(o.last_interval[k] for o, k in pairs),
        ways=tuple(w if w.begin is not None else replace(w, begin=o.start) for o, w in ways),
        sizes={name: value for o in options for name, value in o.sizes.items()},
    )


def _same(first: Options, other: Options) -> None:
    if first.patient is not other.patient and not first.patient.records.equals(other.patient.records):
        raise InputError(
            explain("options of different tables cannot be put together", fix="make them after= one study")
        )
    if first.occasion != other.occasion:
        came = f"{first.occasion!r} and {other.occasion!r}"
        raise InputError(explain("options of different occasions cannot be put together", came=came))
    differ = [n for n in set(first.sizes) & set(other.sizes) if first.sizes[n] != other.sizes[n]]
    if differ:
        raise InputError(explain(f"options per different {differ[0]} cannot be put together"))


def _kept(own: Options, options: tuple[Options, ...], longest: Options) -> np.ndarray:
    """Return which of a set's options stay: what several have stays with the longest, else the first."""
    names, kinds = own.table["option"].to_numpy(), own.table["kind"].to_numpy()
    shared = np.flatnonzero(kinds != "candidate")
    stay = kinds == "candidate"
    for k in shared.tolist():
        having = [o for o in options if names[k] in o.table["option"].to_numpy()]
        stay[k] = own is (longest if any(o is longest for o in having) else having[0])
    return np.flatnonzero(stay)


def _doses(options: tuple[Options, ...], kept: list[np.ndarray]) -> pd.DataFrame:
    parts, offset = [], 0
    for o, some in zip(options, kept, strict=True):
        number = np.full(len(o), -1)
        number[some] = offset + np.arange(len(some))
        whose = number[o.doses["option"].to_numpy()]
        parts.append(o.doses.assign(option=whose)[whose >= 0])
        offset += len(some)
    return pd.concat(parts, ignore_index=True)


def _tables(options: tuple[Options, ...], kept: list[np.ndarray]) -> xr.Dataset:
    tables = [o.table.isel(option=some) for o, some in zip(options, kept, strict=True)]
    names = dict.fromkeys(str(name) for table in tables for name in table.data_vars)
    last = options[0].history.last
    arrays = {}
    for name in names:
        home = next(table[name] for table in tables if name in table)
        parts = [_fact(table, name, home, last.get(name.removeprefix("cov_"))) for table in tables]
        arrays[name] = ("option", np.concatenate(parts), home.attrs)
    labels = np.concatenate([table["option"].to_numpy() for table in tables])
    return xr.Dataset(arrays, coords={"option": labels})


def _fact(table: xr.Dataset, name: str, home: xr.DataArray, last: float | None) -> np.ndarray:
    n = table.sizes["option"]
    if name not in table:
        if home.dtype.kind in "iuf":
            return np.full(n, np.nan if last is None or not name.startswith("cov_") else last)
        return np.full(n, "")
    values = table[name].to_numpy()
    came, wanted = (array.attrs.get("units", "") for array in (table[name], home))
    return values if came == wanted else values * factor(came, wanted)
