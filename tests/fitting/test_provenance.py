"""Fingerprints of levels: what tells two apart, what does not, and that stored fits still know theirs."""

import json

import pandas as pd
import pytest

import bayesdose as bd
from bayesdose.fitting import levels_in_fit
from bayesdose.fitting.provenance import data_record, fingerprints

KEY = "00" * 16
CARD = bd.Card(drug="x", source="y", compartments=("depot", "central"))
COLUMNS = ["TIME", "EVID", "AMT", "RATE", "II", "ADDL", "SS", "CMT", "DV", "DVID", "CENS"]
LEVEL = "30 0 . . . . . . 5 1 0"


def marks(*rows, name="1"):
    cells = [(f"{row} . ." if len(row.split()) == 9 else row).split() for row in rows]
    return fingerprints(bd.read_study(pd.DataFrame(cells, columns=COLUMNS).assign(ID=name), CARD), KEY)


@pytest.mark.parametrize("name", ["phenobarbital", "theophylline"])
def test_a_stored_fit_knows_its_levels(name):
    model, fit = bd.load_model(name), bd.load_fit(name)
    record = fit.provenance["data"]
    assert levels_in_fit(bd.read_study(bd.data_path(name), model), record) == record["n_levels"]


def test_additional_doses_are_those_of_explicit_rows():
    ordered = marks("0 1 100 0 12 2 0 1 .", LEVEL)
    assert ordered == marks("0 1 100 0 0 0 0 1 .", "12 1 100 0 0 0 0 1 .", "24 1 100 0 0 0 0 1 .", LEVEL)
    assert ordered == marks("0 1 100 0 12 9 0 1 .", LEVEL)  # what comes later says nothing about the level
    assert ordered != marks("0 1 100 0 12 1 0 1 .", LEVEL)
    assert marks("0 1 100 50 12 1 0 1 .", LEVEL) == marks(
        "0 1 100 50 0 0 0 1 .", "12 1 100 50 0 0 0 1 .", LEVEL
    )


def test_each_way_of_giving_a_dose_makes_another_mark():
    given = (
        ("0 1 100 0 0 0 0 1 .",),
        ("0 1 100 50 0 0 0 1 .",),
        ("0 1 100 25 0 0 0 1 .",),
        ("0 1 100 -2 0 0 0 1 .",),
        ("0 1 100 0 12 0 1 1 .",),
        ("0 1 100 0 24 0 1 1 .",),
        ("0 1 100 0 12 0 2 1 .",),
        ("0 1 40 0 0 0 0 1 .", "0 1 60 0 0 0 0 2 ."),
        ("0 1 60 0 0 0 0 1 .", "0 1 40 0 0 0 0 2 ."),
        ("0 1 0 50 0 0 1 1 .",),
        ("0 1 0 25 0 0 1 1 .",),
    )
    found = [marks(*rows, LEVEL)[0] for rows in given]
    assert len(set(found)) == len(given)


def test_kinds_and_censored_levels_have_marks_of_their_own():
    dose = "0 1 100 0 0 0 0 1 . 1 0"
    levels = [marks(dose, f"30 0 . . . . . . 5 {kind} {cens}")[0] for kind, cens in ((1, 0), (2, 0), (1, 1))]
    assert len(set(levels)) == 3


def test_one_route_has_the_mark_of_the_default_route():
    assert marks("0 1 100 0 0 0 0 1 .", LEVEL) == marks("0 1 100 0 0 0 0 . .", LEVEL)


def test_nothing_in_the_record_names_a_subject():
    rows = pd.DataFrame([row.split() for row in ("0 1 100 0 12 2 0 1 . 1 0", LEVEL)], columns=COLUMNS)
    study = bd.read_study(rows.assign(ID="MRN-4711"), CARD)
    record = data_record(study)
    assert "4711" not in json.dumps(record)
    assert (record["n_subjects"], record["n_doses"], record["n_levels"]) == (1, 3, 1)
    assert marks(*(" ".join(r) for r in rows.to_numpy()), name="a") == marks(
        *(" ".join(r) for r in rows.to_numpy()), name="b"
    )
    assert levels_in_fit(study, record) == 1
    assert levels_in_fit(study, {**record, "key": ""}) == 0


def test_a_level_without_a_dose_counts_from_the_first_record():
    assert marks("0 2 . . . . . . .", "3 0 . . . . . . 0.1 1 0") != marks("3 0 . . . . . . 0.1 1 0")
