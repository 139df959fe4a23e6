"""The choice: which option, how sure, what else would do, and what was blocked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
import xarray as xr

if TYPE_CHECKING:
    from bayesdose.decision.comparison import Comparison

Status = Literal["chosen", "too close to call", "edge"]


@dataclass(frozen=True, eq=False)
class Choice:
    """What `decide` found. ``print(choice)`` says it in words.

    Parameters
    ----------
    best
        Label of the option with the highest expected utility among the allowed ones.
    status
        "chosen"; "too close to call" when Monte Carlo error could hide a rival that is better by more than
        the indifference; "edge" when the best option lies at the end of the range searched and that end is
        neither zero nor a limit.
    reasons
        Why the status is what it is, and whatever else a reader must know.
    criterion
        By what options were compared, in words: "expected utility" unless another was asked for.
    utility
        What the utility is, in one line.
    runner_up
        Label of the second best allowed option; None when there is no other.
    simplest
        Label of the simplest near-optimal option (may be the best itself).
    indifference, indifference_basis
        Options are near-optimal when their score is at most this far below the best, in the score's units;
        where the number comes from.
    evpi
        Expected value of perfect information about this patient, in units of utility: the smallest expected
        regret, which is that of the option with the highest expected utility.
    table
        One row per option (dim option): expected_utility, mcse; score and score_mcse (the criterion's
        number), difference (score below the best) and difference_mcse, nan where the criterion has no Monte
        Carlo error; p_best, p_unbeaten, expected_regret, regret_95 (regret that 95 % of the draws do not
        pass), near_optimal, blocked, reason, warning (limits that it passes without being blocked),
        soft_cost (utility that these cost; it is taken off in U); the options' facts as coordinates.
    U
        The utilities (draw, option) that all numbers are reductions of.
    limits
        The limits stated, in words.
    n_particles
        Number of distinct draws: copies of one particle count once.
    attrs
        Attributes of the outcome (units, drug, surrogate patient, covariates, seed).
    flags
        The red flags it was made under: name, where, row, value, limit, meaning, advice each.
    acknowledged
        Who took an escalation under red flags on (``who``), and the reason (``why``); None where nobody did.
    overrides
        The records of the audit file that this choice made: who, why, limit, options (what would have blocked
        each), number, time, hash; those of an acknowledgement too (number and hash are None where no file
        was named).
    score
        What the criterion's number is called, in a few characters.
    draws_needed
        Where Monte Carlo error decides: about how many distinct draws would tell; None where there are
        enough, or no number would do.
    comparison
        The criterion, what it judges and the chance constraints, draw by draw: what the worth of information
        and `threshold_analysis` weigh anew.
    flags_looked_for
        Whether red flags were passed on (``flags=``), also where there was none.
    """

    best: str
    status: Status
    reasons: tuple[str, ...]
    criterion: str
    utility: str
    runner_up: str | None
    simplest: str
    indifference: float
    indifference_basis: str
    evpi: float
    table: xr.Dataset
    U: xr.DataArray
    limits: tuple[str, ...]
    n_particles: int
    attrs: Mapping[str, Any] = field(default_factory=dict)
    flags: tuple[Mapping[str, Any], ...] = ()
    acknowledged: Mapping[str, str] | None = None
    overrides: tuple[Mapping[str, Any], ...] = ()
    score: str = "E[U]"
    draws_needed: int | None = None
    comparison: Comparison | None = None
    flags_looked_for: bool = False

    @property
    def near_optimal(self) -> tuple[str, ...]:
        """Labels of the near-optimal options, best first."""
        frame = self.ranking()
        return tuple(frame.index[frame["near_optimal"]])

    @property
    def blocked(self) -> dict[str, str]:
        """Why each blocked option is blocked, by label, in the order given."""
        hit = self.table[["reason"]].isel(option=self.table["blocked"].to_numpy())
        return dict(zip(hit["option"].to_numpy().tolist(), hit["reason"].to_numpy().tolist(), strict=True))

    @property
    def warned(self) -> dict[str, str]:
        """What each allowed option passes without being blocked, by label: soft and overridden limits."""
        hit = self.table[["warning"]].isel(option=self.table["warning"].to_numpy() != "")
        return dict(zip(hit["option"].to_numpy().tolist(), hit["warning"].to_numpy().tolist(), strict=True))

    @property
    def recorded(self) -> bool | None:
        """Whether what was overridden or acknowledged is in an audit file; None where nothing was."""
        return all(one["hash"] is not None for one in self.overrides) if self.overrides else None

    def row(self, label: str) -> dict[str, Any]:
        """Return one option's numbers as a plain dict."""
        one = self.table.sel(option=label)
        return {str(name): value.item() for name, value in one.data_vars.items()}

    def ranking(self) -> pd.DataFrame:
        """Return the table, index the label: the best, the other allowed options, then the blocked ones."""
        return self._sorted(self.table.reset_coords(drop=True))

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the draws as JSON-able values; a number that is not finite becomes None."""
        best = self.row(self.best)
        frame = self._sorted(self.table.reset_coords())
        made = {
            "best": self.best,
            "status": self.status,
            "reasons": self.reasons,
            "criterion": self.criterion,
            "utility": self.utility,
            **{name: best[name] for name in ("expected_utility", "mcse", "p_best", "p_unbeaten")},
            **{name: best[name] for name in ("score", "score_mcse", "expected_regret", "regret_95")},
            "evpi": self.evpi,
            "runner_up": self._runner_up(),
            "indifference": self.indifference,
            "indifference_basis": self.indifference_basis,
            "near_optimal": self.near_optimal,
            "simplest": self.simplest,
            "limits": self.limits,
            "blocked": self.blocked,
            "warned": self.warned,
            "overrides": self.overrides,
            "recorded": self.recorded,
            "options": frame.reset_index(names="option").to_dict("records"),
            "draws": self.U.sizes["draw"],
            "distinct_draws": self.n_particles,
            "draws_needed": self.draws_needed,
            "attrs": self.attrs,
            "flags": self.flags,
            "flags_looked_for": self.flags_looked_for,
            "acknowledged": self.acknowledged,
        }
        return {name: _plain(value) for name, value in made.items()}

    def __str__(self) -> str:
        from bayesdose.decision.printing import text

        return text(self)

    def _runner_up(self) -> dict[str, Any] | None:
        if self.runner_up is None:
            return None
        row = self.row(self.runner_up)
        return {"option": self.runner_up, **{n: row[n] for n in ("difference", "difference_mcse", "p_best")}}

    def _sorted(self, table: xr.Dataset) -> pd.DataFrame:
        """Return a DataFrame of these columns in the order of the ranking; equal ones by the alphabet."""
        names = self.table["option"].to_numpy()
        keys = (names, -self.table["score"].to_numpy(), names != self.best, self.table["blocked"])
        return table.to_dataframe().iloc[np.lexsort(keys)]


def _plain(value: Any) -> Any:
    """Turn a value into what JSON can hold."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, str | bool | int) or value is None else str(value)
