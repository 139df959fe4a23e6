"""Names of thetas and random effects, after the parameters that they belong to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import sympy

from bayesdose.importing.nonmem.reading import Stream, Value


def named_thetas(thetas: Iterable[Value], typicals: Mapping[str, Any], stream: Stream) -> dict[str, str]:
    """Return the name of each theta.

    Parameters
    ----------
    thetas
        Those that are used.
    typicals
        Parameter to its typical value.
    stream
        The control stream.

    Returns
    -------
    dict
        Symbol to name: that of the parameter whose typical value it multiplies ("CL"); that of the covariate
        whose effect it is ("WT_on_CL"); else NONMEM's ("THETA3").
    """
    named: dict[str, str] = {}
    for theta in thetas:
        names = (*_as_factor(theta, typicals), *_as_effect(theta, typicals, stream), theta.nonmem)
        named[theta.symbol] = next(name for name in names if name not in named.values())
    return named


def _as_factor(theta: Value, typicals: Mapping[str, Any]) -> Iterator[str]:
    symbol = sympy.Symbol(theta.symbol)
    for parameter, typical in typicals.items():
        for factor in sympy.Mul.make_args(typical):
            if symbol in sympy.Add.make_args(factor):  # theta, or theta + effects of covariates
                yield parameter


def _as_effect(theta: Value, typicals: Mapping[str, Any], stream: Stream) -> Iterator[str]:
    symbol = sympy.Symbol(theta.symbol)
    for parameter, typical in typicals.items():
        for factor in sympy.Mul.make_args(typical):
            for term in sympy.Add.make_args(factor):
                columns = {c for c in stream.columns if term.has(symbol) and _reads(term, c)}
                if len(columns) == 1:
                    yield f"{columns.pop()}_on_{parameter}"


def _reads(expression: Any, column: str) -> bool:
    return any(s.name == column or s.name.startswith(f"({column.upper()} /") for s in expression.free_symbols)


def named_effects(by_parameter: Mapping[str, tuple[str, ...]], every: list[str]) -> dict[str, str]:
    """Return the name of each random effect that is used: its parameter's, or ETA3 where several share it.

    Parameters
    ----------
    by_parameter
        Parameter to the symbols of its etas and kappas.
    every
        Symbols of all etas and kappas, in order.
    """
    named: dict[str, str] = {}
    taken: set[tuple[bool, str]] = set()
    for number, symbol in enumerate(every, 1):
        users = [parameter for parameter, symbols in by_parameter.items() if symbol in symbols]
        if not users:
            continue
        kappa = symbol.startswith("KAPPA_")
        free = len(users) == 1 and (kappa, users[0]) not in taken
        named[symbol] = users[0] if free else symbol.replace("_", "") if kappa else f"ETA{number}"
        taken.add((kappa, named[symbol]))
    return named
