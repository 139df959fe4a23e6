"""Pieces of Python text: strings, calls, comments."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

WIDTH = 110
INDENT = 8  # of the body of a spec's function


def plain(text: str) -> str:
    """Return text that can stand in a comment or a docstring: one line, printable, no quotes that end it."""
    shown = "".join(c if c.isprintable() else " " for c in " ".join(text.split()))
    return shown.replace("\\", "/").replace('"""', "'''")


def quoted(value: Any) -> str:
    """Return the Python text of a string, a number or a tuple of them, with double quotes.

    Parameters
    ----------
    value
        A string, a number, True, or a tuple.
    """
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, tuple):
        return f"({', '.join(map(quoted, value))}{',' if len(value) == 1 else ''})"
    return repr(value)


def call(head: str, arguments: list[str], about: str = "") -> Iterator[str]:
    """Yield the lines of a call: one where it is short, else one for each argument.

    Parameters
    ----------
    head
        What stands before the bracket ("CL = bd.parameter").
    arguments
        Text of each argument.
    about
        A comment.
    """
    line = f"{head}({', '.join(arguments)}){comment(about)}"
    if len(line) + INDENT <= WIDTH:
        yield line
        return
    yield f"{head}({comment(about)}"
    yield from (f"    {argument}," for argument in arguments)
    yield ")"


def comment(text: str) -> str:
    """Return a text as a comment behind code; nothing of nothing."""
    return f"  # {plain(text)}" if text else ""


def file_name(stem: str) -> str:
    """Return the name of a spec from that of a file: lower case, letters and digits, a letter first."""
    made = "".join(c if c.isalnum() else "_" for c in stem).lower()
    return made if made[:1].isalpha() else f"model_{made}"
