"""Normalised prediction distribution errors of a study under a fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
import xarray as xr

from bayesdose.errors import InputError, explain
from bayesdose.predictive import replicates
from bayesdose.study import Study
from bayesdose.validate.assay import Assay, assay_of
from bayesdose.validate.bins import PERCENTILES, bin_edges, bin_numbers, percentiles
from bayesdose.validate.distribution_errors import (
    Decorrelation,
    distribution_tests,
    errors_and_replicates,
    predictive_p,
)
from bayesdose.validate.inside import interval_of
from bayesdose.validate.levels import continuous, not_continuous, typical

if TYPE_CHECKING:
    from bayesdose.fitting import Fit

_NORMAL_STUDIES = 1000  # of standard normal values, for the bands of a profile
NPDE_COLUMNS = ("row", "subject", "TIME", "TAD", "DVID", "DV", "PRED", "censored", "pd", "npde")
"""Columns of an Npde's table."""


@dataclass(frozen=True, eq=False)
class Npde:
    """Normalised prediction distribution errors.

    Parameters
    ----------
    table
        One row per level of a continuous kind, columns `NPDE_COLUMNS`: the level's number among the study's
        levels, that of its subject (both from 0), its times, kind and value (the limit, where censored),
        PRED, whether it is censored, its prediction discrepancy and npde. Units are the card's.
    tests
        As from `distribution_tests`.
    p_value
        Share of simulated studies whose tests look as bad: `predictive_p`.
    decorrelation
        How.
    draws, seed
        Of the replicates.
    units
        Of TIME and PRED.
    left_out
        What is left out, and why: a line for each kind of level that is not continuous. Decorrelating takes
        out mean and covariance, which makes nothing normal of counts, categories and events.
    """

    table: pd.DataFrame
    tests: pd.DataFrame
    p_value: float
    decorrelation: str
    draws: int
    seed: int
    units: Mapping[str, str]
    left_out: tuple[str, ...] = ()

    @property
    def mean(self) -> float:
        """Mean of the npde; 0 under the model."""
        return float(self.table["npde"].mean())

    @property
    def variance(self) -> float:
        """Variance of the npde; 1 under the model."""
        return float(self.table["npde"].var(ddof=1))

    def profile(
        self,
        x: Literal["TIME", "TAD", "PRED"] = "TIME",
        *,
        bins: int | Sequence[float] | None = None,
        at: Sequence[float] = PERCENTILES,
        interval: float = 0.9,
    ) -> pd.DataFrame:
        """Return percentiles of the npde in bins of x, with intervals of those of as many standard normals.

        Columns bin, left, right, x (its median), n, percentile, observed, low, median, high.
        """
        known = self.table[np.isfinite(self.table[x])]
        place, values = known[x].to_numpy(dtype=float), known["npde"].to_numpy()
        edges = bin_edges(place, bins)
        number = bin_numbers(place, edges)
        rows = []
        for k in np.unique(number):
            own, rng = number == k, np.random.default_rng((self.seed, int(k)))
            band = percentiles(rng.standard_normal((_NORMAL_STUDIES, int(own.sum()))), at)
            low, median, high = interval_of(band, interval)
            found = percentiles(values[own], at)
            here = {"bin": k, "left": edges[k], "right": edges[k + 1], "x": np.median(place[own])}
            for i, p in enumerate(at):
                limits = {"observed": found[i], "low": low[i], "median": median[i], "high": high[i]}
                rows.append({**here, "n": int(own.sum()), "percentile": float(p), **limits})
        return pd.DataFrame(rows)

    def __str__(self) -> str:
        p = self.tests["p"]
        return (
            f"{len(self.table)} npde ({self.decorrelation}, {self.draws} replicates): mean {self.mean:.3f} "
            f"(p = {p['mean']:.3g}), variance {self.variance:.3f} (p = {p['variance']:.3g}), normality "
            f"p = {p['normality']:.3g}; global p = {p['global']:.3g}, "
            f"as bad in {100 * self.p_value:.3g} % of replicates"
        ) + "".join(f"\n{text}" for text in self.left_out)


def npde(
    fit: Fit,
    study: Study,
    *,
    seed: int,
    draws: int = 1000,
    decorrelation: Decorrelation = "cholesky",
    mean: Literal["t", "wilcoxon"] = "t",
    lloq: float | Mapping[int, float] | None = None,
    simulated: xr.Dataset | None = None,
) -> Npde:
    """Compute the npde and prediction discrepancies of a study's levels, and test them.

    Parameters
    ----------
    fit
        A population fit; each replicate has a population draw of its own.
    study
        The study fitted, or another.
    seed, draws
        Of the replicates; a thousand or more.
    decorrelation
        "cholesky" or "inverse root"; see `distribution_errors`.
    mean
        The test of mean 0: Student's "t", or "wilcoxon".
    lloq
        Lower limit of quantification, or DVID to it; that of the table's levels with CENS 1 unless given.
    simulated
        From ``bd.replicates``, where they were made before; `draws` is then not used.

    Returns
    -------
    Npde

    Raises
    ------
    InputError
        When the study has no level of a continuous kind, or draws are too few.

    Notes
    -----
    See `distribution_errors` for what is computed and from where. Replicates differ in theta too; in the
    study that was fitted the npde are therefore a little less spread than standard normal ones.
    """
    made = replicates(fit, study, seed=seed, draws=draws) if simulated is None else simulated
    kept = np.flatnonzero(continuous(fit, made))
    levels = made.isel(observation=kept)
    assay, dv = assay_of(levels, lloq), levels["observed"].to_numpy().astype(float)
    who = levels["subject_index"].to_numpy()
    pd_, errors, others = errors_and_replicates(
        dv, levels["DV"].to_numpy(), who, seed=seed, decorrelation=decorrelation, assay=_if_any(assay)
    )
    columns = (
        kept,
        who,
        *(levels[name].to_numpy() for name in ("TIME", "TAD", "DVID")),
        dv,
        typical(fit, study)[kept],
        assay.censored,
        pd_,
        errors,
    )
    _enough(errors)
    return Npde(
        table=pd.DataFrame(dict(zip(NPDE_COLUMNS, columns, strict=True))),
        tests=distribution_tests(errors, mean=mean, seed=seed),
        p_value=predictive_p(errors, others, mean=mean),
        decorrelation=decorrelation,
        draws=made.sizes["draw"],
        seed=seed,
        units={"TIME": study.card.units.time, "PRED": _unit(study, levels)},
        left_out=not_continuous(fit, made),
    )


def _if_any(assay: Assay) -> Assay | None:
    limited = np.isfinite(assay.low).any() or np.isfinite(assay.high).any() or assay.censored.any()
    return assay if limited else None


def _enough(errors: np.ndarray) -> None:
    if len(errors) < 3:
        raise InputError(explain("npde need three levels or more", came=len(errors)))


def _unit(study: Study, levels: xr.Dataset) -> str:
    """Return the unit of the levels; nothing where kinds differ."""
    units = {study.card.endpoint(int(k)).unit for k in np.unique(levels["DVID"].to_numpy())}
    return units.pop() if len(units) == 1 else ""
