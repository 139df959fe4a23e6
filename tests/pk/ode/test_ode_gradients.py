"""Gradients by the adjoint, at the usual tolerance, against differences of tight solves."""

from dataclasses import replace

import numpy as np
import pytest
from ode_systems import EXAMPLES, initial, inputs

from bayesdose.pk.ode.entry import solve_amounts, solve_gradients


def rows_of(example):
    """Return inputs with three rows of parameters that take turns at the records."""
    rng = np.random.default_rng(3)
    values = example.values * np.exp(0.1 * rng.normal(size=(3, len(example.values))))
    start = np.array([initial(example.system, v) for v in values])
    return inputs(values, start, [[{**r, "row": k % 3} for k, r in enumerate(example.records)]])


def weights(amounts):
    """Return the weights of a sum of all amounts to differentiate."""
    return np.random.default_rng(1).normal(size=amounts.shape) / (amounts + amounts.max() * 1e-2)


def differences(system, given, bar, position=0, step=1e-4):
    """Return the derivative of sum(amounts bar) by the log of an input, by differences of fourth order."""
    found = np.zeros(given[position].shape)
    for at in np.ndindex(found.shape):
        for weight, h in ((8, step), (-8, -step), (-1, 2 * step), (1, -2 * step)):
            moved = given[position].copy()
            moved[at] *= np.exp(h)
            moved = (*given[:position], moved, *given[position + 1 :])
            found[at] += weight * np.sum(bar * solve_amounts(system, moved)) / (12 * step)
    return found


@pytest.mark.parametrize("name", EXAMPLES)
def test_gradients_by_parameters_are_differences(name):
    example = EXAMPLES[name]
    given = rows_of(example)
    bar = weights(solve_amounts(example.system, given))
    found = solve_gradients(example.system, given, bar)[0]
    expected = differences(replace(example.system, rtol=1e-11), given, bar)
    error = np.abs(found * given[0] - expected) / np.abs(expected).max()
    assert error.max() <= 1e-5


@pytest.mark.parametrize("rtol", [1e-4, 1e-6])
def test_what_rounding_hides_from_the_error_does_not_spoil_the_gradient(rtol):
    # the free drug, a difference of nearly equal numbers, is rounded to 0 here: its decay at 170/day shows in
    # the Jacobian alone, and explicit steps held by the error alone would multiply its adjoint by 1e44
    example = EXAMPLES["quasi_steady"]
    values = np.array([[0.03391, 28.79, 0.006679, 172.9, 0.007137]])
    start = initial(example.system, values[0])[None]
    given = inputs(values, start, [example.records])
    bar = np.ones((len(example.times), 2))
    found = solve_gradients(replace(example.system, rtol=rtol), given, bar)[0]
    expected = differences(replace(example.system, rtol=1e-9), given, bar, step=1e-3)
    np.testing.assert_allclose(found * values, expected, atol=30 * rtol * np.abs(expected).max())
