"""From a control stream to the parts of a draft."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sympy

from bayesdose.card import Covariate, Units
from bayesdose.errors import InputError, explain
from bayesdose.importing.nonmem.effects import Individuals, individuals_of
from bayesdose.importing.nonmem.estimates import Estimates, estimates_beside
from bayesdose.importing.nonmem.expanding import expanded, value_of
from bayesdose.importing.nonmem.numbers import numbers_of
from bayesdose.importing.nonmem.reading import Stream, read_stream
from bayesdose.importing.nonmem.residual import Residual, residual_of
from bayesdose.importing.nonmem.source import is_record, line_of, records_of, reference_of
from bayesdose.importing.nonmem.structure import Structure, check_names, lines_of, structure_of
from bayesdose.importing.parts import Note, Parts
from bayesdose.importing.text import file_name

_INITIAL = {"RSE": 100.0, "RSE_OMEGA": 100.0, "RSE_SIGMA": 100.0}
_FINAL = {"RSE": 30.0, "RSE_OMEGA": 50.0, "RSE_SIGMA": 30.0}
_NO_BOUND = 999_999  # NONMEM counts 1,000,000 as infinite
_RESERVED = (
    "ID", "TIME", "T", "t", "AMT", "DV", "EVID", "MDV", "CMT", "RATE", "II", "ADDL", "SS", "DVID", "CENS",
    "LIMIT", "OCC", "DATE", "L1", "L2",
)  # fmt: skip


def parts_of(path: Path, units: Units | None) -> Parts:
    """Return the parts of a draft of a control stream.

    Parameters
    ----------
    path
        The control stream.
    units
        Of time, amounts and concentrations; None when nobody has stated them.

    Raises
    ------
    InputError
        When something cannot be read, or has no counterpart that a draft could do without.
    """
    stream = read_stream(path)
    estimates = estimates_beside(path)
    numbers = numbers_of(stream.values, estimates)
    observed, kept = _observed(stream)
    residual = residual_of(stream, observed, numbers)
    structure = structure_of(stream, residual.prediction)
    check_names(structure)
    individuals = individuals_of(stream, structure, numbers, kept)
    covariates = tuple(_covariates(stream, structure, individuals))
    helpers, body, prediction = lines_of(structure, individuals.names)
    return Parts(
        name=file_name(stream.name),
        title=stream.title,
        source=" and ".join([f"the NONMEM control stream {path.name}", *estimates.files]),
        notes=tuple(_notes(stream, structure, residual, individuals, estimates, units, covariates)),
        units=units or Units(),
        defaults=_FINAL if estimates.values else _INITIAL,
        uncertainty=_uncertainty(estimates),
        omega="variance",
        covariates=covariates,
        compartments=structure.compartments,
        etas=individuals.etas,
        thetas=individuals.thetas,
        parameters=individuals.parameters,
        body=body,
        prediction=prediction,
        residual=residual.kind,
        sigmas=residual.sigmas,
        helpers=helpers,
        kappas=individuals.kappas,
        correlations=individuals.correlations,
    )


def _observed(stream: Stream) -> tuple[Any, tuple[str, ...]]:
    """Return Y in amounts and parameters, and the parameters that $ERROR itself defines."""
    etas = {name for block in stream.etas for name in block.names}
    epsilons = {name for block in stream.epsilons for name in block.names}
    assigned = [name for name, _ in stream.after]
    kept = []
    for name in dict.fromkeys(assigned):
        there = {s.name for s in value_of(name, [*stream.before, *stream.after]).free_symbols}
        moves = any(n.startswith("A_") for n in there)
        estimated = there & (etas | set(stream.values))
        if assigned.count(name) == 1 and estimated and not moves and not there & epsilons:
            kept.append(name)
    return expanded(sympy.Symbol(stream.observed), stream.after, kept), tuple(kept)


def _covariates(stream: Stream, structure: Structure, individuals: Individuals) -> Iterator[Covariate]:
    """Yield the columns that are read; refuse what is neither a column nor anything else that is known."""
    known = {p.name for p in individuals.parameters} | set(stream.values)
    read = individuals.read | structure.read
    for name in sorted(read - known):
        if name in stream.columns and name not in _RESERVED:
            yield Covariate(name.upper(), reference=reference_of(stream.code, name))
            continue
        column = name in stream.columns or name in _RESERVED
        raise InputError(
            explain(
                f"{name} governs a parameter of {stream.name}" if column else f"{name} is never assigned",
                came=line_of(stream.code, name),
                expected="thetas, etas and covariates in $PK",
                fix="write it in terms of covariates, or write the spec by hand",
            )
        )


def _uncertainty(estimates: Estimates) -> str:
    if not estimates.values:
        return "initial estimates; every prior has a default uncertainty, stated at the top of the file"
    known = "the run's standard errors" if estimates.errors else "none in the run"
    return f"final estimates; {known}, elsewhere the defaults stated at the top of the file"


def _notes(
    stream: Stream,
    structure: Structure,
    residual: Residual,
    individuals: Individuals,
    estimates: Estimates,
    units: Units | None,
    covariates: tuple[Covariate, ...],
) -> Iterator[Note]:
    yield from stream.notes
    yield from individuals.notes
    yield from residual.notes
    yield from estimates.notes
    if not estimates.values:
        yield Note(
            "$THETA, $OMEGA, $SIGMA",
            "initial estimates, not results: no .ext file lies beside the control stream",
        )
    yield from _unused(stream, residual, individuals)
    yield from _bounds(stream, individuals)
    if units is None:
        yield Note("units", "a control stream states none: the card says h, mg and mg/L")
    for one in covariates:
        yield Note(f"covariate {one.name}", _missing_of(one))
    yield from _records(stream)
    if structure.word == "ode":
        yield Note("$DES", "solved with the default tolerances of bd.System, not with TOL")


def _missing_of(covariate: Covariate) -> str:
    about = "unit, range and whether it varies within a subject are not known"
    return about if covariate.reference is not None else about + ", nor is its reference value"


def _unused(stream: Stream, residual: Residual, individuals: Individuals) -> Iterator[Note]:
    for value in stream.values.values():
        theta = value.nonmem.startswith("THETA")
        if theta and value.symbol not in individuals.used and value.symbol not in residual.thetas:
            yield Note(value.nonmem, "nothing that was carried over reads it: left out")
    for block in stream.etas:
        for k, name in enumerate(block.names):
            if name not in individuals.used:
                variance = stream.values.get(block.matrix[k][k])
                none = variance is None or variance.initial == 0.0
                why = "its variance is 0" if none else "nothing that was carried over reads it"
                yield Note(name, f"{why}: left out")


def _bounds(stream: Stream, individuals: Individuals) -> Iterator[Note]:
    for value in stream.values.values():
        if value.symbol not in individuals.used or value.fixed or not value.nonmem.startswith("THETA"):
            continue
        bounds = [b for b in (value.lower, value.upper) if b != 0 and abs(b) < _NO_BOUND]
        if bounds:
            yield Note(
                value.nonmem, f"its bound {' and '.join(f'{b:g}' for b in bounds)} is not in the prior"
            )


def _records(stream: Stream) -> Iterator[Note]:
    for name, line, lines in records_of(stream.code):
        text = " ".join(" ".join(lines).split())
        if is_record(name, "DATA") and re.search(r"(IGN\w*|ACC\w*)\s*=?\s*\(", text, flags=re.IGNORECASE):
            yield Note(
                f"line {line}, $DATA {text}"[:100],
                "rows that NONMEM leaves out must be left out of the table",
            )
        if is_record(name, "PRIOR"):
            yield Note(f"line {line}, $PRIOR", "priors of $PRIOR are not read")
        if is_record(name, "MIX"):
            raise InputError(
                explain("mixtures ($MIX) are not imported", came=f"line {line}", fix="see bd.mixture")
            )
