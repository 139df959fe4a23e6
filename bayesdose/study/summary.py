"""A page about a study, to print."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from bayesdose.card import Covariate
from bayesdose.study.findings import listing, printable

if TYPE_CHECKING:
    from bayesdose.study.study import Study

_SHOWN = 10  # warnings printed; Study.warnings has all


def summary(study: Study) -> str:
    """Return the page: subjects, doses, levels, times, covariates with units, what is missing, warnings.

    Infusions, routes, orders, kinds of level, censored levels and occasions have a line where there are any.
    """
    units = study.card.units
    said = [
        ("subjects", str(study.n_subjects)),
        ("records", str(len(study.records))),
        ("doses", _events(study, study.doses, "AMT", units.amount)),
        ("infusions", _infusions(study)),
        ("routes", _routes(study)),
        ("ordered", _ordered(study)),
        ("levels", _events(study, study.levels, "DV", units.concentration)),
        ("kinds", _counts("DVID", study.levels["DVID"], {1})),
        ("censored", _censored(study)),
        ("time", _span(study.records["TIME"], units.time)),
        ("occasions", _occasions(study)),
        *((c.name, _covariate(study, c)) for c in study.card.covariates),
        ("missing", _missing(study)),
    ]
    lines = [f"{printable(study.source)}, read for {study.card.drug}"]
    lines += [_line(name, text) for name, text in said if text]
    if study.warnings:
        lines += ["", listing(study.warnings, "warnings", _SHOWN)]
    return "\n".join(lines)


def _line(name: str, text: str) -> str:
    return f"  {name:<10}{text}"


def _events(study: Study, events: pd.DataFrame, column: str, unit: str) -> str:
    if events.empty:
        return "none"
    n = events["ID"].value_counts().reindex(study.ids, fill_value=0)
    text = f"{len(events)}; {n.min()} / {n.median():g} / {n.max()} per subject (min / median / max); "
    without = int((n == 0).sum())
    return text + _span(events[column], unit) + (f"; {_having(without)} none" if without else "")


def _having(n: int) -> str:
    return f"{_subjects(n)} {'has' if n == 1 else 'have'}"


def _subjects(n: int) -> str:
    return _some(n, "subject")


def _some(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def _span(values: pd.Series, unit: str) -> str:
    low, high = values.min(), values.max()
    return (f"{low:g} to {high:g} {unit}" if low < high else f"{low:g} {unit}").rstrip()


def _infusions(study: Study) -> str:
    """Doses that are no bolus, with what the table says of their rate."""
    rate, units = study.doses["RATE"], study.card.units
    known = rate[rate > 0]
    said = [
        f"{len(known)} at {_span(known, f'{units.amount}/{units.time}')}" if len(known) else "",
        f"{int((rate == -1).sum())} with the model's rate" if (rate == -1).any() else "",
        f"{int((rate == -2).sum())} with the model's duration" if (rate == -2).any() else "",
    ]
    return "; ".join(text for text in said if text)


def _routes(study: Study) -> str:
    names = {0: "the default", **dict(enumerate(study.card.compartments, 1))}
    cmt = study.doses["CMT"].tolist()
    counts = {c: cmt.count(c) for c in sorted(set(cmt))}
    return ", ".join(f"{n} into {names.get(c, c)}" for c, n in counts.items()) if set(cmt) - {0} else ""


def _ordered(study: Study) -> str:
    """Additional doses and steady states."""
    doses, said = study.doses, []
    further = doses.loc[doses["ADDL"] > 0, "ADDL"]
    if len(further):
        said.append(f"{int(further.sum())} additional doses by {_some(len(further), 'record')} (ADDL)")
    steady = doses[doses["SS"] > 0]
    constant = int((steady["AMT"] == 0).sum())
    if len(steady):
        said.append(f"{len(steady)} at steady state (SS)")
    if constant:
        said.append(f"{constant} of them constant infusions")
    return "; ".join(said)


def _counts(name: str, values: pd.Series, usual: set[int]) -> str:
    """How often each value occurs; nothing if there is only the usual one."""
    counts = values.value_counts().sort_index()
    return "" if set(counts.index) <= usual else ", ".join(f"{name} {k}: {n}" for k, n in counts.items())


def _censored(study: Study) -> str:
    levels, unit = study.levels, study.card.units.concentration
    said = []
    for sign, words in ((1, "below"), (-1, "above")):
        limits = levels.loc[levels["CENS"] == sign, "DV"]
        if len(limits):
            said.append(f"{len(limits)} of {len(levels)} levels {words} {_span(limits, unit)}")
    return "; ".join(said)


def _occasions(study: Study) -> str:
    occasions = study.records.groupby("ID", sort=False)["OCC"].nunique()
    if study.records["OCC"].nunique() < 2:
        return ""
    return f"{occasions.min()} / {occasions.median():g} / {occasions.max()} per subject (min / median / max)"


def _covariate(study: Study, c: Covariate) -> str:
    one = study.records.drop_duplicates("ID")[c.name]
    unknown = int(one.isna().sum())
    if unknown == len(one):
        return "not known"
    if not c.varies:
        rest = f"; not known of {_subjects(unknown)}" if unknown else ""
        return f"{_span(one.dropna(), c.unit)}, median {one.median():g}{rest}"
    values = study.records.groupby("ID")[c.name]
    changing = int((values.max() > values.min()).sum())
    rule = "next value carried backward" if c.carry == "nocb" else "last value carried forward"
    first = f"{_span(study.records[c.name], c.unit)}, median of first values {one.median():g}"
    return f"{first}; changes in {_subjects(changing)}; {rule} ({c.carry})"


def _missing(study: Study) -> str:
    records = study.records
    unused = int(((records["EVID"] == 0) & (records["MDV"] == 1)).sum())
    return f"{_some(unused, 'observation record')} without a level that counts" if unused else "nothing"
