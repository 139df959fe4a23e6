"""What a decision leaves in the audit file: overrides of limits, and red flags that somebody took on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from os import PathLike
from typing import Any

from bayesdose.decision.choice import Choice
from bayesdose.decision.limits.audit import append, in_no_file
from bayesdose.decision.limits.overrides import Override, entry
from bayesdose.errors import InputError, explain

NOWHERE = (
    "the acknowledgement of red flags is recorded nowhere but in this choice and what is printed from it: no "
    "audit file was named"
)
"""Stands among the reasons of a choice that took red flags on without an audit file."""

_KEPT = ("drug", "model", "model_hash", "patient", "seed")


def record(
    choice: Choice,
    overrides: Sequence[Override],
    lifted: Sequence[Mapping[str, str]],
    audit_file: str | PathLike[str] | None,
) -> Choice:
    """Append a choice's overrides and acknowledgement to the audit file; return it with the records.

    Parameters
    ----------
    choice
        What was decided.
    overrides, lifted
        Who lets what pass, and which options pass because of each.
    audit_file
        Where; None: an acknowledgement stands in the choice alone, and says so.

    Raises
    ------
    InputError
        When there is an override and no file, or the file cannot be written.
    Refused
        When the file is not what was written to it.
    """
    if audit_file is None and overrides:
        fix = 'name the file that keeps it: audit_file="overrides.jsonl"'
        raise InputError(explain("an override without an audit file", fix=fix))
    decision = _decision(choice)
    entries = [entry(one, own, decision) for one, own in zip(overrides, lifted, strict=True)]
    if choice.acknowledged is not None:
        entries.append(_acknowledgement(choice, decision))
    if not entries:
        return choice
    if audit_file is None:
        told = (*choice.reasons, NOWHERE)
        return replace(choice, overrides=tuple(map(in_no_file, entries)), reasons=told)
    return replace(choice, overrides=append(audit_file, entries))


def _decision(choice: Choice) -> dict[str, Any]:
    said = {"best": choice.best, "status": choice.status, "criterion": choice.criterion}
    attrs = {name: _plain(choice.attrs[name]) for name in _KEPT if name in choice.attrs}
    return {**said, "utility": choice.utility, "limits": list(choice.limits), **attrs}


def _acknowledgement(choice: Choice, decision: Mapping[str, Any]) -> dict[str, Any]:
    who = choice.acknowledged or {}
    flags = [f"{one.get('name')}, {one.get('where')}" for one in choice.flags]
    kept = {"kind": "acknowledgement", "who": who["who"], "why": who["why"]}
    return {**kept, "limit": None, "option": None, "options": {}, "flags": flags, "decision": dict(decision)}


def _plain(value: Any) -> Any:
    value = value.item() if hasattr(value, "item") else value
    return value if isinstance(value, str | int) else str(value)
