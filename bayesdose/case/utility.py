"""From ``[utility]`` to a utility and back: one by name, or those of several stakeholders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from bayesdose.case.problems import Problem, not_outcomes, table, unknown
from bayesdose.case.tables import PART_TABLES, UTILITY_TABLES, StakeholdersTable, Table
from bayesdose.decision import UTILITIES, named_utility, spoken, stakeholders
from bayesdose.decision.utilities import Named, Stakeholders
from bayesdose.errors import InputError

Utility = Named | Stakeholders
"""What a case can state."""

_BESIDE = {"name", "indifference", "share"}


def read_utility(given: Any, problems: list[Problem]) -> Any:
    """Return the table of the utility, or None after adding what is wrong with it to `problems`."""
    made = _named(given, ("utility",), UTILITY_TABLES, problems)
    if not isinstance(made, StakeholdersTable):
        return made
    before = len(problems)
    for who, part in made.parts.items():
        _named(part, ("utility", "parts", who), PART_TABLES, problems)
    return made if len(problems) == before else None


def wrong_utility(made: Any, outcomes: Mapping[str, Table] | None) -> list[Problem]:
    """Try the utility's numbers together, and look up the outcomes that it speaks of."""
    try:
        make_utility(made)
    except InputError as error:
        return [("utility", str(error))]
    return not_outcomes(dict(_spoken(made)), outcomes)


def make_utility(made: Any) -> Utility:
    """Return the utility that a table describes.

    Raises
    ------
    InputError
        When its numbers do not fit together.
    """
    if not isinstance(made, StakeholdersTable):
        return named_utility(made.name, **made.model_dump(exclude=_BESIDE))
    parts = {who: _part(part) for who, part in made.parts.items()}
    return stakeholders(**{who: (make_utility(part), part.share) for who, part in parts.items()})


def to_table(utility: Utility) -> dict[str, Any]:
    """Return a utility in the form of the file."""
    if isinstance(utility, Stakeholders):
        parts = {who: {**to_table(own), "share": weight} for who, own, weight in utility.parts}  # type: ignore[arg-type]
        return {"name": "stakeholders", "parts": parts}
    name = next(name for name, made in UTILITIES.items() if isinstance(utility, made))
    return {"name": name, **{f.name: getattr(utility, f.name) for f in fields(utility)}}


def _named(given: Any, at: tuple[str, ...], tables: Mapping[str, type], problems: list[Problem]) -> Any:
    key = ".".join(at)
    if not isinstance(given, Mapping) or not isinstance(given.get("name"), str):
        problems.append((key, f"needs a name. Expected: name = {' or '.join(map(repr, tables))}"))
        return None
    if given["name"] not in tables:
        problems.append((f"{key}.name", unknown(given["name"], tuple(tables), "utility")))
        return None
    return table(tables[given["name"]], given, at, problems)


def _part(given: Mapping[str, Any]) -> Any:
    return PART_TABLES[given["name"]].model_validate(given)


def _spoken(made: Any) -> Iterator[tuple[str, str]]:
    """Yield each key that names an outcome, and the name."""
    parts = {"utility": made}
    if isinstance(made, StakeholdersTable):
        parts = {f"utility.parts.{who}": _part(part) for who, part in made.parts.items()}
    for key, part in parts.items():
        for parameter in spoken(part.name):
            if (name := getattr(part, parameter)) is not None:
                yield f"{key}.{parameter}", name
