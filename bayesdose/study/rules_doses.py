"""What the doses of a table must obey (AMT, RATE, II, ADDL, SS, CMT); the semantics are NONMEM's."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bayesdose.study.findings import Finding
from bayesdose.study.table import MOST_NUMBER, Table

Bools = NDArray[np.bool_]
MOST = 40_000  # additional doses of one record; the structures take 10^5 events, an infusion begins and ends


def dose_has_amount(t: Table) -> list[Finding]:
    """Check that a dose has an amount above 0; a constant infusion at steady state has a rate instead."""
    none = t.is_dose & (t.missing["AMT"] | (t.number["AMT"] == 0)) & ~t.is_constant
    infused = t.number["RATE"] > 0

    def fix(k: int) -> str:
        if infused[k]:
            return "write the amount infused; a constant infusion at steady state (AMT 0) needs SS 1"
        return "write the amount, or EVID 2 if no dose was given"

    return t.find(none, "AMT", "a dose record without an amount", fix)


def amount_on_doses_only(t: Table) -> list[Finding]:
    """Check that a record that gives no dose has AMT 0 or none."""
    evid = t.number["EVID"]
    bad = np.isin(evid, (0, 2, 3)) & (t.number["AMT"] > 0)
    fix, none = "set EVID to 1 if a dose was given, else AMT to .", t.missing["EVID"]

    def problem(k: int) -> str:
        return "an amount on a record " + ("without EVID" if none[k] else f"with EVID {evid[k]:g}")

    return t.find(bad, "AMT", problem, fix)


def amount_not_negative(t: Table) -> list[Finding]:
    """Check that amounts are not negative."""
    amount = t.number["AMT"]
    return t.find(amount < 0, "AMT", lambda k: f"negative amount {amount[k]:g}", "write the amount given")


def rate_known(t: Table) -> list[Finding]:
    """Check that a RATE below 0 is -1 (rate from the model) or -2 (duration from the model)."""
    rate = t.number["RATE"]
    fix = "write 0 (bolus), the rate of an infusion, -1 (rate from the model) or -2 (duration from it)"
    bad = (rate < 0) & ~np.isin(rate, (-1, -2))
    return t.find(bad, "RATE", lambda k: f"{rate[k]:g} is no RATE", fix)


def on_doses_only(t: Table) -> list[Finding]:
    """Check that RATE, II, ADDL and SS say nothing on a record that gives no dose."""
    evid = t.number["EVID"]
    found: list[Finding] = []
    for name in ("RATE", "II", "ADDL", "SS"):
        value = t.number[name]
        bad = np.isin(evid, (0, 2, 3)) & np.isfinite(value) & (value != 0)
        problem = f"{name} on a record that gives no dose"
        found += t.find(bad, name, problem, "write 0 or . here, or EVID 1 if a dose was given")
    return found


def interval_not_negative(t: Table) -> list[Finding]:
    """Check that II is not negative."""
    interval = t.number["II"]
    fix = "write the time between two doses"
    return t.find(interval < 0, "II", lambda k: f"negative interval {interval[k]:g}", fix)


def interval_given(t: Table) -> list[Finding]:
    """Check that additional doses, and a steady state of repeated doses, come with an interval."""
    none = t.is_dose & (t.number["II"] == 0) & ~t.is_constant
    more = none & (t.number["ADDL"] > 0)
    steady = none & ~more & np.isin(t.number["SS"], (1, 2))
    fix = "write the time between two doses in II"
    return [
        *t.find(more, "II", "additional doses without an interval", fix),
        *t.find(steady, "II", "steady state without an interval", fix),
    ]


def interval_used(t: Table) -> list[Finding]:
    """Warn of an interval that neither ADDL nor SS asks for: it does nothing."""
    given = t.is_dose & (t.number["AMT"] > 0)
    idle = given & (t.number["II"] > 0) & (t.number["ADDL"] == 0) & (t.number["SS"] == 0)
    fix = "write the number of further doses in ADDL, or 0 in II"
    return t.find(idle, "II", "an interval, but neither ADDL nor SS: one dose", fix, "warning")


def additional_whole(t: Table) -> list[Finding]:
    """Check that ADDL counts doses: a whole number, 0 or more."""
    more = t.number["ADDL"]
    broken = np.isfinite(more) & (more >= 0) & (more != np.round(more))
    fix = "write the number of doses that follow this one"
    negative = "ADDL below 0 (NONMEM 7.5: a steady state approached by that many doses) is not read"
    return [
        *t.find(more < 0, "ADDL", negative, "write SS 1 with II, or ADDL with the number of doses"),
        *t.find(broken, "ADDL", lambda k: f"{more[k]:g} is no number of doses", fix),
        *t.find(more > MOST, "ADDL", lambda k: f"{more[k]:g} additional doses", f"write {MOST} or fewer"),
    ]


def steady_known(t: Table) -> list[Finding]:
    """Check that SS is 0, 1 or 2."""
    steady = t.number["SS"]
    three = "SS 3 (SS 1 that starts its search from the amounts there are) is not read"
    fix = "write 0 (no steady state), 1 (steady state, what was there before is gone) or 2 (added to it)"
    unknown = np.isfinite(steady) & ~np.isin(steady, (0, 1, 2, 3))
    return [
        *t.find(steady == 3, "SS", three, "write SS 1: its steady state is exact and needs no search"),
        *t.find(unknown, "SS", lambda k: f"{steady[k]:g} is no SS", fix),
    ]


def constant_infusion(t: Table) -> list[Finding]:
    """Check that a constant infusion at steady state has a rate, and neither interval nor further doses."""
    constant = t.is_constant
    endless = "a constant infusion at steady state (AMT 0) has no"
    return [
        *t.find(
            constant & (t.number["RATE"] == -2),
            "RATE",
            f"{endless} duration",
            "write its rate, or -1 (rate from the model)",
        ),
        *t.find(
            constant & (t.number["II"] > 0), "II", f"{endless} interval", "write 0, or the amount of a dose"
        ),
        *t.find(
            constant & (t.number["ADDL"] > 0), "ADDL", f"{endless} additional doses", "write 0: it ends here"
        ),
    ]


def compartment_known(t: Table) -> list[Finding]:
    """Check that CMT is a compartment: a whole number, 0 (the default) or more, as far as the card knows."""
    cmt, names = t.number["CMT"], t.card.compartments
    off = "CMT below 0 (NONMEM: turn the compartment off) is not read"
    odd = np.isfinite(cmt) & (cmt >= 0) & ((cmt != np.round(cmt)) | (cmt > MOST_NUMBER))
    beyond = t.is_dose & (cmt > len(names)) & ~odd & bool(names)
    known = ", ".join(f"{k} ({name})" for k, name in enumerate(names, 1))
    return [
        *t.find(cmt < 0, "CMT", off, "write its number; EVID 3 empties all of them"),
        *t.find(odd, "CMT", lambda k: f"{cmt[k]:g} is no compartment", "write a whole number"),
        *t.find(beyond, "CMT", lambda k: f"a dose into compartment {cmt[k]:g}", f"write one of {known}"),
    ]
