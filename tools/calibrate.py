"""Run simulation-based calibration, pin what it found, and write its page; run by ``make calibrate``.

With names as arguments only those are run: ``python tools/calibrate.py oral``; ``--page`` writes the
page alone. Finished replications are kept in .cache/calibration; an interrupted run goes on from them. They
count only while spec, code and versions are the same.
"""

import json
import sys
from pathlib import Path
from typing import Any

import bayesdose as bd
from bayesdose.validate import Calibration, calibrate

ROOT = Path(__file__).parents[1]
KEPT = ROOT / ".cache" / "calibration"
PAGE = ROOT / "docs" / "explanation" / "calibration.md"
FIGURES = {"calibration.png": "oral", "calibration_planted.png": "planted_variance"}
BEGIN, END = "<!-- results -->\n", "<!-- end of results -->"
HEAD = "| | data sets | quantities | smallest p | outside | fitted again | not converged | CPU min |\n"
sys.path.insert(0, str(ROOT / "tests"))

from populations.calibrated import CASES, PINNED, code_hash, design  # noqa: E402


def run(name: str, code: str) -> Calibration:
    """Run one case."""
    case, model, true_model = CASES[name], CASES[name].model(), CASES[name].true_model()
    study = bd.read_study(design(**case.design), model)
    KEPT.mkdir(parents=True, exist_ok=True)
    hashes = [one.hash[:8] for one in (model, true_model) if one is not None]
    return calibrate(
        model,
        study,
        replications=case.replications,
        seed=1,
        true_model=true_model,
        keep=KEPT / f"{'_'.join([name, *hashes, code[:8]])}.jsonl",
        say=lambda line: print(name, line, flush=True),
        **case.options,
    )


def pin(name: str, found: Calibration, code: str) -> None:
    """Write one case into the pinned file."""
    pinned = pinned_cases()
    plain = found.to_dict()
    plain["record"] = {**plain["record"], "design": CASES[name].design, "code": code}
    pinned[name] = plain
    lines = [f"{json.dumps(key)}: {json.dumps(pinned[key])}" for key in sorted(pinned)]
    PINNED.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def pinned_cases() -> dict[str, Any]:
    """Return what is pinned, by case."""
    return json.loads(PINNED.read_text(encoding="utf-8")) if PINNED.exists() else {}


def row(name: str, found: Calibration) -> str:
    """Return a case's row of the page's table."""
    table = found.verdict()
    outside = ", ".join(f"`{q}`" for q in table["quantity"][table["outside"]]) or "none"
    cells = (
        CASES[name].what,
        found.ranks.sizes["replication"],
        len(table),
        f"{p:.2g}" if (p := table["p"].min()) > 1e-12 else "< 1e-12",
        outside,
        found.repeated,
        found.unconverged,
        f"{found.fits['seconds'].sum() / 60:.0f}",
    )
    return f"| {' | '.join(map(str, cells))} |\n"


def write_page() -> None:
    """Write the page's table and figures from the pinned file."""
    found = {name: Calibration.from_dict(plain) for name, plain in pinned_cases().items()}
    table = "".join(row(name, found[name]) for name in CASES if name in found)
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    text = f"{before}{BEGIN}{HEAD}|---|---|---|---|---|---|---|---|\n{table}{END}{after}"
    PAGE.write_text(text, encoding="utf-8")
    for file, name in FIGURES.items():
        if name in found:
            bd.figure(found[name]).savefig(PAGE.parent / file, dpi=100)


def main() -> None:
    """Run the cases that are named, or all."""
    code, asked = code_hash(), sys.argv[1:]
    for name in [] if asked == ["--page"] else asked or CASES:
        found = run(name, code)
        pin(name, found, code)
        print(f"{name}\n{found}\n", flush=True)
    write_page()


if __name__ == "__main__":
    main()
