"""``[economics]`` of a case: costs and effects of the options beside the utility."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import xarray as xr

from bayesdose.case.problems import Problem, not_outcomes
from bayesdose.case.tables import EconomicsTable, OutcomeTable, Table
from bayesdose.economics import CostEffectiveness, cost_effectiveness
from bayesdose.errors import InputError, explain, nearest

if TYPE_CHECKING:
    from bayesdose.decision import Choice


def wrong_economics(made: EconomicsTable, outcomes: Mapping[str, Table] | None) -> list[Problem]:
    """Look up the outcomes that it speaks of; a cost is one that follows from doses or events."""
    spoken = {"economics.effect": made.effect}
    if isinstance(made.cost, str):
        spoken["economics.cost"] = made.cost
    found = not_outcomes(spoken, outcomes)
    if not made.willingness_to_pay > 0:
        found.append(("economics.willingness_to_pay", "came 0, expected a number above 0"))
    if isinstance(made.cost, str) and outcomes and isinstance(outcomes.get(made.cost), OutcomeTable):
        found.append(("economics.cost", f"speaks of {made.cost!r}, an exposure, and not a cost"))
    return found


def economics_of(made: EconomicsTable, outcome: xr.Dataset, choice: Choice) -> CostEffectiveness:
    """Compare costs and effects of the options that no limit blocks.

    Parameters
    ----------
    made
        The table of the case.
    outcome
        The options and their outcomes.
    choice
        What was decided.

    Raises
    ------
    InputError
        When an option has no cost, or there is no such reference.
    """
    labels = [str(label) for label in outcome["option"].to_numpy()]
    reference = made.reference or _reference(outcome, labels)
    if reference not in labels:
        raise InputError(
            explain(
                "economics.reference: there is no such option",
                came=repr(reference),
                expected="; ".join(labels[:8]),
                meant=nearest(reference, labels),
            )
        )
    cost = outcome[made.cost] if isinstance(made.cost, str) else _by_label(made, labels)
    return cost_effectiveness(
        cost, outcome[made.effect], made.willingness_to_pay, reference=reference, allowed=choice
    )


def _by_label(made: EconomicsTable, labels: list[str]) -> xr.DataArray:
    assert isinstance(made.cost, Mapping)
    missing = [label for label in labels if label not in made.cost]
    unknown = [label for label in made.cost if label not in labels]
    if missing or unknown:
        raise InputError(
            explain(
                "economics.cost: a number for each option",
                came=f"none for {missing[0]!r}" if missing else f"{unknown[0]!r}, which is no option",
                expected="; ".join(labels[:8]) + ("; ..." if len(labels) > 8 else ""),
            )
        )
    values = [made.cost[label] for label in labels]
    return xr.DataArray(values, dims="option", coords={"option": labels}, attrs={"units": made.currency})


def _reference(outcome: xr.Dataset, labels: list[str]) -> str:
    """Return the current regimen, or else no treatment, or else the first option."""
    kinds = outcome["kind"].to_numpy().tolist() if "kind" in outcome.coords else []
    for kind in ("current", "none"):
        if kind in kinds:
            return labels[kinds.index(kind)]
    return labels[0]
