"""Visual predictive checks: percentiles of the levels over those of simulated studies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from bayesdose.errors import InputError, explain
from bayesdose.predictive import replicates
from bayesdose.study import Study
from bayesdose.validate.assay import Assay, assay_of
from bayesdose.validate.bins import PERCENTILES, bin_edges, bin_numbers, percentiles
from bayesdose.validate.inside import Compared, interval_of
from bayesdose.validate.levels import continuous, typical
from bayesdose.validate.strata import strata

if TYPE_CHECKING:
    from bayesdose.fitting import Fit

Floats = NDArray[np.float64]

VPC_COLUMNS = (
    "stratum",
    "bin",
    "left",
    "right",
    "x",
    "n",
    "percentile",
    "observed",
    "low",
    "median",
    "high",
    "inside",
)
"""Columns of a Vpc's table."""


@dataclass(frozen=True, eq=False)
class Vpc(Compared):
    """A visual predictive check.

    Parameters
    ----------
    table
        One row per stratum, bin and percentile, columns `VPC_COLUMNS`: the bin's edges, the median of x in
        it, how many levels; the percentile of the levels; the interval and median, over replicates, of the
        same percentile of a replicate; whether the observed one is in the interval.
    below
        The same for the share of levels below the limit of quantification (without percentile); empty where
        no limit is known.
    points
        The levels: stratum, bin, x, y (corrected where asked), censored.
    shares
        (draw,): the share of its percentiles that each replicate has inside the intervals.
    x
        "TIME" or "TAD".
    corrected
        Whether levels are prediction-corrected.
    interval
        Probability of the intervals.
    units
        Of x, and of y in each stratum.
    left_out
        How many levels have no x (TAD before the first dose), have a PRED that cannot correct them, or are
        of a kind that is not continuous.
    """

    table: pd.DataFrame
    below: pd.DataFrame
    points: pd.DataFrame
    shares: Floats = field(repr=False)
    x: str
    corrected: bool
    interval: float
    units: Mapping[str, str]
    left_out: int = 0

    def __str__(self) -> str:
        kind = "prediction-corrected VPC" if self.corrected else "VPC"
        percentages = f"{100 * self.inside:.0f} % of {len(self.table)} observed percentiles"
        return (
            f"{kind} against {self.x}, {len(self.shares)} replicates: {percentages} in their "
            f"{100 * self.interval:g} % intervals (p = {self.p_value:.3g})"
        )


def vpc(
    fit: Fit,
    study: Study,
    *,
    seed: int,
    draws: int = 500,
    x: Literal["TIME", "TAD"] = "TIME",
    corrected: bool = False,
    by: str | None = None,
    cuts: int | Sequence[float] = 2,
    bins: int | Sequence[float] | None = None,
    method: Literal["natural", "quantile"] = "natural",
    at: Sequence[float] = PERCENTILES,
    interval: float = 0.9,
    lloq: float | Mapping[int, float] | None = None,
    simulated: xr.Dataset | None = None,
) -> Vpc:
    """Compare percentiles of a study's levels with those of studies simulated from the fit.

    Parameters
    ----------
    fit
        A population fit; each replicate has a population draw of its own, so the intervals hold the
        uncertainty of theta, omega and sigma.
    study
        The study fitted, or another.
    seed, draws
        Of the replicates.
    x
        Time, or time after the last dose given (additional doses count).
    corrected
        Whether observed and simulated levels are prediction-corrected.
    by, cuts
        Strata: a covariate's name or "DOSE", and how a number is cut, as in `bayesdose.validate.strata`.
        Kinds of level (DVID) are strata in any case.
    bins, method
        How many bins a stratum has, or their edges; natural breaks, or equal counts.
    at
        Percentiles, in %.
    interval
        Probability of the interval of each simulated percentile.
    lloq
        Lower limit of quantification, or DVID to it; that of the table's levels with CENS 1 unless given.
    simulated
        From ``bd.replicates`` for the same fit and study, where they were made before; `seed` and `draws` are
        then not used.

    Returns
    -------
    Vpc

    Raises
    ------
    InputError
        When an argument or the study cannot be used.

    Notes
    -----
    Levels beyond a limit stand at the limit, observed and simulated ones alike, before anything else; the
    share below it is compared apart (Bergstrand & Karlsson 2009, AAPS J 11:371). Prediction correction is
    ``y PRED_bin / PRED`` (Bergstrand et al. 2011, AAPS J 13:143, equation 1 with a lower bound of 0), with
    PRED the prediction at random effects of zero (median over population draws) and PRED_bin its median in
    the bin; levels whose PRED is not positive (before the first dose) are left out of it. Percentiles are
    linear between order statistics.
    """
    made = replicates(fit, study, seed=seed, draws=draws) if simulated is None else simulated
    place = made[axis_of(x)].to_numpy().astype(float)
    pred = typical(fit, study) if corrected else np.ones(len(place))
    kept = continuous(fit, made) & np.isfinite(place) & (pred > 0)
    if not kept.any():
        raise InputError(explain(f"no level has a {x}", expected="doses before the levels", fix='x="TIME"'))
    assay = assay_of(made, lloq)
    names = strata(study, made, by, cuts)
    number = binned(place, names, kept, bins, method)
    factor = _correction(pred, names, number, kept)
    observed, values = (assay.read(made[name].to_numpy()) * factor for name in ("observed", "DV"))
    levels = Levels(place, observed, values, names, number, kept)
    table, shares = _compared(levels, at, interval)
    return Vpc(
        table=table,
        below=_below(levels, made["DV"].to_numpy(), assay, interval),
        points=_points(levels, assay),
        shares=shares,
        x=x,
        corrected=corrected,
        interval=interval,
        units=_units(study, made, names),
        left_out=int((~kept).sum()),
    )


@dataclass(frozen=True, eq=False)
class Levels:
    """Levels, replicates of them, and where each belongs; arrays along observation."""

    x: Floats
    observed: Floats
    simulated: Floats  # (draw, observation)
    stratum: NDArray[np.object_]
    bin: NDArray[np.int64]
    kept: NDArray[np.bool_]

    def cells(self) -> list[tuple[dict[str, object], NDArray[np.int64]]]:
        """Return what each bin of each stratum is, and the numbers of its levels."""
        found = []
        for name in dict.fromkeys(self.stratum[self.kept]):
            inside = self.kept & (self.stratum == name)
            numbers = np.unique(self.bin[inside])
            rows = [np.flatnonzero(inside & (self.bin == k)) for k in numbers]
            spans = [(self.x[row].min(), self.x[row].max()) for row in rows]
            middle = [(a[1] + b[0]) / 2 for a, b in pairwise(spans)]
            edges = [spans[0][0], *middle, spans[-1][1]]
            for k, row in enumerate(rows):
                place = {"left": edges[k], "right": edges[k + 1], "x": float(np.median(self.x[row]))}
                found.append(({"stratum": name, "bin": k, **place, "n": len(row)}, row))
        return found


def axis_of(x: str) -> str:
    """Return the name of the axis, or refuse another one."""
    if x not in ("TIME", "TAD"):
        raise InputError(explain("levels are set against a time", came=x, expected="TIME or TAD"))
    return x


def binned(
    place: Floats,
    names: NDArray[np.object_],
    kept: NDArray[np.bool_],
    bins: int | Sequence[float] | None,
    method: str,
) -> NDArray[np.int64]:
    """Return the number of each level's bin within its stratum, -1 for levels that are left out."""
    number = np.full(len(place), -1)
    for name in np.unique(names[kept]):
        own = kept & (names == name)
        number[own] = bin_numbers(place[own], bin_edges(place[own], bins, method))  # type: ignore[arg-type]
    return number


def _correction(
    pred: Floats, names: NDArray[np.object_], number: NDArray[np.int64], kept: NDArray[np.bool_]
) -> Floats:
    """Return median PRED of the bin over PRED of the level (observation,)."""
    cell = pd.Series(list(zip(names, number, strict=True)))
    middle = pd.Series(pred).groupby(cell).transform("median").to_numpy()
    return np.where(kept, middle / np.where(kept, pred, 1.0), 1.0)


def _compared(levels: Levels, at: Sequence[float], interval: float) -> tuple[pd.DataFrame, Floats]:
    """Return the table, and each replicate's share of percentiles inside."""
    rows, inside = [], []
    for cell, which in levels.cells():
        found = percentiles(levels.simulated[:, which], at)
        low, median, high = interval_of(found, interval)
        inside.append((found >= low[:, None]) & (found <= high[:, None]))
        values = percentiles(levels.observed[which], at)
        for k, p in enumerate(at):
            within = bool(low[k] <= values[k] <= high[k])
            band = {"low": low[k], "median": median[k], "high": high[k], "inside": within}
            rows.append({**cell, "percentile": float(p), "observed": values[k], **band})
    return pd.DataFrame(rows, columns=list(VPC_COLUMNS)), np.concatenate(inside).mean(axis=0)


def _below(levels: Levels, simulated: Floats, assay: Assay, interval: float) -> pd.DataFrame:
    """Return the share below the limit in each bin of strata that have one."""
    rows = []
    for cell, which in levels.cells():
        limit = assay.low[which]
        if not np.isfinite(limit).all():
            continue
        observed = float((assay.least[which] < limit).mean())
        low, median, high = interval_of((simulated[:, which] < limit).mean(axis=1), interval)
        found = {
            "limit": float(limit.max()),
            "observed": observed,
            "low": low,
            "median": median,
            "high": high,
        }
        rows.append({**cell, **found, "inside": bool(low <= observed <= high)})
    columns = [name for name in VPC_COLUMNS if name != "percentile"]
    return pd.DataFrame(rows, columns=[*columns[:6], "limit", *columns[6:]])


def _points(levels: Levels, assay: Assay) -> pd.DataFrame:
    columns = {
        "stratum": levels.stratum,
        "bin": levels.bin,
        "x": levels.x,
        "y": levels.observed,
        "censored": assay.censored,
    }
    return pd.DataFrame(columns)[levels.kept].reset_index(drop=True)


def _units(study: Study, levels: xr.Dataset, names: NDArray[np.object_]) -> dict[str, str]:
    kind = dict(zip(names, levels["DVID"].to_numpy().tolist(), strict=True))
    return {"x": study.card.units.time} | {n: study.card.endpoint(k).unit for n, k in kind.items()}
