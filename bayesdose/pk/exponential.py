"""Matrix exponential of a small rate matrix, and with it the derivative in one direction.

Scaling, Taylor series and squaring, after a shift that makes the matrix non-negative: its terms then only
add, so that every entry keeps its relative accuracy. A matrix and a direction are carried together as a
dual matrix (2, n, n): ``(A, A')(B, B') = (AB, AB' + A'B)``, so that the derivative follows from the rule of
the product alone.
"""

from __future__ import annotations

import numpy as np

from bayesdose.pk.kernels import Array, as_float, contracted, part

TERMS = 20

LOG2_E = 1.4426950408889634
LN2_HIGH = (
    6.93147180369123816490e-01  # its last 32 bits are zero, so that its product with an integer is exact
)
LN2_LOW = 1.90821492927058770002e-10


@contracted
def exponentials(rate: float, times: Array, out: Array) -> None:
    """Fill out with exp(rate times), four at a time where the machine can, to 0.6 units in the last place.

    ``exp(x) = 2^k exp(t)`` with t at most ln(2)/2 in size: there the Taylor series to t^13 is exact
    (its next term is less than 5e-18). It gives 0 below exp(-708), infinity above exp(709).
    """
    for r in range(times.shape[0]):
        x = rate * times[r]
        k = np.floor(x * LOG2_E + 0.5)
        t = (x - k * LN2_HIGH) - k * LN2_LOW
        p = 1 / 3628800 + t * (1 / 39916800 + t * (1 / 479001600 + t * (1 / 6227020800)))
        p = 1 / 720 + t * (1 / 5040 + t * (1 / 40320 + t * (1 / 362880 + t * p)))
        p = 1.0 + t * (1.0 + t * (1 / 2 + t * (1 / 6 + t * (1 / 24 + t * (1 / 120 + t * p)))))
        value = p * as_float((np.int64(np.int32(k)) + 1023) << 52)
        value = value if x >= -708.0 else 0.0
        value = value if x <= 709.0 else np.inf
        out[r] = value if x == x else np.nan


@part
def exponential(K: Array, dt: float, A: Array, E: Array, T: Array, dual: bool) -> None:
    """Fill E (2, n, n) with exp(K dt) and, when `dual`, its derivative in the direction dt A[1].

    That derivative is the integral over s in (0, dt) of exp(K (dt - s)) A[1] exp(K s). A (2, n, n) is
    overwritten, and T (2, n, n) is scratch. What is not a number stays so. A row of zeros (the rate of an
    infusion) gives a row of the identity, exactly: a rate that is switched off must leave nothing.
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
        if divisor <= 1:
            for i in range(n):
                if still(K, i):
                    E[0, i, i] = 1.0


@part
def still(K: Array, i: int) -> bool:
    """Whether a row of K is zero."""
    entries = 0
    for j in range(K.shape[0]):
        entries += K[i, j] != 0.0
    return entries == 0


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
