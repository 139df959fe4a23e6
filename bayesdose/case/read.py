"""Reading a case file: all tables checked, every problem in one message."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bayesdose.case.economic import wrong_economics
from bayesdose.case.outcomes import derived, metrics, read_outcomes
from bayesdose.case.problems import (
    Problem,
    limit_list,
    listing,
    table,
    unknown,
    wrong_criterion,
    wrong_limits,
    wrong_options,
)
from bayesdose.case.stated import criterion_of_table
from bayesdose.case.tables import (
    START,
    ConditionTable,
    CriterionTable,
    EconomicsTable,
    LimitsTable,
    OptionsTable,
    Table,
    standard_outcomes,
)
from bayesdose.case.utility import Utility, make_utility, read_utility, to_table, wrong_utility
from bayesdose.decision.limits.doses import Check
from bayesdose.errors import InputError, explain, nearest
from bayesdose.study import Options, Study, regimens
from bayesdose.study.dose_text import TIMES
from bayesdose.study.history import History
from bayesdose.units import factor

if TYPE_CHECKING:
    import xarray as xr

    from bayesdose.card import Card
    from bayesdose.pk.exposure import Exposure

_LARGEST = 2**20  # bytes; a bigger file is no case
_SECTIONS: dict[str, type[Table]] = {
    "options": OptionsTable,
    "limits": LimitsTable,
    "criterion": CriterionTable,
    "condition": ConditionTable,
}
_KNOWN = (*_SECTIONS, "outcomes", "utility", "economics")


@dataclass(frozen=True)
class Case:
    """A decision problem: options, outcomes, utility, limits, and how to condition.

    Parameters
    ----------
    options, limits, condition, criterion
        The tables of the file.
    outcomes
        Name of the outcome to its table: exposure, or what follows from it; trough, peak and auc24 after the
        last dose unless given.
    utility
        A named utility with its numbers, or those of several stakeholders.
    indifference
        Difference in expected utility that does not matter; `decide` chooses when it is None.
    economics
        Costs and effects that are compared beside the utility; None where nothing is said of them.
    """

    options: OptionsTable
    outcomes: Mapping[str, Table]
    utility: Utility
    indifference: float | None
    limits: LimitsTable
    condition: ConditionTable
    criterion: CriterionTable = field(default_factory=CriterionTable)
    economics: EconomicsTable | None = None

    def regimens(self, patient: Study) -> Options:
        """Return the candidate regimens for a patient.

        Raises
        ------
        InputError
            When the dose text needs what the patient's table does not have, or starts in the past.
        """
        o = self.options
        lists: dict[str, Any] = dict(o.values)
        start, form = _start(o.start, patient), o.formulation()
        return regimens(o.text, after=patient, start=start, current=o.current, formulation=form, **lists)

    def metrics(self, card: Card | None = None) -> dict[str, Exposure]:
        """Return the exposure metrics by outcome name, as `simulate` takes them; units are the card's."""
        return metrics(self.outcomes, card)

    def try_on(self, patient: Study) -> None:
        """Find out whether the case fits a patient and model, before anything is computed.

        Raises
        ------
        InputError
            When the dose text needs what the patient's table does not have, or starts in the past, or a unit
            of an outcome does not convert to the model's.
        """
        self.metrics(patient.card)
        self.regimens(patient)

    def outcome(self, simulated: xr.Dataset) -> xr.Dataset:
        """Return what was simulated with the outcomes that follow from it.

        Raises
        ------
        InputError
            When a number or unit does not suit what it is compared with.
        """
        return derived(self.outcomes, simulated)

    def limit_list(self) -> list[Check]:
        """Return the limits, as `decide` takes them."""
        return limit_list(self.limits)

    def compared_by(self) -> Any:
        """Return the criterion, as `decide` takes it."""
        return criterion_of_table(self.criterion)

    def to_dict(self) -> dict[str, Any]:
        """Return the case as JSON-able values, in the form of the file."""
        return {
            "options": self.options.model_dump(mode="json"),
            "outcomes": {n: o.model_dump(mode="json", exclude_unset=True) for n, o in self.outcomes.items()},
            "utility": {**to_table(self.utility), "indifference": self.indifference},
            "limits": self.limits.model_dump(mode="json", exclude_defaults=True),
            "criterion": self.criterion.model_dump(mode="json", exclude_none=True),
            "condition": self.condition.model_dump(),
            **self._economics(),
        }

    def _economics(self) -> dict[str, Any]:
        own = self.economics
        return {} if own is None else {"economics": own.model_dump(mode="json", exclude_none=True)}


def read_case(path: str | PathLike[str]) -> Case:
    """Read a case file.

    Parameters
    ----------
    path
        A TOML file in the form of ``docs/reference/case.md``.

    Raises
    ------
    InputError
        When there is no such file, it is no TOML, or anything in it is wrong: one message with every problem.
    """
    place = Path(path)
    try:
        content = tomllib.loads(_content(place).decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise InputError(explain(f"{place.name} is not text in UTF-8", fix="save it as UTF-8")) from error
    except tomllib.TOMLDecodeError as error:
        expected = "a file as in docs/reference/case.md"
        raise InputError(explain(f"{place.name} is not TOML", came=error, expected=expected)) from error
    return make_case(content, place.name)


def make_case(content: Mapping[str, Any], source: str = "the case") -> Case:
    """Return the case that these tables describe, as TOML gives them.

    Raises
    ------
    InputError
        With every problem, each under its key.
    """
    problems: list[Problem] = [(key, unknown(key, _KNOWN)) for key in content if key not in _KNOWN]
    tables = dict(_tables(content, problems))
    outcomes = tables.get("outcomes") or _named(content.get("outcomes"))
    if "options" in tables:
        problems += wrong_options(tables["options"])
    if "utility" in tables:
        problems += wrong_utility(tables["utility"], outcomes)
    if "limits" in tables:
        problems += wrong_limits(tables["limits"], outcomes)
    if "criterion" in tables:
        problems += wrong_criterion(tables["criterion"], outcomes)
    if tables.get("economics") is not None:
        problems += wrong_economics(tables["economics"], outcomes)
    if problems:
        raise InputError(listing(problems, source))
    utility = tables.pop("utility")
    return Case(**tables, utility=make_utility(utility), indifference=utility.indifference)


def _content(place: Path) -> bytes:
    try:
        if place.is_file() and place.stat().st_size > _LARGEST:
            raise InputError(explain(f"{place.name} is too large for a case", expected=f"{_LARGEST} bytes"))
        return place.read_bytes()
    except OSError as error:
        around = [p.name for p in place.parent.glob("*.toml")] if place.parent.is_dir() else []
        raise InputError(
            explain(
                f"the case file {place} cannot be read",
                came=(error.strerror or "an error of the system").lower(),
                meant=nearest(place.name, around),
            )
        ) from error


def _tables(content: Mapping[str, Any], problems: list[Problem]) -> Iterator[tuple[str, Any]]:
    """Yield the tables that are well-formed; what is wrong with the others goes to `problems`."""
    for key, made in _SECTIONS.items():
        if key == "options" and key not in content:
            problems.append((key, "is missing: a case needs options to choose from"))
        elif (read := table(made, content.get(key, {}), (key,), problems)) is not None:
            yield key, read
    if "economics" in content:
        yield "economics", table(EconomicsTable, content["economics"], ("economics",), problems)
    if (outcomes := _outcomes(content.get("outcomes"), problems)) is not None:
        yield "outcomes", outcomes
    if (utility := read_utility(content.get("utility"), problems)) is not None:
        yield "utility", utility


def _outcomes(given: Any, problems: list[Problem]) -> Mapping[str, Table] | None:
    return standard_outcomes() if given is None else read_outcomes(given, problems)


def _named(given: Any) -> dict[str, Any] | None:
    """Return the names of outcomes that are wrong otherwise: who speaks of another is told at once."""
    return dict.fromkeys(given) if isinstance(given, Mapping) and given else None


def _start(start: float | str | None, patient: Study) -> float | None:
    """Return the start in the patient's time; a text counts from the last dose or the last record."""
    found = START.fullmatch(start.strip()) if isinstance(start, str) else None
    if found is None:
        return None if start is None else float(start)
    times = History.of(patient).given_times if found[3] == "dose" else patient.records["TIME"].to_numpy()
    if not len(times):
        fix = "give a time, or leave start out"
        raise InputError(explain("options.start counts from the last dose, and none was given yet", fix=fix))
    return float(times[-1]) + float(found[1]) * factor(TIMES[found[2].lower()], patient.card.units.time)
