"""Matrix exponential of a small rate matrix, and with it the derivative in one direction.

Scaling, Taylor series and squaring, after a shift that makes the matrix non-negative: its terms then only
add, so that every entry keeps its relative accuracy. A matrix and a direction are carried together as a
dual matrix (2, n, n): ``(A, A')(B, B') = (AB, AB' + A'B)``, so that the derivative follows from the rule of
the product alone.
"""

from __future__ import annotations

import numpy as np

from bayesdose.pk.kernels import Array, part

TERMS = 20


@part
def exponential(K: Array, dt: float, A: Array, E: Array, T: Array, dual: bool) -> None:
    """Fill E (2, n, n) with exp(K dt) and, when `dual`, its derivative in the direction dt A[1].

    That derivative is the integral over s in (0, dt) of exp(K (dt - s)) A[1] exp(K s). A (2, n, n) is
    overwritten, and T (2, n, n) is scratch. What is not a number stays so.
    """
    n = K.shape[0]
    shift, norm = 0.0, 0.0
    for i in range(n):
        shift = max(shift, -K[i, i])
    for j in range(n):
        column = 0.0
        for i in range(n):
            A[0, i, j] = K[i, j] + (shift if i == j else 0.0)
            column += abs(A[0, i, j])
        norm = max(norm, column)
    norm *= abs(dt)
    squarings = 0
    if 0.5 < norm < np.inf:
        squarings = int(np.ceil(np.log2(norm))) + 1
    scale = dt * 0.5**squarings if norm < np.inf else np.nan
    for d in range(2):
        for i in range(n):
            for j in range(n):
                A[d, i, j] *= scale
                E[d, i, j] = 1.0 if i == j and d == 0 else 0.0
    factor = np.exp(-shift * scale)
    for step in range(TERMS + squarings):
        if step < TERMS:
            multiply(A, E, T, dual)
        else:
            multiply(E, E, T, dual)
        divisor = TERMS - step
        for d in range(2):
            for i in range(n):
                for j in range(n):
                    E[d, i, j] = T[d, i, j]
                    if divisor > 0:  # Horner: E = I + A E / k, k from TERMS to 1
                        E[d, i, j] = T[d, i, j] / divisor + (1.0 if i == j and d == 0 else 0.0)
                    if divisor == 1:
                        E[d, i, j] *= factor


@part
def multiply(A: Array, B: Array, C: Array, dual: bool) -> None:
    """Fill C with A B, for dual matrices (2, n, n)."""
    n = A.shape[1]
    for i in range(n):
        for j in range(n):
            value, direction = 0.0, 0.0
            for k in range(n):
                value += A[0, i, k] * B[0, k, j]
                if dual:
                    direction += A[0, i, k] * B[1, k, j] + A[1, i, k] * B[0, k, j]
            C[0, i, j] = value
            C[1, i, j] = direction
