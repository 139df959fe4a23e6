"""From the parts of a draft to its text: a spec file in Python."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import fields

from bayesdose.card import Covariate
from bayesdose.importing.parts import Draft, Note, Parameter, Parts, Quantity
from bayesdose.importing.text import INDENT, WIDTH, above, call, comment, field_lines, folded, plain, quoted

_IN_MODEL = " " * INDENT


def written(parts: Parts) -> Draft:
    """Return the draft: its text, with the list of notes at the top.

    Parameters
    ----------
    parts
        Everything that the spec says.
    """
    blocks = (_docstring(parts), _imports(parts), _card(parts), *_helpers(parts), _model(parts))
    return Draft(parts.name, "\n".join(blocks).rstrip() + "\n", parts.notes)


def _docstring(parts: Parts) -> str:
    about = (
        f"Draft imported from {plain(parts.source)}: unverified. "
        "Compare it with the source before it is used for anything."
    )
    title = textwrap.wrap(f'"""{plain(parts.title).rstrip(".")}.', WIDTH)
    lines = [*title, "", *_wrapped(about, ""), ""]
    if parts.notes:
        lines += ["Not carried over, or to be checked:", ""]
        for note in parts.notes:
            lines += _wrapped(plain(str(note)), "- ")
    else:
        lines.append("Everything that was found has been carried over.")
    return "\n".join([*lines, '"""', ""])


def _wrapped(text: str, mark: str) -> list[str]:
    return textwrap.wrap(
        text, WIDTH - 10, initial_indent=mark, subsequent_indent=" " * len(mark), break_long_words=False
    )


def _imports(parts: Parts) -> str:
    model = _model(parts)
    lines = ["import pymc as pm", ""] if "pm." in model else []
    lines += ["import bayesdose as bd", ""]
    for name, value in parts.defaults.items():
        if re.search(rf"\b{name}\b", model):
            lines.append(f"{name} = {value:g}  # per cent, where the source gives no standard error")
    return "\n".join([*lines, ""])


def _card(parts: Parts) -> str:
    units = parts.units
    lines = [
        "CARD = bd.Card(",
        f"    drug={quoted(parts.name)},",
        *field_lines("title", plain(parts.title)),
        f"    units=bd.Units(time={quoted(units.time)}, amount={quoted(units.amount)}, "
        f"concentration={quoted(units.concentration)}),",
        f"    compartments={quoted(parts.compartments)},",
    ]
    if parts.covariates:
        lines += ["    covariates=[", *(f"        {_covariate(c)}," for c in parts.covariates), "    ],"]
    lines += [
        *field_lines("source", plain(parts.source)),
        "    evidence=bd.Evidence(",
        *(f"    {line}" for key, text in _evidence(parts).items() for line in field_lines(key, text)),
        "    ),",
        ")",
    ]
    return "\n".join([*lines, ""])


def _evidence(parts: Parts) -> dict[str, str]:
    return {
        "status": "unverified",
        "against": plain(f"imported from {parts.source}"),
        "omega": parts.omega,
        "error": parts.residual,
        "uncertainty": plain(parts.uncertainty),
    }


def _covariate(covariate: Covariate) -> str:
    given = {f.name: getattr(covariate, f.name) for f in fields(covariate) if f.name != "name"}
    said = [f"{k}={quoted(v)}" for k, v in given.items() if v != getattr(Covariate(covariate.name), k)]
    return f"bd.Covariate({', '.join([quoted(covariate.name), *said])})"


def _helpers(parts: Parts) -> tuple[str, ...]:
    return ("\n".join(["", *parts.helpers, ""]),) if parts.helpers else ()


def _model(parts: Parts) -> str:
    lines = ["", "def model(study):", '    """Declare the model on a study."""']
    lines.append("    with bd.population_model(study, CARD) as m:")
    lines += [_IN_MODEL + line for line in _declarations(parts)]
    return "\n".join([*lines, "    return m", ""])


def _declarations(parts: Parts) -> Iterator[str]:
    if parts.kappas:
        yield from _effects("kappa", parts.kappas)
    for covariate in parts.covariates:
        yield f"{covariate.name} = bd.covariate({quoted(covariate.name)})"
    if parts.etas:
        yield from _effects("eta", parts.etas, parts)
    for theta in parts.thetas:
        yield from _assigned(
            f"theta_{theta.name}", "bd.theta", [quoted(theta.name), theta.prior], theta.comment
        )
    for parameter in parts.parameters:
        yield from _parameter(parameter)
    yield from parts.body
    yield from call(f"error = bd.{parts.residual}", list(parts.sigmas))
    yield from call("bd.observe", ['"DV"', parts.prediction, "error=error"])


def _effects(word: str, quantities: Iterable[Quantity], parts: Parts | None = None) -> Iterator[str]:
    yield f"{word} = bd.{word}("
    yield "    {"
    for one in quantities:
        yield from (" " * INDENT + line for line in _entry(one))
    yield "    },"
    if parts is not None and parts.correlations:
        yield "    correlation={"
        for pair, value in parts.correlations.items():
            yield f"        {quoted(pair)}: {quoted(value)},"
        yield "    },"
    yield ")"


def _entry(one: Quantity) -> list[str]:
    line, said = f"{quoted(one.name)}: {one.prior},", comment(one.comment)
    if len(line + said) + 2 * INDENT <= WIDTH:
        return [line + said]
    return [*above(one.comment), *folded(line, 0)]


def _parameter(parameter: Parameter) -> Iterator[str]:
    arguments = [quoted(parameter.name), parameter.typical]
    arguments += [f"eta[{quoted(name)}]" for name in parameter.effects]
    arguments += [f"kappa[{quoted(name)}]" for name in parameter.occasions]
    if parameter.scale != "log":
        arguments.append(f"scale={quoted(parameter.scale)}")
    yield from _assigned(parameter.name, "bd.parameter", arguments, "")


def _assigned(name: str, function: str, arguments: list[str], comment: str) -> Iterator[str]:
    yield from call(f"{name} = {function}", arguments, comment)


def listed(notes: Iterable[Note]) -> str:
    """Return the notes as lines for people."""
    return "\n".join(f"- {note}" for note in notes)
