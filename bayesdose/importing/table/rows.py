"""Reading a table of parameters: which column is what, and what each row says."""

from __future__ import annotations

import csv
import math
import re
from dataclasses import dataclass
from pathlib import Path

from bayesdose.errors import InputError, explain
from bayesdose.importing.parts import Note

# What a column is, by its name without blanks and signs.
_COLUMNS = {
    "name": ("", "parameter", "param", "name", "term"),
    "estimate": ("estimate", "est", "value"),
    "se": ("se", "stderr", "stderror", "standarderror"),
    "rse": ("%rse", "rse", "rse%", "rsepercent"),
    "back": ("backtransformed", "backtransformed95%ci", "backtransformed%95ci"),
    "cv": ("bsvcv%", "bsvcv", "bsvcvpercent", "iivcv%", "iivcv", "iivcvpercent", "cv%"),
    "sd": ("bsvsd", "iivsd", "omegasd"),
    "variance": ("omega2", "omegavariance", "bsvvariance", "bsvvar", "iivvariance", "iivvar"),
    "bsv_rse": ("bsvrse%", "bsvrsepercent", "iivrse%", "iivrsepercent", "omegarse%", "omegarsepercent"),
}
_IGNORED = re.compile(r"shrink.*|ci.*|label|description|unit|units")
_UNSCALED = ("omega", "bsv", "iiv", "variability", "cv")
_LARGEST = 1_000_000


@dataclass(frozen=True)
class Row:
    """One row of the table.

    Parameters
    ----------
    line
        Its line in the file.
    name
        The parameter, as written.
    estimate, se, rse
        Estimate, its standard error, and relative standard error in per cent.
    back
        Back-transformed estimate.
    fixed
        Whether it was not estimated.
    bsv, scale
        Variability between subjects (a CV as a fraction), and its scale, as in ``bd.published.omega``.
    bsv_rse
        Its relative standard error in per cent, on that scale.
    """

    line: int
    name: str
    estimate: float
    se: float | None
    rse: float | None
    back: float | None
    fixed: bool
    bsv: float | None
    scale: str
    bsv_rse: float | None


def read_rows(path: Path) -> tuple[list[Row], list[Note]]:
    """Return the rows, and a note for each column that is not read.

    Parameters
    ----------
    path
        The CSV file.

    Raises
    ------
    InputError
        When it cannot be read, a column is missing or of unknown scale, or a number cannot be read; all at
        once.
    """
    header, body = _cells(path)
    columns, notes = _columns(path, header)
    problems: list[str] = []
    rows = []
    for line, cells in enumerate(body, 2):
        if any(cell.strip() for cell in cells):
            padded = [*cells, *[""] * (len(header) - len(cells))]
            rows.append(_row(line, {what: padded[k] for what, k in columns.items()}, problems))
    if problems or not rows:
        raise InputError(
            explain(f"{path.name} cannot be used", came="; ".join(problems) or "no rows", expected="numbers")
        )
    return [row for row in rows if row is not None], notes


def _cells(path: Path) -> tuple[list[str], list[list[str]]]:
    try:
        text = path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise InputError(explain(f"{path} cannot be read", came=error.strerror)) from error
    if len(text) > _LARGEST or not text.strip():
        raise InputError(explain(f"{path.name} is no table of parameters", came=f"{len(text)} characters"))
    first = text.splitlines()[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    header, *body = csv.reader(text.splitlines(), delimiter=delimiter)
    return header, body


def _columns(path: Path, header: list[str]) -> tuple[dict[str, int], list[Note]]:
    found: dict[str, int] = {}
    notes = []
    for k, title in enumerate(header):
        plain = re.sub(r"[^a-z0-9%]", "", title.lower())
        what = next((what for what, names in _COLUMNS.items() if plain in names), None)
        if what is not None and what not in found:
            found[what] = k
        elif plain in _UNSCALED:
            raise InputError(
                explain(
                    f"the scale of column {title!r} of {path.name} is not stated",
                    expected="BSV(CV%), BSV(SD) or omega_variance",
                    fix="rename it to what its numbers are",
                )
            )
        elif not _IGNORED.fullmatch(plain):
            notes.append(Note(f"column {title}", "not read"))
    missing = [what for what in ("name", "estimate") if what not in found]
    scales = [what for what in ("cv", "sd", "variance") if what in found]
    if missing or len(scales) > 1:
        raise InputError(
            explain(
                f"the columns of {path.name} are not those of a table of parameters",
                came=", ".join(header),
                expected="parameter, estimate, SE or %RSE, perhaps Back-transformed and one of BSV(CV%), "
                "BSV(SD), omega_variance",
            )
        )
    return found, notes


def _row(line: int, cells: dict[str, str], problems: list[str]) -> Row | None:
    numbers: dict[str, float | None] = {}
    for what, cell in cells.items():
        if what == "name":
            continue
        try:
            numbers[what] = _number(cell)
        except ValueError:
            problems.append(f"line {line}: {cell!r} as {what} of {cells['name']!r}")
    estimate = numbers.get("estimate")
    if estimate is None:
        if "estimate" in numbers:
            problems.append(f"line {line}: no estimate of {cells['name']!r}")
        return None
    scale = next((what for what in ("cv", "sd", "variance") if numbers.get(what)), "")
    bsv = numbers.get(scale) if scale else None
    return Row(
        line=line,
        name=cells["name"].strip(),
        estimate=estimate,
        se=numbers.get("se"),
        rse=numbers.get("rse"),
        back=numbers.get("back"),
        fixed=any("fix" in cells.get(what, "").lower() for what in ("se", "rse", "estimate")),
        bsv=bsv / 100.0 if bsv is not None and scale == "cv" else bsv,
        scale=scale,
        bsv_rse=numbers.get("bsv_rse"),
    )


def _number(cell: str) -> float | None:
    """Return the first number of a cell ("1.57 (1.1, 2.2)"); None of one that says it has none."""
    text = cell.strip()
    if text.lower().rstrip(".") in ("", "na", "nan", "-", "fix", "fixed"):
        return None
    found = re.match(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?(?=$|[\s%(*[]|fix)", text)
    if found is None:
        raise ValueError(text)
    value = float(found.group(0))
    return value if math.isfinite(value) else None
