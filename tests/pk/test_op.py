"""The Op in PyTensor: gradient, batches, index types, sizes, shapes, and no other mode of running it."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from numpy.testing import assert_allclose
from pytensor.gradient import verify_grad
from pytensor.graph.replace import vectorize_graph
from streams import BOLUS_1, ORAL_1, THREE_METABOLITE, random_rates, random_streams, walk, walk_back

from bayesdose.pk.linear import Linear
from bayesdose.pk.op import Walk, amounts

PYTHON = pytensor.compile.mode.Mode(linker="py", optimizer=None)


def shared(tables, index="int32"):
    """Put the tables into shared variables, as pm.Data does."""
    made = {}
    for name, x in tables.by_name.items():
        made[name] = pytensor.shared(x if x.dtype == float else x.astype(index), name=name)
    return made


def graph(diagram, tables, index="int32"):
    """Return rates, amounts, a loss and its three gradients, and the tables behind them."""
    data = shared(tables, index)
    rates = pt.matrix("rates")
    out = amounts(Linear(diagram), rates, data, data["record_row"])
    loss = (out**2).sum()
    return rates, out, pt.grad(loss, [rates, data["record_time"], data["record_amount"]]), data


@pytest.mark.parametrize("mode", ["NUMBA", PYTHON])
@pytest.mark.parametrize("index", ["int32", "int64"])
def test_is_the_kernel(index, mode):
    tables, n_rows = random_streams(3, rows="record")
    values = random_rates(1, THREE_METABOLITE, n_rows)
    rates, out, gradients, _ = graph(THREE_METABOLITE, tables, index)
    assert out.type.shape == (None, 2)
    found, *bars = pytensor.function([rates], [out, *gradients], mode=mode)(values)
    expected = walk(THREE_METABOLITE, values, tables)
    assert np.array_equal(found, expected)
    for a, b in zip(bars, walk_back(THREE_METABOLITE, values, tables, 2 * expected), strict=True):
        assert_allclose(a, b, rtol=1e-12, atol=1e-12)


def test_verify_grad():
    tables, n_rows = random_streams(9, lengths=(6, 5))
    inputs = list(tables.inputs)

    def f(rates, time, amount):
        none = pt.zeros((rates.shape[0], 0))
        return Walk(Linear(ORAL_1))(rates, none, *inputs[:2], time, inputs[3], amount, *inputs[5:])

    rates = random_rates(4, ORAL_1, n_rows)
    points = [rates, tables.time, tables.amount]
    verify_grad(f, points, rng=np.random.default_rng(0), mode="NUMBA", eps=1e-6, rel_tol=1e-4, abs_tol=1e-4)


def test_tables_carry_no_gradient():
    tables, _ = random_streams(9)
    _, out, _, data = graph(ORAL_1, tables)
    pattern = out.owner.op.connection_pattern(out.owner)
    connected = {0, 1, 4, 6}
    assert [p[0] for p in pattern] == [k in connected for k in range(13)]
    with pytest.raises(pytensor.gradient.DisconnectedInputError):
        pt.grad(out.sum(), data["record_kind"])


@pytest.mark.parametrize("batch", [(5,), (2, 3), (1,)])
def test_batched_is_looped(batch):
    tables, n_rows = random_streams(6, rows="record")
    rates, out, gradients, _ = graph(ORAL_1, tables)
    many = pt.tensor("many", shape=(*[None] * len(batch), None, None))
    f = pytensor.function([rates], [out, *gradients], mode="NUMBA")
    g = pytensor.function([many], vectorize_graph([out, *gradients], {rates: many}), mode="NUMBA")
    values = np.stack([random_rates(s, ORAL_1, n_rows) for s in range(int(np.prod(batch)))])
    for a, b in zip(g(values.reshape(*batch, n_rows, 2)), zip(*map(f, values), strict=True), strict=True):
        assert np.array_equal(a.reshape(-1, *a.shape[len(batch) :]), np.stack(b))


def test_batched_amounts_and_times():
    """What bioavailability and lag of each draw will need."""
    tables, n_rows = random_streams(6)
    rates, out, gradients, data = graph(ORAL_1, tables)
    values = random_rates(0, ORAL_1, n_rows)
    amount, time = pt.matrix("amount"), pt.matrix("time")
    swap = {data["record_amount"]: amount, data["record_time"]: time}
    g = pytensor.function([rates, amount, time], vectorize_graph([out, *gradients], swap), mode="NUMBA")
    f = np.array([[0.5], [1.0], [0.8]])
    lag = np.array([[0.0], [0.5], [2.0]])
    found = g(values, tables.amount * f, tables.time + lag)
    assert_allclose(found[0], f[..., None] * walk(ORAL_1, values, tables), rtol=1e-9, atol=1e-12)
    assert [x.shape[0] for x in found] == [3, 3, 3, 3]


def test_new_sizes_do_not_compile_again(monkeypatch):
    tables, n_rows = random_streams(6)
    rates, out, gradients, data = graph(ORAL_1, tables)
    f = pytensor.function([rates], [out, *gradients], mode="NUMBA")
    f(random_rates(0, ORAL_1, n_rows))
    import numba

    def refuse(*_, **__):
        raise AssertionError("numba compiles again")

    monkeypatch.setattr(numba.core.compiler, "compile_extra", refuse)
    monkeypatch.setattr(numba.core.compiler, "compile_ir", refuse)
    for lengths in [(3,), (), (0, 0), (40, 1, 2, 8, 30)]:
        tables, n_rows = random_streams(7, lengths=lengths)
        for name, x in tables.by_name.items():
            data[name].set_value(x)
        values = random_rates(1, ORAL_1, n_rows)
        assert np.array_equal(f(values)[0], walk(ORAL_1, values, tables))


def test_arrays_in_any_layout():
    tables, n_rows = random_streams(6)
    rates, out, gradients, _ = graph(ORAL_1, tables)
    values = random_rates(0, ORAL_1, n_rows)
    f = pytensor.function([rates], [out, *gradients], mode="NUMBA")
    expected = f(values)
    strange = np.zeros((n_rows, 6))[:, ::3]
    strange[:] = values
    for layout in (np.asfortranarray(values), strange):
        for a, b in zip(f(layout), expected, strict=True):
            assert np.array_equal(a, b)


def test_shape_without_running():
    tables, _ = random_streams(6)
    rates, out, gradients, _ = graph(THREE_METABOLITE, tables)
    f = pytensor.function([rates], [out.shape, *(g.shape for g in gradients)], mode="NUMBA")
    assert not any("Walk" in str(node.op) for node in f.maker.fgraph.apply_nodes)
    shapes = [x.tolist() for x in f(np.ones((4, 8)))]
    n = len(tables.time)
    assert shapes == [[len(tables.observation), 2], [4, 8], [n], [n]]


@pytest.mark.parametrize("mode", ["NUMBA", PYTHON])
def test_tables_that_do_not_fit_are_refused(mode):
    tables, n_rows = random_streams(6)
    rates, out, gradients, data = graph(ORAL_1, tables)
    f = pytensor.function([rates], [out, *gradients], mode=mode)
    with pytest.raises(ValueError, match="one column for each flow"):
        f(np.ones((n_rows, 3)))
    with pytest.raises(ValueError, match="record_row"):
        f(np.ones((1, 2)))
    data["observation_record"].set_value(tables.observation[::-1].copy())
    with pytest.raises(ValueError, match="stream by stream"):
        f(np.ones((n_rows, 2)))


def test_kinds_of_inputs_are_checked():
    tables, _ = random_streams(6)
    rates = pt.matrix("rates")
    with pytest.raises(TypeError, match="dimensions"):
        Walk(Linear(ORAL_1))(rates[0], rates, *tables.inputs)
    with pytest.raises(TypeError, match="integers"):
        Walk(Linear(ORAL_1))(rates, rates, tables.start.astype(float), *tables.inputs[1:])


def test_ops_are_equal_when_their_diagrams_are():
    assert Walk(Linear(ORAL_1)) == Walk(Linear(ORAL_1))
    assert Walk(Linear(ORAL_1)) != Walk(Linear(BOLUS_1))
    assert Walk(Linear(ORAL_1)) != Walk(Linear(ORAL_1, modal=False))


def test_fastmath_does_not_reach_the_kernel():
    tables, n_rows = random_streams(6)
    rates, out, _, _ = graph(ORAL_1, tables)
    values = random_rates(0, ORAL_1, n_rows)
    values[0, 0] = np.nan
    with pytensor.config.change_flags(numba__fastmath=True):
        found = pytensor.function([rates], out, mode="NUMBA")(values)
    assert np.array_equal(found, walk(ORAL_1, values, tables), equal_nan=True)
