"""A choice in plain words, for a person who did not run it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from bayesdose.decision.limits.audit import kept_as
from bayesdose.reporting.text import (
    brief,
    count,
    decimals,
    fixed,
    percent,
    plus_minus,
    significant,
    with_unit,
)
from bayesdose.reporting.view import Block, Table, Verdict

if TYPE_CHECKING:
    from bayesdose.decision.choice import Choice

MOST_ROWS = 40
"""Rows of the ranking; `decision.json` of the command line has all of them."""

_BUT = {
    "too close to call": ", but by too little for the computation to tell it from the next",
    "edge": ", but lies at the edge of what was searched: beyond it something better may lie",
}
_MORE = {
    "chosen": "More draws are unlikely to: the computation is exact enough for what counts as near-optimal.",
    "too close to call": "More draws: the computation is not exact enough yet to tell the first apart.",
    "edge": "A wider search: what lies beyond the edge was not looked at.",
}
_MOST_NAMES = 12
_UNLOOKED = "They were not looked for: implausible doses, levels or covariates would go unnoticed here."
_TAILS = (0.05, 0.95)


def verdict(choice: Choice) -> Verdict:
    """Return the recommendation in one sentence, with what stands in its way."""
    n = int((~choice.table["blocked"].to_numpy()).sum())
    value = f"expected utility {_value(choice, 'expected_utility', 'mcse')}"
    said = f"It has the highest expected utility of the {n} options allowed ({value})"
    if _other(choice):
        value = f"{choice.score} {_value(choice, 'score', 'score_mcse')}; {value}"
        said = f"It is the best of the {n} options allowed by this criterion: {choice.criterion} ({value})"
    but = _BUT.get(choice.status, "")
    sentence = f"It is the only option allowed ({value})." if n == 1 else f"{said}{but}."
    return Verdict(choice.best, sentence, choice.status, tuple(choice.reasons))


def question(choice: Choice, words: str = "") -> Block:
    """Return what was asked, by whose utility, within which limits."""
    drug = choice.attrs.get("drug")
    asked = words or f"Which of these {len(choice.table['option'])} options is best for this patient?"
    terms = [
        ("This user's utility", choice.utility),
        ("Compared by", f"{choice.criterion} over {_draws(choice)} of what this patient may be like"),
        ("Limits, before any utility", "; ".join(choice.limits) or "none stated"),
        *(("Overridden by", f"{one['who']}: {one['why']}") for one in choice.overrides),
    ]
    texts = [
        asked if not drug else f"{asked} Drug: {drug}.",
        "The utility is the statement of the person who ran this, not of the software: another utility may "
        "lead to another choice.",
    ]
    return Block("The question", texts=texts, terms=terms)


def red_flags(choice: Choice) -> Block:
    """Return the red flags that the choice was made under, and who took an escalation on."""
    if not choice.flags:
        looked = "None was found in the patient's table." if choice.flags_looked_for else _UNLOOKED
        return Block("Red flags", texts=[looked])
    rows = tuple(
        (
            one["name"],
            one["where"],
            f"{significant(one['value'], 3)} ({one['meaning']})",
            significant(one["limit"], 3),
            one["advice"],
        )
        for one in choice.flags
    )
    head = ("Flag", "Where", "Value", "Limit", "What to do")
    seen = choice.acknowledged
    text = (
        "Not acknowledged: options that give more drug than now are blocked."
        if seen is None
        else f"Acknowledged by {seen['who']}: {seen['why']} ({_kept(choice)})"
    )
    table = Table("Re-check before escalating", head, rows, columns="w", marks=("failed",) * len(rows))
    return Block("Red flags", texts=[text], tables=[table])


def _kept(choice: Choice) -> str:
    """Say where the acknowledgement is kept."""
    own = [one for one in choice.overrides if one.get("kind") == "acknowledgement"]
    return kept_as(own[0]) if own else "in no audit file"


def how_sure(choice: Choice) -> Block:
    """Return how sure the choice is: of the computation, and about the patient."""
    row, d = choice.row(choice.best), _decimals(choice)
    own = [(choice.score, f"{_value(choice, 'score', 'score_mcse')} ({choice.criterion})")]
    terms = [
        *(own if _other(choice) else []),
        ("Expected utility", f"{_value(choice, 'expected_utility', 'mcse')} (Monte Carlo standard error)"),
        ("Runner-up", _runner_up(choice)),
        (
            "Best option in",
            f"{percent(row['p_best'])} of the draws (ties shared); no allowed option does better in "
            f"{percent(row['p_unbeaten'])}",
        ),
        (
            "Expected regret",
            f"{fixed(row['expected_regret'], d)}: on average the option that is best for the patient's true "
            f"state would be better by this much; in 95 % of the draws by at most "
            f"{fixed(row['regret_95'], d)}. {_most(choice, d)}",
        ),
    ]
    return Block("How sure is that", terms=terms)


def _most(choice: Choice, d: int) -> str:
    """Say what further information is worth at most; constraints and other criteria have other bounds."""
    if _other(choice) or (choice.comparison is not None and choice.comparison.chances):
        said = f"EVPI of the utility, among the options allowed now, is {fixed(choice.evpi, d)}"
        return (
            f"{said}; what information is worth by this criterion and its constraints may be another number"
        )
    return f"No further measurement can be worth more than {fixed(choice.evpi, d)} (EVPI)"


def change(
    choice: Choice, individual: xr.Dataset | None = None, units: dict[str, str] | None = None
) -> Block:
    """Return what it would take to change the choice.

    Parameters
    ----------
    choice
        The choice.
    individual
        The patient's individual parameters (draw,), the draws that were simulated, where they are at hand.
    units
        Unit per parameter.
    """
    items = [*_rival(choice, individual, units or {}), *_limits(choice)]
    items.append(_MORE.get(choice.status, ""))
    items.append("Another utility: its weights and windows are the user's.")
    return Block("What it would take to change", items=[item for item in items if item])


def near_optimal(choice: Choice) -> Block:
    """Return which options do practically as well, and the simplest of them."""
    near = list(choice.near_optimal)
    within = f"within {significant(choice.indifference, 2)} of the best ({choice.indifference_basis})"
    if len(near) == 1:
        return Block("What would do as well", texts=[f"No other option comes {within}."])
    simplest = choice.simplest + (" (the best itself)" if choice.simplest == choice.best else "")
    terms = [("Near-optimal", f"{_names(near)}: {within}"), ("The simplest of them", simplest)]
    return Block("What would do as well", terms=terms)


def blocked(choice: Choice) -> Block:
    """Return what was blocked and why."""
    why = choice.blocked
    rows = tuple((name, reason) for name, reason in list(why.items())[:_MOST_NAMES])
    if not rows:
        return Block("Blocked by a limit")
    rest = f"And {len(why) - len(rows)} more, in the ranking." if len(why) > len(rows) else ""
    table = Table("Options no utility can choose", ("Option", "Reason"), rows, columns="w", foot=rest)
    return Block("Blocked by a limit", tables=[table])


def passed(choice: Choice) -> Block:
    """Return what passes a limit without being blocked: overrides with who and why, and soft limits."""
    rows = tuple((name, said) for name, said in list(choice.warned.items())[:_MOST_NAMES])
    more = len(choice.warned) - len(rows)
    rest = f"And {more} more." if more > 0 else ""
    records = tuple(
        (
            str(one["limit"] or one["option"] or "red flags"),
            one["who"],
            one["why"],
            f"{one['time']}, {kept_as(one)}",
        )
        for one in choice.overrides
    )
    head = ("Limit", "Who", "Why", "Audit file")
    tables = [Table("Overrides", head, records, columns="w", marks=("failed",) * len(records))] * bool(
        records
    )
    soft = Table("Options that pass a limit", ("Option", "Which"), rows, columns="w", foot=rest)
    return Block("Passing a limit", tables=[*tables, *([soft] if rows else [])])


def judged_by(outcome: xr.Dataset) -> Block:
    """Return what was computed of every option: each outcome, what it is, and its unit."""
    rows = tuple(
        (str(name), _defined(v), str(v.attrs.get("units", "")) or "–")
        for name, v in outcome.data_vars.items()
        if v.dims == ("draw", "option")
    )
    text = (
        "Exposure is that of the model's concentration, without residual error. Numbers are as the user "
        "states them."
    )
    table = Table("Outcomes", ("Name", "What it is", "Unit"), rows, columns="w")
    return Block("What the options are judged by", texts=[text], tables=[table] * bool(rows))


def _defined(variable: xr.DataArray) -> str:
    return str(variable.attrs.get("definition") or variable.attrs.get("long_name", variable.name))


def ranking(choice: Choice) -> Block:
    """Return the ranking of all options, best first, blocked ones last."""
    labels = [str(label) for label in choice.ranking().index]
    shown = labels[:MOST_ROWS]
    low, high = _spread(choice, shown)
    numbers = [choice.row(label) for label in shown]
    rows = tuple(
        _ranked(choice, label, row, f"{brief(a)} to {brief(b)}")
        for label, row, a, b in zip(shown, numbers, low, high, strict=True)
    )
    marks = tuple(_mark(choice, label, row) for label, row in zip(shown, numbers, strict=True))
    head = (
        "Option",
        "",
        f"{choice.score} (criterion)" if _other(choice) else "Expected utility",
        "Below the best",
        "90 % range",
        "Best in",
        "Regret",
    )
    hidden = len(labels) - len(shown)
    rest = f" {count(hidden, 'lower option is', 'lower options are')} not shown." if hidden else ""
    foot = (
        "± is the Monte Carlo standard error; of “below the best” it is that of the difference. "
        "“90 % range”: how far below the best the option is in single draws, 5 to 95 %; a "
        "minus means better than the best. “Best in”: share of draws in which it is the best one allowed."
        + rest
    )
    table = Table("All options, best first", head, rows, columns="wwn", marks=marks, foot=foot)
    return Block("Ranking", tables=[table])


def _ranked(choice: Choice, label: str, row: dict[str, Any], spread: str) -> tuple[str, ...]:
    """Return an option's row of the ranking."""
    d = _decimals(choice)
    value = _with_error(row["score"], row["score_mcse"], d)
    below = _with_error(row["difference"], row["difference_mcse"], d)
    rival = ("", "") if label == choice.best else (below, spread)
    allowed = ("", "") if row["blocked"] else (percent(row["p_best"]), fixed(row["expected_regret"], d))
    return (label, _note(choice, label, row), value, *rival, *allowed)


def _decimals(choice: Choice) -> int:
    row = choice.row(choice.best)
    error = row["mcse"] or choice.indifference / 10
    return min(decimals(float(error)), 4)


def _value(choice: Choice, name: str, error: str) -> str:
    row, d = choice.row(choice.best), _decimals(choice)
    return _with_error(row[name], row[error], d)


def _with_error(value: float, error: float, d: int) -> str:
    """Return a number with its Monte Carlo error; without one where it has none."""
    return plus_minus(fixed(value, d), fixed(error, d)) if math.isfinite(error) else fixed(value, d)


def _other(choice: Choice) -> bool:
    """Whether options are compared by something else than expected utility."""
    return choice.score != "E[U]"


def _draws(choice: Choice) -> str:
    n = int(choice.U.sizes["draw"])
    distinct = f" ({choice.n_particles:,} distinct)" if choice.n_particles < n else ""
    return f"{count(n, 'draw')}{distinct}"


def _runner_up(choice: Choice) -> str:
    if choice.runner_up is None:
        return "none: no other option is allowed"
    row, d = choice.row(choice.runner_up), _decimals(choice)
    lower = _with_error(row["difference"], row["difference_mcse"], d)
    return f"{choice.runner_up}, lower by {lower}; best in {percent(row['p_best'])} of the draws"


def _names(names: list[str]) -> str:
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return "; ".join(names[:_MOST_NAMES]) + more


def _ahead(choice: Choice, label: str) -> np.ndarray:
    """Return in which draws an option does better than the best (draw,)."""
    U = choice.U
    margin = 1e-12 * float(np.abs(U).max())
    return np.asarray((U.sel(option=label) - U.sel(option=choice.best)).to_numpy() > margin)


def _rival(choice: Choice, individual: xr.Dataset | None, units: dict[str, str]) -> list[str]:
    """Say in which draws the runner-up does better, and how the patient differs in them."""
    if choice.runner_up is None:
        return []
    ahead = _ahead(choice, choice.runner_up)
    share = float(ahead.mean())
    said = f"In {percent(share)} of the draws the runner-up, {choice.runner_up}, does better than the best"
    if not 0.005 <= share <= 0.995 or individual is None or individual.sizes["draw"] != len(ahead):
        return [said + "."]
    parts = []
    for name, values in individual.data_vars.items():
        there, elsewhere = (float(np.median(values.to_numpy()[w])) for w in (ahead, ~ahead))
        pair = with_unit(f"{significant(there)} against {significant(elsewhere)}", units.get(str(name), ""))
        parts.append(f"{name} {pair}")
    return [f"{said}: {'; '.join(parts)} (median there, and in the other draws)."]


def _limits(choice: Choice) -> list[str]:
    """Say whether a blocked option has a higher expected utility."""
    rows = {label: choice.row(label) for label in choice.blocked}
    if not rows:
        return []
    top = min(rows, key=lambda label: float(rows[label]["difference"]))
    gain, d = -float(rows[top]["difference"]), _decimals(choice)
    if gain <= 0:
        more = "higher expected utility" if not _other(choice) else f"higher {choice.score}"
        return [f"The limits do not decide: no blocked option has a {more}."]
    more = "higher by " + _with_error(gain, float(rows[top]["difference_mcse"]), d)
    return [f"Without the limits {top} would come first, {more} ({rows[top]['reason']})."]


def _spread(choice: Choice, labels: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return 5 and 95 % over the draws of how far below the best each option is."""
    U = choice.U.transpose("draw", "option")
    below = U.sel(option=choice.best).to_numpy()[:, None] - U.sel(option=labels).to_numpy()
    low, high = np.quantile(below, _TAILS, axis=0)
    return low, high


def _mark(choice: Choice, label: str, row: dict[str, Any]) -> str:
    if label == choice.best:
        return "best"
    return "blocked" if row["blocked"] else "near" if row["near_optimal"] else ""


def _note(choice: Choice, label: str, row: dict[str, Any]) -> str:
    said = ["best"] if label == choice.best else ["near-optimal"] if row["near_optimal"] else []
    said += ["simplest"] if label == choice.simplest and len(choice.near_optimal) > 1 else []
    return ", ".join(said + (["blocked"] if row["blocked"] else []))
