"""Polynomials through Chebyshev points of [0, 1], one in every row of an array.

Trefethen 2013, Approximation Theory and Approximation Practice; Berrut & Trefethen 2004, SIAM Review 46:501.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_LAST = 3  # coefficients that tell what was left out: every other one may vanish by symmetry
_ITERATIONS = 60
_ROUNDING = 4e-16
_EXACTLY = 1e-200


@cache
def points(n: int) -> Floats:
    """Return n Chebyshev points of the second kind, ends included."""
    made: Floats = np.sin(np.pi * np.arange(n) / (2 * (n - 1))) ** 2
    return made


@cache
def weights(n: int) -> Floats:
    """Return the weights that integrate the polynomial over [0, 1] (Clenshaw and Curtis)."""
    made: Floats = antiderivative(n)[-1]
    return made


@cache
def derivative(n: int) -> Floats:
    """Return the matrix (n, n) that takes values at the points to derivatives there."""
    angle = np.pi * np.arange(n) / (2 * (n - 1))
    gap = np.sin(angle[:, None] + angle) * np.sin(angle[:, None] - angle)  # of the points, exactly
    np.fill_diagonal(gap, 1.0)
    weight = _barycentric(n)
    made: Floats = weight / weight[:, None] / gap
    np.fill_diagonal(made, 0.0)
    np.fill_diagonal(made, -made.sum(axis=1))
    return made


@cache
def antiderivative(n: int) -> Floats:
    """Return the matrix (n, n) that takes values at the points to integrals from 0 to them."""
    integrals = chebyshev.chebint(_coefficients(n), lbnd=-1, scl=0.5)
    return np.asarray(chebyshev.chebval(2 * points(n) - 1, integrals).T, dtype=np.float64)


def tail(c: Floats) -> Floats:
    """Return the size of the last Chebyshev coefficients of (..., n): about what more points would add."""
    n = c.shape[-1]
    made: Floats = np.abs(c @ _coefficients(n)[-_LAST:].T).max(axis=-1)
    return made


def evaluate(c: Floats, x: Floats) -> Floats:
    """Return each row's polynomial (row, n) at the row's own x (row,)."""
    gap = x[:, None] - points(c.shape[1])
    gap[gap == 0] = _EXACTLY
    terms = _barycentric(c.shape[1]) / gap
    made: Floats = np.einsum("ij,ij->i", terms, c) / terms.sum(axis=1)
    return made


def root(
    c: Floats, left: Floats, right: Floats, at_left: Floats, at_right: Floats, step: float = 1e-12
) -> Floats:
    """Return where each row's polynomial (row, n) is 0, between places at which it has values of both signs.

    `step` is how far the last but one estimate may be from it.

    Regula falsi with the Illinois rule (Dowell & Jarratt 1971, BIT 11:168).
    """
    a, b, fa, fb = left, right, at_left, at_right
    noise = _ROUNDING * np.abs(c).max(axis=1, initial=0.0)
    for _ in range(_ITERATIONS):
        flat = fa == fb
        new = b - np.where(flat, 0.0, fb * (b - a) / np.where(flat, 1.0, fb - fa))
        value = evaluate(c, new)
        crossed = value * fb < 0
        a, fa = np.where(crossed, b, a), np.where(crossed, fb, fa / 2)
        settled = (np.abs(new - b) <= step) | (np.abs(value) <= noise)
        b, fb = new, value
        if settled.all():
            break
    return b


@cache
def _barycentric(n: int) -> Floats:
    """Return the weights of the barycentric formula, up to a factor."""
    weight = np.where(np.arange(n) % 2, -1.0, 1.0)
    weight[[0, -1]] /= 2
    return weight


@cache
def _coefficients(n: int) -> Floats:
    """Return the matrix (n, n) that takes values at the points to Chebyshev coefficients."""
    angle = np.pi * np.arange(n) / (n - 1)
    made = np.cos(angle[:, None] * (n - 1 - np.arange(n)), dtype=np.float64) * 2 / (n - 1)
    made[:, [0, -1]] /= 2
    made[[0, -1]] /= 2
    return made
