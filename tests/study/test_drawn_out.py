"""Doses one by one: additional doses, ends of infusions, resets, steady states, courses, subjects."""

import numpy as np
import pandas as pd

import bayesdose as bd
from bayesdose.study.drawn_out import drawn_out

CARD = bd.Card(drug="x", source="y", compartments=("depot", "central"))
COLUMNS = ["ID", "TIME", "EVID", "AMT", "RATE", "II", "ADDL", "SS", "CMT", "DV"]


def study(*rows):
    return bd.read_study(pd.DataFrame([row.split() for row in rows], columns=COLUMNS), CARD)


def listed(doses, *names):
    return list(zip(*(doses[name].tolist() for name in names), strict=True))


def test_additional_doses_up_to_the_last_record_or_the_end():
    ordered = study("1 0 1 100 0 12 9 0 1 .", "1 30 0 . . . . . . 5")
    assert listed(drawn_out(ordered), "TIME", "AMT", "ADDITIONAL") == [
        (0, 100, False), (12, 100, True), (24, 100, True),
    ]  # fmt: skip
    assert drawn_out(ordered, end=48)["TIME"].tolist() == [0, 12, 24, 36, 48]
    assert drawn_out(ordered, end=np.inf)["TIME"].max() == 108


def test_infusions_end_by_their_rate_by_the_model_or_at_a_reset():
    given = study(
        "1 0 1 100 50 12 1 0 2 .",
        "1 20 1 100 -1 0 0 0 2 .",
        "1 21 1 100 -2 0 0 0 2 .",
        "1 22 1 100 10 0 0 0 2 .",
        "1 25 3 . . . . . . .",
        "1 26 1 0 20 0 0 1 2 .",
    )
    found = drawn_out(given)
    assert found["TIME"].tolist() == [0, 12, 20, 21, 22, 26]
    np.testing.assert_array_equal(found["END"], [2, 14, np.nan, np.nan, 25, 26])
    assert listed(found, "RATE", "CMT")[0] == (50, 2)
    assert drawn_out(study("1 0 1 100 1 12 9 0 1 ."), end=12)["END"].tolist() == [100, 112]


def test_a_reset_and_a_steady_state_that_resets_end_orders():
    for cancels in ("1 30 3 . . . . . . .", "1 30 4 50 0 0 0 0 1 .", "1 30 1 50 0 12 0 1 1 ."):
        found = drawn_out(study("1 0 1 100 0 12 9 0 1 .", cancels, "1 60 0 . . . . . . 5"))
        assert found.loc[found["AMT"] == 100, "TIME"].tolist() == [0, 12, 24]
    added = drawn_out(study("1 0 1 100 0 12 4 0 1 .", "1 30 1 50 0 12 1 2 1 .", "1 60 0 . . . . . . 5"))
    assert added["TIME"].tolist() == [0, 12, 24, 30, 36, 42, 48]
    assert added["SS"].tolist() == [0, 0, 0, 2, 0, 0, 0]
    assert added["II"].tolist() == [0, 0, 0, 12, 0, 0, 0]


def test_courses_and_subjects_stay_apart():
    found = drawn_out(
        study(
            "1 0 1 100 0 12 9 0 1 .",
            "1 20 0 . . . . . . 5",
            "1 0 4 50 0 12 9 0 1 .",
            "1 30 0 . . . . . . 5",
            "2 5 1 7 0 2 3 0 1 .",
            "2 8 0 . . . . . . 5",
        ),
        end=40,
    )
    assert listed(found, "ID", "COURSE", "TIME") == [
        ("1", 0, 0), ("1", 0, 12), ("1", 1, 0), ("1", 1, 12), ("1", 1, 24), ("1", 1, 36),
        ("2", 0, 5), ("2", 0, 7), ("2", 0, 9), ("2", 0, 11),
    ]  # fmt: skip
    assert found["RECORD"].tolist() == [0, 0, 2, 2, 2, 2, 4, 4, 4, 4]


def test_no_dose_at_all():
    assert drawn_out(study("1 0 0 . . . . . . 5")).empty
