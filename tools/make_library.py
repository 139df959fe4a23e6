"""Make what the model library stores: prior draws, worked patients, figures; run by ``make library``.

With names as arguments only those are made: ``python tools/make_library.py vancomycin_goti2018``.
"""

import json
import sys
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np

import bayesdose as bd
from bayesdose.case import WorkedPatient, worked_patient
from bayesdose.model import Model, shipped_models

ROOT = Path(__file__).parents[1]
FITS, WORKED, PAGES = ROOT / "fits", ROOT / "tests" / "library" / "worked.json", ROOT / "docs" / "models"
DRAWS, SEED, TIMES = 1000, 1, 80


def make(name: str) -> dict[str, object]:
    """Store the prior draws and the figure of one spec, and return what its worked patient is given."""
    model = bd.load_model(name)
    place = bd.prior_fit(model, seed=SEED, draws=DRAWS).save(FITS / name, slim=True)
    worked = worked_patient(bd.load_fit(place, model), seed=SEED)
    draw(model, worked, PAGES / f"{name}.png")
    print(name, "|", worked.before.choice.best, "|", worked.after.choice.best, flush=True)
    return worked.to_dict()


def draw(model: Model, worked: WorkedPatient, path: Path) -> None:
    """Draw the outcome's course under the best option, before the levels and after them, with 90 % bands."""
    _, arguments = next(iter(model.card.worked.outcomes.values()))
    endpoint = model.card.endpoint(arguments.get("dvid", 1))
    figure, axes = plt.subplots(1, 2, figsize=(8, 2.8), sharey=True, layout="constrained")
    for axis, decided, title in zip(
        axes, (worked.before, worked.after), ("a priori", "a posteriori"), strict=True
    ):
        best = decided.choice.best
        if best == "no treatment":
            best = str(decided.outcome["option"].values[1])
        options = bd.regimens(best, after=decided.me.patient, current=False)
        times = np.linspace(options.start, options.horizon, TIMES)
        metric = bd.concentration_at(times[:-1], dvid=arguments.get("dvid", 1))
        values = bd.simulate(decided.me, options, {"c": metric}).c.isel(option=-1)
        low, middle, high = np.quantile(values, [0.05, 0.5, 0.95], axis=0)
        axis.fill_between(times[:-1], low, high, alpha=0.25, lw=0)
        axis.plot(times[:-1], middle)
        axis.set_title(f"{title}: {best}", fontsize=7)
        axis.set_xlabel(f"time ({model.card.units.time})", fontsize=8)
    axes[0].set_ylabel(f"{endpoint.name} ({endpoint.unit})" if endpoint.unit else endpoint.name, fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=80)
    plt.close(figure)


def main() -> None:
    """Make the specs that are named, or all of the library."""
    mpl.use("Agg")
    library = [name for name in shipped_models() if bd.load_model(name).card.evidence is not None]
    stored = json.loads(WORKED.read_text(encoding="utf-8")) if WORKED.exists() else {}
    for name in sys.argv[1:] or library:
        stored[name] = make(name)
        kept = {key: stored[key] for key in sorted(stored) if key in library}
        WORKED.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
