"""Populations of 50, 200 and 800 subjects, simulated at a known truth and fitted: time, memory, truth.

``python -m benchmarks.recovery SUBJECTS`` does one in this process and prints what it took as JSON.
"""

import ctypes
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from arviz_stats import ess

import bayesdose as bd
from bayesdose.fitting.nuts import compile_nuts
from bayesdose.model import Model, build
from bayesdose.study import Study
from benchmarks.fresh import ROOT, high_water
from benchmarks.kernel import least_seconds
from benchmarks.populations import made_by
from benchmarks.rows import Row

SUBJECTS = (50, 200, 800)
ORAL = made_by("oral")
SEED = 2
"""Of the simulation. With 1, the first 200 subjects happen to have a mean log ka 3.5 standard errors low."""


def fitted(subjects: int) -> dict[str, Any]:
    """Fit one population: what it took, in this process."""
    model, study = ORAL.population(subjects, SEED)
    before: dict[str, float] = {}

    def say(step: str) -> None:
        if step == "sample":
            before["compiling"] = high_water()
            Path("/proc/self/clear_refs").write_text("5")  # forget that peak
            before["sampling"] = high_water()

    fit = bd.fit(model, study, seed=1, centred=ORAL.CENTRED, progress=False, say=say)
    peak = high_water()
    posterior = fit.posterior["posterior"].to_dataset()
    draws = {name: posterior[name].to_numpy() for name in ORAL.TRUTH}
    far = {name: (x.mean() - ORAL.TRUTH[name]) / x.std() for name, x in draws.items()}
    worst = max(far, key=lambda name: abs(far[name]))
    least = min(float(ess(x)) for x in draws.values())
    cpu = fit.provenance["seconds"]["sample_cpu"]
    return {
        "subjects": subjects,
        "levels": int(study.is_level.sum()),
        "cpu": cpu,
        "compile": fit.provenance["seconds"]["compile_cpu"],
        "gradient": gradient_us(model, study),
        "ess": least,
        "rate": least / cpu,
        "peak": max(peak, before["compiling"]) / 1e6,
        "above": (peak - before["sampling"]) / 1e6,
        "trace": posterior.nbytes / 1e6,
        "far": abs(far[worst]),
        "worst": worst,
        "steps": float(fit.posterior["sample_stats"]["n_steps"].mean()),
        "passed": bool(fit.check().passed),
    }


def gradient_us(model: Model, study: Study) -> float:
    """Return the least time of the density with its gradient, as the sampler calls it (us)."""
    nuts = compile_nuts(build(model, study, centred=frozenset(ORAL.CENTRED)), frozen=True)
    address = ctypes.c_void_p
    call = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_uint64, address, address, address, address)
    x = np.ascontiguousarray(nuts.initial_point_func(1))
    slope, density = np.empty(nuts.n_dim), np.empty(1)
    pointers = [array.ctypes.data for array in (x, slope, density, nuts.user_data)]
    function = call(nuts.compiled_logp_func.address)
    if function(nuts.n_dim, *pointers) != 0 or not np.isfinite(density[0]):
        raise RuntimeError(f"the density is {density[0]}")
    return 1e6 * least_seconds(lambda: function(nuts.n_dim, *pointers))


def in_fresh_process(subjects: int) -> dict[str, Any]:
    """Fit one population in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.recovery", str(subjects)]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def rows() -> list[Row]:
    """Return the table's rows."""
    found = [in_fresh_process(n) for n in SUBJECTS]
    made = [row for one in found for row in of_population(one)]
    slope = np.polyfit(np.log(SUBJECTS), np.log([one["gradient"] for one in found]), 1)[0]
    exponent = Row(
        f"growth of a gradient's time with subjects, {SUBJECTS[0]} to {SUBJECTS[-1]}",
        f"subjects^{slope:.2f}",
        "1 (linear)",
        "least squares through the three, on logs",
    )
    return [*made, exponent]


def of_population(one: dict[str, Any]) -> list[Row]:
    """Say what one fit took, and how far it is from the truth."""
    who = f"{one['subjects']} subjects, {one['levels']} levels"
    fails = "" if one["passed"] else "; a check of convergence fails"
    return [
        Row(
            f"{who}: sampling",
            f"{one['cpu']:.1f} CPU s",
            "",
            f"oral, one compartment, centred; 4 chains x (1000 + 1000), {one['steps']:.0f} steps a draw; "
            f"compiling {one['compile']:.1f} CPU s",
        ),
        Row(
            f"{who}: 1,000 gradients",
            f"{one['gradient'] / 1e3:.4f} s",
            "",
            f"{1e3 * one['gradient'] / one['levels']:.0f} ns a level, least of repeated calls",
        ),
        Row(
            f"{who}: min bulk ESS",
            f"{one['ess']:.0f}, {one['rate']:.0f} per CPU s",
            "",
            f"over theta, omega, sigma{fails}",
        ),
        Row(
            f"{who}: memory at its peak",
            f"{one['peak']:.0f} MB",
            "",
            f"sampling adds {one['above']:.0f} MB to what compiling left; the draws kept are "
            f"{one['trace']:.0f} MB",
        ),
        Row(
            f"{who}: furthest from the truth",
            f"{one['far']:.1f} posterior SDs",
            "< 3",
            f"{one['worst']}; truth in tests/populations/oral.py, priors in the spec of theophylline",
        ),
    ]


if __name__ == "__main__":
    print(json.dumps(fitted(int(sys.argv[1]))))
