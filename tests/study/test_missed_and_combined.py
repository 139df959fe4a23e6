"""What can be done about a missed dose; options put together."""

import numpy as np
import pandas as pd
import pytest

import bayesdose as bd
from bayesdose.study import after_missed_dose, combine, option_events, read_study, regimens

CARD = bd.Card(drug="x", source="y", covariates=[bd.Covariate("DIAL", varies=True)])


def patient(*rows):
    known = pd.DataFrame([{"EVID": 1, "RATE": 0, "II": 0, "ADDL": 0, **row} for row in rows])
    return read_study(known.assign(ID="1", DV=".", DIAL=0), CARD)


@pytest.fixture
def treated():
    return patient(*({"TIME": t, "AMT": 100} for t in (0, 12, 24)), {"TIME": 30, "AMT": ".", "EVID": 2})


def course(options, label):
    k = options.table["option"].to_numpy().tolist().index(label)
    part = options.doses[options.doses["option"] == k]
    return part["TIME"].tolist(), part["AMT"].tolist()


def test_a_dose_is_five_hours_late(treated):
    o = after_missed_dose(treated, late="5 h", doses=2)  # it was due at 36
    assert o.start == 41
    assert o.horizon == 72
    assert {name: course(o, name) for name in o.table["option"].to_numpy()} == {
        "no treatment": ([], []),
        "skip the missed dose": ([48, 60], [100, 100]),
        "take it now": ([41, 48, 60], [100, 100, 100]),
        "take half of it now": ([41, 48, 60], [50, 100, 100]),
        "double the next dose": ([48, 60], [200, 100]),
        "take it now and move the schedule": ([41, 53, 65], [100, 100, 100]),
    }
    assert o.table["kind"].to_numpy().tolist() == ["none", "current"] + ["candidate"] * 4
    assert o.table["max_daily"].to_numpy().tolist() == [0, 200, 300, 250, 300, 200]
    assert o.window(5, -1) == (65, 72)


def test_two_doses_were_missed(treated):
    o = after_missed_dose(treated, late=13, doses=1)  # at 36 and 48
    assert course(o, "take it now") == ([49, 60], [100, 100])
    assert course(o, "take it now and move the schedule") == ([49, 61], [100, 100])


def test_ordered_doses_that_were_missed_are_not_given():
    who = patient(
        {"TIME": 0, "AMT": 60, "RATE": 30, "II": 12, "ADDL": 9}, {"TIME": 30, "AMT": ".", "EVID": 2}
    )
    o = after_missed_dose(who, late=2, doses=1)
    assert course(o, "take half of it now") == ([38, 48], [30, 60])
    half = o.doses[o.doses["option"] == 3]
    assert (half["AMT"] / half["RATE"]).tolist() == [2, 2]
    arrays = option_events(o, [np.zeros(0)] * 6, [np.zeros(0)] * 6)
    given = arrays["record_additional"].to_numpy()[arrays["record_time"].to_numpy() == 0]
    assert given.tolist() == [2] * 6  # at 12 and 24, under every option


@pytest.mark.parametrize(
    ("arguments", "said"),
    [({"late": -7}, "no dose was missed"), ({"late": "soon"}, "not a quantity"), ({"doses": 0}, "doses=")],
)
def test_what_was_not_missed(arguments, said, treated):
    with pytest.raises(bd.InputError, match=said):
        after_missed_dose(treated, **arguments)


def test_without_a_regimen_nothing_is_missed():
    with pytest.raises(bd.InputError, match="no regimen of which a dose could be missed"):
        after_missed_dose(patient({"TIME": 0, "AMT": 100}), late=3)


def test_options_are_put_together(treated):
    salt = bd.Formulation("salt", contains={"sodium": "0.1 mg/mg"})
    a = regimens("{a} mg every 12 h x 4", after=treated, a=[10, 20])
    b = regimens("{b} mg every 24 h x 3", after=treated, b=[30], start=40, formulation=salt)
    c = regimens("5 mg", after=treated, changes=bd.Change("dialysis", {"DIAL": 1}), start=48, current=False)
    both = combine(a, b, c)
    names = both.table["option"].to_numpy().tolist()
    assert names == [
        "10 mg every 12 h x 4",
        "20 mg every 12 h x 4",
        "no treatment",
        "current regimen",
        "30 mg every 24 h x 3",
        "5 mg",
    ]
    assert (both.start, both.horizon) == (36, 112)
    assert both.times(3)[-1] == 108
    assert [both.until(k) for k in range(6)] == [36, 36, 40, 30, 40, 48]
    np.testing.assert_array_equal(both.table["a"], [10, 20, *[np.nan] * 4])
    np.testing.assert_array_equal(both.table["load_sodium"], [np.nan, np.nan, 0, 70, 9, np.nan])
    assert both.table["cov_DIAL"].to_numpy().tolist() == [0, 0, 0, 0, 0, 1]
    assert both.way(5).steps["DIAL"].times.tolist() == [48]
    assert both.future(4)["TIME"].tolist() == [40, 64, 88]


def test_what_cannot_be_put_together(treated):
    a = regimens("10 mg", after=treated)
    with pytest.raises(bd.InputError, match="two options are the same"):
        combine(a, regimens("10 mg", after=treated))
    with pytest.raises(bd.InputError, match="different tables"):
        combine(a, regimens("11 mg", after=patient({"TIME": 0, "AMT": 100}), start=36))
    with pytest.raises(bd.InputError, match="different occasions"):
        combine(a, regimens("11 mg", after=treated, occasion="same"))
    with pytest.raises(bd.InputError, match="per different WT"):
        combine(*(regimens(f"{k} mg/kg", after=treated, sizes={"WT": f"{k} kg"}) for k in (50, 60)))
    with pytest.raises(bd.InputError, match="needs options"):
        combine()
