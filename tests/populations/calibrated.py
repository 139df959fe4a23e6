"""What simulation-based calibration runs over: specs, designs, how many data sets; the hash of the code."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

import bayesdose as bd
from bayesdose.model import spec_hash

ROOT = Path(__file__).parents[2]
SPECS = ROOT / "tests" / "specs"
PINNED = ROOT / "tests" / "calibration" / "calibration.json"
EXERCISED = ("model", "pk", "fitting", "individual")
LEVEL = 0.01


@dataclass(frozen=True)
class Case:
    """One calibration.

    Parameters
    ----------
    what
        In words, for tables.
    fitted
        Name of the spec that is fitted.
    design
        Arguments of `design`.
    replications
        Data sets.
    maker
        Name of the spec that makes the data, where an error is planted so; "" for the one that is fitted.
    options
        Arguments of `bayesdose.validate.calibrate`.
    planted
        Whether the fitted model is wrong: some quantity must then be outside.
    """

    what: str
    fitted: str
    design: dict[str, Any]
    replications: int
    maker: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    planted: bool = False

    def model(self) -> bd.Model:
        """Return the spec that is fitted."""
        return bd.load_model(SPECS / f"{self.fitted}.py")

    def true_model(self) -> bd.Model | None:
        """Return the spec that makes the data, where it is another."""
        return bd.load_model(SPECS / f"{self.maker}.py") if self.maker else None


ORAL = {"times": (0.5, 1.5, 4, 8, 16, 30)}
SHORT = {"times": (1, 4, 8, 14, 24)}
BOLUS = {"times": (0.1, 0.5, 2, 6, 12, 30)}
INFUSED = {"times": (0.5, 1.2, 3, 8, 16, 30), "duration": 1.0}
BRIEF = {"draws": 700, "tune": 400}
CASES = {
    "oral": Case("oral, one compartment, diagonal omega, combined2", "sbc_oral", ORAL, 200),
    "correlated": Case(
        "oral, three correlated etas (LKJ)", "sbc_correlated", {"times": (0.5, 2, 6, 20)}, 100, options=BRIEF
    ),
    "occasions": Case(
        "oral, variability between two occasions",
        "sbc_occasions",
        {"times": (1, 6, 24), "occasions": 2},
        100,
        options=BRIEF,
    ),
    "censored": Case(
        "bolus, levels below 0.5 mg/L censored (M3)",
        "sbc_censored",
        {"times": (1, 6, 12, 24, 36, 48)},
        100,
        options={**BRIEF, "lloq": 0.5},
    ),
    "saturable": Case(
        "oral, Michaelis-Menten elimination (differential equations)",
        "sbc_saturable",
        {"times": (1, 3, 6, 10, 16), "subjects": 6, "amounts": (100.0, 300.0)},
        100,
        options={"draws": 400, "tune": 400, "ranked": 49},
    ),
    "planted_variance": Case(
        "planted: omega was the variance",
        "sbc_oral",
        ORAL,
        40,
        maker="sbc_oral_variance",
        options=BRIEF,
        planted=True,
    ),
    "planted_combined1": Case(
        "planted: the error was combined1",
        "sbc_oral",
        ORAL,
        40,
        maker="sbc_oral_combined1",
        options=BRIEF,
        planted=True,
    ),
    "planted_jacobian": Case(
        "planted: the log-Jacobian of the omegas counted twice",
        "sbc_oral_jacobian",
        {**ORAL, "subjects": 2},
        100,
        maker="sbc_oral",
        options=BRIEF,
        planted=True,
    ),
    "infusion": Case(
        "infusion, two compartments, log-normal error", "sbc_infusion", INFUSED, 50, options=BRIEF
    ),
    "three": Case("bolus, three compartments, proportional error", "sbc_three", BOLUS, 50, options=BRIEF),
    "transit": Case(
        "oral, three transit compartments, power error",
        "sbc_transit",
        {**ORAL, "subjects": 5},
        50,
        options=BRIEF,
    ),
    "heavy": Case("bolus, Student-t etas, Student-t error", "sbc_heavy", SHORT, 50, options=BRIEF),
    "scales": Case(
        "bolus, Box-Cox, logit and normal scales, additive error", "sbc_scales", SHORT, 50, options=BRIEF
    ),
    "residuals": Case("bolus, autocorrelated residuals", "sbc_residuals", SHORT, 50, options=BRIEF),
    "counts": Case(
        "bolus, a negative binomial count", "sbc_counts", {"times": (1, 6, 12, 24), "kinds": (1, 2)}, 50
    ),
    "groups": Case("bolus, five studies", "sbc_groups", {**SHORT, "groups": 5}, 50, options=BRIEF),
}


def design(
    times: tuple[float, ...],
    *,
    subjects: int = 10,
    occasions: int = 1,
    amounts: tuple[float, ...] = (100.0,),
    duration: float = 0.0,
    kinds: tuple[int, ...] = (1,),
    groups: int = 0,
) -> pd.DataFrame:
    """Return a dose for each subject and occasion (two days apart), and its levels, all 1."""
    rows = []
    for subject in range(subjects):
        amount = amounts[subject % len(amounts)]
        rate = amount / duration if duration else 0.0
        for occasion in range(occasions):
            at = 48.0 * occasion
            rows.append((subject + 1, at, amount, rate, 1, 0.0, 1, occasion + 1))
            rows += [(subject + 1, at + t, 0.0, 0.0, 0, 1.0, k, occasion + 1) for t in times for k in kinds]
    table = pd.DataFrame(rows, columns=["ID", "TIME", "AMT", "RATE", "EVID", "DV", "DVID", "OCC"])
    return table.assign(STUDY=(table["ID"] - 1) % groups + 1) if groups else table


def code_hash() -> str:
    """Return the SHA-256 of the code that a fit runs through, without comments, docstrings and layout."""
    every = [p for room in EXERCISED for p in sorted((ROOT / "bayesdose" / room).rglob("*.py"))]
    parts = [f"{p.relative_to(ROOT).as_posix()} {spec_hash(p.read_text(encoding='utf-8'))}" for p in every]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
