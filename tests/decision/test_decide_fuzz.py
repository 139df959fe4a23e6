"""Random decisions: no traceback, no choice of NaN, nothing recommended outside the stated limits."""

from __future__ import annotations

from pathlib import Path

import fuzzing
import pytest

from bayesdose.decision import verify_audit


@pytest.mark.filterwarnings("ignore:(divide by zero|invalid value):RuntimeWarning")
def test_a_thousand_random_decisions(tmp_path: Path) -> None:
    counts = fuzzing.run(1000, seed=6, folder=tmp_path)
    assert sum(counts.values()) == 1000
    for kind in ("chosen", "too close to call", "edge", "InputError", "Refused"):
        assert counts[kind] >= 10, f"the problems are too alike: {counts}"
    assert verify_audit(tmp_path / "audit.jsonl")
