"""Event arrays that sample the concentration where it is asked for, along options or the history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from bayesdose.errors import InputError, explain
from bayesdose.study.changes import Steps
from bayesdose.study.events import (
    DOSE,
    OBSERVATION,
    OTHER,
    RECORD_COLUMNS,
    constant_covariates,
    record_arrays,
)
from bayesdose.study.history import History
from bayesdose.study.options import Options
from bayesdose.study.study import Study

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
BOUNDARY, LEFT_LIMIT, AFTER = -2, -1, 1


def option_events(
    options: Options,
    times: Sequence[ArrayLike],
    sides: Sequence[ArrayLike],
    *,
    only: Sequence[int] | None = None,
    dvid: int | Sequence[ArrayLike] = 1,
) -> xr.Dataset:
    """Return event arrays that follow every option and sample the concentration at given times.

    Parameters
    ----------
    options
        The candidate regimens.
    times
        Per option, the times to sample at, in any order.
    sides
        Per option and time: -1 for the left limit (before a dose at that time), +1 for after it.
    only
        The numbers of the options to follow, in this order; `times` and `sides` are then theirs. All of them
        unless given.
    dvid
        Which kind of level the samples are (DVID of the model's `observe`): one for all, or per option that
        of each time.

    Returns
    -------
    xarray.Dataset
        As from `events`, with one subject and one stream per option: the doses and resets of the history,
        then the future doses, with a record per sample. `observation` runs over the samples, option by option
        in the order given, with DV 0; levels of the history are left out. Additional doses of the history
        that would fall on the options' start or later are left out (`Options.until`). A covariate that
        varies, and the occasion, are on a sample what they are on the record at its time, else on the next
        one; after the last record they stay as they were there. The occasion of what follows the options'
        start is as `Options.occasion` says; covariates that an option changes are as its `Way.steps` say.

    Raises
    ------
    InputError
        When times and sides do not match the options.
    """
    followed = _followed(options, only)
    if not len(times) == len(sides) == len(followed):
        raise InputError(
            explain(
                "option_events needs times and sides for every option",
                came=f"{len(times)} and {len(sides)}",
                expected=len(followed),
            )
        )
    streams = [
        _stream(
            options.history,
            _Ahead(
                options.future(o),
                options.additional(o),
                options.occasion,
                options.start,
                options.way(o).steps,
            ),
            *_samples(t, s, f"option {o}"),
        )
        for o, t, s in zip(followed, times, sides, strict=True)
    ]
    kinds = dvid if isinstance(dvid, int) else np.concatenate([np.asarray(d) for d in dvid])
    return _arrays(options.patient, streams, kinds)


def sampled(study: Study, times: ArrayLike, *, dvid: int = 1) -> xr.Dataset:
    """Return event arrays that follow the doses of one subject and sample the concentration at given times.

    Parameters
    ----------
    study
        A study of one subject.
    times
        The times, in any order, in the card's unit. At the time of a dose the sample stands after it. Where
        time runs back at a reset, they count from the last one. Additional doses go on as ordered, also after
        the last record.
    dvid
        Which kind of level the samples are.

    Returns
    -------
    xarray.Dataset
        As from `option_events`, with one stream.

    Raises
    ------
    InputError
        When the study has another number of subjects, or a time is not finite.
    """
    at = np.asarray(times, dtype=np.float64)
    history = History.of(study)
    ahead = _Ahead({}, history.column["ADDL"])
    stream = _stream(history, ahead, *_samples(at, np.full(at.shape, AFTER), "sampled"))
    return _arrays(study, [stream], dvid)


class _Ahead(NamedTuple):
    """What follows a history."""

    doses: Mapping[str, NDArray]  # columns of the future doses; {} for none
    additional: Ints  # additional doses of each event of the history
    occasion: str = "same"  # that of what follows: see `Options`
    start: float = np.inf  # from when on
    steps: Mapping[str, Steps] = {}  # covariates that change


def _ahead(options: Options, o: int) -> _Ahead:
    own = options.future(o), options.additional(o)
    return _Ahead(*own, options.occasion, options.start, options.way(o).steps)


class _Stream(NamedTuple):
    column: dict[str, NDArray]
    samples: Ints  # the record of each sample, in the order asked for


def _followed(options: Options, only: Sequence[int] | None) -> list[int]:
    if only is None:
        return list(range(len(options)))
    for o in only:
        if not 0 <= o < len(options):
            raise InputError(explain(f"there is no option {o}", expected=f"0 to {len(options) - 1}"))
    return list(only)


def _samples(times: ArrayLike, sides: ArrayLike, whose: str) -> tuple[Floats, Ints]:
    at, side = np.asarray(times, dtype=np.float64), np.asarray(sides)
    if at.ndim != 1 or at.shape != side.shape:
        raise InputError(explain(f"{whose}: times and sides are not two vectors of one length"))
    if not np.isfinite(at).all() or not np.isin(side, (LEFT_LIMIT, AFTER)).all():
        raise InputError(explain(f"{whose}: times must be finite and sides -1 or +1"))
    return at, side.astype(np.int64)


def _stream(history: History, ahead: _Ahead, times: Floats, sides: Ints) -> _Stream:
    """Merge history, future doses and samples; at one time: left limits, events in order, then the rest."""
    past = {**history.column, "ADDL": ahead.additional}
    n_doses, n_samples = len(ahead.doses.get("TIME", ())), len(times)
    marks = _boundaries(ahead)
    times, sides = np.r_[times, marks], np.r_[sides, np.full(len(marks), BOUNDARY)]
    n_events = len(history.clock) + n_doses
    future = {**ahead.doses, "KIND": np.full(n_doses, DOSE)}
    asked = {"TIME": times, "KIND": np.repeat((OBSERVATION, OTHER), (n_samples, len(marks)))}
    # a course before time ran back stays ahead of everything else, whatever its times
    clock = np.concatenate([history.clock, np.full(n_doses + len(times), history.last_clock)])
    rank = np.concatenate([np.zeros(n_events, dtype=np.int64), sides])
    nothing = np.zeros(n_doses), np.zeros(len(times))
    column = {
        name: np.concatenate([past[name], future.get(name, nothing[0]), asked.get(name, nothing[1])])
        for name in RECORD_COLUMNS
    }
    order = np.lexsort((np.arange(len(clock)), rank, column["TIME"], clock))
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    column = {name: values[order] for name, values in column.items()}
    column |= _carried(history, column["TIME"], order, n_doses)
    new = order >= len(history.clock)
    for name, steps in ahead.steps.items():
        moved = steps.at(column["TIME"], rank[order] >= 0, column[name])
        column[name] = np.where(new, moved, column[name])
    if ahead.occasion != "same":
        later = (column["TIME"] > ahead.start) | ((column["TIME"] == ahead.start) & (rank[order] >= 0))
        number = _numbered(column, ahead.occasion, new & later)
        column["OCC"] = np.where(number > 0, history.last_occasion + number, column["OCC"])
    return _Stream(column, place[n_events : n_events + n_samples])


def _boundaries(ahead: _Ahead) -> Floats:
    """Return the times at which a new occasion begins, or a covariate changes.

    A record there ends the interval that belongs to the occasion and the value before, whatever is sampled.
    """
    changes = [steps.times for steps in ahead.steps.values()]
    if ahead.occasion == "same":
        return np.unique(np.concatenate([np.zeros(0), *changes]))
    doses = ahead.doses.get("TIME", np.zeros(0)) if ahead.occasion == "each dose" else np.zeros(0)
    return np.unique(np.concatenate([[ahead.start], doses[doses > ahead.start], *changes]))


def _numbered(column: Mapping[str, NDArray], occasion: str, ahead: NDArray[np.bool_]) -> Ints:
    """Return the number of the new occasion of each record ahead, from 1; 0 for other records."""
    if occasion == "new":
        return ahead.astype(np.int64)
    doses = np.flatnonzero(ahead & (column["KIND"] == DOSE))
    first = doses[np.unique(column["TIME"][doses], return_index=True)[1]]
    begun = np.cumsum(np.isin(np.arange(len(ahead)), first))
    return np.where(ahead, np.maximum(begun, 1), 0)


def _carried(history: History, time: Floats, order: Ints, n_doses: int) -> dict[str, NDArray]:
    """Return the occasion and the covariates that vary, for every record of a stream.

    `order` has the position of each record among past events, future doses and samples.
    """
    n_events = len(history.clock) + n_doses
    place = np.arange(len(order))
    is_sample = order >= n_events
    before = np.maximum.accumulate(np.where(is_sample, -1, place))
    after = np.minimum.accumulate(np.where(is_sample, len(order), place)[::-1])[::-1]
    source = np.where((before >= 0) & (time[before] == time), before, after)
    carried = {}
    for name, last in history.last.items():
        known = np.r_[history.column[name].astype(np.float64), np.full(n_doses, last), last]
        carried[name] = np.r_[known[np.minimum(order, n_events)], last][source]
    return carried


def _arrays(patient: Study, streams: Sequence[_Stream], dvid: int | NDArray) -> xr.Dataset:
    """Lay streams of one subject behind each other."""
    lengths = [len(s.column["TIME"]) for s in streams]
    starts = np.r_[0, np.cumsum(lengths)].astype(np.int64)
    observed = np.concatenate([s.samples + at for s, at in zip(streams, starts[:-1], strict=True)])
    column = {name: np.concatenate([s.column[name] for s in streams]) for name in streams[0].column}
    n = len(observed)
    arrays = {
        "stream_subject": ("stream", np.zeros(len(streams), dtype=np.int64)),
        "stream_start": ("edge", starts),
        **record_arrays(column, column["KIND"], np.zeros(int(starts[-1]))),
        "observation_record": ("observation", observed.astype(np.int64)),
        "DV": ("observation", np.zeros(n)),
        "LIMIT": ("observation", np.full(n, np.nan)),
        "CENS": ("observation", np.zeros(n, dtype=np.int64)),
        "DVID": ("observation", np.broadcast_to(dvid, n).astype(np.int64)),
        **constant_covariates(patient),
        **{name: ("record", values) for name, values in column.items() if name not in RECORD_COLUMNS},
    }
    return xr.Dataset(arrays, coords={"subject": list(patient.ids)})
