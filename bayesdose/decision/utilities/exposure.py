"""Named utilities of one exposure: a window, a target, one side worse than the other, a score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import xarray as xr

from bayesdose.decision.utilities import checks
from bayesdose.decision.utilities.pieces import (
    above,
    asymmetric_error,
    in_window,
    log_squared_error,
    log_target_score,
    squared_error,
)
from bayesdose.errors import InputError, explain, nearest


@dataclass(frozen=True)
class Window:
    """Named utility "window": 1 inside a window of one outcome, minus a weight for harm above a threshold.

    Parameters
    ----------
    outcome
        Name of the outcome that is to be inside the window.
    low, high
        The window, both ends included, in the outcome's units.
    harm
        Name of the outcome that harms when it is too high; none unless given.
    harm_above
        Harm is any value above this, in the units of `harm`.
    harm_weight
        Utility lost to harm, above 0: with 2, one harm outweighs being in the window twice.
    """

    outcome: str
    low: float
    high: float
    harm: str | None = None
    harm_above: float | None = None
    harm_weight: float | None = None

    def __post_init__(self) -> None:
        checks.name("window", "outcome", self.outcome)
        checks.window("window", self.low, self.high)
        self._check_harm()

    def _check_harm(self) -> None:
        given = [n for n in ("harm", "harm_above", "harm_weight") if getattr(self, n) is not None]
        if not given:
            return
        if len(given) < 3:
            raise InputError(
                explain(
                    "utility 'window': harm is half stated",
                    came=", ".join(given),
                    expected="harm, harm_above and harm_weight, or none of them",
                )
            )
        checks.name("window", "harm", self.harm)
        checks.finite("window", "harm_above", self.harm_above)
        checks.finite("window", "harm_weight", self.harm_weight, above_zero=True)

    def __call__(self, outcome: xr.Dataset) -> xr.DataArray:
        """Return the utility (draw, option)."""
        value = in_window(checks.variable("window", outcome, self.outcome), self.low, self.high)
        if self.harm is None or self.harm_above is None or self.harm_weight is None:
            return value
        return value - self.harm_weight * above(
            checks.variable("window", outcome, self.harm), self.harm_above
        )

    def describe(self, outcome: xr.Dataset | None = None) -> str:
        """Return one sentence for reports; units when the outcome is given."""
        text = f"1 if {self.outcome} is within {self.low:g}-{self.high:g}{checks.unit(outcome, self.outcome)}"
        if self.harm is None:
            return text + ", else 0"
        harm = f"{self.harm} is above {self.harm_above:g}{checks.unit(outcome, self.harm)}"
        return f"{text}, minus {float(self.harm_weight or 0)} if {harm}"


@dataclass(frozen=True)
class Target:
    """Named utility "target": minus the squared distance of one outcome from its target.

    Parameters
    ----------
    outcome
        Name of the outcome.
    target
        Where it should be, in its units; above 0 for the logarithmic loss.
    loss
        "squared" (absolute distance) or "log-squared" (ratio; see `log_squared_error` for values near 0).
    """

    outcome: str
    target: float
    loss: Literal["squared", "log-squared"] = "squared"

    def __post_init__(self) -> None:
        checks.name("target", "outcome", self.outcome)
        losses = ("squared", "log-squared")
        if self.loss not in losses:
            raise InputError(
                explain(
                    "utility 'target': loss",
                    came=repr(self.loss),
                    expected=" or ".join(losses),
                    meant=nearest(str(self.loss), losses),
                )
            )
        checks.finite("target", "target", self.target, above_zero=self.loss == "log-squared")

    def __call__(self, outcome: xr.Dataset) -> xr.DataArray:
        """Return the utility (draw, option)."""
        x = checks.variable("target", outcome, self.outcome)
        return squared_error(x, self.target) if self.loss == "squared" else log_squared_error(x, self.target)

    def describe(self, outcome: xr.Dataset | None = None) -> str:
        """Return one sentence for reports; units when the outcome is given."""
        aim = f"{self.target:g}{checks.unit(outcome, self.outcome)}"
        if self.loss == "squared":
            return f"minus the squared difference between {self.outcome} and {aim}"
        return f"minus the squared log ratio of {self.outcome} to {aim}"


@dataclass(frozen=True)
class Asymmetric:
    """Named utility "asymmetric": too little and too much cost differently, in proportion to how much.

    Parameters
    ----------
    outcome
        Name of the outcome.
    target
        Where it should be, in its units.
    under, over
        Utility lost per unit below and above the target, above 0; see `asymmetric_error`.
    """

    outcome: str
    target: float
    under: float
    over: float

    def __post_init__(self) -> None:
        checks.name("asymmetric", "outcome", self.outcome)
        checks.finite("asymmetric", "target", self.target)
        checks.finite("asymmetric", "under", self.under, above_zero=True)
        checks.finite("asymmetric", "over", self.over, above_zero=True)

    def __call__(self, outcome: xr.Dataset) -> xr.DataArray:
        """Return the utility (draw, option)."""
        x = checks.variable("asymmetric", outcome, self.outcome)
        return asymmetric_error(x, self.target, self.under, self.over)

    def describe(self, outcome: xr.Dataset | None = None) -> str:
        """Return one sentence for reports; units when the outcome is given."""
        unit = checks.unit(outcome, self.outcome)
        per = f" per{unit}" if unit else " per unit"
        return (
            f"minus {self.under:g}{per} of {self.outcome} below {self.target:g}{unit}, "
            f"minus {self.over:g}{per} above it"
        )


@dataclass(frozen=True)
class LogTarget:
    """Named utility "log target": a score from 0 to 1 that falls with the ratio of one outcome to its target.

    Parameters
    ----------
    outcome
        Name of the outcome.
    target
        Where it should be, in its units, above 0.
    half_at
        The score is one half where the outcome is this many times too high or too low; above 1.
    """

    outcome: str
    target: float
    half_at: float

    def __post_init__(self) -> None:
        checks.name("log target", "outcome", self.outcome)
        log_target_score(xr.DataArray(1.0), self.target, self.half_at)

    def __call__(self, outcome: xr.Dataset) -> xr.DataArray:
        """Return the utility (draw, option)."""
        x = checks.variable("log target", outcome, self.outcome)
        return log_target_score(x, self.target, self.half_at)

    def describe(self, outcome: xr.Dataset | None = None) -> str:
        """Return one sentence for reports; units when the outcome is given."""
        aim = f"{self.target:g}{checks.unit(outcome, self.outcome)}"
        return f"1 where {self.outcome} is {aim}, one half where it is {self.half_at:g} times too high or low"
