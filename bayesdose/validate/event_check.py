"""Visual predictive checks of times to an event: Kaplan-Meier curves over those of simulated studies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from bayesdose.errors import InputError, explain
from bayesdose.individual.compiled import compile_individual
from bayesdose.model.families import EVENT
from bayesdose.predictive import design, new_subjects, spread
from bayesdose.study import Study, events
from bayesdose.validate.curves import with_samples
from bayesdose.validate.inside import Compared, interval_of
from bayesdose.validate.kaplan_meier import at_risk, censored_after, kaplan_meier
from bayesdose.validate.strata import strata

if TYPE_CHECKING:
    from bayesdose.fitting import Fit

Floats = NDArray[np.float64]
EVENT_COLUMNS = ("stratum", "x", "at_risk", "observed", "low", "median", "high", "inside")
"""Columns of an EventVpc's table."""

_LEAST_SHARE = 0.05  # of subjects at risk, below which the curves are not compared
_PLACES = 40  # times at which they are


@dataclass(frozen=True, eq=False)
class EventVpc(Compared):
    """A visual predictive check of times to the first event.

    Parameters
    ----------
    table
        One row per stratum and time, columns `EVENT_COLUMNS`: time since a subject's first record, how many
        subjects are observed without an event until then, the Kaplan-Meier estimate of the share without
        one, interval and median over replicates of the same estimate of a replicate, and whether the
        observed one is in the interval.
    subjects
        One row per subject: stratum, time, event (False: observed until then without one), row of the
        study's levels.
    shares
        (draw,): the share of times at which each replicate is inside the intervals.
    interval
        Probability of the intervals.
    units
        Of x.
    visits
        Whether events were interval-censored: observed and simulated ones then count at the first visit
        after them.
    """

    table: pd.DataFrame
    subjects: pd.DataFrame
    shares: Floats = field(repr=False)
    interval: float
    units: Mapping[str, str]
    visits: bool

    def __str__(self) -> str:
        happened, n = int(self.subjects["event"].sum()), len(self.subjects)
        return (
            f"VPC of times to an event, {n} subjects with {happened} events, {len(self.shares)} replicates: "
            f"{100 * self.inside:.0f} % of the Kaplan-Meier curve in its {100 * self.interval:g} % intervals "
            f"(p = {self.p_value:.3g})"
        )


class _Seen(NamedTuple):
    """First events: time since the first record, and whether there was one; rows are of the levels."""

    subject: NDArray[np.int64]
    time: Floats
    event: NDArray[np.bool_]
    row: NDArray[np.int64]
    visits: Floats  # empty where no event is interval-censored
    end: float


def event_vpc(
    fit: Fit,
    study: Study,
    *,
    seed: int,
    draws: int = 500,
    by: str | None = None,
    cuts: int | Sequence[float] = 2,
    dvid: int | None = None,
    points: int = 100,
    interval: float = 0.9,
) -> EventVpc:
    """Compare the Kaplan-Meier curve of times to the first event with those of simulated studies.

    Parameters
    ----------
    fit
        A population fit; each replicate has a population draw of its own.
    study
        The study fitted, or another.
    seed, draws
        Of the replicates.
    by, cuts
        Strata, as in `vpc`.
    dvid
        The kind of level that is the event; not needed where there is one such kind.
    points
        Times per subject between which a cumulative hazard is taken as linear, besides those of doses.
    interval
        Probability of the interval of the simulated curves.

    Returns
    -------
    EventVpc

    Raises
    ------
    InputError
        When the model has no events, the study has none of the kind, or resets a subject.

    Notes
    -----
    The curve is Kaplan & Meier's (1958, J Am Stat Assoc 53:457). A replicate's subject has its event when its
    cumulative hazard reaches a standard exponential number. Who was observed without an event is observed as
    long in every replicate. How long those with an event would have been observed is not in a table: each
    replicate draws it from the Kaplan-Meier curve of the times until which subjects were observed, given that
    it is later than the event. Doses after a subject's last record are those that ADDL orders. Where an event
    is known only as since the row before, all events, simulated ones too, count at the first visit (a time
    at which any subject has a row of this kind) after them.
    """
    kind = _kind(fit, dvid)
    seen = _seen(study, kind)
    times = _simulated(fit, study, kind, seen, draws, seed, points)
    rng = np.random.default_rng((seed, 1))
    made = [_observed(one, seen, rng) for one in times]
    kinds = xr.Dataset({"DVID": ("observation", np.full(len(study.levels), kind))})
    names = strata(study, kinds, by, cuts)[seen.row]
    table, shares = _compared(seen, made, names, interval)
    subjects = pd.DataFrame({"stratum": names, "time": seen.time, "event": seen.event, "row": seen.row})
    units = {"x": study.card.units.time}
    return EventVpc(table, subjects, shares, interval, units, bool(len(seen.visits)))


def _kind(fit: Fit, dvid: int | None) -> int:
    kinds = event_kinds(fit)
    if (dvid is None and len(kinds) == 1) or dvid in kinds:
        return kinds[0] if dvid is None else dvid
    what = "which events are meant is not clear" if dvid is None else "the model has no such events"
    raise InputError(
        explain(
            what if kinds else "the model has no events",
            came=None if dvid is None else f"dvid={dvid}",
            expected=f"dvid= one of {kinds}" if kinds else "a kind of level with bd.time_to_event",
        )
    )


def event_kinds(fit: Fit) -> list[int]:
    """Return the kinds of level (DVID) of the model that are events."""
    likelihood = compile_individual(fit.model).declaration.likelihood
    assert likelihood is not None
    return [1 if part.dvid is None else part.dvid for part in likelihood.parts if part.family is EVENT]


def _seen(study: Study, kind: int) -> _Seen:
    if study.records["EVID"].isin((3, 4)).any():
        fix = "give what follows a reset an ID of its own"
        raise InputError(explain("times to an event do not go on across resets", came="EVID 3 or 4", fix=fix))
    levels = study.levels.reset_index(drop=True)
    own = levels[levels["DVID"] == kind]
    if own.empty:
        raise InputError(explain("the study has no row of these events", expected=f"rows of DVID {kind}"))
    number, start = {name: k for k, name in enumerate(study.ids)}, _starts(study)
    happened = own[own["DV"] == 1].drop_duplicates("ID")
    without = own[~own["ID"].isin(happened["ID"])].drop_duplicates("ID", keep="last")
    first = pd.concat([happened, without]).sort_index()
    subject = np.asarray(first["ID"].map(number), dtype=np.int64)
    time = first["TIME"].to_numpy(dtype=float) - start[subject]
    rows = own["TIME"].to_numpy(dtype=float) - start[own["ID"].map(number).to_numpy()]
    visits = np.unique(rows) if (happened["CENS"] != 0).any() else np.zeros(0)
    event = (first["DV"] == 1).to_numpy()
    return _Seen(subject, time, event, first.index.to_numpy(), visits, float(rows.max()))


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


def _simulated(fit: Fit, study: Study, kind: int, seen: _Seen, draws: int, seed: int, points: int) -> Floats:
    """Return the time of the first event of every subject that has one to come, (draw, subject)."""
    grid = with_samples(_followed(study, seen.end), points, kind)
    compiled, tables = compile_individual(fit.model), events(grid)
    at, data = design(grid, tables), compiled.data(tables)
    start, whose = _starts(study), at["subject_index"][1]
    since = at["TIME"][1] - start[whose]
    rng, made = np.random.default_rng(seed), np.empty((draws, len(seen.subject)))
    columns = [np.flatnonzero(whose == k) for k in seen.subject]
    for part, theta, z, member in new_subjects(
        compiled, data, spread(fit.population_draws, draws), rng, draws
    ):
        hazard = compiled.predict(theta, z, data, member)[1]
        reached = rng.standard_exponential((len(z), len(columns)))
        made[part] = np.stack(
            [_reached(since[own], hazard[:, own], reached[:, k]) for k, own in enumerate(columns)], axis=1
        )
    if len(seen.visits):
        made = np.r_[seen.visits, np.inf][np.searchsorted(seen.visits, made, side="left")]
    return made


def _reached(time: Floats, hazard: Floats, value: Floats) -> Floats:
    """Return when each row of a rising `hazard` (draw, time) reaches its value; infinity if it does not."""
    k = (hazard < value[:, None]).sum(axis=1)
    inner = np.clip(k, 1, len(time) - 1)
    row = np.arange(len(value))
    low, high = hazard[row, inner - 1], hazard[row, inner]
    rise = np.where(high > low, high - low, 1.0)
    found = time[inner - 1] + (time[inner] - time[inner - 1]) * np.clip((value - low) / rise, 0.0, 1.0)
    return np.where(k == len(time), np.inf, found)


def _observed(times: Floats, seen: _Seen, rng: np.random.Generator) -> tuple[Floats, NDArray[np.bool_]]:
    """Return what is observed of one replicate: times, and whether they are of events."""
    until = censored_after(seen.time, seen.event, seen.end, rng)
    return np.minimum(times, until), times <= until


def _compared(
    seen: _Seen,
    made: list[tuple[Floats, NDArray[np.bool_]]],
    names: NDArray[np.object_],
    interval: float,
) -> tuple[pd.DataFrame, Floats]:
    """Return the table, and each replicate's share of times inside."""
    rows, inside = [], []
    for name in dict.fromkeys(names):
        own = names == name
        time, event = seen.time[own], seen.event[own]
        last = np.sort(time)[::-1][max(int(_LEAST_SHARE * len(time)), 1) - 1]
        at = np.linspace(0, last, _PLACES + 1)[1:]
        curves = np.stack([kaplan_meier(t[own], e[own], at) for t, e in made], axis=1)
        low, median, high = interval_of(curves, interval)
        observed = kaplan_meier(time, event, at)
        inside.append((curves >= low[:, None]) & (curves <= high[:, None]))
        within = (observed >= low) & (observed <= high)
        columns = (name, at, at_risk(time, at), observed, low, median, high, within)
        rows.append(pd.DataFrame(dict(zip(EVENT_COLUMNS, columns, strict=True))))
    return pd.concat(rows, ignore_index=True), np.concatenate(inside).mean(axis=0)
