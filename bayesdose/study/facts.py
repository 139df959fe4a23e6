"""Facts of options, as coordinates of an outcome: how many doses, how large, how often, what is in them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayesdose.study.courses import SLACK, Course, implied
from bayesdose.study.formulations import Formulation
from bayesdose.study.given import Doses
from bayesdose.study.history import History
from bayesdose.units import factor

Floats = NDArray[np.float64]

DERIVED = {"derived": True}
"""Marks a coordinate that follows from others: no search can be widened in it."""

SHORT = 0.25
"""Of a day: an infusion up to this long is a dose that counts when it begins, as regimens are spaced.

A longer one counts as it runs. The border is a convention: extended infusions last hours, others days.
"""

FACTS = (
    "option", "kind", "n_doses", "n_steps", "max_single", "max_daily", "total_amount", "min_interval",
    "infusion", "route", "formulation", "change", "pieces", "waste", "start", "time_of_day",
    "drug", "draw", "particle", "population_draw",
)  # fmt: skip
"""Names that options and outcomes use themselves; beside them those that begin with load_ or cov_."""


def facts(
    courses: Sequence[Course],
    names: Sequence[str],
    history: History,
    start: float,
    formulations: Sequence[Formulation] = (),
) -> xr.Dataset:
    """Return the facts of each option.

    Parameters
    ----------
    courses
        The options.
    names
        Of the placeholders of their dose texts.
    history
        The patient's.
    start
        When options begin that say nothing else.
    formulations
        What the options are given as. What the current regimen is nobody says: it is taken for the first of
        them, and doses of the history for what the option itself is given as.

    Returns
    -------
    xarray.Dataset
        Coordinate option: the labels. Variables (option,): the number for each placeholder, nan without one;
        kind ("none", "current" or "candidate"); n_doses (times at which something is given); n_steps
        (stretches of equal amounts); max_single, max_daily and total_amount (amount): max_daily counts doses
        of the history too, where they fall into the same 24 h, and those that lead to a steady state, and of
        an infusion longer than 6 h what runs within them (a shorter one, or one whose duration the model has,
        counts when it begins); interval (time; of the last part, nan without one); min_interval
        (time; least one between its doses, the last one of the history among them, nan without any);
        infusion (time; the longest, 0 of boluses, nan where the model has the duration); route (in words);
        start (time) of the first dose. Where they are told apart: time_of_day (h), formulation and change
        (names), pieces (most in one dose) and waste (amount) of what is made up of sizes,
        load_NAME and load_NAME_daily of what comes with the drug (nan where nobody can say it), cov_NAME of
        covariates that change: the value of an option's first change; and where doses are given under other
        values too, cov_NAME_low and cov_NAME_high, the least and largest of all of these.
    """
    card = history.patient.card
    begins = [_begin(c, history.now, start) for c in courses]
    past = {at: history.given(at) for at in dict.fromkeys(begins)}
    own = [past[at] for at in begins]
    first = np.array([c.times[0] if len(c.times) else math.nan for c in courses])
    closest = np.array([_closest(c, p) for c, p in zip(courses, own, strict=True)])
    amount, time = {"units": card.units.amount}, {"units": card.units.time}
    daily = [_fullest(c, p, history.day, lambda x: x) for c, p in zip(courses, own, strict=True)]
    derived_time = {**time, **DERIVED}
    arrays: dict[str, tuple[Any, ...]] = {
        **{name: ("option", _numbers(courses, name)) for name in names},
        "kind": ("option", [c.kind for c in courses]),
        "n_doses": ("option", np.array([len(c.times) for c in courses], dtype=np.int64)),
        "max_single": ("option", np.array([c.amounts.max(initial=0.0) for c in courses]), amount),
        "max_daily": ("option", np.array(daily), amount),
        "interval": ("option", np.array([c.interval for c in courses]), time),
        "n_steps": ("option", np.array([1 + np.count_nonzero(np.diff(c.amounts)) for c in courses])),
        "total_amount": ("option", np.array([c.amounts.sum() for c in courses]), amount),
        "min_interval": ("option", closest, time),
        "infusion": ("option", np.array([_longest_infusion(c) for c in courses]), derived_time),
        "route": ("option", [_route(c, card.compartments) for c in courses]),
        "start": ("option", first, derived_time),
        **_told_apart(courses),
        **_loads(courses, own, history, formulations),
        **_covariates(courses, history),
    }
    return xr.Dataset(arrays, coords={"option": [c.label for c in courses]})


def _numbers(courses: Sequence[Course], name: str) -> Floats:
    return np.array([c.numbers.get(name, math.nan) for c in courses])


def _begin(course: Course, now: float, start: float) -> float:
    """Return from when on doses ordered before are not given under the option."""
    if course.kind == "current":
        return now
    return course.begin if math.isfinite(course.begin) else start


def _closest(course: Course, past: Doses) -> float:
    """Return the least time between two doses that this option leads to."""
    if not len(course.times):
        return math.nan
    before = past.time[past.time <= course.times[0]]
    gaps = np.diff(np.r_[before[-1:], course.times])
    return float(gaps.min()) if len(gaps) else math.nan


def _longest_infusion(course: Course) -> float:
    rate, amount = course.doses["RATE"], course.doses["AMT"]
    if (rate < 0).any():
        return math.nan
    infused = rate > 0
    return float((amount[infused] / rate[infused]).max(initial=0.0))


def _route(course: Course, compartments: Sequence[str]) -> str:
    """Say how it is given: bolus or infusion, and into which compartment where one is named."""
    kinds = zip((course.doses["RATE"] != 0).tolist(), course.doses["CMT"].tolist(), strict=True)
    words = []
    for infused, number in dict.fromkeys(kinds):
        name = compartments[number - 1] if 0 < number <= len(compartments) else f"{number}"
        words.append(("infusion" if infused else "bolus") + (f" into {name}" if number else ""))
    return ", ".join(words) or "none"


def _told_apart(courses: Sequence[Course]) -> dict[str, tuple[Any, ...]]:
    """Return what tells options apart, of what was asked for."""
    found: dict[str, tuple[Any, ...]] = {}
    if any(math.isfinite(c.hour) for c in courses):
        found["time_of_day"] = "option", np.array([c.hour for c in courses]), {"units": "h", **DERIVED}
    if any(c.formulation and c.formulation.name for c in courses):
        found["formulation"] = "option", [c.formulation.name if c.formulation else "" for c in courses]
    if any(c.change for c in courses):
        found["change"] = "option", [c.change.name if c.change else "" for c in courses]
    return found


def _loads(
    courses: Sequence[Course], past: Sequence[Doses], history: History, formulations: Sequence[Formulation]
) -> dict[str, tuple[Any, ...]]:
    """Return what comes with the drug, and the pieces that doses are made up of."""
    card, made = history.patient.card, [_given_as(c, formulations) for c in courses]
    found: dict[str, tuple[Any, ...]] = {}
    for what in dict.fromkeys(name for f in formulations for name in f.contains):
        units = {f.load_unit(what) for f in formulations if what in f.contains}
        unit = sorted(units)[0]
        parts = [_weigher(f, what, unit, history) for f in made]
        total = [float(w(c.doses["AMT"]).sum()) for c, w in zip(courses, parts, strict=True)]
        daily = [_fullest(c, p, history.day, w) for c, p, w in zip(courses, past, parts, strict=True)]
        attrs = {"units": unit, **DERIVED}
        found[f"load_{what}"] = "option", np.array(total), attrs
        found[f"load_{what}_daily"] = "option", np.array(daily), attrs
    if any(f.made_of is not None and f.made_of.sizes for f in formulations):
        both = list(zip(courses, made, strict=True))
        pieces = [f.pieces(c.doses["AMT"], card).max(initial=0) if f else 0.0 for c, f in both]
        waste = [f.waste(c.doses["AMT"], card) if f else 0.0 for c, f in both]
        found["pieces"] = "option", np.array(pieces), DERIVED
        found["waste"] = "option", np.array(waste), {"units": card.units.amount, **DERIVED}
    return found


def _given_as(course: Course, formulations: Sequence[Formulation]) -> Formulation | None:
    return formulations[0] if course.kind == "current" and formulations else course.formulation


def _weigher(
    formulation: Formulation | None, what: str, unit: str, history: History
) -> Callable[[Floats], Floats]:
    """Return what turns doses into a load; nan where nobody knows what it was given as."""
    if formulation is None:
        return lambda amounts: np.full(len(amounts), math.nan)
    if what not in formulation.contains:
        return lambda amounts: np.zeros(len(amounts))
    scale = factor(formulation.load_unit(what), unit)
    return lambda amounts: scale * formulation.load(what, amounts, history.patient.card)


def _covariates(courses: Sequence[Course], history: History) -> dict[str, tuple[Any, ...]]:
    """Return the covariates that an option changes."""
    found: dict[str, tuple[Any, ...]] = {}
    for name in dict.fromkeys(name for c in courses for name in c.steps):
        attrs = {"units": history.patient.card.covariate(name).unit, **DERIVED}
        values = [_while_given(c, name, history.last[name]) for c in courses]
        own = np.array([v[0] for v in values])
        found[f"cov_{name}"] = "option", own, attrs
        low, high = (np.array([end(v) for v in values]) for end in (np.min, np.max))
        if (low < own).any() or (high > own).any():
            found |= {f"cov_{name}_low": ("option", low, attrs), f"cov_{name}_high": ("option", high, attrs)}
    return found


def _while_given(course: Course, name: str, last: float) -> Floats:
    """Return a covariate's first changed value, and those that govern while something is given."""
    if name not in course.steps:
        return np.array([last])
    steps, begun = course.steps[name], course.doses["TIME"]
    ends = begun + _lasting(course.doses["AMT"], course.doses["RATE"])
    ended = np.searchsorted(np.sort(ends), steps.times, side="right")
    running = steps.times[np.searchsorted(np.sort(begun), steps.times) > ended]
    moments = np.concatenate([begun, running])
    while_given = steps.at(moments, np.ones(len(moments), np.bool_), np.full(len(moments), last))
    return np.concatenate([steps.value[:1], while_given])


def _lasting(amount: Floats, rate: Floats) -> Floats:
    """Return how long each dose runs: 0 of a bolus, and where the model has the duration."""
    return np.where(rate > 0, amount / np.where(rate > 0, rate, 1.0), 0.0)


def _fullest(course: Course, past: Doses, day: float, weigh: Callable[[Floats], Floats]) -> float:
    """Largest sum in any 24 hours that hold a future dose, of infusions what runs then; nan where not known.

    One at steady state has its own past instead of what was given before. `weigh` says what is summed: the
    amounts, or what comes with them.
    """
    steady = np.flatnonzero(course.doses["SS"] == 1)
    edges = np.unique([0, *steady, len(course.doses["TIME"])])
    sums = [0.0]
    for k, end in pairwise(edges.tolist()):
        doses = {name: values[k:end] for name, values in course.doses.items()}
        own = implied(doses, day)
        both = own if k in steady else Doses.together(past, own)
        sums.append(_largest(both, weigh(both.amount), day, float(doses["TIME"][0])))
    return float(np.max(sums))  # max() would drop a nan


def _largest(doses: Doses, parts: Floats, day: float, since: float) -> float:
    """Return the largest sum of the parts in any 24 hours that end at `since` or later.

    Between the times at which something begins or ends the sum is a straight line: the fullest window ends at
    one of them, or begins there. Windows are open at the other end: doses a day apart are never in one, and
    `SHORT` infusions are doses like any.
    """
    lasting = _lasting(doses.amount, doses.rate)
    lasting = np.where(lasting > SHORT * day * (1 + SLACK), lasting, 0.0)
    times = np.unique(np.concatenate([doses.time, doses.time + lasting]))
    ends = times[times >= since]
    begins = times[times + day * (1 - SLACK) >= since] if lasting.any() else times[:0]
    low, high = np.concatenate([ends - day, begins]), np.concatenate([ends, begins + day])
    at_end, slack = np.arange(len(low)) < len(ends), day * SLACK
    at_once = lasting == 0
    oldest = np.searchsorted(doses.time, np.where(at_end, low + slack, low))
    newest = np.searchsorted(doses.time, np.where(at_end, high, high - slack), side="right")

    def within(values: Floats) -> Floats:
        total = np.concatenate([[0.0], np.cumsum(np.where(at_once, values, 0.0))])
        run = _run(doses.time[~at_once], lasting[~at_once], values[~at_once], np.stack([low, high]))
        return np.asarray(total[newest] - total[oldest] + run[1] - run[0])

    unknown = np.isnan(parts)
    sums = within(np.where(unknown, 0.0, parts))
    if unknown.any():
        sums = np.where(within(unknown.astype(np.float64)) > SLACK, math.nan, sums)
    return float(np.max(sums, initial=0.0))


def _run(begun: Floats, lasting: Floats, values: Floats, until: Floats) -> Floats:
    """Return how much of infusions has run until given times, each at its even rate."""
    if not len(begun):
        return np.zeros(until.shape)
    corners, at = np.unique(np.concatenate([begun, begun + lasting]), return_inverse=True)
    rates = values / lasting
    slope = np.cumsum(np.bincount(at, weights=np.concatenate([rates, -rates])))
    total = np.concatenate([[0.0], np.cumsum(slope[:-1] * np.diff(corners))])
    return np.asarray(np.interp(until, corners, total))
