"""Limits on what comes with the drug: sodium, glucose, solvent; in one day or over the course."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayesdose.decision.limits.doses import TOLERANCE, Verdict, size_of
from bayesdose.decision.simplest import fact, is_nothing
from bayesdose.errors import InputError, explain, nearest
from bayesdose.units import factor, plain, quantity_in, unit

_LIMIT = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)\s*([A-Za-zµμ]+)\s*(.*)")
_BASIS = re.compile(r"(?:/|per\s)\s*(kg|m2|m\^2|m\*\*2|m²)(?![A-Za-z0-9])\s*(.*)", re.IGNORECASE)
_DAY = ("/day", "/d", "per day", "a day", "/24h", "/24 h")
_COURSE = ("", "in total", "/course", "per course")


@dataclass(frozen=True)
class MaxLoad:
    """A largest load of something that comes with the drug, from `max_load`.

    Parameters
    ----------
    name
        What it is: "sodium". The options' fact ``load_<name>`` (over the course) or ``load_<name>_daily``
        (largest within 24 hours) says how much of it an option gives.
    value, unit
        The limit.
    daily
        Whether it holds for any 24 hours; otherwise for the course.
    content
        How much comes with the drug, as text ("0.32 g/g"): the load is then that many times the drug's
        amount. None reads the options' own fact.
    basis
        "kg" or "m2" where the limit is per body weight or surface; "" per patient.
    """

    name: str
    value: float
    unit: str
    daily: bool
    content: str | None = None
    basis: str = ""

    def __str__(self) -> str:
        content = f" ({self.content} of drug)" if self.content else ""
        return f"at most {self.value:g} {self._of} {self.name} {self._period}{content}"

    def check(self, outcome: xr.Dataset) -> tuple[Verdict, ...]:
        """Return (blocked, reason) per option; an option that gives no dose is never blocked.

        Raises
        ------
        InputError
            When the outcome does not say the load or its unit, or the weight or surface that the limit needs,
            or when units do not convert.
        """
        loads = self._loads(outcome) / size_of(outcome, self.basis, str(self))
        over = ~is_nothing(outcome) & (loads > self.value * (1 + TOLERANCE))
        said = f"{self._of} {self.name} {self._period} is above {self.value:g} {self._of}"
        return tuple(
            (True, f"{load:.6g} {said}") if hit else (False, "")
            for hit, load in zip(over, loads, strict=True)
        )

    @property
    def _of(self) -> str:
        return f"{self.unit}/{self.basis}" if self.basis else self.unit

    @property
    def _period(self) -> str:
        return "a day" if self.daily else "over the course"

    def _loads(self, outcome: xr.Dataset) -> NDArray[np.float64]:
        """Return each option's load in the limit's unit, (option,)."""
        if self.content is None:
            return self._read(outcome, f"load_{self.name}" + "_daily" * self.daily, None)
        amounts = self._read(outcome, "max_daily" if self.daily else "total_amount", self.content)
        return amounts * _content(self.content, self.unit, str(self))[0]

    def _read(self, outcome: xr.Dataset, coordinate: str, content: str | None) -> NDArray[np.float64]:
        values = fact(outcome, coordinate)
        if values is None or np.isnan(values[~is_nothing(outcome)]).any():
            facts = [str(n) for n in outcome.coords if str(n).startswith("load_")]
            raise InputError(
                explain(
                    f"limit {self}: the outcome does not say {coordinate} of every option",
                    came=", ".join(facts) or None,
                    meant=nearest(coordinate, facts),
                    fix='state what comes with the drug, such as content="0.32 g/g"',
                )
            )
        own = outcome[coordinate].attrs.get("units") or (
            outcome.attrs.get("amount_unit") if content is not None else None
        )
        if not own:
            expected = f"an attribute units on the coordinate {coordinate}"
            raise InputError(explain(f"limit {self}: the load has no unit", came="none", expected=expected))
        target = self.unit if content is None else _content(content, self.unit, str(self))[1]
        return values * _factor(str(own), target, str(self))


def max_load(name: str, limit: str, *, content: str | None = None) -> MaxLoad:
    """Limit on a load that comes with the drug, such as the sodium of a formulation.

    Parameters
    ----------
    name
        What it is: "sodium".
    limit
        A number and a unit: "2 g/day" for any 24 hours, "14 g" for the whole course; per body weight or
        surface "2 mmol/kg/day", "50 mg/kg".
    content
        How much comes with an amount of drug ("0.32 g/g", "14 mmol/g"), where the options themselves do not
        say it (facts ``load_<name>`` and ``load_<name>_daily``, each with its unit).

    Raises
    ------
    InputError
        When a text is no number with a unit, or the content's unit does not fit the limit's.
    """
    if not isinstance(name, str) or not name.isidentifier():
        raise InputError(explain("limit max_load: name", came=repr(name), expected="a word, such as sodium"))
    found = _LIMIT.fullmatch(plain(limit)) if isinstance(limit, str) else None
    per = _BASIS.fullmatch(found[3]) if found else None
    period = (per[2] if per else found[3]).strip().lower() if found else None
    if (
        found is None
        or period not in (*_DAY, *_COURSE)
        or found[2] == "Mg"
        or not math.isfinite(float(found[1]))
    ):
        expected = 'a number and an amount, "2 g/day" or "2 mmol/kg/day" for 24 hours, "14 g" for the course'
        raise InputError(explain(f"limit max_load of {name}", came=repr(limit), expected=expected))
    basis = "" if per is None else "kg" if per[1].lower() == "kg" else "m2"
    made = MaxLoad(name, float(found[1]), found[2], period in _DAY, content, basis)
    unit(made.unit)
    if content is not None:
        _content(content, made.unit, str(made))
    return made


def _content(text: str, target: str, limit: str) -> tuple[float, str]:
    """Return a content such as "0.32 g/g" as a number of target units per unit of drug, and that unit."""
    parts = text.split("/") if isinstance(text, str) else []
    if len(parts) != 2 or not parts[1].strip():
        expected = 'an amount per amount of drug, such as "0.32 g/g"'
        raise InputError(explain(f"limit {limit}: content", came=repr(text), expected=expected))
    drug = parts[1].strip()
    unit(drug)
    try:
        return quantity_in(parts[0], target), drug
    except InputError as error:
        expected = f"an amount like {target} per amount of drug"
        raise InputError(explain(f"limit {limit}: content", came=repr(text), expected=expected)) from error


def _factor(source: str, target: str, limit: str) -> float:
    try:
        return factor(source, target)
    except InputError as error:
        expected = f"a unit like {target}"
        raise InputError(
            explain(f"limit {limit}: units do not fit", came=repr(source), expected=expected)
        ) from error
