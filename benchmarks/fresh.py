"""Jobs that need a process of their own: what is compiled or read from disk, peak memory.

``python -m benchmarks.fresh JOB`` does one and prints what it took as JSON.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import bayesdose as bd
from bayesdose.model import Model, build
from bayesdose.study import Study

ROOT = Path(__file__).parents[1]


def in_fresh_process(job: str, cache: Path | None = None) -> dict[str, float]:
    """Do a job in a new process, with its compile caches in a folder of their own if one is given."""
    env = dict(os.environ)
    if cache is not None:
        flags = [env.get("PYTENSOR_FLAGS", ""), f"base_compiledir={cache / 'pytensor'}"]
        env |= {"PYTENSOR_FLAGS": ",".join(filter(None, flags)), "NUMBA_CACHE_DIR": str(cache / "numba")}
    command = [sys.executable, "-m", "benchmarks.fresh", job]
    done = subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def spent(call: Callable[[], object]) -> dict[str, float]:
    """Return what a call took, and what the process had taken before it: imports and reading files."""
    before, start = _cpu(), time.perf_counter()
    call()
    return {"cpu": _cpu() - before, "wall": time.perf_counter() - start, "before": before}


def _cpu() -> float:
    """Return the processor time of this process and its children, such as a C compiler."""
    return sum(os.times()[:4])


def peak(call: Callable[[], object]) -> float:
    """Return by how much a call raises the memory of the process at its peak (GB); nan where it cannot tell.

    Linux only. `getrusage` would not do: a process starts with the peak of the one that started it.
    """
    try:
        Path("/proc/self/clear_refs").write_text("5")  # forget earlier peaks
        before = high_water()
        call()
        return (high_water() - before) / 1e9
    except OSError:
        return float("nan")


def high_water() -> int:
    """Return the peak of the resident memory (bytes)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def phenobarbital() -> dict[str, float]:
    """Value and gradient of the phenobarbital declaration."""
    model = bd.load_model("phenobarbital")
    return gradient(model, bd.read_study(bd.data_path("phenobarbital"), model))


def michaelis_menten() -> dict[str, float]:
    """Value and gradient of a declaration with a system of differential equations."""
    from benchmarks.populations import designed

    return gradient(*designed("michaelis_menten"))


def gradient(model: Model, study: Study) -> dict[str, float]:
    """Declare, compile the density with its gradient, and call it once."""

    def job() -> None:
        made = build(model, study)
        f = made.logp_dlogp_function(ravel_inputs=True, mode="NUMBA")
        point = made.initial_point()
        value, _ = f(np.concatenate([np.ravel(point[v.name]) for v in made.continuous_value_vars]))
        if not np.isfinite(value):
            raise RuntimeError(f"the density is {value}")

    return spent(job)


def nuts() -> dict[str, float]:
    """Compile the phenobarbital declaration for NUTS."""
    from bayesdose.fitting.nuts import compile_nuts

    model = bd.load_model("phenobarbital")
    study = bd.read_study(bd.data_path("phenobarbital"), model)
    return spent(lambda: compile_nuts(build(model, study), frozen=True))


def condition() -> dict[str, float]:
    """Condition the stored fit of phenobarbital on a neonate."""
    from benchmarks.individual import neonate

    fit, patient = neonate()
    verb = bd.condition  # loads what it needs
    return spent(lambda: verb(fit, patient, seed=2))


def simulate() -> dict[str, float]:
    """Simulate options for a neonate: processor time, and memory of the first call."""
    from benchmarks.individual import simulation
    from benchmarks.rows import cpu_seconds

    me, options, times = simulation()

    def job() -> object:
        return bd.simulate(me, options, {"at": bd.concentration_at(times)})

    extra = peak(job)
    return {"cpu": cpu_seconds(job, repeats=3), "peak": extra}


JOBS = {job.__name__: job for job in (phenobarbital, michaelis_menten, nuts, condition, simulate)}

if __name__ == "__main__":
    print(json.dumps(JOBS[sys.argv[1]]()))
