"""A page about a study, to print."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from bayesdose.study.findings import listing, printable

if TYPE_CHECKING:
    from bayesdose.study.study import Study

_SHOWN = 10  # warnings printed; Study.warnings has all


def summary(study: Study) -> str:
    """Return the page: subjects, doses, levels, times, covariates with units, what is missing, warnings."""
    units = study.card.units
    lines = [
        f"{printable(study.source)}, read for {study.card.drug}",
        _line("subjects", str(study.n_subjects)),
        _line("records", str(len(study.records))),
        _line("doses", _events(study, study.doses, "AMT", units.amount)),
        _line("levels", _events(study, study.levels, "DV", units.concentration)),
        _line("time", _span(study.records["TIME"], units.time)),
        *(_line(c.name, _covariate(study, c.name, c.unit)) for c in study.card.covariates),
        _line("missing", _missing(study)),
    ]
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
    return text + _span(events[column], unit) + (f"; {without} subjects have none" if without else "")


def _span(values: pd.Series, unit: str) -> str:
    return f"{values.min():g} to {values.max():g} {unit}".rstrip()


def _covariate(study: Study, name: str, unit: str) -> str:
    one = study.records.drop_duplicates("ID")[name]
    return f"{_span(one, unit)}, median {one.median():g}"


def _missing(study: Study) -> str:
    records = study.records
    unused = int(((records["EVID"] == 0) & (records["MDV"] == 1)).sum())
    return f"{unused} observation records without a level that counts" if unused else "nothing"
