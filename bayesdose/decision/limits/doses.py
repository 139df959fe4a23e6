"""Limits on the dose: what blocks an option before any utility is looked at."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import xarray as xr

from bayesdose.decision.simplest import fact, is_nothing
from bayesdose.errors import InputError, explain
from bayesdose.units import factor, plain, unit

Verdict = tuple[bool, str]
"""Whether an option is blocked, and why ("" when it is not)."""

TOLERANCE = 1e-9
"""Relative excess that is still rounding: a dose equal to the limit is allowed."""

_NUMBER = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)\s*([^0-9.,\s].*)")
_PERIODS = {"max_daily": ("day", "d", "24h", "24 h"), "max_single": ("dose",)}
_WORDS = {"max_daily": "a day", "max_single": "in one dose"}
_BASES = {"kg": ("WT", "kg"), "m2": ("BSA", "m^2"), "m^2": ("BSA", "m^2"), "m**2": ("BSA", "m^2")}


class Check(Protocol):
    """What `decide` asks of a limit; every kind of limit answers this."""

    def check(self, outcome: xr.Dataset) -> tuple[Verdict, ...]:
        """Return one verdict per option of the outcome, in its order."""
        ...  # pragma: no cover


@dataclass(frozen=True)
class Limit:
    """A largest dose: an option above it is blocked, a dose equal to it (to 1e-9) is allowed.

    Made by `max_daily` and `max_single`.

    Parameters
    ----------
    name
        The coordinate of the options it reads, ``max_daily`` or ``max_single``, in its own unit, or the
        outcome's ``attrs["amount_unit"]``.
    value
        The limit, in `unit`.
    unit
        An amount, or an amount per kg of body weight or per m2 of body surface ("mg", "mg/kg", "g/m2").
    """

    name: str
    value: float
    unit: str

    def __post_init__(self) -> None:
        if self.name not in _PERIODS:
            raise InputError(explain(f"no limit is called {self.name!r}", expected=" or ".join(_PERIODS)))
        if not (math.isfinite(self.value) and self.value >= 0):
            raise InputError(explain(f"limit {self.name}", came=self.value, expected="a number, 0 or more"))
        object.__setattr__(self, "unit", _plain_unit(self.name, self.unit))

    def __str__(self) -> str:
        return f"at most {self.value:g} {self.unit} {_WORDS[self.name]}"

    def check(self, outcome: xr.Dataset) -> tuple[Verdict, ...]:
        """Return (blocked, reason) per option; an option that gives no dose is never blocked.

        Raises
        ------
        InputError
            When the outcome does not say the doses, their unit, or the weight or body surface that the limit
            needs, or when the units do not convert.
        """
        doses = self._doses(outcome)
        over = ~is_nothing(outcome) & (doses > self.value * (1 + TOLERANCE))
        return tuple(
            (True, self._reason(dose)) if hit else (False, "") for hit, dose in zip(over, doses, strict=True)
        )

    def _doses(self, outcome: xr.Dataset) -> np.ndarray:
        """Return each option's dose in the limit's unit (option,)."""
        amounts = fact(outcome, self.name)
        if amounts is None or np.isnan(amounts[~is_nothing(outcome)]).any():
            raise InputError(
                explain(
                    f"limit {self}: the outcome does not say {self.name} of every option",
                    fix=f"simulate options made by regimens(), or add a coordinate {self.name!r} on option",
                )
            )
        amount, _, basis = self.unit.partition("/")
        return amounts * self._factor(self._unit_of(outcome), amount) / size_of(outcome, basis, str(self))

    def _unit_of(self, outcome: xr.Dataset) -> object:
        """Return the unit of the doses: the coordinate's own, else that of the outcome's amounts."""
        own = outcome[self.name].attrs.get("units")
        return own if own else _attr(outcome, "amount_unit", str(self))

    def _factor(self, source: object, target: str) -> float:
        return _converted(source, target, str(self))

    def _reason(self, dose: float) -> str:
        return f"{dose:.6g} {self.unit} {_WORDS[self.name]} is above {self.value:g} {self.unit}"


def size_of(outcome: xr.Dataset, basis: str, limit: str) -> float:
    """Return the weight in kg or the surface in m2 that doses are counted by; 1 of what is per patient.

    It is the one that doses were stated per, where somebody stated it (``attrs["size_WT"]``, from `sizes=`
    of `regimens`), else the patient's (``attrs["cov_WT"]``), each with its unit.

    Parameters
    ----------
    outcome
        Of the patient.
    basis
        "kg", "m2" or "".
    limit
        What asks, in words.

    Raises
    ------
    InputError
        When the outcome does not carry it, or its unit, or it is no number above 0.
    """
    if not basis:
        return 1.0
    covariate, wanted = _BASES[basis]
    name = f"size_{covariate}" if f"size_{covariate}" in outcome.attrs else f"cov_{covariate}"
    value = _attr(outcome, name, limit)
    if not (isinstance(value, int | float | np.number) and math.isfinite(value) and value > 0):
        expected = f"a number above 0 ({wanted})"
        raise InputError(
            explain(f"limit {limit}: covariate {covariate}", came=repr(value), expected=expected)
        )
    return float(value) * _converted(_attr(outcome, f"{name}_unit", limit), wanted, limit)


def _converted(source: object, target: str, limit: str) -> float:
    try:
        return factor(_spelt(str(source)), target)
    except InputError as error:
        expected = f"a unit like {target}"
        raise InputError(
            explain(f"limit {limit}: units do not fit", came=repr(source), expected=expected)
        ) from error


def max_daily(limit: str) -> Limit:
    """Limit on the largest sum of doses within any 24 hours, doses already given among them.

    Parameters
    ----------
    limit
        A number and a unit: "400 mg", "10 mg/kg", "10 mg/kg/day", "2 g/m2" ("per day" is implied).

    Raises
    ------
    InputError
        When the text is not a number with such a unit.
    """
    return _parse("max_daily", limit)


def max_single(limit: str) -> Limit:
    """Limit on the largest single dose to come.

    Parameters
    ----------
    limit
        A number and a unit: "1 g", "20 mg/kg", "1.4 mg/m2".

    Raises
    ------
    InputError
        When the text is not a number with such a unit.
    """
    return _parse("max_single", limit)


def _parse(name: str, text: str) -> Limit:
    match = _NUMBER.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise InputError(
            explain(
                f"limit {name}",
                came=repr(text),
                expected='a number (decimal point) and a unit in one text, such as "10 mg/kg"',
            )
        )
    return Limit(name, float(match[1]), match[2])


def _plain_unit(name: str, text: str) -> str:
    """Return "mg", "mg/kg" or "mg/m2" for what was written, without the implied "per day" or "per dose"."""
    parts = [part.strip() for part in _spelt(text).replace(" per ", "/").split("/")]
    if len(parts) > 1 and parts[-1].lower() in _PERIODS[name]:
        parts.pop()
    basis = parts[1].lower() if len(parts) == 2 else ""
    # "Mg" is a megagram: as the spelling of a limit it is always a slip, and one that would never block.
    good = parts[0].isalpha() and parts[0] != "Mg"
    if not good or len(parts) > 2 or (len(parts) == 2 and basis not in _BASES):
        also = " (each may end in /day)" if name == "max_daily" else ""
        raise InputError(
            explain(
                f"limit {name}: unit",
                came=repr(text),
                expected=f"an amount such as mg, or mg/kg or mg/m2{also}",
                meant="mg" if parts[0] == "Mg" else None,
            )
        )
    unit(parts[0])
    return parts[0] + (f"/{'kg' if basis == 'kg' else 'm2'}" if basis else "")


def _spelt(text: str) -> str:
    text = plain(text)
    return "m^2" if text in ("m2", "m²") else text.replace("m²", "m2")


def _attr(outcome: xr.Dataset, name: str, limit: str) -> object:
    if name in outcome.attrs:
        return outcome.attrs[name]
    raise InputError(
        explain(
            f"limit {limit}: the outcome does not carry {name}",
            came="attributes " + (", ".join(map(str, outcome.attrs)) or "none"),
            expected=f"outcome.attrs[{name!r}]",
            fix="give the covariate in the patient's table, or state the limit in another unit"
            if name.startswith("cov_") and not name.endswith("_unit")
            else None,
        )
    )
