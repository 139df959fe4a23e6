"""The columns a model reads, found in a table by name and turned into numbers; every fault is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayesdose.card import Card
from bayesdose.errors import InputError, explain, nearest
from bayesdose.study.cells import Cell, read_cell, read_compartment
from bayesdose.study.clock import DATES, Clock, read_clock, read_interval
from bayesdose.study.findings import Finding, Level
from bayesdose.study.names import DEFAULTS, FLAGS, OPTIONAL, REQUIRED, lookalikes, no_column
from bayesdose.study.source import Raw, without_commented
from bayesdose.units import factor

MOST_NUMBER = 1_000_000  # of a compartment, an occasion, a kind of level: more is a slip
_NO_DOT = ("write . where a value is missing", "write the value")  # of a covariate that may not be missing
_NO_FLAG = frozenset({"", ".", "NA", "0", "0.0", "N", "NO", "F", "FALSE"})
Words = str | Callable[[int], str]


@dataclass(frozen=True)
class Table:
    """Columns as numbers, one entry per record, in file order.

    Parameters
    ----------
    card
        The model's card.
    rows
        Line of each record.
    ids
        ID of each record, "" where missing.
    block
        Number of the run of records with one ID, from 0; a missing ID counts as the one above it.
    number
        Per column: the numbers, nan where faulty; where missing nan, or what NM-TRAN supplies.
    missing
        Per column: whether the cell says nothing.
    given
        The columns that stand in the table itself (others are derived or have a default).
    clock
        Whether TIME was read off a clock; it then counts from the subject's first record.
    dated
        Whether that clock had a date.
    """

    card: Card
    rows: NDArray[np.int64]
    ids: NDArray[np.object_]
    block: NDArray[np.int64]
    number: Mapping[str, NDArray[np.float64]]
    missing: Mapping[str, NDArray[np.bool_]]
    given: frozenset[str]
    clock: bool = False
    dated: bool = False

    @property
    def first(self) -> NDArray[np.bool_]:
        """Whether a record opens its block."""
        return np.diff(self.block, prepend=-1) > 0

    @property
    def is_dose(self) -> NDArray[np.bool_]:
        """Whether a record gives a dose (EVID 1 or 4)."""
        return np.isin(self.number["EVID"], (1, 4))

    @property
    def is_constant(self) -> NDArray[np.bool_]:
        """Whether a dose is a constant infusion at steady state (AMT 0, RATE, SS), which ends at its time."""
        amount, rate = self.number["AMT"], self.number["RATE"]
        nothing = (amount == 0) | self.missing["AMT"]
        return self.is_dose & nothing & (rate != 0) & np.isin(self.number["SS"], (1, 2))

    @property
    def is_level(self) -> NDArray[np.bool_]:
        """Whether a record brings a level that counts (EVID 0, MDV 0, DV there)."""
        return (self.number["EVID"] == 0) & (self.number["MDV"] == 0) & np.isfinite(self.number["DV"])

    def find(
        self, where: NDArray[np.bool_], column: str | None, problem: Words, fix: Words, level: Level = "error"
    ) -> list[Finding]:
        """Return one finding per record where `where` holds; words may be functions of its position."""
        return [
            Finding(int(self.rows[k]), self.ids[k] or None, column, level, _say(problem, k), _say(fix, k))
            for k in np.flatnonzero(where).tolist()
        ]


def as_table(
    raw: Raw, card: Card, columns: Mapping[str, str] | None, *, negative: bool = True
) -> tuple[Table | None, list[Finding]]:
    """Match the columns and read their cells.

    Without `negative`, a subject whose times start below 0 is moved so that they start at 0.

    Returns
    -------
    table
        None when it has no ID column or no records; other columns may be absent from its `given`.
    findings
        What is wrong with the header and with single cells.
    """
    mapped = _mapping(columns)
    wanted = [*REQUIRED, *OPTIONAL, *(c.name for c in card.covariates)]
    _check_mapping(mapped, wanted)
    where, findings = _places(raw, list(dict.fromkeys(wanted)), mapped)
    findings += _absent(raw, card, where, mapped) + lookalikes(raw, where) + _two_dates(raw, where)
    if not raw.rows and not any((f.row or 0) > (raw.header_row or 0) for f in raw.findings):
        findings.append(
            Finding(None, None, None, "error", "a header and no records", "add one line per record")
        )
    if not raw.rows or "ID" not in where:
        return None, findings
    raw, commented = without_commented(raw, where["ID"])
    findings += commented
    if not raw.rows:
        return None, findings
    table, faults = _numbers(raw, card, where)
    return (table if negative else _from_zero(table)), findings + faults


def _covariates_alone(raw: Raw, card: Card, where: Mapping[str, int]) -> bool:
    """Whether a table has an ID, the card's covariates and nothing else: patients without any record."""
    named = {k for k, name in enumerate(raw.header) if name}
    return set(where) == {"ID", *(c.name for c in card.covariates)} and named == set(where.values())


def _say(words: Words, k: int) -> str:
    return words if isinstance(words, str) else words(k)


def _mapping(columns: Mapping[str, str] | None) -> dict[str, str]:
    if columns is not None and not isinstance(columns, Mapping):
        raise InputError(explain("columns= must map our names to yours", expected="{'DV': 'conc'}"))
    return {str(ours).upper(): str(theirs).strip() for ours, theirs in (columns or {}).items()}


def _check_mapping(mapped: Mapping[str, str], wanted: Sequence[str]) -> None:
    known = {w.upper(): w for w in wanted}
    for name in mapped:
        if name not in known:
            raise InputError(
                explain(
                    f"columns= names {name!r}, which is no column that the model reads",
                    expected="our names to yours, as in {'DV': 'conc'}",
                    meant=_turned(mapped, known) or nearest(name, list(known.values())),
                )
            )


def _turned(mapped: Mapping[str, str], known: Mapping[str, str]) -> str | None:
    """Return a mapping of theirs to ours as one of ours to theirs; None where it is not one."""
    ours = {known[theirs.upper()]: name for name, theirs in mapped.items() if theirs.upper() in known}
    return str(ours) if len(ours) == len(mapped) else None


def _places(
    raw: Raw, wanted: Sequence[str], mapped: Mapping[str, str]
) -> tuple[dict[str, int], list[Finding]]:
    """Position of each wanted column, and the duplicates."""
    at: dict[str, list[int]] = {}
    for k, name in enumerate(raw.header):
        at.setdefault(name.upper(), []).append(k)
    where: dict[str, int] = {}
    findings = []
    for name in wanted:
        found = at.get(mapped.get(name.upper(), name).upper(), [])
        if len(found) > 1:
            findings.append(
                Finding(
                    raw.header_row, None, name, "error", f"{len(found)} columns have this name", "keep one"
                )
            )
        if found:
            where[name] = found[0]
    return where, findings


def _absent(raw: Raw, card: Card, where: Mapping[str, int], mapped: Mapping[str, str]) -> list[Finding]:
    needed = ["ID"] if _covariates_alone(raw, card, where) else list(REQUIRED)
    needed += [c.name for c in card.covariates]
    needed += [n for n in OPTIONAL if n in mapped]
    free = [h for k, h in enumerate(raw.header) if k not in where.values() and h]
    return [
        no_column(raw.header_row, name, mapped.get(name.upper()), free)
        for name in dict.fromkeys(needed)
        if name not in where
    ]


def _two_dates(raw: Raw, where: Mapping[str, int]) -> list[Finding]:
    found = [name for name in DATES if name in where]
    return [
        Finding(raw.header_row, None, name, "error", "a second column of dates", f"keep {found[0]} or {name}")
        for name in found[1:]
    ]


def _numbers(raw: Raw, card: Card, where: Mapping[str, int]) -> tuple[Table, list[Finding]]:
    rows = np.asarray(raw.rows, dtype=np.int64)
    ids = np.asarray([_same_id(t) for t in raw.columns[where["ID"]]], dtype=object)
    block = _blocks(ids)
    values: dict[str, NDArray[np.float64]] = {}
    missing: dict[str, NDArray[np.bool_]] = {}
    faults: list[Finding] = []
    clock = _clock(raw, where, block)
    if clock is not None:
        values["TIME"], missing["TIME"] = clock.hours * factor("hour", card.units.time), clock.missing
        faults += [_fault(raw.rows[k], ids[k], *fault) for k, *fault in clock.faults]
    for name, k in where.items():
        if name in ("ID", *DATES, *values):
            continue
        texts = raw.columns[k]
        known = {t: _read(t, name, card) for t in set(texts)}
        values[name] = np.asarray([known[t].value for t in texts], dtype=np.float64)
        missing[name] = np.asarray([known[t].missing for t in texts], dtype=np.bool_)
        for i, t in enumerate(texts):
            if known[t].problem:
                faults.append(_fault(raw.rows[i], ids[i], name, known[t].problem, known[t].fix))
    _derive(values, missing, len(rows))
    dated = clock is not None and clock.dated
    return Table(card, rows, ids, block, values, missing, frozenset(where), clock is not None, dated), faults


def _from_zero(t: Table) -> Table:
    time = t.number["TIME"]
    first = pd.Series(time).groupby(t.block).transform("first").to_numpy(np.float64)
    return replace(t, number={**t.number, "TIME": time - np.minimum(np.nan_to_num(first), 0.0)})


def _clock(raw: Raw, where: Mapping[str, int], block: NDArray[np.int64]) -> Clock | None:
    if "TIME" not in where:
        return None
    name = next((d for d in DATES if d in where), "")
    return read_clock(raw.columns[where["TIME"]], raw.columns[where[name]] if name else None, name, block)


def _read(text: str, name: str, card: Card) -> Cell:
    if name == "CMT":
        return read_compartment(text, card.compartments)
    if name in FLAGS:
        return Cell(float(text.upper() not in _NO_FLAG))
    if name == "II":
        return read_interval(text, factor("hour", card.units.time))
    cell = read_cell(text, name)
    if cell.problem and any(c.name == name and not (c.varies or c.imputed) for c in card.covariates):
        return cell._replace(fix=cell.fix.replace(", or . where the value is missing", "").replace(*_NO_DOT))
    return cell


def _fault(row: int, subject: str, column: str, problem: str, fix: str) -> Finding:
    return Finding(row, subject or None, column, "error", problem, fix)


def _same_id(text: str) -> str:
    """ID as text; 1.0 and 1 are one subject, "." none."""
    if text == ".":
        return ""
    return text[:-2] if text.endswith(".0") and text[:-2].isdecimal() else text


def _blocks(ids: NDArray[np.object_]) -> NDArray[np.int64]:
    filled = pd.Series(ids).replace("", np.nan).ffill().fillna("")
    return (filled != filled.shift()).cumsum().to_numpy(np.int64) - 1


def _derive(values: dict[str, NDArray[np.float64]], missing: dict[str, NDArray[np.bool_]], n: int) -> None:
    """Add what the table leaves out: no records at all, defaults, EVID from the dose, MDV from EVID and DV.

    A cell left out of a column that is there counts as NM-TRAN counts it: 0 (OCC and DVID 1); MDV is derived.
    """
    covariates_only = not {"TIME", "AMT", "DV"} & set(values)
    for name in ("AMT", "DV"):
        _absent_column(values, missing, name, n)
    if "TIME" not in values:
        values["TIME"], missing["TIME"] = np.zeros(n), np.zeros(n, dtype=np.bool_)
    for name, default in DEFAULTS.items():
        _absent_column(values, missing, name, n)
        values[name] = np.where(missing[name], default, values[name])
    if "EVID" not in values:
        dose = _dose(values, missing)
        values["EVID"] = dose + (2.0 if covariates_only else 0.0)
        missing["EVID"] = np.zeros(n, dtype=np.bool_)
    values["EVID"] = np.where(missing["EVID"], 0.0, values["EVID"])
    no_level = (values["EVID"] != 0) | missing["DV"]
    _absent_column(values, missing, "MDV", n)
    values["MDV"] = np.where(missing["MDV"], no_level.astype(float), values["MDV"])


def _absent_column(
    values: dict[str, NDArray[np.float64]], missing: dict[str, NDArray[np.bool_]], name: str, n: int
) -> None:
    values.setdefault(name, np.full(n, np.nan))
    missing.setdefault(name, np.ones(n, dtype=np.bool_))


def _dose(
    values: Mapping[str, NDArray[np.float64]], missing: Mapping[str, NDArray[np.bool_]]
) -> NDArray[np.float64]:
    """Whether a record gives a dose, where no EVID says so: 1, 0, or nan where its amount is faulty."""
    amount = values["AMT"]
    given = (amount != 0) & ~missing["AMT"] | (values["RATE"] > 0) | (values["SS"] > 0)
    given |= missing["DV"] & ((values["RATE"] < 0) | (values["ADDL"] > 0) | (values["II"] > 0))
    return np.where(np.isnan(amount) & ~missing["AMT"], np.nan, given.astype(float))
