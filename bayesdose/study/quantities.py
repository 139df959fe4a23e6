"""A number with its unit, as people write it in formulations: ``50 mg``, ``0.32 g/g``."""

from __future__ import annotations

import re

from bayesdose.errors import InputError, explain

_QUANTITY = re.compile(r"\s*((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([^\d\s.,][^,]*?)\s*")


def parse_quantity(text: str) -> tuple[float, str]:
    """Return number and unit; the unit is not looked at.

    Raises
    ------
    InputError
        When the text is not a number of 0 or more and a unit.
    """
    found = _QUANTITY.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        wanted = "a number (decimal point) and a unit in one text, such as '50 mg'"
        raise InputError(explain("a quantity cannot be read", came=repr(text), expected=wanted))
    return float(found[1]), found[2]
