"""A right-hand side as a graph of expressions: traced by running it once, and differentiated.

Equal expressions are one node, so that what the derivatives share is computed once. Derivatives follow from
the chain rule in reverse, one rule for each operation (Griewank and Walther, Evaluating Derivatives, 2008,
section 3.2).
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Sequence
from types import SimpleNamespace
from typing import Any

from bayesdose.errors import InputError, explain

FUNCTIONS = ("exp", "log", "log1p", "expm1", "sqrt", "sin", "cos", "tanh")
"""Functions of one number, by the name they have in Python's `math` and in NumPy."""

_ON_NUMBERS: dict[str, Callable[..., Any]] = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv,
    "pow": operator.pow, "neg": operator.neg, "abs": abs, "minimum": min, "maximum": max,
    "where": lambda condition, a, b: a if condition else b,
    "lt": operator.lt, "le": operator.le, "gt": operator.gt, "ge": operator.ge, "eq": operator.eq,
    "ne": operator.ne, "and": lambda a, b: a and b, "or": lambda a, b: a or b, "not": operator.not_,
    **{name: getattr(math, name) for name in FUNCTIONS},
}  # fmt: skip
"""Every operation, on plain numbers."""


class Expression:
    """A node: an operation on other nodes, a constant, or a variable (its name is `operation`)."""

    __slots__ = ("arguments", "index", "known", "operation", "value")
    __array_ufunc__ = None
    __hash__ = object.__hash__

    def __init__(
        self,
        known: dict[Any, Expression],
        operation: str,
        arguments: tuple[Expression, ...] = (),
        value: float | None = None,
        index: int = 0,
    ) -> None:
        self.known = known
        self.operation = operation
        self.arguments = arguments
        self.value = value
        self.index = index

    def __add__(self, other: Any) -> Expression:
        return combine("add", self, other)

    def __radd__(self, other: Any) -> Expression:
        return combine("add", other, self)

    def __sub__(self, other: Any) -> Expression:
        return combine("sub", self, other)

    def __rsub__(self, other: Any) -> Expression:
        return combine("sub", other, self)

    def __mul__(self, other: Any) -> Expression:
        return combine("mul", self, other)

    def __rmul__(self, other: Any) -> Expression:
        return combine("mul", other, self)

    def __truediv__(self, other: Any) -> Expression:
        return combine("div", self, other)

    def __rtruediv__(self, other: Any) -> Expression:
        return combine("div", other, self)

    def __pow__(self, other: Any) -> Expression:
        return combine("pow", self, other)

    def __rpow__(self, other: Any) -> Expression:
        return combine("pow", other, self)

    def __neg__(self) -> Expression:
        return combine("neg", self)

    def __pos__(self) -> Expression:
        return self

    def __abs__(self) -> Expression:
        return combine("abs", self)

    def __lt__(self, other: Any) -> Expression:
        return combine("lt", self, other)

    def __le__(self, other: Any) -> Expression:
        return combine("le", self, other)

    def __gt__(self, other: Any) -> Expression:
        return combine("gt", self, other)

    def __ge__(self, other: Any) -> Expression:
        return combine("ge", self, other)

    def __eq__(self, other: object) -> Expression:  # type: ignore[override]
        return combine("eq", self, other)

    def __ne__(self, other: object) -> Expression:  # type: ignore[override]
        return combine("ne", self, other)

    def __and__(self, other: Any) -> Expression:
        return combine("and", self, other)

    def __or__(self, other: Any) -> Expression:
        return combine("or", self, other)

    def __invert__(self) -> Expression:
        return combine("not", self)

    def __bool__(self) -> bool:
        raise InputError(
            explain(
                "A right-hand side decides by the value of an amount, a parameter or the time",
                came="`if`, `and`, `or`, `not`, `min` or `max` of Python",
                fix="use m.where(condition, a, b), m.minimum and m.maximum, and & | ~ between conditions",
            )
        )

    def __float__(self) -> float:
        raise InputError(
            explain(
                "A right-hand side makes a plain number of an amount, a parameter or the time",
                came="a function of math or NumPy, or float()",
                fix="use the functions of its last argument: m.exp, m.log, m.sqrt, ...",
            )
        )


def _same(node: Expression, value: float) -> bool:
    return node.value is not None and node.value == value


def _fold(operation: str, values: list[Any]) -> float | None:
    """Return an operation on constants, or None where it is not a number to write down."""
    try:
        found = _ON_NUMBERS[operation](*values)
    except (ArithmeticError, ValueError):
        return None
    return float(found) if isinstance(found, int | float) and math.isfinite(found) else None


def _simple(operation: str, a: Expression, b: Expression) -> Any:
    """Return what an operation on two nodes comes to without computing it, or None."""
    if operation == "add":
        return b if _same(a, 0.0) else a if _same(b, 0.0) else None
    if operation == "sub":
        return a if _same(b, 0.0) else -b if _same(a, 0.0) else None
    if operation == "mul":
        if _same(a, 0.0) or _same(b, 0.0):
            return 0.0
        return b if _same(a, 1.0) else a if _same(b, 1.0) else None
    if operation == "div":
        return a if _same(b, 1.0) else 0.0 if _same(a, 0.0) else None
    if operation == "pow":
        return _simple_power(a, b)
    return None


def _simple_power(a: Expression, b: Expression) -> Any:
    """Return small whole powers as products, and half a power as a root."""
    known = {0.0: lambda: 1.0, 1.0: lambda: a, 2.0: lambda: a * a, 3.0: lambda: a * a * a,
             -1.0: lambda: 1.0 / a, 0.5: lambda: combine("sqrt", a)}  # fmt: skip
    return known[b.value]() if b.value in known else None


def constant(known: dict[Any, Expression], value: float) -> Expression:
    """Return the node of a constant."""
    key = ("constant", value, math.copysign(1.0, value))
    return known.setdefault(key, Expression(known, "constant", (), value))


def combine(operation: str, *given: Any) -> Any:
    """Return the node of an operation; of plain numbers, their result."""
    known = next(x.known for x in given if isinstance(x, Expression))
    try:
        nodes = tuple(x if isinstance(x, Expression) else constant(known, float(x)) for x in given)
    except (TypeError, ValueError):
        return NotImplemented
    found: Any = None
    if operation == "where" and nodes[0].value is not None:
        return nodes[1] if nodes[0].value else nodes[2]
    if all(x.value is not None for x in nodes):
        found = _fold(operation, [x.value for x in nodes])
    elif len(nodes) == 2:
        found = _simple(operation, *nodes)
    if isinstance(found, Expression):
        return found
    if found is not None:
        return constant(known, found)
    key = (operation, *(id(x) for x in nodes))
    return known.setdefault(key, Expression(known, operation, nodes))


def _function(name: str) -> Callable[..., Any]:
    def apply(*arguments: Any) -> Any:
        if any(isinstance(x, Expression) for x in arguments):
            return combine(name, *arguments)
        return _ON_NUMBERS[name](*arguments)

    return apply


MATH = SimpleNamespace(
    **{name: _function(name) for name in (*FUNCTIONS, "abs", "minimum", "maximum", "where")}, pi=math.pi
)
"""The `m` of a right-hand side while it is traced."""


# The derivative of each operation: given node and its adjoint, those of its arguments.


def _power(node: Expression, bar: Expression) -> list[Any]:
    x, y = node.arguments
    if y.value is not None and y.value >= 1.0:
        return [bar * y * x ** (y.value - 1.0), None]
    # at a base of 0 (before the first dose) the logarithm has no value; its product with the power tends to 0
    positive = x > 0.0
    by_base = combine("where", positive, bar * y * x ** (y - 1.0), 0.0)
    return [by_base, combine("where", positive, bar * node * combine("log", x), 0.0)]


def _extreme(node: Expression, bar: Expression) -> list[Any]:
    a, b = node.arguments
    first = a <= b if node.operation == "minimum" else a >= b
    return [combine("where", first, bar, 0.0), combine("where", first, 0.0, bar)]


_DERIVATIVES: dict[str, Callable[[Expression, Expression], list[Any]]] = {
    "add": lambda node, bar: [bar, bar],
    "sub": lambda node, bar: [bar, -bar],
    "mul": lambda node, bar: [bar * node.arguments[1], bar * node.arguments[0]],
    "div": lambda node, bar: [bar / node.arguments[1], -(bar / node.arguments[1] * node)],
    "neg": lambda node, bar: [-bar],
    "pow": _power,
    "abs": lambda node, bar: [combine("where", node.arguments[0] < 0.0, -bar, bar)],
    "minimum": _extreme,
    "maximum": _extreme,
    "where": lambda node, bar: [
        None,
        combine("where", node.arguments[0], bar, 0.0),
        combine("where", node.arguments[0], 0.0, bar),
    ],
    "exp": lambda node, bar: [bar * node],
    "log": lambda node, bar: [bar / node.arguments[0]],
    "log1p": lambda node, bar: [bar / (1.0 + node.arguments[0])],
    "expm1": lambda node, bar: [bar * (node + 1.0)],
    "sqrt": lambda node, bar: [bar / (2.0 * node)],
    "sin": lambda node, bar: [bar * combine("cos", node.arguments[0])],
    "cos": lambda node, bar: [-(bar * combine("sin", node.arguments[0]))],
    "tanh": lambda node, bar: [bar * (1.0 - node * node)],
}


def ordered(nodes: Iterable[Expression]) -> list[Expression]:
    """Return the nodes and all they are made of, each after its arguments."""
    seen: dict[int, Expression] = {}
    stack = [(x, False) for x in reversed(list(nodes))]
    while stack:
        node, complete = stack.pop()
        if id(node) in seen:
            continue
        if complete:
            seen[id(node)] = node
        else:
            stack.append((node, True))
            stack += [(x, False) for x in reversed(node.arguments)]
    return list(seen.values())


def pulled_back(
    seeds: Sequence[tuple[Expression, Any]], variables: Sequence[Expression]
) -> list[Expression | None]:
    """Return the derivative of sum(output bar), over pairs of them, by each variable; None where it is 0."""
    bars: dict[int, Any] = {}
    for output, bar in seeds:
        bars[id(output)] = bars[id(output)] + bar if id(output) in bars else bar
    for node in reversed(ordered(output for output, _ in seeds)):
        if id(node) not in bars or node.operation not in _DERIVATIVES:
            continue
        shares = _DERIVATIVES[node.operation](node, bars[id(node)])
        for argument, bar in zip(node.arguments, shares, strict=True):
            if bar is not None and not (isinstance(bar, Expression) and _same(bar, 0.0)):
                bars[id(argument)] = bars[id(argument)] + bar if id(argument) in bars else bar
    return [bars.get(id(x)) for x in variables]
