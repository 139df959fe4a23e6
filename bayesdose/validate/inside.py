"""How predictive checks compare a study with its replicates: intervals, and how many values are inside."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def interval_of(values: Floats, probability: float) -> tuple[Floats, Floats, Floats]:
    """Return the lower limit, median and upper limit of values over the last axis, equal tails."""
    tail = (1 - probability) / 2
    low, median, high = np.quantile(values, [tail, 0.5, 1 - tail], axis=-1)
    return low, median, high


def as_few(shares: Floats, inside: float) -> float:
    """Return the share of replicates with as small a share inside as the study's, (1 + k) / (1 + n)."""
    return (1 + int((shares <= inside + 1e-12).sum())) / (1 + len(shares))
