"""What the limits say of every option: blocked, warned of, at what cost, and what overrides lifted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayesdose.decision.criteria import Bools, Floats
from bayesdose.decision.limits.doses import Check
from bayesdose.decision.limits.escalation import NoEscalation
from bayesdose.decision.limits.overrides import Override, Soft, check_overrides
from bayesdose.decision.limits.risks import Chance
from bayesdose.decision.limits.scoped import check_meant, inner_limit
from bayesdose.errors import InputError, Refused, explain


@dataclass(frozen=True, eq=False)
class Verdicts:
    """What the limits say, one entry per option.

    Parameters
    ----------
    allowed
        Which options no limit blocks.
    reasons
        Why a blocked option is; "" otherwise.
    warnings
        What an allowed option passes all the same: soft limits, and hard ones that were overridden.
    cost
        Utility lost to soft limits.
    lifted
        Per override, the options that pass because of it and what would have blocked each.
    forbidden
        Which options a limit blocks that is no chance constraint: what is learned cannot lift it.
    """

    allowed: Bools
    reasons: NDArray[np.str_]
    warnings: NDArray[np.str_]
    cost: Floats
    lifted: tuple[Mapping[str, str], ...]
    forbidden: Bools


def judge(
    outcome: xr.Dataset, limits: Sequence[Check], overrides: Sequence[Override], names: NDArray[np.str_]
) -> Verdicts:
    """Ask every limit about every option.

    Parameters
    ----------
    outcome
        The options and their outcomes.
    limits
        Hard and soft ones.
    overrides
        Who lets what pass.
    names
        The options' labels.

    Raises
    ------
    InputError
        When a limit is none, cannot be answered by the outcome, or an override names what is not there.
    Refused
        When every option is blocked.
    """
    _check_limits(limits)
    labels = [str(name) for name in names]
    check_overrides(overrides, limits, labels)
    check_meant(limits, outcome)
    blocked: list[list[str]] = [[] for _ in labels]
    warned: list[list[str]] = [[] for _ in labels]
    cost, forbidden = np.zeros(len(labels)), np.zeros(len(labels), dtype=np.bool_)
    lifted: tuple[dict[str, str], ...] = tuple({} for _ in overrides)
    for limit in limits:
        for k, (hit, why) in enumerate(limit.check(outcome)):
            if not hit:
                continue
            if isinstance(limit, Soft):
                cost[k] += limit.cost or 0.0
                warned[k].append(why if limit.cost is None else f"{why} (costs {limit.cost:g})")
            elif (by := _covering(overrides, limit, labels[k])) is not None:
                own = lifted[by]
                own[labels[k]] = f"{own[labels[k]]}; {why}" if labels[k] in own else why
                warned[k].append(f"{why} (overridden by {overrides[by].who.strip()})")
            else:
                blocked[k].append(why)
                forbidden[k] |= not isinstance(inner_limit(limit), Chance)
    allowed = np.array([not why for why in blocked])
    if not allowed.any():
        raise Refused(_all_blocked(labels, blocked))
    return Verdicts(allowed, _joined(blocked), _joined(warned), cost, lifted, forbidden)


def _covering(overrides: Sequence[Override], limit: Check, label: str) -> int | None:
    """Return which override lets an option pass a limit; a red flag is acknowledged, never overridden."""
    if isinstance(limit, NoEscalation):
        return None
    return next((n for n, one in enumerate(overrides) if one.covers(limit, label)), None)


def _joined(texts: Sequence[Sequence[str]]) -> NDArray[np.str_]:
    return np.array(["; ".join(own) for own in texts], dtype=str)


def _check_limits(limits: Sequence[Check]) -> None:
    wanted = 'a list, such as [max_daily("10 mg/kg")]'
    if isinstance(limits, str) or not isinstance(limits, Sequence):
        raise InputError(explain("limits", came=repr(limits), expected=wanted))
    for limit in limits:
        if not callable(getattr(limit, "check", None)):
            raise InputError(explain("limits", came=f"{limit!r} in the list", expected=wanted))


def _all_blocked(names: Sequence[str], blocked: Sequence[Sequence[str]]) -> str:
    shown = [f"{name}: {'; '.join(why)}" for name, why in list(zip(names, blocked, strict=True))[:3]]
    more = "; ..." if len(names) > 3 else ""
    nothing = "no treatment" in names
    also = "" if nothing else ", and no treatment is not among the options"
    fix = (
        "state a limit that something can meet"
        if nothing
        else "add smaller doses or no treatment to the options"
    )
    what = f"every option is blocked by a limit{also}"
    return explain(what, came="; ".join(shown) + more, fix=fix)
