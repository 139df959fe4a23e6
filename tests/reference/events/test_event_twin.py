"""The twin itself: closed forms, steady state by a linear solve and by many cycles, its nonlinear route."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from twins.events import Linear, Nonlinear, Row, amounts, mammillary
from twins.superposition import bolus, oral

ONE, TWO = Linear(1), Linear(2)
KE = 0.2


def dose(time, amount, **more):
    return {"TIME": time, "EVID": 1, "AMT": amount, **more}


def look(*times):
    return [{"TIME": float(t)} for t in times]


def seen(table, row, system, **more):
    """Return the amounts at the observations, with one row of parameters for all."""
    found = amounts(table, [row] * len(table), system, **more)
    return found[[r.get("EVID", 0) == 0 for r in table]]


def test_bolus_doses():
    times = np.array([1.0, 5.0, 12.0, 30.0])
    table = sorted([dose(0.0, 100.0), dose(12.0, 50.0), *look(*times)], key=lambda r: r["TIME"])
    expected = bolus(times, np.array([0.0, 12.0]), np.array([100.0, 50.0]), KE)
    assert_allclose(seen(table, Row([[-KE]]), ONE)[:, 0], expected, rtol=1e-13)


def test_oral_doses_with_bioavailability_and_lag():
    times = np.array([1.0, 5.0, 12.4, 30.0])
    table = [dose(0.0, 100.0, ADDL=1, II=12.0), *look(*times)]
    row = Row(mammillary(2.0, 10.0, 1.1), F={1: 0.8}, lag={1: 0.5})
    expected = oral(times, np.array([0.5, 12.5]), np.array([80.0, 80.0]), 1.1, KE)
    assert_allclose(seen(table, row, TWO)[:, 1], expected, rtol=1e-12)


def test_an_infusion():
    """R/k (1 - exp(-k t)) while it runs, then decay; F makes it last longer."""
    table = [dose(0.0, 100.0, RATE=20.0), *look(2.0, 2.5, 10.0)]
    found = seen(table, Row([[-KE]], F={1: 0.5}), ONE)[:, 0]
    end = 20 / KE * (1 - np.exp(-KE * 2.5))
    expected = [20 / KE * (1 - np.exp(-KE * 2.0)), end, end * np.exp(-KE * 7.5)]
    assert_allclose(found, expected, rtol=1e-13)


STEADY = {
    "bolus": {},
    "short": {"RATE": 25.0},
    "equal": {"RATE": 100.0 / 12},
    "long": {"RATE": 100.0 / 31},
    "whole": {"RATE": 100.0 / 36},
    "duration": {"RATE": -2},
    "rate": {"RATE": -1},
}


@pytest.mark.parametrize("lag", [0.0, 3.0, 12.0, 17.0])
@pytest.mark.parametrize("kind", STEADY)
def test_steady_state_is_that_of_many_cycles(kind, lag):
    table = [dose(5.0, 100.0, SS=1, II=12.0, ADDL=1, **STEADY[kind]), *look(5.5, 9.0, 21.0, 29.0, 40.0)]
    row = Row(mammillary(2.0, 10.0, 0.7, [(1.0, 20.0)]), lag={1: lag}, D={1: 15.0}, R={1: 9.0})
    solved, cycled = (seen(table, row, Linear(3, cycles)) for cycles in (None, 70))
    assert_allclose(solved, cycled, rtol=1e-11)


@pytest.mark.parametrize("lag", [0.0, 3.0, 12.0, 17.0])
@pytest.mark.parametrize("kind", STEADY)
def test_steady_state_is_a_long_series_of_doses(kind, lag):
    """The explicit series begins 60 doses earlier, so that the one at time 5 is its last but one."""
    row = Row(mammillary(2.0, 10.0, 0.7), lag={1: lag}, D={1: 15.0}, R={1: 9.0})
    at = look(5.5, 9.0, 21.0, 29.0, 40.0)
    steady = [dose(5.0, 100.0, SS=1, II=12.0, ADDL=1, **STEADY[kind]), *at]
    series = [dose(5.0 - 60 * 12.0, 100.0, II=12.0, ADDL=61, **STEADY[kind]), *at]
    assert_allclose(seen(steady, row, TWO), seen(series, row, TWO), rtol=1e-10)


def test_steady_state_of_a_bolus_is_the_closed_form():
    found = seen([dose(0.0, 100.0, SS=1, II=12.0), *look(0.0, 4.0)], Row([[-KE]]), ONE)[:, 0]
    assert_allclose(found, 100 / (1 - np.exp(-KE * 12)) * np.exp(-KE * np.array([0.0, 4.0])), rtol=1e-13)


def test_a_constant_infusion_ends_where_its_record_stands():
    found = seen([dose(3.0, 0.0, SS=1, RATE=8.0), *look(3.0, 8.0)], Row([[-KE]]), ONE)[:, 0]
    assert_allclose(found, [8 / KE, 8 / KE * np.exp(-1)], rtol=1e-13)


@pytest.mark.parametrize(("kind", "method"), [*((kind, "LSODA") for kind in STEADY), ("whole", "Radau")])
def test_the_nonlinear_route_solves_a_linear_system(kind, method):
    K = mammillary(2.0, 10.0, 0.7)
    table = [
        dose(0.0, 50.0, RATE=9.0),
        dose(5.0, 100.0, SS=1, II=12.0, ADDL=1, **STEADY[kind]),
        *look(5.5, 9.0, 21.0, 29.0),
        dose(30.0, 0.0, SS=2, RATE=3.0, CMT=2),
        *look(31.0),
    ]
    row = Row(K, lag={1: 3.0}, D={1: 15.0}, R={1: 9.0})
    found = seen(table, row, Nonlinear(2, lambda t, x, K: K @ x, method=method))
    assert_allclose(found, seen(table, row, TWO), rtol=1e-7)


def test_the_later_record_governs_the_interval_and_an_implied_dose():
    """III.B.2: K, F and D of the first record at or after; the lag of the record that began it."""
    table = [dose(0.0, 100.0, ADDL=1, II=12.0), *look(10.0, 20.0)]
    rows = [Row([[-0.1 * k]], F={1: 0.2 * k}, lag={1: float(k)}) for k in (1, 2, 3)]
    found = amounts(table, rows, ONE)[1:, 0]
    first = 0.4 * 100 * np.exp(-0.2 * (10 - 1))
    assert_allclose(
        found, [first, first * np.exp(-0.3 * 10) + 0.6 * 100 * np.exp(-0.3 * (20 - 13))], rtol=1e-13
    )


def test_resets_and_steady_states_cancel_what_was_to_come():
    row = Row([[-KE]], lag={1: 1.0})
    before = [dose(0.0, 100.0, RATE=10.0, ADDL=3, II=12.0)]
    for reset in (
        {"TIME": 6.0, "EVID": 3},
        {"TIME": 6.0, "EVID": 4, "AMT": 0.0, "RATE": 1e-300, "SS": 1},
        dose(6.0, 0.0, RATE=1e-300, SS=1),
    ):
        assert (seen([*before, reset, *look(6.0, 30.0)], row, ONE) < 1e-290).all()
    kept = seen([*before, dose(6.0, 0.0, RATE=1e-300, SS=2), *look(6.0, 30.0)], row, ONE)
    assert_allclose(kept, seen([*before, *look(6.0, 30.0)], row, ONE), rtol=1e-14)


def test_implied_doses_act_before_a_record_of_their_time():
    table = [dose(0.0, 100.0, ADDL=1, II=12.0), *look(12.0), dose(12.0, 50.0), *look(12.0)]
    found = seen(table, Row([[-KE]]), ONE)[:, 0]
    assert_allclose(np.diff(found), [50.0], rtol=1e-13)
    assert_allclose(found[0], 100 + 100 * np.exp(-KE * 12), rtol=1e-13)
