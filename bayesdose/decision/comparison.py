"""What a choice compared, draw by draw: kept with it so that the same draws can be weighed anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from bayesdose.decision.compared import Criterion
from bayesdose.decision.criteria import Bools, Floats
from bayesdose.decision.limits.doses import Check
from bayesdose.decision.limits.overrides import Override
from bayesdose.decision.limits.risks import Chance
from bayesdose.decision.limits.scoped import Only, having, inner_limit
from bayesdose.decision.limits.verdicts import Verdicts
from bayesdose.decision.simplest import labels

_ROUNDING = 1e-9  # of probabilities

NEVER = -1.0
"""Excess of an option that a chance constraint does not concern."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """A criterion, what it judges, and the chance constraints: each a number by draw and option.

    Weights of the draws give scores (`Criterion.weighted`) and say which options the constraints allow (where
    the weighted mean of the excess is 0 or less): a criterion and its constraints are functions of weighted
    draws.

    Parameters
    ----------
    criterion
        By what options are compared.
    V
        What it judges (draw, option): utilities less what soft limits cost, or whether the event happens.
    chances
        The hard chance constraints, plain or for some options only.
    excess
        By how much each draw passes each constraint (constraint, draw, option): the event's probability, less
        what is allowed.
    allowance
        What is allowed (constraint, option): `excess` plus it is the event's probability.
    forbidden
        Options that another limit blocks (option,): no weighing brings them back.
    """

    criterion: Criterion
    V: Floats
    chances: tuple[Check, ...]
    excess: Floats
    allowance: Floats
    forbidden: Bools


def compared(
    criterion: Criterion,
    V: Floats,
    outcome: xr.Dataset,
    limits: Sequence[Check],
    overrides: Sequence[Override],
    verdicts: Verdicts,
) -> Comparison:
    """Return what a choice compared.

    Parameters
    ----------
    criterion, V
        As of `Comparison`.
    outcome
        The options and their outcomes.
    limits, overrides
        As `decide` took them.
    verdicts
        What the limits say of every option.
    """
    chances = tuple(one for one in limits if isinstance(inner_limit(one), Chance))
    excess, allowance = excesses(chances, outcome, overrides)
    forbidden = verdicts.forbidden | (~verdicts.allowed & allowed_by(excess.mean(axis=1)))
    return Comparison(criterion, V, chances, excess, allowance, forbidden)


def excesses(
    chances: Sequence[Check], outcome: xr.Dataset, overrides: Sequence[Override] = ()
) -> tuple[Floats, Floats]:
    """Return by how much each draw passes each chance constraint, and what it allows.

    Dims (constraint, draw, option) and (constraint, option). An option that a constraint does not concern, or
    that may pass it by an override, has `NEVER`, and is allowed 1.
    """
    names = labels(outcome).tolist() if chances else []
    made = np.full((len(chances), outcome.sizes["draw"], outcome.sizes["option"]), NEVER)
    allowance = np.ones((len(chances), outcome.sizes["option"]))
    for k, limit in enumerate(chances):
        facts = limit.facts if isinstance(limit, Only) else ()
        meant = having(outcome, facts, str(limit))
        covered = [any(one.covers(limit, str(o)) for one in overrides) for o in names]
        kept = np.flatnonzero(meant & ~np.array(covered))
        chance = inner_limit(limit)
        assert isinstance(chance, Chance)
        if len(kept):
            made[k][:, kept] = chance.excess(outcome.isel(option=kept))
            allowance[k, kept] = chance.allowed(outcome.isel(option=kept))
    return made, allowance


def allowed_by(excess: Floats) -> Bools:
    """Return where mean excesses (constraint, ..., option) allow an option under every constraint."""
    return np.asarray((excess <= _ROUNDING).all(axis=0))
