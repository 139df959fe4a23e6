"""Amounts against closed forms, scipy's matrix exponential, and 40 digits."""

import mpmath
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.linalg import expm
from streams import BOLUS_1, DIAGRAMS, ORAL_1, TWO, random_rates, random_streams, rate_matrix, streams, walk
from twins.superposition import bolus, oral

DOSE, OBSERVE, OTHER, RESET = 1, 0, 2, 3


def history():
    """Six doses and twenty observations, some at the same times."""
    rng = np.random.default_rng(5)
    doses = np.array([0.0, 8.0, 8.0, 30.0, 31.5, 60.0])
    sizes = rng.uniform(10, 200, 6)
    times = np.concatenate([rng.uniform(0, 90, 16), [8.0, 30.0, 60.0, 0.0]])
    records = [(t, DOSE, a) for t, a in zip(doses, sizes, strict=True)] + [(t, OBSERVE, 0.0) for t in times]
    return streams([sorted(records, key=lambda r: (r[0], -r[1]))]), doses, sizes


@pytest.mark.parametrize("modal", [True, False])
@pytest.mark.parametrize("ke", [0.0, 1e-6, 0.1, 3.0])
def test_bolus_is_the_closed_form(ke, modal):
    tables, doses, sizes = history()
    expected = bolus(tables.time[tables.observation], doses, sizes, ke)
    assert_allclose(walk(BOLUS_1, [[ke]], tables, modal)[:, 0], expected, rtol=1e-13)


@pytest.mark.parametrize("modal", [True, False])
@pytest.mark.parametrize("gap", [0.0, 1e-13, 1e-9, 1e-4, 9e-3, 1.1e-2, 0.1, 3.0, 50.0])
def test_oral_is_the_closed_form(gap, modal):
    tables, doses, sizes = history()
    expected = oral(tables.time[tables.observation], doses, sizes, 0.1 * (1 + gap), 0.1)
    found = walk(ORAL_1, [[0.1 * (1 + gap), 0.1]], tables, modal)
    assert_allclose(found[:, 0], expected, rtol=2e-12)


def by_hand(diagram, rates, tables):
    """Walk with scipy's matrix exponential, record by record, as the docstring says."""
    made = np.zeros((len(tables.time), len(diagram.outputs)))
    for begin, end in zip(tables.start[:-1], tables.start[1:], strict=True):
        x = np.zeros(diagram.n_states)
        for r in range(begin, end):
            if r > begin:
                K = rate_matrix(diagram, rates[tables.row[r]])
                x = expm(K * (tables.time[r] - tables.time[r - 1])) @ x
            if tables.kind[r] == DOSE:
                c = tables.compartment[r]
                x[c - 1 if c else diagram.dose_compartment] += tables.amount[r]
            if tables.kind[r] == RESET:
                x[:] = 0
            made[r] = x[list(diagram.outputs)]
    return made[tables.observation]


@pytest.mark.parametrize("modal", [True, False])
@pytest.mark.parametrize("rows", ["stream", "record"])
@pytest.mark.parametrize("name", DIAGRAMS)
def test_any_diagram_is_its_matrix_exponential(name, rows, modal):
    diagram = DIAGRAMS[name]
    tables, n_rows = random_streams(11, rows=rows, compartments=diagram.n_states + 1)
    rates = random_rates(3, diagram, n_rows)
    assert_allclose(
        walk(diagram, rates, tables, modal), by_hand(diagram, rates, tables), rtol=1e-10, atol=1e-12
    )


def test_the_later_record_governs_the_interval():
    tables = streams([[(0.0, DOSE, 100.0, 0), (2.0, OTHER, 0.0, 1), (5.0, OBSERVE, 0.0, 2)]])
    found = walk(BOLUS_1, [[9.0], [0.1], [0.3]], tables)
    assert_allclose(found, [[100 * np.exp(-0.1 * 2 - 0.3 * 3)]], rtol=1e-14)


def test_same_time_records_act_in_the_order_given():
    first = streams([[(0.0, OBSERVE, 0.0), (0.0, DOSE, 100.0), (0.0, OBSERVE, 0.0)]])
    assert walk(BOLUS_1, [[0.1]], first).ravel().tolist() == [0.0, 100.0]


def test_an_observation_on_a_dose_record_counts_the_dose():
    tables = streams([[(0.0, DOSE, 100.0), (10.0, DOSE, 50.0)]], observation=np.array([1, 0, 1]))
    expected = 100 * np.exp(-1) + 50
    assert_allclose(walk(BOLUS_1, [[0.1]], tables).ravel(), [expected, 100, expected], rtol=1e-15)


def test_observations_in_any_order_within_a_stream():
    tables, n_rows = random_streams(2, lengths=(9, 9))
    rates = random_rates(1, ORAL_1, n_rows)
    shuffled = np.array([8, 3, 3, 5, 0, 17, 9, 12])
    every = walk(ORAL_1, rates, tables.but(observation=np.arange(18)))
    assert np.array_equal(walk(ORAL_1, rates, tables.but(observation=shuffled)), every[shuffled])


REFERENCE = [0.0, 1e-12, 1e-10, 1e-8, 1e-6, 1e-4, 1e-3, 9e-3, 1.1e-2, 1e-1]
TIMES = [0.5, 3.0, 11.0, 40.0]


def exactly(diagram, rates, dose, time, output):
    """Return the amount after one dose to 40 digits."""
    with mpmath.workdps(60):
        K = mpmath.zeros(diagram.n_states)
        for (i, j), rate in zip(diagram.flows, rates, strict=True):
            K[i, i] -= mpmath.mpf(rate)
            if j >= 0:
                K[j, i] += mpmath.mpf(rate)
        return dose * mpmath.expm(K * mpmath.mpf(time))[output, diagram.dose_compartment]


@pytest.mark.parametrize("gap", REFERENCE)
def test_oral_to_forty_digits(gap):
    rates = [0.3 * (1 + gap), 0.3]
    tables = streams([[(0.0, DOSE, 100.0)] + [(t, OBSERVE, 0.0) for t in TIMES]])
    found = walk(ORAL_1, [rates], tables).ravel()
    expected = [exactly(ORAL_1, rates, 100, t, 1) for t in TIMES]
    worst = max(abs((mpmath.mpf(a) - b) / b) for a, b in zip(found.tolist(), expected, strict=True))
    assert worst < 2e-13


def test_no_streams_no_observations_no_records():
    nothing = streams([])
    assert walk(ORAL_1, [[1.0, 0.1]], nothing).shape == (0, 1)
    assert walk(ORAL_1, np.ones((0, 2)), streams([[], []])).shape == (0, 1)
    unseen = streams([[(0.0, DOSE, 1.0)], [], [(3.0, OTHER, 0.0)]])
    assert walk(ORAL_1, [[1.0, 0.1]], unseen).shape == (0, 1)
    assert walk(ORAL_1, [[1.0, 0.1]], streams([[(5.0, OBSERVE, 0.0)]])).tolist() == [[0.0]]


EXTREMES = [0.0, 1e-300, 1e-12, 1.0, 1e6, 1e150, 1e300, np.inf, np.nan]


@pytest.mark.parametrize("modal", [True, False])
@pytest.mark.parametrize("name", DIAGRAMS)
def test_extreme_rates_neither_crash_nor_stall(name, modal):
    diagram = DIAGRAMS[name]
    tables, _ = random_streams(4, lengths=(6,))
    rng = np.random.default_rng(0)
    for _ in range(300):
        rates = rng.choice(EXTREMES, (1, diagram.n_rates))
        found = walk(diagram, rates, tables, modal)
        if not np.isfinite(rates).all():
            assert np.isnan(found).all()
        elif rates.max() <= 1e6:
            assert np.isfinite(found).all()
            assert (found > -1e-9).all()


def test_not_a_number_stays_in_its_streams():
    records = [(0.0, DOSE, 1.0), (1.0, OBSERVE, 0.0)]
    tables = streams([records] * 3, rows=[0, 0, 1, 1, 0, 0])
    found = walk(ORAL_1, [[1.0, 0.1], [np.inf, 0.1]], tables).ravel()
    assert np.isnan(found).tolist() == [False, True, False]
    assert found[0] == found[2]


def test_rates_of_zero_keep_everything():
    tables = streams([[(0.0, DOSE, 7.0), (1e4, OBSERVE, 0.0)]])
    assert walk(BOLUS_1, [[0.0]], tables).item() == 7.0
    assert walk(ORAL_1, [[1.0, 0.0]], tables).item() == pytest.approx(7.0, rel=1e-15)
    assert walk(ORAL_1, [[0.0, 1.0]], tables).item() == 0.0
    assert walk(TWO, [[0.0, 0.3, 0.1]], tables).item() == pytest.approx(7 / 4, rel=1e-12)


def test_tables_that_do_not_fit_are_refused():
    tables, n_rows = random_streams(4)
    rates = random_rates(1, ORAL_1, n_rows)
    n = len(tables.time)
    for wrong, message in [
        (tables.but(row=tables.row + 1), "record_row"),
        (tables.but(row=tables.row - 1), "record_row"),
        (tables.but(observation=tables.observation + n), "observation_record"),
        (tables.but(observation=tables.observation[::-1]), "observation_record"),
        (tables.but(start=tables.start[:-1]), "stream_start"),
        (tables.but(start=tables.start + 1), "stream_start"),
        (tables.but(start=tables.start[[0, 3, 2, 4]]), "stream_start"),
        (tables.but(compartment=tables.compartment + 3), "record_compartment"),
        (tables.but(amount=tables.amount[:-1]), "same length"),
    ]:
        with pytest.raises(ValueError, match=message):
            walk(ORAL_1, rates, wrong)
    with pytest.raises(ValueError, match="one column for each flow"):
        walk(BOLUS_1, rates, tables)
