"""A choice as gains over what was chosen, and what would be chosen given more: every measure starts here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayesdose.decision import criteria
from bayesdose.decision.comparison import allowed_by
from bayesdose.decision.criteria import Clusters, Floats
from bayesdose.errors import InputError, explain

if TYPE_CHECKING:
    from bayesdose.decision.choice import Choice

_TIE = 1e-12


@dataclass(frozen=True, eq=False)
class Gains:
    """The options of a choice, as gains over the one that was chosen.

    Parameters
    ----------
    D
        What the criterion sums up less that of the chosen option (draw, option): the option chosen has 0 in
        every draw.
    names
        Labels (option,).
    best
        Position of the chosen option.
    groups
        Draws that are not independent of each other together.
    particles
        Copies of a draw together.
    base
        What the chosen option itself has (draw,).
    excess
        By how much each draw passes each chance constraint (constraint, draw, option).
    allowance
        What each constraint allows (constraint, option): `excess` plus it is a probability.
    """

    D: Floats
    names: list[str]
    best: int
    groups: Clusters
    particles: Clusters
    base: Floats
    excess: Floats
    allowance: Floats

    def policy(self, M: Floats, excess: Floats) -> NDArray[np.intp]:
        """Return the option chosen in each row, from expected gains and excesses; see `policy`."""
        return policy(M, excess, self.best)

    @cached_property
    def perfect(self) -> NDArray[np.intp]:
        """The option chosen in each draw, where everything of it is known (draw,)."""
        return self.policy(self.D, self.excess)

    def error(self, gain: Floats) -> float:
        """Return the Monte Carlo standard error of the mean of `gain` (draw,), clustered by group."""
        return float(criteria.mcse(criteria.deviations(gain[:, None], self.groups))[0])


def policy(M: Floats, excess: Floats, best: int) -> NDArray[np.intp]:
    """Return the option with the highest expected gain among those allowed, in each row.

    Parameters
    ----------
    M
        Expected gains (row, option).
    excess
        By how much each chance constraint is passed (constraint, row, option): an option is allowed where
        none is above 0. Where none of the options is, the one that passes them by least is taken.
    best
        The chosen option, which is taken where it ties.
    """
    size = np.abs(M).mean(axis=0)
    if len(excess):
        passed = excess.max(axis=0)
        allowed = allowed_by(excess)
        allowed |= ~allowed.any(axis=1, keepdims=True) & (passed <= passed.min(axis=1, keepdims=True))
        M = np.where(allowed, M, -np.inf)
    first = M.argmax(axis=1)
    highest = np.take_along_axis(M, first[:, None], axis=1)[:, 0]
    return np.where(highest <= M[:, best] + _TIE * size[first], best, first)


def views(choice: Choice) -> list[Gains]:
    """Return a choice as gains, once for each level of its criterion; that of the choice itself first.

    A criterion's number is the mean of what it sums up, at the level where that is largest: `CVaR` has
    several levels, a mean has one. The worth of information is the largest over the levels of a worth that is
    a mean.

    Raises
    ------
    Refused
        When the criterion is no function of the draws' weights.
    """
    if choice.comparison is None:
        raise InputError(explain("a choice without its comparison", fix="make it by bd.decide"))
    c = choice.comparison
    kept = ~c.forbidden
    kept |= choice.table["option"].to_numpy() == choice.best
    names = choice.table["option"].to_numpy()[kept].tolist()
    values, best = c.V[:, kept], names.index(choice.best)
    groups, particles = criteria.independent(choice.U), criteria.particles(choice.U)
    limits = c.excess[:, :, kept], c.allowance[:, kept]
    made = []
    for t in c.criterion.levels(values, best).tolist():
        V = c.criterion.linear(values, t)
        made.append(Gains(V - V[:, [best]], names, best, groups, particles, V[:, best], *limits))
    return made


def at_best(found: Sequence[Gains], own: Gains) -> tuple[Gains, Floats]:
    """Return the level at which perfect information is worth most, and what each draw gains there (draw,).

    Parameters
    ----------
    found
        From `views`.
    own
        That of the choice without the information.
    """
    each = [g.base - own.base + taken(g.D, g.perfect) for g in found]
    k = int(np.argmax([gain.mean() for gain in each]))
    return found[k], each[k]


def unmet(source: str, share: float) -> list[str]:
    """Say where no option is allowed by the chance constraints; nothing where one always is."""
    if not share > 0:
        return []
    return [
        f"{source}: in {100 * share:.3g} % of what it may tell every option passes a chance constraint; "
        "the one that passes it by least was taken"
    ]


AGAIN = (
    "chance constraints are judged again after the information: it may allow or forbid an option, and can be "
    "worth less than nothing"
)


def judged_again(g: Gains) -> list[str]:
    """Say that chance constraints are judged again; nothing where there is none."""
    return [AGAIN] if len(g.excess) else []


def none_allowed(excess: Floats) -> NDArray[np.bool_]:
    """Return the rows in which the chance constraints allow no option (row,)."""
    if not len(excess):
        return np.zeros(excess.shape[1], dtype=np.bool_)
    return np.asarray(~allowed_by(excess).any(axis=1))


def taken(M: Floats, which: NDArray[np.intp]) -> Floats:
    """Return the value of one option in each row (row,)."""
    return np.take_along_axis(M, which[:, None], axis=1)[:, 0]
