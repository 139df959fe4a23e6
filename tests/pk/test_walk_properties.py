"""What holds for every diagram, every table and every rate."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from streams import DIAGRAMS, OUT, Diagram, random_rates, random_streams, streams, walk

DOSE, OTHER, RESET = 1, 2, 3

diagrams = st.sampled_from(list(DIAGRAMS.values()))
seeds = st.integers(0, 10**6)
modes = st.booleans()
rows = st.sampled_from(["stream", "record"])
few = settings(max_examples=60, deadline=None)


def everything(tables):
    """Observe every record."""
    return tables.but(observation=np.arange(len(tables.time)))


def case(diagram, seed, rows="record"):
    tables, n_rows = random_streams(seed, rows=rows, compartments=diagram.n_states + 1)
    return random_rates(seed + 1, diagram, n_rows), everything(tables)


@few
@given(diagrams, seeds, modes, rows, st.floats(1e-3, 1e3))
def test_linear_in_dose(diagram, seed, modal, rows, factor):
    rates, tables = case(diagram, seed, rows)
    scaled = tables.but(amount=tables.amount * factor)
    assert_allclose(
        walk(diagram, rates, scaled, modal),
        factor * walk(diagram, rates, tables, modal),
        rtol=1e-9,
        atol=1e-9 * factor,
    )


@few
@given(diagrams, seeds, modes, rows)
def test_doses_superpose(diagram, seed, modal, rows):
    rates, tables = case(diagram, seed, rows)
    share = np.random.default_rng(seed).random(len(tables.time))
    parts = [walk(diagram, rates, tables.but(amount=tables.amount * w), modal) for w in (share, 1 - share)]
    assert_allclose(sum(parts), walk(diagram, rates, tables, modal), rtol=1e-9, atol=1e-9)


@few
@given(diagrams, seeds, modes)
def test_mass_is_kept_when_nothing_leaves(diagram, seed, modal):
    """Flows out are led into one more compartment: all that was given since the reset is somewhere."""
    sink = diagram.n_states
    flows = tuple((i, sink if j == OUT else j) for i, j in diagram.flows)
    closed = Diagram((*diagram.compartments, "sink"), flows, tuple(range(sink + 1)), diagram.dose_compartment)
    rates, tables = case(closed, seed)
    given_since = np.zeros(len(tables.time))
    for begin, end in zip(tables.start[:-1], tables.start[1:], strict=True):
        total = 0.0
        for r in range(begin, end):
            total = 0.0 if tables.kind[r] == RESET else total + tables.amount[r]
            given_since[r] = total
    assert_allclose(walk(closed, rates, tables, modal).sum(axis=1), given_since, rtol=1e-10, atol=1e-9)


@few
@given(diagrams, seeds, modes, st.floats(0, 1))
def test_a_record_that_does_nothing_changes_nothing(diagram, seed, modal, where):
    rates, tables = case(diagram, seed)
    gaps = [r for r in range(1, len(tables.time)) if r not in tables.start]
    at = gaps[int(where * (len(gaps) - 1))]
    time = tables.time[at - 1] + where * (tables.time[at] - tables.time[at - 1])
    split = tables.but(
        start=tables.start + (tables.start > at),
        time=np.insert(tables.time, at, time),
        row=np.insert(tables.row, at, tables.row[at]),
        kind=np.insert(tables.kind, at, OTHER),
        amount=np.insert(tables.amount, at, 0.0),
        compartment=np.insert(tables.compartment, at, 0),
        observation=np.arange(len(tables.time) + 1),
    )
    found = np.delete(walk(diagram, rates, split, modal), at, axis=0)
    assert_allclose(found, walk(diagram, rates, tables, modal), rtol=1e-9, atol=1e-9)


@few
@given(diagrams, seeds, modes)
def test_a_reset_is_a_new_stream(diagram, seed, modal):
    rates, tables = case(diagram, seed)
    cut = np.unique(np.concatenate([tables.start, np.flatnonzero(tables.kind == RESET)]))
    assert_allclose(
        walk(diagram, rates, tables.but(start=cut), modal),
        walk(diagram, rates, tables, modal),
        rtol=1e-9,
        atol=1e-12,
    )


@few
@given(diagrams, seeds, rows)
def test_both_routes_agree(diagram, seed, rows):
    rates, tables = case(diagram, seed, rows)
    assert_allclose(walk(diagram, rates, tables), walk(diagram, rates, tables, False), rtol=1e-9, atol=1e-9)


@few
@given(diagrams, seeds, st.permutations(range(4)))
def test_streams_do_not_touch_each_other(diagram, seed, order):
    rates, tables = case(diagram, seed)
    records = list(zip(tables.time, tables.kind, tables.amount, tables.row, tables.compartment, strict=True))
    parts = [records[a:b] for a, b in zip(tables.start[:-1], tables.start[1:], strict=True)]
    every = walk(diagram, rates, tables)
    shuffled = everything(streams([parts[s] for s in order]))
    expected = np.concatenate([every[tables.start[s] : tables.start[s + 1]] for s in order])
    assert_allclose(walk(diagram, rates, shuffled), expected, rtol=1e-12, atol=1e-12)
