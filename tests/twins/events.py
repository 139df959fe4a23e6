"""NM-TRAN event tables solved with SciPy: a twin of the event semantics, in plain Python.

Written from the NONMEM Users Guide VI (PREDPP), chapters III.B.2 and III.F (which record's parameters act,
bioavailability, durations, rates, lags) and V.B to V.K (EVID, RATE, SS, II, ADDL), not from the kernel. A
table is the list of one subject's records in file order, each a dict of NM-TRAN's columns TIME, EVID, AMT,
RATE, II, ADDL, SS and CMT; what is absent is 0. `amounts` turns doses into timed inputs and solves from one
to the next.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import floor, inf

import numpy as np
from scipy.integrate import solve_ivp
from scipy.linalg import expm
from scipy.optimize import root

BOLUS, RATE_MODELLED, DURATION_MODELLED = 0, -1, -2


@dataclass(frozen=True)
class Row:
    """The parameters on one record: they govern the interval that ends at it.

    `kinetics` is the rate matrix of a `Linear` system, or what the right-hand side of a `Nonlinear` one
    takes. F (bioavailability), lag, D (duration) and R (rate) are by number of the compartment, from 1.
    """

    kinetics: object
    F: Mapping[int, float] = field(default_factory=dict)
    lag: Mapping[int, float] = field(default_factory=dict)
    D: Mapping[int, float] = field(default_factory=dict)
    R: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Input:
    """Drug that enters: `amount` at `begin`, or `rate` from `begin` to `end`; vectors over compartments."""

    begin: float
    end: float
    amount: np.ndarray
    rate: np.ndarray


class Linear:
    """``dx/dt = K x + input``, K of the row, by the exponential of the matrix augmented by the input.

    With `cycles`, steady state is that after so many doses; else where a cycle leads back to itself.
    """

    def __init__(self, n_states: int, cycles: int | None = None):
        self.n_states = n_states
        self.cycles = cycles

    def initial(self, row: Row) -> np.ndarray:
        return np.zeros(self.n_states)

    def advance(self, row: Row, x: np.ndarray, rate: np.ndarray, begin: float, end: float) -> np.ndarray:
        n = self.n_states
        augmented = np.zeros((n + 1, n + 1))
        augmented[:n, :n] = row.kinetics
        augmented[:n, n] = rate
        return (expm(augmented * (end - begin)) @ np.append(x, 1.0))[:n]

    def constant(self, row: Row, rate: np.ndarray) -> np.ndarray:
        return np.linalg.solve(row.kinetics, -rate)

    def periodic(self, row: Row, cycle: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        nothing = np.zeros(self.n_states)
        if self.cycles is not None:
            return _repeated(cycle, nothing, self.cycles)
        given = cycle(nothing)
        matrix = np.stack([cycle(e) - given for e in np.eye(self.n_states)], axis=1)
        return np.linalg.solve(np.eye(self.n_states) - matrix, given)


class Nonlinear:
    """``dx/dt = rhs(t, x, row.kinetics) + input``, by an adaptive solver at rtol 1e-10."""

    def __init__(self, n_states: int, rhs: Callable, initial: Callable | None = None, method: str = "LSODA"):
        self.n_states = n_states
        self.rhs = rhs
        self.start = initial
        self.method = method

    def initial(self, row: Row) -> np.ndarray:
        return np.zeros(self.n_states) if self.start is None else np.asarray(self.start(row.kinetics), float)

    def advance(self, row: Row, x: np.ndarray, rate: np.ndarray, begin: float, end: float) -> np.ndarray:
        if end == begin:
            return x

        def f(t, y):
            return np.asarray(self.rhs(t, y, row.kinetics), float) + rate

        found = solve_ivp(f, (begin, end), x, method=self.method, rtol=1e-10, atol=1e-12)
        assert found.success, found.message
        return found.y[:, -1]

    def constant(self, row: Row, rate: np.ndarray) -> np.ndarray:
        near = self.advance(row, self.initial(row), rate, 0.0, 1e4)
        return _solved(lambda x: np.asarray(self.rhs(0.0, x, row.kinetics), float) + rate, near)

    def periodic(self, row: Row, cycle: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        near = _repeated(cycle, self.initial(row), 20)
        return _solved(lambda x: cycle(x) - x, near)


def amounts(table: list[dict], rows: list[Row], system: Linear | Nonlinear, default: int = 1) -> np.ndarray:
    """Return the amounts (record, compartment) after each record.

    `default` is the number of the compartment that a dose without CMT enters.
    """
    x, pending, out = system.initial(rows[0]), [], []
    for i, record in enumerate(table):
        if _is_reset(record):
            x, pending = system.initial(rows[i]), []
        elif i > 0:
            x, pending = _to_record(system, rows[i], x, pending, table[i - 1]["TIME"], record["TIME"])
        if record.get("EVID", 0) in (1, 4):
            x, pending = _give(table, rows, system, default, i, x, pending)
        out.append(x)
    return np.array(out)


def _to_record(system, row, x, pending, begin, end):
    """Advance to a record's time; what falls on that time acts before the record (its row governs it)."""
    marks = {t for p in pending for t in (p.begin, p.end) if begin <= t <= end}
    now = begin
    for mark in sorted(marks | {end}):
        if mark > now:
            rate = sum((p.rate for p in pending if p.begin <= now and p.end >= mark), np.zeros(len(x)))
            x = system.advance(row, x, rate, now, mark)
        now = mark
        x = x + sum((p.amount for p in pending if p.begin == mark), np.zeros(len(x)))
    return x, [p for p in pending if p.begin > end or (p.end > end and p.rate.any())]


def _give(table, rows, system, default, i, x, pending):
    """Let the dose of record i act: what it does at once, and what it leaves to come."""
    record, row = table[i], rows[i]
    to = int(record.get("CMT", 0)) or default
    steady, interval, now = record.get("SS", 0), record.get("II", 0.0), record["TIME"]
    lag = row.lag.get(to, 0.0)
    series = [now + lag]
    if steady:
        if steady == 1:
            x, pending = np.zeros(len(x)), []
        if record.get("AMT", 0) == 0:
            return x + system.constant(row, _constant_rate(record, row, to, len(x))), pending
        reached, running = _steady_state(system, record, row, to, lag, len(x))
        x, pending = x + reached, pending + running
        series = [now + lag - j * interval for j in range(floor(lag / interval), -1, -1)]
    if lag == 0:  # it acts here, in file order; what is implied acts before the record at or after its time
        first = _input(record, row, to, series.pop(), len(x))
        x, pending = x + first.amount, [*pending, first] if first.rate.any() else pending
    starts = series + [now + lag + j * interval for j in range(1, int(record.get("ADDL", 0)) + 1)]
    for start in (_as_recorded(table, s) for s in starts):
        argument = _argument_record(table, i, start)
        if argument is not None:  # all doses of a steady state have its record's F, D and R (V.F.1)
            of_series = steady and start <= now + lag
            acting = row if of_series else rows[argument]
            pending = [*pending, _input(record, acting, to, start, len(x))]
    return x, pending


def _as_recorded(table, time):
    """Return the time of the record that an implied time is but for rounding: 3 times 8.4 is 25.2."""
    near = [r["TIME"] for r in table if abs(r["TIME"] - time) <= 1e-12 * max(1.0, abs(time))]
    return near[0] if near else time


def _argument_record(table, i, time):
    """Return the first record after i at or after a time (Guide VI, III.B.2), if no reset precedes it."""
    for k in range(i + 1, len(table)):
        if _is_reset(table[k]):
            return None
        if table[k]["TIME"] >= time:
            return k
    return None


def _input(record, row, to, begin, n):
    """Return what a dose into compartment `to` brings when it starts with the F, D and R of `row`."""
    amount, rate = np.zeros(n), np.zeros(n)
    effective, coded = row.F.get(to, 1.0) * record["AMT"], record.get("RATE", 0.0)
    if coded == BOLUS:
        amount[to - 1] = effective
        return Input(begin, begin, amount, rate)
    if coded == DURATION_MODELLED:
        duration = row.D[to]
        rate[to - 1] = effective / duration
    else:
        rate[to - 1] = row.R[to] if coded == RATE_MODELLED else coded
        duration = effective / rate[to - 1]
    return Input(begin, begin + duration, amount, rate)


def _constant_rate(record, row, to, n):
    """Return the input of an infusion that never began and ends now; F and lag do not apply to it."""
    rate = np.zeros(n)
    rate[to - 1] = row.R[to] if record["RATE"] == RATE_MODELLED else record["RATE"]
    return rate


def _steady_state(system, record, row, to, lag, n):
    """Return the state that doses before the record's time lead to, and those of their infusions that go on.

    Such doses began at TIME + lag - j II < TIME. A cycle runs from the start of one dose to the next; an
    infusion of m whole intervals and a rest has m + 1 doses running during the rest and m afterwards.
    """
    interval, now = record["II"], record["TIME"]
    one = _input(record, row, to, 0.0, n)
    whole = floor(one.end / interval)
    rest = one.end - whole * interval
    since = (floor(lag / interval) + 1) * interval - lag  # time since the last dose before the record

    def after_dose(x, phase):
        x = system.advance(row, x + one.amount, (whole + 1) * one.rate, 0.0, min(rest, phase))
        return system.advance(row, x, whole * one.rate, rest, phase) if phase > rest else x

    start = system.periodic(row, lambda x: after_dose(x, interval))
    ends = [now - since - k * interval + one.end for k in range(whole + 1)]
    running = [Input(-inf, end, np.zeros(n), one.rate) for end in ends if end > now]
    return after_dose(start, since), running


def _is_reset(record):
    return record.get("EVID", 0) in (3, 4)


def _repeated(cycle, x, times):
    for _ in range(times):
        x = cycle(x)
    return x


def _solved(f, near):
    scale = np.maximum(np.abs(near), 1e-6)
    found = root(lambda z: f(z * scale) / scale, near / scale, tol=1e-13)
    x = found.x * scale
    assert np.abs(f(x) / scale).max() < 1e-7, found.message
    return x


def rate_matrix(n: int, flows: Mapping[tuple[int, int], float]) -> np.ndarray:
    """Return K from rates by (source, target), compartments numbered from 1, target 0 out of the body."""
    K = np.zeros((n, n))
    for (source, target), rate in flows.items():
        K[source - 1, source - 1] -= rate
        if target:
            K[target - 1, source - 1] += rate
    return K


def mammillary(CL, V, ka=None, exchange=()) -> np.ndarray:
    """Return K of depot (with ka), central and peripherals; `exchange` lists (Q, volume) of each peripheral.

    Numbered as in NONMEM's ADVAN 1 to 4, 11 and 12.
    """
    c = 1 if ka is None else 2
    flows = {(c, 0): CL / V}
    if ka is not None:
        flows[(1, 2)] = ka
    for k, (Q, volume) in enumerate(exchange, start=1):
        flows |= {(c, c + k): Q / V, (c + k, c): Q / volume}
    return rate_matrix(c + len(exchange), flows)
