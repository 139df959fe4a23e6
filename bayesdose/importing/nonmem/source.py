"""What is read from a control stream's text itself: the order of compartments, labels, lines."""

from __future__ import annotations

import re
from collections.abc import Iterator

_RECORD = re.compile(r"^\s*\$([A-Za-z]+)(.*)$")


def records_of(code: str) -> Iterator[tuple[str, int, list[str]]]:
    """Yield name, first line's number and lines of each record, without the name.

    Parameters
    ----------
    code
        Text of a control stream.
    """
    name, first = "", 0
    lines: list[str] = []
    for number, line in enumerate(code.splitlines(), 1):
        found = _RECORD.match(line)
        if found:
            if name:
                yield name, first, lines
            name, first, lines = found.group(1).upper(), number, [found.group(2)]
        else:
            lines.append(line)
    if name:
        yield name, first, lines


def is_record(name: str, of: str) -> bool:
    """Return whether a record's name is `of` or an abbreviation of it (at least three letters)."""
    return len(name) >= 3 and of.startswith(name)


def title_of(code: str) -> str:
    """Return the text of $PROBLEM; "" when there is none."""
    for name, _, lines in records_of(code):
        if is_record(name, "PROBLEM"):
            return " ".join(lines[0].split())
    return ""


def compartments_of(code: str) -> tuple[str, ...]:
    """Return the names of $MODEL's compartments, in its order; none when they are not named."""
    names: list[str] = []
    for name, _, lines in records_of(code):
        if is_record(name, "MODEL"):
            text = " ".join(line.partition(";")[0] for line in lines)
            names += re.findall(r"COMP\w*\s*=\s*\(?\s*[\"']?(\w+)", text, flags=re.IGNORECASE)
    return tuple(name.upper() for name in names)


def labels_of(code: str) -> dict[str, str]:
    """Return NONMEM's name of a theta to the comment behind it, where each line has one theta and a comment.

    Parameters
    ----------
    code
        Text of a control stream.
    """
    found: dict[str, str] = {}
    thetas = 0
    for name, _, lines in records_of(code):
        if not is_record(name, "THETA"):
            continue
        for line in lines:
            value, _, comment = line.partition(";")
            count = len(re.findall(r"\([^)]*\)|[^\s,()]+", re.sub(r"\bFIX\w*\b", "", value)))
            if count == 1 and comment.strip():
                found[f"THETA{thetas + 1}"] = comment.strip()
            thetas += count
    return found


def line_of(code: str, symbol: str) -> str:
    """Return number and text of the last line that assigns a variable, for a note.

    Parameters
    ----------
    code
        Text of a control stream.
    symbol
        The variable.
    """
    pattern = re.compile(rf"^\s*(IF\s*\(.*\)\s*)?{re.escape(symbol)}\s*=", flags=re.IGNORECASE)
    for number, line in reversed(list(enumerate(code.splitlines(), 1))):
        if pattern.match(line):
            return f"line {number}, {' '.join(line.partition(';')[0].split())}"
    return symbol


def reference_of(code: str, covariate: str) -> float | None:
    """Return the number that a covariate is divided by or measured from; None when there is none.

    Parameters
    ----------
    code
        Text of a control stream.
    covariate
        Column name.
    """
    found = re.findall(rf"\b{re.escape(covariate)}\s*[/-]\s*(\d+\.?\d*(?:E[+-]?\d+)?)", code, re.IGNORECASE)
    distinct = {float(text) for text in found if float(text) > 0}
    return distinct.pop() if len(distinct) == 1 else None
