"""Expressions written out: assignments put into each other, occasions found, etas taken apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sympy

Assignments = Sequence[tuple[str, Any]]


def expanded(expression: Any, assignments: Assignments, keep: Iterable[str] = ()) -> Any:
    """Return an expression with the variables that were assigned before it written out.

    Parameters
    ----------
    expression
        Of sympy.
    assignments
        Name and expression, in the order of the code; a later one hides an earlier one.
    keep
        Names that stay.
    """
    kept = frozenset(keep)
    for name, value in reversed(assignments):
        symbol = sympy.Symbol(name)
        if name not in kept and expression.has(symbol):
            expression = expression.xreplace({symbol: value})
    return expression


def value_of(name: str, assignments: Assignments) -> Any:
    """Return what a variable is at the end of the code, written out to what nobody assigned."""
    return expanded(sympy.Symbol(name), assignments)


def one_step(name: str, assignments: Assignments) -> Any:
    """Return the last assignment to a variable, in the variables that it reads; None when there is none.

    It is None as well where one of those is assigned anew later, so that its name would mean something else.
    """
    places = [k for k, (assigned, _) in enumerate(assignments) if assigned == name]
    if len(places) != 1:
        return None
    value = assignments[places[0]][1]
    later = {assigned for assigned, _ in assignments[places[0] + 1 :]}
    return None if later & {s.name for s in value.free_symbols} else value


@dataclass(frozen=True)
class Occasions:
    """An expression with one kappa in the place of an eta for each occasion.

    Parameters
    ----------
    expression
        With the kappas' symbols.
    kappas
        Their symbols.
    column
        The column that numbers occasions; "" when there are none.
    """

    expression: Any
    kappas: tuple[str, ...] = ()
    column: str = ""


def with_occasions(
    expression: Any, repeated: Mapping[str, tuple[str, ...]], columns: Iterable[str]
) -> Occasions | None:
    """Put one kappa in the place of etas that share an omega and are chosen by a column.

    Parameters
    ----------
    expression
        Written out.
    repeated
        Symbol of a kappa to those of the etas that are its values, one for each occasion.
    columns
        Of the table.

    Returns
    -------
    Occasions or None
        None when no column chooses between them in a way that is the same on every occasion.
    """
    present = {s.name for s in expression.free_symbols}
    used = {kappa: etas for kappa, etas in repeated.items() if present & set(etas)}
    if not used:
        return Occasions(expression)
    renamed = {sympy.Symbol(eta): sympy.Symbol(kappa) for kappa, etas in used.items() for eta in etas}
    for column in columns:
        symbol = sympy.Symbol(column)
        numbers = _compared_with(expression, symbol)
        if not numbers:
            continue
        each = [expression.xreplace({symbol: n}) for n in numbers]
        each = [sympy.piecewise_fold(e) if e.has(sympy.Piecewise) else e for e in each]
        if any(len({s.name for s in e.free_symbols} & set(etas)) > 1 for e in each for etas in used.values()):
            continue
        found = {sympy.simplify(e.xreplace(renamed)) for e in each}
        if len(found) == 1:
            return Occasions(found.pop(), tuple(used), column)
    return None


def _compared_with(expression: Any, symbol: Any) -> list[Any]:
    equalities = [e for e in expression.atoms(sympy.Eq) if symbol in e.args]
    return sorted({a for e in equalities for a in e.args if a.is_number}, key=float)


@dataclass(frozen=True)
class Effects:
    """An expression taken apart into typical value and random effects.

    Parameters
    ----------
    typical
        Without the effects.
    names
        Symbols of the effects.
    scale
        As in ``bd.parameter``; "" when effects enter in no way that a scale describes.
    first_order
        Whether ``P = T (1 + ETA)`` is the source's form, log-normal to first order only.
    """

    typical: Any
    names: tuple[str, ...] = ()
    scale: str = "log"
    first_order: bool = False


def taken_apart(expression: Any, effects: Iterable[str]) -> Effects:
    """Return typical value, effects and scale of a parameter.

    Parameters
    ----------
    expression
        Written out.
    effects
        Symbols that may be etas or kappas.

    Notes
    -----
    ``P = T exp(eta)`` has dP/deta = P, ``P = T + eta`` has 1, ``P = expit(L + eta)`` has P (1 - P), and
    ``P = T (1 + eta)`` has T.
    """
    present = {s.name for s in expression.free_symbols}
    names = tuple(name for name in effects if name in present)
    typical = expression.xreplace({sympy.Symbol(name): sympy.Integer(0) for name in names})
    if not names:
        positive = typical.is_Symbol or typical.is_Mul or typical.is_Pow or typical.is_number
        return Effects(typical, (), "log" if positive else "normal")
    slopes = [sympy.diff(expression, sympy.Symbol(name)) for name in names]
    forms = {
        "log": expression,
        "normal": sympy.Integer(1),
        "logit": expression * (1 - expression),
        "first": typical,
    }
    for scale, form in forms.items():
        if all(_equal(slope, form) for slope in slopes):
            shown = sympy.simplify(typical) if scale == "logit" else typical
            return Effects(shown, names, "log" if scale == "first" else scale, scale == "first")
    return Effects(typical, names, "")


def _equal(one: Any, other: Any) -> bool:
    if one == other:
        return True
    difference = sympy.simplify(sympy.piecewise_fold(one - other))
    return bool(difference == 0)


def pulled_out(expression: Any) -> Any:
    """Return a Piecewise with the factors that all its branches share in front of it."""
    branches: list[Any] = list(expression.args) if isinstance(expression, sympy.Piecewise) else []
    if not branches or branches[-1][1] != sympy.true:
        return expression
    factors = [set(sympy.Mul.make_args(value)) for value, _ in branches]
    shared = sympy.Mul(*set.intersection(*factors))
    if shared == 1:
        return expression
    return shared * sympy.Piecewise(*((value / shared, condition) for value, condition in branches))
