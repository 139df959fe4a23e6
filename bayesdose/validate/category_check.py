"""Visual predictive checks of counts and categories: their shares over those of simulated studies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from bayesdose.errors import InputError, explain
from bayesdose.individual.compiled import compile_individual
from bayesdose.predictive import replicates
from bayesdose.study import Study
from bayesdose.validate.inside import Compared, interval_of
from bayesdose.validate.predictive_check import Levels, axis_of, binned
from bayesdose.validate.strata import strata

if TYPE_CHECKING:
    from bayesdose.fitting import Fit

Floats = NDArray[np.float64]
CATEGORY_COLUMNS = (
    "stratum",
    "bin",
    "left",
    "right",
    "x",
    "n",
    "category",
    "observed",
    "low",
    "median",
    "high",
    "inside",
)
"""Columns of a CategoryVpc's table."""


@dataclass(frozen=True, eq=False)
class CategoryVpc(Compared):
    """A visual predictive check of counts and categories.

    Parameters
    ----------
    table
        One row per stratum, bin and category, columns `CATEGORY_COLUMNS`: the bin's edges, the median of x in
        it, how many levels; the category ("0", "2 to 4", "5 or more"); its share of the levels, the interval
        and median over replicates of its share of a replicate's, and whether the observed one is inside.
    shares
        (draw,): the share of its shares that each replicate has inside the intervals.
    x
        "TIME" or "TAD".
    interval
        Probability of the intervals.
    units
        Of x.
    left_out
        How many levels are of another kind, or have no x (TAD before the first dose).
    """

    table: pd.DataFrame
    shares: Floats = field(repr=False)
    x: str
    interval: float
    units: Mapping[str, str]
    left_out: int

    def __str__(self) -> str:
        return (
            f"VPC of counts and categories against {self.x}, {len(self.shares)} replicates: "
            f"{100 * self.inside:.0f} % of {len(self.table)} observed shares in their "
            f"{100 * self.interval:g} % intervals (p = {self.p_value:.3g})"
        )


def category_vpc(
    fit: Fit,
    study: Study,
    *,
    seed: int,
    draws: int = 500,
    x: Literal["TIME", "TAD"] = "TIME",
    by: str | None = None,
    cuts: int | Sequence[float] = 2,
    bins: int | Sequence[float] | None = None,
    method: Literal["natural", "quantile"] = "natural",
    most: int = 6,
    interval: float = 0.9,
    simulated: xr.Dataset | None = None,
) -> CategoryVpc:
    """Compare how often each count or category was observed with how often it is in simulated studies.

    Parameters
    ----------
    fit
        A population fit; each replicate has a population draw of its own.
    study
        The study fitted, or another.
    seed, draws
        Of the replicates.
    x, by, cuts, bins, method
        As in `vpc`; ``bins=1`` compares the whole distribution of each kind (a rootogram's numbers).
    most
        How many classes the counts of a stratum are put into at most; categories keep their own.
    interval
        Probability of the interval of each simulated share.
    simulated
        From ``bd.replicates`` for the same fit and study, where they were made before; `draws` is then not
        used.

    Returns
    -------
    CategoryVpc

    Raises
    ------
    InputError
        When no level is a count or a category, or an argument cannot be used.

    Notes
    -----
    Shares of categories over time, with intervals from replicates of the study, are the usual check of such
    models (Karlsson & Holford 2008, PAGE 17, abstract 1434). Counts are whole numbers in classes: each number
    by itself while they are few, else ranges of about as many observed counts; the last class is open.
    """
    made = replicates(fit, study, seed=seed, draws=draws) if simulated is None else simulated
    place = made[axis_of(x)].to_numpy().astype(float)
    sizes = counted(fit, made)
    kept = (sizes != 0) & np.isfinite(place)
    if not kept.any():
        raise InputError(
            explain(
                "there is no count or category whose share could be compared",
                came="levels of other kinds" if len(place) else "a study without levels",
                expected="poisson, negative_binomial, binary or ordinal errors"
                + (", and a dose before the level" if x == "TAD" else ""),
            )
        )
    names = strata(study, made, by, cuts)
    number = binned(place, names, kept, bins, method)
    levels = Levels(
        place, made["observed"].to_numpy().astype(float), made["DV"].to_numpy(), names, number, kept
    )
    table, shares = _compared(levels, sizes, most, interval)
    return CategoryVpc(table, shares, x, interval, {"x": study.card.units.time}, int((~kept).sum()))


def counted(fit: Fit, levels: xr.Dataset) -> NDArray[np.int64]:
    """Return how many categories each level's kind has (observation,): -1 for counts, 0 for other kinds."""
    likelihood = compile_individual(fit.model).declaration.likelihood
    assert likelihood is not None
    found = np.zeros(levels.sizes["observation"], dtype=np.int64)
    dvid = levels["DVID"].to_numpy()
    for part in likelihood.parts:
        if part.family.whole:
            categories = {"binary": 2, "ordinal": part.width + 1}.get(part.family.name, -1)
            found[(dvid == part.dvid) | (part.dvid is None)] = categories
    return found


def _compared(
    levels: Levels, sizes: NDArray[np.int64], most: int, interval: float
) -> tuple[pd.DataFrame, Floats]:
    """Return the table, and each replicate's share of shares inside."""
    rows, inside = [], []
    for cell, which in levels.cells():
        whole = levels.kept & (levels.stratum == cell["stratum"])
        bounds, names = classes(levels.observed[whole], int(sizes[whole][0]), most)
        seen, made = (
            np.searchsorted(bounds, y[..., which], side="right") for y in (levels.observed, levels.simulated)
        )
        for k, name in enumerate(names):
            each = (made == k).mean(axis=1)
            low, median, high = (float(v) for v in interval_of(each, interval))
            inside.append((each >= low) & (each <= high))
            observed = float((seen == k).mean())
            band = {"low": low, "median": median, "high": high, "inside": low <= observed <= high}
            rows.append({**cell, "category": name, "observed": observed, **band})
    return pd.DataFrame(rows, columns=list(CATEGORY_COLUMNS)), np.mean(inside, axis=0)


def classes(y: Floats, categories: int, most: int) -> tuple[Floats, list[str]]:
    """Return the first number of each class but the first, and the classes' names.

    Parameters
    ----------
    y
        Whole numbers observed.
    categories
        How many there can be; -1 where there is no end, as of counts.
    most
        How many classes counts are put into at most, 2 or more.
    """
    if categories > 0:
        return np.arange(1.0, categories), [str(k) for k in range(categories)]
    if most < 2:
        raise InputError(explain("counts need two classes or more", came=most, expected="most=2 or more"))
    if y.max() < most:
        bounds = np.arange(1.0, max(y.max(), 1.0) + 1)
    else:
        bounds = np.unique(np.ceil(np.quantile(y, np.arange(1, most) / most)))
        bounds = np.unique(np.maximum(bounds, 1.0))  # many zeros are a class of their own
    firsts = np.r_[0.0, bounds]
    lasts = bounds - 1
    names = [f"{a:g}" if a == b else f"{a:g} to {b:g}" for a, b in zip(firsts[:-1], lasts, strict=True)]
    return bounds, [*names, f"{firsts[-1]:g} or more"]
