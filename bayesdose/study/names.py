"""Names of columns: those that are read, what else they are called, and the slips that hide one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher

import numpy as np

from bayesdose.errors import nearest
from bayesdose.study.adppk import is_adppk
from bayesdose.study.clock import DATES
from bayesdose.study.findings import Finding
from bayesdose.study.source import Raw

REQUIRED = ("ID", "TIME", "AMT", "DV")
DERIVED = ("EVID", "MDV")
# Columns that may be absent, and what a record says without them.
DEFAULTS = {
    "RATE": 0.0,
    "II": 0.0,
    "ADDL": 0.0,
    "SS": 0.0,
    "CMT": 0.0,
    "CENS": 0.0,
    "LIMIT": np.nan,
    "OCC": 1.0,
    "DVID": 1.0,
}
# Columns that are looked at only to say that they are not read: flags of censored levels.
FLAGS = ("BLQ", "BQL", "BLOQ", "CENSOR", "CENSORED")
OPTIONAL = (*DERIVED, *DEFAULTS, *FLAGS, *DATES)
_ALSO_CALLED = {
    "ID": ("SUBJECT", "SUBJ", "PATIENT", "USUBJID", "SUBJECT_ID", "PATIENT_ID"),
    "TIME": ("T", "HOURS", "HOUR", "TIME_H", "TIMES", "AFRLT"),
    "AMT": ("DOSE", "AMOUNT", "DOSE_MG"),
    "DV": ("CONC", "CONCENTRATION", "LEVEL", "CP", "Y", "LIDV", "AVAL"),
    "WT": ("WEIGHT", "WGT", "BW", "BWT", "WEIGHT_KG", "WTKG", "WTBL"),
}
# Columns of other programs that are not read: the one that stands for it here.
_ELSEWHERE = {
    "OCCASION": "OCC", "OCCAS": "OCC", "YTYPE": "DVID", "DVTYPE": "DVID", "COMPARTMENT": "CMT", "CMP": "CMT",
    "ADM": "CMT", "TAU": "II", "INTERVAL": "II", "INFRATE": "RATE",
}  # fmt: skip
# The same, where the numbers are not those that our column wants: what to write there.
_CONVERTED = {
    **dict.fromkeys(("TINF", "DUR", "DURATION"), ("RATE", "write RATE: the amount by the duration")),
    **dict.fromkeys(("LLOQ", "LOQ"), ("CENS", "write CENS 1, with this limit in DV, on what lies below")),
}


def no_column(row: int | None, name: str, theirs: str | None, free: Sequence[str]) -> Finding:
    """Return the finding of a column that is not there, with the unread one that may be it.

    Parameters
    ----------
    row
        Line of the header.
    name
        Our name.
    theirs
        What `columns=` calls it, if it does.
    free
        The table's columns that nothing reads.
    """
    problem = f"no column {theirs!r}, which columns= names" if theirs else "no such column"
    meant = _meant(theirs or name, free)
    if meant:
        problem += f"; {meant!r} may be it"
        fix = f"name it {name}, or pass columns={{{name!r}: {meant!r}}}"
        if is_adppk(free):
            fix = "pass columns='adppk'"
    else:
        fix = f"add the column {name}" + (", with . where a record has none" if name in ("AMT", "DV") else "")
    return Finding(row, None, name, "error", problem, fix)


def _meant(name: str, free: Sequence[str]) -> str | None:
    plain = {_plain(h): h for h in reversed(free)}
    for other in (name.upper(), *_ALSO_CALLED.get(name.upper(), ())):
        if other in plain:
            return plain[other]
    return nearest(name, list(free)) if len(name) > 2 else None


def _plain(name: str) -> str:
    """Return a name in upper case without a unit in brackets, blanks or signs."""
    return re.sub(r"\(.*\)|\[.*\]|[^A-Z0-9_]", "", name.upper())


def lookalikes(raw: Raw, where: Mapping[str, int]) -> list[Finding]:
    """Warn of columns nobody reads whose names are one slip, or another program, away from one that counts.

    Parameters
    ----------
    raw
        The table.
    where
        Place of each column that is read.
    """
    used = set(where.values())
    found: list[Finding] = []
    for other in sorted({h.upper() for k, h in enumerate(raw.header) if k not in used}):
        ours, fix = _CONVERTED.get(other, ("", ""))
        close = [n for n in OPTIONAL if n not in where and (_ELSEWHERE.get(other) == n or _alike(n, other))]
        if ours and ours not in where:
            found.append(_unread(raw, ours, f"the column {other!r} is not read", fix))
        elif close:
            words = " or ".join(close)
            problem = f"the column {other!r} is not read; is it {words}?"
            found.append(_unread(raw, close[0], problem, f"name it {words} if it is"))
    return found


def _unread(raw: Raw, name: str, problem: str, fix: str) -> Finding:
    return Finding(raw.header_row, None, name, "warning", problem, fix)


def _alike(name: str, other: str) -> bool:
    if len(name) < 3 or name == other or {name, other} <= set(DATES):
        return False
    return SequenceMatcher(None, name, other).ratio() >= 0.85 or sorted(name) == sorted(other)
