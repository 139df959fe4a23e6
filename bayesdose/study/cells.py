"""One cell of a table: a number, missing, or a fault that says what it is."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from bayesdose.errors import nearest

MISSING = frozenset({"", ".", "NA"})
CODES = (-88, -99, -999, -9999)  # that other programs take for missing

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eEdD][+-]?\d+)?", re.ASCII)
_CENSORED = re.compile(r"[<>≤≥]=?\s*[\d.,]*|<?\s*(LOQ|LLOQ|LLQ|LOD)|BLQ|BLOQ|BQL", re.IGNORECASE)
_INFINITE = re.compile(r"[+-]?(inf|infinity)", re.IGNORECASE)
_NAN = re.compile(r"[+-]?nan|n/?a|n\.a\.|null|none|nil|#n/a|-|--|\?", re.IGNORECASE)
_NOT_SEEN = re.compile(r"n\.?[dq]\.?", re.IGNORECASE)  # not done, not detected, not quantifiable
_SPREADSHEET = re.compile(r"#(ref!|value!|div/0!|name\?|num!|null!|#+)", re.IGNORECASE)
_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?", re.ASCII)
_EITHER_COMMA = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}", re.ASCII)
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(?:([,' _])\d{3})(?:\1\d{3})*(\.\d*)?", re.ASCII)
_POINTS = re.compile(r"[+-]?\d{1,3}(\.\d{3})+,\d+", re.ASCII)
_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2})?|\d{4}-\d{2}-\d{2}.*|\d{1,2}[/.]\d{1,2}[/.]\d{2,4}.*", re.ASCII)
_WITH_UNIT = re.compile(r"([+-]?\d+\.?\d*)\s*[a-zA-Zµμ%][a-zA-Zµμ/%]{0,5}", re.ASCII)


class Cell(NamedTuple):
    """What a text turned out to be: its `value` (nan unless a number), and the fault and its fix, if any."""

    value: float
    missing: bool = False
    problem: str = ""
    fix: str = ""


_BELOW_LIMIT = "write the limit of quantification in DV with CENS 1, or . with MDV 1 to leave the level out"
_ABOVE_LIMIT = "write the limit in DV with CENS -1, or . with MDV 1 to leave the level out"
_EMPTY = Cell(math.nan, missing=True)
_LARGEST, _SMALLEST = (
    1e15,
    1e-18,
)  # of a number but 0; beyond, the exponent slipped
_MOMENT = "write moments as 2024-01-31 08:30, or the day in a column DATE or DAT1 and hh:mm in TIME"
# What a column wants that has no free numbers.
_WANTED = {
    "EVID": "write 0 (level), 1 (dose), 2 (other), 3 (reset) or 4 (reset and dose)",
    "MDV": "write 0 (DV is a level that counts) or 1 (it is not)",
    "CENS": "write 0 (measured), 1 (below the limit that DV states) or -1 (above it)",
    "SS": "write 0 (no steady state), 1 (steady state, what was there before is gone) or 2 (added to it)",
    "ADDL": "write the number of doses that follow this one",
    "LIMIT": "write the number alone, or . where there is none",
    "OCC": "write the number of the occasion",
    "DVID": "write the number of the kind of level",
    "II": "write the time between two doses, or 0",
    "TIME": "write the time as a number, or as hh:mm",
}


def read_cell(text: str, column: str = "DV") -> Cell:
    """Read a stripped cell of a numeric column.

    Numbers are as in Fortran and C, with a decimal point. Text is echoed only where it has the shape of a
    number, a limit or a time: anything else may be a name.
    """
    if text in MISSING:
        return _EMPTY
    if _NUMBER.fullmatch(text):
        return _number(text, column)
    return _fault(text, column)


def _number(text: str, column: str) -> Cell:
    value = float(text.lower().replace("d", "e"))
    if not math.isfinite(value):
        return _infinite()
    some = re.search("[1-9]", re.split("[eEdD]", text)[0]) is not None
    least = _SMALLEST if column in ("AMT", "RATE", "II") else 0.0
    if some and (value == 0 or abs(value) < least):
        return bad(f"{text!r} is too small to be meant", "check the exponent, and the unit")
    if abs(value) > (_LARGEST if column != "DV" else _LARGEST**2):
        return bad(f"{text!r} is too large to be meant", "check the exponent, and the unit")
    return Cell(value)


def read_compartment(text: str, names: Sequence[str]) -> Cell:
    """Read a cell of CMT: a number, or one of the names of the card, whose number it becomes."""
    lowered = [n.lower() for n in names]
    if text.lower() in lowered:
        return Cell(float(lowered.index(text.lower()) + 1))
    cell = read_cell(text, "CMT")
    if not cell.problem:
        return cell
    if not names:
        return bad(cell.problem, "write the compartment's number")
    meant = nearest(text, list(names))
    fix = f"write the compartment's number, or {', '.join(names)}"
    return bad("no compartment of the model", fix + (f"; {meant} may be it" if meant else ""))


def _fault(text: str, column: str) -> Cell:
    if _CENSORED.fullmatch(text):
        return bad(f"{text!r} is a limit, not a number", _instead_of_limit(text, column))
    if _INFINITE.fullmatch(text):
        return _infinite()
    if _NAN.fullmatch(text):
        return bad(f"{text!r} is no number", _WANTED.get(column, "write . where a value is missing"))
    if column == "DV" and _NOT_SEEN.fullmatch(text):
        return bad(f"{text!r} is no number", f"write . if it was not measured; else {_BELOW_LIMIT}")
    if _SPREADSHEET.fullmatch(text):
        return bad("a spreadsheet's error instead of a number", "mend its formula, or write the number")
    if _EITHER_COMMA.fullmatch(text):
        fix = f"write {text.replace(',', '')} or {text.replace(',', '.')}, whichever is meant"
        return bad(f"{text!r} has a comma, of decimals or of thousands", fix)
    if found := _THOUSANDS.fullmatch(text):
        return bad(f"{text!r} has separators of thousands", f"write {text.replace(found[1], '')}")
    if _POINTS.fullmatch(text):
        plain = text.replace(".", "").replace(",", ".")
        return bad(f"{text!r} has separators of thousands and a decimal comma", f"write {plain}")
    if _COMMA.fullmatch(text):
        return bad(f"{text!r} has a decimal comma", f"write {text.replace(',', '.')}")
    if _CLOCK.fullmatch(text):
        fix = _MOMENT if column == "TIME" else "write a number in the model's unit"
        return bad("a date or clock time instead of a number", fix)
    if found := _WITH_UNIT.fullmatch(text):
        counts = column in _WANTED and column not in ("II", "TIME", "LIMIT")
        fix = _WANTED[column] if counts else f"write {found[1]} in the model's unit"
        return bad("a unit or letters behind the number", fix)
    if plain := _plain(text):
        return bad("a number in characters that are not plain digits and signs", f"write {plain}")
    fix = _WANTED.get(column, "write a number, or . where the value is missing")
    return bad("text where a number belongs", fix)


def _instead_of_limit(text: str, column: str) -> str:
    if column != "DV":
        return _WANTED.get(column, "write the value")
    return _ABOVE_LIMIT if text.startswith((">", "≥")) else _BELOW_LIMIT


def _plain(text: str) -> str:
    """Return the number that a text shows in other digits or with a typeset minus; '' where it shows none."""
    if any(c.isdigit() and not c.isdecimal() for c in text):  # superscripts
        return ""
    folded = unicodedata.normalize("NFKC", text).translate({0x2212: "-", 0x2013: "-", 0x066B: "."})
    digits = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in folded)
    return digits if _NUMBER.fullmatch(digits) else ""


def _infinite() -> Cell:
    return bad("is infinite", "write a finite number, or . where the value is missing")


def bad(problem: str, fix: str) -> Cell:
    """Return a cell that cannot be read."""
    return Cell(math.nan, False, problem, fix)
