"""Predict every neonate from a fit of others: docs/validation/held_out.json, coverage_folds.png, pcvpc.png.

Run from the repository's root, after ``make fits``, with about ten minutes of one core:
``.venv/bin/python tools/held_out_neonates.py``; ``tools/validation_table.py`` then puts it on the page.
"""

import json
import sys
from pathlib import Path
from typing import Any

import pandas as pd
from scipy.stats import binomtest

import bayesdose as bd
import bayesdose.validate
from bayesdose.validate import Coverage

ROOT = Path(__file__).parents[1]
PLACE = ROOT / "docs" / "validation"
NAME, FOLDS, SEED = "phenobarbital", 10, 1
NOMINAL = (0.5, 0.8, 0.9)


def record(found: Coverage) -> dict[str, Any]:
    """Return what the page tells of the folds, as JSON-able values."""
    table = found.table[found.table["nominal"].isin(NOMINAL)]
    return {
        "model": NAME,
        "folds": found.folds.to_dict("records"),
        "conditioned": found.conditioned,
        "refused": len(found.refused),
        "coverage": [_row(own) for own in table.to_dict("records")],
    }


def _row(own: dict[str, Any]) -> dict[str, Any]:
    hits = round(own["covered"] * own["n"])
    exact = binomtest(hits, own["n"]).proportion_ci(0.95, method="exact")
    counts = {k: int(own[k]) for k in ("known", "n", "subjects")}
    return {
        **counts,
        "nominal": own["nominal"],
        "covered": hits,
        "binomial": [round(exact.low, 4), round(exact.high, 4)],
        "clustered": [round(own["low"], 4), round(own["high"], 4)],
    }


def main() -> None:
    """Refit, predict, and write the record and the figures."""
    fit = bd.load_fit(NAME)
    neonates = bd.read_study(bd.data_path(NAME), fit.model)
    found = bd.validate.coverage(
        fit,
        neonates,
        seed=SEED,
        folds=FOLDS,
        sampling={"draws": 5000},
        say=lambda line: print(line, file=sys.stderr),
    )
    (PLACE / "held_out.json").write_text(json.dumps(record(found), indent=1) + "\n", "utf-8")
    bd.figure(found).savefig(PLACE / "coverage_folds.png", dpi=100)
    fitted = neonates.drop(["4", "18", "24"])  # the three that the stored fit leaves out
    check = bd.validate.vpc(fit, fitted, seed=SEED, draws=1000, x="TAD", corrected=True)
    bd.figure(check).savefig(PLACE / "pcvpc.png", dpi=100)
    with pd.option_context("display.width", 110):
        print(found, check, sep="\n")


if __name__ == "__main__":
    main()
