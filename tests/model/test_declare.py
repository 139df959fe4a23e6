"""Declaring: names, dims, fixed values, and what a mistake is told."""

import numpy as np
import pandas as pd
import pymc as pm
import pytest

import bayesdose as bd
from bayesdose.errors import InputError
from bayesdose.model import build, names_of_population, spec_hash

CARD = bd.Card(
    drug="testdrug",
    source="made up",
    covariates=[bd.Covariate("WT", unit="kg", reference=70.0, range=(1.0, 200.0))],
)
TABLE = pd.DataFrame(
    {
        "ID": ["a", "a", "b", "b", "b"],
        "TIME": [0.0, 2.0, 0.0, 1.0, 5.0],
        "AMT": [100.0, np.nan, 50.0, np.nan, np.nan],
        "DV": [np.nan, 3.0, np.nan, 2.0, 1.0],
        "WT": [70.0, 70.0, 35.0, 35.0, 35.0],
    }
)


@pytest.fixture(scope="module")
def study():
    return bd.read_study(TABLE, CARD)


def declare(study, *, omega=0.3, extra=None, effect="CL"):
    with bd.population_model(study, CARD) as m:
        eta = bd.eta({"CL": pm.HalfNormal.dist(omega)})
        CL = bd.parameter(
            "CL",
            bd.theta("CL", pm.LogNormal.dist(1.0, 0.5), unit="L/h") * (bd.covariate("WT") / 70),
            eta[effect],
        )
        if extra is not None:
            extra(m)
        bd.observe("DV", bd.one_compartment(CL=CL, V=20.0), error=bd.additive(0.5))
    return m


def test_names_and_dims_are_those_of_the_field(study):
    m = declare(study)
    assert names_of_population(m) == ["omega_CL", "theta_CL"]
    assert m.named_vars_to_dims["z"] == ("subject", "eta")
    assert m.named_vars_to_dims["eta_CL"] == ("subject",)
    assert m.named_vars_to_dims["CL"] == ("subject",)
    assert m.named_vars_to_dims["DV"] == ("observation",)
    assert list(m.coords["subject"]) == ["a", "b"]
    assert m.declaration.units == {"CL": "L/h"}


def test_parameter_is_typical_value_times_exp_eta(study):
    m = declare(study)
    z = np.array([[1.0], [-0.5]])
    CL = m["CL"].eval({m["theta_CL"]: 4.0, m["omega_CL"]: 0.2, m["z"]: z})
    np.testing.assert_allclose(CL, 4.0 * np.array([1.0, 0.5]) * np.exp(0.2 * z[:, 0]), rtol=1e-12)


def test_prediction_is_the_closed_form(study):
    m = declare(study)
    f = m["DV_prediction"].eval({m["theta_CL"]: 4.0, m["omega_CL"]: 0.2, m["z"]: np.zeros((2, 1))})
    expected = [5.0 * np.exp(-0.2 * 2), 2.5 * np.exp(-0.1), 2.5 * np.exp(-0.5)]
    np.testing.assert_allclose(f, expected, rtol=1e-12)


def test_pymc_tools_work_on_the_declaration(study):
    m = declare(study)
    fixed = pm.do(m, {"theta_CL": 4.0})
    assert {v.name for v in fixed.free_RVs} == {"omega_CL", "z"}
    assert pm.draw(m["DV"], random_seed=1).shape == (3,)


def test_a_number_is_a_fixed_value(study):
    with bd.population_model(study, CARD) as m:
        eta = bd.eta({"CL": 0.3})
        CL = bd.parameter("CL", bd.theta("CL", 4.0), eta["CL"])
        bd.observe("DV", bd.one_compartment(CL=CL, V=20.0), error=bd.proportional(0.1))
    assert names_of_population(m) == []


def unused(study):
    with bd.population_model(study, CARD):
        bd.eta({"CL": 0.3, "V": 0.3})
        bd.parameter("CL", 4.0)


def own_individual(study):
    declare(study, extra=lambda m: pm.Normal("u", 0, 1, dims="subject"))


def own_vector(study):
    declare(study, extra=lambda m: pm.Normal("u", 0, 1, shape=2))


def twice(study):
    with bd.population_model(study, CARD):
        bd.eta({"CL": 0.3})
        bd.eta({"V": 0.3})


def wrong_covariate(study):
    with bd.population_model(study, CARD):
        bd.covariate("WTT")


def wrong_prior(study):
    with bd.population_model(study, CARD):
        bd.theta("CL", "lognormal")


def wrong_endpoint(study):
    with bd.population_model(study, CARD):
        bd.observe("CONC", bd.one_compartment(CL=1.0, V=1.0), error=bd.additive(1.0))


def wrong_unit(study):
    with bd.population_model(study, CARD):
        V = bd.parameter("V", bd.theta("V", 20.0, unit="mL"))
        bd.one_compartment(CL=1.0, V=V)


def wrong_scale(study):
    with bd.population_model(study, CARD):
        bd.parameter("CL", 4.0, scale="logg")


@pytest.mark.parametrize(
    ("mistake", "told"),
    [
        (unused, "eta CL, V is declared but no parameter uses it"),
        (own_individual, "'u' has one value per subject but no eta made it"),
        (own_vector, "'u' has several values but no eta made it"),
        (twice, "eta is declared twice"),
        (wrong_covariate, "Probably meant: WT"),
        (wrong_prior, "prior of theta_CL is not a distribution"),
        (wrong_endpoint, "no endpoint 'CONC'"),
        (wrong_scale, "Expected: log or normal"),
        (wrong_unit, "unit of V does not go with the card"),
        (lambda _: bd.theta("CL", 1.0), "declare inside a model"),
    ],
    ids=lambda x: getattr(x, "__name__", None),
)
def test_mistakes_are_told(study, mistake, told):
    with pytest.raises(InputError, match=told):
        mistake(study)


def test_centring_something_without_eta_is_told(phenobarbital, neonates):
    with pytest.raises(InputError, match=r"'Vd' cannot be centred.*Probably meant: V"):
        build(phenobarbital, neonates, centred={"Vd"})


def test_same_declaration_on_one_subject(phenobarbital, neonates):
    m = build(phenobarbital, neonates.select("1"))
    assert m["z"].eval().shape == (1, 2)


def test_spec_hash_ignores_comments_and_layout():
    text = 'def model(study):\n    """What it is."""\n    return study  # a comment\n'
    assert spec_hash(text) == spec_hash("def model(study):\n\n    return (study)\n")
    assert spec_hash(text) != spec_hash(text.replace("return study", "return None"))


def test_loading_a_spec_by_name_or_path(tmp_path):
    shipped = bd.load_model("phenobarbital")
    copy = tmp_path / "phenobarbital.py"
    copy.write_text(shipped.path.read_text() + "\n# mine\n")
    assert bd.load_model(copy) == shipped
    assert bd.load_model(str(copy)).path == copy


@pytest.mark.parametrize(
    ("text", "told"),
    [("x = 1\n", "is not a model spec"), ("def f(:\n", "not valid Python: line 1")],
)
def test_a_file_that_is_no_spec(tmp_path, text, told):
    path = tmp_path / "mine.py"
    path.write_text(text)
    with pytest.raises(InputError, match=told):
        bd.load_model(path)


def test_an_unknown_name_is_told_the_nearest():
    with pytest.raises(InputError, match="Probably meant: phenobarbital"):
        bd.load_model("fenobarbital")
    with pytest.raises(InputError, match="no model spec at"):
        bd.load_model("nowhere/mine.py")
