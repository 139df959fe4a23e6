"""A utility that rises over the whole range: what it prefers is wherever the search happened to stop."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayesdose.decision.criteria import Floats
from bayesdose.decision.search import Edge, candidates_beside
from bayesdose.decision.simplest import fact
from bayesdose.errors import InputError

NEARLY = 0.9
"""Share of the draws that must gain at every step, where the utility cannot be asked about more drug."""

FACTORS = 2.0 ** np.arange(11)
"""How many times the outcomes of the best option the utility is asked about."""

Judge = Callable[[xr.Dataset], Floats]
"""What is looked at in each draw of an outcome (draw, option): utilities, or whether an event happens."""


def rising(
    found: Sequence[Edge], best: int, steps: Floats, value: Floats, outcome: xr.Dataset, judge: Judge
) -> Edge | None:
    """Return the edge that shows that the utility rises over the whole range searched, if it does.

    The best option gives the most drug of all candidates, and on the way to it, in each parameter at whose
    edge it lies, the number by which options are compared rises at each step and no draw loses. That may be a
    search that stopped too early, so the utility is asked about outcomes up to 1,024 times those of the best
    option, or as small a part where they fall with more drug: when its mean never falls there, nothing in it
    speaks against more drug. Where it cannot be asked (an outcome that may be a probability or can be
    negative, or rises in one draw and falls in another, a utility that fails), `NEARLY` all draws must gain
    at each step instead.

    Parameters
    ----------
    found
        From `edges`.
    best
        Position of the best option.
    steps
        What a step gains or loses by draw (draw, option).
    value
        The number by which options are compared (option,).
    outcome
        The options.
    judge
        Gives `steps` for another outcome.
    """
    doses = _most_drug(outcome)
    if not found or _less_than_most(doses, best, outcome):
        return None
    more = [edge for edge in found if len(edge.line) > 1 and _more(edge, doses)]
    if not more or not all(_rises(edge, steps, value) for edge in more):
        return None
    beyond = _beyond(outcome, best, more, judge)
    if beyond is None:
        return more[0] if all(_nearly_all_gain(edge, steps) for edge in more) else None
    tolerance = 1e-12 * float(np.abs(beyond).max())
    return more[0] if (np.diff(beyond) >= -tolerance).all() else None


def _less_than_most(doses: Floats | None, best: int, outcome: xr.Dataset) -> bool:
    return doses is not None and bool(
        doses[best] < doses[candidates_beside(outcome, best)].max() * (1 - 1e-9)
    )


def _rises(edge: Edge, steps: Floats, value: Floats) -> bool:
    line = list(edge.line)
    tolerance = _tolerance(steps[:, line])
    gain = np.diff(steps[:, line], axis=1)
    return bool((np.diff(value[line]) > tolerance).all() and (gain >= -tolerance).all())


def _nearly_all_gain(edge: Edge, steps: Floats) -> bool:
    own = steps[:, list(edge.line)]
    gain = np.diff(own, axis=1)
    return bool(((gain > _tolerance(own)).mean(axis=0) >= NEARLY).all())


def _tolerance(steps: Floats) -> float:
    return 1e-12 * float(np.abs(steps).max())


def _beyond(outcome: xr.Dataset, best: int, more: Sequence[Edge], judge: Judge) -> Floats | None:
    """Return the mean of what is looked at for multiples of the best option's outcomes; None if unknown."""
    powers = _powers(outcome, more)
    if powers is None:
        return None
    one = outcome.isel(option=[best] * len(FACTORS))
    labels = [f"{factor:g} times the outcomes" for factor in FACTORS]
    scaled = {
        name: (one[name] * xr.DataArray(FACTORS**power, dims="option")).transpose(*one[name].dims)
        for name, power in powers.items()
    }
    try:
        with np.errstate(all="ignore"):
            return np.asarray(judge(one.assign(scaled).assign_coords(option=labels)).mean(axis=0))
    except (InputError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        # a utility that was made for these options alone
        return None


def _powers(outcome: xr.Dataset, more: Sequence[Edge]) -> dict[str, float] | None:
    """Return which outcomes rise (1) and fall (-1) with more drug; None where one cannot be continued."""
    powers = {}
    for name, v in outcome.data_vars.items():
        if v.dtype.kind != "f" or "option" not in v.dims:
            continue
        signs = {_sign(v.isel(option=list(edge.line))) for edge in more} - {0}
        sign = next(iter(signs), 0)
        if sign is None or len(signs) > 1:
            return None
        if sign and (v.min() < 0 or (sign > 0 and v.max() <= 1)):
            return None
        powers[str(name)] = float(sign)
    return powers if any(powers.values()) else None


def _sign(line: xr.DataArray) -> int | None:
    """Return 1 where no draw of an outcome falls along a line, -1 where none rises, 0 both, None neither."""
    steps = np.diff(line.transpose(..., "option").to_numpy(), axis=-1)
    tolerance = 1e-9 * float(np.abs(line).max())
    rises, falls = bool((steps >= -tolerance).all()), bool((steps <= tolerance).all())
    return int(rises) - int(falls) if rises or falls else None


def _more(edge: Edge, doses: NDArray[np.float64] | None) -> bool:
    """Whether the best option gives more drug than its neighbour within the search."""
    inner, best = edge.line[-2:]
    return edge.up if doses is None or doses[best] == doses[inner] else bool(doses[best] > doses[inner])


def _most_drug(outcome: xr.Dataset) -> NDArray[np.float64] | None:
    """Return how much drug an option gives, a day if that is known (option,)."""
    facts = (fact(outcome, name) for name in ("max_daily", "total_amount", "max_single"))
    return next((doses for doses in facts if doses is not None), None)
