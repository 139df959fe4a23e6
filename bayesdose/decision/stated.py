"""The numbers that a utility states: those of a named one, or the defaults of a user's own function."""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from numbers import Real
from typing import Any

from bayesdose.decision.utilities import Utility


def stated(utility: Utility) -> dict[str, float]:
    """Return the numbers that a utility states, by name.

    Of a dataclass its numeric fields, and the numbers of a field that is a mapping as ``field.key``; of a
    function its parameters with a numeric default.
    """
    if is_dataclass(utility):
        return _of_fields(utility)
    try:
        parameters = inspect.signature(utility).parameters
    except (TypeError, ValueError):
        return {}
    return {name: float(p.default) for name, p in parameters.items() if _number(p.default)}


def moved(utility: Utility, name: str, value: float) -> Utility:
    """Return the same utility with another number.

    Raises
    ------
    InputError
        When the utility refuses the number.
    """
    if not is_dataclass(utility):
        return functools.partial(utility, **{name: value})
    field, _, key = name.partition(".")
    if not key:
        return replace(utility, **{field: value})
    return replace(utility, **{field: {**getattr(utility, field), key: value}})


def _of_fields(utility: Any) -> dict[str, float]:
    made: dict[str, float] = {}
    for field in fields(utility):
        value = getattr(utility, field.name)
        if _number(value) and field.init:
            made[field.name] = float(value)
        elif isinstance(value, Mapping):
            made |= {f"{field.name}.{k}": float(v) for k, v in value.items() if _number(v)}
    return made


def _number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
