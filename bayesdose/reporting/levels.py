"""A patient's levels in a report: what was predicted, beside what was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bayesdose.reporting.predictions import predictions_table
from bayesdose.reporting.text import count, interval, significant, with_unit
from bayesdose.reporting.view import Table

if TYPE_CHECKING:
    from bayesdose.card import Units
    from bayesdose.individual import Draws
    from bayesdose.study import Study


def predicted_levels(draws: Draws, study: Study, until: float | None) -> pd.DataFrame | None:
    """Predict the study's levels; None where it has none.

    Parameters
    ----------
    draws
        The patient's draws.
    study
        The same patient, perhaps with later levels.
    until
        Time of the last level conditioned on, None without one.

    Returns
    -------
    pandas.DataFrame
        As from `predictions_table`, with a column DVID where there are several kinds of level.
    """
    from bayesdose.simulation import predict

    if study.levels.empty:
        return None
    prediction = predict(draws, study, residual=True, seed=draws.diagnostics.seed)
    table = predictions_table(prediction, until=-np.inf if until is None else until)
    kinds = study.levels["DVID"].to_numpy()
    return table.assign(DVID=kinds) if len(set(kinds)) > 1 else table


def score(table: pd.DataFrame) -> list[str]:
    """Say how many of the levels that were only predicted lie inside their interval."""
    later = table[~table["used"]] if "used" in table else table
    later = later[later["measured"].notna()]
    if later.empty:
        return [
            "All these levels were conditioned on: this shows how well the model fits, not how it predicts."
        ]
    inside = int(later["inside"].sum())
    return [
        f"{inside} of {count(len(later), 'later level lies', 'later levels lie')} inside the 90 % interval "
        "predicted without knowing them."
    ]


def levels_table(table: pd.DataFrame, units: Units | None) -> Table:
    """Return a table of predicted levels as it is printed."""
    time, unit = ("", "") if units is None else (units.time, units.concentration)
    known, kinds = "used" in table, "DVID" in table
    head = [with_unit("Time", f"({time})" if time else ""), "Measured", "Predicted median"]
    head += ["90 % interval", "Inside", *(["Level was"] if known else []), *(["Kind"] if kinds else [])]
    rows = table.to_dict("records")
    of = " (kind 1)" if kinds else ""
    return Table(
        f"Levels{f', in {unit}{of}' if unit else ''}",
        tuple(head),
        tuple(_cells(row) for row in rows),
        columns="nnnnw",
        marks=tuple("failed" if _missed(row) and not row.get("used") else "" for row in rows),
        foot="The interval is that of a measurement: residual error is in it.",
    )


def _missed(row: dict[Any, Any]) -> bool:
    return row["inside"] is not pd.NA and not row["inside"]


def _cells(row: dict[Any, Any]) -> tuple[str, ...]:
    cells = [f"{row['time']:g}", significant(row["measured"]), significant(row["median"])]
    cells += [interval(row["lower90"], row["upper90"])]
    cells += ["–" if row["inside"] is pd.NA else "no" if _missed(row) else "yes"]
    cells += [("used" if row["used"] else "only predicted")] if "used" in row else []
    return (*cells, *([f"{row['DVID']:g}"] if "DVID" in row else []))
