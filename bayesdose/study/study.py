"""Study: a checked event table of any number of subjects, and how it is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from os import PathLike
from typing import Literal, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayesdose.card import Card
from bayesdose.errors import InputError, explain, nearest
from bayesdose.study.adppk import from_adppk
from bayesdose.study.covariates import filled
from bayesdose.study.findings import Finding, TableError, printable
from bayesdose.study.names import DEFAULTS
from bayesdose.study.rules import broken
from bayesdose.study.source import read_raw
from bayesdose.study.table import Table, as_table

_TYPES = {"RATE": np.float64, "II": np.float64, "LIMIT": np.float64}  # of optional columns; the others count
_GIVES_NOTHING = {"RATE": 0.0, "II": 0.0, "ADDL": 0, "SS": 0, "CENS": 0, "LIMIT": np.nan}


class HasCard(Protocol):
    """Anything that carries a model card, such as a loaded model."""

    @property
    def card(self) -> Card:
        """The card."""


@dataclass(frozen=True, eq=False)
class Study:
    """A checked event table.

    Parameters
    ----------
    records
        One row per record in file order: ROW (line of the file), ID (text), TIME, EVID, AMT (nan where no
        dose is given), DV (nan where missing), MDV, RATE, II, ADDL, SS, CMT (a number), CENS, LIMIT (nan
        where there is none), OCC, DVID, then the card's covariates. Units are the card's.
    card
        The card of the model it was read for.
    source
        Name of the file, or "table".
    warnings
        What was odd about it.
    """

    records: pd.DataFrame
    card: Card
    source: str = "table"
    warnings: tuple[Finding, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """IDs of the subjects, in file order."""
        return tuple(self.records["ID"].drop_duplicates().tolist())

    @property
    def n_subjects(self) -> int:
        """Number of subjects."""
        return int(self.records["ID"].nunique())

    @property
    def doses(self) -> pd.DataFrame:
        """The records that give a dose (EVID 1 and 4)."""
        return self.records[self.records["EVID"].isin((1, 4))]

    @property
    def levels(self) -> pd.DataFrame:
        """The records with a level that counts (EVID 0, MDV 0, DV there)."""
        return self.records[self.is_level]

    @property
    def is_level(self) -> NDArray[np.bool_]:
        """Whether each record is a level that counts."""
        evid, mdv, dv = (self.records[name].to_numpy() for name in ("EVID", "MDV", "DV"))
        counts: NDArray[np.bool_] = (evid == 0) & (mdv == 0) & ~np.isnan(dv)
        return counts

    def select(self, ids: str | Iterable[str]) -> Study:
        """Return the study of these subjects only, in file order.

        Raises
        ------
        InputError
            When one of them is not in the study, or none is named.
        """
        wanted = self._known(ids)
        return self._part(self.records["ID"].isin(wanted))

    def drop(self, ids: str | Iterable[str]) -> Study:
        """Return the study without these subjects.

        Raises
        ------
        InputError
            When one of them is not in the study, or nobody is left.
        """
        return self._part(~self.records["ID"].isin(self._known(ids)))

    def first_levels(self, n: int) -> Study:
        """Return what was known when each subject's n-th level came: its records up to and including it.

        A subject with fewer levels keeps all its records. For nothing but doses see `without_levels`.
        """
        if n < 1:
            raise InputError(explain("first_levels needs a number of levels", came=n, expected="1 or more"))
        level = pd.Series(self.is_level.astype(int), index=self.records.index)
        before = level.groupby(self.records["ID"], sort=False).cumsum() - level
        return self._part(before < n)

    def until(self, time: float) -> Study:
        """Return each subject's records up to and including `time` (in the card's unit).

        A subject without a record by then stays, as a record of its covariates at `time` (EVID 2). Additional
        doses (ADDL) that a record orders stay ordered, also beyond `time`.
        """
        kept = self.records["TIME"] <= time
        late = ~self.records["ID"].isin(self.records.loc[kept, "ID"])
        bare = late & ~self.records["ID"].duplicated()
        records = self.records.copy()
        records.loc[bare, ["TIME", "EVID", "AMT", "DV", "MDV"]] = [float(time), 2, np.nan, np.nan, 1]
        records.loc[bare, list(_GIVES_NOTHING)] = list(_GIVES_NOTHING.values())
        return replace(self, records=records)._part(kept | bare)

    def without_levels(self) -> Study:
        """Return the study as it is before any level is known: levels become missing (MDV 1)."""
        records = self.records.copy()
        return replace(self, records=_hidden(records, records["EVID"] == 0))

    def without_censored(self) -> Study:
        """Return the study with censored levels (CENS 1 or -1) left out: method M1.

        Their records stay, with MDV 1: they may carry a covariate or an occasion.
        """
        records = self.records.copy()
        return replace(self, records=_hidden(records, self.is_level & (records["CENS"] != 0)))

    def summary(self) -> str:
        """Return a page about the study to print: subjects, doses, levels, times, covariates, warnings."""
        from bayesdose.study.summary import summary

        return summary(self)

    def __repr__(self) -> str:
        return (
            f"<Study {printable(self.source)}: {self.n_subjects} subjects, {len(self.doses)} doses, "
            f"{len(self.levels)} levels>"
        )

    def _known(self, ids: str | Iterable[str]) -> list[str]:
        asked = [ids] if isinstance(ids, str | int) else [str(i) for i in ids]
        known = self.ids
        for one in (str(i) for i in asked):
            if one not in known:
                raise InputError(
                    explain(
                        f"subject {one!r} is not in the study",
                        meant=nearest(one, known),
                        expected="an ID of it",
                    )
                )
        return [str(i) for i in asked]

    def _part(self, kept: pd.Series) -> Study:
        records = self.records[kept].reset_index(drop=True)
        if records.empty:
            raise InputError(explain("no subject is left", fix="keep at least one"))
        left = set(records["ID"])
        warnings = tuple(w for w in self.warnings if w.subject is None or w.subject in left)
        return replace(self, records=records, warnings=warnings)


def read_study(
    table: str | PathLike[str] | pd.DataFrame,
    model: HasCard | Card,
    *,
    columns: Mapping[str, str] | Literal["adppk"] | None = None,
) -> Study:
    """Read and check a table of doses, levels and covariates in NM-TRAN form.

    Parameters
    ----------
    table
        Path of a CSV file, or a DataFrame. Columns ID, TIME, AMT, DV, perhaps EVID and MDV, and the
        covariates of the model's card, in the card's units; names in upper or lower case. A missing value is
        ``.``, empty or NA. Without EVID, a record with AMT above 0 is a dose, another a level; without MDV, a
        record without DV, or that is no observation, does not count as a level. RATE, II, ADDL, SS, CMT,
        CENS, LIMIT, DVID, OCC and dates are read where they stand, TIME also as hh:mm or a moment. A table of
        ID and covariates alone is legal: patients of whom nothing else is known. Other columns are not read.
        docs/reference/table.md has every column and rule.
    model
        A model, or its card.
    columns
        Our names to the table's, for those that differ: ``{"DV": "conc"}``; "adppk" for a dataset in CDISC's
        ADPPK layout.

    Returns
    -------
    Study
        Its `warnings` keep what was odd.

    Raises
    ------
    TableError
        When the table cannot be used; `findings` lists everything that is wrong with it.
    InputError
        When an argument is of the wrong kind.
    """
    card = _card(model)
    raw = read_raw(table)
    if adppk := columns == "adppk":
        raw, columns = from_adppk(raw, card), None
    elif isinstance(columns, str):
        raise InputError(
            explain(f"columns={columns!r} is no layout of a table", expected="'adppk', or names")
        )
    read, more = as_table(raw, card, columns, negative=not adppk)
    found = [*raw.findings, *more]
    if read is not None:
        found += broken(read)
    findings = _in_order(found)
    if read is None or any(f.level == "error" for f in findings):
        raise TableError(findings, raw.source)
    return Study(_records(read), card, raw.source, findings)


def check_for_fit(study: Study) -> None:
    """Check that every subject can take part in a fit: it has a dose and a level.

    Raises
    ------
    TableError
        When a subject has none; every such subject is a finding.
    """
    dosed, observed = set(study.doses["ID"]), set(study.levels["ID"])
    first = study.records.drop_duplicates("ID")
    found = []
    for row, subject in zip(first["ROW"].tolist(), first["ID"].tolist(), strict=True):
        if subject not in dosed:
            found.append(_unfit(row, subject, "AMT", "dose"))
        if subject not in observed:
            found.append(_unfit(row, subject, "DV", "level"))
    if found:
        raise TableError(found, study.source)


def _unfit(row: int, subject: str, column: str, what: str) -> Finding:
    fix = f"add the subject's {what}s, or leave the subject out of the fit: study.drop({subject!r})"
    return Finding(row, subject, column, "error", f"no {what} to fit", fix)


def _card(model: HasCard | Card) -> Card:
    card = model if isinstance(model, Card) else getattr(model, "card", None)
    if not isinstance(card, Card):
        raise InputError(
            explain(
                "read_study needs a model or a card, for the covariates and units",
                came=f"an object of type {type(model).__name__}",
                fix="pass load_model(...) or a Card",
            )
        )
    return card


def _in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda f: (f.row or 0, f.level, f.column or "")))


def _records(t: Table) -> pd.DataFrame:
    level = t.is_level
    columns: dict[str, object] = {
        "ROW": t.rows,
        "ID": t.ids,
        "TIME": t.number["TIME"],
        "EVID": t.number["EVID"].astype(np.int64),
        "AMT": np.where(t.is_dose, np.where(t.is_constant, 0.0, t.number["AMT"]), np.nan),
        "DV": t.number["DV"],
        "MDV": np.where(level, 0, 1),
        **{name: t.number[name].astype(_TYPES.get(name, np.int64)) for name in DEFAULTS},
    }
    columns |= {c.name: filled(t, c) for c in t.card.covariates}
    return pd.DataFrame(columns).astype({"ID": object})


def _hidden(records: pd.DataFrame, where: pd.Series | NDArray[np.bool_]) -> pd.DataFrame:
    """Turn these observations into missing ones (in place)."""
    records["DV"] = records["DV"].mask(where)
    records["MDV"] = records["MDV"].mask(where, 1)
    records["CENS"] = records["CENS"].mask(where, 0)
    records["LIMIT"] = records["LIMIT"].mask(where)
    return records
