"""Gradients against 40 digits, the matrix-exponential route, and central differences."""

import mpmath
import numpy as np
import pytest
from numpy.testing import assert_allclose
from streams import (
    DIAGRAMS,
    ORAL_1,
    THREE_METABOLITE,
    TWO_ORAL,
    random_rates,
    random_streams,
    streams,
    walk,
    walk_back,
)

DOSE, OBSERVE = 1, 0
TIMES = [0.5, 3.0, 11.0, 40.0]
GAPS = [0.0, 1e-12, 1e-10, 1e-8, 1e-6, 1e-4, 1e-3, 9e-3, 1.1e-2, 1e-1]


def exactly(diagram, rates, time, output, wrt):
    """Return d(amount after 100 units)/d(rate), from exp of [[K, dK], [0, K]] with 60 digits."""
    n = diagram.n_states
    with mpmath.workdps(60):
        big = mpmath.zeros(2 * n)
        for f, ((i, j), rate) in enumerate(zip(diagram.flows, rates, strict=True)):
            for block, value in ((0, mpmath.mpf(rate)), (n, mpmath.mpf(rate))):
                big[block + i, block + i] -= value
                if j >= 0:
                    big[block + j, block + i] += value
            if f == wrt:
                big[i, n + i] -= 1
                if j >= 0:
                    big[j, n + i] += 1
        return 100 * mpmath.expm(big * mpmath.mpf(time))[output, n + diagram.dose_compartment]


def worst_error(diagram, rates, output):
    """Return the largest relative error over times and rates, elementwise."""
    worst = 0.0
    for time in TIMES:
        tables = streams([[(0.0, DOSE, 100.0), (time, OBSERVE, 0.0)]])
        bar = np.array([[float(o == output) for o in diagram.outputs]])
        found = walk_back(diagram, [rates], tables, bar)[0][0].tolist()
        for wrt, value in enumerate(found):
            expected = exactly(diagram, rates, time, output, wrt)
            worst = max(worst, float(abs((mpmath.mpf(value) - expected) / expected)))
    return worst


@pytest.mark.parametrize("gap", GAPS)
def test_oral_rates_to_forty_digits(gap):
    assert worst_error(ORAL_1, [0.3 * (1 + gap), 0.3], 1) < 1e-12


@pytest.mark.parametrize("gap", GAPS)
@pytest.mark.parametrize("which", [0, 1])
def test_two_compartments_oral_to_forty_digits(gap, which):
    """Absorption meets one of the two disposition eigenvalues."""
    k10, k12, k21 = 0.2, 0.15, 0.1
    total = k10 + k12 + k21
    root = np.sqrt(total**2 - 4 * k10 * k21)
    ka = (total + (-1) ** which * root) / 2 * (1 + gap)
    assert worst_error(TWO_ORAL, [ka, k10, k12, k21], 1) < 1e-10


@pytest.mark.parametrize("gap", [0.0, 1e-6, 1e-3, 1e-2, 5e-2, 1e-1])
def test_three_rates_that_meet(gap):
    chain = DIAGRAMS["transit"]
    rates = [0.3, 0.3 * (1 + gap), 0.3 * (1 + gap) ** 2, 0.3 * (1 + gap) ** 3]
    assert worst_error(chain, rates, 3) < 1e-10


@pytest.mark.parametrize("rows", ["stream", "record"])
@pytest.mark.parametrize("name", DIAGRAMS)
def test_both_routes_agree(name, rows):
    diagram = DIAGRAMS[name]
    tables, n_rows = random_streams(21, rows=rows, compartments=diagram.n_states + 1)
    rates = random_rates(8, diagram, n_rows)
    bar = np.random.default_rng(1).normal(size=(len(tables.observation), len(diagram.outputs)))
    for a, b in zip(
        walk_back(diagram, rates, tables, bar), walk_back(diagram, rates, tables, bar, False), strict=True
    ):
        assert_allclose(a, b, rtol=1e-9, atol=1e-10 * np.abs(b).max())


def central_difference(f, x, step):
    """Return df/dx by differences of 4th order, one entry at a time."""
    made = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        h = np.zeros(x.shape)
        h[i] = step(x[i])
        made[i] = (8 * (f(x + h) - f(x - h)) - (f(x + 2 * h) - f(x - 2 * h))) / (12 * h[i])
    return made


@pytest.mark.parametrize("modal", [True, False])
@pytest.mark.parametrize("rows", ["stream", "record"])
@pytest.mark.parametrize("name", DIAGRAMS)
def test_central_differences(name, rows, modal):
    """Rates, times and amounts, with resets, row changes inside streams and doses everywhere."""
    diagram = DIAGRAMS[name]
    tables, n_rows = random_streams(31, lengths=(9, 0, 6), rows=rows, compartments=diagram.n_states + 1)
    rates = random_rates(2, diagram, n_rows)
    bar = np.random.default_rng(1).normal(size=(len(tables.observation), len(diagram.outputs)))

    def loss(rates=rates, time=tables.time, amount=tables.amount):
        return (walk(diagram, rates, tables.but(time=time, amount=amount), modal) * bar).sum()

    by_rates, by_time, by_amount = walk_back(diagram, rates, tables, bar, modal)
    near = {"rtol": 1e-7, "atol": 1e-7}
    assert_allclose(by_rates, central_difference(lambda x: loss(rates=x), rates, lambda x: 1e-3 * x), **near)
    expected = central_difference(lambda x: loss(amount=x), tables.amount, lambda x: 1.0)
    doses = tables.kind == DOSE
    assert_allclose(by_amount[doses], expected[doses], **near)
    assert (by_amount[~doses] == 0).all()
    expected = central_difference(lambda x: loss(time=x), tables.time, lambda x: 1e-4)
    assert_allclose(by_time, expected, **near)


def test_gradients_of_nothing():
    by_rates, by_time, by_amount = walk_back(ORAL_1, [[1.0, 0.1]], streams([]), np.zeros((0, 1)))
    assert by_rates.tolist() == [[0.0, 0.0]]
    assert by_time.shape == by_amount.shape == (0,)
    unused = streams([[(0.0, DOSE, 1.0), (1.0, OBSERVE, 0.0)]], rows=[1, 1])
    assert (walk_back(ORAL_1, np.ones((3, 2)), unused, np.ones((1, 1)))[0][[0, 2]] == 0).all()


def test_extreme_rates_neither_crash_nor_stall():
    rng = np.random.default_rng(0)
    tables, _ = random_streams(4, lengths=(6,))
    bar = np.ones((len(tables.observation), 2))
    for _ in range(200):
        rates = rng.choice([0.0, 1e-300, 1.0, 1e150, 1e300, np.inf, np.nan], (1, 8))
        for modal in (True, False):
            by_rates = walk_back(THREE_METABOLITE, rates, tables, bar, modal)[0]
            assert np.isfinite(rates).all() or np.isnan(by_rates).all()


def test_zero_rates_have_gradients():
    tables = streams([[(0.0, DOSE, 10.0), (2.0, OBSERVE, 0.0)]])
    assert_allclose(walk_back(ORAL_1, [[0.0, 0.0]], tables, [[1.0]])[0], [[20.0, 0.0]], atol=1e-14)


@pytest.mark.parametrize("name", ["bolus", "oral", "two"])
@pytest.mark.parametrize("modal", [True, False])
def test_time_running_back_at_a_reset_does_not_overflow(name, modal):
    """What lies before a reset is forgotten: exp(-k dt) over -300 h must not reach the gradient."""
    diagram = DIAGRAMS[name]
    rates = np.array([[3.0, 0.3, 0.2][: diagram.n_rates]])
    before = [(0.0, DOSE, 100.0), (2.0, OBSERVE, 0.0), (300.0, OBSERVE, 0.0)]
    tables = streams([[*before, (0.0, 3, 0.0), (0.0, DOSE, 50.0), (1.0, OBSERVE, 0.0)]])
    bar = np.ones((len(tables.observation), len(diagram.outputs)))
    for found in walk_back(diagram, rates, tables, bar, modal=modal):
        assert np.isfinite(found).all()
