"""Killing a process at one of its operations on files, and what it left behind."""

import os
import signal
import sys
from pathlib import Path

import numpy as np

import bayesdose as bd
from bayesdose.errors import InputError
from bayesdose.fitting import complete
from bayesdose.fitting.kept import seal

FILES = ("open", "os.", "shutil.", "tempfile.", "pathlib.")


def on_files(folder, act):
    """Call `act(count)` at every operation of this process on files in `folder`, before it happens."""
    place, count = str(folder), 0

    def hook(event, arguments):
        nonlocal count
        if event.startswith(FILES) and any(place in str(a) for a in arguments if isinstance(a, str | Path)):
            count += 1
            act(count)

    sys.addaudithook(hook)


def die(*_):
    """End this process as kill -9 does."""
    os.kill(os.getpid(), signal.SIGKILL)


def accepted(folder, draws, model=None):
    """Load every fit in a folder and beside it; return those accepted, all of them whole.

    Anything but an InputError, which says why a folder is refused, ends the test.
    """
    fits = {}
    for place in [folder, *folder.parent.glob(f".{folder.name}-*")]:
        try:
            fit = bd.load_fit(place, model)
        except InputError:
            continue
        group = fit.posterior["posterior"]
        assert complete(fit)
        assert group.sizes["draw"] == draws
        assert all(np.isfinite(group[name].to_numpy()).all() for name in fit.population)
        fits[place.name] = fit
    return fits


def sealed_chains(folder):
    """Return the files of finished chains that their seal lets pass."""
    files = folder.glob("chains-*.nc") if folder.is_dir() else ()
    return [path for path in files if seal(path) == path.stem.rpartition("-")[2]]
