"""From the adjoint of a stream's events back to that of its records and of the parameters of their doses."""

from __future__ import annotations

import numpy as np

from bayesdose.pk.kernels import Array, inlined, part
from bayesdose.pk.records import DOSE, Records, Routes, compartment_of, dose, is_bolus
from bayesdose.pk.schedule import ADD, BY_DURATION, BY_LAG, Events


@part
def scatter_dose(
    records: Records, routes: Routes, ev: Events, e: int, to_time: float, to_value: float,
    routes_bar: Array, amount_bar: Array,
) -> None:  # fmt: skip
    """Add what an event's time and its dose, or rate, contribute to the adjoints of what they come from."""
    r, row = ev.record[e], ev.source[e]
    c = compartment_of(records, routes, r)
    if ev.role[e] & BY_LAG:
        routes_bar[records.row[r], routes.lag[c]] += to_time
    _, rate, duration = dose(records, routes, r, row)
    to_duration = to_time if ev.role[e] & BY_DURATION else 0.0
    bolus, given = is_bolus(rate, duration), records.rate[r]
    to_amount = to_value if bolus else 0.0
    if not bolus and given == -2.0:
        to_amount = to_value / duration
        routes_bar[row, routes.duration[c]] += to_duration - to_value * rate / duration
    elif not bolus:
        to_amount = to_duration / rate
        if given == -1.0:
            routes_bar[row, routes.rate[c]] += to_value - to_duration * duration / rate
    fraction = routes.fraction[c]
    if fraction >= 0:
        routes_bar[row, fraction] += to_amount * records.amount[r]
        to_amount *= routes.value[row, fraction]
    amount_bar[r] += to_amount


@inlined
def scatter_plain(
    records: Records, routes: Routes, begin: int, end: int, slope: Array, added: Array,
    routes_bar: Array, time_bar: Array, amount_bar: Array,
) -> None:  # fmt: skip
    """Do the same as `scatter` for a stream whose events are its records."""
    for r in range(begin, end):
        e = r - begin
        time_bar[r] += slope[e] - (slope[e + 1] if r + 1 < end else 0.0)
        amount_bar[r] += added[e] if records.kind[r] == DOSE else 0.0
    if routes.value.shape[1] > 0:
        for r in range(begin, end):
            column, row = routes.fraction[compartment_of(records, routes, r)], records.row[r]
            if column >= 0 and records.kind[r] == DOSE:
                routes_bar[row, column] += amount_bar[r] * records.amount[r]
                amount_bar[r] *= routes.value[row, column]


@inlined
def scatter(
    records: Records, routes: Routes, ev: Events, n_events: int, slope: Array, added: Array,
    routes_bar: Array, time_bar: Array, amount_bar: Array,
) -> None:  # fmt: skip
    """Add the adjoints of the events' intervals (`slope`) and amounts (`added`) to those of their records."""
    for e in range(n_events):
        to_time = slope[e] - (slope[e + 1] if e + 1 < n_events else 0.0)
        r = np.uint64(ev.record[e])
        time_bar[r] += to_time
        if ev.kind[e] == ADD:
            if routes.value.shape[1] == 0 and records.rate[r] == 0.0:
                amount_bar[r] += ev.scale[e] * added[e]
            else:
                scatter_dose(records, routes, ev, e, to_time, ev.scale[e] * added[e], routes_bar, amount_bar)
