"""Which error model $ERROR describes, from the expression of Y."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sympy

from bayesdose.errors import InputError, explain
from bayesdose.importing.nonmem.expanding import expanded
from bayesdose.importing.nonmem.numbers import Numbers
from bayesdose.importing.nonmem.reading import Stream
from bayesdose.importing.nonmem.source import line_of
from bayesdose.importing.parts import Note
from bayesdose.importing.priors import number, sigma_prior

_X = sympy.Symbol("_prediction", positive=True)


@dataclass(frozen=True)
class Residual:
    """An error model.

    Parameters
    ----------
    prediction
        What Y is without residual error, on the scale of levels; sympy, in amounts and parameters.
    kind
        Name of the error model.
    sigmas
        Priors of its sigmas.
    thetas
        Symbols of the thetas that became sigmas.
    notes
        What to check.
    """

    prediction: Any
    kind: str
    sigmas: tuple[str, ...]
    thetas: frozenset[str]
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class _Part:
    """A part of the SD: a coefficient of an epsilon, constant or in proportion to the prediction."""

    kind: str  # "add", "prop", "exponent"
    coefficient: Any
    epsilon: str


def residual_of(stream: Stream, observed: Any, numbers: Numbers) -> Residual:
    """Return the error model of the observed variable.

    Parameters
    ----------
    stream
        The control stream.
    observed
        Y, written out to amounts, parameters and epsilons.
    numbers
        Values of thetas and sigmas.

    Raises
    ------
    InputError
        When the SD is none of: constant, in proportion, both (as SDs or as variances), a power; or depends on
        something else.

    Notes
    -----
    A model is read where the prediction is above 0: guards such as ``IF (IPRED.LE.0)`` drop out.
    """
    epsilons = [name for block in stream.epsilons for name in block.names]
    y, back = _above_zero(observed, {*epsilons, *_etas(stream), *stream.columns})
    eps = [sympy.Symbol(name) for name in epsilons if y.has(sympy.Symbol(name))]
    if not eps or y.has(sympy.Piecewise):
        raise _unknown(stream, "no epsilon" if not eps else "it depends on a condition")
    center = y.xreplace(dict.fromkeys(eps, sympy.Integer(0)))
    notes: list[Note] = []
    slopes = {e.name: _slope(y, e, center, eps, notes, stream) for e in eps}
    logged = isinstance(center, sympy.log)
    if logged:
        notes.append(
            Note(
                line_of(stream.code, stream.observed),
                "the model is of log(DV): the draft's error is log-normal, and DV in its table is not logged",
            )
        )
    prediction = center.args[0] if logged else center
    parts = _parts(stream, slopes, None if logged else prediction, back, notes)
    kind, sigmas, thetas = _named(stream, parts, numbers, notes, logged=logged)
    return Residual(prediction.xreplace(back), kind, sigmas, thetas, tuple(notes))


def _etas(stream: Stream) -> set[str]:
    return {name for block in stream.etas for name in block.names}


def _above_zero(expression: Any, free: Iterable[str]) -> tuple[Any, dict[Any, Any]]:
    """Return the expression with symbols known to be above 0, conditions decided, and the way back."""
    skipped = set(free)
    there = {s: sympy.Symbol(s.name, positive=True) for s in expression.free_symbols if s.name not in skipped}
    return expression.xreplace(there), {new: old for old, new in there.items()}


def _slope(y: Any, eps: Any, center: Any, every: list[Any], notes: list[Note], stream: Stream) -> Any:
    slope = sympy.diff(y, eps)
    if not slope.has(*every):
        return slope
    if sympy.simplify(slope / y) == 1:
        notes.append(
            Note(
                line_of(stream.code, stream.observed),
                "EXP(EPS) is carried over as a proportional error, as which NONMEM's FOCE estimates it",
            )
        )
        return center
    raise _unknown(stream, "the epsilons do not enter linearly")


def _parts(
    stream: Stream, slopes: Mapping[str, Any], prediction: Any | None, back: dict[Any, Any], notes: list[Note]
) -> list[_Part]:
    found: list[_Part] = []
    for name, slope in slopes.items():
        in_x = slope if prediction is None else _in_x(slope, prediction)
        g = _in_thetas(in_x.xreplace(back), stream, notes)
        found += _split(g, name)
    kinds = [part.kind.rstrip("12") for part in found]
    if not found or len(set(kinds)) < len(kinds):
        raise _unknown(stream, f"parts of the SD: {', '.join(kinds) or 'not recognised'}")
    return found


def _in_x(slope: Any, prediction: Any) -> Any:
    """Write a slope with a symbol for the prediction."""
    amounts = [s for s in prediction.free_symbols if s.name.startswith("A_")]
    if len(amounts) == 1:
        by_amount = sympy.diff(prediction, amounts[0])
        if not by_amount.has(amounts[0]) and sympy.simplify(prediction - by_amount * amounts[0]) == 0:
            return sympy.simplify(slope.xreplace({amounts[0]: _X / by_amount}))
    return slope.subs(prediction, _X)


def _in_thetas(g: Any, stream: Stream, notes: list[Note]) -> Any:
    """Write a coefficient out to thetas, without etas."""
    g = expanded(g, [*stream.before, *stream.after])
    etas = [s for s in g.free_symbols if s.name in _etas(stream)]
    if etas:
        names = ", ".join(sorted(s.name for s in etas))
        notes.append(
            Note(line_of(stream.code, stream.observed), f"{names} on the residual error was left out")
        )
    g = g.xreplace(dict.fromkeys(etas, sympy.Integer(0)))
    other = {s.name for s in g.free_symbols} - set(stream.values) - {_X.name}
    if other:
        raise _unknown(stream, f"its SD depends on {', '.join(sorted(other))}")
    return g.xreplace({s: sympy.Symbol(s.name, positive=True) for s in g.free_symbols})


def _split(g: Any, epsilon: str) -> list[_Part]:
    """Return the parts of one epsilon's coefficient g(x): a, b x, both, or a power of x."""
    if not g.has(_X):
        return [_Part("add", g, epsilon)]
    ratio = sympy.simplify(g / _X)
    if not ratio.has(_X):
        return [_Part("prop", ratio, epsilon)]
    for form, kind in ((sympy.expand(sympy.simplify(g**2)), "2"), (sympy.expand(g), "1")):
        if form.is_polynomial(_X):
            low, *_, high = reversed(sympy.Poly(form, _X).all_coeffs())
            degree = sympy.degree(form, _X)
            between = form - low - high * _X**degree
            if degree == int(kind) and sympy.simplify(between) == 0 and low != 0:
                root = sympy.sqrt if kind == "2" else (lambda c: c)
                return [_Part("add", root(low), epsilon), _Part(f"prop{kind}", root(high), epsilon)]
    exponent = sympy.simplify(_X * sympy.diff(g, _X) / g)
    if exponent.has(_X):
        return []
    return [_Part("pow", sympy.simplify(g / _X**exponent), epsilon), _Part("exponent", exponent, "")]


def _named(
    stream: Stream, parts: list[_Part], numbers: Numbers, notes: list[Note], *, logged: bool
) -> tuple[str, tuple[str, ...], frozenset[str]]:
    by_kind = {part.kind.rstrip("12"): part for part in parts}
    kinds = set(by_kind)
    if logged and kinds == {"add"}:
        kind = "log_normal"
    elif logged:
        raise _unknown(stream, "of log(DV), and its SD is not constant")
    elif kinds == {"add", "prop"}:
        kind = "combined1" if any(part.kind == "prop1" for part in parts) else "combined2"
    else:
        kind = {"add": "additive", "prop": "proportional", "pow": "power"}[min(kinds - {"exponent"})]
    order = [k for k in ("add", "prop", "pow", "exponent") if k in kinds]
    sigmas = tuple(_sigma(stream, by_kind[k], numbers, notes) for k in order)
    thetas = frozenset(s.name for part in parts for s in part.coefficient.free_symbols)
    return kind, sigmas, thetas


def _sigma(stream: Stream, part: _Part, numbers: Numbers, notes: list[Note]) -> str:
    """Return the prior of a sigma, the SD of one part: coefficient times the epsilon's SD."""
    thetas = sorted(s.name for s in part.coefficient.free_symbols)
    at = {s: numbers.value(s.name) for s in part.coefficient.free_symbols}
    c = abs(float(part.coefficient.subs(at)))
    variance = _variance(stream, part.epsilon)
    sd = c * (numbers.value(variance) ** 0.5 if variance else 1.0)
    free = [name for name in thetas if not numbers.fixed(name)]
    if not free and (variance is None or numbers.fixed(variance)):
        return number(sd)
    if not free and variance is not None:
        return sigma_prior(sd**2, numbers.rse(variance), scale="variance")
    if len(free) > 1 or (variance is not None and not numbers.fixed(variance)):
        notes.append(
            Note(
                line_of(stream.code, stream.observed),
                f"one sigma stands for the product of {', '.join([*free, variance or ''])}",
            )
        )
        return sigma_prior(sd, None, scale="sd")
    symbol = next(s for s in part.coefficient.free_symbols if s.name == free[0])
    elasticity = abs(float((sympy.diff(part.coefficient, symbol) * symbol / part.coefficient).subs(at)))
    rse = numbers.rse(free[0])
    return sigma_prior(sd, None if rse is None else rse * elasticity, scale="sd")


def _variance(stream: Stream, epsilon: str) -> str | None:
    for block in stream.epsilons:
        if epsilon in block.names:
            k = block.names.index(epsilon)
            return block.matrix[k][k]
    return None


def _unknown(stream: Stream, why: str) -> InputError:
    return InputError(
        explain(
            f"the residual error of {stream.name} has no counterpart here",
            came=f"{line_of(stream.code, stream.observed)}: {why}",
            expected="additive, proportional, combined, power or additive on logs, of one kind of level",
            fix="write $ERROR in one of these forms, import, and complete the draft by hand",
        )
    )
