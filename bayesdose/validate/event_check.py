"""Visual predictive checks of events: Kaplan-Meier curves or mean numbers over those of simulated studies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from bayesdose.errors import InputError, explain
from bayesdose.individual.compiled import compile_individual
from bayesdose.model.families import EVENT
from bayesdose.study import Study
from bayesdose.validate.event_times import Seen, all_events, first_events, seen
from bayesdose.validate.inside import Compared, interval_of
from bayesdose.validate.kaplan_meier import at_risk, censored_within, kaplan_meier, mean_events
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
    """A visual predictive check of times to the first event, or of repeated events.

    Parameters
    ----------
    table
        One row per stratum and time, columns `EVENT_COLUMNS`: time since a subject's first record, how many
        subjects are observed until then (without an event, unless events are repeated), the curve's value,
        interval and median over replicates of the same curve of a replicate, and whether the observed one is
        in the interval. The curve is the Kaplan-Meier estimate of the share without an event; of repeated
        events the mean number until then.
    subjects
        One row per subject: stratum, time of the first event, or until which it was observed without one (of
        repeated events: until which it was observed), events (how many of them count), row of the study's
        levels.
    shares
        (draw,): the share of times at which each replicate is inside the intervals.
    interval
        Probability of the intervals.
    units
        Of x.
    visits
        Whether events were interval-censored: observed and simulated ones then count at the first visit
        after them.
    repeated
        Whether all events of a subject count, and not only its first.
    """

    table: pd.DataFrame
    subjects: pd.DataFrame
    shares: Floats = field(repr=False)
    interval: float
    units: Mapping[str, str]
    visits: bool
    repeated: bool = False

    @property
    def curve(self) -> str:
        """What is compared."""
        return "mean number of events" if self.repeated else "Kaplan-Meier curve"

    def __str__(self) -> str:
        happened, n = int(self.subjects["events"].sum()), len(self.subjects)
        what = "repeated events" if self.repeated else "times to an event"
        return (
            f"VPC of {what}, {n} subjects with {happened} events, {len(self.shares)} replicates: "
            f"{100 * self.inside:.0f} % of the {self.curve} in its {100 * self.interval:g} % intervals "
            f"(p = {self.p_value:.3g})"
        )


def event_vpc(
    fit: Fit,
    study: Study,
    *,
    seed: int,
    draws: int = 500,
    by: str | None = None,
    cuts: int | Sequence[float] = 2,
    dvid: int | None = None,
    first: bool = False,
    points: int = 100,
    interval: float = 0.9,
) -> EventVpc:
    """Compare the curve of events with those of simulated studies: Kaplan-Meier's, or their mean number.

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
    first
        Compare first events only, also where subjects are observed beyond theirs. Otherwise all events count
        there.
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
        When the model has no events, the study has none of the kind, or resets a subject; of repeated events
        when some are interval-censored, or the last row of a subject is an event.

    Notes
    -----
    Where no subject has a row after its first event, and with `first`, the curve is Kaplan & Meier's (1958, J
    Am Stat Assoc 53:457). A replicate's subject has its event when its cumulative hazard reaches a standard
    exponential number. Who was observed without an event, or beyond it, is observed as long in every
    replicate. How long the others would have been observed is not in a table: each replicate draws it from
    the Kaplan-Meier curve of the times until which subjects of the same stratum were observed, given that it
    is later than the event. Doses after a subject's last record are those that ADDL orders. Where an event is
    known only as since the row before, all events, simulated ones too, count at the first visit (a time at
    which any subject has a row of this kind) after them.

    Of repeated events the curve is their mean number per subject (Nelson 1988, J Qual Technol 20:24; Lawless
    & Nadeau 1995, Technometrics 37:158; Cook & Lawless 2007, The Statistical Analysis of Recurrent Events),
    and a replicate's are a Poisson process given its subjects' random effects, observed as long as the
    study's.
    """
    kind = _kind(fit, dvid)
    found = seen(study, kind)
    kinds = xr.Dataset({"DVID": ("observation", np.full(len(study.levels), kind))})
    names = strata(study, kinds, by, cuts)[found.row]
    repeated, asked = found.repeated and not first, {"draws": draws, "seed": seed, "points": points}
    if repeated:
        _require_known(found)
        made = all_events(fit, study, kind, found, **asked)
        time, number = found.until, np.bincount(found.whose, minlength=len(found.subject))
        table, shares = _numbers(found, made, names, draws, interval)
    else:
        time, event = _firsts(found)
        times = first_events(fit, study, kind, found, **asked)
        table, shares = _curves(found, times, names, np.random.default_rng((seed, 1)), interval)
        number = event.astype(np.int64)
    subjects = pd.DataFrame({"stratum": names, "time": time, "events": number, "row": found.row})
    units = {"x": study.card.units.time}
    return EventVpc(table, subjects, shares, interval, units, bool(len(found.visits)), repeated)


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


def _require_known(found: Seen) -> None:
    """Refuse repeated events that a table does not say enough of."""
    what, came = "", ""
    if len(found.visits):
        what, came = "how many events there were between two rows is not known", "CENS 1 and several events"
    elif found.ended.any():
        what = "until when subjects were observed after their last event is not in the table"
        came = f"{int(found.ended.sum())} of {len(found.ended)} subjects whose last row is an event"
    if what:
        fix = "first=True compares first events only"
        fix = fix if "CENS" in came else f"a row with DV 0 at the end of observation; {fix}"
        raise InputError(explain(what, came=came, fix=fix))


def _firsts(found: Seen) -> tuple[Floats, NDArray[np.bool_]]:
    """Return when each subject had its first event, or until when it was observed, and which it is."""
    return np.minimum(found.first, found.until), np.isfinite(found.first)


def _curves(
    found: Seen, times: Floats, names: NDArray[np.object_], rng: np.random.Generator, interval: float
) -> tuple[pd.DataFrame, Floats]:
    """Return the table of first events, and each replicate's share of times inside."""
    time, event = _firsts(found)
    until = np.stack([censored_within(found.until, found.ends, names, rng) for _ in times])
    rows, inside = [], []
    for name in dict.fromkeys(names):
        own = names == name
        at = _places(time[own])
        pairs = zip(times[:, own], until[:, own], strict=True)
        curves = np.stack([kaplan_meier(np.minimum(t, u), t <= u, at) for t, u in pairs], axis=1)
        observed = kaplan_meier(time[own], event[own], at)
        table, within = _compared(name, at, at_risk(time[own], at), observed, curves, interval)
        rows.append(table)
        inside.append(within)
    return pd.concat(rows, ignore_index=True), np.concatenate(inside).mean(axis=0)


def _numbers(
    found: Seen,
    made: tuple[Floats, NDArray[np.int64], NDArray[np.int64]],
    names: NDArray[np.object_],
    draws: int,
    interval: float,
) -> tuple[pd.DataFrame, Floats]:
    """Return the table of repeated events, and each replicate's share of times inside."""
    when, whose, draw = made
    rows, inside = [], []
    for name in dict.fromkeys(names):
        own = names == name
        until, at = found.until[own], _places(found.until[own])
        kept = own[whose]
        order = np.argsort(draw[kept], kind="stable")
        bounds = np.searchsorted(draw[kept][order], np.arange(1, draws))
        each = np.split(when[kept][order], bounds)
        curves = np.stack([mean_events(one, until, at) for one in each], axis=1)
        observed = mean_events(found.when[own[found.whose]], until, at)
        table, within = _compared(name, at, at_risk(until, at), observed, curves, interval)
        rows.append(table)
        inside.append(within)
    return pd.concat(rows, ignore_index=True), np.concatenate(inside).mean(axis=0)


def _places(time: Floats) -> Floats:
    """Return the times at which curves are compared: until few subjects are left."""
    last = np.sort(time)[::-1][max(int(_LEAST_SHARE * len(time)), 1) - 1]
    return np.linspace(0, last, _PLACES + 1)[1:]


def _compared(
    name: str, at: Floats, left: NDArray[np.int64], observed: Floats, curves: Floats, interval: float
) -> tuple[pd.DataFrame, NDArray[np.bool_]]:
    """Return the rows of a stratum, and where each replicate's curve (time, draw) is inside."""
    low, median, high = interval_of(curves, interval)
    within = (observed >= low) & (observed <= high)
    columns = (name, at, left, observed, low, median, high, within)
    table = pd.DataFrame(dict(zip(EVENT_COLUMNS, columns, strict=True)))
    return table, (curves >= low[:, None]) & (curves <= high[:, None])
