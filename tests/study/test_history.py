"""Histories with orders (ADDL), steady state, infusions and several routes, and what options make of them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bayesdose as bd
from bayesdose.study import events, option_events, read_study, regimens, sampled
from bayesdose.study.history import History

CARD = bd.Card(drug="x", source="y", compartments=("depot", "central"))
COLUMNS = ["TIME", "EVID", "AMT", "RATE", "II", "ADDL", "SS", "CMT", "DV"]


def patient(*rows, card=CARD, more=()):
    cells = [row.split() for row in rows]
    return read_study(pd.DataFrame(cells, columns=[*COLUMNS, *more]).assign(ID="1"), card)


def level(time, *more):
    return " ".join([f"{time} 0 . . . . . . 5", *more])


def course(options, k):
    part = options.doses[options.doses["option"] == k]
    return part["TIME"].tolist(), part["AMT"].tolist()


def stream(options, option, times=()):
    """What one option's stream gives: (time, amount, additional doses) of each dose record."""
    at = np.asarray(times, float)
    arrays = option_events(options, [at], [np.ones(len(at), int)], only=[option])
    dose = arrays["record_kind"].to_numpy() == 1
    names = ("record_time", "record_amount", "record_additional")
    return list(zip(*(arrays[n].to_numpy()[dose].tolist() for n in names), strict=True))


ORDER = "0 1 100 0 12 9 0 1 ."  # 0, 12, ... 108


def test_an_order_counts_as_doses_of_the_regimen():
    o = regimens("50 mg every 24 h x 2", after=patient("0 1 100 0 12 3 0 1 .", level(40)))
    assert (o.start, o.history.interval) == (48, 12)
    assert course(o, 1) == ([48, 60, 72, 84], [100] * 4)
    assert o.history.given_times.tolist() == [0, 12, 24, 36]
    assert stream(o, 2) == [(0, 100, 3), (48, 50, 0), (72, 50, 0)]
    assert o.table["max_daily"].to_numpy().tolist() == [0, 200, 150]  # 100 at 36 and 50 at 48


def test_an_order_that_goes_on_ends_where_the_options_start():
    o = regimens("50 mg every 24 h x 2", after=patient(ORDER, level(30)))
    assert (o.start, o.history.due, o.history.interval) == (36, 36, 12)
    assert stream(o, 0) == [(0, 100, 2)]  # no treatment: no more doses
    assert stream(o, 2) == [(0, 100, 2), (36, 50, 0), (60, 50, 0)]
    # the current regimen goes on with it, as doses of its own, to the end of the longest option
    assert course(o, 1) == ([36, 48, 60, 72], [100] * 4)
    assert stream(o, 1) == [(0, 100, 2), *((t, 100, 0) for t in (36, 48, 60, 72))]
    assert o.window(1, -1) == (72, 84)


def test_an_order_is_given_until_a_later_start():
    who = patient(ORDER, level(30))
    for start, given_then in ((50, 4), (48, 3), (47.9, 3), (200, 9)):
        o = regimens("50 mg every 24 h x 2", after=who, start=start)
        assert stream(o, 0) == [(0, 100, given_then)]
        assert stream(o, 2)[0] == (0, 100, given_then)
        assert stream(o, 1)[0] == (0, 100, 2)
        assert course(o, 1)[0][0] == 36
    assert regimens("50 mg every 24 h x 2", after=who, start=50).table["max_daily"].to_numpy()[-1] == 250
    # at 200 the order is over, but its current regimen is not
    assert course(regimens("50 mg", after=who, start=200), 1)[0][-1] == 204


def test_a_dose_due_at_the_last_record_was_given():
    o = regimens("50 mg", after=patient(ORDER, level(24)))
    assert (o.start, o.until(1)) == (36, 24)
    assert stream(o, 0) == [(0, 100, 2)]
    assert stream(regimens("50 mg", after=patient(ORDER, level(24)), start=24), 0) == [(0, 100, 2)]


def test_times_that_only_rounding_tells_apart():
    o = regimens("50 mg", after=patient("0 1 100 0 0.1 9 0 1 .", level(0.05)), start=0.3)
    assert stream(o, 0) == [(0, 100, 2)]  # 3 x 0.1 is above 0.3


def test_two_orders_go_on_side_by_side():
    who = patient("8 1 100 0 24 5 0 1 .", "20 1 50 0 24 5 0 1 .", level(30))
    o = regimens("10 mg every 12 h x 4", after=who)
    assert (o.start, o.history.interval) == (32, 12)
    assert course(o, 1) == ([32, 44, 56, 68], [100, 50, 100, 50])
    assert o.table["max_daily"].to_numpy()[1] == 150


@pytest.mark.parametrize("end", ["20 3 . . . . . . .", "20 4 30 0 0 0 0 1 .", "20 1 30 0 24 0 1 1 ."])
def test_a_reset_and_a_new_steady_state_end_an_order(end):
    o = regimens("50 mg", after=patient(ORDER, end, level(30)), start=40)
    assert not len(o.history.ordered)
    assert (o.history.given_times < 20).sum() == 2
    assert stream(o, 0)[0] == (0, 100, 9)  # the reset itself ends it


def test_a_steady_state_tells_what_was_given_before():
    o = regimens("50 mg every 12 h x 2", after=patient("0 1 100 0 12 0 1 1 .", level(11)))
    assert (o.start, o.history.interval) == (12, 12)
    assert o.history.given_times.tolist() == [-24, -12, 0]
    assert o.table["max_daily"].to_numpy().tolist() == [0, 200, 150]
    both = patient("0 1 100 0 24 0 1 1 .", "12 1 50 0 24 0 2 1 .", level(13))
    assert History.of(both).given_times.tolist() == [-48, -36, -24, -12, 0, 12]
    assert History.of(both).interval == 12
    earlier = patient("0 1 7 0 0 0 0 1 .", "1 1 100 0 12 0 1 1 .", level(13))
    assert 7 not in History.of(earlier).given(13).amount


def test_a_constant_infusion_counts_its_last_day():
    history = History.of(patient("0 1 0 5 0 0 1 2 .", level(1)))
    assert (history.given(1).time.tolist(), history.given(1).amount.tolist()) == ([0], [120])
    assert history.interval is None
    o = regimens("10 mg", after=patient("0 1 0 5 0 0 1 2 .", level(1)))
    assert o.table["max_daily"].to_numpy().tolist() == [0, 130]


def test_the_current_regimen_keeps_rate_and_compartment():
    o = regimens("50 mg", after=patient("0 1 100 25 12 3 0 2 .", level(40)), start=48)
    now = o.doses[o.doses["option"] == 1]
    assert now["TIME"].tolist() == [48]
    assert now[["AMT", "RATE", "CMT", "SS", "II"]].to_numpy().tolist() == [[100, 25, 2, 0, 0]]
    assert o.breaks(1).tolist() == [48, 52]
    modelled = regimens("50 mg", after=patient("0 1 100 -2 12 9 0 2 .", level(30)))
    assert modelled.doses["RATE"].tolist() == [-2, 0]


def test_two_routes_at_one_time_stay_two_doses():
    rows = [
        f"{t} 1 {a} {r} 0 0 0 {c} ." for t in (0, 12, 24) for a, r, c in ((8, 0, 1), (4, 2, 2), (2, 0, 1))
    ]
    o = regimens("5 mg", after=patient(*rows, level(30)))
    now = o.doses[o.doses["option"] == 1]
    assert now[["TIME", "AMT", "RATE", "CMT"]].to_numpy().tolist() == [[36, 10, 0, 1], [36, 4, 2, 2]]
    assert o.times(1).tolist() == [36]
    assert o.window(1, -1) == (36, 48)
    one = o.table.isel(option=1)
    assert (one["n_doses"], one["max_single"], one["max_daily"], one["n_steps"]) == (1, 14, 28, 1)


def test_infusions_of_the_history_still_running_are_breaks():
    o = regimens("5 mg every 8 h x 2", after=patient("0 1 100 5 0 0 0 2 .", level(4)), start=10)
    assert o.breaks(0).tolist() == [20]  # it is let run out
    assert o.breaks(1).tolist() == [10, 18, 20]
    ordered = regimens("5 mg", after=patient("0 1 100 25 8 5 0 2 .", level(4)), start=18)
    assert ordered.breaks(0).tolist() == [20]  # that of 16
    long = regimens("5 mg", after=patient("0 1 60 2 12 0 1 2 .", level(4)), start=5)
    assert long.breaks(0).tolist() == [6, 18, 30]  # 30 h each, every 12 h: three run at a time


def test_sampling_goes_on_with_an_order():
    arrays = sampled(patient(ORDER, level(30)), [200.0])
    assert arrays["record_additional"].to_numpy().tolist() == [9, 0]


VARYING = bd.Card(drug="x", source="y", covariates=[bd.Covariate("WT", unit="kg", varies=True)])


@pytest.mark.parametrize(
    ("carry", "expected"),
    [("nocb", [60, 60, 61, 61, 63, 63, 64]), ("locf", [60, 60, 60, 60, 61, 61, 64])],
)
def test_a_sample_takes_the_row_of_its_time_or_the_next(carry, expected):
    card = bd.Card(drug="x", source="y", covariates=[bd.Covariate("WT", unit="kg", varies=True, carry=carry)])
    rows = "0 1 9 0 0 0 0 0 . 60", level(10, "61"), "20 1 9 0 0 0 0 0 . 63", "30 2 . . . . . . . 64"
    study = patient(*rows, card=card, more=["WT"])
    arrays = sampled(study, [0, 5, 10, 15, 20, 50])
    at = arrays["record_time"].to_numpy()
    assert at.tolist() == [0, 0, 5, 10, 10, 15, 20, 20, 30, 50]
    # as in the table itself: the records there have what `events` says
    own = np.isin(arrays["record_kind"], (1, 2))
    np.testing.assert_array_equal(arrays["WT"].to_numpy()[own], events(study)["WT"])
    sample = arrays["WT"].to_numpy()[arrays["observation_record"].to_numpy()].tolist()
    nocb, locf = [60, 61, 61, 63, 63, 64], [60, 60, 60, 61, 61, 64]
    assert sample == (nocb if carry == "nocb" else locf)
    o = regimens("5 mg every 12 h x 2", after=study, start=40)
    future = option_events(o, [np.array([45.0])] * 2, [np.array([1])] * 2)
    assert (future["WT"].to_numpy()[future["record_time"].to_numpy() >= 40] == 64).all()


def test_occasions_are_carried_into_the_future():
    rows = "0 1 9 0 0 0 0 0 . 1", level(10, "1"), "20 1 9 0 0 0 0 0 . 2", level(30, "2")
    arrays = sampled(patient(*rows, more=["OCC"]), [5, 15, 40])
    assert arrays["record_time"].to_numpy().tolist() == [0, 5, 10, 15, 20, 30, 40]
    assert arrays["record_occasion"].to_numpy().tolist() == [1, 1, 1, 2, 2, 2, 2]
    assert arrays["record_occasion"].dtype == np.int64


orders = st.tuples(
    st.sampled_from([0.0, 6.0, 12.0]),  # after the dose before
    st.sampled_from([1.0, 2.0, 5.0]),
    st.sampled_from([0.0, 0.5, -2.0]),
    st.sampled_from([4.0, 12.0]),
    st.integers(0, 5),
    st.sampled_from(["1", "1", "1", "4"]),
)


@given(
    table=st.lists(orders, min_size=1, max_size=4),
    now=st.sampled_from([0.0, 3.0, 12.0, 40.0]),
    data=st.data(),
)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_additional_doses_are_the_doses_one_by_one(table, now, data):
    at = np.cumsum([gap for gap, *_ in table])
    rows = [
        (t, evid, amount, rate, every, n)
        for t, (_, amount, rate, every, n, evid) in zip(at.tolist(), table, strict=True)
    ]
    last = at[-1] + now
    short = [f"{t} {e} {a} {r} {i if n else 0} {n} 0 1 ." for t, e, a, r, i, n in rows]
    resets = [t for t, e, *_ in rows if e == "4"]
    long = []
    for k, (t, e, a, r, i, n) in enumerate(rows):
        ends = [s for j, s in enumerate(at.tolist()) if j > k and rows[j][1] == "4"]
        times = [t + j * i for j in range(n + 1) if t + j * i <= min([last, *ends])]
        long += [(x, x != t, k, f"{x} {e if x == t else 1} {a} {r} 0 0 0 1 .") for x in times]
    # an additional dose acts before a record at its time
    long = [row for *_, row in sorted(long, key=lambda d: (d[0], not d[1], d[2]))]
    one, many = (History.of(patient(*r, level(last))) for r in (short, long))
    given_one, given_many = one.given(last), many.given(last)
    order = [np.lexsort((d.amount, d.rate, d.time)) for d in (given_one, given_many)]
    for name in ("time", "amount", "rate", "compartment"):
        np.testing.assert_allclose(
            getattr(given_one, name)[order[0]], getattr(given_many, name)[order[1]], err_msg=str(resets)
        )
    if not len(one.ordered):
        assert one.interval == pytest.approx(many.interval)
    start = last + data.draw(st.sampled_from([0.0, 5.0, 30.0]))
    o = regimens("3 mg every 6 h x 2", after=one.patient, start=start, current=True)
    ahead = one.given(start).time[one.given(start).time > last]
    assert (ahead < start).all()
    if "current regimen" in o.table["option"].to_numpy():
        assert (o.times(1) >= last).all()
        assert (o.times(1)[:1] <= max(one.due, last)).all()
