"""Predicted beside measured levels, and the times at which a concentration curve is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from bayesdose.errors import InputError, explain
from bayesdose.study.drawn_out import drawn_out
from bayesdose.units import factor

if TYPE_CHECKING:
    from bayesdose.study import Study

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


def curve_times(study: Study, *, end: float | None = None, points: int = 300) -> np.ndarray:
    """Return the times at which to predict a curve: even steps, and both sides of all that doses change.

    Parameters
    ----------
    study
        One patient; the curve begins at the first record, after a reset to an earlier time at that.
    end
        Where it ends; unless given a twentieth of the time covered after the last record, or a day after a
        single record and where an order or an infusion goes on beyond the last one.
    points
        Number of even steps.

    Returns
    -------
    numpy.ndarray
        Sorted times in the model's unit.
    """
    times = present_course(study)["TIME"].to_numpy(dtype=float)
    start, last = float(times[0]), float(times[-1])
    ordered = drawn_out(study, np.inf)
    ordered = ordered[ordered["COURSE"] == ordered["COURSE"].max()]
    stop = last + _beyond(study, last - start, ordered) if end is None else end
    hair = 1e-6 * max(stop - start, 1.0)
    changes = ordered[["TIME", "END"]].to_numpy(float).ravel()
    both = np.concatenate([changes - hair, changes + hair])
    return np.unique(
        np.concatenate([np.linspace(start, stop, points), both[(both >= start) & (both <= stop)]])
    )


def present_course(study: Study) -> pd.DataFrame:
    """Return the records of one patient since time last ran back (at a reset); all if it never did."""
    back = np.flatnonzero(np.diff(study.records["TIME"].to_numpy(dtype=float)) < 0)
    return study.records.iloc[back[-1] + 1 if len(back) else 0 :]


def _beyond(study: Study, span: float, ordered: pd.DataFrame) -> float:
    """Return how long a curve goes on after the last record, `span` after the first."""
    last = float(study.records["TIME"].iloc[-1])
    goes_on = (ordered[["TIME", "END"]].max(axis=1) > last).any()
    day = factor("day", study.card.units.time)
    return max(0.05 * span, day) if goes_on or span <= 0 else 0.05 * span


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
