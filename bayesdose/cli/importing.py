"""Commands that turn what users have into a draft spec: a NONMEM control stream, a table of parameters."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bayesdose.card import Units
from bayesdose.cli.answers import Answer, answer
from bayesdose.cli.commands import Debug, Json, app
from bayesdose.errors import InputError, explain

if TYPE_CHECKING:
    from bayesdose.importing import Draft

imports = typer.Typer(
    help="Turn a NONMEM control stream or a table of parameters into a draft spec.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(imports, name="import")

Out = Annotated[
    Path | None,
    typer.Option(
        "--out", "-o", metavar="SPEC.py", help="Where the draft goes; unless given, FILE's name, .py."
    ),
]
Time = Annotated[str | None, typer.Option("--time", metavar="UNIT", help="Unit of time; unless given, h.")]
Amount = Annotated[str | None, typer.Option("--amount", metavar="UNIT", help="Of doses; unless given, mg.")]
Level = Annotated[
    str | None, typer.Option("--concentration", metavar="UNIT", help="Of levels; unless given, mg/L.")
]


def _command(function: Callable[..., Answer]) -> Callable[..., None]:
    """Make a command of the group `import`."""

    @imports.command(function.__name__)
    @functools.wraps(function)
    def run(**arguments: Any) -> None:
        as_json, debug = arguments["as_json"], arguments["debug"]
        raise typer.Exit(answer(functools.partial(function, **arguments), as_json=as_json, debug=debug))

    return run


@_command
def nonmem(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Control stream.")],
    out: Out = None,
    time: Time = None,
    amount: Amount = None,
    concentration: Level = None,
    as_json: Json = False,
    debug: Debug = False,
) -> Answer:
    """Turn a NONMEM control stream into a draft spec, with estimates from the .ext file beside it."""
    from bayesdose.importing import import_nonmem

    return _kept(
        import_nonmem(file, units=_units(time, amount, concentration)), out or file.with_suffix(".py")
    )


@_command
def table(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="Table of parameters.")],
    structure: Annotated[
        str, typer.Option(metavar="WORDS", help='The structure, such as "one_compartment oral".')
    ],
    out: Out = None,
    time: Time = None,
    amount: Amount = None,
    concentration: Level = None,
    as_json: Json = False,
    debug: Debug = False,
) -> Answer:
    """Turn a table of parameters, as nlmixr2 prints one, into a draft spec."""
    from bayesdose.importing import import_table

    units = _units(time, amount, concentration)
    return _kept(import_table(file, structure, units=units), out or file.with_suffix(".py"))


def _units(time: str | None, amount: str | None, concentration: str | None) -> Units | None:
    given = {"time": time, "amount": amount, "concentration": concentration}
    stated = {name: unit for name, unit in given.items() if unit is not None}
    if stated and len(stated) < len(given):
        raise InputError(
            explain(
                "units are stated together or not at all",
                came=", ".join(f"--{name} {unit}" for name, unit in stated.items()),
                expected="--time, --amount and --concentration",
            )
        )
    return Units(**stated) if stated else None


def _kept(draft: Draft, path: Path) -> Answer:
    """Try a draft and write it, whole or not at all."""
    from bayesdose.importing import try_draft
    from bayesdose.reporting.atomic import write_whole

    if path.suffix != ".py" or path.exists():
        raise InputError(
            explain(
                f"{path} is {'there already' if path.exists() else 'no place for a spec'}",
                expected="a new file that ends in .py",
                fix="name another one: --out",
            )
        )
    try_draft(draft)
    write_whole(path, draft.text)
    notes = [{"line": note.line, "why": note.why} for note in draft.notes]
    record = {"written": str(path), "status": "unverified", "notes": notes}
    shown = (
        f"written: {path} (unverified; it loads, builds and has a finite density)",
        "",
        "Not carried over, or to be checked:",
        *(f"- {note}" for note in draft.notes),
        "",
        f"Once it says what the source says: bayesdose fit {path} --prior stores its numbers as a fit to "
        "condition on, bayesdose fit SPEC TABLE fits it.",
    )
    return Answer(record, shown)
