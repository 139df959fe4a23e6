"""The parameter table against numpy, and the predictions table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import synthetic_patient as made
import xarray as xr
from rich.console import Console

from bayesdose.errors import InputError
from bayesdose.reporting import parameters
from bayesdose.reporting.parameters import COLUMNS, cv_percent, parameter_table
from bayesdose.reporting.predictions import curve_times, predictions_table


def _row(table: pd.DataFrame, name: str) -> pd.Series:
    return table.set_index("parameter").loc[name]


def test_numbers_are_those_of_numpy() -> None:
    fit = made.fit()
    table = parameter_table(fit)
    assert tuple(table.columns) == COLUMNS
    assert table["parameter"].tolist() == ["CL", "V", "sigma_prop"]
    draws = {n: fit.posterior["posterior"][n].to_numpy().ravel() for n in fit.population}
    row = _row(table, "CL")
    middle, low, high = np.quantile(draws["theta_CL"], [0.5, 0.05, 0.95])
    assert [row["estimate"], row["lower90"], row["upper90"]] == pytest.approx([middle, low, high])
    iiv = 100 * np.sqrt(np.exp(draws["omega_CL"] ** 2) - 1)
    assert row["iiv_cv_percent"] == pytest.approx(np.median(iiv))
    assert [row["iiv_lower90"], row["iiv_upper90"]] == pytest.approx(np.quantile(iiv, [0.05, 0.95]))
    assert row["unit"] == "L/h"
    sigma = _row(table, "sigma_prop")
    assert sigma["unit"] == "%"
    assert sigma["estimate"] == pytest.approx(100 * np.median(draws["sigma_prop"]))
    assert np.isnan(sigma["iiv_cv_percent"])


def test_convergence_is_that_of_arviz_and_the_worse_of_a_shared_row() -> None:
    from arviz_stats import ess, rhat

    fit = made.fit()
    both = fit.posterior["posterior"].to_dataset()[["theta_V", "omega_V"]]
    row = _row(parameter_table(fit), "V")
    assert row["rhat"] == pytest.approx(max(float(v) for v in rhat(both).values()))
    assert row["ess_bulk"] == pytest.approx(min(float(v) for v in ess(both, method="bulk").values()))


def test_cv_is_exact_not_first_order() -> None:
    assert cv_percent(np.array([0.0, 0.5])) == pytest.approx([0.0, 53.29403], rel=1e-6)


def test_a_fit_of_single_precision_and_one_chain_has_a_table() -> None:
    slim = made.population(chains=1)["posterior"].to_dataset().astype("float32")
    table = parameter_table(made.fit(posterior=xr.DataTree.from_dict({"posterior": slim})))
    assert table["rhat"].isna().all()
    assert np.isfinite(table["ess_bulk"]).all()
    assert parameters.formatted(table)[0][5] == "–"


def test_omega_of_another_scale_fixed_theta_and_vectors_have_rows_of_their_own() -> None:
    posterior = made.population()["posterior"].to_dataset().drop_vars(["theta_CL", "sigma_prop"])
    beta = (("chain", "draw", "k"), np.random.default_rng(1).normal(size=(4, 250, 2)))
    table = parameter_table(
        made.fit(
            posterior=xr.DataTree.from_dict({"posterior": posterior.assign(beta=beta)}),
            population=["omega_CL", "theta_V", "omega_V", "beta"],
            scales={"CL": "log", "V": "normal"},
        )
    )
    assert table["parameter"].tolist() == ["CL", "V", "omega_V", "beta[0]", "beta[1]"]
    assert np.isnan(_row(table, "CL")["estimate"])
    assert _row(table, "CL")["iiv_cv_percent"] == pytest.approx(20, abs=1)
    assert _row(table, "omega_V")["unit"] == "L"
    assert np.isnan(_row(table, "V")["iiv_cv_percent"])
    assert parameters.formatted(table)[0][2] == "fixed"


def test_the_csv_reads_back(tmp_path) -> None:
    table = parameter_table(made.fit())
    path = parameters.to_csv(table, tmp_path / "new" / "parameters.csv")
    assert path.read_text().splitlines()[0] == ",".join(COLUMNS)
    back = pd.read_csv(path)
    pd.testing.assert_frame_equal(back, table, rtol=1e-5)


def test_it_prints_in_eighty_columns_with_its_footnote() -> None:
    console = Console(width=80, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    parameters.show(parameter_table(made.fit()), console)
    console.file.close()
    text = console.export_text()
    assert "posterior median" in text
    assert "sqrt(exp(omega²) − 1)" in text
    line = next(line for line in text.splitlines() if " CL " in line)
    assert "L/h" in line
    assert "20 (1" in line


def _prediction() -> xr.Dataset:
    values = np.linspace(0, 1, 101)[:, None] * np.array([10.0, 20.0, 30.0])
    coords = {"time": [1.0, 2.0, 3.0], "DV": ("time", [5.0, 19.5, np.nan])}
    return xr.Dataset({"measurement": (("draw", "time"), values)}, coords)


def test_predictions_stand_beside_what_was_measured() -> None:
    table = predictions_table(_prediction())
    assert table.columns.tolist() == ["time", "measured", "median", "lower90", "upper90", "inside"]
    assert table["median"].tolist() == pytest.approx([5, 10, 15])
    assert table["lower90"].tolist() == pytest.approx([0.5, 1.0, 1.5])
    assert table["upper90"].tolist() == pytest.approx([9.5, 19.0, 28.5])
    assert table["inside"].tolist() == [True, False, pd.NA]
    assert predictions_table(_prediction(), until=1.0)["used"].tolist() == [True, False, False]


@pytest.mark.parametrize("drop", ["measurement", "DV"])
def test_a_prediction_without_measurement_or_level_is_refused(drop: str) -> None:
    with pytest.raises(InputError, match="predict"):
        predictions_table(_prediction().drop_vars(drop))


def test_a_curve_sees_both_sides_of_a_dose() -> None:
    study = made.study()
    times = curve_times(study, end=130.0)
    assert (np.diff(times) > 0).all()
    assert times[0] == 0
    assert times[-1] == 130.0
    for dose in study.doses["TIME"]:
        assert np.abs(times - dose).min() < 1e-3
        assert dose == 0 or ((times < dose) & (times > dose - 1e-3)).any()


def test_a_patient_without_a_span_has_a_curve_of_a_day() -> None:
    lone = made.study().until(0.0)
    assert curve_times(lone)[[0, -1]].tolist() == [0.0, 24.0]
