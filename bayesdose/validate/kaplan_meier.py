"""Kaplan-Meier curves, mean numbers of events, and times of censoring: functions of arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def kaplan_meier(time: Floats, event: Bools, at: Floats) -> Floats:
    """Return the share without an event at each of the times `at`.

    Parameters
    ----------
    time, event
        When each subject had its event, or until when it was observed without one (subject,).
    at
        Times; after the last event the curve goes on as it is.

    Notes
    -----
    ``S(t) = prod over event times u <= t of (1 - d_u / n_u)``, with d events among the n who are observed at
    u (Kaplan & Meier 1958, J Am Stat Assoc 53:457).
    """
    happened, number = np.unique(time[event], return_counts=True)
    observed = len(time) - np.searchsorted(np.sort(time), happened, side="left")
    curve = np.r_[1.0, np.cumprod(1.0 - number / observed)]
    return curve[np.searchsorted(happened, at, side="right")]


def mean_events(when: Floats, until: Floats, at: Floats) -> Floats:
    """Return the mean number of events per subject until each of the times `at`.

    Parameters
    ----------
    when
        Times of all events of all subjects (event,).
    until
        Until when each subject was observed, before and after its events (subject,).
    at
        Rising times.

    Notes
    -----
    The mean cumulative function ``M(t) = sum over event times u <= t of d_u / n_u``, with d events among the
    n who are observed at u (Nelson 1988, J Qual Technol 20:24; Lawless & Nadeau 1995, Technometrics 37:158).
    It asks for observation that does not depend on the events, and for nothing else.
    """
    place = np.searchsorted(at, when, side="left")
    each = np.bincount(place, weights=1.0 / at_risk(until, when), minlength=len(at) + 1)
    made: Floats = np.cumsum(each[: len(at)])
    return made


def at_risk(time: Floats, at: Floats) -> NDArray[np.int64]:
    """Return how many subjects are observed without an event until each of the times `at`."""
    found: NDArray[np.int64] = len(time) - np.searchsorted(np.sort(time), at, side="left")
    return found


def censored_within(
    time: Floats, event: Bools, names: NDArray[np.object_], rng: np.random.Generator
) -> Floats:
    """Return until when each subject would have been observed, drawn within its stratum (subject,).

    Parameters as in `censored_after`, and the name of each subject's stratum (subject,): how long subjects
    are observed may depend on it. A subject is observed until the last time of its stratum at most.
    """
    until = np.empty(len(time))
    for name in dict.fromkeys(names):
        own = names == name
        until[own] = censored_after(time[own], event[own], float(time[own].max()), rng)
    return until


def censored_after(time: Floats, event: Bools, end: float, rng: np.random.Generator) -> Floats:
    """Return until when each subject would have been observed, (subject,).

    Parameters
    ----------
    time, event
        As in `kaplan_meier`.
    end
        Until when a subject is observed at most.
    rng
        Draws the times of those with an event: from the Kaplan-Meier curve of the times of censoring, given
        that they are not before the event. What that curve leaves over is `end`.
    """
    censored = np.unique(time[~event])
    left = np.array([((time > c) | ((time == c) & ~event)).sum() for c in censored])
    number = np.array([((time == c) & ~event).sum() for c in censored])
    curve = np.r_[1.0, np.cumprod(1.0 - number / np.maximum(left, 1))]
    until = np.r_[censored, end]
    before = curve[np.searchsorted(censored, time, side="left")]  # share observed at the time of the event
    aim = rng.random(len(time)) * before
    drawn = until[np.searchsorted(-curve[1:], -aim, side="left")]
    return np.where(event, np.maximum(drawn, time), time)
