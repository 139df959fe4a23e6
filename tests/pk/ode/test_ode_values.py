"""Amounts of the solver against SciPy at 1e-11."""

from dataclasses import replace

import numpy as np
import pytest
from ode_systems import EXAMPLES, inputs, reference

from bayesdose.pk.ode.entry import solve_amounts


def solve(example, rtol):
    system = replace(example.system, rtol=rtol)
    return solve_amounts(system, inputs(example.values[None], example.initial[None], [example.records]))


@pytest.mark.parametrize("name", EXAMPLES)
def test_amounts_are_those_of_scipy(name):
    example = EXAMPLES[name]
    rows = example.values[None], example.initial[None]
    expected = reference(example.system, *rows, example.records, "Radau" if name == "tmdd" else "LSODA")
    scale = np.abs(expected) + 1e-4 * np.abs(expected).max(axis=0)
    for rtol, within in ((1e-6, 1e-5), (1e-9, 3e-8)):
        error = np.abs(solve(example, rtol) - expected) / scale
        assert error.max() <= within
