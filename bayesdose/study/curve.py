"""The times at which a patient's concentration curve is drawn."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bayesdose.study.drawn_out import drawn_out
from bayesdose.study.study import Study
from bayesdose.units import factor


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
