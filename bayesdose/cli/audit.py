"""The command that checks an audit file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bayesdose.cli.answers import Answer
from bayesdose.cli.commands import Debug, Json, _command


@_command
def audit(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Audit file of overrides.")],
    expects: Annotated[
        list[str] | None,
        typer.Option("--expect", metavar="HASH", help="Hash that must be in it, as a report prints it."),
    ] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> Answer:
    """Check that an audit file is what was written to it, and list its records."""
    from bayesdose.decision import verify_audit

    records = verify_audit(file, expects=expects or ())
    lines = [
        f"{r['number']:>4}  {r['time']}  {r['hash'][:12]}  {r['kind']}: "
        f"{r['limit'] or r['option'] or 'red flags'}, by {r['who']}: {r['why']}"
        for r in records
    ]
    count = f"{len(records)} record{'s' * (len(records) != 1)}, each as it was written"
    return Answer({"records": [dict(r) for r in records]}, (count, *lines))
