"""Whole validations of concentrations, counts, categories and events, together and each by itself."""

import dataclasses
from pathlib import Path
from runpy import run_path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

import bayesdose as bd
from bayesdose.errors import InputError
from bayesdose.fitting.provenance import data_record
from bayesdose.reporting.validation import _loo_block, validation_page, validation_record
from bayesdose.validate.leaving_out import PLACES, LooCheck
from bayesdose.validate.levels import sorts
from bayesdose.validate.places_ahead import places_ahead
from bayesdose.validate.suite_rows import loo_rows

kinds = run_path(str(Path(__file__).parents[1] / "populations" / "kinds.py"))
COUNTED, QUICK = "counts and categories", {"seed": 1, "draws": 100}


@pytest.fixture(scope="module")
def truth():
    return kinds["drawn"](24, seed=2)


def of_kinds(study, *dvids):
    """The study with doses, and levels of these kinds."""
    kept = study.records["DVID"].isin(dvids) | (study.records["EVID"] == 1)
    return bd.Study(study.records[kept].reset_index(drop=True), study.card)


def as_fitted(fit, study):
    """The fit, its record saying that it was made from this study."""
    return dataclasses.replace(fit, provenance=fit.provenance | {"data": data_record(study)})


def doubled(study):
    """The study with twice the counts, and events at half their time."""
    records = study.records.copy()
    levels = study.is_level
    records.loc[levels & (records["DVID"] == 2), "DV"] *= 2
    records.loc[levels & (records["DVID"] == 4), "TIME"] /= 4
    order = np.lexsort([records["TIME"], records["ID"].astype(int)])
    return bd.Study(records.iloc[order].reset_index(drop=True), study.card)


def failed(found):
    return {row.name for row in found.rows if not row.passed}


def test_a_study_of_all_kinds_has_every_check(truth):
    study, fit = truth
    found = bd.validate.validate(fit, study, known=(0,), **QUICK)
    assert list(found.others) == [COUNTED, "relapse"]
    named = {row.name for row in found.rows}
    assert {
        "VPC: share inside",
        "npde: |mean|",
        f"{COUNTED}: share inside",
        "relapse: p of that share",
    } <= named
    assert {f"{of}90 % intervals, no level known: off" for of in ("", f"{COUNTED}: ", "relapse: ")} <= named
    assert found.passed
    counts = found.coverage.levels["of"].value_counts().to_dict()
    assert counts == {"levels": 384, COUNTED: 768, "relapse": 24}
    assert list(found.left_out) == ["LOO-PIT"]
    record = validation_record(found, fit)
    assert len(record["others"]["relapse"]["table"]) == len(found.others["relapse"].table)
    page = validation_page(found, fit)
    assert "Visual predictive check of relapse" in page
    assert "levels of severity left out (ordinal)" in page
    assert "Visual predictive check of counts and categories" in page
    assert len(bd.figure(found.coverage).axes) == 3 * 2  # a row for each sort


@pytest.mark.parametrize(("dvids", "of", "least"), [((2, 3), COUNTED, 0.6), ((4,), "relapse", 0.25)])
def test_a_study_without_concentrations_is_validated(truth, dvids, of, least):
    study, fit = truth
    own = of_kinds(study, *dvids)
    found = bd.validate.validate(fit, own, known=(0,), **QUICK)
    assert found.passed, str(found)
    assert found.npde is None
    assert not found.vpcs
    assert list(found.others) == [of]
    assert [row.limit for row in found.rows if row.name == f"{of}: share inside"] == [least]
    assert {"VPC", "pcVPC", "npde"} < set(found.left_out)
    assert "VPC, pcVPC and npde were not computed: no level is of a continuous kind." in str(found)
    assert f"{of}: 95 % intervals, no level known: off" in {row.name for row in found.rows}
    record = validation_record(found, fit, ids=True)
    assert record["npde"] is None
    assert record["left_out"] == dict(found.left_out)
    page = validation_page(found, fit)
    assert "npde: no level is of a continuous kind." in page
    assert f"Visual predictive check of {of}" in page


def test_levels_of_the_fitted_study_are_left_out_one_at_a_time(truth):
    study, fit = truth
    own = of_kinds(study, 2, 3, 4)
    found = bd.validate.validate(as_fitted(fit, own), own, **QUICK)
    assert found.passed, str(found)
    assert found.loo.table["of"].tolist() == [COUNTED, "relapse"]
    assert found.loo.table["n"].tolist() == [768, 24]
    assert set(found.left_out) == {"VPC", "pcVPC", "npde", "Coverage"}
    assert found.notes[0].split(": ")[1].startswith("predictive checks then find fault less often")
    assert "Levels left out one at a time" in validation_page(found, fit)
    assert validation_record(found, fit)["loo"]["levels"][0]["n"] == 768


def test_a_sort_without_a_place_to_rely_on_fails_and_has_a_whole_row():
    both = {"of": [COUNTED, "relapse"], "n": [768, 24], "high_khat": [0, 24], "elpd": -9.0, "se": 1.0}
    places = pd.DataFrame({"of": COUNTED, "place": PLACES, "share": PLACES})
    found = LooCheck(pd.DataFrame(both | {"off": [0.0, np.nan]}), places)
    assert [row.passed for row in loo_rows(found, bd.validate.Limits())] == [True, True, False, False]
    (table,) = _loo_block(found).tables
    assert [len(row) for row in table.rows] == [len(table.head)] * 2
    assert table.rows[1][-5:] == ("–",) * 5


def test_other_counts_and_events_fail(truth):
    study, fit = truth
    wrong = doubled(of_kinds(study, 2, 4))
    found = bd.validate.validate(fit, wrong, known=(0,), **QUICK)
    bad = failed(found)
    assert {f"{COUNTED}: p of that share", "relapse: p of that share"} <= bad
    assert f"{COUNTED}: 90 % intervals, no level known: off" in bad
    again = bd.validate.validate(as_fitted(fit, wrong), wrong, **QUICK)
    assert {f"{COUNTED}: LOO-PIT off", "relapse: LOO-PIT off"} <= failed(again)


def test_what_leaves_nothing_to_check_on_is_an_error_and_no_pass(truth):
    study, fit = truth
    own = of_kinds(study, 4)
    records = pd.concat([own.records.iloc[:1].assign(EVID=4), own.records.iloc[1:]], ignore_index=True)
    reset = bd.Study(records, own.card)
    nothing = xr.Dataset({"lp": (("chain", "draw"), np.zeros((1, 100)))})
    slim = dataclasses.replace(fit, posterior=xr.DataTree.from_dict({"posterior": nothing}))
    with pytest.raises(InputError, match=r"nothing that the fit could be checked on.*resets.*slim"):
        bd.validate.validate(as_fitted(slim, reset), reset, **QUICK)
    with pytest.raises(InputError, match="cannot be told apart by 'AGE'"):
        bd.validate.validate(fit, own, by="AGE", **QUICK)


def test_the_place_of_a_later_event_is_given_the_rows_before(truth):
    """By hand: H of each draw, the second row 1 at 30 h after 0 at 12 h; counts are sums of Poisson terms."""
    study, fit = truth
    one = of_kinds(study, 2, 4).select(["1"])
    records = one.records.copy()
    (last,) = records.index[(records["DVID"] == 4) & one.is_level]
    early, late = (records.loc[[last]].assign(TIME=t, DV=dv) for t, dv in ((12.1, 0.0), (30.1, 1.0)))
    records = pd.concat([records.drop(index=last), early, late]).sort_values("TIME", kind="stable")
    own = bd.Study(records.reset_index(drop=True), one.card)
    me = bd.condition(fit, own.without_levels(), seed=1, draws=500)
    below, at_most = places_ahead(me, own, 0)
    H = bd.predict(me, own)["concentration"].to_numpy()
    a, b = np.flatnonzero(sorts(fit, own.levels["DVID"].to_numpy()) == "relapse")
    S = np.exp(-H).mean(axis=0)
    assert (below[a], at_most[a]) == pytest.approx((1 - S[a], 1.0))
    assert below[b] == at_most[b] == pytest.approx((S[a] - S[b]) / S[a])
    first = own.levels["DV"].iloc[0]
    assert at_most[0] == pytest.approx(stats.poisson.cdf(first, H[:, 0]).mean())
    assert below[0] == pytest.approx(stats.poisson.cdf(first - 1, H[:, 0]).mean())
