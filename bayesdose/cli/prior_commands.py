"""Commands about priors: what they say before any level, and how much they matter after."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bayesdose.cli.answers import Answer
from bayesdose.cli.columns import Columns
from bayesdose.cli.commands import (
    Debug,
    Json,
    OwnSpec,
    Seed,
    Spec,
    Stored,
    Table,
    _command,
    _load_fit,
    _load_model,
    _read,
)


@_command
def prior_check(
    model: Spec,
    table: Table,
    column: Columns = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where page and figure go; unless given, nowhere.")
    ] = None,
    seed: Seed = 1,
    draws: Annotated[int, typer.Option(min=1, help="Populations to draw from the priors.")] = 1000,
    as_json: Json = False,
    debug: Debug = False,
) -> Answer:
    """Predict a table's levels from the priors alone, and count what is impossible.

    With --out it also writes prior-check.html and prior-check.png.
    """
    loaded = _load_model(model)
    study = _read(table, loaded, column)
    from bayesdose.reporting import write_prior_check
    from bayesdose.validate.priors import prior_check as check_priors

    found = check_priors(loaded, study, seed=seed, draws=draws)
    written = () if out is None else write_prior_check(found, out)
    record = {**found.to_dict(), "written": [str(path) for path in written]}
    return Answer(record, (str(found), *(f"written: {path}" for path in written)))


@_command
def sensitivity(
    fit: Stored,
    table: Table,
    column: Columns = None,
    spec: OwnSpec = None,
    as_json: Json = False,
    debug: Debug = False,
) -> Answer:
    """Show how far priors and levels each determine the posterior of a stored fit.

    The fit must be whole, and the table the one that was fitted.
    """
    made = _load_fit(fit, spec)
    study = _read(table, made.model, column)
    from bayesdose.fitting import sensitivity as scale

    found = scale(made, study)
    return Answer(found.to_dict(), (str(found),))
