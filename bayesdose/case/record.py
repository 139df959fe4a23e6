"""Results as JSON-able values: what a fit and a patient's draws were made of, without any identifier."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bayesdose.fitting import Fit
    from bayesdose.individual import Draws

NOTICE = (
    "Research software, not a medical device. It must not be the basis of a treatment without a qualified "
    "person who checks it."
)
"""Stands in every decision."""


def fit_record(fit: Fit) -> dict[str, Any]:
    """Return where a fit came from: spec and hash, counts of the data, seed, sampler, versions, checks."""
    kept = ("model", "origin", "seed", "sampler", "versions", "created", "seconds")
    data = fit.provenance["data"]
    checks = fit.check()
    return {
        **{name: fit.provenance[name] for name in kept if name in fit.provenance},
        "data": {name: data[name] for name in ("n_subjects", "n_doses", "n_levels")},
        "passed": checks.passed,
        "checks": checks.to_list(),
    }


def individual_record(me: Draws) -> dict[str, Any]:
    """Return a patient's covariates, diagnostics and parameters (mean, sd, 90 % limits).

    A covariate or parameter that changes in time has its value at the last record; a covariate that is not
    known is left out. ``groups`` says of a patient's study or centre whether the fit knows it.
    """
    table = me.summary()
    last = me.patient.records.iloc[-1]
    statistics = table["statistic"].values.tolist()
    groups = {name: {"label": label, "known": known} for name, (label, known) in me.groups.items()}
    return {
        "covariates": {
            c.name: float(last[c.name]) for c in me.patient.card.covariates if last[c.name] == last[c.name]
        },
        "doses": len(me.patient.doses),
        "levels": len(me.patient.levels),
        "diagnostics": me.diagnostics.to_dict(),
        "parameters": {
            name: dict(zip(statistics, table[name].values.tolist(), strict=True))
            for name in me.compiled.parameters
        },
        "warnings": list(me.warnings),
        **({"groups": groups} if groups else {}),
    }


def individual_text(me: Draws, units_of: Mapping[str, str] | None = None) -> str:
    """Return the same in words, a line each.

    Parameters
    ----------
    me
        The patient's draws.
    units_of
        Unit of each parameter, as the fit's provenance has them.
    """
    record, d = individual_record(me), me.diagnostics
    units = {c.name: c.unit for c in me.patient.card.covariates}
    about = [f"{name} {value:g} {units[name]}".rstrip() for name, value in record["covariates"].items()]
    given = f"{record['doses']} dose{'s' * (record['doses'] != 1)}, {d.levels} level{'s' * (d.levels != 1)}"
    khat = "" if d.khat is None else f"k-hat {d.khat:.2f} (below {d.khat_limit}), "
    lines = [
        f"patient    {'; '.join([*about, given])}",
        *(f"group      {text}" for text in me.about_groups),
        f"posterior  {d.method}: {khat}ESS {d.ess:.0f} of {d.particles} particles",
    ]
    for name, p in record["parameters"].items():
        unit = (units_of or {}).get(name, "")
        lines.append(parameter_line(name, p, unit))
    return "\n".join([*lines, *(f"warning    {text}" for text in me.warnings)])


def parameter_line(name: str, p: Mapping[str, float], unit: str) -> str:
    """Return a parameter's mean with its unit and 90 % interval in words."""
    limits = f"90 % interval {p['lower']:.3g} to {p['upper']:.3g}"
    return f"  {name:<9}{p['mean']:.3g}{' ' * bool(unit)}{unit} ({limits})"


def to_json(value: Any) -> str:
    """Return JSON text, two spaces an indent; a number that is not finite becomes null."""
    return json.dumps(_plain(value), indent=2, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if hasattr(value, "item"):  # a number of numpy
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
