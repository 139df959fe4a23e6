"""The structural walk: a gradient of a population, values of many particles, per record."""

import numpy as np
import pytensor
import pytensor.tensor as pt

from bayesdose.pk import BOLUS_1, ORAL_1, Diagram
from bayesdose.pk.op import amounts
from benchmarks.rows import Row, cpu_seconds


def tables(subjects: int, doses: int, levels: int) -> dict[str, np.ndarray]:
    """Return event tables: each subject gets `doses` at 12 h intervals and `levels` in between."""
    time = np.sort(np.r_[np.arange(doses) * 12.0, np.linspace(3.0, 12.0 * doses, levels)])
    kind = np.isin(time, np.arange(doses) * 12.0).astype(np.int64)
    n = len(time)
    return {
        "stream_start": np.arange(subjects + 1) * n,
        "record_time": np.tile(time, subjects),
        "record_kind": np.tile(kind, subjects),
        "record_amount": np.tile(kind * 100.0, subjects),
        "record_compartment": np.zeros(n * subjects, dtype=np.int64),
        "observation_record": np.flatnonzero(np.tile(kind, subjects) == 0),
        "record_row": np.repeat(np.arange(subjects), n),
    }


def gradient_us(diagram: Diagram, data: dict[str, np.ndarray], rates: np.ndarray, calls: int = 200) -> float:
    """Return microseconds of processor time of one value with its gradient in the rates."""
    x = pt.matrix("rates")
    shared = {name: pytensor.shared(value) for name, value in data.items()}
    total = pt.sqr(amounts(diagram, x, shared, shared["record_row"])).sum()
    function = pytensor.function([x], [total, pt.grad(total, x)], mode="NUMBA")
    return 1e6 / calls * cpu_seconds(lambda: [function(rates) for _ in range(calls)])


def value_us(diagram: Diagram, data: dict[str, np.ndarray], rates: np.ndarray) -> float:
    """Return microseconds of processor time per particle of values alone, (particle, row, rate)."""
    x = pt.tensor3("rates")
    shared = {name: pytensor.shared(value) for name, value in data.items()}
    one = pt.matrix("one")
    out = amounts(diagram, one, shared, shared["record_row"]).sum()
    batched = pytensor.graph.replace.vectorize_graph(out, replace={one: x})
    function = pytensor.function([x], batched, mode="NUMBA")
    return 1e6 / len(rates) * cpu_seconds(lambda: function(rates))


def rows() -> list[Row]:
    """Return the table's rows."""
    rng = np.random.default_rng(1)
    made = []
    for what, diagram, subjects, doses, levels in (
        ("59 subjects, bolus", BOLUS_1, 59, 10, 3),
        ("200 subjects, oral", ORAL_1, 200, 10, 6),
        ("800 subjects, oral", ORAL_1, 800, 10, 6),
    ):
        data = tables(subjects, doses, levels)
        rates = 0.1 * np.exp(0.3 * rng.standard_normal((subjects, diagram.n_rates)))
        rates[:, 0] *= 1 if diagram.n_rates == 1 else 8
        us, records = gradient_us(diagram, data, rates), len(data["record_time"])
        made.append(
            Row(
                f"gradient through the Op, {what}",
                f"{us:.0f} us, {1e3 * us / records:.0f} ns a record",
                "<= 60 ns a record" if diagram == ORAL_1 else "",
                f"CPU, {records} records",
            )
        )
    for what, diagram in (("bolus", BOLUS_1), ("oral", ORAL_1)):
        data = tables(1, 10, 2)
        rates = 0.1 * np.exp(0.3 * rng.standard_normal((4000, 1, diagram.n_rates)))
        rates[:, :, 0] *= 1 if diagram.n_rates == 1 else 8
        us = value_us(diagram, data, rates)
        made.append(Row(f"values of one particle, {what}", f"{us:.2f} us", "", "CPU, 10 doses, 2 levels"))
    return made
