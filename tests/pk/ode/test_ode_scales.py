"""Amounts of very different size in one system, and a system where all amounts begin at 0."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import quad

import bayesdose as bd
from bayesdose.pk.ode.entry import solve_amounts

TIMES = np.array([0.5, 2.0, 6.0, 12.0])


def solved(system, parameters, initial, dose):
    """Return amounts (time, state) after one dose at time 0."""
    time = np.r_[0.0, TIMES]
    n = len(time)
    none, zero = np.zeros(n), np.zeros(n, dtype=np.int32)
    kind, amount = np.r_[1, np.zeros(n - 1, dtype=int)], np.r_[dose, none[1:]]
    tables = [np.array([0, n]), zero, time, kind, amount, none, none, zero, zero, zero, np.arange(1, n)]
    rates = [np.array([parameters], dtype=float), np.array([initial], dtype=float), np.empty((1, 0))]
    return solve_amounts(system, [*rates, *tables])


def saturable(t, A, p, m):
    return {
        "depot": -p.ka * A.depot,
        "central": p.ka * A.depot - p.Vm * A.central / (p.Km + A.central),
        "cells": -0.1 * A.cells,
    }


@pytest.mark.parametrize("cells", [1.0, 1e7, 1e12])
def test_a_large_state_beside_does_not_spoil_a_small_one(cells):
    states, names = ("depot", "central", "cells"), ("ka", "Vm", "Km")
    loose, tight = (bd.System(saturable, states, names, "depot", rtol=rtol) for rtol in (1e-6, 1e-11))
    found = solved(loose, [1.0, 0.3, 0.2], [0.0, 0.0, cells], 1.0)
    alone = solved(tight, [1.0, 0.3, 0.2], [0.0, 0.0, 1.0], 1.0)
    assert_allclose(found[:, :2], alone[:, :2], rtol=1e-4, atol=1e-8)
    assert_allclose(found[:, 2], cells * np.exp(-0.1 * TIMES), rtol=1e-5)


def test_a_forcing_that_begins_later():
    def forced(t, A, p, m):
        return {"c": m.where((t > 1.0) & (t < 3.0), 1.0, 0.0) - p.k * A.c}

    found = solved(bd.System(forced, ("c",), ("k",), "c"), [0.4], [0.0], 0.0)
    for t, c in zip(TIMES, found[:, 0], strict=True):
        inside = quad(lambda s, t=t: np.exp(-0.4 * (t - s)), 1.0, max(1.0, min(3.0, t)))[0]
        assert c == pytest.approx(inside, abs=1e-4)
