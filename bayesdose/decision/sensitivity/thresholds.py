"""What would flip a choice: each assumption, how far it must move, and what keeping the choice would cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from bayesdose.decision.criteria import Floats
from bayesdose.decision.evaluate import check_outcome, evaluate
from bayesdose.decision.information.gains import Gains, finite, gains
from bayesdose.decision.information.value import same_draws
from bayesdose.decision.sensitivity.stated import ends, moved, stated
from bayesdose.decision.simplest import labels
from bayesdose.decision.utilities import Utility
from bayesdose.errors import InputError, explain, nearest

if TYPE_CHECKING:
    from bayesdose.decision.choice import Choice

LEAST_ESS = 50
"""Effective distinct draws that a re-weighting needs; assumptions are followed no further."""

COLUMNS = (
    "kind", "base", "low", "high", "flips_below", "to_below", "flips_above", "to_above",
    "kept_low", "kept_high", "regret_low", "regret_high",
)  # fmt: skip
"""Columns of `Thresholds.table`."""

_FACTOR = 2.0  # how far a number of the utility is moved unless a range is given
_STEPS = 9  # at which it is evaluated, where the expected utilities do not follow it in straight lines
_LINE = 41
_SAME = 1e-9


@dataclass(frozen=True, eq=False)
class Thresholds:
    """What would flip a choice. ``print(thresholds)`` shows the table, `bd.figure` draws a tornado.

    Parameters
    ----------
    best
        The option that is kept.
    expected
        Its expected utility, as the choice was made.
    table
        A row per assumption, the one with the largest regret first. ``kind``; ``base``, its value as the
        choice was made; ``low`` and ``high``, how far it was followed; ``flips_below`` and ``flips_above``,
        the values nearest to the base beyond which another option is better (nan: none), ``to_below`` and
        ``to_above``, which one; expected utility of the choice (``kept_``) and what is lost by keeping it
        (``regret_``) at ``low`` and ``high``.
    curves
        Dims (assumption, step): ``value``, ``kept``, ``regret``, ``winner``, and ``ess`` of the re-weighting
        (nan where there was none). nan and "" where it was not followed.
    """

    best: str
    expected: float
    table: pd.DataFrame
    curves: xr.Dataset

    @property
    def flips(self) -> dict[str, tuple[float, float]]:
        """Below and above which value the choice flips, of the assumptions that flip it."""
        found = self.table[["flips_below", "flips_above"]].dropna(how="all")
        return {str(k): (float(a), float(b)) for k, a, b in found.itertuples(name=None)}

    def to_dict(self) -> dict[str, Any]:
        """Return the table as plain values, for JSON; a number that is not finite becomes None."""
        rows = finite(self.table.reset_index().to_dict("records"))
        return {"best": self.best, "expected_utility": self.expected, "assumptions": rows}

    def __str__(self) -> str:
        head = f"kept: {self.best}, E[U] {self.expected:.4g}"
        lines = [head, f"{'assumption':<30}{'base':>7}  {'followed':<16}{'lost there':<18}flips"]
        for name, row in self.table.iterrows():
            reach = f"{row['low']:.3g} to {row['high']:.3g}"
            lost = f"{row['regret_low']:.2g}, {row['regret_high']:.2g}"
            says = [f"{s} {row[f'flips_{s}']:.3g}" for s in ("below", "above") if row[f"to_{s}"]]
            line = f"{str(name)[:29]:<30}{row['base']:>7.3g}  {reach:<16}{lost:<18}{', '.join(says) or '-'}"
            lines.append(line.rstrip())
        ends = "lost there: by keeping the choice at either end; to what it flips: .table"
        return "\n".join([*lines, ends])


def threshold_analysis(
    choice: Choice,
    assumptions: xr.Dataset | None = None,
    *,
    utility: Utility | None = None,
    outcome: xr.Dataset | None = None,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    others: Mapping[str, xr.Dataset] | None = None,
    least_ess: float = LEAST_ESS,
) -> Thresholds:
    """Return what would flip a choice, and what is lost by keeping it where an assumption is wrong.

    Parameters
    ----------
    choice
        What `decide` returned.
    assumptions
        From `assumptions`, of the same draws: prior, likelihood, residual error, the parameters themselves.
    utility, outcome
        What the choice was made with: each number that the utility states is moved (the fields of a named
        utility; the numeric defaults of a function's further parameters; the weights of stakeholders, of
        which the others share what is left).
    ranges
        Name of such a number to the range it is moved over; from half to double unless given, and not at all
        where it is 0.
    others
        Name to the outcome of the same options under another fit (covariates, structure, adherence). With
        `utility`. The value is the probability of that fit: the choice flips where it becomes more credible.
    least_ess
        Effective number of distinct draws that a re-weighting must have: assumptions are followed up to
        there.

    Returns
    -------
    Thresholds

    Raises
    ------
    InputError
        Other draws or options than those of the choice, a name in `ranges` that the utility does not state,
        nothing to vary.
    Refused
        When the choice was not made by expected utility.

    Notes
    -----
    Each value re-weights the draws or evaluates the utility anew; the options blocked by limits stay so. The
    value of a flip is interpolated between the two values next to it. A regret is in units of the utility as
    moved. One assumption moves at a time.
    """
    g = gains(choice)
    curves: list[_Curve] = []
    if assumptions is not None:
        same_draws(choice, assumptions, "assumptions")
        curves += _reweighted(g, choice, assumptions, least_ess)
    if utility is not None and outcome is not None:
        curves += _of_utility(g, utility, outcome, ranges or {})
    if others:
        if utility is None:
            raise InputError(explain("others= needs utility=", expected="that of the choice"))
        curves += [_mixed(g, choice, name, one, utility) for name, one in others.items()]
    if not curves:
        raise InputError(
            explain("nothing to vary", expected="assumptions, utility= with outcome=, or others=")
        )
    return _assembled(choice, curves, g)


@dataclass(frozen=True, eq=False)
class _Curve:
    """One assumption: its values, the options' gains over the choice, and the choice's expected utility."""

    name: str
    kind: str
    base: float
    value: Floats  # (step,)
    gain: Floats  # (step, option); nan where it is not reached
    kept: Floats  # (step,)
    ess: Floats = field(default_factory=lambda: np.zeros(0))

    def row(self, g: Gains) -> dict[str, Any]:
        """Return the row of the table."""
        seen = np.flatnonzero(np.isfinite(self.kept))
        order = seen[np.argsort(self.value[seen])]
        low, high = order[0], order[-1]
        regret = self.gain.max(axis=1)
        made: dict[str, Any] = {"assumption": self.name, "kind": self.kind, "base": self.base}
        made |= {"low": self.value[low], "high": self.value[high]}
        for side, places in (
            ("below", order[self.value[order] <= self.base][::-1]),
            ("above", order[self.value[order] >= self.base]),
        ):
            made |= self._flip(side, places, g)
        for end, at in (("low", low), ("high", high)):
            made |= {f"kept_{end}": self.kept[at], f"regret_{end}": regret[at]}
        return made

    def winners(self, best: int) -> NDArray[np.intp]:
        """Return the best option at each step; the choice itself where it ties, -1 where nothing is known."""
        known = np.isfinite(self.kept)
        gain = np.where(known[:, None], self.gain, 0.0)
        tie = gain.max(axis=1) <= _SAME * (1.0 + np.abs(gain).max())
        return np.where(known, np.where(tie, best, gain.argmax(axis=1)), -1)

    def _flip(self, side: str, places: NDArray[np.intp], g: Gains) -> dict[str, Any]:
        """Return the value nearest to the base beyond which another option is better, and which."""
        winner = self.winners(g.best)
        at = next((k for k, place in enumerate(places) if winner[place] != g.best), None)
        if at is None:
            return {f"flips_{side}": np.nan, f"to_{side}": ""}
        here, before = places[at], places[max(at - 1, 0)]
        a, b = self.gain[before], self.gain[here]
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where((b > 0) & (a <= 0), a / (a - b), np.inf)
        to = int(share.argmin()) if np.isfinite(share).any() else int(winner[here])
        value = self.value[before] + min(float(share[to]), 1.0) * (self.value[here] - self.value[before])
        value = 0.0 if abs(value) < _SAME * np.nanmax(np.abs(self.value)) else float(value)
        return {f"flips_{side}": value, f"to_{side}": g.names[to]}


def _reweighted(g: Gains, choice: Choice, given: xr.Dataset, least_ess: float) -> Iterator[_Curve]:
    best = choice.U.sel(option=choice.best).to_numpy()
    names = given["assumption"].to_numpy().tolist()
    for k, name in enumerate(names):
        log_weight = given["log_weight"].to_numpy()[k]
        known = np.isfinite(log_weight).all(axis=1)
        log_weight = np.where(known[:, None], log_weight, 0.0)
        w = np.exp(log_weight - log_weight.max(axis=1, keepdims=True))
        w /= w.sum(axis=1, keepdims=True)
        copies = w if g.particles.n == g.particles.n_draws else g.particles.sums(np.ascontiguousarray(w.T)).T
        ess = np.where(known, 1.0 / np.einsum("sd,sd->s", copies, copies), 0.0)
        value = given["value"].to_numpy()[k]
        base = float(value[np.abs(np.log(value)).argmin()])
        reached = _around(ess >= least_ess, int(np.abs(np.log(value)).argmin()))
        kept = np.where(reached, w @ best, np.nan)
        gain = np.where(reached[:, None], w @ g.D, np.nan)
        yield _Curve(str(name), str(given["kind"].to_numpy()[k]), base, value, gain, kept, ess)


def _around(good: NDArray[np.bool_], base: int) -> NDArray[np.bool_]:
    """Return the run of values around the base that are all good."""
    up = np.logical_and.accumulate(good[base:])
    down = np.logical_and.accumulate(good[: base + 1][::-1])[::-1]
    made = np.concatenate([down[:-1], up])
    made[base] = True
    return made


def _of_utility(
    g: Gains, utility: Utility, outcome: xr.Dataset, ranges: Mapping[str, tuple[float, float]]
) -> Iterator[_Curve]:
    """Yield a curve for each number that the utility states."""
    numbers = stated(utility)
    for name in ranges:
        if name not in numbers:
            known = list(numbers)
            raise InputError(
                explain(
                    f"ranges: the utility states no number {name!r}",
                    expected=", ".join(known) or "a named utility, or a function with numeric defaults",
                    meant=nearest(name, known),
                )
            )
    mean = _Means(g, utility, _allowed(outcome, g))
    for name, base in numbers.items():
        low, high = ranges.get(name, ends(name, base, _FACTOR))
        if not low <= base <= high:
            raise InputError(
                explain(f"ranges: {name}", came=f"{low:g} to {high:g}", expected=f"around {base:g}")
            )
        if low < high:
            yield mean.curve(name, base, float(low), float(high))


@dataclass(frozen=True, eq=False)
class _Means:
    """Expected utilities under other numbers of the utility."""

    g: Gains
    utility: Utility
    outcome: xr.Dataset

    def __call__(self, name: str, value: float) -> Floats:
        """Return the means of the allowed options; nan where the utility refuses the number."""
        try:
            other = moved(self.utility, name, value)
        except InputError:
            return np.full(len(self.g.names), np.nan)
        return _means(other, self.outcome, self.g)

    def curve(self, name: str, base: float, low: float, high: float) -> _Curve:
        """Return the curve of one number: three values where the means follow it in straight lines."""
        known = {v: self(name, v) for v in (low, (low + high) / 2, high)}
        first, half, last = known.values()
        if np.allclose((first + last) / 2, half, rtol=_SAME, atol=_SAME**2):
            value = np.unique(np.append(np.linspace(low, high, _LINE), base))
            share = ((value - low) / (high - low))[:, None]
            mean = (1 - share) * first + share * last
        else:
            sides = (np.linspace(a, b, _STEPS // 2 + 1).tolist() for a, b in ((low, base), (base, high)))
            each = {v: known[v] if v in known else self(name, v) for side in sides for v in side} | known
            value = np.array(sorted(each))
            mean = np.stack([each[v] for v in value.tolist()])
        kept = mean[:, self.g.best]
        return _Curve(name, "utility", base, value, mean - kept[:, None], kept)


def _means(utility: Utility, outcome: xr.Dataset, g: Gains) -> Floats:
    """Return the expected utility of the allowed options, from their outcome."""
    return evaluate(utility, outcome, np.array(g.names)).mean(axis=0) - g.cost


def _allowed(outcome: xr.Dataset, g: Gains) -> xr.Dataset:
    """Return the outcome of the allowed options, in their order."""
    known = labels(check_outcome(outcome)).tolist()
    if known == g.names:
        return outcome
    missing = [name for name in g.names if name not in known]
    if missing:
        raise InputError(explain("the outcome lacks options of the choice", came=", ".join(missing[:3])))
    return outcome.isel(option=[known.index(name) for name in g.names])


def _mixed(g: Gains, choice: Choice, name: str, outcome: xr.Dataset, utility: Utility) -> _Curve:
    """Return the curve of the probability of another fit: expected utilities are mixed in straight lines."""
    own = choice.table["expected_utility"].sel(option=g.names).to_numpy()
    other = _means(utility, _allowed(outcome, g), g)
    value = np.linspace(0.0, 1.0, _LINE)
    mean = (1 - value)[:, None] * own + value[:, None] * other
    kept = mean[:, g.best]
    return _Curve(name, "another fit", 0.0, value, mean - kept[:, None], kept)


def _assembled(choice: Choice, curves: list[_Curve], g: Gains) -> Thresholds:
    expected = float(choice.row(choice.best)["expected_utility"])
    table = pd.DataFrame([curve.row(g) for curve in curves]).set_index("assumption")[list(COLUMNS)]
    worst = table[["regret_low", "regret_high"]].max(axis=1).to_numpy()
    swing = (table[["kept_low", "kept_high"]] - expected).abs().max(axis=1).to_numpy()
    order = np.lexsort((table.index.to_numpy().astype(str), -swing, -worst))
    longest = max(len(c.value) for c in curves)
    names = [*g.names, ""]  # -1: not known

    def padded(values: Floats, fill: Any = np.nan) -> NDArray:
        return np.concatenate([values, np.full(longest - len(values), fill)])

    own = [curves[k] for k in order]
    columns = {
        "value": [padded(c.value) for c in own],
        "kept": [padded(c.kept) for c in own],
        "regret": [padded(c.gain.max(axis=1)) for c in own],
        "ess": [padded(c.ess if len(c.ess) else np.full(len(c.value), np.nan)) for c in own],
        "winner": [padded(np.array([names[k] for k in c.winners(g.best)], dtype=object), "") for c in own],
    }
    dims = ("assumption", "step")
    data = xr.Dataset(
        {name: (dims, np.stack(v)) for name, v in columns.items()},
        coords={"assumption": [c.name for c in own]},
    )
    return Thresholds(choice.best, expected, table.iloc[order], data)
