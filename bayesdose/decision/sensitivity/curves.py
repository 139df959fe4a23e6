"""One assumption that moves: the options' scores, and what the chance constraints allow, at its values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayesdose.decision import criteria
from bayesdose.decision.compared import Attainment, Criterion
from bayesdose.decision.comparison import NEVER, excesses
from bayesdose.decision.criteria import Clusters, Floats
from bayesdose.decision.evaluate import evaluate
from bayesdose.decision.limits.doses import Check
from bayesdose.decision.utilities import Utility
from bayesdose.errors import InputError, explain

if TYPE_CHECKING:
    from bayesdose.decision.choice import Choice

_SAME = 1e-9


@dataclass(frozen=True, eq=False)
class Weighed:
    """The options of a choice, ready to be weighed anew.

    Parameters
    ----------
    criterion
        By what they are compared.
    V
        What it judges (draw, option).
    chances, excess
        The chance constraints, and by how much each draw passes them (constraint, draw, option).
    names, best
        Labels, and the position of the chosen option.
    cost
        Utility that soft limits cost (option,): it is in `V`, and in no utility that is evaluated anew.
    particles
        Copies of a draw together.
    """

    criterion: Criterion
    V: Floats
    chances: tuple[Check, ...]
    excess: Floats
    names: list[str]
    best: int
    cost: Floats
    particles: Clusters

    def scores(self, values: Floats) -> Floats:
        """Return the scores (option,) of values (draw, option) that count equally."""
        return self.criterion.weighted(values, np.full((1, len(values)), 1 / len(values)))[0]

    def passed(self, weight: Floats) -> Floats:
        """Return by how much each option passes the constraint that it passes by most (step, option)."""
        if not len(self.excess):
            return np.full((len(weight), len(self.names)), NEVER)
        return np.max([weight @ one for one in self.excess], axis=0)

    @property
    def straight(self) -> bool:
        """Whether scores follow a number in straight lines where utilities do: only means do."""
        return len(self.criterion.levels(self.V, self.best)) == 1

    @property
    def now(self) -> Floats:
        """`passed` as the choice was made (option,)."""
        return self.passed(np.full((1, len(self.V)), 1 / len(self.V)))[0]

    def judged(self, utility: Utility, outcome: xr.Dataset) -> Floats:
        """Return what another utility, or another event, says of the outcome (draw, option)."""
        if isinstance(self.criterion, Attainment):
            return Attainment(utility).judged(self.V, outcome)
        return self.criterion.judged(evaluate(utility, outcome, np.array(self.names)) - self.cost, outcome)

    def elsewhere(self, outcome: xr.Dataset) -> Floats:
        """Return the mean excesses of another outcome of the same options (constraint, option)."""
        unconcerned = (self.excess == NEVER).all(axis=1)
        return np.where(unconcerned, NEVER, excesses(self.chances, outcome)[0].mean(axis=1))


def weighed(choice: Choice) -> Weighed:
    """Return what of a choice can be weighed anew.

    Raises
    ------
    InputError
        When the choice does not have it.
    Refused
        When its criterion is no function of the draws' weights.
    """
    c = choice.comparison
    if c is None:
        raise InputError(explain("a choice without its comparison", fix="make it by bd.decide"))
    options = choice.table["option"].to_numpy()
    kept = ~c.forbidden | (options == choice.best)
    names = options[kept].tolist()
    best, cost = names.index(choice.best), choice.table["soft_cost"].to_numpy()[kept]
    c.criterion.levels(c.V[:, kept], best)  # refuses
    groups = criteria.particles(choice.U)
    return Weighed(c.criterion, c.V[:, kept], c.chances, c.excess[:, :, kept], names, best, cost, groups)


@dataclass(frozen=True, eq=False)
class Curve:
    """One assumption: its values, the options' gains over the choice, and the choice's own score.

    Parameters
    ----------
    name, kind, base
        The assumption, what kind it is of, and its value as the choice was made.
    value
        Its values (step,).
    gain
        Score less that of the choice (step, option); nan where it is not reached.
    kept
        Score of the choice (step,).
    passed
        By how much each option passes a chance constraint (step, option): above 0 it is not allowed.
    ess
        Effective number of distinct draws (step,); empty where nothing was re-weighted.
    """

    name: str
    kind: str
    base: float
    value: Floats
    gain: Floats
    kept: Floats
    passed: Floats
    ess: Floats = field(default_factory=lambda: np.zeros(0))

    def winners(self, best: int) -> NDArray[np.intp]:
        """Return the best option at each step; the choice itself where it ties, -1 where nothing is known.

        Where the constraints allow no option, the choice is kept.
        """
        known = np.isfinite(self.kept)
        allowed = self.passed <= _SAME
        gain = np.where(known[:, None], self.gain, 0.0)
        open_to = np.where(allowed, gain, -np.inf)
        size = np.abs(gain).max()
        tie = allowed[:, best] & (open_to.max(axis=1) <= _SAME * (1.0 + size))
        found = np.where(tie | ~allowed.any(axis=1), best, open_to.argmax(axis=1))
        return np.where(known, found, -1)

    def regret(self, best: int) -> Floats:
        """Return what is lost by keeping the choice (step,): below 0 where a constraint forbids it."""
        winner = np.maximum(self.winners(best), 0)
        return np.where(np.isfinite(self.kept), self.gain[np.arange(len(winner)), winner], np.nan)

    def row(self, w: Weighed) -> dict[str, Any]:
        """Return the row of the table."""
        seen = np.flatnonzero(np.isfinite(self.kept))
        order = seen[np.argsort(self.value[seen])]
        low, high = order[0], order[-1]
        regret = self.regret(w.best)
        made: dict[str, Any] = {"assumption": self.name, "kind": self.kind, "base": self.base}
        made |= {"low": self.value[low], "high": self.value[high]}
        for side, places in (
            ("below", order[self.value[order] <= self.base][::-1]),
            ("above", order[self.value[order] >= self.base]),
        ):
            made |= self._flip(side, places, w)
        for end, at in (("low", low), ("high", high)):
            made |= {f"kept_{end}": self.kept[at], f"regret_{end}": regret[at]}
        return made

    def _flip(self, side: str, places: NDArray[np.intp], w: Weighed) -> dict[str, Any]:
        """Return the value nearest to the base beyond which another option is better, and which."""
        winner = self.winners(w.best)
        at = next((k for k, place in enumerate(places) if winner[place] != w.best), None)
        if at is None:
            return {f"flips_{side}": np.nan, f"to_{side}": ""}
        here, before = places[at], places[max(at - 1, 0)]
        share, to = self._turn(before, here, w.best)
        value = self.value[before] + share * (self.value[here] - self.value[before])
        value = 0.0 if abs(value) < _SAME * np.nanmax(np.abs(self.value)) else float(value)
        return {f"flips_{side}": value, f"to_{side}": w.names[to if to >= 0 else int(winner[here])]}

    def _turn(self, before: int, here: int, best: int) -> tuple[float, int]:
        """Return how far from one step to the next another option becomes the best, and which (-1: not told).

        An option must become allowed and better than the choice, or the choice no longer be allowed.
        """
        better = _crossing(self.gain[before], self.gain[here])
        allowed = _crossing(-self.passed[before], -self.passed[here], reached=_SAME)
        forbidden = _crossing(self.passed[before] - _SAME, self.passed[here] - _SAME)[best]
        share = np.maximum(better, allowed)
        share[best] = np.inf
        if np.isfinite(forbidden) and forbidden <= share.min():
            return float(forbidden), -1
        to = int(share.argmin())
        return (float(share[to]), to) if np.isfinite(share[to]) else (1.0, -1)


def _crossing(a: Floats, b: Floats, reached: float = 0.0) -> Floats:
    """Return where on the line from a to b the value rises above 0 (0: it is at a; inf: it does not)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(b > -reached, np.clip(a / (a - b), 0.0, 1.0), np.inf)
    return np.where(a > -reached if reached else a > 0, 0.0, share)
