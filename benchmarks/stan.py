"""Stan on the shipped models: the same priors and data, written as somebody who knows Stan would.

Stan is no dependency of this project. Its headers and its compiler come from a wheel of httpstan (what PyStan
stands on), unpacked into .tools/stan on first use; a C++ compiler must be there. A chain is a process of
its own, as with CmdStan, and its processor time is that of the process: reading the data (milliseconds),
warming up, sampling, writing the draws of the parameters.
"""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from itertools import batched
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

import bayesdose as bd
from benchmarks.plain import pairs

ROOT = Path(__file__).parents[1]
SOURCES = Path(__file__).parent / "stan_programs"
FOLDER = ROOT / ".tools" / "stan-2.39"
PACKAGE = FOLDER / "httpstan"
PROGRAMS = {
    "phenobarbital": ("phenobarbital", "phenobarbital_centred"),
    "theophylline": ("theophylline", "theophylline_centred"),
}
"""Non-centred, centred."""
ETAS = {"phenobarbital": ("CL", "V"), "theophylline": ("CL", "V", "ka")}
CENTRES = {
    "phenobarbital": {"log_theta": [-5.0, 0.6], "omega": [1.0, 1.0], "sigma": 0.5},
    "theophylline": {"log_theta": [1.0, 3.5, 0.5], "omega": [1.0, 1.0, 1.0], "sigma": 2.0},
}
"""Where chains start: as those of bayesdose, at the centres of the priors, individuals within 1 of them."""
OPTIONS = (
    "-O3", "-march=native", "-std=c++17", "-w", "-DBOOST_DISABLE_ASSERTS", "-D_REENTRANT",
    "-D_GLIBCXX_USE_CXX11_ABI=0",
)  # fmt: skip


class NoStanError(Exception):
    """Stan cannot be had here; the message says why."""


@dataclass(frozen=True)
class Run:
    """The draws of the population variables (chain, draw) by the names they have here, and CPU seconds."""

    draws: dict[str, np.ndarray]
    cpu: float
    leapfrogs: float
    divergences: int


@cache
def ready() -> None:
    """Unpack Stan into its folder, unless it is there."""
    if shutil.which("g++") is None:
        raise NoStanError("there is no g++")
    if (PACKAGE / "stanc").exists():
        return
    uv = subprocess.run(["tools/bootstrap.sh", "uv"], cwd=ROOT, capture_output=True, text=True, check=True)
    command = [ROOT / uv.stdout.strip(), "pip", "install", "--quiet", "--target", FOLDER, "--no-deps"]
    command += ["--python", sys.executable, "--python-version", "3.12", "--only-binary", ":all:"]
    done = subprocess.run([*command, "--require-hashes", "-r", SOURCES / "requirements.txt"], cwd=ROOT)
    if done.returncode:
        raise NoStanError("the wheel of httpstan cannot be had")
    (PACKAGE / "stanc").chmod(0o755)


@cache
def program(name: str) -> Path:
    """Compile a program (minutes), unless that has been done, and return it."""
    ready()
    texts = [(SOURCES / file).read_bytes() for file in (f"{name}.stan", "main.cpp")]
    digest = sha256(b"\0".join([*texts, " ".join((*OPTIONS, str(PACKAGE))).encode()])).hexdigest()[:12]
    made, header = FOLDER / f"{name}-{digest}", FOLDER / f"{name}-{digest}.hpp"
    if made.exists():
        return made
    stanc = [PACKAGE / "stanc", "--O1", "--name=stan_model", f"--o={header}", SOURCES / f"{name}.stan"]
    subprocess.run(stanc, check=True)
    compiler = ["g++", *OPTIONS, f'-DSTAN_MODEL="{header}"', f"-I{PACKAGE / 'include'}", SOURCES / "main.cpp"]
    compiler += ["-o", f"{made}.part", f"-L{PACKAGE / 'lib'}", "-ltbb", f"-Wl,-rpath,{PACKAGE / 'lib'}"]
    subprocess.run(compiler, check=True)
    return Path(f"{made}.part").rename(made)


def data(name: str) -> dict:
    """Return a shipped table as the programs want it: levels, and pairs of a level and an earlier dose."""
    d = pairs(pd.read_csv(bd.data_path(name), na_values="."))
    levels = len(d["DV"])
    return {
        "subjects": len(d["WT"]),
        "levels": levels,
        "pairs": len(d["dt"]),
        "subject": (d["subject"] + 1).tolist(),
        "pair_subject": (d["subject"][d["level"]] + 1).tolist(),
        "pair": list(range(1, len(d["dt"]) + 1)),
        "first": (np.searchsorted(d["level"], np.arange(levels + 1)) + 1).tolist(),
        **{key: np.asarray(d[key], dtype=float).tolist() for key in ("dt", "amount", "DV", "WT")},
    }


def start(name: str, rng: np.random.Generator, subjects: int) -> dict:
    """Return where one chain starts; it serves both parametrisations."""
    centre = CENTRES[name]
    z = rng.uniform(-1.0, 1.0, (subjects, len(ETAS[name])))
    centred = {f"log_{eta}": (centre["log_theta"][k] + z[:, k]).tolist() for k, eta in enumerate(ETAS[name])}
    return {**centre, "z": z.tolist(), **centred}


def sample(name: str, which: str, seed: int, draws: int = 1000, tune: int = 1000) -> Run:
    """Sample four chains of a program, as many at a time as there are cores."""
    made, given, rng = program(which), data(name), np.random.default_rng(seed)
    cpu, tables = 0.0, []
    with TemporaryDirectory() as folder:
        inside = Path(folder)
        (inside / "data.json").write_text(json.dumps(given))
        for group in batched(range(1, 5), os.cpu_count() or 1):
            running = []
            for chain in group:
                (inside / f"{chain}.json").write_text(json.dumps(start(name, rng, given["subjects"])))
                settings = [seed, chain, draws, tune, 0.9, inside / f"{chain}.csv"]
                command = [made, inside / "data.json", inside / f"{chain}.json", *map(str, settings)]
                running.append(subprocess.Popen(command, stderr=subprocess.DEVNULL))
            cpu += sum(_ended(process) for process in running)
            tables += [pd.read_csv(inside / f"{chain}.csv", comment="#") for chain in group]
    columns = {f"theta_{eta}": f"log_theta.{k}" for k, eta in enumerate(ETAS[name], 1)}
    columns |= {f"omega_{eta}": f"omega.{k}" for k, eta in enumerate(ETAS[name], 1)} | {"sigma": "sigma"}
    found = {ours: np.stack([t[theirs].to_numpy() for t in tables]) for ours, theirs in columns.items()}
    every = pd.concat(tables)
    return Run(found, cpu, float(every["n_leapfrog__"].mean()), int(every["divergent__"].sum()))


def _ended(process: subprocess.Popen) -> float:
    """Wait for a chain; return its processor time."""
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"Stan ended with {process.returncode}: {process.args}")
    return used.ru_utime + used.ru_stime
