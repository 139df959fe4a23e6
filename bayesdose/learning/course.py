"""The concentration-time course of one patient, before and after the levels, with the levels themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from bayesdose.errors import InputError, explain
from bayesdose.simulation import predict
from bayesdose.study.curve import curve_times, present_course
from bayesdose.study.drawn_out import drawn_out

if TYPE_CHECKING:
    from bayesdose.card import Endpoint, Units
    from bayesdose.individual import Draws
    from bayesdose.study import Study

BANDS = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Quantiles of a band table: median, 50 and 90 %."""

_TAILS = (0.5, 0.05, 0.95)
_NAMES = ("median", "lower90", "upper90")


@dataclass(frozen=True, eq=False)
class Course:
    """Predicted concentrations of one patient, and what was measured.

    Parameters
    ----------
    after, before
        Concentrations (draw, time) of the draws given the levels, and of those before any level (None: not
        asked for); without residual error.
    levels
        TIME, DV, CENS; used (whether the draws were conditioned on it); median, lower90 and upper90 of the
        measurement predicted by `after`, and with the ending _before by `before`: residual error included.
        The interval of a level that was used is no prediction of it: the level itself made it narrow.
    doses
        As from ``bayesdose.study.drawn_out``, of the present course.
    units
        The card's units.
    endpoint
        What is measured.
    routes
        Name of each compartment by its number in CMT.
    """

    after: xr.Dataset
    before: xr.Dataset | None
    levels: pd.DataFrame
    doses: pd.DataFrame
    units: Units
    endpoint: Endpoint
    routes: tuple[str, ...]

    def table(self) -> pd.DataFrame:
        """Return the bands: TIME, and 5, 25, 50, 75 and 95 % as after_05 ..., before_05 ..."""
        made = {"TIME": self.after["time"].to_numpy()}
        for name, curve in (("before", self.before), ("after", self.after)):
            if curve is not None:
                values = np.quantile(curve["concentration"].transpose("draw", "time"), BANDS, axis=0)
                made |= {f"{name}_{100 * q:02.0f}": v for q, v in zip(BANDS, values, strict=True)}
        return pd.DataFrame(made)


def course(
    me: Draws,
    before: Draws | None = None,
    *,
    seed: int,
    study: Study | None = None,
    end: float | None = None,
    points: int = 300,
    dvid: int = 1,
) -> Course:
    """Predict a patient's concentrations over time, and each level with its residual error.

    Parameters
    ----------
    me
        The patient's draws.
    before
        Draws of the same patient on no level (``condition(fit, patient.without_levels())``), to compare with.
    seed
        Of the residual errors.
    study
        The same patient's table where it holds levels later than those conditioned on, which are then
        predicted; the one conditioned on unless given.
    end
        Where the curve ends, in the card's time; a little after the last record unless given.
    points
        Number of even steps; doses add their own times.
    dvid
        Which kind of level.

    Raises
    ------
    InputError
        When the draws are of different patients, or levels of that kind are not predicted.
    """
    study = me.patient if study is None else study
    kinds = me.compiled.declaration.kinds or (1,)
    if dvid not in kinds:
        raise InputError(
            explain("the model predicts no such kind of level", came=f"dvid={dvid}", expected=str(kinds))
        )
    times = curve_times(study, end=end, points=points)
    doses = drawn_out(study, float(times[-1]))
    return Course(
        after=predict(me, study, times=times, dvid=dvid),
        before=None if before is None else predict(before, study, times=times, dvid=dvid),
        levels=_levels(me, before, study, dvid, seed),
        doses=doses[doses["COURSE"] == doses["COURSE"].max()].reset_index(drop=True),
        units=me.model.card.units,
        endpoint=me.model.card.endpoint(dvid),
        routes=_routes(me),
    )


def _levels(me: Draws, before: Draws | None, study: Study, dvid: int, seed: int) -> pd.DataFrame:
    """Return the levels of the present course of this kind, with their predictive intervals."""
    levels = study.levels
    made = levels[["TIME", "DV", "CENS"]].assign(used=_used(me.patient, levels))
    for ending, draws in (("", me), ("_before", before)):
        if draws is None:
            continue
        values = np.empty((0, len(levels)))
        if len(levels):
            values = predict(draws, study, residual=True, seed=seed)["measurement"].to_numpy()
        limits = np.quantile(values, _TAILS, axis=0) if len(levels) else np.empty((3, 0))
        made = made.assign(**{f"{n}{ending}": v for n, v in zip(_NAMES, limits, strict=True)})
    kept = levels.index.isin(present_course(study).index) & (levels["DVID"] == dvid).to_numpy()
    return made[kept].reset_index(drop=True)


def _used(known: Study, levels: pd.DataFrame) -> np.ndarray:
    """Return whether each level was conditioned on: by the line of the table that it stands on."""
    return levels["ROW"].isin(known.levels["ROW"]).to_numpy()


def _routes(me: Draws) -> tuple[str, ...]:
    structure = me.compiled.declaration.structure
    if structure is None:
        return ("the default compartment", *me.model.card.compartments)
    return (structure.compartments[structure.default], *structure.compartments)
