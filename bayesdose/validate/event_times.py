"""Times of events: those of a study's table, and those of simulated subjects of its design."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayesdose.errors import InputError, explain
from bayesdose.individual.compiled import compile_individual
from bayesdose.predictive import design, new_subjects, spread
from bayesdose.study import Study, events
from bayesdose.validate.curves import with_samples

if TYPE_CHECKING:
    from bayesdose.fitting import Fit

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class Seen(NamedTuple):
    """Who was observed how long, and which events they had; times are since a subject's first record.

    Parameters
    ----------
    subject, row
        Numbers (subject,) of those with rows of these events, in the study and of one such row among levels.
    first
        When each had its first event; infinity without one.
    until
        Time of the last row.
    ends
        Whether that row is the first event, so that it does not say how long the subject would have been
        observed.
    ended
        Whether that row is an event, the first or a later one.
    when, whose
        (event,): all events, and whose they are (a place in `subject`).
    visits
        Times at which any subject has a row; empty where no event is interval-censored.
    repeated
        Whether a subject has a row after its first event.
    """

    subject: NDArray[np.int64]
    row: NDArray[np.int64]
    first: Floats
    until: Floats
    ends: Bools
    ended: Bools
    when: Floats
    whose: NDArray[np.int64]
    visits: Floats
    repeated: bool


def seen(study: Study, kind: int) -> Seen:
    """Return what a study's table says of events of a kind (DVID).

    Raises
    ------
    InputError
        When there is no such row, or a subject is reset.
    """
    if study.records["EVID"].isin((3, 4)).any():
        fix = "give what follows a reset an ID of its own"
        raise InputError(explain("times to an event do not go on across resets", came="EVID 3 or 4", fix=fix))
    levels = study.levels.reset_index(drop=True)
    own = levels[levels["DVID"] == kind]
    if own.empty:
        raise InputError(explain("the study has no row of these events", expected=f"rows of DVID {kind}"))
    number = {name: k for k, name in enumerate(study.ids)}
    who = own["ID"].map(number).to_numpy(dtype=np.int64)
    subject, place, place_of = np.unique(who, return_index=True, return_inverse=True)
    whose = place_of.astype(np.int64)
    time = own["TIME"].to_numpy(dtype=float) - _starts(study)[who]
    event, order = (own["DV"] == 1).to_numpy(), np.arange(len(own))
    first, last = np.full(len(subject), len(own)), np.zeros(len(subject), dtype=np.int64)
    np.minimum.at(first, whose[event], order[event])
    np.maximum.at(last, whose, order)
    happened = first < len(own)
    when_first = np.where(happened, time[np.minimum(first, len(own) - 1)], np.inf)
    within = bool((own.loc[event, "CENS"] != 0).any())
    return Seen(
        subject.astype(np.int64),
        own.index.to_numpy()[place],
        when_first,
        time[last],
        first == last,
        event[last],
        time[event],
        whose[event],
        np.unique(time) if within else np.zeros(0),
        bool((happened & (first < last)).any()),
    )


def _starts(study: Study) -> Floats:
    """Return the time of each subject's first record."""
    return study.records.drop_duplicates("ID")["TIME"].to_numpy(dtype=float)


def _followed(study: Study, end: float) -> Study:
    """Return the study with every subject followed for the time `end` after its first record, at least."""
    parts = []
    for start, (_, own) in zip(_starts(study), study.records.groupby("ID", sort=False), strict=True):
        last = own.iloc[[-1]].assign(
            TIME=start + end, EVID=2, MDV=1, DV=np.nan, CENS=0, AMT=np.nan, RATE=0.0, II=0.0, ADDL=0, SS=0
        )
        parts += [own, last] if own["TIME"].iloc[-1] < start + end else [own]
    records = pd.concat(parts, ignore_index=True).astype(study.records.dtypes.to_dict())
    return replace(study, records=records)


class _Hazard(NamedTuple):
    """Cumulative hazards of new subjects: which draws, times, and risks (draw, time) of each."""

    draws: slice
    times: list[Floats]
    risks: list[Floats]


def _hazards(
    fit: Fit, study: Study, kind: int, found: Seen, draws: int, rng: np.random.Generator, points: int
) -> Iterator[_Hazard]:
    """Yield the cumulative hazards of simulated subjects, a part of the draws at a time."""
    grid = with_samples(_followed(study, float(found.until.max())), points, kind)
    compiled, tables = compile_individual(fit.model), events(grid)
    at, data = design(grid, tables), compiled.data(tables)
    whose = at["subject_index"][1]
    since = at["TIME"][1] - _starts(study)[whose]
    columns = [np.flatnonzero(whose == k) for k in found.subject]
    for part, theta, z, member in new_subjects(
        compiled, data, spread(fit.population_draws, draws), rng, draws
    ):
        hazard = compiled.predict(theta, z, data, member)[1]
        yield _Hazard(part, [since[own] for own in columns], [hazard[:, own] for own in columns])


def first_events(
    fit: Fit, study: Study, kind: int, found: Seen, *, draws: int, seed: int, points: int
) -> Floats:
    """Return the time of the first event of every subject that has one to come, (draw, subject)."""
    rng, made = np.random.default_rng(seed), np.empty((draws, len(found.subject)))
    for part in _hazards(fit, study, kind, found, draws, rng, points):
        aims = rng.standard_exponential((len(part.risks[0]), len(part.risks)))
        each = zip(part.times, part.risks, aims.T, strict=True)
        made[part.draws] = np.stack([reached(*one) for one in each], axis=1)
    if len(found.visits):
        made = np.r_[found.visits, np.inf][np.searchsorted(found.visits, made, side="left")]
    return made


def all_events(
    fit: Fit, study: Study, kind: int, found: Seen, *, draws: int, seed: int, points: int
) -> tuple[Floats, NDArray[np.int64], NDArray[np.int64]]:
    """Return all events of simulated subjects who are observed as long as the study's.

    Returns
    -------
    when, whose, draw : numpy.ndarray
        (event,) each. Given its random effects a subject's events are a Poisson process: their number is of
        the cumulative hazard until it is no longer observed, and they are spread as that hazard rises.
    """
    rng, made = np.random.default_rng(seed), []
    for part in _hazards(fit, study, kind, found, draws, rng, points):
        number = np.arange(draws)[part.draws]
        for k, (time, hazard) in enumerate(zip(part.times, part.risks, strict=True)):
            whole = _value_at(time, hazard, found.until[k])
            which = np.repeat(np.arange(len(number)), rng.poisson(whole))
            when = reached(time, hazard[which], rng.random(len(which)) * whole[which])
            when = np.minimum(when, found.until[k])  # which rounding may have passed
            made.append((when, np.full(len(which), k), number[which]))
    when, whose, draw = (np.concatenate(parts) for parts in zip(*made, strict=True))
    return when, whose, draw


def _value_at(time: Floats, hazard: Floats, t: float) -> Floats:
    """Return each row of `hazard` (draw, time) at a time, linear between."""
    k = int(np.clip(np.searchsorted(time, t), 1, len(time) - 1))
    share = np.clip((t - time[k - 1]) / (time[k] - time[k - 1]), 0.0, 1.0)
    value: Floats = hazard[:, k - 1] + share * (hazard[:, k] - hazard[:, k - 1])
    return value


def reached(time: Floats, hazard: Floats, value: Floats) -> Floats:
    """Return when each row of a rising `hazard` (draw, time) reaches its value; infinity if it does not."""
    k = (hazard < value[:, None]).sum(axis=1)
    inner = np.clip(k, 1, len(time) - 1)
    row = np.arange(len(value))
    low, high = hazard[row, inner - 1], hazard[row, inner]
    rise = np.where(high > low, high - low, 1.0)
    found = time[inner - 1] + (time[inner] - time[inner - 1]) * np.clip((value - low) / rise, 0.0, 1.0)
    return np.where(k == len(time), np.inf, found)
