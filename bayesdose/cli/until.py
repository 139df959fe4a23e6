"""The option ``--until``: a table as it was known at a time."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bayesdose.errors import InputError, explain

if TYPE_CHECKING:
    from bayesdose.study import Study

Until = Annotated[
    float | None,
    typer.Option(metavar="TIME", help="Use only the table's rows up to this time, in the model's unit."),
]


@dataclass(frozen=True)
class LeftOut:
    """What `known_by` left out of a table.

    Parameters
    ----------
    time, unit
        Until when rows were used, in the model's unit of time.
    rows, levels, doses
        How many later rows there are, and how many of them hold a level or order a dose.
    """

    time: float
    unit: str
    rows: int
    levels: int
    doses: int

    def __str__(self) -> str:
        until = f"until      {self.time:g} {self.unit}: "
        if not self.rows:
            return f"{until}no row of the table is later, none was left out"
        counts = [_count(n, what) for n, what in ((self.levels, "level"), (self.doses, "dose")) if n]
        inside = f" ({', '.join(counts)})" if counts else ""
        return f"{until}{_count(self.rows, 'later row')} of the table left out{inside}"

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-able values."""
        return asdict(self)


def known_by(study: Study, time: float | None) -> tuple[Study, LeftOut | None]:
    """Return what of a study was known at a time, and what was left out; see `Study.until`.

    Parameters
    ----------
    study
        Of any number of subjects.
    time
        In the card's unit of time, rows at that time included; None keeps all.

    Raises
    ------
    InputError
        When the time is no number.
    """
    if time is None:
        return study, None
    if not math.isfinite(time):
        raise InputError(explain("--until", came=time, expected=f"a time in {study.card.units.time}"))
    late = (study.records["TIME"] > time).to_numpy()
    doses = study.records["EVID"].isin((1, 4)).to_numpy()
    counts = (int(late.sum()), int((late & study.is_level).sum()), int((late & doses).sum()))
    return study.until(time), LeftOut(time, study.card.units.time, *counts)


def said(left_out: LeftOut | None) -> tuple[str, ...]:
    """Return the line that an answer says of it; none where nobody asked."""
    return () if left_out is None else (str(left_out),)


def recorded(left_out: LeftOut | None) -> dict[str, Any]:
    """Return its part of a JSON answer; empty where nobody asked."""
    return {} if left_out is None else {"until": left_out.to_dict()}


def _count(n: int, what: str) -> str:
    return f"{n} {what}{'s' * (n != 1)}"
