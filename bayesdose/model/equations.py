"""A system of differential equations as a spec names it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytensor.tensor as pt

from bayesdose.errors import InputError, explain, nearest
from bayesdose.model.amounts import Amounts, DoseParameter, routes_of, rows, walk
from bayesdose.model.context import current
from bayesdose.model.refusals import Structure
from bayesdose.pk.ode.engine import Ode
from bayesdose.pk.ode.system import Named, System, mathematics

if TYPE_CHECKING:
    from pytensor.tensor.variable import TensorVariable

_TIGHTER: ContextVar[float] = ContextVar("tighter", default=1.0)


@contextmanager
def tightened(factor: float) -> Iterator[None]:
    """Declare systems with their tolerances multiplied by `factor`, to see whether they matter."""
    token = _TIGHTER.set(factor)
    try:
        yield
    finally:
        _TIGHTER.reset(token)


def _as_tight_as_asked(system: System) -> System:
    factor = _TIGHTER.get()
    if factor == 1.0:
        return system
    atol: Any = system.atol
    if isinstance(atol, tuple):
        atol = {state: value * factor for state, value in atol}
    elif atol is not None:
        atol = atol * factor
    return replace(system, rtol=max(system.rtol * factor, 1e-12), atol=atol)


def ode(
    system: System,
    *,
    F: DoseParameter = None,
    lag: DoseParameter = None,
    duration: DoseParameter = None,
    rate: DoseParameter = None,
    **parameters: TensorVariable | float,
) -> Amounts:
    """Solve a system of differential equations for the open declaration's study.

    Parameters
    ----------
    system
        The right-hand side, its states and parameters.
    F, lag, duration, rate
        Of the doses: bioavailability, lag time, and duration (RATE -2) or rate (RATE -1, amount/time) of
        infusions; a parameter for the state that doses enter by default, or states to parameters.
    **parameters
        Each parameter of the system: dims (subject,) or (record,), or a number. A covariate is a parameter
        too.

    Returns
    -------
    Amounts
        By state: ``A.central`` has dims (observation,). States are numbered from 1 in the system's order
        (CMT). Where a solve fails, they are not numbers, and the density is -inf; `ode_failures` counts the
        reasons.

    Raises
    ------
    InputError
        When a parameter is missing, or the system has none of that name.
    """
    _check_names(system, parameters)
    _, declaration = current()
    declaration.numerical = True
    system = _as_tight_as_asked(system)
    values = {name: rows(parameters[name]) for name in system.parameters}
    initial: dict[str, Any] = {}
    if system.initial is not None:
        initial = dict(system.initial(Named(values, "parameter"), mathematics(pt)))
        _check_states(system, initial)
    columns = [*values.values(), *(rows(initial.get(state, 0.0)) for state in system.states)]
    doses = {"F": F, "lag": lag, "duration": duration, "rate": rate}
    routing, routes = routes_of(system.states, system.dose, doses)
    structure = Structure(system.states, system.states.index(system.dose), routing)
    return Amounts(system.states, walk(Ode(system, routing), structure, pt.stack(columns, axis=1), routes))


def _check_names(system: System, given: dict[str, Any]) -> None:
    for name in (*given, *system.parameters):
        if name not in given or name not in system.parameters:
            raise InputError(
                explain(
                    f"{name} is {'missing' if name in system.parameters else 'no parameter of the system'}",
                    came=", ".join(given) or "no parameter",
                    expected=", ".join(system.parameters),
                    meant=nearest(name, [n for n in (*given, *system.parameters) if n != name]),
                )
            )


def _check_states(system: System, initial: dict[str, Any]) -> None:
    for name in initial:
        if name not in system.states:
            raise InputError(
                explain(
                    f"`initial` gives an amount of {name!r}, which is no state of the system",
                    expected=", ".join(system.states),
                    meant=nearest(name, list(system.states)),
                )
            )
