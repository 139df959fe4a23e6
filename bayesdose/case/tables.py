"""The tables of a case file as pydantic models: every key known, every value of its kind."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Annotated, Any, Literal, get_args, get_type_hints

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    Strict,
    StringConstraints,
    create_model,
    model_validator,
)

from bayesdose.decision import UTILITIES
from bayesdose.study import Formulation, Strengths
from bayesdose.study.dose_text import TIMES

START = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]+) after the last (dose|record)")
"""A start that counts from the patient's history."""


def _listed(value: object) -> object:
    return value if isinstance(value, list | tuple) else (value,)


def _when(value: object) -> object:
    """Accept a time, or a text that counts from the patient's last dose or record."""
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    found = START.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None or found[2].lower() not in TIMES:
        raise ValueError("a time of the table such as 36.0, or a text such as '24 h after the last dose'")
    return value


Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_]\w*$")]
Numbers = Annotated[tuple[float, ...], Strict(False), BeforeValidator(_listed), Field(min_length=1)]
Names = Annotated[tuple[str, ...], Strict(False), BeforeValidator(_listed)]
Value = float | str
Values = Annotated[tuple[Value, ...], Strict(False), BeforeValidator(_listed)]
When = Annotated[float | str, PlainValidator(_when)]


class Table(BaseModel):
    """A table of the case file: no unknown key, finite numbers, texts that are texts."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class OptionsTable(Table):
    """``[options]``: the dose text, the numbers for its placeholders, when treatment would start.

    Parameters
    ----------
    text
        Dose text with placeholders (see `bayesdose.regimens`).
    values
        Placeholder to the numbers to try; in the file they may stand beside the text.
    start
        A time of the table, or a text such as "24 h after the last dose"; `regimens` chooses unless given.
    current
        Whether to add the current regimen.
    complete
        Placeholders whose numbers are all that can be given: a best option at their end is no "edge".
    strengths, split
        Sizes that there are, and into how many parts one may be divided: doses are rounded to what they make
        up.
    contains
        What comes with the drug, as in `bayesdose.Formulation`: sodium = "0.32 g/g".
    """

    text: str
    values: dict[Name, Numbers] = Field(default_factory=dict)
    start: When | None = None
    current: bool = True
    complete: Names = ()
    strengths: Names = ()
    split: Annotated[int, Field(ge=1)] = 1
    contains: dict[Name, str] = Field(default_factory=dict)

    def formulation(self) -> Formulation | None:
        """Return what the doses are given as; None where nothing is said of it."""
        if not self.strengths and not self.contains:
            return None
        sizes = Strengths(self.strengths, split=self.split) if self.strengths else None
        return Formulation("", contains=self.contains, strengths=sizes)

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, content: Any) -> Any:
        """Take numbers that stand beside the text as values."""
        if not isinstance(content, Mapping):
            return content
        inside = content.get("values", {})
        if not isinstance(inside, Mapping):
            return content
        numbers = {k: v for k, v in content.items() if isinstance(v, int | float | list)}
        beside = {k: v for k, v in numbers.items() if k not in cls.model_fields and k not in inside}
        return {**{k: v for k, v in content.items() if k not in beside}, "values": {**inside, **beside}}


class OutcomeTable(Table):
    """One entry of ``[outcomes]``: exposure, in the interval after one of the future doses or in a window.

    Parameters
    ----------
    metric
        One of `OUTCOME`.
    after_dose
        Which future dose, as Python counts: 0 is the first, -1 the last.
    start, end
        A window of the model's time instead.
    threshold
        Of a time above or below: a number in the model's unit of concentration, or a text with its own.
    free
        Fraction unbound: the exposure is then that of the free concentration.
    dvid
        Which kind of level or effect of the model.
    """

    metric: Literal[
        "trough",
        "peak",
        "auc24",
        "auc",
        "average",
        "minimum",
        "nadir",
        "time of nadir",
        "time above",
        "time below",
        "time of peak",
        "accumulated load",
    ]
    after_dose: int = -1
    start: float | None = None
    end: float | None = None
    threshold: Value | None = None
    free: float | None = None
    dvid: int = 1


_WINDOW = ("start", "end")

OUTCOME: dict[str, tuple[str, tuple[str, ...]]] = {
    "trough": ("trough", ()),
    "time above": ("time_above", (*_WINDOW, "threshold")),
    "time below": ("time_below", (*_WINDOW, "threshold")),
    "time of peak": ("time_of_peak", _WINDOW),
    "accumulated load": ("accumulated_load", (*_WINDOW, "threshold")),
    "nadir": ("nadir", _WINDOW),
    "time of nadir": ("time_of_nadir", _WINDOW),
    **{name: (name, _WINDOW) for name in ("peak", "auc24", "auc", "average", "minimum")},
}
"""What computes each exposure, and which keys it takes besides `after_dose`, `free` and `dvid`."""

WHOLE_COURSE = ("accumulated load", "nadir", "time of nadir")
"""Exposures whose window is the whole course, unless the file says another."""

NEVER_FREE = ("time of peak", "nadir", "time of nadir")
"""Exposures that are the same of the free concentration, or of no concentration."""


class EventTable(Table):
    """An event: an outcome above, below or within values, numbers in its unit or texts with one."""

    outcome: str
    above: Value | None = None
    below: Value | None = None
    within: tuple[Value, Value] | None = Field(default=None, strict=False)


class ChanceTable(EventTable):
    """One entry of ``[[limits.chance]]``: an event, its largest probability, the confidence of the limit.

    Without values the outcome is itself a probability of an event.
    """

    at_most: float
    confidence: float = 0.95


class LoadTable(Table):
    """One entry of ``[limits.max_load]``, under the name of the load: the limit, and what the drug brings."""

    limit: str
    content: str | None = None


class ContraindicatedTable(Table):
    """One entry of ``[[limits.contraindicated]]``: a covariate, where it forbids, which options, and why."""

    covariate: str
    below: Value | None = None
    above: Value | None = None
    among: Values = ()
    only: dict[str, Value] = Field(default_factory=dict)
    why: str = ""


class SoftTable(Table):
    """One entry of ``[limits.soft]``, under the name of a limit: the limit, and what passing it costs."""

    limit: str
    cost: float | None = None


class LimitsTable(Table):
    """``[limits]``: texts with a unit ("10 mg/kg"), and tables of their own for the rest."""

    max_daily: str | None = None
    max_single: str | None = None
    min_interval: str | None = None
    max_load: dict[Name, LoadTable] = Field(default_factory=dict)
    contraindicated: tuple[ContraindicatedTable, ...] = Field(default=(), strict=False)
    chance: tuple[ChanceTable, ...] = Field(default=(), strict=False)
    soft: dict[Literal["max_daily", "max_single", "min_interval"], SoftTable] = Field(default_factory=dict)


NESTED: dict[str, type[Table]] = {
    "max_load": LoadTable,
    "contraindicated": ContraindicatedTable,
    "chance": ChanceTable,
    "soft": SoftTable,
}
"""Tables inside ``[limits]``, by their key."""


class CriterionTable(Table):
    """``[criterion]``: by what options are compared, and its parameters."""

    name: Literal["expected utility", "minimax regret", "CVaR", "attainment"] = "expected utility"
    share: float | None = None
    outcome: str | None = None
    above: Value | None = None
    below: Value | None = None
    within: tuple[Value, Value] | None = Field(default=None, strict=False)


class EconomicsTable(Table):
    """``[economics]``: costs and effects of the options, compared beside the utility.

    Parameters
    ----------
    effect
        The outcome that is paid for; higher is better.
    cost
        The outcome that is the cost, or a number for each option by its label.
    willingness_to_pay
        For one unit of effect.
    reference
        Label of the option compared with; the current regimen, or else no treatment, unless given.
    currency
        Of the costs, where they are numbers by option.
    """

    effect: str
    cost: str | dict[str, float]
    willingness_to_pay: float = Field(ge=0)
    reference: str | None = None
    currency: str = ""


class ConditionTable(Table):
    """``[condition]``: how the patient's posterior is computed; see `bayesdose.condition`."""

    particles: int = Field(default=4096, ge=256, le=2**22)
    draws: int = Field(default=4000, ge=100, le=10**6)
    seed: int = Field(default=1, ge=0, lt=2**32)


METRICS: tuple[str, ...] = get_args(OutcomeTable.model_fields["metric"].annotation)
STANDARD = ("trough", "peak", "auc24")


def standard_outcomes() -> dict[str, OutcomeTable]:
    """Return the outcomes of a case that names none: trough, peak and AUC24 after the last dose."""
    return {name: OutcomeTable.model_validate({"metric": name}) for name in STANDARD}


def _utility_table(made: type, **more: Any) -> type[Table]:
    """Return the table of a named utility: its name, its parameters, and what else is given with it."""
    hints = get_type_hints(made)
    parameters: dict[str, Any] = {
        f.name: (hints[f.name], ... if f.default is MISSING else f.default) for f in fields(made)
    }
    return create_model(f"{made.__name__}Table", __base__=Table, name=(str, ...), **parameters, **more)


class StakeholdersTable(Table):
    """``[utility]`` of several: their parts, and the difference that does not matter."""

    name: Literal["stakeholders"]
    parts: dict[Name, dict[str, Any]] = Field(min_length=1)
    indifference: float | None = Field(default=None, ge=0)


UTILITY_TABLES: dict[str, type[Table]] = {
    name: _utility_table(made, indifference=(float | None, Field(default=None, ge=0)))
    for name, made in UTILITIES.items()
} | {"stakeholders": StakeholdersTable}
"""``[utility]``, by its name."""

PART_TABLES: dict[str, type[Table]] = {
    name: _utility_table(made, share=(float, Field(gt=0, le=1))) for name, made in UTILITIES.items()
}
"""``[utility.parts.NAME]``, by the name of its utility."""
