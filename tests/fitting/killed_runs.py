"""Running a fit in a process of its own and killing it (kill -9) at a moment that a seed draws."""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from arviz_stats import ess
from fitting.kills import accepted, sealed_chains

import bayesdose

PROGRAM = Path(__file__).with_name("killed_fit.py")
TESTS = Path(__file__).parents[1]
PATIENCE = 600.0  # seconds


@dataclass(frozen=True)
class Attempt:
    """One run of the fit: how it was to be killed, whether it was, what it had said by then, what it left."""

    how: str
    killed: bool
    said: tuple[str, ...]
    chains: int
    fits: tuple[str, ...]
    seconds: float


def start(folder, settings, *more):
    """Start the fit in a process of its own; what it says goes to a file."""
    home = Path(bayesdose.__file__).parents[1]
    path = os.pathsep.join([str(TESTS), str(home)])
    command = [sys.executable, str(PROGRAM), str(folder), json.dumps(settings), *map(str, more)]
    with (folder.parent / "said").open("w") as said:
        return subprocess.Popen(command, stdout=said, env=os.environ | {"PYTHONPATH": path}, cwd=home)


def attempt(folder, settings, how, amount):
    """Run the fit once and kill it.

    Parameters
    ----------
    folder, settings
        Where it works; arguments of `bayesdose.fit`.
    how
        "time": `amount` seconds after it began; "writing": so many seconds after a file of chains or of the
        fit begins to be written; "files": at its `amount`-th operation on files; "never".
    """
    began, before = time.monotonic(), unfinished(folder)
    process = start(folder, settings, *([int(amount)] if how == "files" else ()))
    if how == "time":
        _wait(process, lambda: _said(folder), amount)
    elif how == "writing":
        _wait(process, lambda: unfinished(folder) - before, amount)
    if how in ("time", "writing") and process.poll() is None:
        process.kill()
    code = process.wait(timeout=PATIENCE)
    assert code in (0, -9), code
    return Attempt(
        how,
        code == -9,
        _said(folder),
        len(sealed_chains(folder / "kept")),
        tuple(accepted(folder / "fit", settings["draws"])),
        time.monotonic() - began,
    )


def _wait(process, what, seconds):
    """Wait until `what` says something, and then so many seconds more, or until the process ends."""
    until = time.monotonic() + PATIENCE
    while not what() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.0005)
    until = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < until:
        time.sleep(0.0005)


def _said(folder):
    return tuple((folder.parent / "said").read_text().split())


def unfinished(folder):
    """Return what is being written in a folder, or was when its process was killed."""
    return {*folder.glob("kept/.chains-*.part"), *folder.glob(".fit-*")}


def furthest(one, other):
    """Return the population variable whose means differ most, and by how many standard errors (of both)."""
    z = {}
    for name in one.population:
        a, b = (fit.posterior["posterior"][name] for fit in (one, other))
        error = np.sqrt(sum(float(x.var()) / float(ess(x)) for x in (a, b)))
        z[name] = abs(float(a.mean()) - float(b.mean())) / error
    return max(z.items(), key=lambda item: item[1])
