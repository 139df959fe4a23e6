"""Event tables for the kernel's tests, and the kernel called from NumPy."""

from dataclasses import dataclass, replace

import numpy as np

from bayesdose.pk import BOLUS_1, ORAL_1, OUT, Diagram
from bayesdose.pk.diagram import plan
from bayesdose.pk.entry import walk_amounts, walk_gradients
from bayesdose.pk.op import TABLES

TWO = Diagram(("central", "peripheral"), ((0, OUT), (0, 1), (1, 0)), (0,))
TWO_ORAL = Diagram(("depot", "central", "peripheral"), ((0, 1), (1, OUT), (1, 2), (2, 1)), (1,))
THREE_METABOLITE = Diagram(
    ("depot", "central", "shallow", "deep", "metabolite"),
    ((0, 1), (1, OUT), (1, 2), (2, 1), (1, 3), (3, 1), (1, 4), (4, OUT)),
    (1, 4),
)
TRANSIT = Diagram(("a", "b", "c", "central"), ((0, 1), (1, 2), (2, 3), (3, OUT)), (3,))
# bile returns to the gut by way of a gall bladder: a one-way cycle
CYCLE = Diagram(("gut", "central", "bile"), ((0, 1), (1, OUT), (1, 2), (2, 0)), (1, 2))
# two ways out, and a peripheral listed first
REORDERED = Diagram(("peripheral", "central"), ((1, OUT), (1, 0), (0, 1), (1, OUT)), (1, 0), 1)
DIAGRAMS = {
    "bolus": BOLUS_1,
    "oral": ORAL_1,
    "two": TWO,
    "two_oral": TWO_ORAL,
    "three_metabolite": THREE_METABOLITE,
    "transit": TRANSIT,
    "cycle": CYCLE,
    "reordered": REORDERED,
}


@dataclass(frozen=True)
class Streams:
    """The kernel's tables."""

    start: np.ndarray
    row: np.ndarray
    time: np.ndarray
    kind: np.ndarray
    amount: np.ndarray
    compartment: np.ndarray
    observation: np.ndarray
    rate: np.ndarray | None = None
    interval: np.ndarray | None = None
    additional: np.ndarray | None = None
    steady: np.ndarray | None = None

    @property
    def inputs(self):
        """Return them in the order of the Op's inputs, after the rates and the dose parameters."""
        none = np.zeros(len(self.time))
        rate, interval = (none if x is None else x for x in (self.rate, self.interval))
        additional, steady = (
            none.astype(np.int32) if x is None else x for x in (self.additional, self.steady)
        )
        return (
            self.start, self.row, self.time, self.kind, self.amount, rate, interval, additional, steady,
            self.compartment, self.observation,
        )  # fmt: skip

    @property
    def by_name(self):
        """Return them as the `events` dataset names them."""
        return dict(zip(TABLES, self.inputs, strict=True))

    def but(self, **changes):
        return replace(self, **{k: np.asarray(v) for k, v in changes.items()})


def streams(records, rows=None, observation=None):
    """Make tables from a list of streams, each a list of (time, kind, amount[, row[, compartment]])."""
    flat = [(*r, *(0,) * (5 - len(r))) for stream in records for r in stream]
    columns = [np.array(c) for c in zip(*flat, strict=True)] if flat else [np.zeros(0)] * 5
    time, kind, amount, row, compartment = columns
    kind = kind.astype(np.int32)
    return Streams(
        start=np.cumsum([0] + [len(s) for s in records]).astype(np.int32),
        row=np.asarray(row if rows is None else rows, dtype=np.int32),
        time=time.astype(float),
        kind=kind,
        amount=amount.astype(float),
        compartment=compartment.astype(np.int32),
        observation=np.flatnonzero(kind == 0).astype(np.int32) if observation is None else observation,
    )


def random_streams(seed, lengths=(7, 0, 12, 5), rows="stream", compartments=1):
    """Make streams with doses, resets, other records, ties and, with rows="record", changes of row."""
    rng = np.random.default_rng(seed)
    made, stream_rows = [], []
    for s, length in enumerate(lengths):
        times = np.sort(np.round(rng.uniform(0, 24, length), rng.integers(0, 3)))
        kinds = rng.choice([0, 1, 2, 3], length, p=[0.45, 0.4, 0.1, 0.05])
        kinds[:1] = 1
        kinds[length // 2 : length // 2 + (length > 5)] = 3
        kinds[-1:] = 0
        change = np.cumsum(rng.random(length) < 0.3) % 3
        stream_rows += (change if rows == "record" else np.full(length, s)).tolist()
        amounts = np.where(kinds == 1, rng.uniform(1, 100, length), 0.0)
        into = rng.integers(0, compartments, length)
        made.append(list(zip(times, kinds, amounts, np.zeros(length), into, strict=True)))
    n_rows = 3 if rows == "record" else len(lengths)
    return streams(made, rows=stream_rows), n_rows


def random_rates(seed, diagram, n_rows):
    """Draw log-normal rates around typical ones (1/h)."""
    rng = np.random.default_rng(seed)
    typical = 0.05 * 2.3 ** np.arange(diagram.n_rates)[::-1]
    return typical * np.exp(0.3 * rng.normal(size=(n_rows, diagram.n_rates)))


def walk(diagram, rates, tables, modal=True):
    """Return amounts (observation, output); by the matrix exponential alone when not `modal`."""
    return walk_amounts(packed(diagram, modal), (*as_rows(rates), *tables.inputs))


def walk_back(diagram, rates, tables, bar, modal=True):
    """Return the gradients of sum(amounts bar) with respect to rates, times and amounts."""
    inputs = (*as_rows(rates), *tables.inputs)
    by_rates, _, by_time, by_amount = walk_gradients(packed(diagram, modal), inputs, np.asarray(bar, float))
    return by_rates, by_time, by_amount


def as_rows(rates):
    """Return rates, and a table of no dose parameters."""
    rates = np.asarray(rates, float)
    return rates, np.empty((len(rates), 0))


def packed(diagram, modal=True, routing=()):
    """Return the kernel's view of a diagram."""
    return plan(diagram).packed(diagram.dose_compartment, routing, modal)


def rate_matrix(diagram, rates):
    """Return K, from the definition, in the order of the compartments."""
    K = np.zeros((diagram.n_states, diagram.n_states))
    for (i, j), rate in zip(diagram.flows, rates, strict=True):
        K[i, i] -= rate
        if j != OUT:
            K[j, i] += rate
    return K
