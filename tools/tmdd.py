"""Compare three declarations of one target-mediated drug: table and figure of docs/explanation/tmdd.md."""

from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import bayesdose as bd

PAGE = Path(__file__).parents[1] / "docs" / "explanation" / "tmdd.md"
FORMS = ("full", "qss", "mm")
SITUATIONS = {"drug in excess": (600, 1.0), "target in excess": (30, 50.0)}  # dose (nmol), target (nmol/L)
DAYS = (0.1, 1.0, 3.0, 7.0, 14.0, 28.0, 42.0, 56.0)
GRID = np.geomspace(0.01, 56.0, 120)
BEGIN, END = "<!-- table: tools/tmdd.py -->", "<!-- end of table -->"


def course(form: str, dose: float, target: float, times: np.ndarray) -> np.ndarray:
    """Return the typical patient's free drug after one dose, nmol/L, at times in days.

    Parameters
    ----------
    form
        "full", "qss" or "mm".
    dose, target
        The dose, nmol, and the free target before it, nmol/L.
    times
        Days after the dose.
    """
    model = bd.load_model(f"synthetic_tmdd_{form}")
    row = {"ID": "1", "TIME": [0.0], "AMT": [0.0], "DV": [None], "EVID": [2], "TARGET": target}
    patient = bd.read_study(pd.DataFrame(row), model)
    options = bd.regimens(f"{dose} nmol", after=patient, start=0.0, current=False)
    found = bd.simulate(bd.typical(model, patient), options, {"C": bd.concentration_at(times)})
    return np.squeeze(found.C.isel(option=-1).values)


def table(courses: dict[tuple[str, str], np.ndarray]) -> str:
    """Return the table of free drug by situation and day, with the approximations' relative differences."""
    head = "| situation | day | full | QSS | MM | QSS / full - 1 | MM / full - 1 |\n" + "|---" * 7 + "|\n"
    rows = []
    for situation in SITUATIONS:
        full, qss, mm = (courses[situation, form] for form in FORMS)
        for day, a, b, c in zip(DAYS, full, qss, mm, strict=True):
            off = f"{_percent(b / a - 1.0)} | {_percent(c / a - 1.0)}"
            rows.append(f"| {situation} | {day:g} | {a:.3g} | {b:.3g} | {c:.3g} | {off} |")
    return head + "\n".join(rows) + "\n"


def _percent(difference: float) -> str:
    return f"{100.0 * difference:+.1f} %" if abs(difference) < 10.0 else f"{1.0 + difference:.0f} times"


def draw(path: Path) -> None:
    """Draw free drug over time, one panel a situation."""
    figure, axes = plt.subplots(1, 2, figsize=(8, 3), layout="constrained")
    for axis, (situation, (dose, target)) in zip(axes, SITUATIONS.items(), strict=True):
        for form, style in zip(FORMS, ("-", "--", ":"), strict=True):
            axis.semilogy(GRID, np.maximum(course(form, dose, target, GRID), 1e-6), style, label=form)
        axis.set_title(f"{situation}: {dose} nmol, target {target:g} nmol/L", fontsize=8)
        axis.set_xlabel("days", fontsize=8)
        axis.set_ylim(bottom=1e-5)
    axes[0].set_ylabel("free drug (nmol/L)", fontsize=8)
    axes[0].legend(fontsize=8)
    figure.savefig(path, dpi=80)
    plt.close(figure)


def main() -> None:
    """Write the table into the page, and the figure beside it."""
    mpl.use("Agg")
    times = np.array(DAYS)
    courses = {(s, f): course(f, *SITUATIONS[s], times) for s in SITUATIONS for f in FORMS}
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{table(courses)}{END}{after}", encoding="utf-8")
    draw(PAGE.with_suffix(".png"))


if __name__ == "__main__":
    main()
