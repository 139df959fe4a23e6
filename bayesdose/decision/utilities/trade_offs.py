"""Named utilities that weigh one thing against another: benefit and harm, failure and toxicity, money."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from bayesdose.decision.simplest import NOTHING, is_nothing, labels
from bayesdose.decision.utilities import checks
from bayesdose.decision.utilities.pieces import above, below
from bayesdose.errors import InputError, explain, nearest


@dataclass(frozen=True)
class BenefitHarm:
    """Named utility "benefit minus harm": benefit minus alpha times harm, minus the burden of being treated.

    Parameters
    ----------
    benefit, harm
        Names of two outcomes: probabilities, or amounts on one scale.
    alpha
        How many units of benefit one unit of harm outweighs, above 0.
    burden
        Utility lost by any option that gives a dose, 0 or more: with one, giving nothing can win.
    """

    benefit: str
    harm: str
    alpha: float
    burden: float = 0.0

    def __post_init__(self) -> None:
        checks.name("benefit minus harm", "benefit", self.benefit)
        checks.name("benefit minus harm", "harm", self.harm)
        checks.finite("benefit minus harm", "alpha", self.alpha, above_zero=True)
        _not_negative("benefit minus harm", "burden", self.burden)

    def __call__(self, outcome: xr.Dataset) -> xr.DataArray:
        """Return the utility (draw, option)."""
        benefit, harm = (checks.variable("benefit minus harm", outcome, n) for n in (self.benefit, self.harm))
        value = benefit - self.alpha * harm
        if not self.burden:
            return value
        return value - self.burden * xr.DataArray(~is_nothing(outcome), dims="option").astype(float)

    def describe(self, outcome: xr.Dataset | None = None) -> str:
        """Return one sentence for reports."""
        burden = f", minus {self.burden:g} where a dose is given" if self.burden else ""
        return f"{self.benefit} minus {self.alpha:g} x {self.harm}{burden}"


@dataclass(frozen=True)
class FailureToxicity:
    """Named utility "failure and toxicity": minus P(failure) x its cost minus P(toxicity) x its cost.

    Parameters
    ----------
    failure, toxicity
        Names of two outcomes: probabilities from 0 to 1, or levels with a threshold.
    failure_cost, toxicity_cost
        What one costs, above 0, in any one unit.
    failure_below
        The treatment fails where `failure` is below this, in its units; a probability unless given.
    toxicity_above
        The treatment is toxic where `toxicity` is above this, in its units; a probability unless given.
    """

    failure: str
    toxicity: str
    failure_cost: float
    toxicity_cost: float
    failure_below: float | None = None
    toxicity_above: float | None = None

    def __post_init__(self) -> None:
        for name in ("failure", "toxicity"):
            checks.name("failure and toxicity", name, getattr(self, name))
        for name in ("failure_cost", "toxicity_cost"):
            checks.finite("failure and toxicity", name, getattr(self, name), above_zero=True)
        for name in ("failure_below", "toxicity_above"):
            if getattr(self, name) is not None:
                checks.finite("failure and toxicity", name, getattr(self, name))

    def __call__(self, outcome: xr.Dataset) -> xr.DataArray:
        """Return the utility (draw, option)."""
        fails = checks.variable("failure and toxicity", outcome, self.failure)
        harms = checks.variable("failure and toxicity", outcome, self.toxicity)
        p = (
            _probability(fails, self.failure)
            if self.failure_below is None
            else below(fails, self.failure_below)
        )
        q = (
            _probability(harms, self.toxicity)
            if self.toxicity_above is None
            else above(harms, self.toxicity_above)
        )
        return -(self.failure_cost * p + self.toxicity_cost * q)

    def describe(self, outcome: xr.Dataset | None = None) -> str:
        """Return one sentence for reports; units when the outcome is given."""
        low, high = (checks.unit(outcome, name) for name in (self.failure, self.toxicity))
        fails = (
            f"{self.failure} below {self.failure_below:g}{low}"
            if self.failure_below is not None
            else self.failure
        )
        harms = (
            f"{self.toxicity} above {self.toxicity_above:g}{high}"
            if self.toxicity_above is not None
            else self.toxicity
        )
        return f"minus {self.failure_cost:g} x P({fails}) minus {self.toxicity_cost:g} x P({harms})"


@dataclass(frozen=True)
class NetClinicalBenefit:
    """Named utility "net clinical benefit": events prevented minus a weight times events caused.

    Parameters
    ----------
    prevented, caused
        Names of two outcomes, both probabilities: the event that treatment is to prevent (a stroke) and the
        one that it may cause (a bleed).
    weight
        How many prevented events one caused event outweighs, above 0.
    reference
        Label of the option that both are compared with.

    Notes
    -----
    ``(prevented_ref - prevented) - weight (caused - caused_ref)``: Singer et al. (2009, Ann Intern Med
    151:297), who weigh an intracranial haemorrhage as 1.5 ischaemic strokes.
    """

    prevented: str
    caused: str
    weight: float
    reference: str = NOTHING

    def __post_init__(self) -> None:
        for name in ("prevented", "caused", "reference"):
            checks.name("net clinical benefit", name, getattr(self, name))
        checks.finite("net clinical benefit", "weight", self.weight, above_zero=True)

    def __call__(self, outcome: xr.Dataset) -> xr.DataArray:
        """Return the utility (draw, option), 0 for the reference."""
        p, q = (
            _probability(checks.variable("net clinical benefit", outcome, name), name)
            for name in (self.prevented, self.caused)
        )
        k = self._place(outcome)
        return (p.isel(option=k, drop=True) - p) - self.weight * (q - q.isel(option=k, drop=True))

    def describe(self, outcome: xr.Dataset | None = None) -> str:
        """Return one sentence for reports."""
        return (
            f"{self.prevented} prevented minus {self.weight:g} x {self.caused} caused, "
            f"compared with {self.reference}"
        )

    def _place(self, outcome: xr.Dataset) -> int:
        names = labels(outcome).tolist()
        if self.reference in names:
            return int(names.index(self.reference))
        raise InputError(
            explain(
                f"utility 'net clinical benefit': no option is called {self.reference!r}",
                meant=nearest(self.reference, names),
                fix="name another reference",
            )
        )


@dataclass(frozen=True)
class NetMonetaryBenefit:
    """Named utility "net monetary benefit": the effect at what one is willing to pay for it, minus the cost.

    Parameters
    ----------
    effect
        Name of the outcome that is paid for (QALYs, cures).
    cost
        Name of the outcome that is the cost.
    willingness_to_pay
        Units of cost for one unit of effect, above 0.

    Notes
    -----
    Stinnett & Mullahy (1998, Med Decis Making 18:S68).
    """

    effect: str
    cost: str
    willingness_to_pay: float

    def __post_init__(self) -> None:
        checks.name("net monetary benefit", "effect", self.effect)
        checks.name("net monetary benefit", "cost", self.cost)
        checks.finite("net monetary benefit", "willingness_to_pay", self.willingness_to_pay, above_zero=True)

    def __call__(self, outcome: xr.Dataset) -> xr.DataArray:
        """Return the utility (draw, option), in units of cost."""
        effect, cost = (checks.variable("net monetary benefit", outcome, n) for n in (self.effect, self.cost))
        return self.willingness_to_pay * effect - cost

    def describe(self, outcome: xr.Dataset | None = None) -> str:
        """Return one sentence for reports; units when the outcome is given."""
        money, good = (checks.unit(outcome, name) for name in (self.cost, self.effect))
        per = f"{money} per{good or ' unit'}" if money or good else ""
        return f"{self.effect} at {self.willingness_to_pay:g}{per} minus {self.cost}"


def _probability(x: xr.DataArray, name: str) -> xr.DataArray:
    values = x.to_numpy()
    if values.dtype.kind == "b" or bool(np.all((values >= 0) & (values <= 1))):
        return x.astype(float)
    raise InputError(
        explain(
            f"outcome {name!r} is no probability",
            came=f"{values.min():g} to {values.max():g}",
            expected="values from 0 to 1",
            fix="state a threshold, or turn it into a probability first",
        )
    )


def _not_negative(what: str, name: str, value: float) -> None:
    checks.finite(what, name, value)
    if value < 0:
        raise InputError(explain(f"utility {what!r}: {name}", came=value, expected="a number, 0 or more"))
