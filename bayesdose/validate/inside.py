"""How predictive checks compare a study with its replicates: intervals, and how many values are inside."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Compared:
    """What every predictive check tells of its table, whose column `inside` says which values are in it.

    A result with a `table` and the `shares` that each replicate has inside takes it as its base.
    """

    table: pd.DataFrame
    shares: Floats

    @property
    def inside(self) -> float:
        """Share of the observed values that are in their intervals."""
        return float(self.table["inside"].mean())

    @property
    def p_value(self) -> float:
        """Share of replicates that have as small a share of their own values inside, (1 + k) / (1 + n).

        It takes into account that the values of one study go together.
        """
        return as_few(self.shares, self.inside)


def interval_of(values: Floats, probability: float) -> tuple[Floats, Floats, Floats]:
    """Return the lower limit, median and upper limit of values over the last axis, equal tails."""
    tail = (1 - probability) / 2
    low, median, high = np.quantile(values, [tail, 0.5, 1 - tail], axis=-1)
    return low, median, high


def as_few(shares: Floats, inside: float) -> float:
    """Return the share of replicates with as small a share inside as the study's, (1 + k) / (1 + n)."""
    return (1 + int((shares <= inside + 1e-12).sum())) / (1 + len(shares))
