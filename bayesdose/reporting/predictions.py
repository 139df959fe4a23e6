"""Predicted beside measured levels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from bayesdose.errors import InputError, explain
from bayesdose.study.curve import curve_times, present_course

__all__ = ["COLUMNS", "curve_times", "predictions_table", "present_course"]

COLUMNS = ("time", "measured", "median", "lower90", "upper90", "inside")
"""Columns of a predictions table, in order."""

_TAILS = (0.5, 0.05, 0.95)


def predictions_table(prediction: xr.Dataset, *, until: float | None = None) -> pd.DataFrame:
    """Set predicted measurements beside what was measured.

    Parameters
    ----------
    prediction
        What ``simulation.predict(..., residual=True)`` returns for a study's levels: dims (draw, time),
        variable `measurement`, coordinate `DV` on time.
    until
        Time (inclusive) up to which levels were conditioned on; adds a column `used`.

    Returns
    -------
    pandas.DataFrame
        `COLUMNS`: time and measured in the model's units; median, 5 and 95 % of the predicted measurement
        (residual error included); inside: whether the measured one lies between them, ends included,
        missing where nothing was measured. With `until` also used: whether the level was conditioned on;
        its interval is then no prediction.

    Raises
    ------
    InputError
        When the Dataset has no measurement, or does not say what was measured.
    """
    _check(prediction)
    values = prediction["measurement"].transpose("draw", "time").to_numpy()
    median, low, high = np.quantile(values, _TAILS, axis=0)
    measured = prediction["DV"].to_numpy().astype(float)
    inside = pd.array((measured >= low) & (measured <= high), dtype="boolean")
    inside[np.isnan(measured)] = pd.NA
    times = prediction["time"].to_numpy().astype(float)
    columns = (times, measured, median, low, high, inside)
    table = pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)))
    return table if until is None else table.assign(used=times <= until)


def _check(prediction: xr.Dataset) -> None:
    if "measurement" not in prediction:
        raise InputError(
            explain(
                "a predictions table needs predicted measurements",
                came=", ".join(map(str, prediction.data_vars)) or "an empty Dataset",
                expected="variable measurement (draw, time)",
                fix="predict(..., residual=True)",
            )
        )
    if "DV" not in prediction.coords:
        raise InputError(
            explain(
                "a predictions table needs what was measured",
                expected="coordinate DV on time",
                fix="predict at the study's levels: leave times= out",
            )
        )
