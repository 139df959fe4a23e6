"""The command that validates a fit, for a person or for continuous integration."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bayesdose.cli.answers import FINE, REFUSED, Answer, say
from bayesdose.cli.columns import Columns
from bayesdose.cli.commands import Debug, Json, OwnSpec, Seed, Stored, Table, _command, _load_fit, _read
from bayesdose.errors import InputError, Refused


@_command
def validate(
    fit: Stored,
    table: Table,
    column: Columns = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where validation.html and validation.json go.")
    ] = None,
    folds: Annotated[
        int | None,
        typer.Option(min=2, metavar="K", help="Refit in so many folds, and predict those left out."),
    ] = None,
    limits: Annotated[
        Path | None, typer.Option(metavar="FILE.toml", help="Limits of acceptance; else the defaults.")
    ] = None,
    seed: Seed = 1,
    replicates: Annotated[int, typer.Option(min=100, help="Studies to simulate.")] = 1000,
    by: Annotated[
        str | None, typer.Option(metavar="NAME", help="Strata of the VPC: a covariate, or DOSE.")
    ] = None,
    lloq: Annotated[
        float | None, typer.Option(help="Lower limit of quantification, where the table does not say.")
    ] = None,
    draws: Annotated[
        int | None, typer.Option(min=1, help="Of each chain of a refit; as the fit was made, unless given.")
    ] = None,
    ids: Annotated[bool, typer.Option("--ids", help="Put each level into the JSON, with its ID.")] = False,
    spec: OwnSpec = None,
    as_json: Json = False,
    debug: Debug = False,
) -> Answer:
    """Check a fit against a table: VPC of every kind of level, npde, coverage of those not in the fit.

    Exit code 0 when every check is within its limit, 1 when one is not, 2 when it could not be run.
    """
    made = _load_fit(fit, spec)
    study = _read(table, made.model, column)
    from bayesdose.reporting import validation_record, write_validation
    from bayesdose.validate import read_limits
    from bayesdose.validate import validate as check

    asked = None if limits is None else read_limits(limits)
    sampling = {} if draws is None else {"draws": draws}
    try:
        found = check(
            made,
            study,
            seed=seed,
            draws=replicates,
            folds=folds,
            limits=asked,
            by=by,
            lloq=lloq,
            sampling=sampling,
            say=say,
        )
    except Refused as reason:
        raise InputError(str(reason)) from reason  # it could not be run, which is no verdict on the model
    written = () if out is None else write_validation(found, made, out, ids=ids)
    record = {**validation_record(found, made, ids=ids), "written": [str(path) for path in written]}
    shown = (str(found), *(f"written: {path}" for path in written))
    return Answer(record, shown, FINE if found.passed else REFUSED)
