"""Event tables for property tests: drawn by Hypothesis, solved by the kernel and by the twin.

A table is a list of dicts with NM-TRAN's columns (see twins/events.py), with a row of parameters for each.
Times, intervals and lags lie on a grid of binary fractions, so that events often meet, and exactly.
"""

from dataclasses import dataclass, replace

import numpy as np
from hypothesis import strategies as st
from twins.events import Linear, Row, amounts

from bayesdose.pk.diagram import OUT, Diagram, plan
from bayesdose.pk.entry import walk_amounts, walk_gradients

OBSERVE, DOSE, OTHER, RESET, RESET_DOSE = range(5)
ROLES = ("F", "lag", "duration", "rate")


def system(names, flows, copies=(), default=0):
    """Return a diagram whose every compartment is observed."""
    return Diagram(tuple(names.split()), flows, tuple(range(len(names.split()))), default, copies)


OPEN = {
    "one": system("central", ((0, OUT),)),
    "oral": system("depot central", ((0, 1), (1, OUT))),
    "two": system("depot central peripheral", ((0, 1), (1, OUT), (1, 2), (2, 1))),
    "three": system("central a b", ((0, OUT), (0, 1), (1, 0), (0, 2), (2, 0))),
    "metabolite": system("central peripheral metabolite", ((0, 1), (1, 0), (0, 2), (0, OUT), (2, OUT))),
    "cycle": system("gut central bile", ((0, 1), (1, OUT), (1, 2), (2, 0)), default=1),
    "effect": system("depot central effect", ((0, 1), (1, OUT), (1, 2), (2, OUT)), copies=(2,)),
}
"""Systems that everything leaves in the end: they have steady states."""

CLOSED = {
    "closed oral": system("depot central sink", ((0, 1), (1, 2))),
    "closed two": system("depot central peripheral sink", ((0, 1), (1, 3), (1, 2), (2, 1))),
    "closed cycle": system("gut central bile sink", ((0, 1), (1, 2), (2, 0), (1, 3))),
}
AREA = system("depot central peripheral area", ((0, 1), (1, OUT), (1, 2), (2, 1), (1, 3)), copies=(4,))
"""A copied flow into the last compartment integrates the central amount."""

SYSTEMS = OPEN | CLOSED | {"area": AREA}


@dataclass(frozen=True)
class Case:
    """A table on a diagram; rates (record, flow) and, by role, dose parameters (record, compartment)."""

    diagram: Diagram
    table: list[dict]
    rates: np.ndarray
    doses: dict[str, np.ndarray]

    def __len__(self):
        return len(self.table)

    def but(self, k, **changes):
        """Return a copy with columns of record k changed."""
        table = [r | changes if i == k else r for i, r in enumerate(self.table)]
        return replace(self, table=table)

    def with_table(self, table):
        return replace(self, table=list(table))

    def insert(self, at, record, row, **doses):
        """Return a copy with a record before position `at`, and the row of record `row` but for `doses`."""
        table = [*self.table[:at], record, *self.table[at:]]
        made = {role: np.insert(v, at, doses.get(role, v[row]), axis=0) for role, v in self.doses.items()}
        return Case(self.diagram, table, np.insert(self.rates, at, self.rates[row], axis=0), made)

    def argument(self, k, time):
        """Return the first record after k at or after a time, or None where record k is cancelled before."""
        for i in range(k + 1, len(self)):
            if self.table[i]["EVID"] in (RESET, RESET_DOSE):
                return None
            if self.table[i]["TIME"] >= time:
                return i
            if self.table[i].get("SS") == 1:
                return None
        return None


# -- solving -----------------------------------------------------------------------------------------------


def kernel_inputs(cases):
    """Return the kernel's arrays of cases on one diagram, a stream each; every record is observed."""
    columns, source, observed = [], [], []
    for case in cases:
        for k, r in enumerate(case.table):
            kinds = (RESET, DOSE) if r["EVID"] == RESET_DOSE else (r["EVID"],)
            for kind in kinds:
                given = r if kind == DOSE else {}
                values = [given.get(name, 0) for name in ("AMT", "RATE", "II", "ADDL", "SS", "CMT")]
                columns.append((r["TIME"], kind, *values))
                source.append((case, k))
            observed.append(len(source) - 1)
    rates = np.array([case.rates[k] for case, k in source])
    routes = np.array([np.concatenate([case.doses[role][k] for role in ROLES]) for case, k in source])
    lengths = [sum(1 + (r["EVID"] == RESET_DOSE) for r in case.table) for case in cases]
    start = np.cumsum([0, *lengths])
    time, kind, amount, rate, interval, additional, steady, compartment = np.array(columns, dtype=float).T
    row = np.arange(len(source))
    records = (row, time, kind, amount, rate, interval, additional, steady, compartment)
    return rates, routes, start, *records, np.array(observed)


def packed(diagram, modal=True):
    routing = tuple((role, c) for role in ROLES for c in range(diagram.n_states))
    return plan(diagram).packed(diagram.dose_compartment, routing, modal)


def kernel(*cases, modal=True):
    """Return amounts (record, compartment) after each record of all cases, one stream each, by the kernel."""
    return walk_amounts(packed(cases[0].diagram, modal), kernel_inputs(cases))


def kernel_gradients(case, bar, modal=True):
    """Return the gradients of sum(amounts bar) by rates and, by role, by dose parameters, as in a case."""
    inputs = kernel_inputs([case])
    by_rates, by_routes, *_ = walk_gradients(packed(case.diagram, modal), inputs, bar)
    source = np.repeat(np.arange(len(case)), [1 + (r["EVID"] == RESET_DOSE) for r in case.table])
    fold = np.zeros((len(case), len(source)))
    fold[source, np.arange(len(source))] = 1.0
    routes = np.split(fold @ by_routes, len(ROLES), axis=1)
    return fold @ by_rates, dict(zip(ROLES, routes, strict=True))


def rate_matrix(diagram, rates):
    """Return K, from the definition: a copied flow takes nothing from its source."""
    K = np.zeros((diagram.n_states, diagram.n_states))
    for k, ((i, j), rate) in enumerate(zip(diagram.flows, rates, strict=True)):
        if k not in diagram.copies:
            K[i, i] -= rate
        if j != OUT:
            K[j, i] += rate
    return K


def twin(case, cycles=None):
    """Return amounts (record, compartment) after each record, by SciPy."""
    rows = []
    for k in range(len(case)):
        F, lag, D, R = ({c + 1: v for c, v in enumerate(case.doses[role][k])} for role in ROLES)
        rows.append(Row(rate_matrix(case.diagram, case.rates[k]), F, lag, D, R))
    n, default = case.diagram.n_states, case.diagram.dose_compartment + 1
    return amounts(case.table, rows, Linear(n, cycles), default)


# -- drawing -----------------------------------------------------------------------------------------------

GAPS = st.sampled_from([0.0, 0.0, 0.5, 1.0, 2.5, 4.0, 11.0])
KINDS = st.sampled_from([OBSERVE] * 5 + [DOSE] * 6 + [OTHER, RESET, RESET_DOSE])
INTERVALS = st.sampled_from([2.0, 6.0, 12.0])
ADDITIONAL = st.sampled_from([0, 0, 1, 3])


@st.composite
def doses(draw, n_states, steady=(0, 0, 0, 1, 2), rates=(0, 0, 5.0, 20.0, 1.5, -1, -2)):
    """Draw what a dose record says; one in ten is a constant infusion where steady state is allowed."""
    to = draw(st.integers(0, n_states))
    ss = draw(st.sampled_from(steady))
    if ss and draw(st.integers(0, 3)) == 0:
        return {"AMT": 0.0, "RATE": draw(st.sampled_from([4.0, -1])), "SS": ss, "CMT": to}
    made = {
        "AMT": draw(st.sampled_from([10.0, 40.0, 100.0])),
        "RATE": draw(st.sampled_from(rates)),
        "CMT": to,
    }
    made |= {"SS": ss, "ADDL": draw(ADDITIONAL)}
    return made | ({"II": draw(INTERVALS)} if ss or made["ADDL"] else {})


@st.composite
def tables(draw, n_states, kinds=KINDS, gaps=GAPS, **about_doses):
    """Draw records in the order of time, which runs back at some of the resets."""
    time, table = draw(GAPS), []
    for _ in range(draw(st.integers(2, 9))):
        kind = draw(kinds)
        time += draw(gaps)
        if kind in (RESET, RESET_DOSE) and draw(st.booleans()):
            time = draw(GAPS)
        dose = draw(doses(n_states, **about_doses)) if kind in (DOSE, RESET_DOSE) else {}
        table.append({"TIME": time, "EVID": kind, **dose})
    return [*table, {"TIME": time + draw(gaps), "EVID": OBSERVE}]


@st.composite
def cases(draw, systems=tuple(OPEN), vary="all", low=0.02, high=0.6, **about_tables):
    """Draw a case; `vary`: what changes between records is "all", "kinetics" (not the doses) or "nothing"."""
    diagram = SYSTEMS[draw(st.sampled_from(systems))]
    n, table = diagram.n_states, draw(tables(diagram.n_states, **about_tables))
    lags = draw(st.sampled_from([(0.0,), (0.0, 0.5, 1.0, 3.0, 13.0)]))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    which = rng.integers(0, 1 if vary == "nothing" else 3, len(table))
    constant = np.zeros_like(which) if vary == "kinetics" else which
    chosen = {"F": (1.0, 0.5), "lag": lags, "duration": (0.5, 2.0, 15.0), "rate": (3.0, 25.0)}
    kinetics = rng.uniform(low, high, (3, diagram.n_rates))
    return Case(
        diagram, table, kinetics[which], {k: rng.choice(v, (3, n))[constant] for k, v in chosen.items()}
    )


def slowest(case):
    """Return the smallest decay rate of any row of a case (1/time)."""
    return min(-np.linalg.eigvals(rate_matrix(case.diagram, k)).real.max() for k in case.rates)
