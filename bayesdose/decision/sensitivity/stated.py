"""The numbers that a utility states: those of a named one, or the defaults of a user's own function."""

from __future__ import annotations

import functools
import inspect
import math
from dataclasses import fields, is_dataclass, replace
from numbers import Real
from typing import Any

from bayesdose.decision.events import Event
from bayesdose.decision.utilities import Stakeholders, Utility

_WEIGHT = "weight of "
_ENDS = ("low", "high")


def stated(utility: Utility) -> dict[str, float]:
    """Return the numbers that a utility states, by name.

    Of a named utility or an `Event` its numeric fields, of an event within two numbers "low" and "high"; of a
    function its parameters with a numeric default. Of weighted stakeholders ``weight of NAME`` each, and the
    numbers of their utilities as ``NAME.number``.
    """
    if isinstance(utility, Stakeholders):
        made: dict[str, float] = {}
        for name, own, weight in utility.parts:
            made |= {f"{_WEIGHT}{name}": weight} if len(utility.parts) > 1 else {}
            made |= {f"{name}.{k}": v for k, v in stated(own).items()}
        return made
    if (ends := _within(utility)) is not None:
        return dict(zip(_ENDS, ends, strict=True))
    if is_dataclass(utility):
        values = {f.name: getattr(utility, f.name) for f in fields(utility) if f.init}
        return {name: float(v) for name, v in values.items() if _number(v)}
    try:
        parameters = inspect.signature(utility).parameters
    except (TypeError, ValueError):
        return {}
    return {name: float(p.default) for name, p in parameters.items() if _number(p.default)}


def moved(utility: Utility, name: str, value: float) -> Utility:
    """Return the same utility with another number; the other weights of stakeholders share what is left.

    Raises
    ------
    InputError
        When the utility refuses the number.
    """
    if isinstance(utility, Stakeholders):
        return _moved_part(utility, name, value)
    if (ends := _within(utility)) is not None:
        low, high = (value if name == end else old for end, old in zip(_ENDS, ends, strict=True))
        return replace(utility, within=(low, high))  # type: ignore[type-var]
    if is_dataclass(utility):
        return replace(utility, **{name: value})
    return functools.partial(utility, **{name: value})


def ends(name: str, base: float, factor: float) -> tuple[float, float]:
    """Return how far a number is moved by default; a weight that is a share ends at 1."""
    low, high = sorted((base / factor, base * factor))
    return low, min(high, 1.0) if name.startswith(_WEIGHT) else high


def _moved_part(utility: Stakeholders, name: str, value: float) -> Stakeholders:
    if name.startswith(_WEIGHT):
        whose = name.removeprefix(_WEIGHT)
        rest = sum(weight for other, _, weight in utility.parts if other != whose)
        parts = [(n, u, value if n == whose else w * (1 - value) / rest) for n, u, w in utility.parts]
    else:
        whose, _, number = name.partition(".")
        parts = [(n, moved(u, number, value) if n == whose else u, w) for n, u, w in utility.parts]
    return Stakeholders(tuple(parts))


def _within(utility: Any) -> tuple[float, float] | None:
    """Return the two numbers that an event lies within; None where it is none, or states them as texts."""
    if not isinstance(utility, Event) or utility.within is None:
        return None
    low, high = utility.within
    return (float(low), float(high)) if _number(low) and _number(high) else None


def _number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
