"""The option ``--column``: what the table calls what bayesdose reads."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from bayesdose.errors import InputError, explain

Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        metavar="OURS=THEIRS",
        help="A column under another name, such as DV=conc; repeatable. adppk: CDISC's layout.",
    ),
]


def columns_of(given: list[str] | None) -> dict[str, str] | Literal["adppk"] | None:
    """Return what `read_study` takes as ``columns``."""
    if not given:
        return None
    if given == ["adppk"]:
        return "adppk"
    if "adppk" in given:
        raise InputError(explain("--column adppk is a whole layout", fix="leave the other --column out"))
    made: dict[str, str] = {}
    for pair in given:
        ours, _, theirs = (part.strip() for part in pair.partition("="))
        if not (ours and theirs):
            raise InputError(explain("--column", came=repr(pair), expected="OURS=THEIRS, such as DV=conc"))
        if ours in made:
            raise InputError(explain(f"--column names {ours} twice", came=f"{made[ours]} and {theirs}"))
        made[ours] = theirs
    return made
