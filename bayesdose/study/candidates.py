"""Candidate regimens for one patient: from dose text and lists of numbers to options."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayesdose.errors import InputError, explain, nearest
from bayesdose.study.begins import Begin, begins
from bayesdose.study.changes import Change, Steps, check_varies, together
from bayesdose.study.courses import DOSE_COLUMNS, Course, Laying, continued, course, no_doses
from bayesdose.study.dose_text import DoseText, parse
from bayesdose.study.facts import FACTS, facts
from bayesdose.study.formulations import Formulation, several
from bayesdose.study.given import MOST
from bayesdose.study.history import SIZE_UNITS, History
from bayesdose.study.options import CURRENT, NO_TREATMENT, OCCASIONS, Options, Way
from bayesdose.study.quantities import parse_quantity
from bayesdose.study.strengths import Strengths
from bayesdose.study.study import Study
from bayesdose.units import factor

Floats = NDArray[np.float64]
Changes = Change | Sequence[Change | None] | None

_ARGUMENTS = (
    "text", "after", "start", "now", "current", "occasion", "formulation", "strengths", "changes", "sizes",
)  # fmt: skip


def regimens(
    text: str | Sequence[str],
    *,
    after: Study,
    start: float | str | Sequence[float | str] | None = None,
    now: str | None = None,
    current: bool = True,
    occasion: Literal["new", "same", "each dose"] = "new",
    formulation: Formulation | Sequence[Formulation] | None = None,
    strengths: Strengths | Sequence[str] | str | None = None,
    changes: Changes = None,
    sizes: Mapping[str, str] | None = None,
    **lists: Iterable[float] | float,
) -> Options:
    """Return every regimen that dose texts and lists of numbers describe, with "no treatment" before them.

    Parameters
    ----------
    text
        Dose text: ``{amount} mg/kg every {interval} h x 10`` or ``20 mg/kg, then 2 mg every 12 h x 8``.
        ``x 10`` is a number of doses; ``for 5 days`` means the doses given before five days are over. A part
        after "then" starts one interval of the part before it later (of its own, after a single dose), and
        ``nothing for 2 days`` between two parts is a pause on top of that; ``(..., then ...) x 4`` are four
        cycles. mg/kg takes the patient's WT, mg/m2 the BSA. ``500 mg over 1 h every 12 h x 6`` is an
        infusion, ``into central`` names its compartment, and ``at steady state`` behind a part means that its
        first dose finds the steady state of that part. Several texts: the options of each.
    after
        The patient: a study of one subject.
    start
        Time of the first dose, or a list of such times, which are options then. A number is a time of the
        patient's table; "20:00" a time of day, the next one that comes (with `now`). By default when the next
        dose of the current regimen falls due, but not before the last record; without a current regimen the
        time of the last record, which must then be no dose.
    now
        What the clock shows at the patient's last record: "14:30".
    current
        Whether to add the "current regimen", the last amount at the mean of the last two intervals, continued
        to the end of the longest option; it is added where these intervals agree within a factor 1.5. Where
        additional doses (ADDL) are ordered beyond the last record, it is their continuation.
    occasion
        Which occasion (OCC) the options belong to, in a model whose parameters vary between occasions: a
        "new" one, whose kappas nobody knows yet, the "same" as the last record's, or a new one with "each
        dose". "No treatment" shares the new one.
    formulation
        What the doses are given as; of several each is an option.
    strengths
        Sizes that there are (``["50 mg", "100 mg"]`` or `Strengths`), where nothing else is known of the
        formulation: doses are rounded to what they make up. Of options that become the same by it the one
        that was moved least is kept, and a label says what is given: ``7 mg/kg every 12 h x 10 (10 mg)``.
    changes
        What changes in the patient beside the doses. One change happens under every option; of a list each is
        an option, None for none (``[None, bd.Change("dialysis", {"DIAL": 1}, at="24 h", lasting="4 h")]``).
    sizes
        The weight or surface that doses are per, where that is not the patient's own on the card:
        ``{"WT": "62 kg"}`` (an adjusted weight), ``{"BSA": "1.8 m2"}``.
    **lists
        The numbers for each ``{name}`` of the text; options are their product, in the order given.

    Raises
    ------
    InputError
        When text, lists or units cannot be used, or the patient lacks the covariate that a unit needs.
    """
    if occasion not in OCCASIONS:
        wanted = " or ".join(map(repr, OCCASIONS))
        raise InputError(explain("occasion= is unknown", came=repr(occasion), expected=wanted))
    history, own = History.of(after), _sizes(sizes)
    templates = [parse(text)] if isinstance(text, str) else [parse(one) for one in text]
    values = _combinations(templates, lists)
    forms = _formulations(formulation, strengths)
    each: list[Formulation | None] = [*forms] or [None]
    whens = begins(start, now, history)
    candidates = [
        _placed(course(template, v, when.time, Laying(history, form, own)), when, len(whens), len(forms))
        for template, some in zip(templates, values, strict=True)
        for v in some
        for form in each
        for when in whens
    ]
    candidates = _once_each(candidates, forms)
    longest = max(candidates, key=lambda c: c.end)
    courses = [Course(NO_TREATMENT, "none", no_doses(), math.nan, longest.last, {})]
    if current and history.interval:
        courses.append(continued(history, history.interval, longest, CURRENT))
    names = list(dict.fromkeys(name for template in templates for name in template.names))
    earliest = min(when.time for when in whens)
    changed = list(_changed([*courses, *candidates], changes, history, earliest))
    return made(changed, names, history, earliest, longest.end, occasion, forms, own)


def made(
    courses: Sequence[Course],
    names: Sequence[str],
    history: History,
    start: float,
    horizon: float,
    occasion: str,
    formulations: Sequence[Formulation] = (),
    sizes: Mapping[str, float] | None = None,
) -> Options:
    """Return courses as options.

    Raises
    ------
    InputError
        When there are too many, or two have the same label.
    """
    if len(courses) > MOST:
        raise InputError(explain("the lists make too many options", expected=f"{MOST} or fewer"))
    _check_labels(courses)
    return Options(
        patient=history.patient,
        doses=_doses(courses),
        table=facts(courses, names, history, start, formulations),
        start=start,
        horizon=horizon,
        last_interval=tuple(c.last for c in courses),
        occasion=occasion,
        ways=tuple(_way(c) for c in courses),
        sizes=sizes or {},
    )


def _way(course: Course) -> Way:
    share = 1.0 if course.formulation is None else course.formulation.F
    return Way(course.begin if math.isfinite(course.begin) else None, share, course.steps)


def _sizes(given: Mapping[str, str] | None) -> dict[str, float]:
    """Return the stated weight and surface in kg and m2."""
    own = {}
    for name, text in (given or {}).items():
        if name not in SIZE_UNITS:
            wanted = " or ".join(SIZE_UNITS)
            raise InputError(explain(f"sizes= has no {name!r}", expected=wanted))
        value, unit = parse_quantity(text)
        own[name] = value * factor("m**2" if unit in ("m2", "m²") else unit, SIZE_UNITS[name])
        if not own[name] > 0:
            raise InputError(explain(f"sizes=: {name}", came=repr(text), expected="above 0"))
    return own


def _formulations(
    formulation: Formulation | Sequence[Formulation] | None, strengths: Strengths | Sequence[str] | str | None
) -> list[Formulation]:
    if strengths is None:
        return several(formulation)  # type: ignore[arg-type]
    if formulation is not None:
        fix = "state the sizes of each formulation: bd.Formulation(..., strengths=...)"
        raise InputError(explain("strengths= beside formulation=", fix=fix))
    return [Formulation("", strengths=strengths)]  # type: ignore[arg-type]


def _placed(course: Course, when: Begin, starts: int, forms: int) -> Course:
    """Return a course that says when it begins and what it is given as, where options differ in it."""
    label = course.label
    if forms > 1 and course.formulation is not None:
        label += f" as {course.formulation.name}"
    if starts > 1:
        label += f", {when.text}"
    return replace(course, label=label, hour=when.hour)


def _once_each(courses: Sequence[Course], forms: Sequence[Formulation]) -> list[Course]:
    """Return courses without those that rounding made equal to one that it moved less."""
    if not any(form.made_of for form in forms):
        return list(courses)
    kept: dict[tuple[Any, ...], Course] = {}
    for one in courses:
        form = one.formulation.name if one.formulation else ""
        key = (form, *(np.asarray(one.doses[name]).tobytes() for name in DOSE_COLUMNS))
        if key not in kept or one.off < kept[key].off:
            kept[key] = one
    return list(kept.values())


def _changed(courses: Sequence[Course], changes: Changes, history: History, start: float) -> Iterator[Course]:
    """Yield each course under each change, with the covariates that tell of its formulation."""
    several_changes = not (changes is None or isinstance(changes, Change))
    each: list[Change | None] = list(changes) if several_changes else [changes]  # type: ignore[arg-type,list-item]
    if not each or not all(c is None or isinstance(c, Change) for c in each):
        wanted = "bd.Change(...), or a list of such, None for none"
        raise InputError(explain("changes=", came=repr(changes), expected=wanted))
    card = history.patient.card
    found = [{} if c is None else c.steps(card, start, history.last) for c in each]
    for one in courses:
        own = _told(one, history)
        for change, steps in zip(each, found, strict=True):
            label = one.label + (f", with {change.name}" if several_changes and change else "")
            yield replace(one, label=label, change=change, steps=together([own, steps], label))


def _told(course: Course, history: History) -> dict[str, Steps]:
    """Return the covariates of a formulation, from the option's first dose on."""
    form, told = course.formulation, {}
    for name, value in ({} if form is None else form.covariates).items():
        check_varies(history.patient.card, name, float(value), f"formulation {course.label!r}")
        told[name] = Steps(course.times[:1], np.array([float(value)]))
    return told


def _combinations(
    templates: Sequence[DoseText], lists: Mapping[str, Iterable[float] | float]
) -> list[list[dict[str, float]]]:
    """Return, per template, the numbers of its placeholders in each of its options."""
    known = list(dict.fromkeys(name for template in templates for name in template.names))
    text = "; ".join(template.text for template in templates)
    if not templates:
        raise InputError(explain("there is no dose text", expected="one text, or a list of them"))
    for name in known:
        if name in (*FACTS, *_ARGUMENTS) or name.startswith(("load_", "cov_")):
            raise InputError(
                explain(f"{{{name}}} is a name that options use themselves", fix="choose another")
            )
        if name not in lists:
            meant = nearest(name, list(lists))
            raise InputError(
                explain(
                    f"no numbers were given for {{{name}}} of the dose text {text!r}",
                    meant=f"{name}= instead of {meant}=" if meant else None,
                    fix=f"pass {name}=[...]",
                )
            )
    for name in lists:
        if name not in known:
            raise InputError(
                explain(
                    f"{name}= is not in the dose text {text!r}",
                    expected=", ".join(f"{{{n}}}" for n in known) or "a text with {name} in it",
                    meant=nearest(name, [*known, *_ARGUMENTS]),
                )
            )
    numbers = {name: _numbers(name, given) for name, given in lists.items()}
    own = [{name: numbers[name] for name in lists if name in t.names} for t in templates]
    if sum(math.prod(len(v) for v in some.values()) for some in own) > MOST:
        raise InputError(explain("the lists make too many options", expected=f"{MOST} or fewer"))
    return [[dict(zip(some, one, strict=True)) for one in product(*some.values())] for some in own]


def _numbers(name: str, given: Iterable[float] | float) -> list[float]:
    try:
        if isinstance(given, str):
            raise TypeError
        numbers = np.atleast_1d(np.asarray(list(given) if isinstance(given, Iterable) else given, float))
        if numbers.ndim != 1 or not numbers.size or not np.isfinite(numbers).all():
            raise TypeError
    except (TypeError, ValueError) as error:
        expected = f"a list of numbers, as in {name}=[1, 2, 3]"
        raise InputError(
            explain(f"{name}= is no list of numbers", came=repr(given), expected=expected)
        ) from error
    if len(set(numbers.tolist())) < numbers.size:
        raise InputError(explain(f"{name}= names a number twice", came=repr(given)))
    return [float(v) for v in numbers]


def _check_labels(courses: Sequence[Course]) -> None:
    labels = [c.label for c in courses]
    if len(set(labels)) < len(labels):
        raise InputError(explain("two options are the same", fix="give numbers that differ in ten digits"))


def _doses(courses: Sequence[Course]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "option": np.repeat(np.arange(len(courses)), [len(c.doses["TIME"]) for c in courses]),
            **{name: np.concatenate([c.doses[name] for c in courses]) for name in DOSE_COLUMNS},
        }
    )
