"""Run simulation-based calibration and pin what it found; run by ``make calibrate``.

With names as arguments only those are run: ``python tools/calibrate.py oral censored``. Finished replications
are kept in .cache/calibration, and an interrupted run goes on from them; they count only while spec, code and
versions are the same.
"""

import json
import sys
from pathlib import Path

import bayesdose as bd
from bayesdose.validate import Calibration, calibrate

ROOT = Path(__file__).parents[1]
KEPT = ROOT / ".cache" / "calibration"
sys.path.insert(0, str(ROOT / "tests"))

from populations.calibrated import CASES, PINNED, code_hash, design  # noqa: E402


def run(name: str) -> Calibration:
    """Run one case."""
    case, model, true_model = CASES[name], CASES[name].model(), CASES[name].true_model()
    study = bd.read_study(design(**case.design), model)
    KEPT.mkdir(parents=True, exist_ok=True)
    hashes = [h.hash[:8] for h in (model, true_model) if h is not None]
    return calibrate(
        model,
        study,
        replications=case.replications,
        seed=1,
        true_model=true_model,
        keep=KEPT / f"{'_'.join([name, *hashes, code_hash()[:8]])}.jsonl",
        say=lambda line: print(name, line, flush=True),
        **case.options,
    )


def pin(name: str, found: Calibration, code: str) -> None:
    """Write one case into the pinned file."""
    pinned = json.loads(PINNED.read_text(encoding="utf-8")) if PINNED.exists() else {}
    plain = found.to_dict()
    plain["record"] = {**plain["record"], "design": CASES[name].design, "code": code}
    pinned[name] = plain
    lines = [f"{json.dumps(key)}: {json.dumps(pinned[key])}" for key in sorted(pinned)]
    PINNED.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def main() -> None:
    """Run the cases that are named, or all."""
    code = code_hash()
    for name in sys.argv[1:] or CASES:
        found = run(name)
        pin(name, found, code)
        print(f"{name}\n{found}\n", flush=True)


if __name__ == "__main__":
    main()
