"""What pharmpy finds in a control stream, as plain sympy expressions and numbers."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sympy
from pharmpy.model import Model

from bayesdose.errors import InputError, explain
from bayesdose.importing.nonmem.source import compartments_of, labels_of, title_of
from bayesdose.importing.parts import Note

_LARGEST = 1_000_000  # characters of a control stream


@dataclass(frozen=True)
class Value:
    """One number of $THETA, $OMEGA or $SIGMA.

    Parameters
    ----------
    symbol
        Its name in pharmpy's expressions.
    nonmem
        NONMEM's name, as in an .ext file: THETA1, OMEGA(2,1).
    label
        The comment behind it, where it is one word.
    initial, lower, upper
        Initial estimate and bounds.
    fixed
        Whether it is FIX.
    """

    symbol: str
    nonmem: str
    label: str
    initial: float
    lower: float
    upper: float
    fixed: bool


@dataclass(frozen=True)
class Block:
    """Random variables that are drawn together.

    Parameters
    ----------
    names
        Of the variables in pharmpy's expressions (ETA_1).
    matrix
        Symbol of each entry of their covariance matrix; "0" where it is 0.
    """

    names: tuple[str, ...]
    matrix: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Stream:
    """A control stream.

    Parameters
    ----------
    name, title, code
        The file's name without its ending, $PROBLEM, and the text.
    before, after
        Assignments of $PK (with those of $DES) and of $ERROR, in order.
    equations
        Compartment to d/dt, in amounts ``A_<NAME>`` and the time t.
    flows
        Source, target ("" is out of the body) and rate.
    order, dose
        Compartments as NONMEM numbers them, and the one that doses enter unless CMT says else.
    lag, bioavailability
        Compartment to expression, where there is one.
    initial
        Compartment to its amount at the start.
    values
        $THETA, $OMEGA and $SIGMA by symbol.
    etas, epsilons
        Random variables.
    observed
        What is observed (Y).
    columns
        Of $INPUT.
    notes
        What pharmpy warned of.
    """

    name: str
    title: str
    code: str
    before: tuple[tuple[str, Any], ...]
    after: tuple[tuple[str, Any], ...]
    equations: dict[str, Any]
    flows: tuple[tuple[str, str, Any], ...]
    order: tuple[str, ...]
    dose: str
    lag: dict[str, Any]
    bioavailability: dict[str, Any]
    initial: dict[str, Any]
    values: dict[str, Value]
    etas: tuple[Block, ...]
    epsilons: tuple[Block, ...]
    observed: str
    columns: tuple[str, ...]
    notes: tuple[Note, ...]


def read_stream(path: Path) -> Stream:
    """Read a control stream by pharmpy.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    InputError
        When pharmpy cannot read the file, or it holds something other than one structure of compartments and
        one kind of level.
    """
    code = _text(path)
    model, notes = _parsed(path)
    system = model.statements.ode_system
    if system is None:
        raise InputError(
            explain(
                f"{path.name} has no compartments",
                came="$PRED, or no $SUBROUTINES",
                expected="$SUBROUTINES with ADVAN1-7, 10-13",
                fix="write the spec by hand; docs/reference/structures.md lists the structures",
            )
        )
    observed = [str(name) for name in model.dependent_variables]
    if len(observed) != 1:
        raise InputError(
            explain(
                f"{path.name} observes several kinds of level",
                came=", ".join(observed),
                expected="one Y in $ERROR",
                fix="import each kind from a copy with its own Y, and put the drafts together by hand",
            )
        )
    names = _in_order(system, code)
    before, initial = _assignments(model.statements.before_odes)
    return Stream(
        name=path.stem,
        title=title_of(code) or path.stem,
        code=code,
        before=before,
        after=_assignments(model.statements.after_odes)[0],
        equations=_equations(system),
        flows=tuple(_flows(system)),
        order=names,
        dose=_dose(system, names),
        lag={n: e for n in names if (e := _plain(system.find_compartment(n).lag_time)) != 0},
        bioavailability={
            n: e for n in names if (e := _plain(system.find_compartment(n).bioavailability)) != 1
        },
        initial=initial,
        values={value.symbol: value for value in _values(model, code)},
        etas=tuple(_blocks(model.random_variables.etas)),
        epsilons=tuple(_blocks(model.random_variables.epsilons)),
        observed=observed[0],
        columns=tuple(model.datainfo.names),
        notes=notes,
    )


def _text(path: Path) -> str:
    try:
        code = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputError(explain(f"{path} cannot be read", came=error.strerror)) from error
    if "$" not in code or len(code) > _LARGEST:
        raise InputError(
            explain(
                f"{path.name} is no control stream",
                came=f"{len(code)} characters, {code.count('$')} records",
                expected="a NONMEM control stream ($PROBLEM, $INPUT, $SUBROUTINES ...)",
            )
        )
    return code


def _parsed(path: Path) -> tuple[Any, tuple[Note, ...]]:
    """Return pharmpy's model, and what it warned of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            model = Model.parse_model(path)
        except Exception as error:  # a parser's errors are of many kinds
            raise InputError(
                explain(
                    f"pharmpy cannot read {path.name}",
                    came=f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0]}",
                    expected="a control stream that NM-TRAN accepts, with ADVAN1-7 or 10-13",
                )
            ) from error
    own = [w for w in caught if issubclass(w.category, UserWarning)]
    return model, tuple(Note("pharmpy", " ".join(str(w.message).split())) for w in own)


def _plain(expression: Any) -> Any:
    """Return sympy's expression of pharmpy's, with amounts A_<NAME>(t) as symbols."""
    found = sympy.sympify(expression)
    calls = found.atoms(sympy.core.function.AppliedUndef)
    amounts = {call: sympy.Symbol(call.func.__name__) for call in calls if call.func.__name__[:2] == "A_"}
    return found.xreplace(amounts)


def _assignments(statements: Any) -> tuple[tuple[tuple[str, Any], ...], dict[str, Any]]:
    """Return name and expression of each assignment, and the amounts at the start among them."""
    ordinary, initial = [], {}
    for statement in statements:
        left = sympy.sympify(statement.symbol)
        if isinstance(left, sympy.Symbol):
            ordinary.append((left.name, _plain(statement.expression)))
        else:
            initial[left.func.__name__.removeprefix("A_")] = _plain(statement.expression)
    return tuple(ordinary), initial


def _equations(system: Any) -> dict[str, Any]:
    found = {}
    for equation in system.eqs:
        left, right = sympy.sympify(equation.lhs), _plain(equation.rhs)
        found[left.args[0].func.__name__.removeprefix("A_")] = right
    return found


def _flows(system: Any) -> Iterator[tuple[str, str, Any]]:
    for name in system.compartment_names:
        for target, rate in system.get_compartment_outflows(system.find_compartment(name)):
            yield name, getattr(target, "name", ""), _plain(rate)


def _in_order(system: Any, code: str) -> tuple[str, ...]:
    """Return the compartments in NONMEM's order: that of $MODEL, where there is one."""
    found = tuple(system.compartment_names)
    stated = compartments_of(code)
    return stated if set(stated) == set(found) else found


def _dose(system: Any, names: tuple[str, ...]) -> str:
    for name in names:
        if system.find_compartment(name).doses:
            return name
    return names[0]


def _values(model: Any, code: str) -> Iterator[Value]:
    labels = labels_of(code)
    random = _matrix_names(model.random_variables.etas, "OMEGA")
    random |= _matrix_names(model.random_variables.epsilons, "SIGMA")
    thetas = 0
    for parameter in model.parameters:
        name = random.get(parameter.name)
        if name is None:
            thetas += 1
            name = f"THETA{thetas}"
        yield Value(
            symbol=parameter.name,
            nonmem=name,
            label=labels.get(name, ""),
            initial=float(parameter.init),
            lower=float(parameter.lower),
            upper=float(parameter.upper),
            fixed=bool(parameter.fix),
        )


def _blocks(variables: Any) -> Iterator[Block]:
    for distribution in variables:
        names = tuple(distribution.names)
        variance = sympy.sympify(distribution.variance)
        if len(names) == 1 and not isinstance(variance, sympy.MatrixBase):
            yield Block(names, ((str(variance),),))
            continue
        size = range(len(names))
        yield Block(names, tuple(tuple(str(variance[i, j]) for j in size) for i in size))


def _matrix_names(variables: Any, record: str) -> dict[str, str]:
    """Return the symbol of each entry of a covariance matrix to NONMEM's name of it."""
    named: dict[str, str] = {}
    before = 0
    for block in _blocks(variables):
        for i, row in enumerate(block.matrix):
            for j, symbol in enumerate(row[: i + 1]):
                named.setdefault(symbol, f"{record}({before + i + 1},{before + j + 1})")
        before += len(block.names)
    return named
