"""From a file or a DataFrame to columns of text, with the line each record stands on."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import NoReturn

import pandas as pd

from bayesdose.errors import InputError, explain, nearest
from bayesdose.study.cells import read_cell
from bayesdose.study.findings import Finding, TableError

_ARCHIVES = {
    b"PK\x03\x04": "an Excel workbook or another zip archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"\x1f\x8b": "a gzip archive",
    b"\x89HDF": "an HDF5 file",
    b"PAR1": "a Parquet file",
}
_SEPARATORS = {";": "semicolons", "\t": "tabs", " ": "spaces"}
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
    for magic, kind in _ARCHIVES.items():
        if data.startswith(magic):
            _fatal(source, f"is {kind}, not text", "export the table as CSV")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        _fatal(source, "is UTF-16 text", "save it as CSV in UTF-8")
    if any(b < 32 and b not in _TEXT_CONTROLS for b in set(data)):
        _fatal(source, "is binary, not text", "export the table as CSV")
    try:
        return data.decode("utf-8"), ()
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
    whole = []
    for row, line in zip(rows[1:], cells[1:], strict=True):
        trimmed = _fit(line, len(header))
        if trimmed is None:
            findings.append(_ragged(row, len(line), len(header), separator))
        else:
            whole.append((row, trimmed))
    columns = tuple([line[k].strip() for _, line in whole] for k in range(len(header)))
    return Raw(source, tuple(header), header_row, columns, [row for row, _ in whole], tuple(findings))


def _separator(header: str) -> str:
    counts = {s: header.count(s) for s in (",", ";", "\t")}
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
    problem = f"{came} cells where the header has {expected}"
    fix = "write one cell per column, . where a value is missing"
    if came > expected and separator == ",":
        fix += " (a decimal comma splits a number in two)"
    return Finding(row, None, None, "error", problem, fix)


def _fatal(source: str, problem: str, fix: str, cause: Exception | None = None) -> NoReturn:
    raise TableError([Finding(None, None, None, "error", problem, fix)], source) from cause
