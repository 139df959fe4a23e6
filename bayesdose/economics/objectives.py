"""Several objectives that nobody has weighed against each other yet: the Pareto set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from bayesdose.economics.arrays import Allowed, Floats, by_option, shown, words
from bayesdose.errors import InputError, explain


@dataclass(frozen=True, eq=False)
class Pareto:
    """Options that are worth considering whatever the objectives weigh; ``print`` shows them.

    Parameters
    ----------
    table
        Index option, the efficient ones first, then in the outcome's order. A column for each objective with
        its expected value; ``efficient``: no other option is as good in all and better in one;
        ``p_efficient``: the share of the draws in which that holds; ``gain``: the part of the volume that all
        options gain which only this one does, 0 where it would not be missed; ``dominated_by``: an efficient
        option that is better.
    objectives
        Objective to "max" or "min".
    units
        Objective to its unit.
    """

    table: pd.DataFrame
    objectives: Mapping[str, str]
    units: Mapping[str, str]

    @property
    def options(self) -> tuple[str, ...]:
        """Labels of the efficient options."""
        return tuple(self.table.index[self.table["efficient"]])

    def __str__(self) -> str:
        said = ", ".join(f"{name} {way}" for name, way in self.objectives.items())
        return shown(self.table, f"Pareto set of {said}: {len(self.options)} of {len(self.table)} options")


def pareto(outcome: xr.Dataset, objectives: Mapping[str, str], *, allowed: Allowed = None) -> Pareto:
    """Return the options that no other option beats in every objective.

    Expected values over the draws decide; no weights are needed. An option outside the set is never chosen
    under a utility that rises in every objective and is a weighted sum of them; one inside need not be chosen
    by any such sum, because it may lie in a dent of the front (Ehrgott 2005, Multicriteria Optimization, 2nd
    ed., section 3.1).

    Parameters
    ----------
    outcome
        Dims option, and draw where uncertain: an Outcome with what `bayesdose.outcomes` adds to it.
    objectives
        Name of a variable to "max" or "min"; two or more.
    allowed
        Options that count: a `Choice` (those it did not block), labels, or all.

    Returns
    -------
    Pareto
    """
    ways = _checked(outcome, objectives)
    arrays = {name: by_option(f"objective {name}", outcome[name], allowed) for name in ways}
    n = max(a.sizes["draw"] for a in arrays.values())
    labels = words(next(iter(arrays.values()))["option"])
    values = np.stack([np.broadcast_to(a.to_numpy(), (n, len(labels))) for a in arrays.values()], axis=-1)
    costs = values * np.array([-1.0 if way == "max" else 1.0 for way in ways.values()])
    efficient, mean = _efficient(costs.mean(axis=0)), values.mean(axis=0)
    frame = pd.DataFrame(mean, columns=list(ways), index=pd.Index(labels, name="option"))
    frame["efficient"] = efficient
    frame["p_efficient"] = np.mean([_efficient(draw) for draw in costs], axis=0)
    frame["gain"] = _gain(costs.mean(axis=0), efficient)
    frame["dominated_by"] = _dominators(costs.mean(axis=0), efficient, frame.index)
    units = {name: str(outcome[name].attrs.get("units", "")) for name in ways}
    return Pareto(frame.sort_values("efficient", ascending=False, kind="stable"), ways, units)


def _checked(outcome: object, objectives: Mapping[str, str]) -> dict[str, str]:
    if not isinstance(outcome, xr.Dataset):
        raise InputError(
            explain("pareto: outcome", came=type(outcome).__name__, expected="an xarray Dataset")
        )
    known = [str(name) for name in outcome.data_vars]
    for name, way in objectives.items():
        if name not in known:
            raise InputError(explain(f"pareto: no variable {name!r}", expected=", ".join(known)))
        if way not in ("max", "min"):
            raise InputError(
                explain(f"pareto: objective {name!r}", came=repr(way), expected='"max" or "min"')
            )
    if len(objectives) < 2:
        raise InputError(explain("pareto: objectives", came=len(objectives), expected="two or more"))
    return dict(objectives)


def _efficient(costs: Floats) -> np.ndarray:
    """Say which rows (option, objective), to be small, no other dominates; equal rows stay together."""
    import moocore

    return np.asarray(moocore.is_nondominated(costs, keep_weakly=True), dtype=bool)


def _gain(costs: Floats, efficient: np.ndarray) -> Floats:
    """Return each option's own part of the volume between the front and the worst of every objective.

    Objectives are scaled to their range, so that their units do not matter (Zitzler & Thiele 1999, IEEE Trans
    Evol Comput 3:257, the hypervolume).
    """
    import moocore

    span = np.ptp(costs, axis=0)
    scaled = (costs - costs.min(axis=0)) / np.where(span > 0, span, 1.0)
    made, reference = np.zeros(len(costs)), np.full(costs.shape[1], 1.1)  # the ends of the front count too
    front = np.flatnonzero(efficient)
    whole = moocore.hypervolume(scaled[front], ref=reference)
    for k in front:
        others = front[front != k]
        rest = moocore.hypervolume(scaled[others], ref=reference) if len(others) else 0.0
        made[k] = (whole - rest) / whole
    return np.clip(made, 0.0, 1.0)


def _dominators(costs: Floats, efficient: np.ndarray, labels: pd.Index) -> list[str]:
    front = np.flatnonzero(efficient).tolist()
    said = []
    for k, own in enumerate(costs):
        better = [] if efficient[k] else [j for j in front if (costs[j] <= own).all()]
        said.append(str(labels[better[0]]) if better else "")
    return said
