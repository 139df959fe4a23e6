"""Shrinkage and the wide parameter table, against numbers by hand and by numpy."""

from __future__ import annotations

import numpy as np
import pytest
import synthetic_fits as made

import bayesdose as bd
from bayesdose.errors import InputError
from bayesdose.reporting import parameters

DRAW = ("chain", "draw")
OMEGA = np.array([[0.4, 0.5, 0.6], [0.5, 0.5, 0.5]])
MEANS = np.array([-0.3, 0.0, 0.3])  # their SD is 0.3


def _fit(**more):
    wobble = np.array([[-0.1, 0.0, 0.1], [0.1, 0.0, -0.1]])[:, :, None]
    variables = {
        "theta_CL": (DRAW, np.array([[1.0, 2.0, 3.0], [2.0, 2.0, 2.0]])),
        "omega_CL": (DRAW, OMEGA),
        "eta_CL": ((*DRAW, "subject"), MEANS + wobble),
    }
    return made.fit(variables | more.pop("variables", {}), scales={"CL": "log"}, **more)


def test_shrinkage_by_hand():
    (row,) = bd.validate.shrinkage(_fit()).to_dict("records")
    assert (row["effect"], row["n"]) == ("eta_CL", 3)
    assert row["omega"] == pytest.approx(0.5)
    assert row["sd_percent"] == pytest.approx(100 * (1 - 0.3 / 0.5))
    assert row["variance_percent"] == pytest.approx(100 * (1 - 0.09 / 0.25))


def test_student_t_effects_are_measured_by_their_sd():
    df = {"df_eta": (DRAW, np.full((2, 3), 4.0))}
    (row,) = bd.validate.shrinkage(_fit(variables=df)).to_dict("records")
    assert row["omega"] == pytest.approx(0.5 * np.sqrt(2.0))  # variance of t4 is 4 / (4 - 2)


def test_a_kappa_is_found_by_its_own_name():
    kappa = {
        "omega_kappa_CL": (DRAW, np.full((2, 3), 0.2)),
        "kappa_CL": ((*DRAW, "occasion"), np.broadcast_to([0.1, -0.1], (2, 3, 2))),
    }
    row = bd.validate.shrinkage(_fit(variables=kappa)).set_index("effect").loc["kappa_CL"]
    assert row["sd_percent"] == pytest.approx(100 * (1 - np.sqrt(0.02) / 0.2))
    table = parameters.parameter_table(_fit(variables=kappa))
    assert table["parameter"].tolist() == ["CL", "kappa_CL"]
    assert parameters.formatted(table)[1][2] == ""


def test_a_typical_value_by_subpopulation_is_not_called_fixed():
    rows = {"omega_CL": (DRAW, OMEGA), "theta_CL_slow": (DRAW, OMEGA), "omega_V": (DRAW, OMEGA)}
    table = parameters.parameter_table(made.fit(rows, scales={"CL": "log", "V": "log"}))
    assert [row[2] for row in parameters.formatted(table)] == ["", "0.500", "fixed"]


def test_a_slim_fit_has_no_shrinkage_but_a_parameter_table():
    fit = made.fit({"theta_CL": (DRAW, OMEGA), "omega_CL": (DRAW, OMEGA)})
    with pytest.raises(InputError, match="slim"):
        bd.validate.shrinkage(fit)
    assert np.isnan(parameters.parameter_table(fit)["shrinkage_sd_percent"]).all()


def test_parameter_table_has_rse_shrinkage_and_priors():
    priors = {"theta_CL": "LogNormal(1, 1)", "omega_CL": {"distribution": "HalfNormal(1)"}}
    (row,) = parameters.parameter_table(_fit(priors=priors)).to_dict("records")
    assert row["mean"] == pytest.approx(2.0)
    assert row["rse_percent"] == pytest.approx(100 * np.std([1, 2, 3, 2, 2, 2], ddof=1) / 2)
    assert row["iiv_rse_percent"] == pytest.approx(100 * np.std(OMEGA, ddof=1) / 0.5)
    assert row["iiv_cv_percent"] == pytest.approx(100 * np.sqrt(np.exp(0.25) - 1))
    assert row["shrinkage_sd_percent"] == pytest.approx(40.0)
    assert row["shrinkage_variance_percent"] == pytest.approx(64.0)
    assert (row["prior"], row["iiv_prior"]) == ("LogNormal(1, 1)", "HalfNormal(1)")


def test_the_omega_of_a_student_t_effect_is_no_cv():
    df = {"df_eta": (DRAW, np.full((2, 3), 4.0))}
    table = parameters.parameter_table(_fit(variables=df)).set_index("parameter")
    assert table.index.tolist() == ["CL", "omega_CL", "df_eta"]
    assert table["iiv_cv_percent"].isna().all()
    assert table.loc["omega_CL", "estimate"] == pytest.approx(0.5)


def test_full_rows_have_a_cell_for_every_heading():
    table = parameters.parameter_table(_fit())
    (row,) = parameters.formatted(table, full=True)
    heads = parameters.headings(table, full=True)
    assert len(row) == len(heads)
    told = dict(zip(heads, row, strict=True))
    assert told["R-hat"] == "–"  # six draws have none, and are of chains all the same
    assert (told["Shrinkage, %: SD"], told["variance"]) == ("40", "64")


def test_a_figure_of_something_else_is_refused():
    with pytest.raises(InputError, match="no figure of this"):
        bd.figure(3)
