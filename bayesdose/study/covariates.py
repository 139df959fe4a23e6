"""What the covariates of a table must obey: there, in range and unit, constant unless declared to vary."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayesdose.card import Covariate
from bayesdose.errors import InputError
from bayesdose.study.cells import CODES
from bayesdose.study.findings import Finding
from bayesdose.study.table import Table
from bayesdose.units import factor

# Units a value may have been written in instead of the card's, most likely first.
_MISTAKEN = (
    ("g", "kg", "mg", "lb", "oz"),
    ("cm", "m", "mm", "inch", "ft"),
    ("year", "month", "week", "day", "hour"),
    ("mg/dL", "mg/L", "g/L", "g/dL", "ug/mL", "ug/dL"),
    ("mL/min", "mL/s", "L/h", "L/min", "mL/h"),
)
# Creatinine (113.12 g/mol, PubChem CID 588) is written by mass or by amount of substance.
_CREATININE = frozenset(("CR", "CRE", "CREA", "CREAT", "CREATININE", "SCR", "SECR", "SCREAT"))
_OF_CREATININE = {
    "mg/dL": [("umol/L", 0.011312), ("mg/L", 0.1)],
    "umol/L": [("mg/dL", 1 / 0.011312), ("mg/L", 1 / 0.11312)],
}
# A number in these may as well be right: of somebody much larger or older than those the model was made for.
_PERHAPS = frozenset(("lb", "oz", "inch", "ft", "month", "week", "day", "hour"))
_NOT_MADE = "the model was not made for such a value"
_WRITE = "write the value (codes such as -99 are not read as missing)"
_WRITE_IMPUTED = "write . where it is not known (codes such as -99 are not read as missing)"


def covariates(t: Table) -> list[Finding]:
    """Check every covariate of the card that stands in the table."""
    found: list[Finding] = []
    for c in t.card.covariates:
        if c.name in t.given:
            found += _missing(t, c) + _outside(t, c) + _not_among(t, c) + _no_code(t, c) + _changes(t, c)
    return found


def filled(t: Table, c: Covariate) -> NDArray[np.float64]:
    """Return the values of a covariate, the missing ones of one that varies filled as its `carry` says.

    One that may be missing stays so only in subjects of whom no row tells it.

    "nocb" takes the subject's next value, and behind the last one that; "locf" the one before, and ahead of
    the first one that.
    """
    if c.imputed:  # known on one row, known on all
        return np.asarray(pd.Series(t.number[c.name]).groupby(t.block).transform("first"), dtype=np.float64)
    if not c.varies:
        return t.number[c.name]
    by_subject = pd.Series(t.number[c.name]).groupby(t.block)
    once = by_subject.bfill() if c.carry == "nocb" else by_subject.ffill()
    again = once.groupby(t.block)
    full = again.ffill() if c.carry == "nocb" else again.bfill()
    return np.asarray(full, dtype=np.float64)


def _missing(t: Table, c: Covariate) -> list[Finding]:
    if c.imputed:
        return []
    if c.varies:
        nowhere = pd.Series(t.missing[c.name]).groupby(t.block).transform("all").to_numpy(np.bool_)
        problem = f"{c.name} is missing in all of the subject's rows"
        return t.find(nowhere & t.first, c.name, problem, "write it in one of them at least")
    return t.find(t.missing[c.name], c.name, f"{c.name} is missing", "write it in each of the subject's rows")


def _outside(t: Table, c: Covariate) -> list[Finding]:
    """Values outside the card's range, each once per subject (the first row of a run)."""
    if c.range is None:
        return []
    value = t.number[c.name]
    low, high = c.range
    outside = ((value < low) | (value > high)) & _new_value(t, value)
    words = {v: _about(v, c) for v in set(value[outside].tolist())}
    return t.find(outside, c.name, lambda k: words[float(value[k])][0], lambda k: words[float(value[k])][1])


def _not_among(t: Table, c: Covariate) -> list[Finding]:
    """Values within the range of the codes that are none of them, each once per subject."""
    if not (c.codes and c.range):
        return []
    value, (low, high) = t.number[c.name], c.range
    odd = (value >= low) & (value <= high) & ~np.isin(value, c.codes) & _new_value(t, value)
    return t.find(odd, c.name, lambda k: f"{value[k]:g} is none of {c.choices}", f"correct it; {_NOT_MADE}")


def _no_code(t: Table, c: Covariate) -> list[Finding]:
    """Values that look like a code for "missing", of a covariate without a range; groups must be numbered."""
    value = t.number[c.name]
    if c.group:
        odd = np.isfinite(value) & ((value < 0) | (value != np.round(value))) & _new_value(t, value)
        fix = "write the group's number: 0, 1, 2, ..."
        return t.find(odd, c.name, lambda k: f"{value[k]:g} is no group", fix)
    code = np.isin(value, CODES) & (c.range is None) & _new_value(t, value)
    fix = _WRITE_IMPUTED if c.imputed else _WRITE
    return t.find(code, c.name, lambda k: f"{value[k]:g} looks like a code for a missing value", fix)


def _changes(t: Table, c: Covariate) -> list[Finding]:
    """Values that are not the first one of their subject, of a covariate that must not change."""
    if c.varies:
        return []
    value = t.number[c.name]
    first = pd.Series(value).groupby(t.block).transform("first").to_numpy(np.float64)
    other = np.isfinite(value) & (value != first) & _new_value(t, value)
    fix = "write one value per subject"
    if not (c.group or c.imputed):  # neither may vary
        fix += ", or declare Covariate(..., varies=True) when it may change"
    return t.find(
        other, c.name, lambda k: f"changes within the subject, from {first[k]:g} to {value[k]:g}", fix
    )


def _new_value(t: Table, value: NDArray[np.float64]) -> NDArray[np.bool_]:
    return t.first | (value != np.roll(value, 1))


def _about(value: float, c: Covariate) -> tuple[str, str]:
    """Problem and fix of a value outside the range, with the unit it was probably written in."""
    low, high = c.range or (-np.inf, np.inf)
    problem = f"{value:g} is outside {low:g} to {high:g}{' ' + c.unit if c.unit else ''}"
    if value < 0:
        return problem, _WRITE_IMPUTED if c.imputed else _WRITE
    for unit, times in _others(c):
        if low <= value * times <= high:
            if unit in _PERHAPS:
                return f"{problem}, perhaps {_spoken(unit)}", f"{_convert(times)} if so; else {_NOT_MADE}"
            return f"{problem}, probably {_spoken(unit)}", _convert(times)
    return problem, f"correct it; {_NOT_MADE}"


def _others(c: Covariate) -> list[tuple[str, float]]:
    """Units that may have been meant instead of the card's, with the factor that converts from them."""
    unit = c.unit
    if c.name.upper() in _CREATININE and unit in _OF_CREATININE:
        return _OF_CREATININE[unit]
    if unit in ("%", "percent"):
        return [("fraction", 100.0)]
    found = []
    for family in _MISTAKEN:
        for other in family:
            try:
                times = factor(other, unit) if unit else 1.0
            except InputError:
                break  # another dimension: none of this family converts
            if not np.isclose(times, 1.0):
                found.append((other, times))
    return found


def _spoken(unit: str) -> str:
    names = {
        "g": "grams",
        "kg": "kilograms",
        "mg": "milligrams",
        "lb": "pounds",
        "oz": "ounces",
        "m": "metres",
    }
    return names.get(unit, unit if "/" in unit else f"{unit}s" if len(unit) > 2 else unit)


def _convert(times: float) -> str:
    return f"divide by {1 / times:.6g}" if times < 1 else f"multiply by {times:.6g}"
