"""Fit neonates, keeping finished chains, and store the fit: what the tests of SIGKILL run and kill.

Run as ``killed_fit.py FOLDER SETTINGS [N]``: with N it kills itself at its N-th operation on files in FOLDER.
"""

import json
import sys
from pathlib import Path

from fitting.kills import die, on_files

import bayesdose as bd
from bayesdose.fitting import release

SUBJECTS = 24


def neonates(model):
    """Return the first neonates: a fit of them takes seconds."""
    study = bd.read_study(bd.data_path("phenobarbital"), model)
    return study.select(list(study.ids[:SUBJECTS]))


def main():
    """Fit, save, and let go of the chains."""
    folder, settings = Path(sys.argv[1]), json.loads(sys.argv[2])
    if len(sys.argv) > 3:
        last = int(sys.argv[3])
        on_files(folder, lambda count: die() if count == last else None)
    model = bd.load_model("phenobarbital")
    print("began", flush=True)
    fit = bd.fit(
        model,
        neonates(model),
        keep=folder / "kept",
        progress=False,
        say=lambda step: print(step, flush=True),
        **settings,
    )
    print("save", flush=True)
    fit.save(folder / "fit")
    release(folder / "kept")
    print("done", flush=True)


if __name__ == "__main__":
    main()
