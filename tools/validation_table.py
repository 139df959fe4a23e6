"""Write docs/validation.md: the stored fits beside published estimates, R's nlme and Stan.

Run from the repository's root, after ``make fits`` (and ``tools/held_out_neonates.py``, for the neonates that
are predicted from fits of others): ``.venv/bin/python tools/validation_table.py``.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from arviz_stats import ess, rhat

import bayesdose as bd
from bayesdose.fitting import Fit

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "tests" / "reference"
NLME = json.loads((REFERENCE / "nlme_estimates.json").read_text())
PUBLISHED = json.loads((REFERENCE / "published_estimates.json").read_text())
STAN = json.loads((REFERENCE / "stan_posteriors.json").read_text())
STAN_OF = {
    "theophylline": (
        "theophylline_additive",
        {
            "theta_CL": "lcl",
            "theta_V": "lv",
            "theta_ka": "lka[1]",
            "omega_CL": "omega[1]",
            "omega_V": "omega[2]",
            "omega_ka": "omega[3]",
            "sigma_add": "a[1]",
        },
    ),
    "phenobarbital": (
        "phenobarbital_proportional_weight",
        {
            "theta_CL": "lcl",
            "theta_V": "lv",
            "omega_CL": "omega[1]",
            "omega_V": "omega[2]",
            "sigma_prop": "b[1]",
        },
    ),
}
HELD_OUT = json.loads((ROOT / "docs" / "validation" / "held_out.json").read_text())
NOTES = json.loads((Path(__file__).parent / "validation_notes.json").read_text())


def references(name: str) -> dict[str, dict[str, float]]:
    """Return the columns of a model: their headings to estimates on the natural scale."""
    columns = {heading: _numbers(found) for heading, found in PUBLISHED.get(name, {}).items()}
    if name in STAN_OF:
        key, names = STAN_OF[name]
        means = {ours: STAN[key]["summary"][theirs]["mean"] for ours, theirs in names.items()}
        columns["Stan"] = {k: np.exp(v) if k.startswith("theta_") else v for k, v in means.items()}
    columns["nlme"] = {
        k: float(np.exp(v["estimate"]) if v.get("log") else round(v["estimate"], 6))
        for k, v in NLME["models"][name].items()
        if isinstance(v, dict)
    }
    return columns


def _numbers(found: dict[str, float | str]) -> dict[str, float]:
    return {k: v for k, v in found.items() if not isinstance(v, str)}


def away(name: str, variable: str, draws: xr.DataArray) -> float:
    """Return how far the median is from nlme's estimate, in posterior SDs (of the log where nlme has it)."""
    theirs = NLME["models"][name].get(variable, {})
    if "se" not in theirs:
        return float("nan")
    on_log = np.log(draws) if theirs["log"] else draws
    return float((on_log.median() - theirs["estimate"]) / on_log.std(ddof=1))


def section(name: str) -> list[str]:
    """Return the lines of one model."""
    fit = bd.load_fit(name)
    columns = references(name)
    heads = ["", "unit", "median (90 % interval)", *columns, "from nlme, SD", "R-hat", "bulk ESS"]
    lines = [f"## {fit.model.card.title}", "", _sampling(fit), ""]
    lines += ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    lines += [_row(name, fit, variable, columns) for variable in _ordered(fit.population)]
    lines += ["", *(f"- {note}" for note in NOTES[name]), ""]
    sources = [f"{head}: {found['source']}" for head, found in PUBLISHED.get(name, {}).items()]
    return [*lines, *(f"Source of {source}." for source in sources), *([""] if sources else [])]


def _ordered(names: list[str] | tuple[str, ...]) -> list[str]:
    kinds = ("theta_", "omega_", "sigma_")
    return [n for kind in kinds for n in sorted(names) if n.startswith(kind)]


def _row(name: str, fit: Fit, variable: str, columns: dict[str, dict[str, float]]) -> str:
    draws = fit.posterior["posterior"][variable].astype(float)
    low, middle, high = np.quantile(draws, (0.05, 0.5, 0.95))
    distance = away(name, variable, draws)
    unit = fit.provenance["units"].get(variable.removeprefix("theta_"), "")
    unit = "" if variable.startswith("omega_") else unit
    unit = fit.model.card.units.concentration if variable == "sigma_add" else unit
    cells = [
        variable,
        unit,
        f"{middle:.3g} ({low:.3g} to {high:.3g})",
        *(f"{found[variable]:.3g}" if variable in found else "" for found in columns.values()),
        "" if np.isnan(distance) else f"{distance:+.1f}",
        f"{float(rhat(draws)):.3f}",
        f"{float(ess(draws)):.0f}",
    ]
    return "| " + " | ".join(cells) + " |"


def _sampling(fit: Fit) -> str:
    record = fit.provenance
    worst = {row.name: row.value for row in fit.check()}
    sampler, seconds = record["sampler"], record["seconds"]
    centred = f", centred: {', '.join(sampler['centred'])}" if sampler.get("centred") else ""
    return (
        f"{record['data']['n_subjects']} subjects, {record['data']['n_levels']} levels. "
        f"{sampler['chains']} chains of {sampler['draws']} draws after {sampler['tune']}{centred}; "
        f"{seconds['sample_cpu']:.0f} CPU s of sampling, {seconds['compile_cpu']:.0f} of compiling. "
        f"All draws: largest R-hat {worst['R-hat']:.3f}, smallest bulk ESS {worst['bulk ESS']:.0f}, "
        f"{worst['divergences']:.0f} divergences."
    )


def held_out() -> list[str]:
    """Return the lines of the subjects who were predicted from fits of others."""
    folds, failed = HELD_OUT["folds"], [f for f in HELD_OUT["folds"] if f["failed"]]
    said = {"subjects": sum(f["subjects"] for f in folds), "folds": len(folds), "failed": len(failed)}
    said |= {"conditioned": HELD_OUT["conditioned"], "refused": HELD_OUT["refused"]}
    heads = ["levels known", "interval", "levels", "neonates", "inside", "binomial 95 %", "levels alike"]
    lines = [line.format(**said) for line in NOTES["held_out"]]
    lines += ["", "| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    lines += [_covered(row) for row in HELD_OUT["coverage"]]
    return [*lines, "", *NOTES["held_out_figures"], ""]


def _covered(row: dict[str, Any]) -> str:
    limits = [f"{100 * low:.0f} to {100 * high:.0f} %" for low, high in (row["binomial"], row["clustered"])]
    inside = f"{row['covered']} ({100 * row['covered'] / row['n']:.0f} %)"
    counts = [row["known"], f"{100 * row['nominal']:.0f} %", row["n"], row["subjects"]]
    return "| " + " | ".join(map(str, [*counts, inside, *limits])) + " |"


def main() -> None:
    """Write the page."""
    lines = [*NOTES["page"], ""]
    for name in NLME["models"]:
        lines += section(name)
        lines += held_out() if name == HELD_OUT["model"] else []
    path = ROOT / "docs" / "validation.md"
    path.write_text("\n".join(lines).replace("NLME_SOFTWARE", NLME["software"]).rstrip() + "\n")
    print(path)


if __name__ == "__main__":
    main()
