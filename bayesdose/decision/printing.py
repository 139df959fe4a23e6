"""A choice in words: plain text, aligned, at most 100 columns."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bayesdose.decision.limits.audit import kept_as

if TYPE_CHECKING:
    from bayesdose.decision.choice import Choice

WIDTH = 100
SHOWN = 12
_INDENT = 14
_COLUMNS = {
    "score": "",
    "score_mcse": "MCSE",
    "difference": "below best",
    "difference_mcse": "MCSE",
    "p_best": "P(best)",
    "expected_regret": "regret",
}
_UTILITY = {"expected_utility": "E[U]"}


def text(choice: Choice) -> str:
    """Return the choice in words: the answer, how sure, the ranking, what was blocked."""
    decimals = _decimals(choice)
    passed = _listed(choice.warned, "passing a limit, not blocked")
    blocked = _listed(choice.blocked, "blocked", ", whatever their utility")
    return "\n".join([*_summary(choice, decimals), "", *_ranking(choice, decimals), *blocked, *passed])


def _decimals(choice: Choice) -> int:
    """Return how many decimals show the Monte Carlo error of the best with two digits; 3 when it has none."""
    row = choice.row(choice.best)
    error = row["score_mcse"] if math.isfinite(row["score_mcse"]) else row["mcse"]
    nothing = 1e-12 * float(np.abs(choice.U).max())  # rounding, where all draws have the same utility
    error = error if error > nothing else choice.indifference / 10
    return max(1 - math.floor(math.log10(error)), 0) if error > 0 else 3


def _number(value: float, decimals: int) -> str:
    """Return a number of at most 10 characters: fixed decimals where that is readable; "-" for none."""
    if math.isnan(value):
        return "-"
    fixed = f"{value:.{decimals}f}" if decimals <= 6 else ""
    fixed = fixed.removeprefix("-") if fixed and float(fixed) == 0 else fixed
    return fixed if fixed and len(fixed) <= 10 else f"{value:.4g}"


def _summary(choice: Choice, d: int) -> list[str]:
    row = choice.row(choice.best)
    parts = [
        ("best", choice.best),
        ("status", choice.status),
        *[("", reason) for reason in choice.reasons],
        ("utility", choice.utility),
        ("criterion", choice.criterion),
        *_scored(choice, row, d),
        (
            "E[U]",
            f"{_number(row['expected_utility'], d)} +- {_number(row['mcse'], d)} (MCSE; {_draws(choice)})",
        ),
        ("runner-up", _runner_up(choice, d)),
        ("P(best)", f"{row['p_best']:.2f}, ties shared; not beaten in {row['p_unbeaten']:.2f} of the draws"),
        ("regret", _regret(choice, row, d)),
        ("near-optimal", _near(choice)),
        ("simplest", choice.simplest + (" (the best itself)" if choice.simplest == choice.best else "")),
        ("limits", "; ".join(choice.limits) or "none stated"),
        *[("override", _who(one)) for one in choice.overrides],
    ]
    return [line for name, words in parts for line in _wrapped(words, f"{name:<{_INDENT}}", " " * _INDENT)]


def _scored(choice: Choice, row: dict[str, Any], d: int) -> list[tuple[str, str]]:
    """Return the criterion's number, where it is another than expected utility."""
    if choice.score in _UTILITY.values():
        return []
    value, error = _number(row["score"], d), _number(row["score_mcse"], d)
    return [("", f"{choice.score} {value}" + (f" +- {error} (MCSE)" if error != "-" else ""))]


def _regret(choice: Choice, row: dict[str, Any], d: int) -> str:
    own, credible = _number(row["expected_regret"], d), _number(row["regret_95"], d)
    tail = f"at most {credible} in 95 % of the draws"
    if row["expected_regret"] <= choice.evpi * (1 + 1e-9):
        return f"{own} expected (EVPI: the worth of knowing this patient exactly), {tail}"
    return f"{own} expected, {tail}; EVPI {_number(choice.evpi, d)}"


def _who(one: Mapping[str, Any]) -> str:
    """Return an override or acknowledgement in one line, and the hash that the audit file has of it."""
    what = one.get("limit") or (f"limits of {one['option']}" if one.get("option") else "red flags")
    passed = f", {len(one['options'])} option(s) pass" if one.get("kind") == "override" else ""
    return f"{what}{passed}: {one['who']}, {one['time']}: {one['why']} ({kept_as(one)})"


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
    own = choice.score in _UTILITY.values()
    columns = {**_COLUMNS, "score": choice.score, **({} if own else _UTILITY)}
    titles = list(columns.values())
    cells = [_cells(line, d, columns) for line in head[list(columns)].to_numpy(dtype=float)]
    widths = [max(len(row[k]) for row in [titles, *cells]) for k in range(len(columns))]
    names = [_short(str(name), WIDTH - 2 - sum(widths) - 2 * len(widths)) for name in head.index]
    left = max(len(name) for name in ["option", *names])
    lines = [_line(" ", f"{'option':<{left}}", titles, widths)]
    for name, near, row in zip(names, head["near_optimal"], cells, strict=True):
        lines.append(_line("*" if near else " ", f"{name:<{left}}", row, widths))
    rest = len(frame) - len(head)
    return [
        *lines,
        *([f"  and {rest} more, none with a higher {choice.score}"] if rest else []),
        "  * near-optimal",
    ]


def _cells(line: np.ndarray, d: int, columns: Mapping[str, str]) -> list[str]:
    shares = [column == "p_best" for column in columns]
    return [_number(value, 2 if share else d) for value, share in zip(line, shares, strict=True)]


def _line(mark: str, name: str, cells: Sequence[str], widths: Sequence[int]) -> str:
    return f"{mark} {name}" + "".join(f"  {cell:>{width}}" for cell, width in zip(cells, widths, strict=True))


def _listed(why: Mapping[str, str], title: str, more: str = "") -> list[str]:
    """Return options with what a limit says of each."""
    found = list(why.items())
    lines = [line for name, said in found[:SHOWN] for line in _wrapped(f"{name}: {said}", "  ", "    ")]
    rest = len(found) - SHOWN
    lines += [f"  and {rest} more"] if rest > 0 else []
    return ["", f"{title} ({len(found)}){more}:", *lines] if found else []


def _short(name: str, room: int) -> str:
    plain = " ".join(name.split())
    return plain if len(plain) <= room else plain[: room - 3] + "..."


def _wrapped(words: str, first: str, others: str) -> list[str]:
    return textwrap.wrap(words, WIDTH, initial_indent=first, subsequent_indent=others)
