"""From a file or a DataFrame to columns of text, with the line each record stands on."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import NoReturn

import pandas as pd

from bayesdose.errors import InputError, explain, nearest
from bayesdose.study.cells import MISSING, read_cell
from bayesdose.study.findings import Finding, TableError

_OTHER_KINDS = {
    b"PK\x03\x04": "an Excel workbook or another zip archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"\x1f\x8b": "a gzip archive",
    b"\x89HDF": "an HDF5 file",
    b"PAR1": "a Parquet file",
    b"%PDF": "a PDF",
    b"{\\rtf": "a document in RTF",
    b"HEADER RECORD*": "a SAS transport file",
    b"<": "HTML or XML",
    b"{": "JSON",
    b"[": "JSON",
}
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars", " ": "spaces"}
_INVISIBLE = str.maketrans("", "", "\ufeff\u200b\u2060")
_ABOVE = 9  # lines before the column names that are looked past to find them
_TEXT_CONTROLS = frozenset(b"\t\n\r\f\x1a")


@dataclass(frozen=True)
class Raw:
    """A table as text.

    Parameters
    ----------
    source
        Name of the file, or "table".
    header
        Column names as they stand, stripped.
    header_row
        Line of the header; None for a DataFrame.
    columns
        One list of stripped cells per column.
    rows
        Line of each record.
    findings
        What reading found wrong; records with the wrong number of cells are left out of `columns`.
    """

    source: str
    header: tuple[str, ...]
    header_row: int | None
    columns: tuple[list[str], ...]
    rows: list[int]
    findings: tuple[Finding, ...] = ()


def without_commented(raw: Raw, column: int) -> tuple[Raw, list[Finding]]:
    """Leave out the records that open with #, which NM-TRAN takes for comments; each is an error.

    Parameters
    ----------
    column
        Position of the ID. It is the cell that is looked at: a # elsewhere is no comment.
    """
    out = [cell.startswith("#") for cell in raw.columns[column]]
    if not any(out):
        return raw, []
    problem, fix = "a row that opens with #: no subject's ID", "delete the row, or take the # away"
    kept = replace(
        raw,
        columns=tuple([c for c, o in zip(cells, out, strict=True) if not o] for cells in raw.columns),
        rows=[r for r, o in zip(raw.rows, out, strict=True) if not o],
    )
    rows = [r for r, o in zip(raw.rows, out, strict=True) if o]
    return kept, [Finding(r, None, "ID", "error", problem, fix) for r in rows]


def read_raw(table: str | PathLike[str] | pd.DataFrame) -> Raw:
    """Read a path or a DataFrame as text.

    Raises
    ------
    TableError
        When there is no table to read (no file, a directory, empty, binary).
    InputError
        When `table` is neither a path nor a DataFrame.
    """
    if isinstance(table, pd.DataFrame):
        return _from_frame(table)
    if isinstance(table, str) and "\n" in table:
        raise InputError(
            explain(
                "read_study takes a path or a DataFrame",
                came="text of several lines",
                fix="save it to a file, or read it with pandas.read_csv(io.StringIO(text), dtype=str)",
            )
        )
    if isinstance(table, str | PathLike):
        path = Path(table)
        source = path.name or str(path)
        return _from_text(_decode(_bytes_of(path, source), source), source)
    raise InputError(
        explain("read_study takes a path or a DataFrame", came=f"an object of type {type(table).__name__}")
    )


def _from_frame(frame: pd.DataFrame) -> Raw:
    columns = tuple([_text(v) for v in frame.iloc[:, k].tolist()] for k in range(frame.shape[1]))
    header = tuple(str(name).strip() for name in frame.columns)
    rows = list(range(2, 2 + len(frame)))
    return Raw("table", header, None, columns, rows)


def _text(value: object) -> str:
    if isinstance(value, str):
        return value.strip()
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return ""
    return str(value).strip()


def _bytes_of(path: Path, source: str) -> bytes:
    try:
        if path.is_dir():
            _fatal(source, "is a directory", "name the file in it")
        if not path.exists():
            _fatal(source, "there is no such file", _other_file(path))
        if not path.is_file():
            _fatal(source, "is no regular file", "save the table to a file")
        return path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "no valid path"
        _fatal(source, f"cannot be read ({reason.lower()})", "check the name and your permissions", error)


def _other_file(path: Path) -> str:
    around = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
    meant = nearest(path.name, around)
    return f"probably {meant!r} was meant" if meant else "check the path"


def _decode(data: bytes, source: str) -> tuple[str, tuple[Finding, ...]]:
    data = data.removeprefix(b"\xef\xbb\xbf").rstrip(b"\x1a")
    for magic, kind in _OTHER_KINDS.items():
        if data.startswith(magic):
            _fatal(source, f"is {kind}, not CSV", "export the table as CSV")
    if data.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        _fatal(source, "is UTF-32 text", "save it as CSV in UTF-8")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        _fatal(source, "is UTF-16 text", "save it as CSV in UTF-8")
    if data and max(data[::2].count(0), data[1::2].count(0)) > len(data) // 4:
        _fatal(source, "is UTF-16 text, or binary", "save it as CSV in UTF-8")
    if any(b < 32 and b not in _TEXT_CONTROLS for b in set(data)):
        _fatal(source, "is binary, not text", "export the table as CSV")
    try:
        return data.decode("utf-8").translate(_INVISIBLE), ()
    except UnicodeDecodeError:
        return data.decode("utf-8", errors="replace"), _undecodable(data)


def _undecodable(data: bytes) -> tuple[Finding, ...]:
    lines = enumerate(data.decode("utf-8", errors="replace").split("\n"), start=1)
    return tuple(
        Finding(row, None, None, "error", "a character that is not UTF-8", "save the file as CSV in UTF-8")
        for row, line in lines
        if "\ufffd" in line
    )


def _from_text(decoded: tuple[str, tuple[Finding, ...]], source: str) -> Raw:
    text, found = decoded
    separator = _separator(next((line for line in text.splitlines() if line.strip()), ""))
    rows, cells, broken = _split(text, separator)
    if not rows and broken:
        _fatal(source, "the first line has a quotation mark that is not closed", "close or remove it")
    if not rows:
        _fatal(source, "is empty", "write a header (ID,TIME,AMT,DV,...) and one line per record")
    header_row, header = rows[0], [c.strip() for c in cells[0]]
    findings = [*found, *_wrong_separator(separator, header_row), *broken]
    if all(read_cell(c).problem == "" for c in header):
        _fatal(source, "the first line holds no column names", "put a header first (ID,TIME,AMT,DV,...)")
    if names := _names_below(text, header):
        _fatal(source, f"the column names stand on line {names}", "delete the lines above them")
    whole = []
    for row, line in zip(rows[1:], cells[1:], strict=True):
        trimmed = _fit(line, len(header))
        if trimmed is not None and [c.strip() for c in trimmed] == header:
            findings.append(Finding(row, None, None, "error", "the column names again", "delete the line"))
        elif trimmed is not None and row == rows[1] and _is_remark(trimmed):
            problem = "a line of units or remarks below the column names"
            findings.append(Finding(row, None, None, "error", problem, "delete the line"))
        elif trimmed is None:
            findings.append(_ragged(row, len(line), len(header), separator))
        else:
            whole.append((row, trimmed))
    columns = tuple([line[k].strip() for _, line in whole] for k in range(len(header)))
    return Raw(source, tuple(header), header_row, columns, [row for row, _ in whole], tuple(findings))


def _names_below(text: str, header: list[str]) -> int | None:
    """Return the line of the column names where a title or a comment stands above them."""
    if _is_header(header):
        return None
    for row, line in enumerate(text.splitlines()[: _ABOVE + 1], 1):
        if _is_header([c.strip().strip('"') for c in line.split(_separator(line))]):
            return row
    return None


def _is_header(cells: list[str]) -> bool:
    return {"ID", "TIME"} <= {c.upper().lstrip("#") for c in cells}


def _is_remark(cells: list[str]) -> bool:
    """Whether no cell of a line has a digit, though several say something: units, not a record."""
    said = [c for c in cells if c.strip() not in MISSING]
    return len(said) > 1 and not any(character.isdigit() for c in said for character in c)


def _separator(header: str) -> str:
    counts = {s: header.count(s) for s in _SEPARATORS | {",": "commas"} if s != " "}
    best = max(counts, key=lambda s: counts[s])
    if counts[best]:
        return best
    return " " if len(header.split()) > 1 else ","


def _wrong_separator(separator: str, row: int) -> list[Finding]:
    if separator == ",":
        return []
    problem = f"the columns are separated by {_SEPARATORS[separator]}, not commas"
    fix = "save it with commas between columns and points in numbers, or read it with pandas first"
    return [Finding(row, None, None, "error", problem, fix)]


def _split(text: str, separator: str) -> tuple[list[int], list[list[str]], list[Finding]]:
    """Cells of every line that is not blank, and the line it starts on."""
    if separator == " ":
        numbered = [(k, line.split()) for k, line in enumerate(text.split("\n"), 1) if line.strip()]
        return [k for k, _ in numbered], [c for _, c in numbered], []
    rows: list[int] = []
    cells: list[list[str]] = []
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=separator, strict=True, skipinitialspace=True
    )
    while True:
        start = reader.line_num + 1
        try:
            line = next(reader)
        except StopIteration:
            return rows, cells, []
        except csv.Error:
            problem = "a quotation mark that is not closed, or stands inside a cell"
            fix = "close or remove it; the lines from here on were not checked"
            broken = Finding(start, None, None, "error", problem, fix)
            return rows, cells, [broken]
        if any(c.strip() for c in line):
            rows.append(start)
            cells.append(line)


def _fit(line: list[str], width: int) -> list[str] | None:
    """Cut empty cells behind the last column; None when the number of cells is wrong."""
    if len(line) == width:
        return line
    if len(line) > width and not any(c.strip() for c in line[width:]):
        return line[:width]
    return None


def _ragged(row: int, came: int, expected: int, separator: str) -> Finding:
    problem = f"{came} cell{'s' * (came != 1)} where the header has {expected}"
    fix = "write one cell per column, . where a value is missing"
    if came > expected and separator == ",":
        fix += " (a decimal comma splits a number in two)"
    return Finding(row, None, None, "error", problem, fix)


def _fatal(source: str, problem: str, fix: str, cause: Exception | None = None) -> NoReturn:
    raise TableError([Finding(None, None, None, "error", problem, fix)], source) from cause
