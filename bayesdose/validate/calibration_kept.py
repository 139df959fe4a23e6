"""Finished replications of a calibration, kept in a file as they come."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bayesdose.errors import InputError, explain


class Kept:
    """A file of JSON lines: what the replications are of, then one line each.

    Parameters
    ----------
    path
        The file; None keeps nothing.
    identity
        What the replications depend on.

    Raises
    ------
    InputError
        When the file holds replications of something else.
    """

    def __init__(self, path: str | Path | None, identity: dict[str, Any]) -> None:
        self.path = None if path is None else Path(path)
        self.rows: dict[int, dict[str, Any]] = {}
        if self.path is None:
            return
        head = {"calibration": json.loads(json.dumps(identity))}
        if not self.path.exists():
            self.path.write_text(json.dumps(head) + "\n", encoding="utf-8")
            return
        first, *rest = self.path.read_text(encoding="utf-8").split("\n")
        if json.loads(first) != head:
            raise InputError(
                explain(
                    f"{self.path.name} holds replications of another calibration",
                    fix="another file, or remove this one",
                )
            )
        for line in rest[:-1]:  # a last line without its end was interrupted
            row = json.loads(line)
            self.rows[row.pop("replication")] = row
        if rest and rest[-1]:
            self.path.write_text("\n".join([first, *rest[:-1]]) + "\n", encoding="utf-8")

    def put(self, replication: int, row: dict[str, Any]) -> dict[str, Any]:
        """Add a replication, and return it."""
        if self.path is not None:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"replication": replication, **row}) + "\n")
        return row
