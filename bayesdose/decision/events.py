"""Events: what happens or does not in each draw under each option, as a yes or no of the outcome."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayesdose.decision.criteria import Bools, Floats
from bayesdose.decision.evaluate import aligned, asked
from bayesdose.errors import InputError, explain, nearest
from bayesdose.units import factor, quantity, quantity_in

Threshold = float | str
"""A number in the outcome's own unit, or a text with a unit that converts to it: "600 mg*h/L"."""


@dataclass(frozen=True)
class Event:
    """An outcome above, below or within stated values.

    Parameters
    ----------
    outcome
        Name of the outcome, such as "trough".
    above, below
        The event is a value beyond this (strictly). With both it is a value between them.
    within
        The event is a value from the first to the second, both included; instead of `above` and `below`.

    Numbers are in the outcome's unit; a text carries its own ("600 mg*h/L") and is converted.

    Raises
    ------
    InputError
        When nothing or too much is stated, a value is no number, or the values are in the wrong order.
    """

    outcome: str
    above: Threshold | None = None
    below: Threshold | None = None
    within: tuple[Threshold, Threshold] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.outcome, str) or not self.outcome:
            came, expected = repr(self.outcome), "the name of an outcome, such as 'trough'"
            raise InputError(explain("event: outcome", came=came, expected=expected))
        stated = self.above is not None or self.below is not None
        if stated == (self.within is not None):
            expected = "above=, below= or both, or within=(low, high)"
            raise InputError(
                explain(f"event on {self.outcome}", came="both" if stated else "neither", expected=expected)
            )
        if self.within is not None and (not isinstance(self.within, tuple | list) or len(self.within) != 2):
            raise InputError(explain("event: within", came=repr(self.within), expected="(low, high)"))
        low, high = self._ends()
        for end in (low, high):
            if end is not None:
                _checked(end)
        if isinstance(low, str) and isinstance(high, str):
            number, own = quantity(high)
            self._in_order(quantity_in(low, own), number)
        elif isinstance(low, Real) and isinstance(high, Real):
            self._in_order(float(low), float(high))

    def __call__(self, outcome: xr.Dataset) -> xr.DataArray:
        """Return whether it happens (draw, option).

        Raises
        ------
        InputError
            When the outcome lacks the variable, a unit does not convert to the variable's, or the values are
            in the wrong order in that unit.
        """
        x = self._variable(outcome)
        low, high = (self._in_unit(end, x) for end in self._ends())
        self._in_order(low, high)
        if self.within is not None:
            return (x >= low) & (x <= high)
        return (x > low) & (x < high)

    def __str__(self) -> str:
        if self.within is not None:
            low, high = self.within
            return f"{self.outcome} within {_shown(low)} to {_shown(high)}"
        words = [f"above {_shown(self.above)}"] if self.above is not None else []
        words += [f"below {_shown(self.below)}"] if self.below is not None else []
        return f"{self.outcome} {' and '.join(words)}"

    def _ends(self) -> tuple[Threshold | None, Threshold | None]:
        return (self.above, self.below) if self.within is None else (self.within[0], self.within[1])

    def _in_order(self, low: float, high: float) -> None:
        if not low < high:
            came = " to ".join(_shown(end) for end in self._ends())
            raise InputError(explain(f"event on {self.outcome}", came=came, expected="low below high"))

    def _variable(self, outcome: xr.Dataset) -> xr.DataArray:
        if self.outcome in outcome.data_vars:
            return outcome[self.outcome]
        known = [str(n) for n in outcome.data_vars]
        raise InputError(
            explain(
                f"event {self}: the outcome has no variable {self.outcome!r}",
                expected=", ".join(known) or "none was simulated",
                meant=nearest(self.outcome, known),
            )
        )

    def _in_unit(self, end: Threshold | None, x: xr.DataArray) -> float:
        if end is None:
            return -math.inf if self.above is None else math.inf
        if not isinstance(end, str):
            return float(end)
        own = x.attrs.get("units")
        if not own:
            expected = f"a number, or an attribute units on {self.outcome}"
            raise InputError(explain(f"event {self}: the outcome has no unit", came=end, expected=expected))
        return quantity_in(end, str(own))


@dataclass(frozen=True)
class Probability:
    """An outcome that is itself the probability of an event, such as one from `outcomes.logistic_event`.

    Parameters
    ----------
    outcome
        Its name.
    """

    outcome: str

    def __call__(self, outcome: xr.Dataset) -> xr.DataArray:
        """Return the probabilities (draw, option).

        Raises
        ------
        InputError
            When the outcome lacks the variable.
        """
        known = [str(name) for name in outcome.data_vars]
        if self.outcome not in known:
            said, expected = f"there is no outcome {self.outcome!r}", ", ".join(known)
            raise InputError(explain(said, expected=expected, meant=nearest(self.outcome, known)))
        return outcome[self.outcome]

    def __str__(self) -> str:
        return self.outcome


Happens = Event | Callable[[xr.Dataset], xr.DataArray]
"""An event: an `Event`, or a function of the outcome that returns booleans (or, where a chance is limited,
probabilities) over (draw, option)."""


def happens(event: Happens, outcome: xr.Dataset) -> Bools:
    """Return in which draws an event happens under which option, (draw, option).

    Raises
    ------
    InputError
        When it is no event, or does not answer yes or no for every draw and option.
    """
    return np.asarray(_answered(event, outcome, "b", "booleans over (draw, option), such as o.trough > 20"))


def probabilities(event: Happens, outcome: xr.Dataset) -> Floats:
    """Return how probable an event is in each draw under each option, (draw, option): 0 or 1 of a yes or no.

    Raises
    ------
    InputError
        When it is no event, or does not answer by booleans or numbers from 0 to 1 for every draw and option.
    """
    wanted = "booleans over (draw, option), such as o.trough > 20, or probabilities from 0 to 1"
    values = _answered(event, outcome, "bf", wanted).astype(np.float64)
    if not ((values >= 0) & (values <= 1)).all():
        odd = values[~((values >= 0) & (values <= 1))][0]
        said = f"event {words(event)!r}: what it returned"
        raise InputError(explain(said, came=f"{odd:g}", expected=wanted))
    return values


def _answered(event: Happens, outcome: xr.Dataset, kinds: str, expected: str) -> NDArray[Any]:
    """Return an event's answers (draw, option), as booleans or floats."""
    if not callable(event):
        wanted = 'bd.Event("trough", above=20), or a function of the outcome'
        raise InputError(explain("event", came=repr(event), expected=wanted))
    value = asked(event, outcome, "event")
    if not isinstance(value, xr.DataArray) or value.dtype.kind not in kinds:
        came = f"dtype {value.dtype}" if isinstance(value, xr.DataArray) else type(value).__name__
        raise InputError(explain(f"event {words(event)!r}: what it returned", came=came, expected=expected))
    return np.asarray(aligned(value, outcome, "event"), dtype=np.bool_ if kinds == "b" else np.float64)


def words(event: Happens) -> str:
    """Return what an event is, in one line: an `Event` says it, a function by docstring or name."""
    if isinstance(event, Event | Probability):
        return str(event)
    text = (getattr(event, "__doc__", None) or "").strip().split("\n\n")[0]
    name = getattr(event, "__name__", type(event).__name__)
    return " ".join(text.split()).rstrip(".") or f"user event {name}"


def _checked(value: object) -> None:
    if isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value):
        return
    expected = 'a number in the outcome\'s unit, or a text with a unit, such as "20 mg/L"'
    refused = InputError(explain("event: threshold", came=repr(value), expected=expected))
    if not isinstance(value, str):
        raise refused
    try:
        own = quantity(value)[1]
        factor(own, own)  # a unit at all
    except InputError as error:
        raise refused from error


def _shown(value: Threshold | None) -> str:
    return value if isinstance(value, str) else f"{value:g}"
