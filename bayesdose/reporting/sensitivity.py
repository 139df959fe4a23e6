"""What would flip a choice, and what more information is worth, in a report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bayesdose.decision.compared import MINIMAX_REGRET
from bayesdose.reporting.figure import figure
from bayesdose.reporting.text import brief, decimals, fixed, percent, plus_minus, significant
from bayesdose.reporting.view import Block, Picture, Table

if TYPE_CHECKING:
    from bayesdose.decision.choice import Choice
    from bayesdose.decision.information.gains import Information
    from bayesdose.decision.sensitivity.thresholds import Thresholds

_TITLES = {
    "EVPI": "Knowing this patient exactly",
    "EVPPI": "Knowing a parameter exactly",
    "EVSI": "Levels that could be drawn next",
    "EVSI of a test": "A test before choosing",
}
_UNDEFINED = (
    "Not told under minimax regret: assumptions are moved by weighing the draws anew, and the largest regret "
    "over the draws takes no notice of how probable a draw is."
)
_HEAD = ("Assumption", "As assumed", "Followed from – to", "The choice flips", "Lost by keeping it there")


def flips(thresholds: Thresholds | None, choice: Choice | None = None) -> Block:
    """Return what would flip the choice: a table of the assumptions and a tornado, or why there is none."""
    if thresholds is None:
        regret = choice is not None and choice.criterion.startswith(MINIMAX_REGRET)
        return Block("What would flip it", texts=[_UNDEFINED] * regret)
    n = len(thresholds.flips)
    texts = [
        f"Each assumption was moved by itself as far as the draws can follow; {n or 'none'} of "
        f"{len(thresholds.table)} change{'' if n != 1 else 's'} what is best. What no re-weighting reaches "
        "(another model, another population, missed doses) is not among them unless it is named."
    ]
    rows = tuple(_row(str(name), row) for name, row in thresholds.table.iterrows())
    marks = tuple("near" if name in thresholds.flips else "" for name in thresholds.table.index)
    foot = (
        "“typical”, “omega” and “prior”: what was believed of patients like this one; “of this patient”: the "
        f"parameter itself. Lost: {_score(thresholds)}, at the first and at the last value; below 0 where a "
        "chance constraint then forbids the choice."
    )
    table = Table("Assumptions", _HEAD, rows, columns="wnnww", marks=marks, foot=foot)
    picture = Picture(
        "What would flip the choice",
        figure(thresholds),
        f"Left: {_score(thresholds)} of the choice as each assumption goes from its lowest to its highest "
        "value. Right: what is lost there by keeping the choice, and from which value on another option is "
        "better.",
        f"Tornado of {len(rows)} assumptions; {n} of them flip the choice.",
    )
    return Block("What would flip it", texts=texts, tables=[table], pictures=[picture])


def worth(information: Sequence[Information]) -> Block:
    """Return what further information is worth: a table and a figure each."""
    tables, pictures = [], []
    for one in information:
        tables.append(_worth(one))
        if np.isfinite(one.data["value"]).any():
            pictures.append(
                Picture(
                    _title(one),
                    figure(one),
                    f"The worth {one.measured}, with two Monte Carlo standard errors either side.",
                    f"Worth of {len(one.table())} sources of information; most worth: {one.most}.",
                )
            )
    return Block("What more information is worth", tables=tables, pictures=pictures)


def _score(thresholds: Thresholds) -> str:
    return "expected utility" if thresholds.score == "E[U]" else thresholds.score


def _row(name: str, row: Any) -> tuple[str, ...]:
    says = [
        f"{side} {significant(row[f'flips_{side}'])}: {row[f'to_{side}']}"
        for side in ("below", "above")
        if row[f"to_{side}"]
    ]
    lost = f"{brief(row['regret_low'])}; {brief(row['regret_high'])}"
    reach = f"{brief(row['low'])} – {brief(row['high'])}"
    return name, brief(row["base"]), reach, "; ".join(says) or "no", lost


def _worth(one: Information) -> Table:
    costs = "net" in one.data
    head = ("Source", "Worth ± MCSE", "Of EVPI", "Other choice in", *(("Cost", "Net") if costs else ()))
    rows = []
    for name, row in one.table().iterrows():
        cells = ("refused", "–", "–") if not np.isfinite(row["value"]) else _cells(row)
        more = (significant(row["cost"], 2), significant(row["net"], 2)) if costs else ()
        rows.append((str(name), *cells, *more))
    foot = " ".join([f"Without it: {one.best}. By {one.method}.", *one.notes])
    return Table(_title(one), head, tuple(rows), columns="wn", foot=foot)


def _cells(row: Any) -> tuple[str, str, str]:
    places = decimals(row["mcse"])
    value = plus_minus(fixed(row["value"], places), fixed(row["mcse"], places))
    return value, percent(row["share"]), percent(row["changes"])


def _title(one: Information) -> str:
    return _TITLES.get(one.about, one.about)
