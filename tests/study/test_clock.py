"""Clock times and dates become times since the subject's first record."""

from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bayesdose as bd
from bayesdose.study import TableError, read_study

CARD = bd.Card(drug="x", source="y")
DAYS = bd.Card(drug="x", source="y", units=bd.Units(time="day"))


def times(*rows, names=("TIME",), card=CARD):
    """TIME of a subject whose records have these cells; a row that starts with an ID opens a subject."""
    cells = [row.split(",") for row in rows]
    frame = pd.DataFrame([c[-len(names) :] for c in cells], columns=list(names))
    frame.insert(0, "ID", [c[0] if len(c) > len(names) else "1" for c in cells])
    frame["AMT"] = np.where(~frame["ID"].duplicated(), "9", ".")
    frame["DV"] = np.where(frame["AMT"] == ".", "3", ".")
    return read_study(frame, card).records["TIME"].tolist()


def test_the_example_of_the_nonmem_help_on_time():
    assert times("8:00", "14:45", "14.75") == [0, 6.75, 6.75]


def test_the_example_of_the_nonmem_help_on_date():
    rows = "1,10-1-86,9:15", "1,10-1-86,14:40", "1,10-2-86,8:30", "2,10-12-86,8", "2,10-14-86,10"
    assert times(*rows, names=("DATE", "TIME")) == [0, 5 + 25 / 60, 23.25, 0, 50]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (("08:30", "08:30:36", "20:30"), [0, 0.01, 12]),
        (("08:30 am", "8:30 PM", "11:59p.m."), [0, 12, 15 + 29 / 60]),
        (("12:15 am", "12:15 pm"), [0, 12]),
        (("22:00", "25:30"), [0, 3.5]),  # without a date hours may count on
        (("2024-02-28 22:00", "2024-03-01T01:00:00"), [0, 27]),
        (("2024-02-28 22:00+01:00", "2024-02-28 22:00Z"), [0, 1]),
    ],
)
def test_times_of_day_and_moments(rows, expected):
    assert times(*rows) == expected


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        ("DATE", "2/28/2024", "3/1/2024"),
        ("DATE", "2024-02-28", "2024-03-01"),
        ("DAT1", "28.02.2024", "1.3.2024"),
        ("DAT1", "2024-02-28", "2024-03-01"),
        ("DAT2", "24/02/28", "24/03/01"),
        ("DAT3", "2024-28-02", "2024-01-03"),
        ("DATE", "1", "3"),
        ("DATE", "-1", "1"),
    ],
)
def test_the_order_of_a_date_is_the_name_of_its_column(name, first, second):
    assert times(f"{first},23:00", f"{second},1:00", names=(name, "TIME")) == [0, 26]


def test_years_of_two_digits_turn_at_50():
    assert times("12/31/99,23:00", "1/1/00,1:00", names=("DATE", "TIME")) == [0, 2]
    with pytest.raises(TableError, match="time runs back"):
        times("12/31/50,0:00", "1/1/51,0:00", names=("DATE", "TIME"))  # 2050, then 1951


def test_a_date_that_never_changes_leaves_times_as_they_are():
    assert times("5,2020-01-01", "30,2020-01-01", names=("TIME", "DATE")) == [5, 30]
    assert times("5,Monday", "30,Monday", names=("TIME", "DATE")) == [5, 30]


def test_hours_of_the_day_beside_dates():
    assert times("2024-01-31,20", "2024-02-01,8.5", names=("DATE", "TIME")) == [0, 12.5]


def test_the_unit_is_that_of_the_card():
    assert times("8:00", "20:00", card=DAYS) == [0, 0.5]


def test_each_subject_starts_at_0():
    assert times("1,8:00", "1,9:00", "2,7:00", "2,9:00") == [0, 1, 0, 2]


def test_intervals_with_a_colon_are_hours():
    rows = pd.DataFrame(
        [["1", "0", "9", ".", "1:30", "2"], ["1", "1", "9", ".", "1.30", "2"]],
        columns=["ID", "TIME", "AMT", "DV", "II", "ADDL"],
    )
    assert read_study(rows, CARD).records["II"].tolist() == [1.5, 1.3]
    assert read_study(rows, DAYS).records["II"].tolist() == [0.0625, 1.3]


def test_a_data_frame_of_datetimes():
    frame = pd.DataFrame(
        {
            "ID": 1,
            "TIME": pd.to_datetime(["2024-01-31 08:30", "2024-01-31 20:30", "2024-02-01 00:00"]),
            "AMT": [9, np.nan, np.nan],
            "DV": [np.nan, 3, 3],
        }
    )
    assert read_study(frame, CARD).records["TIME"].tolist() == [0, 12, 15.5]
    frame["DATE"] = frame["TIME"].dt.normalize()
    frame["TIME"] = ["8:30", "20:30", "0:00"]
    assert read_study(frame, CARD).records["TIME"].tolist() == [0, 12, 15.5]


def test_a_missing_time_is_told_once_and_spoils_no_other():
    frame = pd.DataFrame({"ID": "1", "TIME": [".", "8:00", "9:00"], "AMT": [9, ".", "."], "DV": [".", 3, 3]})
    with pytest.raises(TableError) as caught:
        read_study(frame, CARD)
    assert [(f.row, f.problem) for f in caught.value.findings] == [(2, "the time is missing")]


moments = st.datetimes(datetime(1951, 1, 1), datetime(2049, 12, 31)).map(lambda t: t.replace(microsecond=0))
FORMATS = {"DATE": "%Y-%m-%d", "DAT1": "%d/%m/%y", "DAT2": "%y-%m-%d", "DAT3": "%Y.%d.%m"}


@given(
    start=moments,
    gaps=st.lists(st.integers(0, 10**6), min_size=1, max_size=5),
    name=st.sampled_from([*FORMATS]),
)
@settings(max_examples=80, deadline=None, derandomize=True)
def test_however_it_is_written_the_time_is_what_has_passed(start, gaps, name):
    at = [start + timedelta(seconds=int(s)) for s in np.cumsum([0, *gaps])]
    at = [t for t in at if t.date() < date(2050, 12, 31)]
    passed = [(t - start).total_seconds() / 3600 for t in at]
    np.testing.assert_allclose(times(*(t.isoformat(" ") for t in at)), passed, rtol=1e-12)
    rows = [f"{t.strftime(FORMATS[name])},{t.strftime('%H:%M:%S')}" for t in at]
    np.testing.assert_allclose(times(*rows, names=(name, "TIME")), passed, rtol=1e-12)
