"""A nonlinear system: its right-hand side, run once on symbols, and the functions a solver needs of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from bayesdose.errors import InputError, explain, nearest
from bayesdose.pk.kernels import Array
from bayesdose.pk.ode.expressions import FUNCTIONS, MATH, Expression, constant, pulled_back

Targets = dict[tuple[str, int], Expression]
"""Expressions, each by the name of an array and a place in it."""


class Named:
    """The amounts or the parameters of a right-hand side, by attribute."""

    def __init__(self, values: Mapping[str, Any], what: str) -> None:
        self._values = dict(values)
        self._what = what

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self._values[name]
        except KeyError:
            raise InputError(
                explain(
                    f"A right-hand side asks for the {self._what} {name}, which its System does not declare",
                    expected=", ".join(self._values) or "none",
                    meant=nearest(name, list(self._values)),
                )
            ) from None


def mathematics(library: Any) -> SimpleNamespace:
    """Return the `m` of a right-hand side (or of `initial`) from numpy or pytensor.tensor."""
    names = (*FUNCTIONS, "abs", "minimum", "maximum", "where")
    return SimpleNamespace(**{name: getattr(library, name) for name in names}, pi=np.pi)


@dataclass(frozen=True)
class System:
    """A system of ordinary differential equations.

    Parameters
    ----------
    rhs
        ``rhs(t, A, p, m)`` with the time t, amounts ``A.<state>``, parameters ``p.<parameter>`` and the
        functions ``m``: exp log log1p expm1 sqrt sin cos tanh abs minimum maximum where pi. Returns
        ``{state: d/dt}`` in plain arithmetic. Infusions are not its business: the solver adds them.
    states, parameters
        Their names.
    dose
        The state that a dose enters when its record names no other.
    initial
        ``initial(p, m)`` returns ``{state: amount}`` that a stream starts with and a reset returns to; states
        that it leaves out start at 0, as all do without it.
    rtol
        Relative tolerance of the error of a step.
    atol
        Absolute tolerance, in the unit of the amounts, one for all states or by state. By default it follows
        the amounts: ``rtol`` times a thousandth of the largest amount that the state has had in the stream
        (or 1e-14 of the largest that any state has had, where that is more).
    max_steps
        Most steps from one event to the next; beyond, the solve fails.
    """

    rhs: Callable[..., Mapping[str, Any]]
    states: tuple[str, ...]
    parameters: tuple[str, ...]
    dose: str
    initial: Callable[..., Mapping[str, Any]] | None = None
    rtol: float = 1e-6
    atol: float | tuple[tuple[str, float], ...] | None = None
    max_steps: int = 10_000

    def __post_init__(self) -> None:
        for name in ("states", "parameters"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if isinstance(self.atol, Mapping):
            object.__setattr__(self, "atol", tuple(self.atol.items()))
        _check(self)
        _ = self.traced

    @cached_property
    def traced(self) -> Traced:
        """The functions that a solver needs."""
        return trace(self)

    @property
    def tolerances(self) -> Array:
        """Rtol, the largest number of steps, and by state the absolute tolerance (-1: it follows amounts)."""
        given = self.atol
        by_state = dict(given) if isinstance(given, tuple) else dict.fromkeys(self.states, given)
        absolute = [by_state.get(s) for s in self.states]
        return np.array([self.rtol, self.max_steps, *(-1.0 if a is None else a for a in absolute)])


def evaluate(system: System, t: float, y: Sequence[float] | Array, p: Sequence[float] | Array) -> Array:
    """Return d/dt of the amounts by NumPy.

    Parameters
    ----------
    system
        The system.
    t, y, p
        Time, amounts (state,) and parameters (parameter,).
    """
    A = Named(dict(zip(system.states, np.asarray(y, dtype=float), strict=True)), "state")
    values = Named(dict(zip(system.parameters, np.asarray(p, dtype=float), strict=True)), "parameter")
    found = system.rhs(np.float64(t), A, values, mathematics(np))
    return np.array([found[s] for s in system.states], dtype=float)


def _check(system: System) -> None:
    """Refuse names that cannot be."""
    names = [*system.states, *system.parameters]
    wrong = [n for n in names if not (isinstance(n, str) and n.isidentifier() and not n.startswith("_"))]
    for group in (system.states, system.parameters):
        wrong += [n for n in set(group) if group.count(n) > 1]
    if wrong or not system.states:
        raise InputError(
            explain(
                "The states and parameters of a System are different Python names, and there is a state",
                came=", ".join(map(repr, wrong)) or "no state",
            )
        )
    known = dict(system.atol) if isinstance(system.atol, tuple) else {}
    for what, name in (("dose", system.dose), *(("atol", s) for s in known)):
        if name not in system.states:
            raise InputError(
                explain(
                    f"The {what} of a System names a state that it does not have",
                    came=repr(name),
                    expected=", ".join(system.states),
                    meant=nearest(str(name), system.states),
                )
            )
    bounds: list[Any] = [*known.values()] if known or system.atol is None else [system.atol]
    tolerated = 1e-13 <= system.rtol <= 1e-1 and all(0.0 < float(a) < np.inf for a in bounds)
    if not (tolerated and system.max_steps >= 1):
        raise InputError(
            explain(
                "The tolerances of a System",
                came=f"rtol {system.rtol}, atol {system.atol}, max_steps {system.max_steps}",
                expected="rtol from 1e-13 to 0.1, atol above 0, max_steps above 0",
            )
        )


def _run(
    system: System,
) -> tuple[list[Expression], list[Expression], list[Expression], dict[Any, Expression]]:
    """Run the right-hand side once on variables; return d/dt, amounts, parameters, and all nodes."""
    known: dict[Any, Expression] = {}
    y = [Expression(known, "y", index=i) for i in range(len(system.states))]
    p = [Expression(known, "p", index=i) for i in range(len(system.parameters))]
    A = Named(dict(zip(system.states, y, strict=True)), "state")
    values = Named(dict(zip(system.parameters, p, strict=True)), "parameter")
    try:
        found = system.rhs(Expression(known, "t"), A, values, MATH)
    except (TypeError, AttributeError) as error:
        raise InputError(
            explain(
                "A right-hand side cannot be run on symbols",
                came=f"{type(error).__name__}: {error}",
                expected="rhs(t, A, p, m) in plain arithmetic and the functions of m",
            )
        ) from error
    if not isinstance(found, Mapping) or set(found) != set(system.states):
        raise InputError(
            explain(
                "A right-hand side returns d/dt of every state, and of nothing else",
                came=", ".join(map(str, found)) if isinstance(found, Mapping) else type(found).__name__,
                expected=", ".join(system.states),
            )
        )
    return [_node(known, s, found[s]) for s in system.states], y, p, known


def _node(known: dict[Any, Expression], state: str, value: Any) -> Expression:
    """Return what a right-hand side gave for a state as a node."""
    if isinstance(value, Expression):
        return value
    if isinstance(value, int | float | np.number) and np.isfinite(value):
        return constant(known, float(value))
    raise InputError(
        explain(f"d/dt of {state} is not a number", came=repr(value), expected="arithmetic of A, p and t")
    )


class Traced(NamedTuple):
    """The functions of (t, y, p, x, a, b) that a solver needs of a system: what is assigned where."""

    rhs: Targets
    """a = f(t, y, p) + x"""
    jacobian: Targets
    """a = df/dy, row by row"""
    pullback: Targets
    """a += x' df/dy, b += x' df/dp"""


def trace(system: System) -> Traced:
    """Return the functions of a system as expressions by target: the name of an array, and a place in it."""
    f, y, p, known = _run(system)
    n = len(f)
    x = [Expression(known, "x", index=i) for i in range(n)]
    slopes = {("a", i): f[i] + x[i] for i in range(n)}
    entries = {}
    for i in range(n):
        for j, bar in enumerate(pulled_back([(f[i], 1.0)], y)):
            entries["a", n * i + j] = _derivative(known, bar)
    bars = pulled_back(list(zip(f, x, strict=True)), [*y, *p])
    places = [("a", i) for i in range(n)] + [("b", i) for i in range(len(p))]
    sums = {
        place: _derivative(known, bar) for place, bar in zip(places, bars, strict=True) if bar is not None
    }
    return Traced(slopes, entries, sums)


def _derivative(known: dict[Any, Expression], bar: Any) -> Expression:
    """Return a derivative as a node."""
    return bar if isinstance(bar, Expression) else constant(known, 0.0 if bar is None else bar)
