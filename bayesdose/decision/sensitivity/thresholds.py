"""What would flip a choice: each assumption, how far it must move, and what keeping the choice would cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from bayesdose.decision.compared import Attainment
from bayesdose.decision.comparison import NEVER
from bayesdose.decision.criteria import Floats
from bayesdose.decision.evaluate import check_outcome
from bayesdose.decision.events import words
from bayesdose.decision.information.gains import finite
from bayesdose.decision.information.value import same_draws
from bayesdose.decision.limits.risks import Chance
from bayesdose.decision.limits.scoped import Only, inner_limit
from bayesdose.decision.one_thread import one_thread
from bayesdose.decision.sensitivity.curves import Curve, Weighed, weighed
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
        Its expected utility, or what else is compared, as the choice was made.
    table
        A row per assumption, the one with the largest regret first. ``kind``; ``base``, its value as the
        choice was made; ``low`` and ``high``, how far it was followed; ``flips_below`` and ``flips_above``,
        the values nearest to the base beyond which another option is better (nan: none), ``to_below`` and
        ``to_above``, which one; expected utility of the choice (``kept_``) and what is lost by keeping it
        (``regret_``) at ``low`` and ``high``.
    curves
        Dims (assumption, step): ``value``, ``kept``, ``regret``, ``winner``, and ``ess`` of the re-weighting
        (nan where there was none). nan and "" where it was not followed.
    score
        What is compared, in a few characters: "E[U]" unless the choice was made by another criterion.
    """

    best: str
    expected: float
    table: pd.DataFrame
    curves: xr.Dataset
    score: str = "E[U]"

    @property
    def flips(self) -> dict[str, tuple[float, float]]:
        """Below and above which value the choice flips, of the assumptions that flip it."""
        found = self.table[["flips_below", "flips_above"]].dropna(how="all")
        return {str(k): (float(a), float(b)) for k, a, b in found.itertuples(name=None)}

    def to_dict(self) -> dict[str, Any]:
        """Return the table as plain values, for JSON; a number that is not finite becomes None."""
        rows = finite(self.table.reset_index().to_dict("records"))
        made = {"best": self.best, "score": self.score, "expected_utility": self.expected}
        return {**made, "assumptions": rows}

    def __str__(self) -> str:
        head = f"kept: {self.best}, {self.score} {self.expected:.4g}"
        lines = [head, f"{'assumption':<30}{'base':>7}  {'followed':<16}{'lost there':<18}flips"]
        for name, row in self.table.iterrows():
            reach = f"{row['low']:.3g} to {row['high']:.3g}"
            lost = f"{row['regret_low']:.2g}, {row['regret_high']:.2g}"
            says = [f"{s} {row[f'flips_{s}']:.3g}" for s in ("below", "above") if row[f"to_{s}"]]
            line = f"{str(name)[:29]:<30}{row['base']:>7.3g}  {reach:<16}{lost:<18}{', '.join(says) or '-'}"
            lines.append(line.rstrip())
        ends = "lost there: by keeping the choice at either end; to what it flips: .table"
        return "\n".join([*lines, ends])


@one_thread
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
        When the choice was made by minimax regret.

    Notes
    -----
    Each value re-weights the draws or evaluates the utility anew: the criterion and the chance constraints
    are functions of weighted draws, so that an assumption may flip a choice because the constraint then
    forbids it, or allows a better one. Of an attainment the numbers of its event move in the place of the
    utility's, and each constraint's largest probability moves too. Options that other limits block stay so.
    The value of a flip is interpolated between the two values next to it. A regret is in units of the utility
    as moved. One assumption moves at a time.
    """
    w = weighed(choice)
    curves: list[Curve] = []
    if assumptions is not None:
        same_draws(choice, assumptions, "assumptions")
        curves += _reweighted(w, assumptions, least_ess)
    if utility is not None and outcome is not None:
        subject = w.criterion.event if isinstance(w.criterion, Attainment) else utility
        curves += _of_utility(w, subject, outcome, ranges or {})
    if curves:
        curves += _of_chances(w)
    if others:
        if utility is None:
            raise InputError(explain("others= needs utility=", expected="that of the choice"))
        curves += [_mixed(w, name, one, utility) for name, one in others.items()]
    if not curves:
        raise InputError(
            explain("nothing to vary", expected="assumptions, utility= with outcome=, or others=")
        )
    return _assembled(choice, curves, w)


def _reweighted(w: Weighed, given: xr.Dataset, least_ess: float) -> Iterator[Curve]:
    names = given["assumption"].to_numpy().tolist()
    for k, name in enumerate(names):
        log_weight = given["log_weight"].to_numpy()[k]
        known = np.isfinite(log_weight).all(axis=1)
        log_weight = np.where(known[:, None], log_weight, 0.0)
        weight = np.exp(log_weight - log_weight.max(axis=1, keepdims=True))
        weight /= weight.sum(axis=1, keepdims=True)
        copies = weight
        if w.particles.n < w.particles.n_draws:
            copies = w.particles.sums(np.ascontiguousarray(weight.T)).T
        ess = np.where(known, 1.0 / np.einsum("sd,sd->s", copies, copies), 0.0)
        value = given["value"].to_numpy()[k]
        base = int(np.abs(np.log(value)).argmin())
        reached = _around(ess >= least_ess, base)
        scores, passed = w.criterion.weighted(w.V, weight), w.passed(weight)
        kept = np.where(reached, scores[:, w.best], np.nan)
        gain = scores - kept[:, None]
        kind = str(given["kind"].to_numpy()[k])
        yield Curve(str(name), kind, float(value[base]), value, gain, kept, passed, ess)


def _around(good: NDArray[np.bool_], base: int) -> NDArray[np.bool_]:
    """Return the run of values around the base that are all good."""
    up = np.logical_and.accumulate(good[base:])
    down = np.logical_and.accumulate(good[: base + 1][::-1])[::-1]
    made = np.concatenate([down[:-1], up])
    made[base] = True
    return made


def _of_utility(
    w: Weighed, utility: Utility, outcome: xr.Dataset, ranges: Mapping[str, tuple[float, float]]
) -> Iterator[Curve]:
    """Yield a curve for each number that the utility states, or the event that is to be attained."""
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
    scores = _Scores(w, utility, _meant(outcome, w))
    for name, base in numbers.items():
        low, high = ranges.get(name, ends(name, base, _FACTOR))
        if not low <= base <= high:
            raise InputError(
                explain(f"ranges: {name}", came=f"{low:g} to {high:g}", expected=f"around {base:g}")
            )
        if low < high:
            yield scores.curve(name, base, float(low), float(high))


@dataclass(frozen=True, eq=False)
class _Scores:
    """Scores under other numbers of the utility."""

    w: Weighed
    utility: Utility
    outcome: xr.Dataset

    def __call__(self, name: str, value: float) -> Floats:
        """Return the scores of the options; nan where the utility refuses the number."""
        try:
            other = moved(self.utility, name, value)
        except InputError:
            return np.full(len(self.w.names), np.nan)
        return self.w.scores(self.w.judged(other, self.outcome))

    def curve(self, name: str, base: float, low: float, high: float) -> Curve:
        """Return the curve of one number: three values where the scores follow it in straight lines."""
        known = {v: self(name, v) for v in (low, (low + high) / 2, high)}
        first, half, last = known.values()
        if self.w.straight and np.allclose((first + last) / 2, half, rtol=_SAME, atol=_SAME**2):
            value = np.unique(np.append(np.linspace(low, high, _LINE), base))
            share = ((value - low) / (high - low))[:, None]
            score = (1 - share) * first + share * last
        else:
            sides = (np.linspace(a, b, _STEPS // 2 + 1).tolist() for a, b in ((low, base), (base, high)))
            each = {v: known[v] if v in known else self(name, v) for side in sides for v in side} | known
            value = np.array(sorted(each))
            score = np.stack([each[v] for v in value.tolist()])
        kept = score[:, self.w.best]
        passed = np.broadcast_to(self.w.now, score.shape)
        return Curve(name, "utility", base, value, score - kept[:, None], kept, passed)


def _of_chances(w: Weighed) -> Iterator[Curve]:
    """Yield a curve for the largest probability that each chance constraint allows."""
    score, names = w.scores(w.V), _names_of(w.chances)
    for k, limit in enumerate(w.chances):
        one = inner_limit(limit)
        assert isinstance(one, Chance)
        base = one.at_most
        value = np.unique(np.append(np.linspace(base / _FACTOR, min(base * _FACTOR, 1.0), _LINE), base))
        mean = w.excess.mean(axis=1)
        concerned = ~(w.excess[k] == NEVER).all(axis=0)
        moved_by = np.where(concerned, base - value[:, None], 0.0)
        rest = np.delete(mean, k, axis=0).max(axis=0, initial=NEVER)
        passed = np.maximum(mean[k] + moved_by, rest)
        gain = np.broadcast_to(score - score[w.best], passed.shape)
        kept = np.full(len(value), score[w.best])
        yield Curve(names[k], "limit", base, value, gain, kept, passed)


def _names_of(chances: Sequence[Any]) -> list[str]:
    """Name each chance constraint by event and options meant; where these are the same, by what it allows."""
    own = [one for one in map(inner_limit, chances) if isinstance(one, Chance)]
    facts = [limit.facts if isinstance(limit, Only) else () for limit in chances]
    names = [
        f"allowed P({words(one.event)})" + "".join(f", {fact} {v}" for fact, v in some)
        for one, some in zip(own, facts, strict=True)
    ]
    tells = (
        [f", at most {one.at_most:g}" for one in own],
        [f", upper {100 * one.confidence:g} % limit" for one in own],
        [f", limit {k}" for k in range(1, len(own) + 1)],
    )
    for more in tells:
        names = [n + more[k] if names.count(n) > 1 else n for k, n in enumerate(names)]
    return names


def _meant(outcome: xr.Dataset, w: Weighed) -> xr.Dataset:
    """Return the outcome of the options that can be chosen, in their order."""
    known = labels(check_outcome(outcome)).tolist()
    if known == w.names:
        return outcome
    missing = [name for name in w.names if name not in known]
    if missing:
        raise InputError(explain("the outcome lacks options of the choice", came=", ".join(missing[:3])))
    return outcome.isel(option=[known.index(name) for name in w.names])


def _mixed(w: Weighed, name: str, outcome: xr.Dataset, utility: Utility) -> Curve:
    """Return the curve of the probability of another fit: its draws stand beside those of the choice."""
    there = _meant(outcome, w)
    subject = w.criterion.event if isinstance(w.criterion, Attainment) else utility
    other = w.judged(subject, there)
    value = np.linspace(0.0, 1.0, _LINE)[:, None]
    own, rest = np.full((1, len(w.V)), 1 / len(w.V)), np.full((1, len(other)), 1 / len(other))
    weight = np.concatenate([(1 - value) * own, value * rest], axis=1)
    score = w.criterion.weighted(np.concatenate([w.V, other]), weight)
    passed = np.full(score.shape, NEVER)
    if w.chances:
        both = w.excess.mean(axis=1), w.elsewhere(there)
        passed = ((1 - value)[None] * both[0][:, None] + value[None] * both[1][:, None]).max(axis=0)
    kept = score[:, w.best]
    return Curve(name, "another fit", 0.0, value[:, 0], score - kept[:, None], kept, passed)


def _assembled(choice: Choice, curves: list[Curve], w: Weighed) -> Thresholds:
    expected = float(choice.row(choice.best)["score"])
    table = pd.DataFrame([curve.row(w) for curve in curves]).set_index("assumption")[list(COLUMNS)]
    worst = table[["regret_low", "regret_high"]].max(axis=1).to_numpy()
    swing = (table[["kept_low", "kept_high"]] - expected).abs().max(axis=1).to_numpy()
    order = np.lexsort((table.index.to_numpy().astype(str), -swing, -worst))
    longest = max(len(c.value) for c in curves)
    names = [*w.names, ""]  # -1: not known

    def padded(values: Floats, fill: Any = np.nan) -> NDArray:
        return np.concatenate([values, np.full(longest - len(values), fill)])

    own = [curves[k] for k in order]
    columns = {
        "value": [padded(c.value) for c in own],
        "kept": [padded(c.kept) for c in own],
        "regret": [padded(c.regret(w.best)) for c in own],
        "ess": [padded(c.ess if len(c.ess) else np.full(len(c.value), np.nan)) for c in own],
        "winner": [padded(np.array([names[k] for k in c.winners(w.best)], dtype=object), "") for c in own],
    }
    dims = ("assumption", "step")
    data = xr.Dataset(
        {name: (dims, np.stack(v)) for name, v in columns.items()},
        coords={"assumption": [c.name for c in own]},
    )
    return Thresholds(choice.best, expected, table.iloc[order], data, choice.score)
