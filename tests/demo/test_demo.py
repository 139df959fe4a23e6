"""The demo, run whole: what it decides, predicts, writes and says."""

import json
import re
import tomllib
from pathlib import Path

import pandas as pd
import pytest

import bayesdose as bd
from bayesdose.case import NOTICE, read_case, to_json
from bayesdose.demo import HELD_OUT, QUESTION
from bayesdose.demo.run import question
from bayesdose.fitting import levels_in_fit

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "neonate.toml"
pytestmark = pytest.mark.slow


@pytest.fixture
def found(demo):
    """The neonates that were not refused."""
    return [neonate for neonate in demo.neonates if neonate.found is not None]


# The fit


def test_the_held_out_neonates_are_not_in_the_fit(demo, neonates):
    assert demo.fit.check().passed
    assert demo.fit.provenance["data"]["n_subjects"] == 56
    assert levels_in_fit(neonates.select(HELD_OUT), demo.fit.provenance["data"]) == 0
    assert all(not neonate.found.me.warnings for neonate in demo.neonates if neonate.found)


# The neonates


def test_every_neonate_gets_a_recommendation(demo):
    assert [neonate.label for neonate in demo.neonates] == [f"neonate {subject}" for subject in HELD_OUT]
    assert [neonate.refused for neonate in demo.neonates] == [None] * len(HELD_OUT)


def test_only_the_first_level_is_known(found):
    for neonate in found:
        patient = neonate.found.me.patient
        assert len(patient.levels) == 1
        assert patient.records["TIME"].max() == patient.levels["TIME"].iloc[0]
        assert len(neonate.study.levels) > 1
        assert neonate.found.prior.diagnostics.levels == 0


def test_the_search_is_wide_enough(found):
    for neonate in found:
        choice = neonate.found.recommendation.choice
        assert choice.status in ("chosen", "too close to call")
        assert choice.table["kind"].sel(option=choice.best).item() == "candidate"


def test_the_daily_limit_blocks_and_the_choice_obeys_it(found):
    for neonate in found:
        choice = neonate.found.recommendation.choice
        weight = choice.attrs["cov_WT"]
        daily = choice.table["max_daily"].to_series() / weight
        assert set(choice.blocked) == set(daily.index[daily > 10 * (1 + 1e-9)])
        assert daily[choice.best] <= 10


def test_a_level_is_predicted_with_its_interval_and_the_first_was_used(found, neonates):
    for neonate in found:
        table = neonate.found.predictions
        levels = neonate.study.levels
        assert table["time"].tolist() == levels["TIME"].tolist()
        assert table["measured"].tolist() == levels["DV"].tolist()
        assert table["used"].tolist() == [True] + [False] * (len(levels) - 1)
        assert (table["lower90"] < table["median"]).all()
        assert (table["median"] < table["upper90"]).all()


def test_later_levels_lie_in_their_intervals_where_the_recorded_doses_explain_them(found, said):
    inside = {n.label: n.found.predictions.query("not used")["inside"].tolist() for n in found}
    assert sum(inside["neonate 4"] + inside["neonate 24"]) >= 3
    # The published table has a second load of 20 mg for neonate 18, which its levels do not show.
    assert inside["neonate 18"] == [False, False, False]
    assert "3 of 3 lie outside" in "\n".join(said)


# The files


def test_the_four_files_and_nothing_else(demo, folder):
    names = ["decision.json", "parameters.csv", "predictions.csv", "report.html"]
    assert sorted(path.name for path in folder.iterdir()) == names
    assert sorted(path.name for path in demo.files) == names


def test_decision_json_says_what_was_chosen(demo, decision):
    assert decision == json.loads(to_json(demo.record))
    assert [n["patient"] for n in decision["neonates"]] == [n.label for n in demo.neonates]
    for entry, neonate in zip(decision["neonates"], demo.neonates, strict=True):
        choice = neonate.found.recommendation.choice
        assert entry["decision"] == choice.to_dict()
        assert entry["individual"]["diagnostics"] == neonate.found.me.diagnostics.to_dict()
        assert len(entry["predictions"]) == len(neonate.study.levels)


def test_red_flags_are_looked_for(decision):
    assert all(one["decision"]["flags_looked_for"] for one in decision["neonates"])


def test_decision_json_says_where_it_comes_from(demo, decision):
    fit = decision["fit"]
    assert fit["model"]["hash"] == demo.fit.model.hash
    assert fit["versions"]["bayesdose"] == bd.__version__
    assert fit["passed"] is True
    assert (decision["seed"], fit["seed"], decision["question"]["condition"]["seed"]) == (1, 1, 2)
    assert decision["notice"] == NOTICE
    assert "key" not in fit["data"]


def test_predictions_csv_has_every_level(demo, folder):
    table = pd.read_csv(folder / "predictions.csv")
    for neonate in demo.neonates:
        mine = table[table["patient"] == neonate.label]
        assert mine["measured"].tolist() == neonate.study.levels["DV"].tolist()
        assert mine["used"].sum() == 1


def test_parameters_csv_has_the_parameters(folder):
    table = pd.read_csv(folder / "parameters.csv").set_index("parameter")
    assert {"CL", "V", "sigma_prop"} <= set(table.index)
    assert 0.005 < table.loc["CL", "estimate"] < 0.008  # at 1.3 kg; the paper has 0.0047 L/h/kg
    assert 1.1 < table.loc["V", "estimate"] < 1.5  # the paper has 0.96 L/kg
    assert (table["rhat"] < 1.01).all()


def test_the_report_stands_alone(demo, folder):
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"""(src|href)\s*=\s*["']?(https?:)?//""", page)
    assert not re.search(r"@import|url\(\s*['\"]?(https?:)?//", page)
    assert "<script" not in page
    assert page.count("data:image/") >= 3 * len(demo.neonates)
    assert "not a medical device" in page
    for neonate in demo.neonates:
        assert neonate.label.capitalize() in page
        assert neonate.found.recommendation.choice.best in page


# The words


def test_what_was_said(demo, said):
    text = "\n".join(said)
    assert "not a medical device" in text
    assert "all checks hold" in text
    assert re.search(r"==> Sampling its posterior\n\s+\d+\.\d s", text)
    for neonate in demo.neonates:
        choice = neonate.found.recommendation.choice
        assert f"recommended  {choice.best} ({choice.status})" in text
        for row in neonate.found.predictions.query("not used").itertuples():
            assert f"{row.lower90:.1f} to {row.upper90:.1f}" in text
    for path in demo.files:
        assert str(path) in text


# The question


def test_the_question_is_the_shipped_case_file():
    assert question(1) == read_case(EXAMPLE)
    options = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))["options"]
    assert options["text"] == QUESTION["options"]["text"]
