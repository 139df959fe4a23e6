"""One cell of a table: a number, missing, or a fault that says what it is."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import NamedTuple

from bayesdose.errors import nearest

MISSING = frozenset({"", ".", "NA"})

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eEdD][+-]?\d+)?", re.ASCII)
_CENSORED = re.compile(r"[<>≤≥]=?\s*[\d.,]*|<?\s*(LOQ|LLOQ|LLQ|LOD)|BLQ|BLOQ|BQL", re.IGNORECASE)
_INFINITE = re.compile(r"[+-]?(inf|infinity)", re.IGNORECASE)
_NAN = re.compile(r"[+-]?nan|n/a|n\.a\.|null|none|nil|#n/a|-|--|\?", re.IGNORECASE)
_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?", re.ASCII)
_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2})?|\d{4}-\d{2}-\d{2}.*|\d{1,2}[/.]\d{1,2}[/.]\d{2,4}.*", re.ASCII)
_WITH_UNIT = re.compile(r"([+-]?\d+\.?\d*)\s*[a-zA-Zµμ%][a-zA-Zµμ/%]{0,5}", re.ASCII)


class Cell(NamedTuple):
    """What a text turned out to be: its `value` (nan unless a number), and the fault and its fix, if any."""

    value: float
    missing: bool = False
    problem: str = ""
    fix: str = ""


_BELOW_LIMIT = "write the limit of quantification in DV with CENS 1, or . with MDV 1 to leave the level out"
_EMPTY = Cell(math.nan, missing=True)


def read_cell(text: str, column: str = "DV") -> Cell:
    """Read a stripped cell of a numeric column.

    Numbers are as in Fortran and C, with a decimal point. Text is echoed only where it has the shape of a
    number, a limit or a time: anything else may be a name.
    """
    if text in MISSING:
        return _EMPTY
    if _NUMBER.fullmatch(text):
        value = float(text.lower().replace("d", "e"))
        return Cell(value) if math.isfinite(value) else _infinite()
    return _fault(text, column)


def read_compartment(text: str, names: Sequence[str]) -> Cell:
    """Read a cell of CMT: a number, or one of the names of the card, whose number it becomes."""
    lowered = [n.lower() for n in names]
    if text.lower() in lowered:
        return Cell(float(lowered.index(text.lower()) + 1))
    cell = read_cell(text, "CMT")
    if not cell.problem:
        return cell
    known = f"the compartment's number, or {', '.join(names)}" if names else "the compartment's number"
    meant = nearest(text, list(names))
    fix = f"write {known}" + (f"; {meant} may be it" if meant else "")
    return bad("no compartment of the model" if names else "text where a number belongs", fix)


def _fault(text: str, column: str) -> Cell:
    if _CENSORED.fullmatch(text):
        return bad(
            f"{text!r} is a limit, not a number",
            _BELOW_LIMIT if column == "DV" else "write the value",
        )
    if _INFINITE.fullmatch(text):
        return _infinite()
    if _NAN.fullmatch(text):
        return bad(f"{text!r} is no number", "write . where a value is missing")
    if _COMMA.fullmatch(text):
        return bad(f"{text!r} has a decimal comma", f"write {text.replace(',', '.')}")
    if _CLOCK.fullmatch(text):
        return bad("a date or clock time instead of a number", "write a number in the model's unit")
    if found := _WITH_UNIT.fullmatch(text):
        return bad("a unit or letters behind the number", f"write {found[1]} in the model's unit")
    return bad("text where a number belongs", "write a number, or . where the value is missing")


def _infinite() -> Cell:
    return bad("is infinite", "write a finite number, or . where the value is missing")


def bad(problem: str, fix: str) -> Cell:
    """Return a cell that cannot be read."""
    return Cell(math.nan, False, problem, fix)
