"""CDISC ADPPK: the population-PK analysis dataset of ADaM, turned into the columns of an event table.

Source of the names: the CDISC ADaM implementation guide for population PK, as the ADPPK template of the
pharmaverse (admiral) writes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bayesdose.card import Card, Covariate
from bayesdose.errors import InputError
from bayesdose.study.cells import MISSING
from bayesdose.study.findings import Finding
from bayesdose.study.source import Raw
from bayesdose.units import factor

# Our column: the variables of ADPPK that may bring it, the first that is there.
NAMES: Mapping[str, tuple[str, ...]] = {
    "ID": ("USUBJID", "SUBJID"),
    "TIME": ("AFRLT",),
    "EVID": ("EVID",),
    "AMT": ("AMT", "DOSEA"),
    "DV": ("DV", "AVAL"),
    "MDV": ("MDV",),
    "CMT": ("CMT",),
    "RATE": ("RATE",),
    "II": ("II",),
    "ADDL": ("ADDL",),
    "SS": ("SS",),
    "CENS": ("BLQFN", "BLQFL"),
    "DVID": ("DVIDN", "DVID"),
    "OCC": ("OCC",),
}
_LIMIT = ("ALLOQ", "LLOQ")
_UNITS = {"AVALU": "concentration", "DOSEU": "amount"}
_FLAGS = {"Y": "1", "N": "0", "1": "1", "0": "0", "1.0": "1", "0.0": "0"}


def is_adppk(header: Sequence[str]) -> bool:
    """Whether the columns look like ADPPK."""
    return {"USUBJID", "AFRLT"} <= {name.upper() for name in header}


def from_adppk(raw: Raw, card: Card) -> Raw:
    """Return the table under our names.

    Censored levels (BLQFN 1 or BLQFL Y) get the limit (ALLOQ) as their DV; where they had no DV, an MDV 1
    that only says so is taken back. Without AMT the amount of a dose record is DOSEA. Columns that are not
    used keep their names, unless one of ours is called so.
    """
    at = {name.upper(): k for k, name in reversed(list(enumerate(raw.header)))}
    wanted = {**NAMES, **{c.name: _covariate(c) for c in card.covariates}}
    there = {ours: [at[t] for t in theirs if t in at] for ours, theirs in wanted.items()}
    found = {ours: places[0] for ours, places in there.items() if places}
    if "AMT" not in at and "EVID" not in at:
        found.pop("AMT", None)  # DOSEA stands on every record: nothing says which is a dose
    column = {ours: list(raw.columns[k]) for ours, k in found.items()}
    if "AMT" in column and "AMT" not in at:
        doses = [e in ("1", "4", "1.0", "4.0") for e in column["EVID"]]
        column["AMT"] = [a if given else "." for a, given in zip(column["AMT"], doses, strict=True)]
    if "CENS" in column and "DV" in column:
        _censor(column, next((raw.columns[at[name]] for name in _LIMIT if name in at), None))
    used = set(found.values())
    rest = [k for k, name in enumerate(raw.header) if k not in used and name.upper() not in column]
    return replace(
        raw,
        header=(*column, *(raw.header[k] for k in rest)),
        columns=(*column.values(), *(raw.columns[k] for k in rest)),
        findings=(*raw.findings, *_other_units(raw, at, card), *_several_analytes(raw, at, found)),
    )


def _covariate(c: Covariate) -> tuple[str, ...]:
    """Names of a covariate: the baseline where it must not vary, the numeric twin of a text."""
    name = c.name.upper()
    own, baseline = (f"{name}N", name), (f"{name}BLN", f"{name}BL")
    return (*own, *baseline) if c.varies else (*baseline, *own)


def _censor(column: dict[str, list[str]], limits: Sequence[str] | None) -> None:
    """Write censored levels as CENS 1 with their limit in DV (in place)."""
    column["CENS"] = [_FLAGS.get(flag.upper(), flag) for flag in column["CENS"]]
    for k, flag in enumerate(column["CENS"]):
        if flag != "1" or ("EVID" in column and column["EVID"][k] not in ("0", "0.0", *MISSING)):
            column["CENS"][k] = flag if flag != "1" else "0"
            continue
        if column["DV"][k] in MISSING and "MDV" in column:
            column["MDV"][k] = "."
        column["DV"][k] = limits[k] if limits is not None else "."


def _other_units(raw: Raw, at: Mapping[str, int], card: Card) -> list[Finding]:
    """Units that a variable states and that are not the card's, each once."""
    found = []
    for name, kind in _UNITS.items():
        own, seen = getattr(card.units, kind), set(MISSING)
        for k, text in enumerate(raw.columns[at[name]] if name in at else ()):
            if text not in seen:
                seen.add(text)
                found += _unit(raw.rows[k], name, text, own)
    return found


def _unit(row: int, name: str, text: str, own: str) -> list[Finding]:
    try:
        times = factor(text, own)
    except InputError:
        return [
            Finding(row, None, name, "warning", f"a unit that does not convert to {own}", "check the values")
        ]
    if abs(times - 1) < 1e-12:
        return []
    return [Finding(row, None, name, "error", f"not in the model's unit {own}", f"multiply by {times:.6g}")]


def _several_analytes(raw: Raw, at: Mapping[str, int], found: Mapping[str, int]) -> list[Finding]:
    """Levels of several PARAMCD that no DVIDN tells apart."""
    if "PARAMCD" not in at or "DVID" in found or "EVID" not in found:
        return []
    codes, evid = raw.columns[at["PARAMCD"]], raw.columns[found["EVID"]]
    levels = [k for k, e in enumerate(evid) if e in ("0", "0.0")]
    other = [k for k in levels if codes[k] != codes[levels[0]]][:1]
    fix = "add DVIDN, which numbers the kinds of level, or keep the records of one PARAMCD"
    problem = "levels of several PARAMCD, but no DVIDN"
    return [Finding(raw.rows[k], None, "PARAMCD", "error", problem, fix) for k in other]
