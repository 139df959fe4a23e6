"""The random decisions of tests/decision/fuzzing.py, ten thousand of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from decision.fuzzing import run


@pytest.mark.calibration
@pytest.mark.filterwarnings("ignore:(divide by zero|invalid value):RuntimeWarning")
def test_ten_thousand_random_decisions(tmp_path: Path) -> None:
    counts = run(10_000, seed=61, folder=tmp_path)
    assert sum(counts.values()) == 10_000
    assert (
        min(counts[kind] for kind in ("chosen", "too close to call", "edge", "InputError", "Refused")) >= 100
    )
