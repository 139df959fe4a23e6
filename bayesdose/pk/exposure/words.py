"""The exposure metrics by name, as a script asks for them.

Those with a window take it in one of two ways: `after_dose`, a future dose as Python counts them (-1, the
last, unless told otherwise), for the interval from that dose to the next; or `start` and `end`, model times,
of which one that is left out is the begin or the end of the options. A dose at the start belongs to the
window, one at its end does not.

`free` is a fraction unbound: the metric, and its threshold, are then of the free concentration, free times
the model's. `dvid` is the kind of level (DVID of the model's `observe`) where a model predicts several: a
metabolite's concentration, a response; the metric, and its threshold, are then in that endpoint's unit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from bayesdose.errors import InputError, explain
from bayesdose.pk.exposure.adaptive import Floats
from bayesdose.pk.exposure.measures import Excess, Extreme, Integral, TimeBeyond
from bayesdose.pk.exposure.metrics import ConcentrationAt, OverWindow, Trough


class _Window(NamedTuple):
    after_dose: int | None
    start: float | None
    end: float | None


def auc(
    after_dose: int | None = None,
    *,
    start: float | None = None,
    end: float | None = None,
    free: float | None = None,
    dvid: int = 1,
) -> OverWindow:
    """Return the area under the curve of a window, in concentration times time.

    Parameters
    ----------
    after_dose
        The future dose that opens the window, which the next one closes: 0 is the first, -1 (unless a window
        is given) the last.
    start, end
        The window in model time, instead; one that is left out is the begin or the end of the options.
    free
        Fraction unbound; the area is then that of the free concentration.
    dvid
        Which kind of level.

    Raises
    ------
    InputError
        Both kinds of window, a window without length, or a fraction that is none.
    """
    window = _window(after_dose, start, end)
    return OverWindow("AUC", Integral(), "area", "", *window, _fraction(free), dvid)


def auc24(
    after_dose: int | None = None,
    *,
    start: float | None = None,
    end: float | None = None,
    free: float | None = None,
    dvid: int = 1,
) -> OverWindow:
    """Return the area under the curve of a window per 24 hours, ``AUC 24 h / length``.

    Parameters as in `auc`.
    """
    window = _window(after_dose, start, end)
    return OverWindow("AUC per 24 h", Integral(), "area", "day", *window, _fraction(free), dvid)


def average(
    after_dose: int | None = None,
    *,
    start: float | None = None,
    end: float | None = None,
    free: float | None = None,
    dvid: int = 1,
) -> OverWindow:
    """Return the mean concentration over a window, ``AUC / length``; parameters as in `auc`."""
    window = _window(after_dose, start, end)
    return OverWindow("average", Integral(), "area", "length", *window, _fraction(free), dvid)


def peak(
    after_dose: int | None = None,
    *,
    start: float | None = None,
    end: float | None = None,
    free: float | None = None,
    dvid: int = 1,
) -> OverWindow:
    """Return the highest concentration of a window, Cmax, the instant after its dose included.

    Parameters as in `auc`; in the card's concentration unit.
    """
    window = _window(after_dose, start, end)
    return OverWindow("peak", Extreme(), "concentration", "", *window, _fraction(free), dvid)


def time_of_peak(
    after_dose: int | None = None,
    *,
    start: float | None = None,
    end: float | None = None,
    dvid: int = 1,
) -> OverWindow:
    """Return when the concentration is highest, Tmax, counted from the start of the window.

    Where it is as high several times, the first counts. Parameters as in `auc`; in the model's unit of time.
    """
    window = _window(after_dose, start, end)
    return OverWindow("time of the peak", Extreme(when=True), "time of", "", *window, None, dvid)


def minimum(
    after_dose: int | None = None,
    *,
    start: float | None = None,
    end: float | None = None,
    free: float | None = None,
    dvid: int = 1,
) -> OverWindow:
    """Return the lowest concentration of a window, Cmin; parameters as in `auc`.

    After an oral dose, or a lag time, it lies after the start of the window and may be lower than the trough.
    """
    window = _window(after_dose, start, end)
    return OverWindow("minimum", Extreme(sign=-1), "concentration", "", *window, _fraction(free), dvid)


def nadir(
    after_dose: int | None = None, *, start: float | None = None, end: float | None = None, dvid: int
) -> OverWindow:
    """Return the lowest value of an effect over the course, such as the nadir of neutrophils.

    Parameters
    ----------
    after_dose, start, end
        As in `auc`, but the window is by default the whole course, from the begin of the options to the end
        of the longest. A nadir at the end of it may lie beyond: ask for a later `end`.
    dvid
        Which kind of level or effect it is of; it has no default, as 1 is mostly the drug.

    See Also
    --------
    minimum : the same of a concentration, by default in the interval after the last dose.
    """
    window = _window(after_dose, start, end, default=None)
    return OverWindow("nadir", Extreme(sign=-1), "concentration", "", *window, None, dvid)


def time_of_nadir(
    after_dose: int | None = None, *, start: float | None = None, end: float | None = None, dvid: int
) -> OverWindow:
    """Return when an effect is lowest, counted from the start of the window; parameters as in `nadir`.

    Where it is as low several times, the first counts. In the model's unit of time.
    """
    window = _window(after_dose, start, end, default=None)
    return OverWindow("time of the nadir", Extreme(-1, when=True), "time of", "", *window, None, dvid)


def time_above(
    threshold: float,
    after_dose: int | None = None,
    *,
    start: float | None = None,
    end: float | None = None,
    free: float | None = None,
    dvid: int = 1,
) -> OverWindow:
    """Return for how long a window's concentration is above a threshold, such as an MIC.

    Parameters
    ----------
    threshold
        In the card's concentration unit; with `free`, of the free concentration.
    after_dose, start, end, free, dvid
        As in `auc`. The result is in the model's unit of time.
    """
    measure, window = TimeBeyond(_finite(threshold)), _window(after_dose, start, end)
    return OverWindow(f"time above {threshold:g}", measure, "time", "", *window, _fraction(free), dvid)


def time_below(
    threshold: float,
    after_dose: int | None = None,
    *,
    start: float | None = None,
    end: float | None = None,
    free: float | None = None,
    dvid: int = 1,
) -> OverWindow:
    """Return for how long a window's concentration is below a threshold; parameters as in `time_above`."""
    measure, window = TimeBeyond(_finite(threshold), sign=-1), _window(after_dose, start, end)
    return OverWindow(f"time below {threshold:g}", measure, "time", "", *window, _fraction(free), dvid)


def accumulated_load(
    above: float | None = None,
    after_dose: int | None = None,
    *,
    start: float | None = None,
    end: float | None = None,
    free: float | None = None,
    dvid: int = 1,
) -> OverWindow:
    """Return the exposure that a course adds up to: its area under the curve, or that above a threshold.

    Parameters
    ----------
    above
        Threshold in the card's concentration unit: only the area between the curve and it counts.
    after_dose, start, end, free, dvid
        As in `auc`, but the window is by default the whole course, from the begin of the options to the end
        of the longest.
    """
    measure = Integral() if above is None else Excess(_finite(above))
    window = _window(after_dose, start, end, default=None)
    name = "accumulated load" if above is None else f"accumulated load above {above:g}"
    return OverWindow(name, measure, "area", "", *window, _fraction(free), dvid)


def trough(after_dose: int = -1, *, free: float | None = None, dvid: int = 1) -> Trough:
    """Return the concentration just before the dose that follows a future dose.

    Parameters
    ----------
    after_dose
        Which future dose, as Python counts them (-1 is the last). An option without doses is read at the end
        of the longest option.
    free
        Fraction unbound; the concentration is then the free one.
    dvid
        Which kind of level.
    """
    return Trough(after_dose, _fraction(free), dvid)


def concentration_at(
    times: Sequence[float] | Floats, *, free: float | None = None, dvid: int = 1
) -> ConcentrationAt:
    """Return the concentrations at absolute model times; the outcome gets a third dim."""
    return ConcentrationAt(tuple(float(t) for t in times), _fraction(free), dvid)


def _window(
    after_dose: int | None, start: float | None, end: float | None, default: int | None = -1
) -> _Window:
    if after_dose is not None and (start is not None or end is not None):
        raise InputError(
            explain(
                "a window is either the interval after a dose or a time from start to end",
                came=f"after_dose={after_dose} with start={start}, end={end}",
                fix="leave one of them out",
            )
        )
    if after_dose is None and start is None and end is None:
        after_dose = default
    return _Window(after_dose, *(None if t is None else _finite(t) for t in (start, end)))


def _fraction(free: float | None) -> float | None:
    if free is not None and not 0.0 < free <= 1.0:
        raise InputError(explain("free= is no fraction unbound", came=free, expected="above 0, at most 1"))
    return free


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise InputError(explain("a threshold or time of an exposure metric is not finite", came=number))
    return float(number)
