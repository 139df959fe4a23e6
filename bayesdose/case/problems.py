"""What is wrong with a case file: one (key, complaint) each, and one message for all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from bayesdose.case.stated import criterion_of_table, limits_of
from bayesdose.case.tables import NESTED, CriterionTable, LimitsTable, OptionsTable, OutcomeTable, Table
from bayesdose.decision.limits.doses import Check
from bayesdose.errors import InputError, nearest
from bayesdose.study.dose_text import DoseText, parse
from bayesdose.units import unit

Problem = tuple[str, str]
"""A key of the case file, and what is wrong with it."""

_WIDEST_KEY, _WIDEST_VALUE = 40, 60
_KINDS = {
    "model_type": "a table",
    "dict_type": "a table",
    "float_type": "a number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "string_type": "a text in quotation marks",
    "bool_type": "true or false",
    "too_short": "at least one number",
}


def table(made: type[BaseModel], content: Any, at: Sequence[str], problems: list[Problem]) -> Any:
    """Return the table, or None after adding what is wrong with it to `problems`.

    Parameters
    ----------
    made
        Its schema.
    content
        What TOML gave.
    at
        Keys that lead to it.
    problems
        Grows.
    """
    try:
        return made.model_validate(content)
    except ValidationError as error:
        problems += [_problem(e, at, content, _known(made, e)) for e in error.errors()]
        return None


def unknown(name: str, known: Sequence[str], what: str = "key") -> str:
    """Complain of a name that is not among the known ones."""
    return f"is no {what} known here{_meant(name, known)}. Expected: {', '.join(known)}"


def wrong_options(options: OptionsTable) -> list[Problem]:
    """Compare the placeholders of the text with the numbers given."""
    try:
        text = parse(options.text)
    except InputError as error:
        return [("options.text", line) for line in str(error).split("\n")]
    wanted = text.names
    known = (*wanted, *OptionsTable.model_fields)
    missing = [name for name in wanted if name not in options.values]
    extra = [name for name in options.values if name not in wanted]
    other = [name for name in options.complete if name not in wanted]
    return [
        *((f"options.{name}", f"is missing: the numbers for {{{name}}} of the text") for name in missing),
        *((f"options.{name}", f"is not in the text as {{{name}}}{_meant(name, known)}") for name in extra),
        *(("options.complete", f"names {name!r}, not in the text{_meant(name, wanted)}") for name in other),
        *(("options.text", problem) for problem in _wrong_units(text)),
        *_not_above_zero(options),
        *_wrong_formulation(options),
    ]


def _wrong_units(text: DoseText) -> list[str]:
    found = []
    for name in dict.fromkeys(part.unit.partition("/")[0] for part in text.parts):
        try:
            unit(name)
        except InputError as error:
            found.append(str(error))
    return found


def _wrong_formulation(options: OptionsTable) -> list[Problem]:
    """Try the sizes, then each thing that comes with the drug on its own."""
    tried: list[tuple[str, dict[str, str]]] = [("strengths", {})]
    tried += [(f"contains.{name}", {name: text}) for name, text in options.contains.items()]
    found = []
    for key, contains in tried:
        try:
            options.model_copy(update={"contains": contains}).formulation()
        except InputError as error:
            found.append((f"options.{key}", str(error)))
            if key == "strengths":
                break
    if options.split > 1 and not options.strengths:
        found.append(("options.split", "divides sizes, and options.strengths states none"))
    return found


def _not_above_zero(options: OptionsTable) -> list[Problem]:
    return [
        (f"options.{name}", f"came {number:g}, expected numbers above 0 (no treatment is always an option)")
        for name, numbers in options.values.items()
        for number in numbers
        if number <= 0
    ]


def wrong_limits(limits: LimitsTable, outcomes: Mapping[str, Table] | None) -> list[Problem]:
    """Try each limit, and look up the outcomes that it speaks of."""
    found = []
    for key, made in limits_of(limits):
        try:
            made()
        except InputError as error:
            found.append((f"limits.{key}", str(error)))
    named = {f"limits.chance[{k}].outcome": one.outcome for k, one in enumerate(limits.chance)}
    return found + _valueless(limits, outcomes or {}) + not_outcomes(named, outcomes)


def _valueless(limits: LimitsTable, outcomes: Mapping[str, Table]) -> list[Problem]:
    """Complain of a chance of an exposure without values: only a probability needs none."""
    return [
        (
            f"limits.chance[{k}]",
            f"needs above, below or within: {one.outcome!r} is no probability but an exposure",
        )
        for k, one in enumerate(limits.chance)
        if one.above is one.below is one.within is None
        and isinstance(outcomes.get(one.outcome), OutcomeTable)
    ]


def wrong_criterion(criterion: CriterionTable, outcomes: Mapping[str, Table] | None) -> list[Problem]:
    """Try the criterion, and look up the outcome that it speaks of."""
    try:
        criterion_of_table(criterion)
    except InputError as error:
        return [("criterion", str(error))]
    return not_outcomes({"criterion.outcome": criterion.outcome} if criterion.outcome else {}, outcomes)


def limit_list(limits: LimitsTable) -> list[Check]:
    """Return the limits stated, as `decide` takes them."""
    return [made() for _, made in limits_of(limits)]


def not_outcomes(spoken: Mapping[str, str], outcomes: Mapping[str, Table] | None) -> list[Problem]:
    """Complain of names (by their key) that are no outcome of the case."""
    if outcomes is None:
        return []
    return [
        (key, f"speaks of {name!r}, which is no outcome{_meant(name, tuple(outcomes))}")
        for key, name in spoken.items()
        if name not in outcomes
    ]


def listing(problems: Sequence[Problem], source: str) -> str:
    """Return all problems as text, one line each under a line that counts them."""
    width = min(max(len(key) for key, _ in problems), _WIDEST_KEY)
    count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
    return "\n".join([f"{source}: {count}", *(f"  {key:<{width}}  {why}" for key, why in problems)])


def _known(made: type[BaseModel], error: Any) -> tuple[str, ...]:
    """Return the keys of the table in which the problem is: a table inside another has its own."""
    inner = NESTED.get(error["loc"][0]) if len(error["loc"]) > 2 else None
    return tuple((inner or made).model_fields)


def _problem(error: Any, at: Sequence[str], content: Any, known: Sequence[str]) -> Problem:
    """Return the key and the complaint for one of pydantic's."""
    key = _key([*at, *(part for part in error["loc"] if part != "[key]")], content)
    if error["type"] == "missing":
        return key, "is missing"
    if error["type"] == "extra_forbidden":
        name, inside = str(error["loc"][-1]), content.get("values")
        twice = isinstance(inside, Mapping) and name in inside
        return key, "stands in values too" if twice else unknown(name, known)
    came = repr(error["input"])
    came = came if len(came) <= _WIDEST_VALUE else came[: _WIDEST_VALUE - 3] + "..."
    said = error["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    return key, f"came {came}, expected {_KINDS.get(error['type'], said)}"


def _key(path: list[Any], content: Any) -> str:
    """Write a key as in the file, where values may stand beside the text."""
    if len(path) > 2 and path[1] == "values" and isinstance(content, Mapping) and path[2] in content:
        path = [path[0], *path[2:]]
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


def _meant(name: str, known: Sequence[str]) -> str:
    found = nearest(name, tuple(known))
    return f". Probably meant: {found}" if found and found != name else ""
