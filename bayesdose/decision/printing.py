"""A choice in words: plain text, aligned, at most 100 columns."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from bayesdose.decision.choice import Choice

WIDTH = 100
SHOWN = 12
_INDENT = 14
_COLUMNS = {
    "expected_utility": "E[U]",
    "mcse": "MCSE",
    "difference": "below best",
    "difference_mcse": "MCSE",
    "p_best": "P(best)",
    "expected_regret": "regret",
}


def text(choice: Choice) -> str:
    """Return the choice in words: the answer, how sure, the ranking, what was blocked."""
    decimals = _decimals(choice)
    return "\n".join([*_summary(choice, decimals), "", *_ranking(choice, decimals), *_blocked(choice)])


def _decimals(choice: Choice) -> int:
    """Return how many decimals show the Monte Carlo error of the best with two digits; 3 when it has none."""
    error = choice.row(choice.best)["mcse"] or choice.indifference / 10
    return max(1 - math.floor(math.log10(error)), 0) if error > 0 else 3


def _number(value: float, decimals: int) -> str:
    """Return a number of at most 10 characters: fixed decimals where that is readable."""
    fixed = f"{value:.{decimals}f}" if decimals <= 6 else ""
    return fixed if fixed and len(fixed) <= 10 else f"{value:.4g}"


def _summary(choice: Choice, d: int) -> list[str]:
    row = choice.row(choice.best)
    parts = [
        ("best", choice.best),
        ("status", choice.status),
        *[("", reason) for reason in choice.reasons],
        ("utility", choice.utility),
        ("criterion", choice.criterion),
        (
            "E[U]",
            f"{_number(row['expected_utility'], d)} +- {_number(row['mcse'], d)} (MCSE; {_draws(choice)})",
        ),
        ("runner-up", _runner_up(choice, d)),
        ("P(best)", f"{row['p_best']:.2f}, ties shared; not beaten in {row['p_unbeaten']:.2f} of the draws"),
        ("regret", f"{_number(choice.evpi, d)} expected (EVPI: the worth of knowing this patient exactly)"),
        ("near-optimal", _near(choice)),
        ("simplest", choice.simplest + (" (the best itself)" if choice.simplest == choice.best else "")),
        ("limits", "; ".join(choice.limits) or "none stated"),
    ]
    return [line for name, words in parts for line in _wrapped(words, f"{name:<{_INDENT}}", " " * _INDENT)]


def _draws(choice: Choice) -> str:
    n = choice.U.sizes["draw"]
    return f"{n} draws" + (f", {choice.n_particles} distinct" if choice.n_particles < n else "")


def _runner_up(choice: Choice, d: int) -> str:
    if choice.runner_up is None:
        return "none: no other option is allowed"
    row = choice.row(choice.runner_up)
    lower, error = _number(row["difference"], d), _number(row["difference_mcse"], d)
    return f"{choice.runner_up}, lower by {lower} +- {error}"


def _near(choice: Choice) -> str:
    near = choice.near_optimal
    more = f" and {len(near) - SHOWN} more" if len(near) > SHOWN else ""
    return f"{'; '.join(near[:SHOWN])}{more}: within {choice.indifference:.3g} ({choice.indifference_basis})"


def _ranking(choice: Choice, d: int) -> list[str]:
    frame = choice.ranking()
    frame = frame[~frame["blocked"]]
    head = frame.head(SHOWN)
    cells = [_cells(line, d) for line in head[list(_COLUMNS)].to_numpy(dtype=float)]
    widths = [max(len(row[k]) for row in [list(_COLUMNS.values()), *cells]) for k in range(len(_COLUMNS))]
    names = [_short(str(name), WIDTH - 2 - sum(widths) - 2 * len(widths)) for name in head.index]
    left = max(len(name) for name in ["option", *names])
    lines = [_line(" ", f"{'option':<{left}}", list(_COLUMNS.values()), widths)]
    for name, near, row in zip(names, head["near_optimal"], cells, strict=True):
        lines.append(_line("*" if near else " ", f"{name:<{left}}", row, widths))
    rest = len(frame) - len(head)
    return [*lines, *([f"  and {rest} more, none with a higher E[U]"] if rest else []), "  * near-optimal"]


def _cells(line: np.ndarray, d: int) -> list[str]:
    shares = [column == "p_best" for column in _COLUMNS]
    return [_number(value, 2 if share else d) for value, share in zip(line, shares, strict=True)]


def _line(mark: str, name: str, cells: Sequence[str], widths: Sequence[int]) -> str:
    return f"{mark} {name}" + "".join(f"  {cell:>{width}}" for cell, width in zip(cells, widths, strict=True))


def _blocked(choice: Choice) -> list[str]:
    blocked = list(choice.blocked.items())
    lines = [line for name, why in blocked[:SHOWN] for line in _wrapped(f"{name}: {why}", "  ", "    ")]
    rest = len(blocked) - SHOWN
    lines += [f"  and {rest} more"] if rest > 0 else []
    return ["", f"blocked ({len(blocked)}), whatever their utility:", *lines] if blocked else []


def _short(name: str, room: int) -> str:
    plain = " ".join(name.split())
    return plain if len(plain) <= room else plain[: room - 3] + "..."


def _wrapped(words: str, first: str, others: str) -> list[str]:
    return textwrap.wrap(words, WIDTH, initial_indent=first, subsequent_indent=others)
