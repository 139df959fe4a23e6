"""Twenty kills (SIGKILL) at random moments of a fit: nothing corrupt is accepted, the posterior is right."""

import numpy as np
import pytest
from fitting.killed_fit import neonates
from fitting.killed_runs import attempt, furthest

import bayesdose as bd

SETTINGS = {"seed": 5, "draws": 2000, "tune": 1000, "chains": 4}
KILLS = 20
pytestmark = pytest.mark.calibration


def how_to_kill(rng, seconds):
    """Draw how a run is killed: at any moment, while a file is written, or at an operation on files."""
    how = str(rng.choice(["time", "writing", "files"], p=[0.4, 0.35, 0.25]))
    amounts = {
        "time": rng.uniform(0, seconds),
        "writing": rng.exponential(0.1),
        "files": rng.integers(1, 45),
    }
    return str(how), float(amounts[str(how)])


def _enough(runs):
    """Twenty kills, some of them after chains were kept and while the fit was saved."""
    kills = [run for run in runs if run.killed]
    saving = any(run.said[-1:] == ("save",) for run in kills)
    return len(kills) >= KILLS and saving and any(run.chains for run in kills)


def test_twenty_kills(tmp_path):
    folder, rng = tmp_path / "work", np.random.default_rng(20)
    folder.mkdir()
    model = bd.load_model("phenobarbital")
    undisturbed = bd.fit(model, neonates(model), progress=False, **SETTINGS)
    whole = attempt(folder, SETTINGS, "never", 0)
    assert whole.said[-1] == "done"
    (folder / "fit").rename(tmp_path / "first")
    runs, worst = [], [("whole", *furthest(bd.load_fit(tmp_path / "first"), undisturbed))]
    while not _enough(runs):
        run = attempt(folder, SETTINGS, *how_to_kill(rng, whole.seconds))
        runs.append(run)
        print(run, flush=True)
        if not run.killed:
            worst.append(("again", *furthest(bd.load_fit(folder / "fit"), undisturbed)))
    last = attempt(folder, SETTINGS, "never", 0)
    assert last.said[-1] == "done"
    assert not (folder / "kept").exists()
    assert [path.name for path in folder.iterdir()] == ["fit"]
    worst.append(("last", *furthest(bd.load_fit(folder / "fit"), undisturbed)))
    print(*worst, sep="\n")
    assert max(z for *_, z in worst) < 4  # five variables, a handful of comparisons
