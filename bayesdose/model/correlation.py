"""Correlations between random effects that are given as numbers: a published omega matrix."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from bayesdose.errors import InputError, explain, nearest

Factor = list[list[float]]
"""The rows of a Cholesky factor, row k with k + 1 numbers."""


def fixed_factors(
    names: list[str], correlation: Mapping[tuple[str, str], float]
) -> dict[tuple[str, ...], Factor]:
    """Return the blocks that correlations link, each with the Cholesky factor of its correlation matrix.

    Parameters
    ----------
    names
        All etas, in order; blocks keep it.
    correlation
        Pairs of names to their correlation; a pair within a block that is not given has none.

    Raises
    ------
    InputError
        An unknown name, a pair that is none or is given twice, a number that is no correlation, numbers that
        contradict each other (their matrix is not positive definite).
    """
    _refuse(names, correlation)
    made = {}
    for block in _linked(names, correlation):
        matrix = np.eye(len(block))
        for (a, b), rho in correlation.items():
            if a in block:
                i, j = block.index(a), block.index(b)
                matrix[i, j] = matrix[j, i] = rho
        made[block] = _factor(block, matrix)
    return made


def _factor(block: tuple[str, ...], matrix: np.ndarray) -> Factor:
    smallest = float(np.linalg.eigvalsh(matrix)[0])
    if smallest <= 1e-12:
        raise InputError(
            explain(
                f"the correlations of {', '.join(block)} contradict each other",
                came=f"a matrix whose smallest eigenvalue is {smallest:.3g}",
                expected="a positive definite correlation matrix",
                fix="take more digits from the source; pairs that are left out count as 0",
            )
        )
    root = np.linalg.cholesky(matrix)
    return [root[k, : k + 1].tolist() for k in range(len(block))]


def _linked(names: list[str], pairs: Mapping[tuple[str, str], float]) -> Iterator[tuple[str, ...]]:
    """Yield the groups of names that pairs link, directly or through others."""
    left = [name for name in names if any(name in pair for pair in pairs)]
    while left:
        group, grown = {left[0]}, True
        while grown:
            more = {name for pair in pairs if group & set(pair) for name in pair}
            grown, group = not more <= group, group | more
        yield tuple(name for name in names if name in group)
        left = [name for name in left if name not in group]


def _refuse(names: list[str], correlation: Mapping[tuple[str, str], float]) -> None:
    seen: set[frozenset[str]] = set()
    for pair, rho in correlation.items():
        wrong = [name for name in pair if name not in names]
        twice = frozenset(pair) in seen
        if wrong or twice or len(pair) != 2 or pair[0] == pair[1]:
            raise InputError(
                explain(
                    "correlation= of eta names a pair twice"
                    if twice
                    else "correlation= of eta is not of pairs",
                    came=repr(pair),
                    expected="two etas each, a pair once: {('CL', 'V'): 0.5}",
                    meant=nearest(wrong[0], names) if wrong else None,
                )
            )
        if not -1 < rho < 1:
            raise InputError(
                explain(
                    f"the correlation of {pair[0]} and {pair[1]} is none",
                    came=f"{rho:g}",
                    expected="a number between -1 and 1: the covariance over the product of the SDs",
                )
            )
        seen.add(frozenset(pair))
