"""A patient's doses in words: how much, how fast, where into, how often, at steady state."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bayesdose.reporting.text import count
from bayesdose.reporting.view import Table
from bayesdose.study.drawn_out import drawn_out

if TYPE_CHECKING:
    from bayesdose.card import Units
    from bayesdose.individual import Draws
    from bayesdose.study import Study

MOST_ROWS = 20
"""Rows of the table of doses; the latest ones are kept."""

_ALIKE = ("AMT", "RATE", "CMT")
_SAME = 1e-6  # of an interval: what rounding may do to one


@dataclass(frozen=True)
class Routes:
    """Names of the compartments that doses enter: those of the card, else of the structure.

    Parameters
    ----------
    names
        In order; compartment c is the c-th.
    default
        What compartment 0 is called.
    """

    names: tuple[str, ...] = ()
    default: str = "the default compartment"

    @classmethod
    def of(cls, draws: Draws) -> Routes:
        """Return those of the model behind the draws."""
        structure = draws.compiled.declaration.structure
        if structure is None:
            return cls(tuple(draws.model.card.compartments))
        return cls(structure.compartments, structure.compartments[structure.default])

    def __getitem__(self, code: int) -> str:
        if code == 0:
            return self.default
        return self.names[code - 1] if code <= len(self.names) else f"compartment {code}"


def given(study: Study, units: Units) -> str:
    """Return what was given by the last record, in one line."""
    doses = drawn_out(study)
    if doses.empty:
        return "nothing"
    ordered = len(drawn_out(study, np.inf)) - len(doses)
    endless, steady = int((doses["AMT"] == 0).sum()), int((doses["SS"] > 0).sum())
    said = [f"{count(len(doses) - endless, 'dose')}, {doses['AMT'].sum():g} {units.amount} in all"]
    said += [f"{steady - endless} of them at steady state"] if steady > endless else []
    said += [count(endless, "constant infusion")] if endless else []
    said += [f"{count(ordered, 'further dose is', 'further doses are')} ordered"] if ordered else []
    return "; ".join(said)


def dose_table(study: Study, units: Units, routes: Routes) -> Table | None:
    """Return the doses as the table orders them; None where all are plain doses that one line tells."""
    doses = drawn_out(study)
    plain = (doses["RATE"] == 0) & (doses["SS"] == 0)
    if plain.all() and doses["CMT"].nunique() < 2 and not (study.doses["ADDL"] > 0).any():
        return None
    so_far = doses["RECORD"].value_counts()
    said = [_row(run, so_far, units, routes) for run in _runs(study)]
    rest = len(said) - MOST_ROWS
    foot = "Infusions last as the table has it: amount by rate, before bioavailability."
    foot += f" The first {count(rest, 'row')} are left out." if rest > 0 else ""
    head = (f"Time ({units.time})", "Dose", "Given", "Into", "Repeated")
    return Table("Doses", head, tuple(said[-MOST_ROWS:]), columns="nnw", foot=foot)


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(k): v for k, v in row.items()} for row in frame.to_dict("records")]


def _runs(study: Study) -> Iterator[list[dict[str, Any]]]:
    """Yield runs of dose records: alike, at one interval, with nothing else to be said about them."""
    records = study.records.assign(RECORD=np.arange(len(study.records)))
    run: list[dict[str, Any]] = []
    for row in _rows(records[records["EVID"].isin((1, 4))]):
        if run and not _goes_on(run, row):
            yield run
            run = []
        run.append(row)
    if run:
        yield run


def _goes_on(run: Sequence[dict[str, Any]], row: dict[str, Any]) -> bool:
    last = run[-1]
    if any(r["ADDL"] or r["SS"] for r in (last, row)) or row["EVID"] == 4:
        return False
    gap = row["TIME"] - last["TIME"]
    even = len(run) < 2 or abs(gap - (run[1]["TIME"] - run[0]["TIME"])) <= _SAME * gap
    return gap > 0 and even and all(row[name] == last[name] for name in _ALIKE)


def _row(run: Sequence[dict[str, Any]], so_far: pd.Series, units: Units, routes: Routes) -> tuple[str, ...]:
    first = run[0]
    constant = first["SS"] and not first["AMT"]
    dose = "–" if constant else f"{first['AMT']:g} {units.amount}"
    return (f"{first['TIME']:g}", dose, _how(first, units), routes[first["CMT"]], _often(run, so_far, units))


def _how(row: dict[str, Any], units: Units) -> str:
    rate = row["RATE"]
    if rate == 0:
        return "at once"
    if rate < 0:
        return f"infusion; its {'rate' if rate == -1 else 'duration'} is the model's"
    speed = f"{rate:g} {units.amount}/{units.time}"
    if not row["AMT"]:
        return f"constant infusion of {speed} until then"
    return f"over {row['AMT'] / rate:.4g} {units.time}, {speed}"


def _often(run: Sequence[dict[str, Any]], so_far: pd.Series, units: Units) -> str:
    first, said = run[0], []
    if first["EVID"] == 4:
        said.append("after a reset")
    if first["SS"]:
        said.append(f"at {_steady(first, units)}")
    if first["ADDL"]:
        n = int(first["ADDL"])
        reached = int(so_far[first["RECORD"]]) - 1
        every = f"then every {first['II']:g} {units.time}, {n} more"
        said.append(every if reached == n else f"{every} ({reached or 'none'} by the last record)")
    if len(run) > 1:
        said.append(f"every {run[1]['TIME'] - first['TIME']:g} {units.time}, {len(run)} doses")
    return "; ".join(said)


def _steady(row: dict[str, Any], units: Units) -> str:
    """Say which steady state a dose finds."""
    of = f"one such dose every {row['II']:g} {units.time}" if row["II"] else "that infusion"
    added = ", added to what was there" if row["SS"] == 2 else ""
    return f"the steady state of {of}{added}"
