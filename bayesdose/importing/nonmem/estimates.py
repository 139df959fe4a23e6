"""Final estimates and their standard errors, from what NONMEM writes beside a control stream."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

from bayesdose.errors import InputError, explain
from bayesdose.importing.parts import Note

_FINAL, _ERRORS = -1000000000, -1000000001  # iterations of an .ext file that are no iterations
_NOT_ESTIMATED = 1e10  # the standard error of what is fixed


@dataclass(frozen=True)
class Estimates:
    """Final estimates by NONMEM's names.

    Parameters
    ----------
    values, errors
        Name to estimate, and to standard error (of a variance: on the scale of the variance).
    files
        Names of the files that were read.
    notes
        What was there and not read.
    """

    values: dict[str, float] = field(default_factory=dict)
    errors: dict[str, float] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()


def estimates_beside(path: Path) -> Estimates:
    """Return the estimates of the .ext file beside a control stream, errors also from the .cov file.

    Parameters
    ----------
    path
        The control stream.

    Raises
    ------
    InputError
        When an .ext or .cov file is there but cannot be read.
    """
    values, errors, files, notes = {}, {}, [], []
    ext, cov, lst = (path.with_suffix(ending) for ending in (".ext", ".cov", ".lst"))
    if ext.is_file():
        rows = _last_table(ext)
        values, errors = _row(rows, ext, _FINAL), _row(rows, ext, _ERRORS, needed=False)
        files.append(ext.name)
    if cov.is_file():
        files.append(cov.name)
        errors = errors or _diagonal(cov)
        notes.append(
            Note(cov.name, "correlations between estimates are not in the priors, only standard errors")
        )
    if lst.is_file() and not values:
        notes.append(
            Note(lst.name, "not read: estimates come from the .ext file, which NONMEM writes beside it")
        )
    errors = {name: se for name, se in errors.items() if 0 < se < _NOT_ESTIMATED and math.isfinite(se)}
    return Estimates(values, errors, tuple(files), tuple(notes))


def _last_table(path: Path) -> list[list[str]]:
    """Return header and rows of the last table of a file: that of the last estimation step."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    starts = [k for k, line in enumerate(lines) if line.startswith("TABLE NO")]
    rows = [line.split() for line in lines[starts[-1] + 1 if starts else 0 :] if line.strip()]
    if len(rows) < 2:
        raise InputError(
            explain(f"{path.name} holds no table", expected="what NONMEM writes, or no such file")
        )
    return rows


def _row(rows: list[list[str]], path: Path, iteration: int, *, needed: bool = True) -> dict[str, float]:
    header, *body = rows
    for row in body:
        if _number(row[0]) == iteration and len(row) == len(header):
            return dict(zip(header[1:], map(_number, row[1:]), strict=True))
    if needed:
        raise InputError(
            explain(
                f"{path.name} holds no final estimates",
                expected=f"a row of iteration {iteration} with {len(header)} numbers",
                fix="let the run end, or take the file away to use initial estimates",
            )
        )
    return {}


def _diagonal(path: Path) -> dict[str, float]:
    header, *body = _last_table(path)
    found = {}
    for row in body:
        if row[0] in header and len(row) == len(header):
            found[row[0]] = math.sqrt(max(_number(row[header.index(row[0])]), 0.0))
    return found


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
