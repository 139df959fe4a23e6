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
from bayesdose.errors import InputError, Refused, explain, nearest

EXPECTED_UTILITY = "expected utility"
MINIMAX_REGRET = "minimax regret"

_LEVELS = 15

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

    def levels(self, values: Floats, best: int) -> Floats:
        """Return the levels t at which `linear` is tried (level,), that of the best option first."""
        ...  # pragma: no cover

    def linear(self, values: Floats, t: float) -> Floats:
        """Return what is summed up (draw, option): its weighted mean, largest over t, is the score."""
        ...  # pragma: no cover

    def weighted(self, values: Floats, weight: Floats) -> Floats:
        """Return the scores (step, option) of values (draw, option) under weights (step, draw)."""
        ...  # pragma: no cover

    @property
    def label(self) -> str:
        """What the score is called, in a few characters."""
        ...  # pragma: no cover

    @property
    def unit(self) -> str:
        """What the score is measured in."""
        ...  # pragma: no cover


class _Mean:
    """What the criteria share that are means over the draws."""

    unit = "utility"

    def judged(self, U: Floats, outcome: xr.Dataset) -> Floats:
        """Return the utilities."""
        return U

    def levels(self, values: Floats, best: int) -> Floats:
        """Return one level: a mean has none."""
        return np.zeros(1)

    def linear(self, values: Floats, t: float) -> Floats:
        """Return the values themselves."""
        return values

    def weighted(self, values: Floats, weight: Floats) -> Floats:
        """Return the weighted means."""
        return weight @ values


@dataclass(frozen=True)
class ExpectedUtility(_Mean):
    """The mean utility over the draws (von Neumann & Morgenstern 1944; Savage 1954)."""

    label: str = "E[U]"

    def __str__(self) -> str:
        return EXPECTED_UTILITY

    def scores(self, U: Floats, outcome: xr.Dataset, allowed: Bools, groups: Clusters) -> Scores:
        """Return the means."""
        mean = U.mean(axis=0)
        return Scores(mean, criteria.deviations(U, groups), U, _worth(U, allowed))


@dataclass(frozen=True)
class CVaR(_Mean):
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

    def levels(self, values: Floats, best: int) -> Floats:
        """Return levels from the CVaR of the best option to the quantile of the best option of each draw.

        A policy that chooses after some information has a CVaR between these two, and its quantile is no
        lower than its CVaR: the level at which its mean is largest lies between them.
        """
        own, top = (_quantile(v, self.share)[0] for v in (values[:, [best]], values.max(axis=1)[:, None]))
        low = float(self.linear(values[:, best], own).mean())
        between = values[(values >= low) & (values <= top)]
        each = np.quantile(between, np.linspace(0, 1, _LEVELS), method="inverted_cdf") if between.size else []
        rest = np.unique([*each, top])
        return np.concatenate([[own], rest[rest != own]])

    def linear(self, values: Floats, t: float) -> Floats:
        """Return ``t - max(t - U, 0) / share``."""
        return np.asarray(t - np.maximum(t - values, 0.0) / self.share)

    def weighted(self, values: Floats, weight: Floats) -> Floats:
        """Return the CVaR of each option under weights that sum to 1 in each step."""
        made = np.empty((len(weight), values.shape[1]))
        for k, v in enumerate(values.T):
            order = np.argsort(v, kind="stable")
            v, w = v[order], weight[:, order]
            t = v[np.minimum((w.cumsum(axis=1) < self.share - criteria.ROUNDING).sum(axis=1), len(v) - 1)]
            made[:, k] = t - np.einsum("sd,sd->s", w, np.maximum(t[:, None] - v, 0.0)) / self.share
        return made


@dataclass(frozen=True)
class MinimaxRegret(_Mean):
    """Minus the largest regret over the draws, from `minimax_regret`."""

    label: str = "-max regret"

    def __str__(self) -> str:
        return f"{MINIMAX_REGRET}: the smallest largest regret over the draws"

    def scores(self, U: Floats, outcome: xr.Dataset, allowed: Bools, groups: Clusters) -> Scores:
        """Return minus the largest regrets; the extreme of a sample has no Monte Carlo standard error."""
        top = criteria.best_per_draw(U, allowed)
        notes = ("the largest regret of a sample has no Monte Carlo error: more draws can only raise it",)
        return Scores(-(top[:, None] - U).max(axis=0), None, U, _worth(U, allowed), notes)

    def levels(self, values: Floats, best: int) -> Floats:
        """Refuse: no weight of a draw enters this criterion.

        Raises
        ------
        Refused
            Always.
        """
        raise _unweighted()

    def weighted(self, values: Floats, weight: Floats) -> Floats:
        """Refuse, as `levels` does.

        Raises
        ------
        Refused
            Always.
        """
        raise _unweighted()


@dataclass(frozen=True)
class Attainment(_Mean):
    """The probability of an event, from `attainment`.

    Parameters
    ----------
    event
        What is to be attained.
    """

    event: Happens

    label: str = "P(event)"
    unit = "probability"

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
    return np.asarray((t := _quantile(U, share)) - np.maximum(t - U, 0.0) / share)


def _quantile(U: Floats, share: float) -> Floats:
    """Return the lower quantile of each option (option,)."""
    k = max(math.ceil(share * len(U) - criteria.ROUNDING * len(U)) - 1, 0)
    by_option = np.ascontiguousarray(U.T)
    return np.asarray(np.partition(by_option, k, axis=1)[:, k])


def _unweighted() -> Refused:
    return Refused(
        explain(
            "what information is worth and what flips a choice are not defined for minimax regret",
            came="the largest regret over the draws, which takes no notice of how probable a draw is, and "
            "information changes nothing but that",
            fix="decide by expected utility, CVaR or attainment; what must not happen can be a limit",
        )
    )
