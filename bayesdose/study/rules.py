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

from bayesdose.study import rules_doses as doses
from bayesdose.study import rules_levels as levels
from bayesdose.study.covariates import covariates
from bayesdose.study.findings import Finding
from bayesdose.study.names import DEFAULTS
from bayesdose.study.table import Table

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


def id_alike(t: Table) -> list[Finding]:
    """Warn of an ID that differs from one above it in leading zeros or upper and lower case alone."""
    opens = t.first & (t.ids != "")
    plain = pd.Series(t.ids).str.lower().str.lstrip("0").to_numpy()
    seen: dict[str, str] = {}
    alike = np.zeros(len(opens), dtype=np.bool_)
    for k in np.flatnonzero(opens):
        alike[k] = seen.setdefault(plain[k], t.ids[k]) != t.ids[k]
    problem = "another subject's ID, but for leading zeros or capitals"
    return t.find(alike, "ID", problem, "write one ID if they are one subject", "warning")


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


def time_present(t: Table) -> list[Finding]:
    """Check that each record has a time."""
    return t.find(t.missing["TIME"], "TIME", "the time is missing", "write the time of the record")


def time_not_negative(t: Table) -> list[Finding]:
    """Check that times start at 0 or later (NONMEM's rule)."""
    time = t.number["TIME"]
    bad = (time < 0) & (np.isin(t.number["EVID"], RESETS) | (not t.clock))  # else it is said to run back
    fix = "add the same number to all of the subject's times so that the first is 0"
    return t.find(bad, "TIME", lambda k: f"negative time {time[k]:g}", fix)


def time_in_order(t: Table) -> list[Finding]:
    """Check that time does not run back within a subject, unless EVID 3 or 4 starts anew."""
    time = pd.Series(t.number["TIME"]).groupby(t.block).ffill()
    before = time.groupby(t.block).shift().to_numpy(np.float64)
    back = (
        ((t.number["TIME"] >= 0) | t.clock) & (t.number["TIME"] < before) & ~np.isin(t.number["EVID"], RESETS)
    )
    fix = "sort the subject's records by time, or start a new course with EVID 3 or 4"
    if t.dated:
        fix = "correct the date or the time, or sort the subject's records by time"
    if t.clock and not t.dated:
        fix = "add a column DATE if it is the next day, or sort the subject's records by time"
    problem = [f"time runs back from {a:g} to {b:g}" for a, b in zip(before, t.number["TIME"], strict=True)]
    return t.find(back & (t.ids != ""), "TIME", lambda k: problem[k], fix)


def not_twice(t: Table) -> list[Finding]:
    """Warn of the same level or dose written twice; what comes after a reset is another course."""
    columns = {n: t.number[n] for n in ("TIME", "EVID", "AMT", "DV", *DEFAULTS)}
    records = pd.DataFrame({"block": t.block, **columns})
    again = records.eq(records.shift()).where(records.notna(), records.shift().isna()).all(axis=1)
    course = (np.isin(t.number["EVID"], RESETS) & ~again).cumsum()
    same = records.assign(course=course).duplicated().to_numpy()
    fix = "delete one, unless both are real"
    events = (t.is_dose | t.is_level) & np.isfinite(t.number["TIME"]) & (t.ids != "")
    return t.find(same & events, None, "the same record as one above", fix, "warning")


_EVENTS = ("TIME", "AMT", "DV")
RULES: tuple[Rule, ...] = (
    Rule(("ID",), id_present),
    Rule(("ID",), id_in_one_block),
    Rule(("ID",), id_alike),
    Rule(("ID",), one_covariate_row),
    Rule(("EVID",), evid_known),
    Rule(("MDV",), mdv_known),
    Rule(("MDV",), mdv_on_events),
    Rule(("TIME",), time_present),
    Rule(("TIME",), time_not_negative),
    Rule(("TIME",), time_in_order),
    Rule(("AMT",), doses.dose_has_amount),
    Rule(("AMT",), doses.amount_on_doses_only),
    Rule(("AMT",), doses.amount_not_negative),
    Rule(("RATE",), doses.rate_known),
    Rule((), doses.on_doses_only),
    Rule(("II",), doses.interval_not_negative),
    Rule((), doses.interval_given),
    Rule(("II",), doses.interval_used),
    Rule(("ADDL",), doses.additional_whole),
    Rule(("SS",), doses.steady_known),
    Rule(("SS",), doses.constant_infusion),
    Rule(("CMT",), doses.compartment_known),
    Rule(("DV",), levels.dv_on_events),
    Rule(("MDV", "DV"), levels.mdv_without_dv),
    Rule(("DV",), levels.dv_not_negative),
    Rule(_EVENTS, levels.level_after_dose),
    Rule(("CENS",), levels.censoring_known),
    Rule(("CENS", "DV"), levels.censored_has_limit),
    Rule(("LIMIT",), levels.limit_beside_censoring),
    Rule((), levels.flagged),
    Rule(("OCC",), levels.occasion_whole),
    Rule(("DVID",), levels.kind_whole),
    Rule(("CMT",), levels.kind_given),
    Rule(_EVENTS, not_twice),
    Rule((), covariates),
)
