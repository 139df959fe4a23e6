"""Pieces of Python text: strings, calls, comments."""

from __future__ import annotations

import json
import re
import textwrap
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
    """Yield the lines of a call: one where it is short, else one or more for each argument.

    Parameters
    ----------
    head
        What stands before the bracket ("CL = bd.parameter").
    arguments
        Text of each argument.
    about
        A comment; above the call where it is long.
    """
    line, said = f"{head}({', '.join(arguments)})", comment(about)
    if len(line + said) + INDENT <= WIDTH:
        yield line + said
        return
    if len(head + said) + INDENT >= WIDTH:
        yield from above(about)
        said = ""
    if not said and len(line) + INDENT <= WIDTH:
        yield line
        return
    yield f"{head}({said}"
    for argument in arguments:
        yield from folded(f"{argument},", 4)
    yield ")"


def folded(text: str, indent: int) -> list[str]:
    """Return the lines of what stands inside brackets: broken at blanks, but for those in strings.

    Parameters
    ----------
    text
        An argument, or an entry of a dict, with its comma.
    indent
        Blanks before it, beyond those of the function's body.
    """
    held = re.sub(r'"[^"]*"', lambda string: string.group(0).replace(" ", "\0"), text)
    first = " " * indent
    return [line.replace("\0", " ") for line in _at_blanks(held, first, first + "    ")]


def above(about: str) -> list[str]:
    """Return a comment as lines of its own."""
    return _at_blanks(plain(about), "# ", "# ")


def _at_blanks(text: str, first: str, rest: str) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH - INDENT,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def field_lines(key: str, text: str) -> list[str]:
    """Return the lines of a card's field that is a text: in pieces where it is long."""
    line = f"    {key}={quoted(text)},"
    if len(line) + 4 <= WIDTH:
        return [line]
    pieces = textwrap.wrap(text, WIDTH - 16, drop_whitespace=False)
    return [f"    {key}=(", *(f"        {quoted(piece)}" for piece in pieces), "    ),"]


def comment(text: str) -> str:
    """Return a text as a comment behind code; nothing of nothing."""
    return f"  # {plain(text)}" if text else ""


def file_name(stem: str) -> str:
    """Return the name of a spec from that of a file: lower case, letters and digits, a letter first."""
    made = "".join(c if c.isalnum() else "_" for c in stem).lower()
    return made if made[:1].isalpha() else f"model_{made}"
