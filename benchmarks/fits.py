"""Effective draws per processor second of both fits, against the same model in plain PyMC."""

import time

import numpy as np
import nutpie
from arviz_stats import ess

import bayesdose as bd
from benchmarks.plain import MODELS
from benchmarks.rows import Row

SEEDS = (1, 2, 3)


def population(name: str) -> list[str]:
    """Return the names of theta, omega and sigma."""
    return [v for v in (rv.name for rv in MODELS[name]().free_RVs) if v != "z"]


def least_ess(trace, names) -> float:
    """Return the smallest bulk ESS over the population variables."""
    return min(float(ess(trace["posterior"][name])) for name in names)


def ours(name: str, centred=()) -> list[float]:
    """Fit with bayesdose: ESS per sampling CPU second, a seed each."""
    model = bd.load_model(name)
    study = bd.read_study(bd.data_path(name), model)
    rates = []
    for seed in SEEDS:
        fit = bd.fit(model, study, seed=seed, centred=centred, progress=False)
        rates.append(least_ess(fit.posterior, population(name)) / fit.provenance["seconds"]["sample_cpu"])
    return rates


def plain(name: str) -> list[float]:
    """Sample the hand-written model with nutpie and the same settings."""
    compiled = nutpie.compile_pymc_model(MODELS[name](), backend="numba")
    rates = []
    for seed in SEEDS:
        start = time.process_time()
        trace = nutpie.sample(
            compiled, draws=1000, tune=1000, chains=4, seed=seed, target_accept=0.9, progress_bar=False
        )
        rates.append(least_ess(trace, population(name)) / (time.process_time() - start))
    return rates


def rows() -> list[Row]:
    """Return the table's rows."""
    made = []
    for name, centred in (("phenobarbital", ()), ("theophylline", ("CL", "V", "ka"))):
        theirs, mine = plain(name), ours(name)
        found = [("plain PyMC graph, nutpie", theirs), ("bayesdose", mine)]
        if centred:
            found.append(("bayesdose, centred", ours(name, centred)))
        for who, rates in found:
            spread = ", ".join(f"{r:.0f}" for r in rates)
            ratio = np.median(rates) / np.median(theirs)
            made.append(
                Row(
                    f"{name}: {who}",
                    f"{np.median(rates):.0f} ESS per sampling CPU s (seeds: {spread})",
                    "" if rates is theirs else f"{ratio:.2f} x plain",
                    "4 chains x (1000 + 1000), min bulk ESS over theta, omega, sigma",
                )
            )
    return made
