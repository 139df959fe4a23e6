"""What may have happened instead: dose histories with a dose missed, levels drawn at another time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import pandas as pd

from bayesdose.errors import InputError, explain
from bayesdose.study.study import Study
from bayesdose.units import quantity_in

_MOST = 128  # histories of one patient


@dataclass(frozen=True)
class Histories:
    """Several stories of one patient, with what is thought of them before the levels are looked at.

    Parameters
    ----------
    studies
        Name of each to the patient's table under it; all with the same levels.
    prior
        Name of each to its probability; they add up to 1.
    """

    studies: Mapping[str, Study]
    prior: Mapping[str, float]

    def __post_init__(self) -> None:
        total = sum(self.prior.values())
        if set(self.studies) != set(self.prior) or not np.isclose(total, 1.0):
            raise InputError(
                explain(
                    "histories need a prior probability each, adding up to 1",
                    came=", ".join(f"{name}: {p:g}" for name, p in self.prior.items()),
                    expected=", ".join(self.studies),
                )
            )

    def __len__(self) -> int:
        return len(self.studies)


def missed_doses(patient: Study, *, probability: float = 0.1, last: int = 1) -> Histories:
    """Return the stories of a patient who may not have taken the last doses before the last level.

    Parameters
    ----------
    patient
        A study of one subject with a level.
    probability
        That a dose was not taken, each on its own: of the last n doses any may be missing.
    last
        How many doses are in doubt, up to 6.

    Returns
    -------
    Histories
        "as recorded", "dose at 36 h missed" ...: one of each set of missed doses. Additional doses (ADDL) are
        written as records of their own (`spelt_out`).

    Raises
    ------
    InputError
        When there are fewer doses before the last level, or one in doubt is at steady state (SS).
    """
    _require_one(patient, "missed_doses")
    if not 1 <= last <= 6 or not 0.0 < probability < 1.0:
        raise InputError(
            explain(
                "missed_doses takes the number of doses in doubt and the probability of missing one",
                came=f"last={last}, probability={probability:g}",
                expected="1 to 6 doses, a probability between 0 and 1",
            )
        )
    written = spelt_out(patient)
    doubtful = _before_last_level(written)[-last:]
    if len(doubtful) < last:
        raise InputError(
            explain(
                f"there are fewer than {last} doses before the last level",
                came=len(doubtful),
                fix="ask for fewer: last=",
            )
        )
    times, unit = written.records["TIME"].to_numpy(), patient.card.units.time
    studies, prior = {}, {}
    for taken in product((True, False), repeat=last):
        gone = [i for i, yes in zip(doubtful, taken, strict=True) if not yes]
        at = ", ".join(f"{times[i]:g}" for i in gone)
        name = "as recorded" if not gone else f"dose{'s' * (len(gone) > 1)} at {at} {unit} missed"
        studies[name] = without_doses(written, gone)
        prior[name] = float(np.prod([1.0 - probability if yes else probability for yes in taken]))
    return Histories(studies, prior)


def uncertain_times(
    patient: Study, sd: str | float, *, level: int | None = None, nodes: int = 5
) -> Histories:
    """Return the stories of a patient whose levels may have been drawn earlier or later than recorded.

    Parameters
    ----------
    patient
        A study of one subject.
    sd
        SD of the time of a level, a normal distribution around the recorded one: "15 min", or a number in the
        card's unit.
    level
        Which level is in doubt, from 0, or from -1 backwards; all of them, each on its own, unless given.
    nodes
        How many times of each level stand for the distribution (Gauss-Hermite quadrature: means over it are
        exact for polynomials of degree 2 nodes - 1).

    Returns
    -------
    Histories
        One for each combination of times. Doses stay where they are: a level may come to stand before one.

    Raises
    ------
    InputError
        When there are more than 128 combinations, no such level, or time runs back in the table.
    """
    _require_one(patient, "uncertain_times")
    width = sd if isinstance(sd, int | float) else quantity_in(sd, patient.card.units.time)
    places = np.flatnonzero(patient.is_level)
    chosen = _chosen(places, level)
    if nodes ** len(chosen) > _MOST:
        raise InputError(
            explain(
                "too many combinations of times",
                came=f"{nodes} nodes for each of {len(chosen)} levels",
                expected=f"at most {_MOST} combinations",
                fix="name the level in doubt (level=), or take fewer nodes",
            )
        )
    if (np.diff(patient.records["TIME"].to_numpy()) < 0).any():
        raise InputError(explain("uncertain_times needs a table whose time never runs back"))
    x, weight = np.polynomial.hermite_e.hermegauss(nodes)
    share = weight / weight.sum()
    studies, prior = {}, {}
    for picks in product(range(nodes), repeat=len(chosen)):
        steps = width * x[list(picks)]
        name = ", ".join(f"{step:+.3g}" for step in steps) + f" {patient.card.units.time}"
        studies[name] = _moved(patient, chosen, steps)
        prior[name] = float(np.prod(share[list(picks)]))
    return Histories(studies, prior)


def spelt_out(patient: Study) -> Study:
    """Return the same doses with every additional one (ADDL) up to the last record as a record of its own.

    A record so made stands before the records of its time, as the dose did, and has covariates and occasion
    of the next record. Doses ordered for later are left out: what follows is for options to say.

    Raises
    ------
    InputError
        When time runs back in the table.
    """
    records = patient.records.reset_index(drop=True)
    if (np.diff(records["TIME"].to_numpy()) < 0).any():
        raise InputError(explain("doses cannot be written one by one where time runs back in the table"))
    order = records.index.to_numpy(dtype=float)
    made, places = [records.assign(ADDL=0, II=np.where(records["SS"] > 0, records["II"], 0.0))], [order]
    time, interval, more = (records[name].to_numpy() for name in ("TIME", "II", "ADDL"))
    for i in np.flatnonzero(more > 0).tolist():
        at = time[i] + interval[i] * np.arange(1, more[i] + 1)
        at = at[(at < _cancelled(records, i)) & (at <= time[-1])]
        following = np.maximum(np.searchsorted(time, at, side="left"), i + 1)
        extra = records.iloc[following].copy()
        kept = [name for name in ("ID", "EVID", "AMT", "MDV", "RATE", "CMT", "DVID") if name in records]
        extra[kept] = np.repeat(records[kept].to_numpy()[[i]], len(at), axis=0)
        extra = extra.assign(TIME=at, DV=np.nan, ADDL=0, II=0.0, SS=0, CENS=0, LIMIT=np.nan, EVID=1)
        made.append(extra)
        places.append(following - 0.5 + 1e-6 * np.arange(len(at)))
    joined = pd.concat(made, ignore_index=True).astype(records.dtypes.to_dict())
    joined = joined.assign(_place=np.concatenate(places)).sort_values(["_place", "TIME"], kind="stable")
    return replace(patient, records=joined.drop(columns="_place").reset_index(drop=True))


def without_doses(patient: Study, places: list[int]) -> Study:
    """Return the table with the doses on these records (by position) not given; the records stay (EVID 2).

    Raises
    ------
    InputError
        When one of them is at steady state: what came before it would be in doubt too.
    """
    records = patient.records.reset_index(drop=True)
    tied = ((records["SS"] > 0) | (records["EVID"] == 4) | (records["ADDL"] > 0)).to_numpy()
    for i in places:
        if tied[i]:
            raise InputError(
                explain(
                    f"the dose at {records['TIME'].iloc[i]:g} {patient.card.units.time} cannot be left out",
                    came="a dose at steady state, with a reset, or with additional ones",
                    fix="write the doses one by one",
                )
            )
    records.loc[places, ["EVID", "AMT", "RATE", "MDV"]] = [2, np.nan, 0.0, 1]
    return replace(patient, records=records.astype(patient.records.dtypes.to_dict()))


def _moved(patient: Study, places: np.ndarray, steps: np.ndarray) -> Study:
    records = patient.records.reset_index(drop=True)
    records.loc[places, "TIME"] = records.loc[places, "TIME"].to_numpy() + steps
    return replace(patient, records=records.sort_values("TIME", kind="stable").reset_index(drop=True))


def _before_last_level(patient: Study) -> list[int]:
    levels = np.flatnonzero(patient.is_level)
    given = patient.records["EVID"].isin((1, 4)).to_numpy()
    last = levels[-1] if len(levels) else len(given)
    return [int(i) for i in np.flatnonzero(given[:last])]


def _cancelled(records: pd.DataFrame, i: int) -> float:
    """Return the time from which the additional doses of record i are no longer given: a reset, or SS 1."""
    later = records.iloc[i + 1 :]
    ends = later["EVID"].isin((3, 4)) | (later["EVID"].isin((1, 4)) & (later["SS"] == 1))
    return float(later.loc[ends, "TIME"].iloc[0]) if ends.any() else np.inf


def _chosen(places: np.ndarray, level: int | None) -> np.ndarray:
    if not len(places):
        raise InputError(explain("there is no level whose time could be in doubt"))
    if level is None:
        return places
    if not -len(places) <= level < len(places):
        raise InputError(
            explain("there is no such level", came=level, expected=f"0 to {len(places) - 1}, or from -1 back")
        )
    return places[[level]]


def _require_one(patient: Study, what: str) -> None:
    if patient.n_subjects != 1:
        raise InputError(
            explain(
                f"{what} takes one patient",
                came=f"{patient.n_subjects} subjects",
                fix="choose one: study.select([id])",
            )
        )
