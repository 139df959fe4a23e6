"""Time after dose: how long before each record the last dose was given."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bayesdose.study.drawn_out import dose_columns
from bayesdose.study.study import Study

Floats = NDArray[np.float64]
_RESETS = (3, 4)
_SLACK = 1e-12  # relative: times as near as this are one time, as they are to the kernel


def time_after_dose(study: Study) -> Floats:
    """Return the time since the last dose before each record of the study, (record,).

    Notes
    -----
    A dose counts from when it was given, whatever its lag. Additional doses (ADDL) count as rows of their own
    would. A dose on a row of the same time counts for the rows below it; an additional dose comes before all
    records of its time (NONMEM Users Guide VI, III.B.2). nan before the first dose, and after a reset until
    the next one.
    """
    records, doses = study.records, dose_columns(study)
    time, n = records["TIME"].to_numpy(dtype=float), len(records)
    reset = records["EVID"].isin(_RESETS).to_numpy() | ~records["ID"].duplicated().to_numpy()
    part, order = np.cumsum(reset), doses["RECORD"].astype(int)
    given = np.where(doses["ADDITIONAL"], _snapped(doses["TIME"], time), doses["TIME"])
    # of one time: additional doses, then rows in file order, each dose before what is asked of its own row
    rank = np.r_[np.where(doses["ADDITIONAL"], -1.0, order), np.arange(n) + 0.5]
    whole = np.lexsort((rank, np.r_[given, time], np.r_[part[order], part]))
    latest = np.maximum.accumulate(np.where(whole < len(given), np.arange(len(whole)), -1))
    dose = np.where(latest >= 0, whole[latest], 0)
    asked = whole >= len(given)
    row, dose, found = whole[asked] - len(given), dose[asked], latest[asked] >= 0
    after = np.full(n, np.nan)
    if len(given):
        own = found & (part[order][dose] == part[row])
        after[row] = np.where(own, time[row] - given[dose], np.nan)
    return after


def _snapped(given: Floats, time: Floats) -> Floats:
    """Return times of additional doses, those of a record where rounding alone keeps them apart."""
    known = np.unique(time)
    at = np.clip(np.searchsorted(known, given), 1, max(len(known) - 1, 1))
    near = np.stack([known[at - 1], known[np.minimum(at, len(known) - 1)]])
    nearest = np.take_along_axis(near, np.abs(near - given).argmin(axis=0)[None], axis=0)[0]
    return np.where(np.abs(nearest - given) <= _SLACK * (1 + np.abs(given)), nearest, given)
