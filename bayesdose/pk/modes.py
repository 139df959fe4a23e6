"""The rate matrix of one parameter row and its eigenbasis, without a formula for any particular model.

``K = V diag(mu) W`` with ``W V = I``. A block of two-way flows that form a tree is similar to a symmetric
matrix (scale each state against its parent by the root of the ratio of the two rates), which Jacobi
rotations diagonalise; blocks are then joined by substitution, downstream for the columns of V and upstream
for the rows of W.

Where eigenvalues of coupled blocks meet (ka = ke), the basis degenerates. `modes` then declines, and the
row takes the matrix exponential instead.
"""

from __future__ import annotations

import numpy as np

from bayesdose.pk.kernels import Array, Int64Array, part

WORST_AMPLIFICATION = 100.0
"""A row is diagonalised while the product of an eigenvalue's inverse relative gaps is at most this.

The gaps are those to the eigenvalues of other blocks that it couples with.

For one pair that is a relative gap of 1 %. Rounding errors grow like this number in the amounts and like
its square in their gradients, so that both stay below about 1e-11.
"""

SWEEPS = 60


@part
def rate_matrix(
    source: Int64Array,
    target: Int64Array,
    depletes: Int64Array,
    pumps: Int64Array,
    rates: Array,
    row: int,
    K: Array,
) -> bool:
    """Fill K (state, state) from one row of rates (row, rate); return whether all of it is finite."""
    n = K.shape[0]
    for i in range(n):
        for j in range(n):
            K[i, j] = 0.0
    for p in range(pumps.shape[0]):
        K[pumps[p], p] = 1.0
    total = 0.0
    for f in range(source.shape[0]):
        rate = rates[row, f]
        i, j = source[f], target[f]
        if depletes[f] != 0:
            K[i, i] -= rate
        if j >= 0:
            K[j, i] += rate
        total += abs(rate)
    return np.isfinite(total)


@part
def modes(
    edge: Int64Array,
    parent: Int64Array,
    K: Array,
    mu: Array,
    V: Array,
    W: Array,
    S: Array,
    d: Array,
    gain: Array,
) -> bool:
    """Diagonalise K into mu (state,), V and W (state, state); return whether the basis is good enough to use.

    S (state, state), d and gain (state,) are scratch. Mode i belongs to the block of state i.
    """
    n = K.shape[0]
    for i in range(n):
        for j in range(n):
            V[i, j] = W[i, j] = 0.0
    for b in range(edge.shape[0] - 1):
        first, last = edge[b], edge[b + 1]
        if last - first == 1:
            mu[first] = K[first, first]
            V[first, first] = 1.0
            W[first, first] = 1.0
        elif not block_modes(parent, K, first, last, mu, V, W, S, d):
            return False
    if edge.shape[0] == 2:
        return True
    fastest = 0.0
    for i in range(n):
        gain[i] = 1.0
        fastest = max(fastest, abs(mu[i]))
    couple_downstream(edge, K, mu, V, W, gain, 1e-10 * fastest)
    couple_upstream(edge, K, mu, V, W)
    worst = 0.0
    for i in range(n):
        worst = max(worst, gain[i])
    return worst <= WORST_AMPLIFICATION


@part
def block_modes(
    parent: Int64Array, K: Array, first: int, last: int, mu: Array, V: Array, W: Array, S: Array, d: Array
) -> bool:
    """Diagonalise the block [first, last) of K by its symmetric form; False when a rate is not positive."""
    d[first] = 1.0
    for i in range(first + 1, last):
        p = parent[i]
        if not (K[i, p] > 0.0 and K[p, i] > 0.0):
            return False
        d[i] = d[p] * np.sqrt(K[i, p] / K[p, i])
    for i in range(first, last):
        for j in range(first, last):
            S[i, j] = 0.0
            V[i, j] = 0.0
        S[i, i] = K[i, i]
        V[i, i] = 1.0
    for i in range(first + 1, last):
        p = parent[i]
        S[i, p] = S[p, i] = np.sqrt(K[i, p]) * np.sqrt(K[p, i])
    jacobi(S, V, first, last)
    for i in range(first, last):
        mu[i] = S[i, i]
        if not 0.0 < d[i] < np.inf:
            return False
    for i in range(first, last):
        for j in range(first, last):
            W[j, i] = V[i, j] / d[i]
            V[i, j] *= d[i]
    return True


@part
def jacobi(S: Array, Q: Array, first: int, last: int) -> None:
    """Rotate the symmetric block [first, last) of S to its eigenvalues; Q, the identity, collects vectors."""
    for _ in range(SWEEPS):
        rotated = False
        for p in range(first, last - 1):
            for q in range(p + 1, last):
                if not abs(S[p, q]) > 1e-18 * np.sqrt(abs(S[p, p])) * np.sqrt(abs(S[q, q])):
                    continue
                rotated = True
                ratio = 0.5 * (S[q, q] - S[p, p]) / S[p, q]
                t = 1.0 / (abs(ratio) + np.hypot(1.0, ratio))
                if ratio < 0.0:
                    t = -t
                c = 1.0 / np.sqrt(1.0 + t * t)
                s = t * c
                S[p, p] -= t * S[p, q]
                S[q, q] += t * S[p, q]
                S[p, q] = S[q, p] = 0.0
                for k in range(first, last):
                    if k not in (p, q):
                        a, b = S[k, p], S[k, q]
                        S[k, p] = S[p, k] = c * a - s * b
                        S[k, q] = S[q, k] = s * a + c * b
                    a, b = Q[k, p], Q[k, q]
                    Q[k, p] = c * a - s * b
                    Q[k, q] = s * a + c * b
        if not rotated:
            return


@part
def couple_downstream(
    edge: Int64Array, K: Array, mu: Array, V: Array, W: Array, gain: Array, tiny: float
) -> None:
    """Continue each column of V into the blocks downstream of its own; count in gain how it amplifies."""
    n_blocks = edge.shape[0] - 1
    for b in range(n_blocks - 1):
        for i in range(edge[b], edge[b + 1]):
            for c in range(b + 1, n_blocks):
                first, last = edge[c], edge[c + 1]
                for j in range(first, last):
                    inflow = 0.0
                    for r in range(first, last):
                        for s in range(edge[b], first):
                            inflow += W[j, r] * K[r, s] * V[s, i]
                    if inflow == 0.0:
                        continue
                    gap = mu[i] - mu[j]
                    inverse = max(abs(mu[i]), abs(mu[j]), tiny) / abs(gap)
                    gain[i] *= inverse
                    gain[j] *= inverse
                    for r in range(first, last):
                        V[r, i] += V[r, j] * (inflow / gap)


@part
def couple_upstream(edge: Int64Array, K: Array, mu: Array, V: Array, W: Array) -> None:
    """Continue each row of W into the blocks upstream of its own."""
    for c in range(edge.shape[0] - 2, 0, -1):
        for j in range(edge[c], edge[c + 1]):
            for a in range(c - 1, -1, -1):
                first, last = edge[a], edge[a + 1]
                for i in range(first, last):
                    outflow = 0.0
                    for s in range(first, last):
                        for r in range(last, edge[c + 1]):
                            outflow += W[j, r] * K[r, s] * V[s, i]
                    if outflow == 0.0:
                        continue
                    share = outflow / (mu[j] - mu[i])
                    for s in range(first, last):
                        W[j, s] += share * W[i, s]
