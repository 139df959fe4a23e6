"""Every neonate predicted from fits of others (tools/held_out_neonates.py): the record and its page agree."""

import json
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
RECORD = json.loads((DOCS / "validation" / "held_out.json").read_text("utf-8"))


def test_every_neonate_is_held_out_once_from_a_converged_fit(neonates):
    assert sum(fold["subjects"] for fold in RECORD["folds"]) == neonates.n_subjects
    assert all(fold["failed"] == "" for fold in RECORD["folds"])
    assert RECORD["refused"] == 0


@pytest.mark.parametrize("row", RECORD["coverage"], ids=lambda row: f"{row['known']}-{row['nominal']}")
def test_coverage_is_nominal_and_on_the_page(row, neonates):
    for low, high in (row["binomial"], row["clustered"]):
        assert low <= row["covered"] / row["n"] <= high
        assert low <= row["nominal"] <= high
    levels = neonates.levels.groupby("ID").size()
    assert row["n"] == (levels - row["known"]).clip(lower=0).sum()
    page = (DOCS / "validation.md").read_text("utf-8")
    begin = [row["known"], f"{100 * row['nominal']:.0f} %", row["n"], row["subjects"], f"{row['covered']} ("]
    assert page.count("| " + " | ".join(map(str, begin))) == 1
