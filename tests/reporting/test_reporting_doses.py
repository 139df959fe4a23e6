"""Doses in reports: infusions, routes, orders and steady states are told and drawn."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import synthetic_patient as made
from matplotlib.figure import Figure

from bayesdose.card import Card, Units
from bayesdose.reporting.doses import Routes, dose_table, given
from bayesdose.reporting.figures.canvas import canvas
from bayesdose.reporting.figures.doses import _amount, draw_doses
from bayesdose.reporting.levels import levels_table, predicted_levels
from bayesdose.reporting.predictions import curve_times, present_course
from bayesdose.study import Study, read_study
from bayesdose.study.drawn_out import drawn_out

CARD = Card(drug="x", source="y")
UNITS = Units()
ROUTES = Routes(("depot", "central"), "depot")
COLUMNS = ["TIME", "EVID", "AMT", "RATE", "II", "ADDL", "SS", "CMT", "DV"]


def study(*rows: str) -> Study:
    return read_study(pd.DataFrame([r.split() for r in rows], columns=COLUMNS).assign(ID="MRN-1"), CARD)


ORDER = "0 1 200 0 12 6 1 0 ."
INFUSION = "6 1 150 50 0 0 0 2 ."
LEVEL = "30 0 . . . . . . 7.5"


def told(*rows: str) -> list[tuple[str, ...]]:
    table = dose_table(study(*rows), UNITS, ROUTES)
    assert table is not None
    return list(table.rows)


def test_orders_infusions_routes_and_steady_states_have_a_row_each() -> None:
    assert told(ORDER, INFUSION, LEVEL) == [
        ("0", "200 mg", "at once", "depot",
         "at the steady state of one such dose every 12 h; then every 12 h, 6 more (2 by the last record)"),
        ("6", "150 mg", "over 3 h, 50 mg/h", "central", ""),
    ]  # fmt: skip
    assert given(study(ORDER, INFUSION, LEVEL), UNITS) == (
        "4 doses, 750 mg in all; 1 of them at steady state; 4 further doses are ordered"
    )


def test_rates_of_the_model_constant_infusions_and_resets_are_told() -> None:
    rows = told(
        "0 1 0 20 0 0 1 2 .",
        "1 1 100 -1 0 0 0 2 .",
        "2 1 100 -2 0 0 0 2 .",
        "9 4 100 0 12 1 2 0 .",
        LEVEL,
    )
    assert [row[2] for row in rows] == [
        "constant infusion of 20 mg/h until then",
        "infusion; its rate is the model's",
        "infusion; its duration is the model's",
        "at once",
    ]
    assert rows[0][1] == "–"
    assert rows[3][4] == (
        "after a reset; at the steady state of one such dose every 12 h, added to what was there; "
        "then every 12 h, 1 more"
    )
    assert given(study("0 1 0 20 0 0 1 2 .", LEVEL), UNITS) == "0 doses, 0 mg in all; 1 constant infusion"


def test_equal_doses_at_one_interval_share_a_row() -> None:
    rows = told(
        *(f"{t} 1 100 100 0 0 0 0 ." for t in (0, 12, 24, 36)),
        "50 1 100 100 0 0 0 0 .",
        LEVEL.replace("30", "60"),
    )
    assert [(row[0], row[4]) for row in rows] == [("0", "every 12 h, 4 doses"), ("50", "")]


def test_plain_doses_are_told_in_a_line() -> None:
    plain = study("0 1 100 0 0 0 0 0 .", "12 1 100 0 0 0 0 0 .", LEVEL)
    assert dose_table(plain, UNITS, ROUTES) is None
    assert given(plain, UNITS) == "2 doses, 200 mg in all"
    assert given(study(LEVEL), UNITS) == "nothing"


def test_many_rows_leave_the_first_out() -> None:
    rows = [f"{k * k} 1 {100 + k} 50 0 0 0 0 ." for k in range(30)]
    table = dose_table(study(*rows), UNITS, ROUTES)
    assert table is not None
    assert len(table.rows) == 20
    assert table.rows[-1][0] == "841"
    assert "first 10 rows are left out" in table.foot


def test_routes_take_their_names_from_the_structure_else_the_card() -> None:
    structure = SimpleNamespace(compartments=("depot", "central"), default=0)
    draws = SimpleNamespace(compiled=SimpleNamespace(declaration=SimpleNamespace(structure=structure)))
    routes = Routes.of(draws)  # type: ignore[arg-type]
    assert [routes[k] for k in (0, 1, 2, 3)] == ["depot", "depot", "central", "compartment 3"]
    assert Routes.of(made.draws(made.study()))[0] == "the default compartment"


def _drawn(*rows: str, end: float) -> tuple[Figure, list[str]]:
    figure, (ax,) = canvas(2.0)
    entries = draw_doses(ax, drawn_out(study(*rows), end), ("h", "mg"), ROUTES)
    figure.canvas.draw()
    return figure, [text for _, text in entries]


def test_infusions_orders_and_steady_states_are_drawn_and_in_the_legend() -> None:
    figure, said = _drawn(ORDER, INFUSION, LEVEL, end=48.0)
    assert said == [
        "into depot", "into central", "infusion, as long as it runs", "further dose of an order",
        "at steady state: given like this before",
    ]  # fmt: skip
    ax = figure.axes[0]
    spans = [line.get_xdata() for line in ax.lines if len(line.get_xdata()) == 4]
    assert [list(x) for x in spans] == [[6, 6, 9, 9]]
    bars = sorted(
        float(s[0][0])
        for c in ax.collections
        if c.get_label().startswith("_child")
        for s in getattr(c, "get_segments", list)()
    )
    assert bars == [0, 12, 24, 36, 48]
    assert ax.get_ylabel() == "dose (mg)"


def test_a_constant_infusion_and_one_timed_by_the_model_are_in_the_legend() -> None:
    _, said = _drawn("0 1 0 20 0 0 1 0 .", "1 1 100 -1 0 0 0 0 .", LEVEL, end=30.0)
    assert said == ["20 mg/h until there", "infusion timed by the model"]
    _, said = _drawn("0 1 0 20 0 0 1 0 .", LEVEL, end=30.0)
    assert said == ["20 mg/h until there"]


def test_a_curve_follows_orders_and_infusions_beyond_the_last_record() -> None:
    times = curve_times(study("0 1 100 0 12 6 0 0 .", "30 0 . . . . . . 5"))
    assert times[-1] == 54
    for t in (12, 24, 36, 48):
        assert np.abs(times - t).min() < 1e-3
        assert ((times > t) & (times < t + 1e-3)).any()
        assert ((times < t) & (times > t - 1e-3)).any()
    infused = curve_times(study("0 1 100 25 0 0 0 0 .", "2 0 . . . . . . 5"))
    assert infused[-1] == 26
    assert np.abs(infused - 4).min() < 1e-3
    assert curve_times(study("0 1 100 0 0 0 0 0 .", "20 0 . . . . . . 5"))[-1] == 21


def test_a_curve_begins_after_the_last_reset_to_an_earlier_time() -> None:
    both = study("0 1 100 0 0 0 0 0 .", "90 0 . . . . . . 5", "0 4 50 0 0 0 0 0 .", "10 0 . . . . . . 5")
    assert curve_times(both).max() == pytest.approx(10.5)
    assert present_course(both)["TIME"].tolist() == [0, 10]


def test_kinds_of_level_have_a_column() -> None:
    rows = {"TIME": [0, 2, 2], "AMT": [25, None, None], "DV": [None, 17.3, 40], "DVID": [None, 1, 2]}
    patient = read_study(pd.DataFrame(rows).assign(ID="1", WT=1.4), made.CARD)
    patch = pytest.MonkeyPatch()
    patch.setattr("bayesdose.simulation.predict", made.predict)
    table = predicted_levels(made.draws(patient), patient, 2.0)
    patch.undo()
    assert table is not None
    printed = levels_table(table, made.CARD.units)
    assert printed.head[-1] == "Kind"
    assert [row[-1] for row in printed.rows] == ["1", "2"]
    assert printed.caption == "Levels, in mg/L (kind 1)"
    assert predicted_levels(made.draws(patient), patient.without_levels(), None) is None


def test_a_gram_is_no_power_of_ten():
    assert [_amount(value) for value in (1000.0, 22.5, 1250.0, 0.05)] == ["1000", "22.5", "1250", "0.05"]
