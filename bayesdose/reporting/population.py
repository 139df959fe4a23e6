"""The population's part of a report: parameter table, convergence checks, provenance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bayesdose.reporting import parameters, priors
from bayesdose.reporting.text import significant
from bayesdose.reporting.view import Block, Section, Table

if TYPE_CHECKING:
    from bayesdose.fitting import Fit

_SHOWN_HASH = 16
_SIGNS = {"<=": "≤", ">=": "≥"}


def population_view(fit: Fit) -> Section:
    """Return the page's section about the population model."""
    blocks = (_model(fit), _parameters(fit), _checks(fit), _provenance(fit))
    return Section("The population model", alarms(fit), blocks=tuple(b for b in blocks if not b.empty))


def alarms(fit: Fit) -> tuple[str, ...]:
    """Return what a reader must know before anything else: failed checks, or that no data were seen."""
    if origin := fit.provenance.get("origin"):
        return (f"The population is that of the model's priors ({origin}): not refitted.",)
    failed = [row.name for row in fit.check() if not row.passed]
    if not failed:
        return ()
    return (
        f"The population fit has NOT converged ({', '.join(failed)} failed): do not rely on what follows.",
    )


def _model(fit: Fit) -> Block:
    card, data, origin = fit.model.card, fit.provenance["data"], fit.provenance.get("origin")
    terms = [
        ("Drug", card.drug),
        ("Model", card.title or fit.model.name),
        ("Source", card.source),
        ("Made for", card.population),
        ("Limits of the model", card.limitations),
        ("Fitted to", f"nothing: {origin}" if origin else _counts(data)),
    ]
    return Block("Model", terms=[(term, text) for term, text in terms if text])


def _counts(data: Mapping[str, Any]) -> str:
    """Say how much data there was; hashes and key stay in the fit's own file."""
    names = {"n_subjects": "subjects", "n_doses": "doses", "n_levels": "levels"}
    return ", ".join(f"{data[key]:,} {name}" for key, name in names.items() if key in data)


def _parameters(fit: Fit) -> Block:
    own, beside = parameters.parameter_table(fit), priors.prior_table(fit)
    tables = [
        Table(title, head, tuple(rows), columns="wwn", foot=foot)
        for title, head, rows, foot in (
            (
                "Population parameters",
                parameters.headings(own),
                parameters.formatted(own),
                parameters.footnote(own),
            ),
            (
                priors.title(beside),
                priors.headings(beside),
                priors.formatted(beside),
                priors.footnote(beside),
            ),
        )
        if rows
    ]
    return Block("Parameters", tables=tables)


def _checks(fit: Fit) -> Block:
    rows, marks, advice = [], [], list[str]()
    for row in fit.check():
        limit = f"{_SIGNS.get(row.relation, row.relation)} {row.limit:g}"
        rows.append((row.name, significant(row.value, 4), limit, "ok" if row.passed else "FAILED", row.worst))
        marks.append("" if row.passed else "failed")
        if not row.passed and row.advice:
            advice.append(f"{row.name}: {row.advice}")
    if not rows:
        return Block("Convergence checks")
    said = "Failed: do not use this fit. " + ". ".join(advice) if "failed" in marks else "All checks hold."
    head = ("Check", "Value", "Must be", "Result", "Worst at")
    table = Table(
        "What must hold before the draws are used",
        head,
        tuple(rows),
        columns="wnnww",
        marks=tuple(marks),
        foot=said,
    )
    return Block("Convergence checks", tables=[table])


def _provenance(fit: Fit) -> Block:
    record = fit.provenance
    model, sampler = record["model"], record.get("sampler", {})
    arguments = ", ".join(f"{k} {_plain(v)}" for k, v in sampler.items() if k != "name" and _plain(v))
    versions = ", ".join(f"{k} {v}" for k, v in record.get("versions", {}).items())
    seconds = record.get("seconds", {})
    spent = sum(float(v) for k, v in seconds.items() if k.endswith("_wall"))
    rows = [
        ("Model spec", f"{model['name']}, hash {str(model['hash'])[:_SHOWN_HASH]}"),
        ("Sampler", f"{sampler.get('name', '')} ({arguments})" if sampler else ""),
        ("Seed", str(record["seed"])),
        ("Fitted", str(record.get("created", ""))),
        ("Took", f"{spent:.0f} s" if seconds else ""),
        ("Versions", versions),
    ]
    kept = tuple(row for row in rows if row[1])
    table = Table("Where the population fit comes from", (), kept, columns="w")
    return Block("Provenance", tables=[table])


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
