"""Slips that could be behind an odd table: units, swapped samples, missed doses, wrong times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayesdose.errors import InputError
from bayesdose.flags.rules import where_of
from bayesdose.study import spelt_out
from bayesdose.units import factor

if TYPE_CHECKING:
    from bayesdose.study import Study

Floats = NDArray[np.float64]

_FACTORS = {"x10": 10.0, "/10": 0.1, "x1000": 1000.0, "/1000": 1e-3}
_MOST_DOSES = 6  # the last ones: older ones hardly show in the levels
_DOSE_HOURS = (-12.0, -2.0, -1.0, 1.0, 2.0, 12.0)
_SAMPLE_HOURS = (-12.0, -1.0, 1.0, 12.0)


@dataclass(frozen=True, eq=False)
class Slip:
    """A slip, and the table as it is if the slip is put right.

    Parameters
    ----------
    kind, name, where, row
        As in `Suspect`.
    y
        The levels put right, (observation,), in a table that is otherwise right; None else.
    study
        The table put right, where doses or times are wrong; None else.
    log_scale
        Log of how much a level's unit shrinks in writing: densities are of what was written.
    """

    kind: str
    name: str
    where: str
    row: int | None
    y: Floats | None = None
    study: Study | None = None
    log_scale: float = 0.0


def level_slips(study: Study, molar_mass: float | None) -> Iterator[Slip]:
    """Yield slips in the levels alone: factors between units of one level or of all, two samples swapped."""
    levels = study.levels
    y, rows, where = levels["DV"].to_numpy(np.float64), levels["ROW"].tolist(), where_of(study)
    measured = np.flatnonzero((levels["CENS"] == 0).to_numpy())
    for name, times in _unit_factors(study, molar_mass).items():
        for k in measured:
            right = y.copy()
            right[k] /= times
            yield Slip("unit", f"{name} unit slip", where[k], int(rows[k]), right, log_scale=-np.log(times))
        if len(measured) > 1:
            right = y.copy()
            right[measured] /= times
            scale = -len(measured) * np.log(times)
            yield Slip("unit", f"{name} unit slip", "all levels", None, right, log_scale=scale)
    kinds = levels["DVID"].to_numpy()
    for a, b in combinations(measured.tolist(), 2):
        if y[a] != y[b] and kinds[a] == kinds[b]:
            right = y.copy()
            right[[a, b]] = right[[b, a]]
            yield Slip("swap", "swapped samples", f"{where[a]} and {where[b]}", None, right)


def _unit_factors(study: Study, molar_mass: float | None) -> dict[str, float]:
    """Return by how much a written level exceeds the true one, by name."""
    made = dict(_FACTORS)
    if molar_mass is not None:
        try:
            mass = molar_mass * factor("ug/L", study.card.units.concentration)
        except InputError:  # the card's levels are no mass in a volume
            return made
        made[f"umol/L for {study.card.units.concentration}"] = 1.0 / mass
    return made


def table_slips(study: Study) -> Iterator[Slip]:
    """Yield slips in doses and times: one of the last doses missed or late, a sample at another time."""
    hour, unit = factor("h", study.card.units.time), study.card.units.time
    back = (np.diff(study.records["TIME"].to_numpy()) < 0).any()  # at a reset
    records = study.records if back else spelt_out(study).records
    since = _present(records)
    last = records["TIME"][_counts(records)].iloc[-1]
    given = (
        (records["EVID"] == 1) & (records.index >= since) & (records["TIME"] <= last) & (records["SS"] == 0)
    )
    doses = records.index[given & (records["ADDL"] == 0)].tolist()[-_MOST_DOSES:]
    for k in doses:
        where, row = f"dose at {records['TIME'][k]:g} {unit}", int(records["ROW"][k])
        yield Slip("missed dose", "missed dose", where, row, study=_with(study, _without(records, k)))
        for h in _DOSE_HOURS:
            if (moved := _moved(records, k, h * hour, since)) is not None:
                yield Slip("dose time", _late(h, "dose"), where, row, study=_with(study, moved))
    for k in records.index[_counts(records) & (records.index >= since)]:
        where, row = f"level at {records['TIME'][k]:g} {unit}", int(records["ROW"][k])
        for h in _SAMPLE_HOURS:
            if (moved := _moved(records, k, h * hour, since)) is not None:
                yield Slip("sample time", _late(h, "sample"), where, row, study=_with(study, moved))


def _counts(records: pd.DataFrame) -> pd.Series:
    return (records["EVID"] == 0) & (records["MDV"] == 0) & records["DV"].notna()


def _present(records: pd.DataFrame) -> int:
    """Return the first record that is not before the last reset or steady state."""
    opening = records.index[records["EVID"].isin((3, 4)) | (records["SS"] == 1)]
    return int(opening[-1]) if len(opening) else 0


def _without(records: pd.DataFrame, k: int) -> pd.DataFrame:
    """Return the records with a dose that gives nothing: its covariates and occasion stay."""
    made = records.copy()
    made.loc[k, ["EVID", "MDV"]] = [2, 1]
    made.loc[k, ["AMT", "RATE"]] = [np.nan, 0.0]
    return made


def _moved(records: pd.DataFrame, k: int, by: float, since: int) -> pd.DataFrame | None:
    """Return the records with one of them at another time; None where that is before the course."""
    time = float(records["TIME"][k]) + by
    if time < float(records["TIME"][since]):
        return None
    made = records.copy()
    made.loc[k, "TIME"] = time
    part = made.iloc[since:].sort_values("TIME", kind="stable")
    return pd.concat([made.iloc[:since], part], ignore_index=True)


def _with(study: Study, records: pd.DataFrame) -> Study:
    return replace(study, records=records)


def _late(hours: float, what: str) -> str:
    when = "later" if hours > 0 else "earlier"
    return f"{what} {abs(hours):g} h {when} than written"
