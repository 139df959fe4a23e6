"""Criteria: by what options are compared. Each gives every option one number; the highest is chosen."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import Protocol

import numpy as np
import xarray as xr

from bayesdose.decision import criteria
from bayesdose.decision.criteria import Bools, Clusters, Floats
from bayesdose.decision.events import Happens, happens, words
from bayesdose.errors import InputError, explain, nearest

EXPECTED_UTILITY = "expected utility"
MINIMAX_REGRET = "minimax regret"

FEW = 30
"""Fewer distinct draws in the tail than this, and the normal error of a CVaR is not to be relied on."""


@dataclass(frozen=True, eq=False)
class Scores:
    """What a criterion says of the options.

    Parameters
    ----------
    value
        The number by which options are compared (option,): higher is better.
    deviation
        Each particle's part in the error of `value` (particle, option), as `criteria.deviations` returns it;
        None where the number has no Monte Carlo standard error.
    steps
        The values (draw, option) whose rise from one option to the next shows that more is better.
    worth
        Expected value of perfect information in the unit of `value`: what the default indifference is a
        share of.
    notes
        What a reader must know of these numbers.
    """

    value: Floats
    deviation: Floats | None
    steps: Floats
    worth: float
    notes: tuple[str, ...] = ()


class Criterion(Protocol):
    """What `decide` asks of a criterion."""

    def scores(self, U: Floats, outcome: xr.Dataset, allowed: Bools, groups: Clusters) -> Scores:
        """Return the options' scores from their utilities (draw, option)."""
        ...  # pragma: no cover

    def judged(self, U: Floats, outcome: xr.Dataset) -> Floats:
        """Return what is looked at (draw, option): the utilities, or whether an event happens."""
        ...  # pragma: no cover

    @property
    def label(self) -> str:
        """What the score is called, in a few characters."""
        ...  # pragma: no cover


class _ByUtility:
    """What the criteria share that look at utilities."""

    def judged(self, U: Floats, outcome: xr.Dataset) -> Floats:
        """Return the utilities."""
        return U


@dataclass(frozen=True)
class ExpectedUtility(_ByUtility):
    """The mean utility over the draws (von Neumann & Morgenstern 1944; Savage 1954)."""

    label: str = "E[U]"

    def __str__(self) -> str:
        return EXPECTED_UTILITY

    def scores(self, U: Floats, outcome: xr.Dataset, allowed: Bools, groups: Clusters) -> Scores:
        """Return the means."""
        mean = U.mean(axis=0)
        return Scores(mean, criteria.deviations(U, groups), U, _worth(U, allowed))


@dataclass(frozen=True)
class CVaR(_ByUtility):
    """The mean utility of the worst draws, from `cvar`.

    Parameters
    ----------
    share
        Which share of the draws counts as the worst, above 0 and at most 1.
    """

    share: float

    def __post_init__(self) -> None:
        good = isinstance(self.share, Real) and not isinstance(self.share, bool) and 0 < self.share <= 1
        if not good:
            expected = "a share above 0 and at most 1, such as 0.1"
            raise InputError(explain("criterion CVaR: share", came=repr(self.share), expected=expected))

    @property
    def label(self) -> str:
        """What the score is called."""
        return f"CVaR {100 * self.share:.3g} %"

    def __str__(self) -> str:
        return f"CVaR: expected utility of the worst {100 * self.share:.3g} % of the draws"

    def scores(self, U: Floats, outcome: xr.Dataset, allowed: Bools, groups: Clusters) -> Scores:
        """Return the lower conditional values at risk.

        Notes
        -----
        Rockafellar & Uryasev (2000, J Risk 2:21), theorem 1, for gains: the mean of
        ``t - max(t - U, 0) / share`` with t the lower quantile of U. As t maximises that mean, its error
        plays no part to first order, and the error of the CVaR is that of the mean.
        """
        tail = _tail(U, self.share)
        count = max(self.share * groups.n, 1.0)
        few = f"the worst {100 * self.share:.3g} % are about {count:.0f} distinct draws: more would be surer"
        notes = (few,) if count < FEW else ()
        return Scores(tail.mean(axis=0), criteria.deviations(tail, groups), U, _worth(U, allowed), notes)


@dataclass(frozen=True)
class MinimaxRegret(_ByUtility):
    """Minus the largest regret over the draws, from `minimax_regret`."""

    label: str = "-max regret"

    def __str__(self) -> str:
        return f"{MINIMAX_REGRET}: the smallest largest regret over the draws"

    def scores(self, U: Floats, outcome: xr.Dataset, allowed: Bools, groups: Clusters) -> Scores:
        """Return minus the largest regrets; the extreme of a sample has no Monte Carlo standard error."""
        top = criteria.best_per_draw(U, allowed)
        notes = ("the largest regret of a sample has no Monte Carlo error: more draws can only raise it",)
        return Scores(-(top[:, None] - U).max(axis=0), None, U, _worth(U, allowed), notes)


@dataclass(frozen=True)
class Attainment:
    """The probability of an event, from `attainment`.

    Parameters
    ----------
    event
        What is to be attained.
    """

    event: Happens

    label: str = "P(event)"

    def __str__(self) -> str:
        return f"probability of target attainment: P({words(self.event)})"

    def scores(self, U: Floats, outcome: xr.Dataset, allowed: Bools, groups: Clusters) -> Scores:
        """Return the shares of the draws in which the event happens."""
        hit = self.judged(U, outcome)
        return Scores(hit.mean(axis=0), criteria.deviations(hit, groups), hit, _worth(hit, allowed))

    def judged(self, U: Floats, outcome: xr.Dataset) -> Floats:
        """Return 1 where the event happens, else 0."""
        return happens(self.event, outcome).astype(np.float64)


def cvar(share: float) -> CVaR:
    """Criterion: the expected utility of the worst `share` of the draws (conditional value at risk).

    Parameters
    ----------
    share
        Above 0 and at most 1: 0.1 looks at the worst tenth; 1 is expected utility.

    Raises
    ------
    InputError
        When it is no such share.
    """
    return CVaR(share)


def minimax_regret() -> MinimaxRegret:
    """Criterion: the option whose largest regret over the draws is smallest (Savage 1951).

    It judges an option by its single worst draw. The largest regret grows with the number of draws where the
    utility has no bound, and has no Monte Carlo standard error.
    """
    return MinimaxRegret()


def attainment(event: Happens) -> Attainment:
    """Criterion: the highest probability of an event (probability of target attainment).

    Parameters
    ----------
    event
        An `Event`, or a function of the outcome that returns booleans over (draw, option).

    Raises
    ------
    InputError
        When it is no event.
    """
    if not callable(event):
        expected = 'bd.Event("auc24", within=(400, 600)), or a function of the outcome'
        raise InputError(explain("attainment: event", came=repr(event), expected=expected))
    return Attainment(event)


def criterion_of(value: object) -> Criterion:
    """Return the criterion that was named or made.

    Raises
    ------
    InputError
        When it is neither.
    """
    named: dict[str, Criterion] = {EXPECTED_UTILITY: ExpectedUtility(), MINIMAX_REGRET: MinimaxRegret()}
    if isinstance(value, str) and value in named:
        return named[value]
    if isinstance(value, ExpectedUtility | CVaR | MinimaxRegret | Attainment):
        return value
    raise InputError(
        explain(
            "criterion",
            came=repr(value),
            expected="'expected utility', 'minimax regret', bd.cvar(0.1) or bd.attainment(event)",
            meant=nearest(value, list(named)) if isinstance(value, str) else None,
        )
    )


def _worth(values: Floats, allowed: Bools) -> float:
    """Return the expected value of perfect information, in the unit of the values (draw, option)."""
    best = values.mean(axis=0)[allowed].max()
    return float(criteria.best_per_draw(values, allowed).mean() - best)


def _tail(U: Floats, share: float) -> Floats:
    """Return ``t - max(t - U, 0) / share`` with t the lower quantile of each option (draw, option)."""
    k = max(math.ceil(share * len(U) - criteria.ROUNDING * len(U)) - 1, 0)
    by_option = np.ascontiguousarray(U.T)
    t = np.partition(by_option, k, axis=1)[:, k]
    return np.asarray(t - np.maximum(t - U, 0.0) / share)
