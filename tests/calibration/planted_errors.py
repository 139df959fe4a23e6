"""Errors planted in the tables of simulated patients, and how often `red_flags` sees them.

``python tests/calibration/planted_errors.py [phenobarbital|vancomycin] [patients] [seed]`` prints the table
of docs/reference/flags.md. Patients are drawn from the population on a table that is right; the table that is
judged is the one somebody wrote, with the slip in it. Seed 1 served to choose the method; results: seed 2.
"""

import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

import bayesdose as bd
from bayesdose.flags.looking import ALPHA, Design, judged, suspected
from bayesdose.flags.results import EXPLAINED
from bayesdose.individual import compile_individual
from bayesdose.study import events

SPECS = Path(__file__).parents[1] / "specs"
PATIENTS, REPLICATES = 300, 1500
KINDS = {
    "clean": "none",
    "x10 unit slip": "unit",
    "/10 unit slip": "unit",
    "x1000 unit slip": "unit",
    "swapped samples": "swap",
    "missed dose": "missed dose",
    "dose 2 h late": "dose time",
    "dose 12 h late": "dose time",
    "sample 1 h late": "sample time",
    "sample 12 h early": "sample time",
}


def vancomycin(rng):
    """One patient's doses and levels: a load, then every 12 h; one to four levels around the last doses."""
    WT, CRCL = rng.uniform(50, 100), rng.uniform(30, 140)
    load, dose = (50 * round(WT * per_kg / 50) for per_kg in (25, 15))
    times = 12.0 * np.arange(rng.integers(3, 6))
    last = times[-1]
    levels = [last - 0.5, last + 2.5, last + 11.5, last + 6.0][: int(rng.integers(1, 5))]
    rows = [{"TIME": t, "AMT": load if t == 0 else dose, "RATE": 1000.0, "DV": np.nan} for t in times]
    rows += [{"TIME": t, "AMT": np.nan, "RATE": 0.0, "DV": 1.0} for t in levels]
    table = pd.DataFrame(rows).assign(ID="1", WT=WT, CRCL=CRCL)
    return table.sort_values("TIME", kind="stable").reset_index(drop=True)


def fit_and_designs(name, n, rng):
    """Return a fit and n patients' tables (levels to be drawn)."""
    if name == "vancomycin":
        fit = bd.fixed(bd.load_model(SPECS / "vancomycin_goti.py"))
        return fit, [bd.read_study(vancomycin(rng), fit.model) for _ in range(n)]
    fit = bd.load_fit("phenobarbital")
    study = bd.read_study(bd.data_path("phenobarbital"), fit.model)
    return fit, [study.select(study.ids[i % study.n_subjects]) for i in range(n)]


def _replaced(study, where, **values):
    records = study.records.copy()
    for name, value in values.items():
        records.loc[where, name] = value
    return replace(study, records=records.sort_values("TIME", kind="stable").reset_index(drop=True))


def truth_behind(study, kind, rng):
    """Return the table as it truly was where `study` is what was written; None where it cannot be."""
    records, levels = study.records, study.levels
    before = study.doses.iloc[1:].query("TIME < @levels.TIME.max()")
    if kind in ("missed dose", "dose 2 h late", "dose 12 h late") and before.empty:
        return None
    k = before.index[-1] if len(before) else None
    j = rng.choice(levels.index)
    if kind == "missed dose":
        return _replaced(study, k, EVID=2, MDV=1, AMT=np.nan, RATE=0.0)
    if kind in ("dose 2 h late", "dose 12 h late"):
        return _replaced(study, k, TIME=records["TIME"][k] + (2.0 if kind == "dose 2 h late" else 12.0))
    if kind in ("sample 1 h late", "sample 12 h early"):
        by = 1.0 if kind == "sample 1 h late" else -12.0
        at = records["TIME"][j] + by
        return None if at <= records["TIME"].iloc[0] else _replaced(study, j, TIME=at)
    return study


def drawn(fit, truth, rng):
    """Return levels of one patient of the population under the true table, by ROW."""
    compiled = compile_individual(fit.model)
    data = compiled.data(events(truth))
    draws = fit.population_draws
    at = rng.integers(len(next(iter(draws.values())))) if draws else 0
    theta = {name: values[[at]] for name, values in draws.items()}
    z, u = rng.standard_normal((1, compiled.size(data))), rng.random((1, len(data["DV_data"])))
    y = np.maximum(compiled.measure(theta, z, data, u)[0], 0.0)
    return dict(zip(truth.levels["ROW"].tolist(), y.tolist(), strict=True))


def written(study, kind, levels, rng):
    """Return the table as it was written, with the slips in levels."""
    records = study.records.copy()
    where = study.levels.index
    records.loc[where, "DV"] = [levels[row] for row in study.levels["ROW"]]
    if kind in ("x10 unit slip", "/10 unit slip", "x1000 unit slip"):
        by = {"x10 unit slip": 10.0, "/10 unit slip": 0.1, "x1000 unit slip": 1000.0}[kind]
        positive = where[records.loc[where, "DV"] > 0]
        if positive.empty:
            return None
        records.loc[rng.choice(positive), "DV"] *= by
    if kind == "swapped samples":
        if len(where) < 2:
            return None
        a, b = rng.choice(where, 2, replace=False)
        records.loc[[a, b], "DV"] = records.loc[[b, a], "DV"].to_numpy()
    return replace(study, records=records)


@dataclass
class Found:
    """Counts of one kind of slip."""

    n: int = 0
    flagged: int = 0
    named: int = 0


def experiment(name, n, seed, *, alpha=ALPHA, names=True, kinds=KINDS, replicates=REPLICATES, say=None):
    """Return kind -> Found, over n patients; the tables of one design share their simulated patients."""
    rng = np.random.default_rng(seed)
    fit, designs = fit_and_designs(name, n, rng)
    compiled = compile_individual(fit.model)
    found = {kind: Found() for kind in kinds}
    for i, study in enumerate(designs):
        design = Design(compiled, fit.population_draws, None, alpha, 1000 * seed + i, replicates, replicates)
        own = design.reference(study)
        for kind in kinds:
            truth = truth_behind(study, kind, rng)
            table = None if truth is None else written(study, kind, drawn(fit, truth, rng), rng)
            if table is None:
                continue
            here = replace(own, data=compiled.data(events(table)))
            here.__dict__.update({k: own.__dict__[k] for k in _CACHED if k in own.__dict__})
            checks = judged(here, table, alpha)
            own.__dict__.update({k: here.__dict__[k] for k in _CACHED})
            flagged = any(flag.raised for flag in checks)
            found[kind].n += 1
            found[kind].flagged += flagged
            if flagged and names and kind != "clean":
                suspects = suspected(design, here, table, None)
                best = suspects[0] if suspects and suspects[0].p >= EXPLAINED else None
                found[kind].named += best is not None and best.kind == KINDS[kind]
        if say is not None and (i + 1) % 25 == 0:
            say(f"{i + 1} patients: " + ", ".join(f"{k} {v.flagged}/{v.n}" for k, v in found.items()))
    return found


_CACHED = ("simulated", "_sorted", "_smallest")  # they belong to the design, not to the levels


def main():
    """Print the table."""
    name, n, seed = ([*sys.argv[1:], *("phenobarbital", "300", "2")[len(sys.argv) - 1 :]])[:3]
    started = time.time()
    found = experiment(name, int(n), int(seed), say=lambda line: print(line, file=sys.stderr, flush=True))
    print(f"{name}, {n} patients, seed {seed}, {time.time() - started:.0f} s")
    print("| planted | tables | flagged | named rightly |")
    print("|---|---|---|---|")
    for kind, one in found.items():
        share = f"{one.flagged} ({100 * one.flagged / max(one.n, 1):.1f} %)"
        named = "" if kind == "clean" else f"{one.named} ({100 * one.named / max(one.n, 1):.0f} %)"
        print(f"| {kind} | {one.n} | {share} | {named} |")


if __name__ == "__main__":
    main()
