"""What holds for every event table: functions that check one case, each with what draws its cases.

`PROPERTIES` lists them by name; `make test` draws a few tables for each, `make calibrate` thousands.
"""

from dataclasses import replace

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from pk.event_tables import (
    CLOSED,
    DOSE,
    OBSERVE,
    OTHER,
    RESET,
    RESET_DOSE,
    SYSTEMS,
    Case,
    cases,
    kernel,
    slowest,
    twin,
)

PROPERTIES = {}
GIVES = (DOSE, RESET_DOSE)
RESETS = (RESET, RESET_DOSE)
shares = st.floats(0.05, 0.95)


def prop(*strategies):
    """Register a check with what it takes."""

    def register(check):
        PROPERTIES[check.__name__] = (check, strategies)
        return check

    return register


def same(found, expected, rtol=1e-9, atol=1e-9):
    """Compare amounts (mg); doses are 10 to 100 mg."""
    assert_allclose(found, expected, rtol=rtol, atol=atol)


def original(case):
    """Return which records of a case were not inserted."""
    return [not r.get("new") for r in case.table]


def pick(case, wanted, share):
    """Return the position of one of the records that are wanted; the case is void without one."""
    found = [k for k, r in enumerate(case.table) if wanted(r)]
    assume(found)
    return found[int(share * len(found))]


@prop(cases())
def equals_the_twin(case):
    same(kernel(case), twin(case))


@prop(cases())
def equals_itself_without_the_eigenbasis(case):
    """By the matrix exponential alone, as where eigenvalues meet."""
    same(kernel(case), kernel(case, modal=False))


@prop(cases())
def additional_doses_are_explicit_rows(case):
    """Each before the first record at or after its time, with that record's row but its initiator's lag."""
    to_come = []
    for k, r in enumerate(case.table):
        for n in range(1, r.get("ADDL", 0) + 1):
            time = r["TIME"] + n * r["II"]
            at = case.argument(k, time)
            if at is not None:
                to_come.append((at, time, k))
    made = case.with_table([r | {"ADDL": 0} for r in case.table])
    for at, time, k in sorted(to_come, reverse=True):
        one = case.table[k] | {"TIME": time, "EVID": DOSE, "ADDL": 0, "SS": 0, "new": True}
        made = made.insert(at, one, at, lag=case.doses["lag"][k])
    same(kernel(made)[original(made)], kernel(case))


@prop(cases(), st.sampled_from([64.0, -37.5, 1024.0]))
def only_differences_of_time_matter(case, shift):
    later = case.with_table([r | {"TIME": r["TIME"] + shift} for r in case.table])
    same(kernel(later), kernel(case))


@prop(cases(), st.floats(1e-2, 1e2))
def linear_in_the_doses(case, factor):
    """Amounts and rates times a factor; durations stay."""
    table = [
        r | {"AMT": r["AMT"] * factor, "RATE": r["RATE"] * (factor if r["RATE"] > 0 else 1)}
        if r["EVID"] in GIVES
        else r
        for r in case.table
    ]
    more = replace(case, table=table, doses=case.doses | {"rate": case.doses["rate"] * factor})
    same(kernel(more), factor * kernel(case), atol=1e-9 * max(1.0, factor))


def emptied(record):
    """Return a dose record without its dose; what it resets it still resets."""
    wipes = record["EVID"] == RESET_DOSE or record["SS"] == 1
    return {"TIME": record["TIME"], "EVID": RESET if wipes else OTHER}


@prop(cases(), st.integers(0, 2**9 - 1))
def doses_superpose(case, which):
    first = [bool(which >> (k % 9) & 1) for k in range(len(case))]
    parts = [
        case.with_table([
            r if r["EVID"] not in GIVES or first[k] == part else emptied(r) for k, r in enumerate(case.table)
        ])
        for part in (True, False)
    ]  # fmt: skip
    same(sum(kernel(part) for part in parts), kernel(case))


@prop(cases(vary="nothing", gaps=st.sampled_from([1.0, 2.5, 4.0]), steady=(0,), rates=(0,)))
def a_short_infusion_is_nearly_a_bolus(case):
    """To first order in its duration; to second order, a bolus at its middle.

    No dose arrives within a quarter of an hour of a record.
    """

    def solved(rate, duration, lag):
        table = [r | {"RATE": rate} if r["EVID"] in GIVES else r for r in case.table]
        everywhere = np.ones_like(case.doses["lag"])
        doses = case.doses | {"duration": duration * everywhere, "lag": lag * everywhere}
        return kernel(replace(case, table=table, doses=doses))

    def error(duration, lag):
        return np.abs(solved(-2, duration, 0.25) - solved(0, duration, lag)).sum()

    h = 2.0**-5
    assume(error(h, 0.25) > 1e-3)
    assert 1.9 < error(h, 0.25) / error(h / 2, 0.25) < 2.1
    assert 3.8 < error(h, 0.25 + h / 2) / error(h / 2, 0.25 + h / 4) < 4.2


@prop(cases(vary="kinetics", steady=(0, 0, 0, 2), rates=(5.0, 20.0, 1.5)), shares, shares)
def a_split_infusion_is_the_whole(case, share, where):
    """A part of the amount, and the rest from when that has run in."""
    k = pick(case, lambda r: r["EVID"] in GIVES and not r["SS"] and not r["ADDL"], where)
    r = case.table[k]
    to = r["CMT"] - 1 if r["CMT"] else case.diagram.dose_compartment
    change = r["TIME"] + share * r["AMT"] * case.doses["F"][k, to] / r["RATE"]
    made = case.but(k, AMT=share * r["AMT"])
    at = case.argument(k, change)
    if at is not None:
        rest = r | {"TIME": change, "EVID": DOSE, "AMT": (1 - share) * r["AMT"], "new": True}
        made = made.insert(at, rest, at)
    same(kernel(made)[original(made)], kernel(case))


@prop(cases(vary="kinetics", steady=(0, 1, 1), low=0.1), shares)
def steady_state_is_fifty_doses(case, where):
    """Where it has converged by then: after a reset, and up to a record of the steady state's row."""
    k = pick(case, lambda r: r.get("SS") == 1 and r["AMT"] > 0, where)
    r = case.table[k]
    assume(50 * r["II"] * slowest(case) > 25)
    begin = r["TIME"] - 50 * r["II"]
    made = case.but(k, EVID=OTHER, SS=0, ADDL=0)
    series = r | {"TIME": begin, "EVID": DOSE, "SS": 0, "ADDL": 50 + r["ADDL"], "new": True}
    made = made.insert(k, series, k).insert(k, {"TIME": begin, "EVID": RESET, "new": True}, k)
    same(kernel(made)[original(made)], kernel(case), rtol=1e-8, atol=1e-8)


@prop(cases(steady=(0, 1)), shares)
def steady_state_adds_to_nothing_after_a_reset(case, where):
    k = pick(case, lambda r: r.get("SS") == 1, where)
    reset = {"TIME": case.table[k]["TIME"], "EVID": RESET, "new": True}
    made = case.but(k, SS=2, EVID=DOSE).insert(k, reset, k)
    same(kernel(made)[original(made)], kernel(case), rtol=1e-13)


@prop(cases(), shares)
def what_cancels_is_a_new_beginning(case, where):
    """After a reset, or a steady state that resets, nothing before it matters."""
    k = pick(case, lambda r: r["EVID"] in RESETS or r.get("SS") == 1, where)
    rest = Case(case.diagram, case.table[k:], case.rates[k:], {n: v[k:] for n, v in case.doses.items()})
    same(kernel(rest), kernel(case)[k:], rtol=1e-12)


@prop(cases(), shares, shares)
def a_record_that_does_nothing_changes_nothing(case, where, share):
    """Anywhere in an interval, its ends included, with the row of the record that closes the interval."""
    k = 1 + int(where * (len(case) - 1))
    assume(case.table[k]["EVID"] not in RESETS)
    before, after = (case.table[i]["TIME"] for i in (k - 1, k))
    for time in (before + share * (after - before), before, after):
        made = case.insert(k, {"TIME": time, "EVID": OTHER, "new": True}, k)
        same(kernel(made)[original(made)], kernel(case))


@prop(cases(steady=(0,), rates=(0, 5.0)), shares)
def a_dose_without_lag_acts_in_its_place(case, where):
    """A bolus adds F AMT to its compartment, an infusion nothing yet, and a record above does not see it."""
    case = replace(case, doses=case.doses | {"lag": np.zeros_like(case.doses["lag"])})
    k = pick(case, lambda r: r["EVID"] == DOSE, where)
    r, made = case.table[k], case.insert(k, {"TIME": case.table[k]["TIME"], "EVID": OBSERVE}, k)
    to = r["CMT"] - 1 if r["CMT"] else case.diagram.dose_compartment
    jump = np.zeros(case.diagram.n_states)
    jump[to] = 0.0 if r["RATE"] else case.doses["F"][k, to] * r["AMT"]
    x = kernel(made)
    same(x[k + 1] - x[k], jump)


def entered(case, k):
    """Return what entered the body until record k acted, since the last reset; no steady states, no SS."""
    first = max([i for i in range(k + 1) if case.table[i]["EVID"] in RESETS], default=0)
    now, total = case.table[k]["TIME"], 0.0
    for i in range(first, k + 1):
        r = case.table[i]
        for n in range(r.get("ADDL", 0) + 1) if r["EVID"] in GIVES else ():
            c = r["CMT"] - 1 if r["CMT"] else case.diagram.dose_compartment
            F, lag, D, R = (case.doses[role][i, c] for role in ("F", "lag", "duration", "rate"))
            start = r["TIME"] + lag + n * r.get("II", 0.0)
            at_once = i == k and lag == 0 and n == 0
            if start > now or (i == k and not at_once):
                continue
            rate = {0: np.inf, -1: R, -2: F * r["AMT"] / D}.get(r["RATE"], r["RATE"])
            total += F * r["AMT"] if rate == np.inf else min(F * r["AMT"], rate * (now - start))
    return total


@prop(cases(systems=tuple(CLOSED), vary="kinetics", steady=(0,)))
def mass_is_balanced(case):
    """What left is in a sink: all that entered since the last reset is somewhere."""
    same(kernel(case).sum(axis=1), [entered(case, k) for k in range(len(case))])


TO_THE_END = st.sampled_from([OBSERVE, DOSE, DOSE, OTHER])


@prop(cases(systems=("area",), vary="nothing", low=0.1, steady=(0,), kinds=TO_THE_END))
def area_is_dose_over_clearance(case):
    """A copied flow of rate 1 integrates the central amount: in the end F AMT / k, whatever the schedule."""
    rates = case.rates.copy()
    rates[:, 4] = 1.0
    table = [r | {"CMT": min(r["CMT"], 3)} if r["EVID"] in GIVES else r for r in case.table]
    table[-1] = {"TIME": table[-2]["TIME"] + 3000.0, "EVID": OBSERVE}
    case = Case(case.diagram, table, rates, case.doses)
    assume(slowest(replace(case, diagram=SYSTEMS["two"], rates=rates[:, :4])) > 0.02)
    same(kernel(case)[-1, 3], entered(case, len(case) - 1) / rates[0, 1], rtol=1e-9)


@prop(st.lists(cases(systems=("two",)), min_size=1, max_size=4))
def streams_do_not_touch_each_other(several):
    same(kernel(*several), np.concatenate([kernel(case) for case in several]), rtol=1e-13, atol=1e-13)
