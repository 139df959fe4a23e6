"""Individual parameters: thetas, etas and kappas with their names and priors."""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import sympy

from bayesdose.importing.nonmem.expanding import (
    Effects,
    Occasions,
    pulled_out,
    taken_apart,
    value_of,
    with_occasions,
)
from bayesdose.importing.nonmem.naming import named_effects, named_thetas
from bayesdose.importing.nonmem.numbers import Numbers
from bayesdose.importing.nonmem.printing import in_model, tidied
from bayesdose.importing.nonmem.reading import Stream
from bayesdose.importing.nonmem.source import line_of, reference_of
from bayesdose.importing.nonmem.structure import Structure
from bayesdose.importing.parts import Note, Parameter, Quantity
from bayesdose.importing.priors import number, omega_prior, theta_prior

_TAKEN = frozenset(
    [
        "pm",
        "bd",
        "m",
        "study",
        "eta",
        "kappa",
        "flows",
        "amounts",
        "concentration",
        "model",
        "rhs",
        "initial",
        "error",
        "CARD",
        "SYSTEM",
        "RSE",
        "RSE_OMEGA",
        "RSE_SIGMA",
    ]
)


@dataclass(frozen=True)
class Individuals:
    """Individual parameters and what they are made of.

    Parameters
    ----------
    parameters, thetas, etas, kappas, correlations
        Parts of the draft.
    names
        Symbol to its Python text.
    read
        Symbols that typical values read.
    used
        Symbols of the thetas and etas that were carried over.
    notes
        What was left out, and what to check.
    """

    parameters: tuple[Parameter, ...]
    thetas: tuple[Quantity, ...]
    etas: tuple[Quantity, ...]
    kappas: tuple[Quantity, ...]
    correlations: dict[tuple[str, str], float]
    names: dict[str, str]
    read: set[str]
    used: set[str]
    notes: tuple[Note, ...]


@dataclass
class _Found:
    """What is collected while parameters are gone through."""

    effects: dict[str, Effects] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)


def individuals_of(
    stream: Stream, structure: Structure, numbers: Numbers, kept: Iterable[str]
) -> Individuals:
    """Return the individual parameters that a structure reads.

    Parameters
    ----------
    stream
        The control stream.
    structure
        Its structure.
    numbers
        Values and uncertainties.
    kept
        Parameters that $ERROR defines.
    """
    repeated = _repeated(stream)
    found = _Found()
    for name in _in_order(stream, structure, kept):
        found.effects[name] = _apart(name, stream, repeated, numbers, found.notes)
    typicals = {name: _shown(one.typical, stream) for name, one in found.effects.items()}
    direct = structure.read - set(found.effects)
    used = {s.name for one in found.effects.values() for s in one.typical.free_symbols} | direct
    thetas = [
        value for value in stream.values.values() if value.nonmem.startswith("THETA") and value.symbol in used
    ]
    theta_names = named_thetas(thetas, typicals, stream)
    names = {symbol: f"theta_{name}" for symbol, name in theta_names.items()}
    names |= {name: name.upper() for name in stream.columns} | {name: _local(name) for name in found.effects}
    effect_names = named_effects(
        {p: one.names for p, one in found.effects.items()}, [*_all_etas(stream), *repeated]
    )
    carried = set(effect_names)
    return Individuals(
        parameters=tuple(_parameters(found.effects, typicals, names, effect_names, repeated)),
        thetas=tuple(_theta(v.symbol, theta_names[v.symbol], typicals, numbers) for v in thetas),
        etas=tuple(_omegas(stream, effect_names, found.effects, numbers)),
        kappas=tuple(_kappas(stream, effect_names, repeated, found.effects, numbers)),
        correlations=_correlations(stream, effect_names, numbers),
        names=names,
        read=used - direct,
        used=used | carried | {eta for k in carried & set(repeated) for eta in repeated[k]},
        notes=(*found.notes, *_dependent(stream, repeated, carried)),
    )


def _all_etas(stream: Stream) -> list[str]:
    return [name for block in stream.etas for name in block.names]


def _repeated(stream: Stream) -> dict[str, tuple[str, ...]]:
    """Return a symbol for each group of etas that share an omega ($OMEGA SAME), and the group."""
    groups: dict[Any, list[tuple[str, ...]]] = {}
    for block in stream.etas:
        groups.setdefault(block.matrix, []).append(block.names)
    shared = [names for names in groups.values() if len(names) > 1]
    columns = [etas for names in shared for etas in zip(*names, strict=True)]
    return {f"KAPPA_{k}": tuple(etas) for k, etas in enumerate(columns, 1)}


def _in_order(stream: Stream, structure: Structure, kept: Iterable[str]) -> list[str]:
    known = {name for name, _ in stream.before} | set(kept)
    order = dict.fromkeys(name for name, _ in [*stream.before, *stream.after])
    return [name for name in order if name in known and name in structure.read]


def _apart(
    name: str, stream: Stream, repeated: Mapping[str, tuple[str, ...]], numbers: Numbers, notes: list[Note]
) -> Effects:
    value = _without_certain(value_of(name, [*stream.before, *stream.after]), stream, numbers)
    line = line_of(stream.code, name)
    occasions = with_occasions(value, repeated, stream.columns)
    if occasions is None:
        several = {sympy.Symbol(e): sympy.Integer(0) for etas in repeated.values() for e in etas}
        notes.append(Note(line, "etas of $OMEGA SAME are chosen in no way that was understood: left out"))
        occasions = Occasions(value.xreplace(several))
    if occasions.column not in ("", "OCC"):
        columns = f"columns={{'OCC': '{occasions.column}'}}"
        notes.append(Note(line, f"occasions are those of {occasions.column}: read the table with {columns}"))
    effects = taken_apart(occasions.expression, [*_all_etas(stream), *occasions.kappas])
    if not effects.scale:
        which = ", ".join(effects.names)
        notes.append(Note(line, f"{which} left out: neither T EXP(ETA), T + ETA, T (1 + ETA) nor a logit"))
        return taken_apart(effects.typical, ())
    if effects.first_order:
        notes.append(Note(line, "T (1 + ETA) is carried over as T EXP(ETA), its equal to first order"))
    return effects


def _without_certain(value: Any, stream: Stream, numbers: Numbers) -> Any:
    """Leave out etas whose variance is 0 FIX."""
    zero = {
        sympy.Symbol(name): sympy.Integer(0)
        for block in stream.etas
        for k, name in enumerate(block.names)
        if block.matrix[k][k] not in numbers.values or numbers.value(block.matrix[k][k]) == 0
    }
    return value.xreplace(zero)


def _shown(typical: Any, stream: Stream) -> Any:
    covariates = {s.name for s in typical.free_symbols} & set(stream.columns)
    references = {name: reference_of(stream.code, name) for name in covariates}
    factors = [pulled_out(factor) for factor in sympy.Mul.make_args(typical)]
    return tidied(sympy.Mul(*factors), {name: value for name, value in references.items() if value})


def _local(name: str) -> str:
    return f"{name}_" if name in _TAKEN or keyword.iskeyword(name) else name


def _parameters(
    effects: Mapping[str, Effects],
    typicals: Mapping[str, Any],
    names: Mapping[str, str],
    effect_names: Mapping[str, str],
    repeated: Mapping[str, Any],
) -> Iterator[Parameter]:
    for name, one in effects.items():
        yield Parameter(
            name=_local(name),
            typical=in_model(typicals[name], names),
            effects=tuple(effect_names[e] for e in one.names if e not in repeated),
            occasions=tuple(effect_names[e] for e in one.names if e in repeated),
            scale=one.scale,
        )


def _theta(symbol: str, name: str, typicals: Mapping[str, Any], numbers: Numbers) -> Quantity:
    value = numbers.values[symbol]
    comment = f"{value.nonmem}: {value.label}" if value.label else value.nonmem
    if value.fixed:
        return Quantity(name, number(value.initial), f"{comment}, FIX")
    theta = sympy.Symbol(symbol)
    if numbers.rse(symbol) is None and any(_logarithm(theta, e) for e in typicals.values()):
        prior = f"bd.published.effect({number(numbers.value(symbol))}, se=RSE / 100)"
        return Quantity(name, prior, f"{comment}, a logarithm")
    factor = any(theta in sympy.Mul.make_args(e) for e in typicals.values())
    positive = factor or value.lower >= 0
    return Quantity(name, theta_prior(numbers.value(symbol), numbers.rse(symbol), positive=positive), comment)


def _logarithm(theta: Any, typical: Any) -> bool:
    """Return whether a theta is the logarithm of a factor of a typical value, so that its SE is relative."""
    slope = sympy.diff(typical, theta)
    return bool(slope != 0 and sympy.simplify(slope / typical) == 1)


def _scale(symbol: str, effects: Mapping[str, Effects]) -> str:
    return next(one.scale for one in effects.values() if symbol in one.names)


def _omega(entry: str, scale: str, numbers: Numbers, comment: str, name: str) -> Quantity:
    variance = numbers.value(entry)
    about = f"{numbers.values[entry].nonmem}, {comment}"
    if numbers.fixed(entry):
        return Quantity(name, number(variance**0.5), f"{about}, FIX")
    prior = omega_prior(variance, numbers.rse(entry), scale="variance", parameter_scale=scale)
    return Quantity(name, prior, about)


def _omegas(
    stream: Stream, names: Mapping[str, str], effects: Mapping[str, Effects], numbers: Numbers
) -> Iterator[Quantity]:
    for block in stream.etas:
        for k, eta in enumerate(block.names):
            if eta in names:
                yield _omega(block.matrix[k][k], _scale(eta, effects), numbers, eta, names[eta])


def _kappas(
    stream: Stream,
    names: Mapping[str, str],
    repeated: Mapping[str, tuple[str, ...]],
    effects: Mapping[str, Effects],
    numbers: Numbers,
) -> Iterator[Quantity]:
    entries = {name: block.matrix[k][k] for block in stream.etas for k, name in enumerate(block.names)}
    for kappa, etas in repeated.items():
        if kappa in names:
            about = f"{etas[0]} to {etas[-1]}"
            yield _omega(entries[etas[0]], _scale(kappa, effects), numbers, about, names[kappa])


def _correlations(stream: Stream, names: Mapping[str, str], numbers: Numbers) -> dict[tuple[str, str], float]:
    found = {}
    for block in stream.etas:
        for i, one in enumerate(block.names):
            for j, other in enumerate(block.names[:i]):
                entry = block.matrix[i][j]
                if one in names and other in names and entry in numbers.values:
                    variances = numbers.value(block.matrix[i][i]) * numbers.value(block.matrix[j][j])
                    rho = numbers.value(entry) / variances**0.5
                    found[names[other], names[one]] = float(f"{rho:.6g}")
    return found


def _dependent(stream: Stream, repeated: Mapping[str, tuple[str, ...]], carried: set[str]) -> Iterator[Note]:
    """Yield what of the covariance matrix is known only as numbers, or not at all."""
    same = {etas[0] for kappa, etas in repeated.items() if kappa in carried}
    for block in stream.etas:
        names = ", ".join(block.names)
        if len(block.names) > 1 and set(block.names) & same:
            yield Note(
                f"$OMEGA BLOCK of {names}", "kappas are independent here: their covariances were left out"
            )
        elif len(block.names) > 1 and set(block.names) <= carried:
            yield Note(f"$OMEGA BLOCK of {names}", "correlations are fixed at their estimates")
