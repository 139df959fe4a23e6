"""Save a fit, or finished chains, killed at each operation on files in turn, and print what was left.

Run as ``killed_saves.py FOLDER``: a process of its own, because it forks.
"""

import json
import os
import sys
from pathlib import Path

from fitting.kills import accepted, die, on_files

import bayesdose as bd
from bayesdose.fitting.kept import claim, kept_chains, put_chains


def killed_at(n, folder, work):
    """Do the work in a child that dies at its n-th operation on files; return whether it got that far."""
    child = os.fork()
    if child == 0:
        on_files(folder, lambda count: die() if count == n else None)
        work()
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def saves(folder, fit, seeds):
    """Save fits with these seeds, each killed one operation later; return the seed found each time."""
    found, kills = [], 0
    for seed in seeds:
        own = bd.Fit(fit.model, fit.posterior, {**fit.provenance, "seed": seed})
        kills += 1
        died = killed_at(kills, folder, lambda own=own: own.save(folder / "fit"))
        draws = fit.posterior["posterior"].sizes["draw"]
        accepted(folder / "fit", draws)
        try:
            found.append(bd.load_fit(folder / "fit").provenance["seed"])
        except bd.InputError:
            found.append(None)
        if not died:
            break
    return {"found": found, "kills": kills - 1}


def chains(folder, fit):
    """Keep finished chains, killed at each operation in turn; return how many were found each time."""
    found, kills = [], 0
    while True:
        kills += 1
        died = killed_at(kills, folder, lambda: put_chains(claim(folder, b"fit"), range(2), fit.posterior))
        kept = kept_chains(claim(folder, b"fit"), range(2))
        found.append(None if kept is None else kept["posterior"].equals(fit.posterior["posterior"]))
        for path in folder.glob("chains-*"):
            path.unlink()
        if not died:
            return {"found": found, "kills": kills - 1}


def main():
    """Kill all, and print."""
    folder, fit = Path(sys.argv[1]), bd.load_fit("theophylline")
    (folder / "new").mkdir()
    (folder / "again").mkdir()
    fit.save(folder / "again" / "fit")
    told = {
        "new": saves(folder / "new", fit, range(1000, 1100)),
        "again": saves(folder / "again", fit, range(1000, 1100)),
        "chains": chains(folder / "chains", fit),
        "left": sorted(path.name for path in folder.glob("*/.fit-*")),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
