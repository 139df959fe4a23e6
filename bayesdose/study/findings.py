"""What is wrong with a table: one Finding a fault, one TableError for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bayesdose.errors import InputError

Level = Literal["error", "warning"]
SHOWN = 50  # findings that str(TableError) prints; .findings has all of them
_WIDEST_ID = 24


@dataclass(frozen=True)
class Finding:
    """One fault of a table.

    Parameters
    ----------
    row
        Line of the file, counted from 1 (the header is line 1); for a DataFrame 2 + position.
        None when it concerns the table as a whole.
    subject
        ID of the subject, None when it concerns no single one.
    column
        Our name of the column, None when it concerns no single one.
    level
        "error" (the table is refused) or "warning" (it is read, and `Study.warnings` keeps it).
    problem
        What is wrong.
    fix
        What to do about it.
    """

    row: int | None
    subject: str | None
    column: str | None
    level: Level
    problem: str
    fix: str


class TableError(InputError):
    """A table cannot be used; `findings` says everything that is wrong with it.

    Parameters
    ----------
    findings
        All errors, and the warnings found beside them.
    source
        Name of the table, for the first line of the message.
    """

    def __init__(self, findings: Sequence[Finding], source: str = "table") -> None:
        self.findings = tuple(findings)
        self.source = source
        super().__init__(listing(self.findings, source))


def listing(findings: Sequence[Finding], source: str, shown: int = SHOWN) -> str:
    """Return the findings as a plain aligned table under one line that counts them."""
    errors = sum(f.level == "error" for f in findings)
    counts = [_count(errors, "error"), _count(len(findings) - errors, "warning")]
    title = f"{printable(source)}: " + ", ".join(c for c in counts if c)
    cells: list[tuple[str, ...]] = [("row", "subject", "column", "level", "what is wrong", "what to do")]
    cells += [_cells(f) for f in findings[:shown]]
    widths = [max(len(line[k]) for line in cells) for k in range(5)]
    lines = [
        "  ".join(c.ljust(w) for c, w in zip(line, [*widths, 0], strict=True)).rstrip() for line in cells
    ]
    more = len(findings) - shown
    rest = [f"... and {more} more (see .findings)"] if more > 0 else []
    return "\n".join([title, *lines, *rest])


def printable(text: str, width: int | None = None) -> str:
    """Return `text` fit for a terminal: control characters as '?', cut to `width`."""
    clean = "".join(c if c.isprintable() else "?" for c in text)
    return clean if width is None or len(clean) <= width else clean[: width - 3] + "..."


def _cells(f: Finding) -> tuple[str, ...]:
    row = "-" if f.row is None else str(f.row)
    subject = "-" if f.subject is None else printable(f.subject, _WIDEST_ID)
    return (row, subject, f.column or "-", f.level, f.problem, f.fix)


def _count(n: int, word: str) -> str:
    return f"{n} {word}{'' if n == 1 else 's'}" if n else ""
