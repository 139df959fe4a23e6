"""Units: one pint registry with the spellings the clinic uses (UCUM among them)."""

from __future__ import annotations

import re
from functools import cache
from tokenize import TokenError
from typing import TYPE_CHECKING

from bayesdose.errors import InputError, explain

if TYPE_CHECKING:
    import pint

_UCUM = {"[iU]": "IU", "[IU]": "IU", "mm[Hg]": "mmHg", "[lb_av]": "pound", "[oz_av]": "ounce"}
_PRODUCT = re.compile(r"(?<=[A-Za-z\])])\.(?=[A-Za-z(])")  # UCUM writes mg.h/L
_COUNT = re.compile(
    r"(?:(10)(?:\^|\*{1,2})(\d{1,2})|([1-9]\d{0,5}(?:e\d{1,2})?))?\s*/\s*([^\d/\s][^/]*)", re.IGNORECASE
)  # cells per litre
_QUANTITY = re.compile(
    r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)"
    r"(?:\s*([^\d\s.].*?)|\s+((?:10(?:\^|\*{1,2})|[1-9]\d*e)\d{1,2}\s*/.*?))\s*",
    re.IGNORECASE,
)  # the second: a count by volume, "0.5 1e9/L"
_POWER = re.compile(r"\d\s*(\*\*|\^)")  # 9**9**9 would be computed, for ever
_SPELLINGS = {"ug": "microgram", "mcg": "microgram", "µg": "microgram", "μg": "microgram"}


@cache
def registry() -> pint.UnitRegistry:
    """Return the registry, made on first use (importing pint costs a quarter of a second)."""
    import pint

    made: pint.UnitRegistry = pint.UnitRegistry(cache_folder=None)
    made.define("international_unit = [international_unit] = IU")
    return made


def plain(text: str) -> str:
    """Return a unit with UCUM's bracketed symbols ("[iU]", "mm[Hg]") in plain letters."""
    for symbol, letters in _UCUM.items():
        text = text.replace(symbol, letters)
    return text.strip()


def unit(text: str) -> pint.Unit:
    """Parse a unit such as ``mg/L``, ``ug/mL`` or ``mg/kg``; UCUM's ``mg.h/L`` and ``[iU]`` too.

    Raises
    ------
    InputError
        When the text is not a unit.
    """
    import pint

    spelt = re.sub(r"\b([cdm]?m)([23])\b", r"\1**\2", _PRODUCT.sub("*", plain(text)))
    for short, long in _SPELLINGS.items():
        if spelt == short or spelt.startswith(short + "/"):
            spelt = long + spelt[len(short) :]
    try:
        if "//" in spelt or _POWER.search(spelt):
            raise ValueError("two divisions, or a number to a power")
        return registry().Unit(spelt)
    except (
        pint.PintError,
        TokenError,
        SyntaxError,
        ValueError,
        TypeError,
        ArithmeticError,
        AssertionError,
        AttributeError,
    ) as error:
        raise InputError(
            explain(f"{text!r} is not a unit", expected="a unit such as mg, mg/kg, mg/L or h")
        ) from error


def _counted(text: str) -> tuple[float, pint.Unit]:
    """Return the number and the unit of a unit: a count by volume carries one ("1e9/L", "10^9/L", "/uL")."""
    found = _COUNT.fullmatch(plain(text))
    if found is None:
        return 1.0, unit(text)
    base, power, one, rest = found.groups()
    return float(base) ** int(power) if base else float(one or 1), unit(f"1/{rest}")


@cache
def factor(source: str, target: str) -> float:
    """Return the number that turns a value in `source` units into one in `target` units.

    Raises
    ------
    InputError
        When one does not convert into the other.
    """
    import pint

    try:
        (number, own), (one, wanted) = _counted(source), _counted(target)
        return number / one * float(registry().Quantity(1.0, own).to(wanted).magnitude)
    except pint.DimensionalityError as error:
        raise InputError(
            explain(
                f"{source!r} does not convert to {target!r}", came=source, expected=f"a unit like {target}"
            )
        ) from error


def quantity(text: str, example: str = "mg/L") -> tuple[float, str]:
    """Return the number and the unit of a quantity, such as ``15 min`` or ``0.5 1e9/L``.

    The unit is not looked at.

    Raises
    ------
    InputError
        When the text is not a number with a unit (such as `example`).
    """
    found = _QUANTITY.fullmatch(text)
    if found is None:
        raise InputError(
            explain(f"{text!r} is not a quantity", expected=f"a number and a unit, such as 15 {example}")
        )
    return float(found[1]), found[2] or found[3]


def quantity_in(text: str, target: str) -> float:
    """Return a quantity such as ``15 min`` as a number of `target` units.

    Raises
    ------
    InputError
        When the text is not a number with a unit, or the unit does not convert.
    """
    number, unit_of_it = quantity(text, target)
    return number * factor(unit_of_it, target)
