"""A whole validation of a study with concentrations, counts, categories and events, and its page."""

from pathlib import Path
from runpy import run_path

import bayesdose as bd
from bayesdose.reporting.validation import validation_page, validation_record

kinds = run_path(str(Path(__file__).parents[1] / "populations" / "kinds.py"))


def test_every_kind_of_level_has_its_check():
    study, fit = kinds["drawn"](24, seed=2)
    found = bd.validate.validate(fit, study, seed=1, draws=100, known=(0,))
    assert list(found.others) == ["counts and categories", "relapse"]
    named = [row.name for row in found.rows]
    assert {"counts and categories: share inside", "relapse: p of that share"} <= set(named)
    assert found.passed
    record = validation_record(found, fit)
    assert len(record["others"]["relapse"]["table"]) == len(found.others["relapse"].table)
    page = validation_page(found, fit)
    assert "Visual predictive check of relapse" in page
    assert "levels of severity left out (ordinal)" in page
    assert "Visual predictive check of counts and categories" in page
