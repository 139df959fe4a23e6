"""Event arrays that sample the concentration where it is asked for, along options or the history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from bayesdose.errors import InputError, explain
from bayesdose.study.events import DOSE, OBSERVATION, constant_covariates, governing, record_arrays
from bayesdose.study.history import History
from bayesdose.study.options import Options
from bayesdose.study.study import Study

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
LEFT_LIMIT, AFTER = -1, 1


def option_events(
    options: Options,
    times: Sequence[ArrayLike],
    sides: Sequence[ArrayLike],
    *,
    only: Sequence[int] | None = None,
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

    Returns
    -------
    xarray.Dataset
        As from `events`, with one subject and one stream per option: the doses and resets of the history,
        then the future doses, with a record per sample. `observation` runs over the samples, option by option
        in the order given, with DV 0; levels of the history are left out.

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
    history = options.history
    streams = [
        _stream(history, options.doses[options.doses["option"] == o], *_samples(t, s, f"option {o}"))
        for o, t, s in zip(followed, times, sides, strict=True)
    ]
    return _arrays(options.patient, streams)


def sampled(study: Study, times: ArrayLike) -> xr.Dataset:
    """Return event arrays that follow the doses of one subject and sample the concentration at given times.

    Parameters
    ----------
    study
        A study of one subject.
    times
        The times, in any order, in the card's unit. At the time of a dose the sample stands after it. Where
        time runs back at a reset, they count from the last one.

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
    none = pd.DataFrame({"TIME": [], "AMT": []})
    stream = _stream(History.of(study), none, *_samples(at, np.full(at.shape, AFTER), "sampled"))
    return _arrays(study, [stream])


@dataclass(frozen=True)
class _Stream:
    time: Floats
    kind: Ints
    amount: Floats
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


def _stream(history: History, ahead: pd.DataFrame, times: Floats, sides: Ints) -> _Stream:
    """Merge history, future doses and samples; at one time: left limits, events in order, then the rest."""
    n_doses, n_samples = len(ahead), len(times)
    n_events = len(history.time) + n_doses
    time = np.concatenate([history.time, ahead["TIME"].to_numpy(np.float64), times])
    kind = np.concatenate([history.kind, np.full(n_doses, DOSE), np.full(n_samples, OBSERVATION)])
    amount = np.concatenate([history.amount, ahead["AMT"].to_numpy(np.float64), np.zeros(n_samples)])
    # a course before time ran back stays ahead of everything else, whatever its times
    clock = np.concatenate([history.clock, np.full(n_doses + n_samples, history.last_clock)])
    rank = np.concatenate([np.zeros(n_events, dtype=np.int64), sides])
    order = np.lexsort((np.arange(len(time)), rank, time, clock))
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    return _Stream(time[order], kind[order].astype(np.int64), amount[order], place[n_events:])


def _arrays(patient: Study, streams: Sequence[_Stream]) -> xr.Dataset:
    """Lay streams of one subject behind each other."""
    starts = np.r_[0, np.cumsum([len(s.time) for s in streams])].astype(np.int64)
    observed = np.concatenate([s.samples + at for s, at in zip(streams, starts[:-1], strict=True)])
    n = int(starts[-1])
    arrays = {
        "stream_subject": ("stream", np.zeros(len(streams), dtype=np.int64)),
        "stream_start": ("edge", starts),
        **record_arrays(
            {
                "TIME": np.concatenate([s.time for s in streams]),
                "AMT": np.concatenate([s.amount for s in streams]),
                **dict.fromkeys(("RATE", "II", "ADDL", "SS", "CMT"), np.zeros(n)),
                "OCC": np.ones(n),
            },
            np.concatenate([s.kind for s in streams]),
            np.zeros(n),
        ),
        "observation_record": ("observation", observed.astype(np.int64)),
        "DV": ("observation", np.zeros(len(observed))),
        "LIMIT": ("observation", np.full(len(observed), np.nan)),
        "CENS": ("observation", np.zeros(len(observed), dtype=np.int64)),
        "DVID": ("observation", np.ones(len(observed), dtype=np.int64)),
        **constant_covariates(patient),
        **{name: ("record", np.full(n, patient.records[name].iloc[-1])) for name in governing(patient)},
    }
    return xr.Dataset(arrays, coords={"subject": list(patient.ids)})
