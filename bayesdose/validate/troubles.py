"""What may be wrong with a posterior, and where: funnels, divergences, switched labels, flip-flop."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayesdose.errors import InputError
from bayesdose.validate.shrinking import effects_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import xarray as xr

    from bayesdose.fitting import Fit

Floats = NDArray[np.float64]
FUNNEL_COLUMNS = ("effect", "omega", "r", "omega_near_zero", "centred")
_POINT_COLUMNS = ("effect", "log_omega", "log_spread", "divergent")
DIVERGENCE_COLUMNS = ("variable", "divergent", "others", "difference_sd")
LABEL_COLUMNS = ("chain", "part", "agreement", "best_order", "switched")
APART_COLUMNS = ("variable", "chain", "chain_mean", "others", "distance_sd")
_MOST_ORDERS = 6  # subpopulations up to which all orders are tried
_PARTS = 10  # of a chain, each looked at for switched labels
_FREE, _TIED = 0.5, 0.8  # correlations of log omega and log sd(eta): known from data, known from omega only
_NEAR_ZERO, _APART, _STANDS_OUT, _FEWEST = 0.05, 3.0, 0.5, 5


@dataclass(frozen=True, eq=False)
class Pathologies:
    """What was looked for in a posterior and what was found.

    Parameters
    ----------
    funnels
        Per random effect (`FUNNEL_COLUMNS`): median omega; ``r``, the correlation over draws of log omega
        with the log SD over subjects of the effect; the share of draws with an omega below 5 % of its
        median; whether the fit centred it.
    divergences
        Per population variable (`DIVERGENCE_COLUMNS`), the most different first: its mean over divergent and
        over other draws, and their difference in SDs of the others (of logs, where all draws are positive).
        Empty where fewer than 5 draws diverged.
    n_divergent
        How many draws diverged.
    labels
        For a model with subpopulations, per chain and tenth of a chain (`LABEL_COLUMNS`): how far the
        memberships agree with those of the first chain, which order of the subpopulations agrees best, and
        whether that is another one.
    apart
        Per population variable and chain whose mean lies more than 3 SDs (within chains) from the median of
        the others' (`APART_COLUMNS`): the chains found different modes.
    flip_flop
        Share of (draw, subject) pairs with ka below CL / V, from the fit's checks; None without absorption.
    points
        What the funnels are made of: columns effect, log_omega, log_spread, divergent; a row per draw.
    advice
        What to do, in words; empty where nothing was found.
    """

    funnels: pd.DataFrame
    divergences: pd.DataFrame
    n_divergent: int
    labels: pd.DataFrame
    apart: pd.DataFrame
    flip_flop: float | None
    points: pd.DataFrame
    advice: tuple[str, ...]

    def __bool__(self) -> bool:
        """Whether anything was found."""
        return bool(self.advice)

    def __str__(self) -> str:
        return "\n".join(f"- {text}" for text in self.advice) or "nothing suspicious was found"


def pathologies(fit: Fit) -> Pathologies:
    """Look for what may be wrong with a posterior, and say where.

    Parameters
    ----------
    fit
        A population fit; of a slim one funnels and labels stay empty.

    Notes
    -----
    In a funnel the spread of a random effect follows its omega: where the data say little of the subjects,
    ``eta = omega z`` and r is near 1, and only the non-centred form can be sampled; where they say much, r is
    near 0 and the centred form is the better one (Papaspiliopoulos, Roberts & Skold 2007, Statist Sci 22:59;
    Betancourt & Girolami 2015, arXiv:1312.0906). r is a property of the posterior, not of the form it was
    sampled in. Labels of subpopulations are exchangeable as far as the priors are (Stephens 2000, J R Stat
    Soc B 62:795).
    """
    held = fit.posterior["posterior"].to_dataset()
    diverging = fit.posterior["sample_stats"]["diverging"].to_numpy().astype(bool)
    draws = _population(held, fit)
    points, funnels = _funnels(fit, diverging)
    divergences = _divergences(draws, diverging)
    labels, apart = _labels(held), _apart(draws)
    flip_flop = next((c.value for c in fit.check() if c.name.startswith("flip-flop")), None)
    n = int(diverging.sum())
    advice = (
        *_on_funnels(funnels, _together(held)),
        *_on_divergences(divergences, n),
        *_on_labels(labels, apart),
        *_on_flip_flop(fit),
    )
    return Pathologies(funnels, divergences, n, labels, apart, flip_flop, points, advice)


def _population(held: xr.Dataset, fit: Fit) -> dict[str, Floats]:
    """Return each scalar of theta, omega, sigma as (chain, draw), logs where all are positive."""
    made = {}
    for name in fit.population:
        array = held[name].transpose("chain", "draw", ...).to_numpy().astype(float)
        for place in np.ndindex(*array.shape[2:]):
            own = array[(slice(None), slice(None), *place)]
            label = f"{name}[{', '.join(map(str, place))}]" if place else name
            made[label] = np.log(own) if (own > 0).all() else own
    return made


def _funnels(fit: Fit, diverging: NDArray[np.bool_]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return log omega and log SD of each effect by draw, and the row of each effect."""
    parts, rows = [pd.DataFrame(columns=list(_POINT_COLUMNS))], []
    centred = set(fit.provenance.get("sampler", {}).get("centred", ()))
    try:
        effects = list(effects_of(fit))
    except InputError:
        effects = []
    for name, draws, omega in effects:
        values, middle = omega.to_numpy(), float(np.median(omega))
        with np.errstate(divide="ignore"):
            columns = (name, np.log(values).ravel(), np.log(draws.to_numpy().std(axis=2)).ravel())
        parts.append(pd.DataFrame(dict(zip(_POINT_COLUMNS, (*columns, diverging.ravel()), strict=True))))
        low = float((values < _NEAR_ZERO * middle).mean())
        rows.append((name, middle, _r(columns[1], columns[2]), low, name.removeprefix("eta_") in centred))
    points = pd.concat(parts[1:], ignore_index=True) if rows else parts[0]
    return points, pd.DataFrame(rows, columns=list(FUNNEL_COLUMNS))


def _r(a: Floats, b: Floats) -> float:
    known = np.isfinite(a) & np.isfinite(b)
    if known.sum() < 3 or np.ptp(a[known]) == 0 or np.ptp(b[known]) == 0:
        return float("nan")
    return float(np.corrcoef(a[known], b[known])[0, 1])


def _divergences(draws: dict[str, Floats], diverging: NDArray[np.bool_]) -> pd.DataFrame:
    rows = []
    if _FEWEST <= diverging.sum() < diverging.size:
        for name, values in draws.items():
            inside, outside = values[diverging], values[~diverging]
            sd = float(outside.std(ddof=1))
            difference = float(inside.mean() - outside.mean()) / sd if sd > 0 else 0.0
            rows.append((name, float(inside.mean()), float(outside.mean()), difference))
    table = pd.DataFrame(rows, columns=list(DIVERGENCE_COLUMNS))
    order = table["difference_sd"].abs().sort_values(ascending=False).index
    return table.loc[order].reset_index(drop=True)


def _labels(held: xr.Dataset) -> pd.DataFrame:
    """Compare the memberships of parts of chains with those of the first chain, under every order."""
    rows: list[tuple[Any, ...]] = []
    if "membership" in held and held.sizes["subpopulation"] <= _MOST_ORDERS:
        member = held["membership"].transpose("chain", "draw", "subpopulation", "subject").to_numpy()
        reference = member[0].mean(axis=0)
        names = [str(n) for n in held["subpopulation"].to_numpy()]
        orders = list(permutations(range(len(names))))
        for chain, own in enumerate(member):
            for part, some in enumerate(np.array_split(own, _PARTS)):
                mean = some.mean(axis=0)
                distance = [float(np.abs(mean[list(o)] - reference).sum()) for o in orders]
                best = int(np.argmin(distance))
                agreement = 1.0 - distance[0] / (2.0 * mean.shape[1])
                said = ", ".join(names[k] for k in orders[best])
                rows.append((chain, part, agreement, said, distance[best] < 0.5 * distance[0]))
    return pd.DataFrame(rows, columns=list(LABEL_COLUMNS))


def _apart(draws: dict[str, Floats]) -> pd.DataFrame:
    rows = []
    for name, values in draws.items():
        if len(values) < 2:
            continue
        means, sd = values.mean(axis=1), np.sqrt(values.var(axis=1, ddof=1).mean())
        for chain, mean in enumerate(means):
            others = float(np.median(np.delete(means, chain)))
            if sd > 0 and abs(mean - others) > _APART * sd:
                rows.append((name, chain, float(mean), others, float(mean - others) / sd))
    return pd.DataFrame(rows, columns=list(APART_COLUMNS))


def _together(held: xr.Dataset) -> Callable[[str], list[str]]:
    """Return what says which parameters are centred together with one; none where it cannot be."""
    names = [str(name) for name in held.data_vars]
    never = any(n == "df_eta" or n.startswith("kappa_") for n in names)
    pairs = [set(n.split("_")[1:]) for n in names if n.startswith("rho_")]

    def together(effect: str) -> list[str]:
        block = {effect}.union(*(pair for pair in pairs if effect in pair))
        return [] if never else sorted(block)

    return together


def _on_funnels(funnels: pd.DataFrame, together: Callable[[str], list[str]]) -> list[str]:
    said = []
    for row in funnels.to_dict("records"):
        name, r = row["effect"], row["r"]
        short = str(name).removeprefix("eta_")
        if row["centred"] and r > _TIED:
            said.append(
                f"{name} follows its omega (r {r:.2f}) and is centred: a funnel; "
                f"leave {short!r} out of centred="
            )
        if not row["centred"] and r < _FREE and str(name).startswith("eta_") and together(short):
            said.append(
                f"{name} is known from the data (r {r:.2f} with its omega) and not centred: "
                f"centred={together(short)!r} will sample faster"
            )
        if row["omega_near_zero"] > 0.01:
            said.append(
                f"the omega of {name} reaches 0 ({100 * row['omega_near_zero']:.0f} % of draws below 5 % of "
                "its median): the data hardly show it; a prior that keeps off 0, or no such effect"
            )
    return said


def _on_divergences(table: pd.DataFrame, n: int) -> list[str]:
    if n == 0:
        return []
    many = f"{n} draw{'' if n == 1 else 's'} diverged"
    if table.empty:
        return [f"{many}, too few to say where (or all): raise target_accept"]
    top = table[table["difference_sd"].abs() > _STANDS_OUT].head(3).to_dict("records")
    if not top:
        return [f"{many}, spread over the posterior: raise target_accept"]
    where = ", ".join(f"{r['variable']} {'low' if r['difference_sd'] < 0 else 'high'}" for r in top)
    first = str(top[0]["variable"])
    low_omega = first.startswith("omega_") and top[0]["difference_sd"] < 0
    fix = (
        f"the neck of a funnel: sample {first.removeprefix('omega_')!r} non-centred, or give {first} a prior "
        "that keeps off 0"
        if low_omega
        else f"a tighter prior on {first}, the other parametrisation (centred=), or a higher target_accept"
    )
    return [f"{many} where {where}: {fix}"]


def _on_labels(labels: pd.DataFrame, apart: pd.DataFrame) -> list[str]:
    said = []
    switched = labels[labels["switched"].astype(bool)]
    if len(switched):
        chains = ", ".join(str(c) for c in sorted(set(switched["chain"])))
        said.append(
            f"labels of subpopulations switch (chain {chains}): summaries mix them; give their typical "
            "values priors that do not overlap, or write one as the other times a factor above 1"
        )
    if len(apart):
        names = ", ".join(dict.fromkeys(str(v) for v in apart["variable"]))
        said.append(f"chains lie apart in {names}: several modes, or a chain that is stuck; look at each")
    return said


def _on_flip_flop(fit: Fit) -> list[str]:
    rows = [c for c in fit.check() if c.name.startswith("flip-flop") and not c.passed]
    return [f"{row.name} {row.value:.2g}: {row.advice}" for row in rows]
