"""The worth of levels not yet drawn, and of a test: the draws re-weighted by each result they predict."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator, RBFInterpolator
from scipy.spatial import cKDTree
from scipy.special import ndtri
from scipy.stats import rankdata

from bayesdose.decision.criteria import Clusters, Floats
from bayesdose.decision.information.gains import Information, assembled
from bayesdose.decision.information.value import same_draws
from bayesdose.decision.information.views import (
    Gains,
    at_best,
    judged_again,
    none_allowed,
    policy,
    taken,
    unmet,
    views,
)
from bayesdose.decision.one_thread import one_thread
from bayesdose.errors import InputError, Refused, explain

if TYPE_CHECKING:
    from bayesdose.decision.choice import Choice

LEAST_ESS = 50
"""Effective distinct draws below which a re-weighting counts as poor."""

MOST_POOR = 0.1
"""Share of poor re-weightings from which on the worth of a level is refused."""

_GROUPS = 5
_LEAST_NODES = 10

_METHOD = "re-weighting the draws by simulated levels (Menzies 2016)"


@one_thread
def evsi(
    choice: Choice,
    levels: xr.Dataset,
    *,
    of: Iterable[float | Sequence[float]] | str | None = None,
    later: Choice | Mapping[float, Choice] | None = None,
    least_ess: float = LEAST_ESS,
) -> Information:
    """Return the expected value of levels not yet drawn, by the time they are drawn.

    Parameters
    ----------
    choice
        What `decide` returned: the options from which one is chosen when the level is known.
    levels
        From `next_levels`, of the same draws.
    of
        Times, each a source; several in a tuple are drawn all before choosing. "pairs" for every two. Unless
        given each time of `levels` alone.
    later
        What waiting for the level makes of the options: the choice among options that start after it, on the
        same draws; by (last) time, or one for all. The source's `value` is then that of the later choice,
        level known, over the choice made now without it; `delay` is the part that waiting alone costs (below
        0) or brings.
    least_ess
        Effective number of distinct draws below which a re-weighting counts as poor.

    Returns
    -------
    Information
        By source: ``value = E_y[max_j E[U_j | y]] - max_j E[U_j]``, at least 0 where nothing is waited for.
        `policy` tells, for single levels, which option each range of measurements would lead to.

    Raises
    ------
    InputError
        Times that were not simulated, levels or later choices of other draws.
    Refused
        When of every source more than a tenth of the re-weightings are poor; a source among others is left
        out (nan) with a note.

    Notes
    -----
    Each simulated level y_i re-weights the draws, ``w_is`` in proportion to ``p(y_i | draw s)``; no refit
    (Menzies 2016, Med Decis Making 36:308; Strong et al. 2015, Med Decis Making 35:570, for what is
    estimated). The y_i are a few hundred of the levels simulated, one per draw; the expected gains are
    interpolated from them to all levels simulated, in normal scores (monotone cubics; thin-plate splines for
    several levels). ``mcse`` is that of each draw's expected gain ``sum_i v_i S w_is (U_{s,d_i} -
    U_{s,best})`` under the policy d, v_i the share of the simulated levels that are nearest to y_i, clustered
    by particle, with a jackknife over parts of the y_i. ``held_out`` chooses with one half of the particles
    and values with the other.
    """
    now = views(choice)
    same_draws(choice, levels, "levels")
    designs = _designs(of, levels)
    rows, policies, refused, notes = [], [], [], judged_again(now[0])
    for design in designs:
        then = _ahead(now, choice, later, design)
        found = _Reweighted(then, now[0].base, levels, design).worth(least_ess)
        if not found["low_ess"] <= MOST_POOR:
            refused.append(_poor(design, found, least_ess))
            found |= dict.fromkeys(("value", "mcse", "held_out", "changes"), np.nan)
        else:
            policies.append(found["policy"])
            notes += unmet(_label(design, levels), found["unmet"])
        rows.append(found)
    if len(refused) == len(rows):
        raise Refused("\n".join(refused[:3]))
    names = ["value", "mcse", "held_out", "changes", "ess", "low_ess"] + (["delay"] if later else [])
    columns = {name: [row[name] for row in rows] for name in names}
    now_at = float(levels.attrs.get("now", np.nan))
    coords = {
        "time": [d[0] if len(d) == 1 else np.nan for d in designs],
        "n_levels": [len(d) for d in designs],
        "wait": [d[-1] - now_at for d in designs],
    }
    policy = (
        pd.concat([p for p in policies if len(p)], ignore_index=True) if any(map(len, policies)) else None
    )
    evpi = float(at_best(now, now[0])[1].mean())
    made = assembled("EVSI", columns, [_label(d, levels) for d in designs], choice, evpi, _METHOD,
                     coords=coords, policy=policy, notes=[*refused, *notes])  # fmt: skip
    made.data["time"].attrs["units"] = levels["time"].attrs.get("units", "")
    return made


def _label(design: Sequence[float], levels: xr.Dataset) -> str:
    unit = levels["time"].attrs.get("units", "")
    return " + ".join(f"{t:.6g}" for t in design) + (f" {unit}" if unit else "")


def _designs(of: Any, levels: xr.Dataset) -> list[tuple[float, ...]]:
    times = levels["time"].to_numpy().astype(float).tolist()
    if of is None:
        return [(t,) for t in times]
    if isinstance(of, str):
        if of != "pairs" or len(times) < 2:
            raise InputError(explain("of", came=repr(of), expected='times, or "pairs" of two or more times'))
        return list(combinations(times, 2))
    made = [tuple(sorted(map(float, np.atleast_1d(one)))) for one in of]
    for t in (t for design in made for t in design):
        if t not in times:
            known = ", ".join(f"{x:g}" for x in times[:12])
            raise InputError(explain("no level was simulated then", came=f"{t:g}", expected=known))
    if not made or any(len(set(d)) < len(d) or not d for d in made):
        raise InputError(explain("of", came=repr(of), expected="times, each once in a tuple"))
    return made


def _ahead(now: list[Gains], choice: Choice, later: Any, design: Sequence[float]) -> list[Gains]:
    """Return the gains among the options to choose from then."""
    if later is None:
        return now
    if isinstance(later, Mapping):
        if design[-1] not in later:
            came = f"{design[-1]:g}"
            raise InputError(
                explain("there is no later choice for this time", came=came, fix="{time: choice}")
            )
        later = later[design[-1]]
    same_draws(choice, later.U, "later")
    if later.criterion != choice.criterion:
        raise InputError(
            explain("a later choice by another criterion", came=later.criterion, expected=choice.criterion)
        )
    return views(later)


@dataclass(frozen=True, eq=False)
class _Reweighted:
    """One design: the draws re-weighted by each simulated result.

    Parameters
    ----------
    then
        The options to choose from when the level is known, by level of the criterion.
    own
        What the option chosen without it has (draw,).
    levels, design
        What is simulated, and at which times.
    """

    then: list[Gains]
    own: Floats
    levels: xr.Dataset
    design: tuple[float, ...]

    def worth(self, least_ess: float) -> dict[str, Any]:
        """Return the columns of the source, at the level of the criterion where it is worth most."""
        whole = self._shares(np.arange(self.levels.sizes["simulated"]))
        kept = np.flatnonzero(whole)
        share, w = whole[kept], self._weights(kept)
        ess = _ess(w, self.then[0].particles)
        excess = np.stack([w @ e for e in self.then[0].excess]) if len(self.then[0].excess) else np.zeros(
            (0, len(w), len(self.then[0].names))
        )  # fmt: skip
        halves = [(w[:, rows], rows) for rows in _half(self.then[0].groups)]
        parts = [[own @ g.D[rows] for own, rows in halves] for g in self.then]
        M = [one + other for one, other in parts]
        d = [g.policy(m, excess) for g, m in zip(self.then, M, strict=True)]
        rough = [
            self._waited(g).mean() + share @ taken(m, one) for g, m, one in zip(self.then, M, d, strict=True)
        ]
        k = int(np.argmax(rough))
        return {
            **self._at(self.then[k], kept, share, w, parts[k], excess, d[k]),
            "ess": float(np.median(ess)),
            "low_ess": float(share[ess < least_ess].sum()),
            "delay": float(self._waited(self.then[0]).mean()),
            "unmet": float(share[none_allowed(excess)].sum()),
            "policy": self._policy(kept, share, d[k]) if len(self.design) == 1 else pd.DataFrame(),
        }

    def _waited(self, g: Gains) -> Floats:
        """Return what the option chosen then, unless the level tells otherwise, has over that now (draw,)."""
        return np.asarray(g.base - self.own)

    def _at(
        self,
        g: Gains,
        kept: NDArray[np.intp],
        share: Floats,
        w: Floats,
        parts: Sequence[Floats],
        excess: Floats,
        d: NDArray[np.intp],
    ) -> dict[str, float]:
        M = parts[0] + parts[1]
        gain, each, waited = _gain(g, w, share, d), taken(M, d), self._waited(g)
        held = sum(share @ taken(parts[1 - k], g.policy(parts[k], excess)) for k in (0, 1))
        rough, value = float(share @ each), self._between(g, kept, M, excess, d)
        return {
            "value": value + float(waited.mean()),
            "mcse": float(np.hypot(g.error(gain + waited), self._of_results(kept, each))),
            "held_out": value - rough + float(held) + float(waited.mean()),
            "changes": float(share[d != g.best].sum()),
        }

    def _measured(self) -> Floats:
        """Return what each draw measured, (draw, level)."""
        return np.asarray(self.levels["measurement"].sel(time=list(self.design)).transpose("draw", "time"))

    def _places(self) -> Floats:
        """Return where each draw's levels lie among all, as normal scores (draw, level)."""
        y = self._measured()
        return np.asarray(ndtri((rankdata(y, axis=0) - 0.5) / len(y)))

    def _shares(self, results: NDArray[np.intp]) -> Floats:
        """Return for how much of what is simulated each of some results stands; it is that nearest to it."""
        places = self._places()
        _, nearest = cKDTree(places[self.levels["source"].to_numpy()[results]]).query(places)
        return np.asarray(np.bincount(nearest, minlength=len(results)) / len(places))

    def _between(
        self, g: Gains, kept: NDArray[np.intp], M: Floats, excess: Floats, d: NDArray[np.intp]
    ) -> float:
        """Return the worth, the expected gains interpolated from the results to all that was simulated.

        The nearest result alone would stand too far inwards, which makes information look worth less.
        """
        chosen = np.unique(np.append(d, g.best))
        places = self._places()
        nodes = places[self.levels["source"].to_numpy()[kept]]
        known = np.concatenate([M[None, :, chosen], excess[:, :, chosen]])
        found = None
        if len(chosen) > 1 and len(nodes) > _LEAST_NODES * nodes.shape[1]:
            found = _interpolated(nodes, known.transpose(1, 0, 2).reshape(len(nodes), -1), places)
        if found is None:
            return float(self._shares(kept) @ taken(M, d))
        every = found.reshape(len(places), len(known), -1).transpose(1, 0, 2)
        gain = taken(every[0], policy(every[0], every[1:], int(np.flatnonzero(chosen == g.best)[0]))).mean()
        most = taken(g.D, g.perfect).mean()  # a bound where what is learned forbids nothing
        return float(gain if len(excess) else min(gain, most))

    def _of_results(self, kept: NDArray[np.intp], each: Floats) -> float:
        """Return the error of having so few results: a jackknife over `_GROUPS` parts of them."""
        part = np.arange(len(kept)) % _GROUPS
        if len(kept) < 2 * _GROUPS:
            return 0.0
        without = np.array([self._shares(kept[part != k]) @ each[part != k] for k in range(_GROUPS)])
        return float(np.sqrt((_GROUPS - 1) * without.var()))

    def _weights(self, kept: NDArray[np.intp]) -> Floats:
        """Return the weights of the draws under each result that is kept, (simulated, draw)."""
        L = self.levels["log_likelihood"]
        total = sum(
            L.sel(time=t).transpose("simulated", "draw").to_numpy()[kept].astype(np.float64)
            for t in self.design
        )
        w = np.exp(total - total.max(axis=1, keepdims=True))  # type: ignore[union-attr]
        return np.asarray(w / w.sum(axis=1, keepdims=True))

    def _policy(self, kept: NDArray[np.intp], share: Floats, d: NDArray[np.intp]) -> pd.DataFrame:
        """Return which option follows from which range of measurements."""
        y = self._measured()[self.levels["source"].to_numpy()[kept], 0]
        order = np.argsort(y, kind="stable")
        y, d, share = y[order], d[order], share[order]
        turns = np.flatnonzero(np.diff(d)) + 1
        cuts = (y[turns - 1] + y[turns]) / 2
        starts = np.concatenate([[0], turns]).astype(int)
        return pd.DataFrame(
            {
                "source": _label(self.design, self.levels),
                "low": np.concatenate([[-np.inf], cuts]),
                "high": np.concatenate([cuts, [np.inf]]),
                "probability": np.add.reduceat(share, starts),
                "option": [self.then[0].names[k] for k in d[starts]],
            }
        )


def _interpolated(nodes: Floats, M: Floats, places: Floats) -> Floats | None:
    """Return M at other places (place, option): by cubics and straight ends, or by thin-plate splines."""
    if nodes.shape[1] == 1:
        order = np.argsort(nodes[:, 0])
        curve = PchipInterpolator(nodes[order, 0], M[order])
        within = np.clip(places[:, 0], nodes[order[0], 0], nodes[order[-1], 0])
        return np.asarray(curve(within) + curve.derivative()(within) * (places - within[:, None]))
    try:
        return np.asarray(RBFInterpolator(nodes, M, kernel="thin_plate_spline")(places))
    except np.linalg.LinAlgError:  # results on one line: levels that always agree
        return None


def _gain(g: Gains, w: Floats, share: Floats, d: NDArray[np.intp]) -> Floats:
    """Return each draw's expected gain under the policy, (draw,): its mean is the worth."""
    gain = np.zeros(len(g.D))
    for option in np.unique(d[d != g.best]):
        rows = d == option
        gain += (share[rows] @ w[rows]) * g.D[:, option]
    return gain * len(g.D)


def _ess(w: Floats, groups: Clusters) -> Floats:
    """Return the effective number of distinct draws, (simulated,): copies of a particle count as one."""
    each = w if groups.n == groups.n_draws else groups.sums(np.ascontiguousarray(w.T)).T
    return 1.0 / np.einsum("id,id->i", each, each)


def _half(groups: Clusters) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the draws of every other particle, and the rest."""
    number = np.repeat(np.arange(groups.n), np.diff([*groups.starts, groups.n_draws])) % 2
    return groups.order[number == 0], groups.order[number == 1]


def _poor(design: Sequence[float], found: Mapping[str, Any], least: float) -> str:
    return explain(
        f"a level at {' and '.join(f'{t:g}' for t in design)} tells more than these draws can follow",
        came=f"{100 * found['low_ess']:.0f} % of the re-weightings with an ESS below {least:g} "
        f"(median {found['ess']:.0f})",
        fix='condition with precision="tails" (more draws), or weigh fewer levels at once',
    )
