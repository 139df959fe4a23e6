"""Declaring a system: what is traced, differentiated and compiled, and what is refused."""

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ode_systems import EXAMPLES

from bayesdose.errors import InputError
from bayesdose.pk.kernels import part
from bayesdose.pk.ode.machine import addresses, call
from bayesdose.pk.ode.system import System, evaluate


@part
def _run(address, t, y, p, x, a, b):
    call(address, t, y, p, x, a, b)


def run(system, which, t, y, p, x=None):
    """Call a compiled function of a system; return what it leaves in its last two arguments."""
    n, m = len(system.states), len(system.parameters)
    x = np.zeros(n) if x is None else np.asarray(x, float)
    a, b = np.zeros(n * n if which == 1 else n), np.zeros(m)
    address = addresses(system)[which]
    CALLER(address, float(t), np.asarray(y, float), np.asarray(p, float), x, a, b)
    return a, b


def _caller():
    import numba

    @numba.njit
    def caller(address, t, y, p, x, a, b):
        _run(address, t, y, p, x, a, b)

    return caller


CALLER = _caller()


def one(rhs, **more):
    """Return a system of one state x and two parameters a, b."""
    return System(rhs, ("x",), ("a", "b"), "x", **more)


EXPRESSIONS = {
    "arithmetic": lambda t, A, p, m: 2 * A.x - A.x / p.a + (3.0 - A.x) * p.b - -A.x + (+A.x) * 0 + 1 / p.a,
    "whole powers": lambda t, A, p, m: A.x**2 + A.x**3 - A.x**-1 + A.x**0 + A.x**1 + A.x**0.5 + A.x**4,
    "powers": lambda t, A, p, m: A.x**p.a + p.a**A.x + 2.0**p.b + A.x**1.7,
    "exponentials": lambda t, A, p, m: (
        m.exp(-A.x) + m.log(A.x * p.a) + m.log1p(p.b * A.x) + m.expm1(-p.b * A.x)
    ),
    "circular": lambda t, A, p, m: m.sin(t * A.x) + m.cos(p.a * t + m.pi) + m.tanh(p.b * A.x - 1.0),
    "kinks": lambda t, A, p, m: abs(A.x - p.a) + m.abs(p.b) + m.minimum(A.x, p.a) + m.maximum(A.x * p.b, p.a),
    "choices": lambda t, A, p, m: m.where(
        (A.x > p.a) & ~(t < 1.0), A.x * p.b, m.where(A.x == 0.0, 1.0, p.a * A.x)
    ),
    "comparisons": lambda t, A, p, m: m.where((A.x >= p.a) | (A.x <= p.b), p.a, A.x) * (A.x != 3.0),
    "constants": lambda t, A, p, m: m.exp(0.0) + m.sqrt(4.0) + 0.0 * m.log(A.x) + m.maximum(1, 2),
    "nothing": lambda t, A, p, m: 0,
}


@pytest.mark.parametrize("name", EXPRESSIONS)
@settings(max_examples=20, deadline=None)
@given(x=st.floats(0.1, 3.0), a=st.floats(0.2, 2.0), b=st.floats(0.1, 1.5), t=st.floats(0.0, 3.0))
def test_functions_of_a_system_are_those_of_numpy(name, x, a, b, t):
    rhs = EXPRESSIONS[name]
    system = one(lambda t, A, p, m: {"x": rhs(t, A, p, m)})
    expected = evaluate(system, t, [x], [a, b])[0]
    assert run(system, 0, t, [x], [a, b], [0.25])[0][0] == pytest.approx(expected + 0.25, rel=1e-12)
    h, slopes = 1e-6, []
    for i in range(3):
        at = np.array([[x, a, b], [x, a, b]])
        at[:, i] += [h, -h]
        up, down = (evaluate(system, t, v[:1], v[1:])[0] for v in at)
        slopes.append((up - down) / (2 * h))
    if name in ("kinks", "choices", "comparisons") and min(abs(x - a), abs(x * b - a), abs(x - b)) < 1e-4:
        return
    assert run(system, 1, t, [x], [a, b])[0][0] == pytest.approx(slopes[0], rel=1e-6, abs=1e-6)
    y_bar, p_bar = run(system, 2, t, [x], [a, b], [2.0])
    np.testing.assert_allclose([*y_bar, *p_bar], 2.0 * np.array(slopes), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", EXAMPLES)
def test_jacobian_and_pullback_agree(name):
    system, p = EXAMPLES[name].system, EXAMPLES[name].values
    rng = np.random.default_rng(0)
    n = len(system.states)
    y, x = rng.uniform(0.5, 5.0, n), rng.normal(size=n)
    np.testing.assert_allclose(run(system, 0, 3.0, y, p)[0], evaluate(system, 3.0, y, p), rtol=1e-12)
    J = run(system, 1, 3.0, y, p)[0].reshape(n, n)
    np.testing.assert_allclose(run(system, 2, 3.0, y, p, x)[0], x @ J, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("x", [1e-300, 1e-17, 1e-9, 0.3, 1.0, 30.0, 800.0, -1e-17, -1e-9, -0.3, -40.0])
def test_small_and_large_arguments_keep_their_digits(x):
    for name in ("expm1", "tanh", "log1p"):
        system = one(lambda t, A, p, m, name=name: {"x": getattr(m, name)(A.x)})
        if name == "log1p" and x <= -1.0:
            continue
        with np.errstate(over="ignore"):
            expected = getattr(np, name)(x)
        assert run(system, 0, 0.0, [x], [1.0, 1.0])[0][0] == pytest.approx(expected, rel=3e-15, abs=0.0)


def test_a_power_of_nothing_has_finite_derivatives():
    system = one(lambda t, A, p, m: {"x": A.x**p.a / (p.b**p.a + A.x**p.a)})
    y_bar, p_bar = run(system, 2, 0.0, [0.0], [0.7, 2.0], [1.0])
    np.testing.assert_array_equal([*y_bar, *p_bar], 0.0)


def test_what_is_not_a_number_stays_so():
    system = one(lambda t, A, p, m: {"x": m.minimum(A.x, 1.0) + m.maximum(A.x, 1.0)})
    assert math.isnan(run(system, 0, 0.0, [math.nan], [1.0, 1.0])[0][0])


def branching(t, A, p, m):
    return {"x": 1.0 if A.x > 0 else 0.0}


REFUSED = {
    "returns d/dt of every state": lambda t, A, p, m: {"y": A.x},
    "and of nothing else": lambda t, A, p, m: [A.x],
    "Probably meant: a": lambda t, A, p, m: {"x": p.A},
    "asks for the state z": lambda t, A, p, m: {"x": A.z},
    "m.where": branching,
    "makes a plain number": lambda t, A, p, m: {"x": math.exp(A.x)},
    "cannot be run on symbols": lambda t, A, p, m: {"x": np.exp(A.x)},
    "is not a number": lambda t, A, p, m: {"x": "a"},
    "No finite": lambda t, A, p, m: {"x": math.nan},
}


@pytest.mark.parametrize("message", [m for m in REFUSED if m != "No finite"])
def test_a_right_hand_side_that_is_not_arithmetic_is_refused(message):
    with pytest.raises(InputError, match=message):
        one(REFUSED[message])


def test_a_constant_that_is_not_finite_is_refused():
    with pytest.raises(InputError, match="is not a number"):
        one(REFUSED["No finite"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"states": ()}, "no state"),
        ({"states": ("x", "x")}, "different Python names"),
        ({"parameters": ("a", "not a name")}, "not a name"),
        ({"dose": "y"}, "dose of a System"),
        ({"atol": {"y": 1.0}}, "atol of a System"),
        ({"rtol": 0.0}, "tolerances"),
        ({"atol": -1.0}, "tolerances"),
        ({"max_steps": 0}, "max_steps"),
    ],
)
def test_declarations_that_do_not_hold_together_are_refused(change, message):
    given_ = {"states": ("x",), "parameters": ("a",), "dose": "x", **change}
    with pytest.raises(InputError, match=message):
        System(lambda t, A, p, m: {"x": -p.a * A.x}, **given_)


def test_systems_are_values():
    def rhs(t, A, p, m):
        return {"x": -p.a * A.x}

    first, second = (System(rhs, ["x"], ["a"], "x", atol={"x": 1e-3}) for _ in range(2))
    assert first == second
    assert hash(first) == hash(second)
    np.testing.assert_array_equal(first.tolerances, [1e-6, 10_000, 1e-3])
    np.testing.assert_array_equal(System(rhs, ["x"], ["a"], "x").tolerances, [1e-6, 10_000, -1.0])


def test_a_system_is_declared_without_a_compiler():
    program = (
        "import sys; from bayesdose.pk.ode.system import System;"
        "System(lambda t, A, p, m: {'x': -p.a * A.x}, ('x',), ('a',), 'x')"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
