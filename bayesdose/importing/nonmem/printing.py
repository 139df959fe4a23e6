"""Sympy expressions as Python text: PyTensor in the model, plain arithmetic in a right-hand side."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

import sympy
from sympy.printing.str import StrPrinter

from bayesdose.errors import InputError, explain

_FUNCTIONS = {
    "exp": "exp",
    "log": "log",
    "sqrt": "sqrt",
    "Abs": "abs",
    "tanh": "tanh",
    "sin": "sin",
    "cos": "cos",
}
_EXTREMES = {"Max": "maximum", "Min": "minimum"}


class _Printer(StrPrinter):
    """Prints with the functions of `module`, and Piecewise as its `choose`."""

    def __init__(self, names: Mapping[str, str], module: str, choose: str) -> None:
        super().__init__({"full_prec": False, "order": "lex"})
        self._names, self._module, self._choose = names, module, choose

    def _print_Symbol(self, expr: Any) -> str:  # noqa: N802  (sympy's name)
        return self._names.get(expr.name, expr.name)

    def _print_Float(self, expr: Any) -> str:  # noqa: N802
        return repr(float(f"{float(expr):.14g}"))

    def _print_Function(self, expr: Any) -> str:  # noqa: N802
        name = expr.func.__name__
        if name in _EXTREMES:
            return self._extreme(_EXTREMES[name], list(expr.args))
        if name not in _FUNCTIONS:
            raise InputError(
                explain(f"the function {name} has no counterpart in a spec", came=str(expr)[:80])
            )
        return f"{self._module}.{_FUNCTIONS[name]}({', '.join(self._print(a) for a in expr.args)})"

    _print_ExpBase = _print_Max = _print_Min = _print_Abs = _print_log = _print_Function  # noqa: N815

    def _extreme(self, name: str, arguments: list[Any]) -> str:
        first, *rest = arguments
        second = self._print(rest[0]) if len(rest) == 1 else self._extreme(name, rest)
        return f"{self._module}.{name}({self._print(first)}, {second})"

    def _print_Pow(self, expr: Any, rational: bool = False) -> str:  # noqa: N802
        if expr.exp == sympy.Rational(1, 2):
            return f"{self._module}.sqrt({self._print(expr.base)})"
        return str(super()._print_Pow(expr, rational=rational))

    def _print_Piecewise(self, expr: Any) -> str:  # noqa: N802
        text = "0.0"
        for value, condition in reversed(expr.args):
            shown = self._print(value)
            text = (
                shown
                if condition == sympy.true
                else f"{self._choose}({self._print(condition)}, {shown}, {text})"
            )
        return text

    def _print_Relational(self, expr: Any) -> str:  # noqa: N802
        left, right = self._print(expr.lhs), self._print(expr.rhs)
        if expr.rel_op in ("==", "!="):
            word = {"==": "eq", "!=": "neq"}[expr.rel_op]
            return f"{self._module}.{word}({left}, {right})"
        return f"({left} {expr.rel_op} {right})"

    def _print_And(self, expr: Any) -> str:  # noqa: N802
        return " & ".join(f"({self._print(a)})" for a in expr.args)

    def _print_Or(self, expr: Any) -> str:  # noqa: N802
        return " | ".join(f"({self._print(a)})" for a in expr.args)

    def _print_Not(self, expr: Any) -> str:  # noqa: N802
        return f"~({self._print(expr.args[0])})"


def in_model(expression: Any, names: Mapping[str, str]) -> str:
    """Return an expression for the body of ``model(study)``.

    Parameters
    ----------
    expression
        Of sympy.
    names
        Symbol to its Python text.

    Raises
    ------
    InputError
        When it holds a function that a spec does not have.
    """
    return _spaced(_Printer(names, "pm.math", "pm.math.switch").doprint(expression))


def in_system(expression: Any, names: Mapping[str, str]) -> str:
    """Return an expression for a System's right-hand side; arguments and errors as in `in_model`."""
    unequal = expression.atoms(sympy.Eq, sympy.Ne)
    if unequal:
        raise InputError(explain("a right-hand side cannot ask for equality", came=str(unequal.pop())))
    return _spaced(_Printer(names, "m", "m.where").doprint(expression))


def _spaced(text: str) -> str:
    """Return the text with the usual blanks, and without needless brackets."""
    return ast.unparse(ast.parse(text, mode="eval")).replace("'", '"')


def tidied(expression: Any, references: Mapping[str, float]) -> Any:
    """Return the expression with ``WT / 70`` where arithmetic had taken the 70 out of a power.

    Parameters
    ----------
    expression
        Of sympy.
    references
        Covariate to the value by which the source divides it.
    """
    return expression.replace(lambda e: e.is_Mul, lambda e: _ratio_back(e, references))


def _ratio_back(product: Any, references: Mapping[str, float]) -> Any:
    before, rest = product.as_coeff_Mul()
    factor, made = before, []
    for term in sympy.Mul.make_args(rest):
        base, power = term.as_base_exp()
        if base.is_Symbol and base.name in references and power.is_number:
            factor = factor * references[base.name] ** power
            made.append(sympy.Symbol(f"({base.name.upper()} / {references[base.name]:g})") ** power)
        else:
            made.append(term)
    digits, digits_before = (len(f"{float(x):.12g}") for x in (factor, before))
    if digits >= digits_before:
        return product
    return sympy.Mul(
        sympy.Float(f"{float(factor):.12g}") if digits > 1 else sympy.Integer(round(factor)), *made
    )
