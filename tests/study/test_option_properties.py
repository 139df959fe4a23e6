"""Options made at random: facts agree with the doses counted one by one, and nothing ends in a traceback."""

import contextlib
import math

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

import bayesdose as bd
from bayesdose.study import after_missed_dose, combine, option_events, read_study, regimens

CARD = bd.Card(
    drug="x",
    source="y",
    compartments=("depot", "central"),
    covariates=[
        bd.Covariate("WT", unit="kg"),
        bd.Covariate("DIAL", varies=True),
        bd.Covariate("FORM", varies=True),
    ],
)
SODIUM = 0.25  # mg per mg

amount = st.sampled_from(["10 mg", "0.02 g", "2 mg/kg", "{a} mg", "{a} mg/kg"])
route = st.sampled_from(
    ["", " over 2 h", " into central", " over 30 h", " over modelled duration", " over {d} h into depot"]
)
repeat = st.sampled_from(
    ["", " every 12 h x 3", " every {tau} h for 2 days", " every 6 h x 4 at steady state"]
)
part = st.tuples(amount, route, repeat).map("".join) | st.sampled_from(
    ["nothing for 5 h", "nothing for {tau} h"]
)
texts = st.lists(part, min_size=1, max_size=3).map(", then ".join)
changes = st.sampled_from(
    [
        None,
        bd.Change("dialysis", {"DIAL": 1}, at="4 h", lasting="3 h"),
        [None, bd.Change("dialysis", {"DIAL": 1}, at=0, lasting=2, every=8, times=3)],
    ]
)
formulations = st.sampled_from(
    [
        None,
        bd.Formulation("salt", contains={"sodium": f"{SODIUM} mg/mg"}, F=0.5, covariates={"FORM": 2}),
        [
            bd.Formulation("tablets", strengths=bd.Strengths(["5 mg"], most=60), rounding="up"),
            bd.Formulation("salt", contains={"sodium": f"{SODIUM} mg/mg"}, into="central"),
        ],
    ]
)


def patient(data):
    gaps = data.draw(st.lists(st.sampled_from([4.0, 12.0]), max_size=4))
    times = np.r_[0.0, np.cumsum(gaps)]
    rows = [{"TIME": t, "AMT": data.draw(st.sampled_from([5, 40])), "EVID": 1} for t in times]
    rows.append({"TIME": times[-1] + data.draw(st.sampled_from([0.0, 3.0])), "AMT": ".", "EVID": 2})
    return read_study(pd.DataFrame(rows).assign(ID=1, DV=".", WT=10, DIAL=0, FORM=1), CARD)


def made(data):
    who = patient(data)
    text = data.draw(texts | st.lists(texts, min_size=1, max_size=2))
    joined = text if isinstance(text, str) else " ".join(text)
    lists = {"a": [3, 7.5], "tau": [8], "d": [1, 3]}
    last = float(who.records["TIME"].iloc[-1])
    start = data.draw(st.sampled_from([last, last + 2.5, [last, last + 7], "08:00", ["20:00", "02:00"]]))
    own = {name: numbers for name, numbers in lists.items() if f"{{{name}}}" in joined}
    return regimens(
        text,
        after=who,
        start=start,
        now="10:00",
        changes=data.draw(changes),
        formulation=data.draw(formulations),
        **own,
    )


def fullest_day(times, amounts, lasting, first):
    """The largest sum of amounts in 24 hours that end with the dose `first` or later, window by window."""
    since, slack = times[first:].min(initial=np.inf), 1e-9
    edges = np.unique(np.r_[times, times + lasting])
    sums = []
    for begin in np.unique(np.r_[edges, edges - 24, edges - 24 + 2 * slack, edges - 2 * slack]):
        end = begin + 24 - slack  # closed at both ends, a hair shorter
        if end < since - 1e-12:
            continue
        ran = np.minimum(end, times + lasting) - np.maximum(begin, times)
        share = np.where(lasting > 0, np.clip(ran / np.where(lasting > 0, lasting, 1), 0, 1), ran >= 0)
        sums.append(float(share @ amounts))
    return max(sums, default=0.0)


@given(data=st.data())
@settings(max_examples=80, deadline=None, derandomize=True)
def test_facts_are_those_of_the_doses(data):
    try:
        options = made(data)
    except bd.InputError:
        return  # two single doses, two options alike, nothing given: said in words
    table, history = options.table, options.history
    labels = table["option"].to_numpy().tolist()
    assert len(set(labels)) == len(labels)
    assert labels[0] == "no treatment"
    for k in range(len(options)):
        own = options.doses[options.doses["option"] == k]
        times, amounts = own["TIME"].to_numpy(), own["AMT"].to_numpy()
        one = {name: table[name].to_numpy()[k] for name in table.data_vars}
        assert (np.diff(times) >= 0).all()
        assert one["n_doses"] == len(np.unique(times))
        assert math.isclose(one["total_amount"], amounts.sum())
        assert (times >= options.start - 1e-9).all() or one["kind"] == "current"
        if not (own["SS"] > 0).any():
            past = history.given(options.until(k))
            both = np.r_[past.time, times], np.r_[past.amount, amounts]
            rate = np.r_[past.rate, own["RATE"]]
            ran = np.where(rate > 0, both[1] / np.where(rate > 0, rate, 1), 0)
            ran[ran <= 6] = 0  # counted when they begin
            expected = fullest_day(*both, ran, len(past.time))
            assert math.isclose(one["max_daily"], expected, abs_tol=1e-6)
            if "load_sodium" in one and one["formulation"] == "salt":
                assert math.isclose(one["load_sodium"], SODIUM * amounts.sum(), abs_tol=1e-9)
                assert math.isclose(one["load_sodium_daily"], SODIUM * one["max_daily"], abs_tol=1e-9)
        if one.get("formulation") == "tablets":
            np.testing.assert_allclose(amounts / 5, np.round(amounts / 5))
        if len(times):
            start, end = options.window(k, -1)
            assert start == times[-1] < end <= options.horizon + 1e-9 or one["kind"] == "current"


@given(data=st.data())
@settings(max_examples=40, deadline=None, derandomize=True)
def test_streams_follow_the_changes(data):
    try:
        options = made(data)
    except bd.InputError:
        return
    grid = np.linspace(options.start, options.horizon, 7)
    times, sides = (
        [grid] * len(options),
        [data.draw(st.sampled_from([np.ones(7), -np.ones(7)])).astype(int)] * len(options),
    )
    arrays = option_events(options, times, sides)
    starts = arrays["stream_start"].to_numpy()
    for k in range(len(options)):
        here = slice(starts[k], starts[k + 1])
        time, kind = (arrays[n].to_numpy()[here] for n in ("record_time", "record_kind"))
        assert (np.diff(time) >= 0).all()
        for name, before in (("DIAL", 0.0), ("FORM", 1.0)):
            value, steps = arrays[name].to_numpy()[here], options.way(k).steps.get(name)
            if steps is None:
                assert (value == before).all()
                continue
            assert set(steps.times) <= set(time)
            for t, v, what in zip(time, value, kind, strict=True):
                known = [x for at, x in zip(steps.times, steps.value, strict=True) if at < t]
                if t not in steps.times:
                    assert v == (known[-1] if known else before), (t, name, what)


@given(data=st.data())
@settings(max_examples=25, deadline=None, derandomize=True)
def test_options_put_together_are_what_they_were(data):
    who = patient(data)
    late = data.draw(st.sampled_from([0.0, 5.0, 30.0]))
    sets = []
    with contextlib.suppress(bd.InputError):
        sets.append(after_missed_dose(who, late=late))
    last = float(who.records["TIME"].iloc[-1])
    sets.append(regimens("{a} mg every 8 h x 4", after=who, a=[1, 2], start=last + 1))
    sets.append(regimens("7 mg", after=who, start=last + 40, current=False, changes=data.draw(changes)))
    both = combine(*sets)
    labels = both.table["option"].to_numpy().tolist()
    for one in sets:
        for k, label in enumerate(one.table["option"].to_numpy().tolist()):
            if one.table["kind"].to_numpy()[k] == "candidate":
                at = labels.index(label)
                np.testing.assert_array_equal(both.future(at)["TIME"], one.future(k)["TIME"])
                np.testing.assert_array_equal(both.future(at)["AMT"], one.future(k)["AMT"])
                assert both.until(at) == one.until(k)
                assert both.window(at, -1) == one.window(k, -1)
    assert labels.count("no treatment") == 1
