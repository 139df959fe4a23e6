"""From compartments and flows to a structure of a spec: a closed form, a list of flows, or equations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import sympy

from bayesdose.errors import InputError, explain
from bayesdose.importing.nonmem.expanding import expanded, one_step, value_of
from bayesdose.importing.nonmem.printing import in_model, in_system
from bayesdose.importing.nonmem.reading import Stream
from bayesdose.importing.text import call, folded, quoted

_CLOSED = {
    1: ("one_compartment", ("CL", "V")),
    2: ("two_compartment", ("CL", "V1", "Q", "V2")),
    3: ("three_compartment", ("CL", "V1", "Q2", "V2", "Q3", "V3")),
}
_NAMES = ("central", "peripheral", "deep")
_CONCENTRATION = "_C"  # the closed form's result, while expressions are sympy's
_INLINE = re.compile(r"S\d+|SC|S0|K|KE|KEL|KA?\d+(T\d+)?")


@dataclass(frozen=True)
class Structure:
    """A structure, before names are printed.

    Parameters
    ----------
    word
        "one_compartment" and so on, "linear" or "ode".
    arguments
        Keyword (or flow) to expression.
    compartments
        Names in order.
    dose
        The one that doses enter.
    doses
        "F", "lag", "duration", "rate" to compartment to expression.
    prediction
        In amounts ``A_<name>``, or the closed form's concentration, and parameters.
    equations, initial
        Of "ode": state to expression.
    """

    word: str
    arguments: dict[str, Any]
    compartments: tuple[str, ...]
    dose: str
    doses: dict[str, dict[str, Any]]
    prediction: Any
    equations: Mapping[str, Any]
    initial: Mapping[str, Any]

    @property
    def read(self) -> set[str]:
        """Symbols that it reads: parameters, thetas, covariates."""
        given = [*self.arguments.values(), self.prediction, *self.initial.values()]
        given += [e for by_name in self.doses.values() for e in by_name.values()]
        names = {s.name for e in given for s in e.free_symbols}
        return {n for n in names if not n.startswith("A_")} - {_CONCENTRATION}


def structure_of(stream: Stream, prediction: Any) -> Structure:
    """Return the structure of a control stream.

    Parameters
    ----------
    stream
        The control stream.
    prediction
        What is observed, in amounts and parameters.
    """
    prediction = inlined(prediction, stream)
    rates = None if stream.initial else _rates(stream)
    closed = None if rates is None else _closed(stream, rates, prediction)
    if closed is not None:
        return closed
    order = None if rates is None else _first_named(stream.order, list(rates))
    if rates is None or order is None:
        return _equations(stream, prediction)
    return _flows(stream, rates, order, prediction)


def _rates(stream: Stream) -> dict[tuple[str, str], Any] | None:
    """Return source and target of each flow to its rate; None where the system is not linear.

    Off the diagonal of d(dA/dt)/dA stand the rates between compartments; what a compartment loses beyond
    them leaves the body.
    """
    found = {(a, b): inlined(sympy.cancel(_static(rate, stream)), stream) for a, b, rate in stream.flows}
    if not any(_moves(rate) for rate in found.values()):
        return found
    amounts = {name: sympy.Symbol(f"A_{name}") for name in stream.order}
    slopes: dict[tuple[str, str], Any] = {}
    found = {}
    for target in stream.order:
        equation = inlined(_static(stream.equations[target], stream), stream)
        slopes |= {(source, target): sympy.diff(equation, a) for source, a in amounts.items()}
        rest = equation - sum(slopes[source, target] * a for source, a in amounts.items())
        if any(_moves(slopes[source, target]) for source in amounts) or sympy.simplify(rest) != 0:
            return None
    for source in stream.order:
        found |= {
            (source, t): slopes[source, t] for t in stream.order if t != source and slopes[source, t] != 0
        }
        leaves = sympy.simplify(-sum(slopes[source, target] for target in stream.order))
        if leaves != 0:
            found[source, ""] = leaves
    return found


def inlined(expression: Any, stream: Stream) -> Any:
    """Put scales (S1), rate constants (K, K12) and second names (V = VC) of parameters into an expression.

    Parameters
    ----------
    expression
        Of sympy.
    stream
        The control stream whose assignments count.
    """
    assigned = {name for name, _ in stream.before}
    for symbol in sorted(expression.free_symbols, key=str):
        value = one_step(symbol.name, stream.before)
        if not _INLINE.fullmatch(symbol.name) and not _second_name(value, stream):
            continue
        made = value is not None and {s.name for s in value.free_symbols} <= assigned
        if made and (symbol.name.startswith("S") or len(value.free_symbols) > 1 or value.is_Symbol):
            expression = inlined(expression.xreplace({symbol: value}), stream)
    return expression


def _second_name(value: Any, stream: Stream) -> bool:
    """Return whether a variable is nothing but another one that has an eta."""
    first = one_step(value.name, stream.before) if value is not None and value.is_Symbol else None
    etas = {name for block in stream.etas for name in block.names}
    return first is not None and bool(etas & {s.name for s in first.free_symbols})


def _static(expression: Any, stream: Stream) -> Any:
    """Write out what depends on amounts or time (CONC = A(1)/V), and nothing else."""
    still = [n for n, _ in stream.before if not _moves(value_of(n, stream.before))]
    return expanded(expression, stream.before, still)


def _moves(value: Any) -> bool:
    return any(s.name == "t" or s.name.startswith("A_") for s in value.free_symbols)


def _closed(stream: Stream, rates: dict[tuple[str, str], Any], prediction: Any) -> Structure | None:
    """Return one of the closed forms, where flows are CL/V, Q/V1, Q/V2 in the order of its compartments."""
    leaving = [a for a, b in rates if not b]
    if len(leaving) != 1:
        return None
    central, order = leaving[0], list(stream.order)
    depot = (
        order[0] if order[0] != central and (order[0], central) in rates and order[0] == stream.dose else ""
    )
    others = [name for name in order if name not in (central, depot)]
    expected = {(central, ""), *([(depot, central)] if depot else [])}
    expected |= {pair for name in others for pair in ((central, name), (name, central))}
    starts = [depot, central] if depot else [central]
    if set(rates) != expected or len(others) > 2 or order[: len(starts)] != starts:
        return None
    if not depot and stream.dose != central:
        return None
    values = _clearances(rates, central, others)
    only = {s.name for s in prediction.free_symbols if s.name.startswith("A_")} == {f"A_{central}"}
    if values is None or not only:
        return None
    word, keywords = _CLOSED[len(others) + 1]
    arguments = dict(zip(keywords, values, strict=True)) | ({"ka": rates[depot, central]} if depot else {})
    names = dict(zip(order, (*(("depot",) if depot else ()), *_NAMES), strict=False))
    observed = prediction.xreplace({sympy.Symbol(f"A_{central}"): sympy.Symbol(_CONCENTRATION) * values[1]})
    made = Structure(
        word, arguments, tuple(names.values()), names[stream.dose], _doses(stream), observed, {}, {}
    )
    return replace(made, doses=_renamed(made.doses, names))


def _clearances(rates: dict[tuple[str, str], Any], central: str, others: list[str]) -> list[Any] | None:
    """Return CL, V, and Q and V of each further compartment; None where rates are no such ratios."""
    clearance, volume = sympy.fraction(rates[central, ""])
    values = [clearance, volume]
    for name in others:
        between, of_central = sympy.fraction(rates[central, name])
        back, of_other = sympy.fraction(rates[name, central])
        if of_central != volume or back != between:
            return None
        values += [between, of_other]
    return values if all(v.is_Symbol for v in values) else None


def _doses(stream: Stream) -> dict[str, dict[str, Any]]:
    """Return F, lag, duration and rate by compartment."""
    assigned = {name for name, _ in stream.before}
    found: dict[str, dict[str, Any]] = {
        "F": stream.bioavailability,
        "lag": stream.lag,
        "duration": {},
        "rate": {},
    }
    for k, name in enumerate(stream.order, 1):
        for word, letter in (("duration", "D"), ("rate", "R")):
            if f"{letter}{k}" in assigned and "RATE" in stream.columns:
                found[word][name] = sympy.Symbol(f"{letter}{k}")
    return {word: by_name for word, by_name in found.items() if by_name}


def _renamed(doses: dict[str, dict[str, Any]], names: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    return {word: {names[name]: e for name, e in by_name.items()} for word, by_name in doses.items()}


def _first_named(order: tuple[str, ...], flows: list[tuple[str, str]]) -> list[tuple[str, str]] | None:
    """Return the flows in an order that names compartments first in NONMEM's order; None if there is none."""
    left, sorted_flows, named = list(flows), [], 0
    while left:
        after = next((f for f in left if _names_next(f, order, named)), None)
        if after is None:
            return None
        left.remove(after)
        sorted_flows.append(after)
        named = max([named, *(order.index(name) + 1 for name in after if name)])
    return sorted_flows if named == len(order) else None


def _names_next(flow: tuple[str, str], order: tuple[str, ...], named: int) -> bool:
    """Return whether the compartments that a flow names first are the next ones, in order."""
    fresh = [order.index(name) for name in flow if name and order.index(name) >= named]
    return fresh == list(range(named, named + len(fresh)))


def _lower(stream: Stream) -> dict[str, str]:
    return {name: name.lower() for name in stream.order}


def _flows(
    stream: Stream, rates: dict[tuple[str, str], Any], order: list[tuple[str, str]], prediction: Any
) -> Structure:
    names = _lower(stream) | {"": ""}
    arguments = {f"{names[a]} -> {names[b]}".rstrip(): rates[a, b] for a, b in order}
    return _of_amounts("linear", stream, arguments, prediction, {}, {})


def _equations(stream: Stream, prediction: Any) -> Structure:
    equations = {n: inlined(_static(stream.equations[n], stream), stream) for n in stream.order}
    names = {s.name for e in equations.values() for s in e.free_symbols}
    parameters = sorted(n for n in names if n != "t" and not n.startswith("A_"))
    arguments = {name: sympy.Symbol(name) for name in parameters}
    initial = {name: inlined(e, stream) for name, e in stream.initial.items()}
    started = {s.name for e in initial.values() for s in e.free_symbols} - set(parameters)
    arguments |= {name: sympy.Symbol(name) for name in sorted(started)}
    return _of_amounts("ode", stream, arguments, prediction, equations, initial)


def _of_amounts(
    word: str,
    stream: Stream,
    arguments: dict[str, Any],
    prediction: Any,
    equations: Mapping[str, Any],
    initial: Mapping[str, Any],
) -> Structure:
    names = _lower(stream)
    doses = _renamed(_doses(stream), names)
    order = tuple(names[name] for name in stream.order)
    by_name = {names[name]: e for name, e in equations.items()}
    starts = {names[name]: e for name, e in initial.items()}
    return Structure(word, arguments, order, names[stream.dose], doses, prediction, by_name, starts)


def lines_of(structure: Structure, names: Mapping[str, str]) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """Return the structure as text: lines at the top level, lines in the model, the prediction.

    Parameters
    ----------
    structure
        The structure.
    names
        Symbol to its Python text.
    """
    body = list(_call(structure, names))
    compartments = {f"A_{name.upper()}": f"amounts.{name}" for name in structure.compartments}
    at = {n: f"bd.at_observations({names.get(n, n)})" for n in structure.read}
    prediction = in_model(structure.prediction, at | compartments | {_CONCENTRATION: "concentration"})
    helpers = tuple(_system(structure)) if structure.word == "ode" else ()
    return helpers, tuple(body), prediction


def _call(structure: Structure, names: Mapping[str, str]) -> Iterator[str]:
    word, result = structure.word, "amounts" if structure.word in ("linear", "ode") else "concentration"
    if word == "linear":
        yield "flows = {"
        for flow, rate in structure.arguments.items():
            yield from folded(f"{quoted(flow)}: {in_model(rate, names)},", 4)
        yield "}"
        arguments = ["flows", f"dose={quoted(structure.dose)}"]
    else:
        arguments = ["SYSTEM"] if word == "ode" else []
        arguments += [f"{key}={in_model(value, names)}" for key, value in structure.arguments.items()]
    for key, by_name in structure.doses.items():
        given = ", ".join(f"{quoted(name)}: {in_model(e, names)}" for name, e in by_name.items())
        arguments.append(f"{key}={{{given}}}")
    yield from call(f"{result} = bd.{word}", arguments)


def _system(structure: Structure) -> Iterator[str]:
    names = {f"A_{name.upper()}": f"A.{name}" for name in structure.compartments}
    names |= {name: f"p.{name}" for name in structure.arguments}
    yield "def rhs(t, A, p, m):"
    yield "    return {"
    for state, e in structure.equations.items():
        yield from folded(f"{quoted(state)}: {in_system(e, names)},", 8)
    yield "    }"
    yield from ("", "")
    more = []
    if structure.initial:
        yield from ("def initial(p, m):", "    return {")
        for state, e in structure.initial.items():
            yield from folded(f"{quoted(state)}: {in_system(e, names)},", 8)
        yield from ("    }", "", "")
        more = ["initial=initial"]
    states, parameters = quoted(structure.compartments), quoted(tuple(structure.arguments))
    arguments = ["rhs", f"states={states}", f"parameters={parameters}", f"dose={quoted(structure.dose)}"]
    yield from call("SYSTEM = bd.System", [*arguments, *more])


def check_names(structure: Structure) -> None:
    """Refuse compartments whose names a spec cannot have.

    Raises
    ------
    InputError
        When two differ only by case, or one is no name.
    """
    names = structure.compartments
    if len(set(names)) < len(names) or not all(name.isidentifier() for name in names):
        raise InputError(explain("compartments need names that differ", came=", ".join(names)))
