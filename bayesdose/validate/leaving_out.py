"""Leave-one-out places of counts, categories and events: a check, as npde are of continuous levels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bayesdose.validate.binomial import clustered_interval
from bayesdose.validate.left_out import loo
from bayesdose.validate.levels import SORT, sorts

if TYPE_CHECKING:
    from bayesdose.fitting import Fit
    from bayesdose.study import Study
    from bayesdose.validate.psis import Loo

PLACES = (0.1, 0.25, 0.5, 0.75, 0.9)
"""Numbers with which the shares of places below them are compared."""


@dataclass(frozen=True, eq=False)
class LooCheck:
    """What levels that are not continuous say when they are left out one at a time.

    Parameters
    ----------
    table
        One row per sort of level (counts and categories, each kind of event): of, n, high_khat (how many have
        a place that cannot be relied on), elpd, se, off (the largest of `places`).
    places
        One row per sort and number of `PLACES`: of, place, n (levels whose place can be relied on), share (of
        places at or below it), low, high (its 95 % interval, levels of a subject being alike) and off, how
        far the place is outside.
    """

    table: pd.DataFrame
    places: pd.DataFrame


def loo_check(fit: Fit, study: Study, *, seed: int) -> LooCheck | None:
    """Leave out each level, and compare the places of those that are not continuous with uniform ones.

    Parameters
    ----------
    fit
        A population fit that holds its individual draws.
    study
        The study it was made from.
    seed
        Places counts, categories and what is censored at random between their limits.

    Returns
    -------
    LooCheck, None
        None where every level is continuous.

    Raises
    ------
    InputError
        A slim fit, or another study.

    Notes
    -----
    The probability integral transform of a level left out is uniform under the model (Czado, Gneiting & Held
    2009, Biometrics 65:1254), approximately so where levels of one subject inform each other.
    """
    sort = sorts(fit, study.levels["DVID"].to_numpy())
    if (sort == SORT).all():
        return None
    found = loo(fit, study, seed=seed)
    levels = found.table.assign(of=sort)[sort != SORT]
    places = _places(levels[(levels["khat"] <= found.khat_limit) & levels["pit"].notna()])
    return LooCheck(_table(levels, found, places), places)


def _places(levels: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for sort, own in levels.groupby("of"):
        for p in PLACES:
            share, low, high = clustered_interval(own["pit"] <= p, own["ID"])
            bounds = {"share": share, "low": low, "high": high, "off": max(0.0, low - p, p - high)}
            rows.append({"of": sort, "place": p, "n": len(own), **bounds})
    return pd.DataFrame(rows, columns=["of", "place", "n", "share", "low", "high", "off"])


def _table(levels: pd.DataFrame, found: Loo, places: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for sort, own in levels.groupby("of"):
        rows.append(
            {
                "of": sort,
                "n": len(own),
                "high_khat": int((~(own["khat"] <= found.khat_limit)).sum()),
                "elpd": float(own["elpd"].sum()),
                "se": float(np.sqrt(len(own) * own["elpd"].var(ddof=0))),
                "off": float(places.loc[places["of"] == sort, "off"].max()),
            }
        )
    return pd.DataFrame(rows)
