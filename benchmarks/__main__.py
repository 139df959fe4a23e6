"""Measure everything and write docs/benchmarks.md: ``make bench``."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

from benchmarks import decide, fits, individual, kernel
from benchmarks.rows import Row

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
KEEP = "<!-- below: written by hand -->"
SECTIONS = {
    "Fitting": fits,
    "The structural walk": kernel,
    "One patient": individual,
    "Deciding": decide,
}


def table(rows: list[Row]) -> str:
    """Return rows as a Markdown table."""
    lines = ["| what | measured | to reach | how |", "|---|---|---|---|"]
    return "\n".join([*lines, *(f"| {r.what} | {r.value} | {r.target} | {r.how} |" for r in rows)])


def main() -> None:
    """Run every section, print it, and write the page; what was written by hand below it is kept."""
    packages = ", ".join(
        f"{name} {version(name)}" for name in ("pymc", "pytensor", "nutpie", "numba", "numpy")
    )
    parts = [
        "# Benchmarks",
        "Made by `make bench`. Processor seconds, medians of repeated calls, on a shared, noisy machine: "
        "compare numbers of one run with each other (those of the walk are least wall times). ESS is the "
        "smallest bulk ESS over theta, omega, sigma.",
        f"Python {platform.python_version()}, {packages}; {os.cpu_count()} cores, {platform.machine()}.",
    ]
    for title, module in SECTIONS.items():
        text = f"## {title}\n\n{table(module.rows())}"
        print(text, flush=True)
        parts.append(text)
    old = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    kept = old.partition(KEEP)[2].strip()
    PAGE.write_text("\n\n".join([*parts, KEEP, kept]).rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
