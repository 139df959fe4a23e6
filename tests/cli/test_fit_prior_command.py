"""`bayesdose fit SPEC --prior`: published numbers become a stored fit, without a table."""

import json

import numpy as np
import pytest

import bayesdose as bd
from bayesdose.model import shipped_models

TABLE = "ID,TIME,AMT,DV,WT\nA1,0,20.7,.,0.9\nA1,1.8,.,20.8,0.9\n"


@pytest.fixture
def spec(here):
    """A user's own spec."""
    path = here / "mine.py"
    path.write_text(shipped_models()["phenobarbital"].read_text("utf-8"), encoding="utf-8")
    return path


def test_it_is_stored_like_any_fit_and_says_that_it_is_a_prior(bayesdose, here, spec):
    shown = bayesdose("fit", spec, "--prior", "--seed", 4, "--draws", 600)
    assert shown.exit_code == 0, shown.output
    assert "stored in mine-prior" in shown.stdout
    model = bd.load_model(spec)
    stored, drawn = bd.load_fit(here / "mine-prior", model), bd.prior_fit(model, seed=4, draws=600)
    assert stored.provenance["origin"] == "prior draws, no data"
    assert (stored.provenance["seed"], stored.provenance["draws"]) == (4, 600)
    for name, values in drawn.population_draws.items():
        assert np.array_equal(stored.population_draws[name], values)
    (here / "mine-prior" / "posterior.nc").write_bytes(b"other draws")
    broken = bayesdose("check", "mine-prior", "--model", spec)
    assert broken.exit_code == 2
    assert "are not those its provenance belongs to" in broken.stderr


def test_tables_of_independent_draws_say_nothing_of_chains(bayesdose, as_json, spec):
    made = bayesdose("fit", spec, "--prior", "--out", "own")
    for shown in (made, bayesdose("check", "own", "--model", spec)):
        assert shown.exit_code == 0
        said = " ".join(shown.stdout.split())
        assert "Independent draws of the model's priors" in said
        for word in ("R-hat", "ESS", "osterior", "Width"):
            assert word not in said
    found = as_json("check", "own", "--model", spec)
    assert found["origin"] == "prior draws, no data"
    assert {row["rhat"] for row in found["parameters"]} == {None}
    assert "R-hat" in bayesdose("check", "phenobarbital").stdout


def test_a_patient_is_conditioned_and_dosed_on_it(bayesdose, as_json, here, spec, case):
    bayesdose("fit", spec, "--prior", "--out", "own")
    (here / "one.csv").write_text(TABLE)
    found = as_json("condition", "own", "one.csv", "--model", spec)
    assert (found["exit_code"], found["fit"]["origin"]) == (0, "prior draws, no data")
    answer = bayesdose("recommend", "own", "one.csv", "--model", spec, "--case", case, "--out", "answer")
    assert answer.exit_code == 0, answer.output
    assert (
        json.loads((here / "answer" / "decision.json").read_text())["fit"]["origin"] == "prior draws, no data"
    )
    page = (here / "answer" / "report.html").read_text()
    assert "nothing: prior draws, no data" in page
    assert "Independent draws of the model" in page
    assert "Bulk ESS" not in page


@pytest.mark.parametrize(
    ("more", "came"),
    [((), "Came: neither a table nor --prior"), (("one.csv", "--prior"), "Came: a table and --prior")],
)
def test_neither_source_or_both_says_both_ways(bayesdose, here, spec, more, came):
    (here / "one.csv").write_text(TABLE)
    shown = bayesdose("fit", spec, *more)
    assert shown.exit_code == 2
    for said in (came, f"bayesdose fit {spec} TABLE", f"bayesdose fit {spec} --prior"):
        assert said in shown.stderr
    assert sorted(p.name for p in here.iterdir()) == ["mine.py", "one.csv"]


def test_options_of_the_sampler_and_of_a_table_are_refused(bayesdose, here, spec):
    shown = bayesdose("fit", spec, "--prior", "--tune", 5, "--low-rank", "--column", "DV=conc")
    assert shown.exit_code == 2
    assert "Came: --tune, --low-rank, --column" in shown.stderr
    assert not (here / "mine-prior").exists()


def test_what_is_fixed_has_no_prior(bayesdose, here):
    (here / "fixed.py").write_text(FIXED)
    shown = bayesdose("fit", "fixed.py", "--prior")
    assert shown.exit_code == 2
    assert "no prior: all its numbers are fixed" in shown.stderr


def test_a_changed_spec_is_told_how_to_draw_again(bayesdose, spec):
    bayesdose("fit", spec, "--prior", "--out", "own")
    spec.write_text(spec.read_text("utf-8").replace("LogNormal.dist(-5.0", "LogNormal.dist(-5.1"))
    shown = bayesdose("check", "own", "--model", spec)
    assert shown.exit_code == 2
    assert "--prior --out own" in shown.stderr


FIXED = """
import bayesdose as bd

CARD = bd.Card(drug="x", source="none")


def model(study):
    with bd.population_model(study, CARD) as m:
        eta = bd.eta({"CL": 0.3})
        CL = bd.parameter("CL", bd.theta("CL", 2.5, unit="L/h"), eta["CL"])
        V = bd.parameter("V", bd.theta("V", 30.0, unit="L"))
        bd.observe("DV", bd.one_compartment(CL=CL, V=V), error=bd.proportional(0.1))
    return m
"""
