"""The doses that the records of a table stand for, one by one: for reports and for provenance."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayesdose.study.given import given_until
from bayesdose.study.study import Study

_COLUMNS = ("ID", "EVID", "TIME", "AMT", "RATE", "II", "ADDL", "SS", "CMT")
_DOSE, _RESETS = (1, 4), (3, 4)


def drawn_out(study: Study, end: float | None = None) -> pd.DataFrame:
    """Return each dose that was given, additional ones (ADDL) among them.

    Parameters
    ----------
    study
        Any number of subjects.
    end
        Up to when orders that stand are drawn out (inclusive, in the card's time; infinity for all of them);
        up to each subject's last record unless given. A reset, and a steady state that resets (SS 1), end
        what was ordered before.

    Returns
    -------
    pandas.DataFrame
        One row per dose, subject by subject in the order of time: ID; RECORD, the position of its record in
        the study; COURSE, which grows where time runs back at a reset; TIME, AMT, RATE, CMT; END, when its
        infusion stops as the table has it (amount by rate, without bioavailability, or a reset before that),
        TIME for a bolus and nan where the model has the rate or the duration; ADDITIONAL, whether ADDL gave
        it; SS and II of the record's own dose, 0 of additional ones. Doses that led to a steady state are not
        listed. A constant infusion at steady state has AMT 0 and stops at its TIME.
    """
    return pd.DataFrame(dose_columns(study, end))


def dose_columns(study: Study, end: float | None = None) -> dict[str, NDArray]:
    """Return what `drawn_out` does, as arrays by name."""
    column = {name: study.records[name].to_numpy() for name in _COLUMNS}
    first = np.r_[True, column["ID"][1:] != column["ID"][:-1]]
    course, limit = _courses(column, first)
    until = np.where(np.isinf(limit), _last(column["TIME"], first) if end is None else end, limit)
    counts = np.where(np.isin(column["EVID"], _DOSE), 1 + given_until(column, until), 0)
    record = np.repeat(np.arange(len(counts)), counts)
    step = np.arange(len(record)) - np.repeat(np.cumsum(counts) - counts, counts)
    amount, rate = column["AMT"][record], column["RATE"][record]
    time = column["TIME"][record] + step * column["II"][record]
    lasts = np.where(rate > 0, amount / np.where(rate > 0, rate, 1.0), np.where(rate < 0, np.nan, 0.0))
    own = (step == 0) & (column["SS"][record] > 0)
    doses = {
        "ID": column["ID"][record],
        "RECORD": record,
        "COURSE": course[record],
        "TIME": time,
        "AMT": amount,
        "RATE": rate,
        "CMT": column["CMT"][record],
        "END": np.minimum(time + lasts, np.maximum(limit[record], time)),
        "ADDITIONAL": step > 0,
        "SS": np.where(own, column["SS"][record], 0),
        "II": np.where(own, column["II"][record], 0.0),
    }
    order = np.lexsort((record, time, course[record], np.cumsum(first)[record]))
    return {name: values[order] for name, values in doses.items()}


def _last(time: NDArray[np.float64], first: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return, per record, the time of its subject's last record."""
    ends = np.append(np.flatnonzero(first)[1:], len(time)) - 1
    return time[ends][np.cumsum(first) - 1]


def _courses(
    column: Mapping[str, NDArray], first: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return, per record, the number of its course, and until when what it orders is given.

    That is the time of the next record that cancels it; where time runs back there, the last time before;
    infinity where nothing does.
    """
    time = column["TIME"]
    back = ~first & (np.diff(time, prepend=time[0]) < 0)
    steady = np.isin(column["EVID"], _DOSE) & (column["SS"] == 1)
    opening = first | np.isin(column["EVID"], _RESETS) | steady
    following = np.append(np.flatnonzero(opening)[1:], len(time))
    at = np.minimum(following, len(time) - 1)
    limits = np.where(back[at], time[following - 1], time[at])
    limits = np.where((following < len(time)) & ~first[at], limits, np.inf)
    runs = np.cumsum(back)
    return runs - runs[first][np.cumsum(first) - 1], limits[np.cumsum(opening) - 1]
