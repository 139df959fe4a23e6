"""Outcomes of a case: exposure of the options, and what follows from it, from tables of the file."""

from __future__ import annotations

import graphlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, create_model

from bayesdose.case.problems import Problem, not_outcomes, table, unknown
from bayesdose.case.tables import (
    METRICS,
    NEVER_FREE,
    OUTCOME,
    WHOLE_COURSE,
    Name,
    Names,
    OutcomeTable,
    Table,
    Value,
)
from bayesdose.errors import InputError, explain

if TYPE_CHECKING:
    import xarray as xr

    from bayesdose.card import Card
    from bayesdose.pk.exposure import Exposure

_Prices = dict[Name, float]
_Priced = Annotated[tuple[float, str], Field(strict=False)]
_Numbers = Annotated[tuple[float, ...], Field(strict=False, min_length=1)]


@dataclass(frozen=True)
class Derived:
    """An outcome that follows from others.

    Parameters
    ----------
    make
        From the outcomes known so far and the row of the file to the new one.
    keys
        Its keys in the file: kind of value, or kind and default.
    spoken
        Which of the keys name other outcomes.
    """

    make: Callable[[xr.Dataset, Any], xr.DataArray]
    keys: Mapping[str, Any]
    spoken: tuple[str, ...] = ("of",)


def _call(function: str, *names: str) -> Callable[[xr.Dataset, Any], xr.DataArray]:
    """Return what calls a function of `bayesdose.outcomes` with the outcome and these keys of its row."""

    def make(o: xr.Dataset, row: Any) -> xr.DataArray:
        from bayesdose import outcomes

        made: xr.DataArray = getattr(outcomes, function)(
            o[row.of], **{name: getattr(row, name) for name in names}
        )
        return made

    return make


def _of_hazard(function: str, *names: str) -> Callable[[xr.Dataset, Any], xr.DataArray]:
    def make(o: xr.Dataset, row: Any) -> xr.DataArray:
        from bayesdose import outcomes

        found = outcomes.hazard(o[row.of], row.rate, row.slope, per=row.per)
        more = {name: getattr(row, name) for name in names}
        made: xr.DataArray = getattr(outcomes, function)(found, row.horizon, **more)
        return made

    return make


def _logistic(o: xr.Dataset, row: Any) -> xr.DataArray:
    import numpy as np

    from bayesdose.outcomes import logistic_event

    x = o[row.of]
    if row.log and not bool((x > 0).all()):
        raise InputError(
            explain(
                "a slope per logarithm of an exposure that can be 0",
                came=f"{row.of} of 0, under an option without drug",
                fix='metric = "sigmoid event" is the same curve, and 0 has a probability',
            )
        )
    return logistic_event(np.log(x) if row.log else x, row.intercept, row.slope)


def _either(o: xr.Dataset, row: Any) -> xr.DataArray:
    from bayesdose.outcomes import either

    first, *rest = (o[name] for name in row.of)
    for one in rest:
        first = either(first, one)
    return first


def _cost(o: xr.Dataset, row: Any) -> xr.DataArray:
    from bayesdose.outcomes import cost
    from bayesdose.outcomes.quantities import quantity

    made = cost(o, row.currency, fixed=row.fixed, dose=row.dose, amount=row.amount, vial=row.vial)
    for event, price in row.events.items():
        made = made + price * _probability(o, event)
    return quantity(made, row.currency, "cost")


def _probability(o: xr.Dataset, event: str) -> float | xr.DataArray:
    """Return an outcome that must be the probability of an event."""
    from bayesdose.outcomes.quantities import value_in

    return value_in(f"{event}, the probability of an event", o[event], "", least=0.0, most=1.0)


def _burden(o: xr.Dataset, row: Any) -> xr.DataArray:
    from bayesdose.outcomes import burden

    return burden(o, dose=row.dose, day=row.day, days=row.days)


def _qaly(o: xr.Dataset, row: Any) -> xr.DataArray:
    from bayesdose.outcomes import qaly
    from bayesdose.outcomes.quantities import quantity

    level, years = (o[v] if isinstance(v, str) else v for v in (row.quality, row.years))
    made = qaly(level, years, discount=row.discount, timing=row.timing)
    for event, lost in row.lost.items():
        made = made - lost * _probability(o, event)
    return quantity(made, "QALY", "QALY")


def _classes(o: xr.Dataset, row: Any) -> xr.DataArray:
    from bayesdose.outcomes import classes, worth

    names = [f"class {k}" for k in range(len(row.cuts) + 1)]
    return worth(classes(o[row.of], row.cuts, names), row.worth)


_OF = {"of": Name}
_HAZARD = {"rate": Value, "slope": float, "per": (str, "year"), "horizon": str}
_SHAPE = {"shape": (float, 1.0)}
_SIGMOID = {"half": Value, "gamma": float}

DERIVED: dict[str, Derived] = {
    "free": Derived(_call("free", "fraction_unbound"), {**_OF, "fraction_unbound": float}),
    "AUC/MIC": Derived(
        _call("auc_over_mic", "mic", "fraction_unbound"),
        {**_OF, "mic": Value, "fraction_unbound": (float, 1.0)},
    ),
    "fraction of response": Derived(
        _call("fraction_of_response", "mics", "target"), {**_OF, "mics": dict[str, float], "target": float}
    ),
    "Emax": Derived(
        _call("sigmoid_emax", "largest", "half", "gamma", "baseline", "unit"),
        {
            **_OF,
            "largest": Value,
            "half": Value,
            "gamma": (float, 1.0),
            "baseline": (Value, 0.0),
            "unit": (str, ""),
        },
    ),
    "logistic event": Derived(_logistic, {**_OF, "intercept": float, "slope": float, "log": (bool, False)}),
    "probit event": Derived(_call("probit_event", "half", "spread"), {**_OF, "half": Value, "spread": float}),
    "sigmoid event": Derived(
        _call("sigmoid_event", "half", "gamma", "largest", "baseline"),
        {**_OF, **_SIGMOID, "largest": (float, 1.0), "baseline": (float, 0.0)},
    ),
    "either event": Derived(_either, {"of": Annotated[Names, Field(min_length=2)]}),
    "event by": Derived(_of_hazard("event_by", "shape"), {**_OF, **_HAZARD, **_SHAPE}),
    "survival": Derived(_of_hazard("survival", "shape"), {**_OF, **_HAZARD, **_SHAPE}),
    "time without event": Derived(_of_hazard("mean_time"), {**_OF, **_HAZARD}),
    "neutrophil nadir": Derived(
        _call("neutrophil_nadir", "baseline", "half", "gamma", "largest"),
        {**_OF, "baseline": Value, "half": Value, "gamma": (float, 1.0), "largest": (float, 1.0)},
    ),
    "INR": Derived(
        _call("inr", "baseline", "largest", "shape"),
        {**_OF, "baseline": float, "largest": float, "shape": float},
    ),
    "meaningful change": Derived(
        _call("meaningful_change", "threshold", "error"), {**_OF, "threshold": float, "error": (float, 0.0)}
    ),
    "worth of classes": Derived(_classes, {**_OF, "cuts": _Numbers, "worth": _Numbers}),
    "cost": Derived(
        _cost,
        {
            "currency": str,
            "fixed": (float, 0.0),
            "dose": (float, 0.0),
            "amount": (_Priced | None, None),
            "vial": (_Priced | None, None),
            "events": (_Prices, Field(default_factory=dict)),
        },
        ("events",),
    ),
    "burden": Derived(_burden, {"dose": (float, 0.0), "day": (float, 0.0), "days": (float, 0.0)}, ()),
    "QALY": Derived(
        _qaly,
        {
            "quality": Value,
            "years": Value,
            "discount": (float, 0.035),
            "timing": (str, "end of year"),
            "lost": (_Prices, Field(default_factory=dict)),
        },
        ("quality", "years", "lost"),
    ),
}
"""Outcomes that follow from others, by their metric."""


def _table_of(name: str, one: Derived) -> type[Table]:
    keys: dict[str, Any] = {
        k: kind if isinstance(kind, tuple) else (kind, ...) for k, kind in one.keys.items()
    }
    title = "".join(c for c in name.title() if c.isalnum())
    return create_model(f"{title}Table", __base__=Table, metric=(str, ...), **keys)


DERIVED_TABLES: dict[str, type[Table]] = {name: _table_of(name, one) for name, one in DERIVED.items()}
"""``[outcomes.NAME]`` of an outcome that follows from others, by its metric."""


def read_outcomes(given: Any, problems: list[Problem]) -> dict[str, Table] | None:
    """Return the tables of the outcomes, or None after adding what is wrong with them to `problems`."""
    if not isinstance(given, Mapping) or not given:
        example = 'trough = { metric = "trough", after_dose = -1 }'
        problems.append(("outcomes", f"names no outcome. Expected: {example}, or no table at all"))
        return None
    before = len(problems)
    made = {name: _read(name, one, problems) for name, one in given.items()}
    odd = [name for name in given if not name.isidentifier()]
    problems += [(f"outcomes.{name}", "is no name: letters, digits and _ only") for name in odd]
    if len(problems) == before:
        problems += _unfit(made)
    return made if len(problems) == before else None


def metrics(outcomes: Mapping[str, Table], card: Card | None = None) -> dict[str, Exposure]:
    """Return the exposure metrics by outcome name, as `simulate` takes them.

    Parameters
    ----------
    outcomes
        From `read_outcomes`.
    card
        Of the model: the unit of a concentration, that a threshold such as "500 ug/L" is converted to.
    """
    return {name: _exposure(one, card) for name, one in outcomes.items() if isinstance(one, OutcomeTable)}


def derived(outcomes: Mapping[str, Table], outcome: xr.Dataset) -> xr.Dataset:
    """Return what was simulated with the outcomes that follow from it, (draw, option) each.

    Raises
    ------
    InputError
        When a number or unit does not suit what it is compared with; it says under which outcome.
    """
    like = next(iter(outcome.data_vars.values()))
    for name in _order(outcomes):
        row = outcomes[name]
        if isinstance(row, OutcomeTable):
            continue
        try:
            made = DERIVED[row.metric].make(outcome, row)  # type: ignore[attr-defined]
        except InputError as error:
            raise InputError(f"outcomes.{name}: {error}") from error
        said = {"long_name": f"{name}: {made.attrs['long_name']}", "definition": _definition(row)}
        full = made.broadcast_like(like).transpose("draw", "option").assign_attrs(made.attrs | said)
        outcome = outcome.assign({name: full})
    return outcome


def _read(name: str, given: Any, problems: list[Problem]) -> Any:
    key = ("outcomes", name)
    kind = given.get("metric") if isinstance(given, Mapping) else None
    if isinstance(kind, str) and kind not in (*METRICS, *DERIVED_TABLES):
        problems.append((f"outcomes.{name}.metric", unknown(kind, (*METRICS, *DERIVED_TABLES), "metric")))
        return None
    return table(DERIVED_TABLES.get(str(kind), OutcomeTable), given, key, problems)


def _unfit(outcomes: Mapping[str, Table]) -> Iterator[Problem]:
    """Yield names that are no outcome, outcomes that follow from themselves, windows that are none."""
    for name, row in outcomes.items():
        if isinstance(row, OutcomeTable):
            try:
                _exposure(row, None)
            except (InputError, TypeError) as error:
                yield f"outcomes.{name}", str(error)
            continue
        for other in _spoken(row):
            yield from not_outcomes({f"outcomes.{name}": other}, outcomes)
        for other in _events(row):
            if isinstance(outcomes.get(other), OutcomeTable):
                yield f"outcomes.{name}", f"speaks of {other!r}, an exposure and no probability of an event"
    if not any(isinstance(row, OutcomeTable) for row in outcomes.values()):
        yield "outcomes", f"name no exposure. Expected: one with a metric of {', '.join(METRICS)}"
    try:
        _order(outcomes)
    except graphlib.CycleError as error:
        yield "outcomes", f"follow from each other in a circle: {', '.join(error.args[1])}"


def _exposure(row: OutcomeTable, card: Card | None) -> Exposure:
    """Return the metric of a row; without a card to find out whether there is one."""
    from bayesdose import pk

    function, allowed = OUTCOME[row.metric]
    given = {k: v for k, v in row.model_dump(exclude={"metric"}).items() if k in row.model_fields_set}
    known = (*allowed, "after_dose", *(() if row.metric in NEVER_FREE else ("free",)), "dvid")
    if extra := [key for key in given if key not in known]:
        raise InputError(explain(f"{row.metric} takes no {', '.join(extra)}", expected=", ".join(known)))
    if row.metric in ("nadir", "time of nadir") and "dvid" not in given:
        fix = "dvid = 2, or what DVID the effect has (bayesdose models MODEL lists them)"
        raise InputError(explain(f"{row.metric} needs dvid: which effect it is of", fix=fix))
    if not {"after_dose", "start", "end"} & set(given) and row.metric not in WHOLE_COURSE:
        given["after_dose"] = row.after_dose
    if "threshold" in allowed:
        if "threshold" not in given and row.metric != "accumulated load":
            raise InputError(explain(f"{row.metric} needs a threshold", fix='threshold = "2 mg/L"'))
        own = None if card is None else card.units_of(row.dvid).concentration
        given["threshold"] = _threshold(given.get("threshold"), own)
    if row.metric == "accumulated load":
        given["above"] = given.pop("threshold", None)
    made: Exposure = getattr(pk, function)(**given)
    return made


def _threshold(value: Any, wanted: str | None) -> Any:
    """Return a threshold in the unit of what is compared with it, where that is known."""
    if not isinstance(value, str):
        return value
    from bayesdose.units import factor, quantity, quantity_in

    if wanted is not None:
        return quantity_in(value, wanted)
    number, own = quantity(value)
    factor(own, own)  # a unit at all
    return number


def _definition(row: Any) -> str:
    """Return what an outcome follows from, as the file states it."""
    given = row.model_dump(exclude={"metric", "of"})
    of = getattr(row, "of", ())
    names = of if isinstance(of, str) else " or ".join(of)
    said = ", ".join(f"{key} {_shown(value)}" for key, value in given.items() if value not in ({}, None, ""))
    return f"{row.metric}{f' of {names}' if names else ''}{f': {said}' if said else ''}"


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return " + ".join(f"{v:g} x {k}" for k, v in value.items())
    if isinstance(value, tuple):
        return " / ".join(_shown(v) for v in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _spoken(row: Any) -> Iterator[str]:
    """Yield the names of the outcomes that a row speaks of."""
    if isinstance(row, OutcomeTable):
        return
    for key in DERIVED[row.metric].spoken:
        value = getattr(row, key)
        if isinstance(value, str):
            yield value
        elif isinstance(value, Mapping | tuple):
            yield from value


def _events(row: Any) -> tuple[str, ...]:
    """Return the names, among those that a row speaks of, that must be probabilities of events."""
    named = row.of if row.metric == "either event" else ()
    return (*named, *getattr(row, "events", ()), *getattr(row, "lost", ()))


def _order(outcomes: Mapping[str, Any]) -> list[str]:
    """Return the outcomes so that each comes after those it follows from."""
    graph = {name: {o for o in _spoken(row) if o in outcomes} for name, row in outcomes.items()}
    return list(graphlib.TopologicalSorter(graph).static_order())
