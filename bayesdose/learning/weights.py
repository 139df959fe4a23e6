"""Importance weights behind a patient's draws: how evenly they are spread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayesdose.individual.draws import Diagnostics

if TYPE_CHECKING:
    from bayesdose.individual import Draws


@dataclass(frozen=True, eq=False)
class Weights:
    """How a patient's draws spread over particles and population draws.

    Parameters
    ----------
    copies
        How many of the draws are copies of each particle that was drawn at all, the most frequent first.
    population_copies
        The same, of each population draw.
    weights
        Pareto-smoothed weights, the largest first, adding up to 1; None where there are none (no levels, or
        tempered SMC).
    diagnostics
        Method, k-hat, ESS, rounds ... of the draws.
    """

    copies: NDArray[np.int64]
    population_copies: NDArray[np.int64]
    weights: NDArray[np.float64] | None
    diagnostics: Diagnostics

    def multiplicity(self) -> pd.DataFrame:
        """Return how many particles stand behind 1, 2, ... draws: copies, particles, draws."""
        copies, particles = np.unique(self.copies, return_counts=True)
        return pd.DataFrame({"copies": copies, "particles": particles, "draws": copies * particles})

    def table(self) -> pd.DataFrame:
        """Return what to look at: check, value, limit (empty where there is none)."""
        d = self.diagnostics
        n = int(self.copies.sum())
        rows: list[tuple[str, float, str]] = []
        if d.khat is not None:
            rows.append(("Pareto k-hat", d.khat, f"below {d.khat_limit:g}"))
        least = f"at least {d.least_ess:g}" if d.levels else ""
        rows += [("effective particles (ESS)", d.ess, least), ("effective population draws", d.theta_ess, "")]
        if self.weights is not None:
            rows.append(("largest weight, %", 100.0 * float(self.weights[0]), ""))
        rows += [
            ("rounds", float(d.rounds), ""),
            ("distinct particles among the draws", float(len(self.copies)), ""),
            ("draws that share the commonest particle, %", 100.0 * self.copies[0] / n, ""),
        ]
        return pd.DataFrame(rows, columns=["check", "value", "limit"])

    def __str__(self) -> str:
        lines = [f"{self.diagnostics.method}: {int(self.copies.sum())} draws"]
        for check, value, limit in self.table().itertuples(index=False):
            lines.append(f"  {check:<44}{value:>9.4g}  {limit}".rstrip())
        return "\n".join(lines)


def weights(me: Draws) -> Weights:
    """Return how a patient's draws spread over particles, with the particles' weights.

    Parameters
    ----------
    me
        The patient's draws.
    """
    return Weights(
        copies=_copies(me.data["particle"].to_numpy()),
        population_copies=_copies(me.data["population_draw"].to_numpy()),
        weights=None if me.weights is None else np.sort(me.weights)[::-1],
        diagnostics=me.diagnostics,
    )


def _copies(labels: np.ndarray) -> NDArray[np.int64]:
    return np.sort(np.unique(labels, return_counts=True)[1])[::-1].astype(np.int64)
