"""The short walk against the walk: values, gradients, and where there is none."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from numpy.testing import assert_allclose
from pytensor.gradient import NullTypeGradError
from streams import BOLUS_1, ORAL_1, TWO_ORAL, random_rates, random_streams, streams, walk, walk_back

from bayesdose.pk import Diagram
from bayesdose.pk.linear import Linear
from bayesdose.pk.op import TABLES
from bayesdose.pk.short import shortened

PYTHON = pytensor.compile.mode.Mode(linker="py", optimizer=None)
SHAPES = {"bolus": (BOLUS_1, 1), "oral": (ORAL_1, 2)}


def without_resets(seed, compartments=1):
    """Make random streams; a record that was a reset is one of another type."""
    tables, n_rows = random_streams(seed, compartments=compartments)
    return tables.but(kind=np.where(tables.kind == 3, 2, tables.kind).astype(np.int32)), n_rows


def short(diagram, tables, mode="NUMBA"):
    """Return a function of rates: the amounts, and the gradient by rates of the sum of their squares."""
    rates = pt.matrix("rates")
    out = shortened(Linear(diagram), rates, dict(zip(TABLES, tables.inputs, strict=True)))
    return pytensor.function([rates], [out, pt.grad((out**2).sum(), rates)], mode=mode)


@pytest.mark.parametrize("mode", ["NUMBA", PYTHON])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_is_the_walk(shape, seed, mode):
    diagram, compartments = SHAPES[shape]
    tables, n_rows = without_resets(seed, compartments)
    rates = random_rates(seed, diagram, n_rows)
    found, by_rates = short(diagram, tables, mode)(rates)
    expected = walk(diagram, rates, tables)
    assert_allclose(found, expected, rtol=1e-11, atol=1e-11)
    assert_allclose(by_rates, walk_back(diagram, rates, tables, 2 * expected)[0], rtol=1e-10, atol=1e-8)


@pytest.mark.parametrize("gap", [0.0, 1e-13, 1e-9, 1e-4, 9e-3, 0.1, 0.249, 0.251, 3.0, 50.0, -0.5, -0.99])
def test_absorption_and_elimination_may_meet(gap):
    records = [[(0.0, 1, 100.0), (1.0, 0, 0.0), (10.0, 0, 0.0), (12.0, 1, 50.0), (500.0, 0, 0.0)]]
    tables, rates = streams(records), np.array([[0.1 * (1 + gap), 0.1]])
    found, by_rates = short(ORAL_1, tables)(rates)
    expected = walk(ORAL_1, rates, tables, modal=False)  # the matrix exponential
    assert_allclose(found, expected, rtol=2e-12)
    by_exponential = walk_back(ORAL_1, rates, tables, 2 * expected, modal=False)[0]
    assert_allclose(by_rates, by_exponential, rtol=2e-11)


def test_rates_that_are_not_numbers_give_no_numbers():
    tables, _ = without_resets(1)
    found, by_rates = short(ORAL_1, tables)(np.full((4, 2), np.nan))
    assert np.isnan(found[found != 0]).all()
    assert np.isnan(by_rates).any()


PLAIN = [[(0.0, 1, 100.0), (1.0, 0, 0.0)], [], [(0.0, 1, 100.0), (2.0, 0, 0.0), (3.0, 0, 0.0)]]


def test_a_stream_may_be_empty_or_end_with_doses():
    records = [*PLAIN, [(0.0, 1, 1.0), (0.5, 0, 0.0), (1.0, 1, 7.0), (2.0, 1, 7.0)]]
    tables = streams(records, rows=[0, 0, 1, 1, 1, 2, 2, 2, 2])
    rates = random_rates(1, ORAL_1, 3)
    assert_allclose(short(ORAL_1, tables)(rates)[0], walk(ORAL_1, rates, tables), rtol=1e-12)


@pytest.mark.parametrize(
    "change",
    [
        {"rate": [50.0, 0.0, 0.0, 0.0, 0.0]},
        {"additional": np.array([2, 0, 0, 0, 0], dtype=np.int32)},
        {"steady": np.array([1, 0, 0, 0, 0], dtype=np.int32)},
        {"kind": np.array([1, 0, 1, 3, 0], dtype=np.int32), "observation": np.array([1, 4], dtype=np.int32)},
        {"row": np.array([0, 0, 1, 2, 1], dtype=np.int32)},
        {"observation": np.array([4, 3, 1], dtype=np.int32)},
        {"start": np.array([1, 2, 2, 5], dtype=np.int32)},
    ],
)
def test_there_is_none_for_other_tables(change):
    tables = streams(PLAIN, rows=[0, 0, 1, 1, 1])
    rates = pt.matrix("rates")
    given = dict(zip(TABLES, tables.inputs, strict=True))
    assert shortened(Linear(ORAL_1), rates, given) is not None
    asked = dict(zip(TABLES, tables.but(**change).inputs, strict=True))
    assert shortened(Linear(ORAL_1), rates, asked) is None


@pytest.mark.parametrize(
    "engine",
    [
        Linear(TWO_ORAL),
        Linear(ORAL_1, (("F", 0),)),
        Linear(Diagram(ORAL_1.compartments, ORAL_1.flows, (0,))),
        Linear(Diagram(ORAL_1.compartments, ORAL_1.flows, (1,), copies=(0,))),
    ],
)
def test_there_is_none_for_other_structures(engine):
    tables = streams(PLAIN, rows=[0, 0, 1, 1, 1])
    given = dict(zip(TABLES, tables.inputs, strict=True))
    assert shortened(engine, pt.matrix("rates"), given) is None


def test_there_is_no_second_derivative():
    tables, _ = without_resets(1)
    rates = pt.matrix("rates")
    out = shortened(Linear(BOLUS_1), rates, dict(zip(TABLES, tables.inputs, strict=True)))
    slope = pt.grad(out.sum(), rates)
    with pytest.raises((NullTypeGradError, NotImplementedError)):
        pt.grad(slope.sum(), rates)
