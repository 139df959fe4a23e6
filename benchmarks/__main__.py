"""Measure, and write docs/benchmarks.md: ``make bench``. With names of sections: only print those."""

import argparse
import os
import platform
from collections.abc import Iterable
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

from benchmarks.rows import Row

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
KEEP = "<!-- below: written by hand -->"
SECTIONS = {
    "fits": "Fitting",
    "recovery": "Populations of 50, 200 and 800 subjects",
    "gradients": "The gradient of a fit",
    "systems": "Differential equations: density and gradient",
    "kernel": "The structural walk: values",
    "individual": "One patient",
    "bedside": "One patient: levels, random effects, batches",
    "contradicting": "One patient, against the population's centre or not",
    "nonlinear": "One patient, differential equations",
    "decide": "Deciding",
    "information": "Value of information, and what flips a choice",
    "compiling": "Compiling",
}
"""Modules of this folder, and their titles, in order."""


def table(rows: Iterable[Row]) -> str:
    """Return rows as a Markdown table."""
    lines = ["| what | measured | to reach | how |", "|---|---|---|---|"]
    return "\n".join([*lines, *(f"| {r.what} | {r.value} | {r.target} | {r.how} |" for r in rows)])


def measure(names: Iterable[str]) -> list[str]:
    """Measure sections, print each when it is done, and return them."""
    parts = []
    for name in names:
        parts.append(f"## {SECTIONS[name]}\n\n{table(import_module(f'benchmarks.{name}').rows())}")
        print(parts[-1], end="\n\n", flush=True)
    return parts


def load() -> str:
    """Return the load average of the last minute."""
    return f"{os.getloadavg()[0]:.1f}"


def head(load_before: str) -> list[str]:
    """Return what comes before the sections."""
    packages = ", ".join(
        f"{name} {version(name)}" for name in ("pymc", "pytensor", "nutpie", "numba", "numpy", "scipy")
    )
    return [
        "# Benchmarks",
        "Made by `make bench`. Processor seconds, medians of repeated calls, on a shared, noisy machine: "
        "compare numbers of one run with each other (those of gradients and of the walk are least wall "
        "times). ESS is the smallest bulk ESS over theta, omega, sigma. *Extrapolated* is said where a part "
        'was measured. A "trial" is an earlier measurement of something else, for orientation only.',
        f"Python {platform.python_version()}, {packages}; {os.cpu_count()} cores, {platform.machine()}; "
        f"load average {load_before} when the run began, {load()} when it ended (the run itself adds 1).",
    ]


def write(parts: list[str]) -> None:
    """Write the page; what was written by hand below it is kept."""
    old = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    kept = old.partition(KEEP)[2].strip()
    PAGE.write_text("\n\n".join([*parts, KEEP, kept]).rstrip() + "\n", encoding="utf-8")


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("section", nargs="*", help=f"{', '.join(SECTIONS)}; all unless given")
    names = parser.parse_args().section
    unknown = set(names) - set(SECTIONS)
    if unknown:
        parser.error(f"no section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    before = load()
    parts = measure(names or SECTIONS)
    if not names:
        write([*head(before), *parts])


if __name__ == "__main__":
    main()
