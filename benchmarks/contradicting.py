"""Patients of the library's models, some against the population's centre: time, and what made the draws."""

import time
import warnings
from statistics import median

import bayesdose as bd
from benchmarks.populations import made_by
from benchmarks.rows import Row

MODELS = (
    "tobramycin_hennig2013",
    "mercaptopurine_hawwa2008",
    "synthetic_tmdd_mm",
    "voriconazole_friberg2012",
)
PATIENTS = 40


def rows() -> list[Row]:
    """Return the table's rows, one a model."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return [row(name) for name in MODELS]


def row(name: str) -> Row:
    """Condition 40 patients drawn from a model's own population, after one that compiles."""
    fit = bd.load_fit(name)
    made = list(made_by("checked").patients(fit, range(PATIENTS)))
    bd.condition(fit, made[0][1].now, seed=0)
    seconds, methods = [], []
    for i, patient in made:
        started = time.process_time()
        methods.append(_method(fit, patient.now, i))
        seconds.append(time.process_time() - started)
    further, tempered, refused = (methods.count(m) for m in ("rounds", "tempered SMC", "refused"))
    how = f"CPU, warm; {further} took more rounds, {tempered} tempered SMC, {refused} refused"
    value = f"median {1e3 * median(seconds):.0f} ms, longest {1e3 * max(seconds):.0f} ms"
    return Row(f"condition, {PATIENTS} patients of {name}", value, "", how)


def _method(fit: bd.Fit, patient: bd.Study, seed: int) -> str:
    try:
        found = bd.condition(fit, patient, seed=seed).diagnostics
    except bd.Refused:
        return "refused"
    return "rounds" if found.method == "importance sampling" and found.rounds > 1 else found.method
