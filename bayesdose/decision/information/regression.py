"""Expected gains given parameters: regression of the gains on splines of the parameters, by draw."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import BSpline
from scipy.special import ndtri
from scipy.stats import rankdata

from bayesdose.decision.criteria import Clusters, Floats

CATEGORIES = 12
"""Up to so many distinct values are categories, whose means need no regression."""

FOLDS = 5
_ONE, _TWO, _MORE = 10, 7, 8  # columns of a spline: alone, in a product of two, beside others
_LOGIT_RIDGE, _NEWTON = 1e-4, 30
_FAR, _LONGEST, _SETTLED = 30.0, 4.0, 1e-3  # of a logit: its bounds, a step, one that is no more worth making
_RIDGE = 1e-9  # of the mean diagonal: two columns that are the same do no harm


def basis(values: Sequence[NDArray]) -> Floats:
    """Return the columns that gains are regressed on, (draw, column).

    One parameter: a cubic B-spline of its normal scores, knots at their quantiles. Two: the products of the
    columns of two such splines. More: the sum of a spline of each, and products of the normal scores of every
    two. A parameter with few distinct values has a column for each of them instead.
    """
    if len(values) == 1:
        return _columns(values[0], _ONE)
    if len(values) == 2:
        a, b = (_columns(v, _TWO) for v in values)
        return np.einsum("dk,dl->dkl", a, b).reshape(len(a), -1)
    each = [_columns(v, _MORE) for v in values]
    scores = [_linear(v) for v in values]
    pairs = [
        np.einsum("dk,dl->dkl", scores[i], scores[j]).reshape(len(scores[i]), -1)
        for i in range(len(values))
        for j in range(i)
    ]
    return np.concatenate([*each, *pairs], axis=1)


def fitted(X: Floats, D: Floats, groups: Clusters) -> tuple[Floats, Floats]:
    """Return least-squares fits of D (draw, option) on X: from all draws, and of draws from the others.

    The second is cross-fitted in `FOLDS` parts that keep copies of one particle together.
    """
    part = np.empty(len(X), dtype=np.intp)
    part[groups.order] = np.repeat(np.arange(groups.n), np.diff([*groups.starts, len(X)])) % FOLDS
    gram, cross = [], []
    for k in range(FOLDS):
        own = X[part == k]
        gram.append(own.T @ own)
        cross.append(own.T @ D[part == k])
    G, B = sum(gram), sum(cross)
    inside = X @ _solve(G, B)
    outside = np.empty_like(inside)
    for k in range(FOLDS):
        outside[part == k] = X[part == k] @ _solve(G - gram[k], B - cross[k])
    return inside, outside


def probabilities(X: Floats, p: Floats) -> Floats:
    """Return fitted probabilities (draw, option) of an event, by logistic regression.

    Least squares would smear an event that follows from the parameters, a step, over their whole range.

    Parameters
    ----------
    X
        Columns, as `basis` returns them.
    p
        Where the event happens, or how probable it is, (draw, option).

    Notes
    -----
    Quasi-likelihood (Papke & Wooldridge 1996, J Appl Econom 11:619) maximised by Newton's method, with a
    ridge that keeps a step at a finite slope.
    """
    G = X.T @ X
    ridge = _LOGIT_RIDGE * float(np.trace(G)) / len(G) * np.eye(len(G))
    constant = np.linalg.solve(G + _RIDGE * ridge, X.T @ np.ones(len(X)))
    made = np.empty_like(p)
    for k, y in enumerate(p.T):
        mean = float(y.mean())
        flat = np.ptp(y) == 0.0
        made[:, k] = mean if flat else _logistic(X, y, constant * np.log(mean / (1 - mean)), ridge)
    return made


def _logistic(X: Floats, y: Floats, beta: Floats, ridge: Floats) -> Floats:
    """Return the fitted probabilities of one event (draw,)."""
    start = beta
    for _ in range(_NEWTON):
        eta = np.clip(X @ beta, -_FAR, _FAR)
        fit = 1.0 / (1.0 + np.exp(-eta))
        H = (X * (fit * (1.0 - fit))[:, None]).T @ X + ridge
        step = np.linalg.solve(H, X.T @ (y - fit) - ridge @ (beta - start))
        size = float(np.abs(X @ step).max())
        beta = beta + step * min(1.0, _LONGEST / max(size, 1e-300))
        if size < _SETTLED:
            break
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(X @ beta, -_FAR, _FAR))))


def _solve(G: Floats, B: Floats) -> Floats:
    ridge = _RIDGE * float(np.trace(G)) / len(G)
    return np.asarray(np.linalg.solve(G + ridge * np.eye(len(G)), B))


def _columns(values: NDArray, n: int) -> Floats:
    levels, where = np.unique(values, return_inverse=True)
    if len(levels) <= CATEGORIES or values.dtype.kind not in "fiu":
        return np.asarray(np.eye(len(levels))[where])
    x = _scores(values)
    inner = np.quantile(x, np.linspace(0, 1, n - 2)[1:-1])
    low, high = float(x.min()), float(x.max())
    knots = np.concatenate([np.repeat(low, 4), np.unique(inner), np.repeat(high, 4)])
    return np.asarray(BSpline.design_matrix(x, knots, 3).toarray())


def _linear(values: NDArray) -> Floats:
    """Return the columns that enter products: the normal score, or the categories but the first."""
    levels, where = np.unique(values, return_inverse=True)
    if len(levels) <= CATEGORIES or values.dtype.kind not in "fiu":
        return np.asarray(np.eye(len(levels))[where][:, 1:])
    return _scores(values)[:, None]


def _scores(values: NDArray) -> Floats:
    return np.asarray(ndtri((rankdata(values) - 0.5) / len(values)))
