"""The Runge-Kutta pairs keep what their papers promise."""

import numpy as np
import pytest

from bayesdose.pk.ode.drive import STIFF
from bayesdose.pk.ode.tableaux import EXPLICIT, EXPLICIT_ERROR, GAMMA, IMPLICIT, PREDICTOR

ONE = np.ones(7)


def trees(order):
    """Return all rooted trees of an order, each as a sorted tuple of its branches."""
    if order == 1:
        return {()}
    found = set()
    for smaller in trees(order - 1):
        found |= set(_grown(smaller))
    return found


def _grown(tree):
    yield tuple(sorted((*tree, ())))
    for i, branch in enumerate(tree):
        for grown in _grown(branch):
            yield tuple(sorted((*tree[:i], grown, *tree[i + 1 :])))


def weight(tree, A):
    """Return the elementary weights of the stages (Butcher 2008, section 312)."""
    product = ONE
    for branch in tree:
        product = product * (A @ weight(branch, A))
    return product


def order_of(tree):
    return 1 + sum(order_of(branch) for branch in tree)


def density(tree):
    return order_of(tree) * int(np.prod([density(branch) for branch in tree]))


PAIRS = {
    "Tsitouras, order 5": (EXPLICIT, EXPLICIT[6], 5),
    "Tsitouras, order 4": (EXPLICIT, EXPLICIT[6] - EXPLICIT_ERROR, 4),
    "Kvaerno, order 5": (IMPLICIT, IMPLICIT[6], 5),
    "Kvaerno, order 4": (IMPLICIT, IMPLICIT[5], 4),
}


@pytest.mark.parametrize("name", PAIRS)
def test_order_conditions_hold(name):
    A, b, order = PAIRS[name]
    assert [len(trees(k)) for k in range(1, 6)] == [1, 1, 2, 4, 9]
    for k in range(1, order + 1):
        for tree in trees(k):
            assert b @ weight(tree, A) == pytest.approx(1.0 / density(tree), abs=2e-14)
    missed = [abs(b @ weight(tree, A) - 1.0 / density(tree)) for tree in trees(order + 1)]
    assert max(missed) > 1e-5


def growth(A, b, z):
    """Return the stability function."""
    return 1.0 + z * (b @ np.linalg.solve(np.eye(7) - z * A, ONE))


def test_the_implicit_pair_is_stiffly_accurate_and_stable():
    assert np.all(np.diag(IMPLICIT)[1:] == GAMMA)
    assert IMPLICIT[0].sum() == 0.0
    assert IMPLICIT[5].sum() == pytest.approx(1.0)
    assert IMPLICIT[6].sum() == pytest.approx(1.0)
    for b in (IMPLICIT[5], IMPLICIT[6]):
        assert all(abs(growth(IMPLICIT, b, 1j * w)) <= 1.0 + 1e-12 for w in np.logspace(-2, 4, 400))
    assert abs(growth(IMPLICIT, IMPLICIT[6], -1e9)) < 1e-6


def test_the_explicit_pair_is_unstable_not_far_beyond_what_counts_as_stiff():
    z = np.linspace(-6.0, 0.0, 6001)
    stable = z[np.abs([growth(EXPLICIT, EXPLICIT[6], x) for x in z]) <= 1.0]
    assert -1.1 * STIFF < stable.min() < -STIFF


def test_predictors_are_exact_for_constant_slopes():
    np.testing.assert_allclose(PREDICTOR[1:].sum(axis=1), 1.0, rtol=1e-12)
