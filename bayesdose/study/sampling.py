"""Event arrays that follow every option and sample the concentration where it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from bayesdose.errors import InputError, explain
from bayesdose.study.events import covariate_arrays, record_arrays
from bayesdose.study.history import History
from bayesdose.study.options import Options

Floats = NDArray[np.float64]


def option_events(
    options: Options, times: Sequence[Floats], sides: Sequence[NDArray[np.int64]]
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
    _check_samples(options, times, sides)
    history = History.of(options.patient)
    future = dict(list(options.doses.groupby("option")))
    streams = [
        _stream(history, future.get(o), np.asarray(times[o], float), np.asarray(sides[o]))
        for o in range(len(options))
    ]
    starts = np.r_[0, np.cumsum([len(s.time) for s in streams])].astype(np.int64)
    observed = np.concatenate([s.samples + at for s, at in zip(streams, starts, strict=False)])
    n = int(starts[-1])
    last = options.patient.records.iloc[[-1]]
    arrays = {
        "stream_subject": ("stream", np.zeros(len(streams), dtype=np.int64)),
        "stream_start": ("edge", starts),
        **record_arrays(
            np.concatenate([s.time for s in streams]),
            np.concatenate([s.kind for s in streams]),
            np.concatenate([s.amount for s in streams]),
            np.zeros(n),
        ),
        "observation_record": ("observation", observed.astype(np.int64)),
        "DV": ("observation", np.zeros(len(observed))),
        **covariate_arrays(options.patient, last.iloc[np.zeros(n, dtype=int)]),
    }
    return xr.Dataset(arrays, coords={"subject": list(options.patient.ids)})


@dataclass(frozen=True)
class _Stream:
    time: Floats
    kind: NDArray[np.int64]
    amount: Floats
    samples: NDArray[np.int64]  # the record of each sample, in the order asked for


def _stream(
    history: History, future: pd.DataFrame | None, times: Floats, sides: NDArray[np.int64]
) -> _Stream:
    """Merge history, future doses and samples; at one time: left limits, events in order, then the rest."""
    ahead = pd.DataFrame({"TIME": [], "AMT": []}) if future is None else future
    n_past, n_ahead, n_samples = len(history.time), len(ahead), len(times)
    time = np.concatenate([history.time, ahead["TIME"].to_numpy(float), times])
    kind = np.concatenate([history.kind, np.ones(n_ahead, int), np.zeros(n_samples, int)])
    amount = np.concatenate([history.amount, ahead["AMT"].to_numpy(float), np.zeros(n_samples)])
    # a course before time ran back stays ahead of everything else, whatever its times
    clock = np.concatenate([history.clock, np.full(n_ahead + n_samples, history.last_clock)])
    rank = np.concatenate([np.zeros(n_past + n_ahead, int), sides])
    order = np.lexsort((np.arange(len(time)), rank, time, clock))
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    return _Stream(time[order], kind[order].astype(np.int64), amount[order], place[n_past + n_ahead :])


def _check_samples(options: Options, times: Sequence[Floats], sides: Sequence[NDArray[np.int64]]) -> None:
    if not len(times) == len(sides) == len(options):
        raise InputError(
            explain(
                "option_events needs times and sides for every option",
                came=f"{len(times)} and {len(sides)}",
                expected=len(options),
            )
        )
    for o, (t, s) in enumerate(zip(times, sides, strict=True)):
        if np.shape(t) != np.shape(s) or np.ndim(t) != 1:
            raise InputError(explain(f"times and sides of option {o} are not two vectors of one length"))
        if not np.isfinite(t).all() or not np.isin(s, (-1, 1)).all():
            raise InputError(explain(f"option {o}: times must be finite and sides -1 or +1"))
