"""Make what the model library stores, prior draws and worked patients; run by ``make library``.

With names as arguments only those are made: ``python tools/make_library.py vancomycin_goti2018``.
"""

import json
import sys
from pathlib import Path

import bayesdose as bd
from bayesdose.case import worked_patient
from bayesdose.model import shipped_models

ROOT = Path(__file__).parents[1]
FITS, WORKED = ROOT / "fits", ROOT / "tests" / "library" / "worked.json"
DRAWS, SEED = 1000, 1


def make(name: str) -> dict[str, object]:
    """Store the prior draws of one spec, and return what its worked patient is given."""
    model = bd.load_model(name)
    place = bd.prior_fit(model, seed=SEED, draws=DRAWS).save(FITS / name, slim=True)
    worked = worked_patient(bd.load_fit(place, model), seed=SEED)
    print(name, "|", worked.before.choice.best, "|", worked.after.choice.best, flush=True)
    return worked.to_dict()


def main() -> None:
    """Make the specs that are named, or all of the library."""
    library = [name for name in shipped_models() if bd.load_model(name).card.evidence is not None]
    stored = json.loads(WORKED.read_text(encoding="utf-8")) if WORKED.exists() else {}
    for name in sys.argv[1:] or library:
        stored[name] = make(name)
        kept = {key: stored[key] for key in sorted(stored) if key in library}
        WORKED.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
