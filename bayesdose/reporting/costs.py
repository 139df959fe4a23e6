"""Costs and effects of the options, in a report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bayesdose.reporting.figure import figure
from bayesdose.reporting.text import percent, significant, with_unit
from bayesdose.reporting.view import Block, Picture, Table

if TYPE_CHECKING:
    from bayesdose.economics import CostEffectiveness

_MOST = 12
_HEAD = ("Option", "Cost", "Effect", "Net benefit", "95 % of the draws", "Highest in")


def costs(found: CostEffectiveness | None) -> Block:
    """Return what the options cost and bring: net benefit, frontier, plane and acceptability."""
    if found is None:
        return Block("Costs and effects")
    terms = [
        ("Willingness to pay", f"{found.price}, as this user states"),
        ("Highest expected net monetary benefit", found.best),
        ("Efficient frontier", "; ".join(_frontier(found))),
    ]
    text = (
        "Net monetary benefit is willingness to pay times effect, less cost. It is shown beside the utility, "
        "which alone ranks the options above; options that a limit blocks are left out."
    )
    pictures = [_acceptability(found), *([_plane(found)] if found.plane is not None else [])]
    return Block("Costs and effects", texts=[text], terms=terms, tables=[_table(found)], pictures=pictures)


def _frontier(found: CostEffectiveness) -> list[str]:
    """Return the options of the frontier, the cheapest first, each with its ICER."""
    icer = found.frontier.table["icer"]
    money = found.units[0]
    return [
        name
        if icer[name] != icer[name]
        else f"{name} ({with_unit(significant(icer[name]), money)} for {found.gain} more)"
        for name in found.frontier.options
    ]


def _table(found: CostEffectiveness) -> Table:
    rows = tuple(
        (
            str(name),
            significant(row["cost"]),
            significant(row["effect"]),
            significant(row["net_benefit"]),
            f"{significant(row['low'])} to {significant(row['high'])}",
            percent(row["p_best"]),
        )
        for name, row in found.table.head(_MOST).iterrows()
    )
    marks = ("best", *("",) * (len(rows) - 1))
    more = len(found.table) - len(rows)
    money, unit = found.units
    effect = " ".join(word for word in (found.effect, f"({unit})" if unit else "") if word)
    foot = f"Cost and net benefit in {money or 'units of cost'}" + (f"; effect: {effect}" if effect else "")
    foot += "; expected over the draws."
    foot += f" And {more} more options with less." if more else ""
    return Table("Net monetary benefit", _HEAD, rows, columns="wn", marks=marks, foot=foot)


def _acceptability(found: CostEffectiveness) -> Picture:
    caption = (
        "Probability that each option has the highest net benefit, by willingness to pay; marked is the one "
        "with the highest expected net benefit."
    )
    alt = f"Acceptability curves of {len(found.table)} options up to twice the stated willingness to pay."
    return Picture("How sure is the best buy", figure(found.acceptability), caption, alt)


def _plane(found: CostEffectiveness) -> Picture:
    assert found.plane is not None
    caption = (
        f"What each option of the efficient frontier adds in cost and effect to {found.plane.reference}, "
        "draw by draw."
    )
    alt = f"Cost-effectiveness plane of {len(found.plane.table)} options against {found.plane.reference}."
    return Picture("Cost-effectiveness plane", figure(found.plane), caption, alt)
