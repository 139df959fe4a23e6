"""The command about the models that come with the package: the list, and one card."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from bayesdose.cli.answers import Answer
from bayesdose.cli.commands import Debug, Json, _command, _load_model

if TYPE_CHECKING:
    from bayesdose.model import Model

One = Annotated[
    str | None,
    typer.Argument(
        metavar="MODEL", help="Show the card of this one, or of your own spec (a path); without it the list."
    ),
]


@_command
def models(name: One = None, as_json: Json = False, debug: Debug = False) -> Answer:
    """List the models that come with the package, or show the card of one."""
    from bayesdose.model import shipped_models

    if name is not None:
        return _card(_load_model(name))
    return _list([_load_model(known) for known in shipped_models()])


def _list(loaded: list[Model]) -> Answer:
    from rich.table import Column
    from rich.table import Table as Grid
    from rich.text import Text

    from bayesdose.reporting.cards import status

    name, status_of = Column("Model", no_wrap=True), Column("Status", no_wrap=True)
    shown = Grid(name, status_of, "What it is", "Covariates")
    for model in loaded:
        card = model.card
        covariates = ", ".join(f"{c.name} ({c.unit})" if c.unit else c.name for c in card.covariates)
        cells = (model.name, status(card), card.title, covariates)
        shown.add_row(*map(Text, cells))
    more = "bayesdose models NAME shows a model's card: its population, source, aims and evidence"
    return Answer({"models": [_record(m) for m in loaded]}, (shown, more))


def _card(model: Model) -> Answer:
    from bayesdose.reporting.cards import card_sections

    lines = []
    for heading, texts in card_sections(model).items():
        lines += [heading, *(f"  {text}" for text in texts)]
    return Answer(_record(model), ("\n".join(lines),))


def _record(model: Model) -> dict[str, object]:
    from bayesdose.reporting.cards import is_own, status

    said = status(model.card, own=is_own(model))
    return {"name": model.name, "hash": model.hash, "status": said, **asdict(model.card)}
