"""Events, batches of streams and scratch: what a stream gives does not depend on how it is asked for."""

from dataclasses import replace

import numpy as np
import pytest
from ode_systems import EXAMPLES, RESET, dose, initial, inputs, record
from test_ode_gradients import differences, rows_of, weights

from bayesdose.pk.diagram import Diagram, plan
from bayesdose.pk.entry import walk_amounts, walk_gradients
from bayesdose.pk.ode import entry
from bayesdose.pk.ode.entry import failures, solve_amounts, solve_gradients
from bayesdose.pk.ode.system import System

TWO = Diagram(("depot", "central", "peripheral"), ((0, 1), (1, -1), (1, 2), (2, 1)), (0, 1, 2))
LINEAR = System(
    lambda t, A, p, m: {
        "depot": -p.ka * A.depot,
        "central": p.ka * A.depot - (p.k10 + p.k12) * A.central + p.k21 * A.peripheral,
        "peripheral": p.k12 * A.central - p.k21 * A.peripheral,
    },
    ("depot", "central", "peripheral"),
    ("ka", "k10", "k12", "k21"),
    "depot",
    rtol=1e-10,
)
ROUTING = (("F", 0), ("lag", 0), ("duration", 1), ("rate", 1))

STREAMS = [
    [dose(0.0, 100.0), record(3.0), dose(12.0, 50.0, interval=6.0, additional=3), record(13.0), record(40.0)],
    [
        dose(0.0, 80.0, rate=-2.0, compartment=2),
        record(1.0),
        dose(2.0, 30.0, rate=-1.0, compartment=2),
        record(9.0),
    ],
    [dose(0.0, 100.0, interval=8.0, steady=1), record(1.0), record(3.0, RESET), dose(4.0, 60.0), record(5.5)],
    [dose(0.0, 40.0), dose(5.0, 60.0, interval=12.0, steady=2, additional=2), record(6.0), record(30.0)],
    [dose(0.0, 90.0, rate=20.0, interval=6.0, steady=1, compartment=3), record(0.5), record(7.0)],
]


def linear_inputs(seed=0):
    """Return inputs of a linear system with every route parameter, and rows that change between records."""
    rng = np.random.default_rng(seed)
    values = np.array([1.1, 0.15, 0.3, 0.2]) * np.exp(0.2 * rng.normal(size=(3, 4)))
    routes = np.array([0.8, 0.7, 2.5, 12.0]) * np.exp(0.1 * rng.normal(size=(3, 4)))
    streams = [[{**r, "row": k % 3} for k, r in enumerate(stream)] for stream in STREAMS]
    return inputs(values, np.zeros((3, 3)), streams, routes)


def test_a_linear_system_is_the_linear_kernel():
    given = linear_inputs()
    packed = plan(TWO).packed(0, ROUTING)
    linear = (given[0], *given[2:])
    expected = walk_amounts(packed, linear)
    found = solve_amounts(LINEAR, given, ROUTING)
    np.testing.assert_allclose(found, expected, rtol=2e-8, atol=1e-9)
    bar = np.random.default_rng(1).normal(size=found.shape)
    rates, routes, time, amount = walk_gradients(packed, linear, bar)
    found = solve_gradients(LINEAR, given, bar, ROUTING)
    for a, b in zip((rates, routes, time, amount), (found[0], *found[2:]), strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-6, atol=1e-6 * np.abs(a).max())


def test_gradients_by_times_amounts_and_initial_are_differences():
    example = EXAMPLES["circadian"]
    given = rows_of(example)
    given = (given[0], np.abs(given[0][:, :2]), *given[2:])
    moved = given[5] + np.linspace(0.0, 0.4, len(given[5]))  # no two at one time: there it has a kink
    given = (*given[:5], moved + 0.3, *given[6:])
    bar = weights(solve_amounts(example.system, given))
    found = solve_gradients(example.system, given, bar)
    tight = replace(example.system, rtol=1e-11)
    for place, position in ((1, 1), (3, 5), (4, 7)):
        expected = differences(tight, given, bar, position)
        np.testing.assert_allclose(
            found[place] * given[position], expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max()
        )


def test_a_reset_returns_to_the_initial_amounts_of_its_row():
    example = EXAMPLES["inhibited_loss"]
    values = np.array([example.values, example.values * 1.3])
    start = np.array([initial(example.system, v) for v in values])
    stream = [dose(0.0, 100.0), record(5.0), record(2.0, RESET, row=1), record(2.0, row=1)]
    found = solve_amounts(example.system, inputs(values, start, [stream]))
    np.testing.assert_array_equal(found[1], start[1])
    bar = np.array([[0.0, 0.0, 0.0], [1.0, 2.0, 3.0]])
    _, by_start, _, by_time, _ = solve_gradients(example.system, inputs(values, start, [stream]), bar)
    np.testing.assert_array_equal(by_start, bar)
    np.testing.assert_allclose(by_time, 0.0, atol=1e-12)


def test_streams_do_not_know_of_each_other():
    given = linear_inputs()
    together = solve_amounts(LINEAR, given, ROUTING)
    bar = np.random.default_rng(2).normal(size=together.shape)
    all_at_once = solve_gradients(LINEAR, given, bar, ROUTING)[0]
    parts, total, first = [], 0.0, 0
    for stream in STREAMS:
        one = inputs(*given[:2], [[{**r, "row": k % 3} for k, r in enumerate(stream)]], given[2])
        parts.append(solve_amounts(LINEAR, one, ROUTING))
        total = total + solve_gradients(LINEAR, one, bar[first : first + len(parts[-1])], ROUTING)[0]
        first += len(parts[-1])
    np.testing.assert_array_equal(together, np.concatenate(parts))
    np.testing.assert_allclose(all_at_once, total, rtol=1e-12)


def test_a_trace_that_is_too_small_grows(monkeypatch):
    example = EXAMPLES["tmdd"]
    given = rows_of(example)
    bar = np.ones((len(given[-1]), 3))
    expected, sizes, solve = solve_gradients(example.system, given, bar), [], entry.SOLVE

    def starved(*arguments):
        more = list(arguments)
        more[23] = min(more[23], 700 * len(sizes) + 700)
        sizes.append(more[23])
        return solve(*more)

    monkeypatch.setattr(entry, "SOLVE", starved)
    found = solve_gradients(example.system, given, bar)
    assert len(sizes) > 4
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)


def test_tables_that_do_not_fit_are_refused():
    example = EXAMPLES["michaelis_menten"]
    given = rows_of(example)
    for position, wrong in ((0, given[0][:, :2]), (1, given[1][:1]), (5, given[5][:-1])):
        with pytest.raises(ValueError, match="same length"):
            solve_amounts(example.system, (*given[:position], wrong, *given[position + 1 :]))
    with pytest.raises(ValueError, match="outside the rows"):
        solve_amounts(example.system, (*given[:4], given[4] + 1, *given[5:]))
    with pytest.raises(ValueError, match="observation_record"):
        solve_amounts(example.system, (*given[:-1], given[-1] + 1))
    with pytest.raises(ValueError, match="same length"):
        solve_gradients(example.system, given, np.ones((2, 2)))


def test_no_streams_and_no_observations_are_fine():
    example = EXAMPLES["michaelis_menten"]
    rows = example.values[None], example.initial[None]
    assert solve_amounts(example.system, inputs(*rows, [[dose(0.0, 1.0)], []])).shape == (0, 2)


# Failures


def rows(values):
    return np.array([values], dtype=float)


def solve_one(rhs, values=(1.0,), start=(1.0,), times=(10.0,), **more):
    system = System(rhs, ("x",), tuple(f"p{i}" for i in range(len(values))), "x", **more)
    stream = [dose(0.0, 0.0), *(record(t) for t in times)]
    given = inputs(rows(values), rows(start), [stream])
    failures(reset=True)
    found = solve_amounts(system, given)
    counted = {reason: n for reason, n in failures(reset=True).items() if n}
    gradient = solve_gradients(system, given, np.ones(found.shape))[0]
    return found, counted, gradient


STEPS, STEP, _, FINITE, *_ = failures()
FAILING = {
    "explosion": (lambda t, A, p, m: {"x": A.x * A.x}, {}, {STEP, FINITE}),
    "nan": (lambda t, A, p, m: {"x": m.log(-A.x)}, {}, {FINITE}),
    "too many steps": (lambda t, A, p, m: {"x": m.cos(1e4 * t)}, {}, {STEPS}),
    "parameter": (lambda t, A, p, m: {"x": -p.p0 * A.x}, {"values": (np.nan,)}, {FINITE}),
}


@pytest.mark.parametrize("name", FAILING)
def test_a_solve_that_fails_is_nan_and_counted(name):
    rhs, more, reasons = FAILING[name]
    found, counted, gradient = solve_one(rhs, **more)
    assert np.isnan(found).all()
    assert np.isnan(gradient).all()
    assert len(counted) == 1
    assert set(counted) <= reasons
    assert set(counted.values()) == {1}


def test_a_failure_leaves_other_streams_alone():
    example = EXAMPLES["michaelis_menten"]
    values = np.array([example.values, np.full(4, np.nan), example.values])
    streams = [[{**r, "row": s} for r in example.records] for s in range(3)]
    given = inputs(values, np.zeros((3, 2)), streams)
    found = solve_amounts(example.system, given).reshape(3, -1, 2)
    assert np.isnan(found[1]).all()
    np.testing.assert_array_equal(found[0], found[2])
    by_values = solve_gradients(example.system, given, np.ones((len(given[-1]), 2)))[0]
    assert np.isfinite(by_values[[0, 2]]).all()
    assert np.isnan(by_values[1]).all()
