"""What the records of a table must obey as levels: DV, MDV, CENS, LIMIT, DVID, OCC."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayesdose.study.cells import CODES
from bayesdose.study.findings import Finding
from bayesdose.study.names import FLAGS
from bayesdose.study.table import MOST_NUMBER, Table

Bools = NDArray[np.bool_]


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
    bad = (t.number["EVID"] == 0) & (t.number["MDV"] == 0) & t.missing["DV"] & (t.number["CENS"] == 0)
    return t.find(bad, "DV", "MDV 0 but no DV: not used as a level", "write the level, or MDV 1", "warning")


def dv_not_negative(t: Table) -> list[Finding]:
    """Check that a concentration that counts is not negative; an effect (DVID other than 1) may be."""
    dv = t.number["DV"]
    bad = t.is_level & (dv < 0) & (t.number["DVID"] == 1)
    code = t.is_level & np.isin(dv, CODES) & (t.number["DVID"] != 1)
    plain = "write the level; where there is none write . (codes such as -99 are not read as missing)"
    limit, censored = "write the limit of quantification in DV", t.number["CENS"] == 1

    def fix(k: int) -> str:
        return limit if censored[k] else plain

    return [
        *t.find(bad, "DV", lambda k: f"negative level {dv[k]:g}", fix),
        *t.find(code, "DV", lambda k: f"{dv[k]:g} looks like a code", "write . if it is missing", "warning"),
    ]


def level_after_dose(t: Table) -> list[Finding]:
    """Warn of a concentration before the subject's first dose: the model predicts 0 there."""
    # a dose that is written wrong gets no second finding here
    perhaps_dose = ~np.isin(t.number["EVID"], (0, 2, 3)) | (t.number["AMT"] > 0)
    dosed = pd.Series(perhaps_dose).groupby(t.ids).cumsum().to_numpy() > 0
    early = t.is_level & ~dosed & (t.ids != "") & (t.number["DVID"] == 1)
    problem = "a level before any dose of the subject"
    fix = "check the times, or the order of records at the same time (dose first)"
    return t.find(early, "DV", problem, fix, "warning")


def censoring_known(t: Table) -> list[Finding]:
    """Check that CENS is 0, 1 or -1, and says so only of observations."""
    cens, evid = t.number["CENS"], t.number["EVID"]
    unknown = np.isfinite(cens) & ~np.isin(cens, (-1, 0, 1))
    elsewhere = np.isin(cens, (-1, 1)) & (evid > 0)
    fix = "write 0 (measured), 1 (below the limit that DV states) or -1 (above it)"
    return [
        *t.find(unknown, "CENS", lambda k: f"{cens[k]:g} is no CENS", fix),
        *t.find(elsewhere, "CENS", "CENS on a record that is no observation", "write 0 or . here"),
    ]


def censored_has_limit(t: Table) -> list[Finding]:
    """Check that a censored level has the limit of quantification as its DV."""
    censored = (t.number["EVID"] == 0) & np.isin(t.number["CENS"], (-1, 1))
    counts = t.missing["MDV"] | (t.number["MDV"] == 0)
    none = censored & counts & t.missing["DV"]
    zero = censored & t.is_level & (t.number["DV"] == 0) & (t.number["DVID"] == 1)
    below, above = zero & (t.number["CENS"] == 1), zero & (t.number["CENS"] == -1)
    fix = "write the limit of quantification in DV, or MDV 1 to leave the level out"
    return [
        *t.find(none, "DV", "a censored level without its limit", fix),
        *t.find(below, "DV", "a level below 0: the limit of quantification is 0", fix),
        *t.find(above, "DV", "a level above 0: that says nothing", fix),
    ]


def limit_beside_censoring(t: Table) -> list[Finding]:
    """Check that LIMIT stands with CENS, on the far side of DV: a censored level lies between the two."""
    limit, cens, dv = t.number["LIMIT"], t.number["CENS"], t.number["DV"]
    given, level = np.isfinite(limit), t.is_level
    if "CENS" not in t.given:
        first = given & (np.cumsum(given & (limit != 0)) == 1) & (limit != 0)
        fix = "add a column CENS (1 below DV, -1 above, 0 measured), or leave LIMIT out"
        return t.find(first, "LIMIT", "a LIMIT without a column CENS", fix)
    idle = given & level & (cens == 0) & (limit != 0)
    low, high = given & level & (cens == 1) & (limit >= dv), given & level & (cens == -1) & (limit <= dv)
    negative = given & level & (cens == 1) & (limit < 0) & ~low & (t.number["DVID"] == 1)
    lowest = "write 0, the lowest that a level can be, or . where there is no LIMIT"
    return [
        *t.find(negative, "LIMIT", lambda k: f"negative limit {limit[k]:g}", lowest),
        *t.find(idle, "LIMIT", "a LIMIT on a level that is not censored", "write ., or CENS 1", "warning"),
        *t.find(low, "LIMIT", lambda k: f"{limit[k]:g} is not below DV", "with CENS 1 it is the lower end"),
        *t.find(high, "LIMIT", lambda k: f"{limit[k]:g} is not above DV", "with CENS -1 it is the upper end"),
    ]


def flagged(t: Table) -> list[Finding]:
    """Check that a column that flags censored levels has been named CENS."""
    found: list[Finding] = []
    for name in FLAGS:
        if name in t.given and "CENS" not in t.given:
            named = f"name it CENS, or pass columns={{'CENS': {name!r}}}"
            fix = f"{named}, and write the limit of quantification in DV"
            found += t.find(t.number[name] != 0, name, "a flag of censored levels that is not read", fix)
    return found


def occasion_whole(t: Table) -> list[Finding]:
    """Check that each record has an occasion, a whole number."""
    return _whole(t, "OCC", np.ones(len(t.rows), dtype=np.bool_), "occasion")


def kind_whole(t: Table) -> list[Finding]:
    """Check that each level has a kind, a whole number."""
    return _whole(t, "DVID", t.is_level, "kind of level")


def kind_given(t: Table) -> list[Finding]:
    """Check that levels of several compartments (CMT) are told apart by DVID, which the model reads."""
    cmt = t.number["CMT"]
    level = t.is_level & (cmt > 0)
    if "DVID" in t.given or not level.any():
        return []
    other = level & (cmt != cmt[np.argmax(level)])
    fix = "add a column DVID that numbers the kinds of level; CMT is read on doses only"
    return t.find(other & (np.cumsum(other) == 1), "CMT", "levels of several compartments, but no DVID", fix)


def _whole(t: Table, name: str, where: Bools, what: str) -> list[Finding]:
    value, missing = t.number[name], t.missing[name]
    bad = np.isfinite(value) & ((value != np.round(value)) | (value < 0) | (value > MOST_NUMBER))
    none = where & missing & (not missing.all())
    return [
        *t.find(bad, name, lambda k: f"{value[k]:g} is no {what}", "write a whole number, 0 or more"),
        *t.find(none, name, f"the {what} is missing", "write it in each of these records"),
    ]
