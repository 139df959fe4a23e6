"""What a table must obey, one small function a rule; `RULES` is the list that `read_study` runs.

The semantics are NM-TRAN's. Each rule returns every place where it is broken. Rules see numbers only: a cell
that could not be read is reported before and is nan here, so that no fault is told twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayesdose.study.covariates import covariates
from bayesdose.study.findings import Finding
from bayesdose.study.table import NOT_SERVED, Table

Bools = NDArray[np.bool_]
RESETS = (3, 4)


@dataclass(frozen=True)
class Rule:
    """A check and the columns without which it says nothing."""

    needs: tuple[str, ...]
    check: Callable[[Table], list[Finding]]


def broken(t: Table) -> list[Finding]:
    """Run every rule whose columns are there."""
    found: list[Finding] = []
    for rule in RULES:
        if set(rule.needs) <= t.given:
            found += rule.check(t)
    return found


def id_present(t: Table) -> list[Finding]:
    """Check that each record names its subject."""
    return t.find(t.ids == "", "ID", "the ID is missing", "write the subject's ID in each of its rows")


def id_in_one_block(t: Table) -> list[Finding]:
    """Check that a subject's records stand together (NONMEM takes two blocks for two subjects)."""
    opens = t.first & (t.ids != "")
    again = np.zeros(len(opens), dtype=np.bool_)
    again[opens] = pd.Series(t.ids[opens]).duplicated()
    problem = "the subject's records stand in two separate blocks"
    return t.find(again, "ID", problem, "put them together, or give the second block another ID")


def one_covariate_row(t: Table) -> list[Finding]:
    """Check that a subject has one row in a table of ID and covariates alone."""
    if {"TIME", "AMT", "DV", "EVID"} & t.given:
        return []
    return t.find(~t.first, "ID", "a second row for a subject without records", "keep one row a subject")


def evid_known(t: Table) -> list[Finding]:
    """Check that EVID is 0, 1, 2, 3 or 4."""
    evid = t.number["EVID"]
    bad = np.isfinite(evid) & ~np.isin(evid, (0, 1, 2, 3, 4))
    fix = "write 0 (level), 1 (dose), 2 (other), 3 (reset) or 4 (reset and dose)"
    return t.find(bad, "EVID", lambda k: f"{evid[k]:g} is no EVID", fix)


def mdv_known(t: Table) -> list[Finding]:
    """Check that MDV is 0 or 1."""
    mdv = t.number["MDV"]
    bad = np.isfinite(mdv) & ~np.isin(mdv, (0, 1))
    fix = "write 0 (DV is a level that counts) or 1 (it is not)"
    return t.find(bad, "MDV", lambda k: f"{mdv[k]:g} is no MDV", fix)


def mdv_on_events(t: Table) -> list[Finding]:
    """Check that a record that is no observation has MDV 1 (NONMEM's rule)."""
    bad = (t.number["EVID"] > 0) & (t.number["MDV"] == 0)
    problem = "MDV 0 on a record that is no observation"
    return t.find(bad, "MDV", problem, "set MDV to 1; a level taken then needs a row of its own with EVID 0")


def dv_on_events(t: Table) -> list[Finding]:
    """Check that a DV on a dose or another event comes with an MDV 1, which says that it does not count."""
    dv = t.number["DV"]
    bad = (t.number["EVID"] > 0) & t.missing["MDV"] & np.isfinite(dv) & (dv != 0)
    problem = "a DV on a record that is no observation"
    return t.find(
        bad, "DV", problem, "give the level a row of its own with EVID 0, or set MDV to 1 to ignore it"
    )


def mdv_without_dv(t: Table) -> list[Finding]:
    """Warn of MDV 0 without a DV, which is read as missing."""
    bad = (t.number["EVID"] == 0) & (t.number["MDV"] == 0) & t.missing["DV"]
    return t.find(bad, "DV", "MDV 0 but no DV: not used as a level", "write the level, or MDV 1", "warning")


def time_present(t: Table) -> list[Finding]:
    """Check that each record has a time."""
    return t.find(t.missing["TIME"], "TIME", "the time is missing", "write the time of the record")


def time_not_negative(t: Table) -> list[Finding]:
    """Check that times start at 0 or later (NONMEM's rule)."""
    time = t.number["TIME"]
    fix = "add the same number to all of the subject's times so that the first is 0"
    return t.find(time < 0, "TIME", lambda k: f"negative time {time[k]:g}", fix)


def time_in_order(t: Table) -> list[Finding]:
    """Check that time does not run back within a subject, unless EVID 3 or 4 starts anew."""
    time = pd.Series(t.number["TIME"]).groupby(t.block).ffill()
    before = time.groupby(t.block).shift().to_numpy(np.float64)
    back = (t.number["TIME"] >= 0) & (t.number["TIME"] < before) & ~np.isin(t.number["EVID"], RESETS)
    fix = "sort the subject's records by time, or start a new course with EVID 3 or 4"
    return t.find(
        back, "TIME", lambda k: f"time runs back from {before[k]:g} to {t.number['TIME'][k]:g}", fix
    )


def dose_has_amount(t: Table) -> list[Finding]:
    """Check that a dose has an amount above 0."""
    none = t.is_dose & (t.missing["AMT"] | (t.number["AMT"] == 0))
    return t.find(
        none, "AMT", "a dose record without an amount", "write the amount, or EVID 2 if no dose was given"
    )


def amount_on_doses_only(t: Table) -> list[Finding]:
    """Check that a record that gives no dose has AMT 0 or none."""
    evid = t.number["EVID"]
    bad = np.isin(evid, (0, 2, 3)) & (t.number["AMT"] > 0)
    fix = "set EVID to 1 if a dose was given, else AMT to ."
    return t.find(bad, "AMT", lambda k: f"an amount on a record with EVID {evid[k]:g}", fix)


def amount_not_negative(t: Table) -> list[Finding]:
    """Check that amounts are not negative."""
    amount = t.number["AMT"]
    return t.find(amount < 0, "AMT", lambda k: f"negative amount {amount[k]:g}", "write the amount given")


def dv_not_negative(t: Table) -> list[Finding]:
    """Check that a level that counts is not negative."""
    dv = t.number["DV"]
    bad = (t.number["EVID"] == 0) & (t.number["MDV"] == 0) & (dv < 0)
    fix = "write the level; where there is none write . (codes such as -99 are not read as missing)"
    return t.find(bad, "DV", lambda k: f"negative level {dv[k]:g}", fix)


def level_after_dose(t: Table) -> list[Finding]:
    """Warn of a level that stands before the subject's first dose: the model predicts 0 there."""
    perhaps_dose = ~np.isin(t.number["EVID"], (0, 2, 3))  # a faulty EVID gets no second finding here
    dosed = pd.Series(perhaps_dose).groupby(t.ids).cumsum().to_numpy() > 0
    problem = "a level before any dose of the subject"
    fix = "check the times, or the order of records at the same time (dose first)"
    return t.find(t.is_level & ~dosed & (t.ids != ""), "DV", problem, fix, "warning")


def not_twice(t: Table) -> list[Finding]:
    """Warn of the same level or dose written twice."""
    columns = {n: t.number[n] for n in ("TIME", "EVID", "AMT", "DV")}
    same = pd.DataFrame({"block": t.block, **columns}).duplicated().to_numpy()
    fix = "delete one, unless both are real"
    return t.find(same & (t.is_dose | t.is_level), None, "the same record as one above", fix, "warning")


def not_served(t: Table) -> list[Finding]:
    """Check that columns whose meaning is not served yet hold nothing that matters."""
    own = {c.name for c in t.card.covariates}
    found: list[Finding] = []
    for name in NOT_SERVED:
        if name in t.given and name not in own:
            found += t.find(_meaning(t, name), name, *_WHY.get(name, (f"{name} is not served yet", _WAIT)))
    return found


_WAIT = "leave the column out if it has no meaning here; else this table cannot be used yet"
_CENSORED = "set MDV to 1 and this column to 0, so that levels below the limit are left out (method M1)"
_WHY = {
    "RATE": ("infusions (RATE) are not served yet", "set RATE to 0 if the dose may count as a bolus"),
    "ADDL": ("additional doses (ADDL) are not served yet", "write every dose on a row of its own, ADDL 0"),
    "II": ("a dosing interval (II) is not served yet", "write every dose on a row of its own, II 0"),
    "SS": (
        "steady state (SS) is not served yet",
        "write the doses that led to it on rows of their own, SS 0",
    ),
    "CMT": (
        "only the default compartment is served yet",
        "write 1, or leave CMT out if the model has one route and one kind of level",
    ),
    "CENS": ("censored levels (CENS) are not served yet", _CENSORED),
    "LIMIT": ("censored levels (LIMIT) are not served yet", _CENSORED),
    "BLQ": ("levels below the limit (BLQ) are not served yet", _CENSORED),
    "OCC": ("several occasions (OCC) are not served yet", "leave OCC out to fit without them"),
    "DVID": ("several kinds of level (DVID) are not served yet", "keep the rows of one kind"),
    "DATE": (
        "DATE changes within the subject",
        "write TIME since the subject's first record and leave DATE out",
    ),
}


def _meaning(t: Table, name: str) -> Bools:
    """Where a column that is not served says something."""
    value = t.number[name]
    if name == "DATE":
        return (value != pd.Series(value).groupby(t.block).transform("first").to_numpy()).astype(np.bool_)
    if name == "OCC":
        return _another_value(value, np.isfinite(value))
    if name == "DVID":
        return _another_value(value, t.is_level & np.isfinite(value))
    if name == "CMT":
        return np.isfinite(value) & ~np.isin(value, (0, 1))
    return np.isfinite(value) & (value != 0)


def _another_value(value: NDArray[np.float64], among: Bools) -> Bools:
    """Where a value differs from the first of `among`."""
    return among & (value != value[np.argmax(among)]) if among.any() else among


_EVENTS = ("TIME", "AMT", "DV")
RULES: tuple[Rule, ...] = (
    Rule(("ID",), id_present),
    Rule(("ID",), id_in_one_block),
    Rule(("ID",), one_covariate_row),
    Rule(("EVID",), evid_known),
    Rule(("MDV",), mdv_known),
    Rule(("MDV",), mdv_on_events),
    Rule(("DV",), dv_on_events),
    Rule(("MDV", "DV"), mdv_without_dv),
    Rule(("TIME",), time_present),
    Rule(("TIME",), time_not_negative),
    Rule(("TIME",), time_in_order),
    Rule(("AMT",), dose_has_amount),
    Rule(("AMT",), amount_on_doses_only),
    Rule(("AMT",), amount_not_negative),
    Rule(("DV",), dv_not_negative),
    Rule(_EVENTS, level_after_dose),
    Rule(_EVENTS, not_twice),
    Rule((), not_served),
    Rule((), covariates),
)
