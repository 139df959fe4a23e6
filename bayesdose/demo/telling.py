"""What the demo says, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING

from bayesdose.case import NOTICE, individual_text
from bayesdose.decision import Window, above, in_window

if TYPE_CHECKING:
    import pandas as pd

    from bayesdose.case import Recommendation
    from bayesdose.decision import Choice
    from bayesdose.demo.neonate import Found, Neonate
    from bayesdose.fitting import Fit

WHAT = (
    "Phenobarbital in 59 neonates (Grasela & Donn 1985, routine care). A population model is fitted to 56 of "
    "them. Each of the other three is then met as a new patient: only its first level is known. Its later "
    "levels are predicted, and a maintenance dose is recommended."
)
QUESTION = (
    "The loading dose is given and one level is known: which maintenance dose, from a day after the last one "
    "on and for ten days?"
)
_WIDTH = 96


def opening() -> str:
    """Return what the demo is about to do."""
    return f"{_wrapped(WHAT)}\n{_wrapped(NOTICE)}\n"


def parameters(fit: Fit) -> str:
    """Return the parameter table as plain text."""
    from bayesdose.reporting import parameter_table
    from bayesdose.reporting.parameters import FOOTNOTE, HEADINGS, formatted

    return f"{_table([HEADINGS, *formatted(parameter_table(fit))], words=2)}\n{_wrapped(FOOTNOTE)}\n"


def neonate(one: Neonate, units_of: Mapping[str, str]) -> str:
    """Return what is known of a neonate, its predictions, the recommendation and how sure that is.

    Parameters
    ----------
    one
        The neonate.
    units_of
        Unit of each parameter.
    """
    if one.found is None:
        return f"\n{one.label.capitalize()}: nothing is recommended.\n{_wrapped(one.refused or '')}\n"
    level = one.history.levels.iloc[-1]
    units = one.study.card.units
    known = f"{level['DV']:g} {units.concentration} at {level['TIME']:g} {units.time}"
    return "\n".join(
        [
            f"\n{one.label.capitalize()}, first level {known}",
            individual_text(one.found.me, units_of),
            "",
            "Later levels, predicted under the doses really given, residual error included:",
            *_predicted(one.found.predictions),
            "",
            _recommended(one.found),
        ]
    )


def closing(files: Sequence[Path]) -> str:
    """Return where everything is."""
    names = "\n".join(f"  {path}" for path in files)
    return f"\nWritten:\n{names}\n\n{_wrapped(NOTICE)}"


def _predicted(table: pd.DataFrame) -> list[str]:
    later = table[~table["used"]]
    rows = [
        (
            f"{row.time:g} h",
            f"{row.measured:.1f}",
            f"{row.median:.1f}",
            f"{row.lower90:.1f} to {row.upper90:.1f}",
            "inside" if row.inside else "OUTSIDE",
        )
        for row in later.itertuples()
    ]
    outside = int((~later["inside"]).sum())
    doubt = (
        f"{outside} of {len(later)} lie outside: the doses as recorded, or the model, do not describe this "
        "neonate, and its first level could not show that."
    )
    shown = _table([("time", "measured", "predicted", "90 % interval", ""), *rows], words=0)
    return [shown, _wrapped(doubt)] if outside > len(later) / 2 else [shown]


def _recommended(found: Found) -> str:
    choice = found.recommendation.choice
    best = choice.row(choice.best)
    lines = [
        ("recommended", f"{choice.best} ({choice.status})"),
        ("utility", f"{choice.utility} (this user's)"),
        ("limits", "; ".join(choice.limits)),
        ("red flags", "; ".join(flag["name"] for flag in choice.flags) or "none in its table"),
        ("expected", _odds(found.recommendation)),
        ("E[U]", f"{best['expected_utility']:.3f} +- {best['mcse']:.3f} (Monte Carlo standard error)"),
        ("runner-up", _runner_up(choice)),
        ("as good", _as_good(choice)),
        ("not known", f"the neonate: to know it exactly would be worth {choice.evpi:.3f} (EVPI)"),
        *(("note", reason) for reason in choice.reasons),
    ]
    return "\n".join(_wrapped(text, f"{name:<13}") for name, text in lines) + "\n"


def _odds(recommendation: Recommendation) -> str:
    """Return the probabilities of what the utility speaks of, under the recommended option."""
    u = recommendation.case.utility
    assert isinstance(u, Window)
    assert u.harm_above is not None
    best = recommendation.outcome.sel(option=recommendation.choice.best)
    inside = float(in_window(best[u.outcome], u.low, u.high).mean())
    harm = float(above(best[u.harm], u.harm_above).mean())
    return (
        f"{u.outcome} within {u.low:g}-{u.high:g} mg/L with probability {inside:.2f}, "
        f"{u.harm} above {u.harm_above:g} with {harm:.2f}"
    )


def _runner_up(choice: Choice) -> str:
    if choice.runner_up is None:
        return "none: no other option is allowed"
    row = choice.row(choice.runner_up)
    return f"{choice.runner_up}, lower by {row['difference']:.3f} +- {row['difference_mcse']:.3f}"


def _as_good(choice: Choice) -> str:
    """Return what else is within the indifference."""
    others = [label for label in choice.near_optimal if label != choice.best]
    within = f"within {choice.indifference:g} ({choice.indifference_basis})"
    if not others:
        return f"no other option is {within}"
    simplest = "the recommended one" if choice.simplest == choice.best else choice.simplest
    return f"{'; '.join(others)}: {within}; the simplest is {simplest}"


def _table(rows: Sequence[Sequence[str]], *, words: int) -> str:
    """Align cells; the first `words` columns to the left, the others to the right."""
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    return "\n".join(
        "  "
        + "   ".join(
            cell.ljust(width) if k < words else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def _wrapped(text: str, head: str = "") -> str:
    return fill(text, _WIDTH, initial_indent=head, subsequent_indent=" " * len(head))
