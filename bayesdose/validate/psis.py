"""Leave-one-out cross-validation by Pareto-smoothed importance sampling: functions of arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import logsumexp

from bayesdose.errors import InputError, explain

Floats = NDArray[np.float64]
COMPARED_COLUMNS = ("model", "elpd", "se", "p_loo", "elpd_diff", "se_diff", "high_khat")
"""Columns of `compare`."""


class Pointwise(NamedTuple):
    """What is left out, one by one.

    elpd, p_loo, khat are (unit,); log_weight is (draw, unit), normalised.
    """

    elpd: Floats
    p_loo: Floats
    khat: Floats
    log_weight: Floats


@dataclass(frozen=True, eq=False)
class Loo:
    """Expected log predictive density of what was left out.

    Parameters
    ----------
    by
        "observation": each level of a subject whose other levels are known. "subject": all levels of a new
        subject.
    table
        A row per unit left out: ID (and TIME, DVID), elpd, p_loo, khat; pit of observations, drawn between
        pit_low and pit_high; inner_se of subjects, the Monte Carlo error of a log marginal likelihood (median
        over draws).
    draws
        How many posterior draws were used.
    model
        The model's name.
    data
        Fingerprint of the levels: what is compared must agree in it.
    """

    by: str
    table: pd.DataFrame
    draws: int
    model: str
    data: str = field(repr=False)

    @property
    def elpd(self) -> float:
        """The sum of the pointwise values; higher is better."""
        return float(self.table["elpd"].sum())

    @property
    def se(self) -> float:
        """Standard error of `elpd`: ``sqrt(n var(elpd_i))``."""
        return float(np.sqrt(len(self.table) * self.table["elpd"].var(ddof=0)))

    @property
    def p_loo(self) -> float:
        """Effective number of parameters."""
        return float(self.table["p_loo"].sum())

    @property
    def khat_limit(self) -> float:
        """k-hat up to which a unit's value can be relied on, ``min(1 - 1 / log10(draws), 0.7)``."""
        return min(1.0 - 1.0 / float(np.log10(self.draws)), 0.7)

    @property
    def high_khat(self) -> int:
        """Number of units whose value cannot be relied on."""
        return int((self.table["khat"] > self.khat_limit).sum())

    def __str__(self) -> str:
        k, n = self.table["khat"], len(self.table)
        many = f"{self.high_khat} of {n}"
        lines = [
            f"leave one {self.by} out: elpd {self.elpd:.1f} (se {self.se:.1f}), p_loo {self.p_loo:.1f}",
            f"k-hat up to {k.max():.2f}; above {self.khat_limit:.2f}: {many} {self.by}s",
        ]
        if self.high_khat:
            lines.append("values with a high k-hat are too good: the posterior without them is far away")
        return "\n".join(lines)


def psis_loo(log_likelihood: Floats) -> Pointwise:
    """Leave units out, one by one.

    Parameters
    ----------
    log_likelihood
        Of each unit under each posterior draw, (draw, unit).

    Returns
    -------
    Pointwise
        ``elpd_i = log sum_s w_is p(y_i | theta_s)`` with weights that are ``1 / p(y_i | theta_s)``, Pareto
        smoothed (Vehtari, Gelman & Gabry 2017, Stat Comput 27:1413, eq. 10; Vehtari et al. 2024, JMLR 25:72);
        ``p_loo_i = log mean_s p(y_i | theta_s) - elpd_i``. A unit that some draw makes impossible has elpd
        minus infinity and an infinite k-hat.
    """
    from arviz_stats.base import array_stats

    n, units = log_likelihood.shape
    elpd, khat = np.full(units, -np.inf), np.full(units, np.inf)
    log_weight = np.full((n, units), -np.log(n))
    for k in range(units):
        one = np.ascontiguousarray(log_likelihood[:, k])
        if not np.isfinite(one).all():
            continue
        if np.ptp(one) == 0.0:
            elpd[k], khat[k] = one[0], -np.inf
            continue
        smoothed, shape = array_stats.psislw(one)  # it takes the log-likelihood, and weighs by its inverse
        log_weight[:, k] = smoothed - logsumexp(smoothed)
        elpd[k], khat[k] = logsumexp(log_weight[:, k] + one), float(shape)
    whole = logsumexp(log_likelihood, axis=0) - np.log(n)
    return Pointwise(elpd, whole - elpd, khat, log_weight)


def compare(models: Mapping[str, Loo]) -> pd.DataFrame:
    """Compare models by how well they predict what was left out.

    Parameters
    ----------
    models
        Name to the result of `loo` or `loo_by_subject`, all of one kind and of the same levels.

    Returns
    -------
    pandas.DataFrame
        Best first, columns `COMPARED_COLUMNS`: elpd_diff is the difference to the best, se_diff its standard
        error, from the pointwise differences (Vehtari, Gelman & Gabry 2017, eq. 24).

    Raises
    ------
    InputError
        Fewer than two models, units of different kinds, or other levels.

    Notes
    -----
    se_diff is too small, and the normal approximation poor, where the models predict alike (a difference
    below 4), where they are misspecified, or where there are few units (below 100) (Sivula, Magnusson,
    Matamoros & Vehtari 2020, arXiv:2008.10296). Leaving out subjects answers for new patients; leaving out
    levels for more levels of the same ones.
    """
    _comparable(models)
    order = sorted(models, key=lambda name: -models[name].elpd)
    best = models[order[0]].table["elpd"].to_numpy()
    rows = []
    for name in order:
        own = models[name]
        d = own.table["elpd"].to_numpy() - best
        se = float(np.sqrt(len(d) * np.var(d)))
        rows.append((name, own.elpd, own.se, own.p_loo, float(d.sum()), se, own.high_khat))
    return pd.DataFrame(rows, columns=list(COMPARED_COLUMNS))


def _comparable(models: Mapping[str, Loo]) -> None:
    if len(models) < 2:
        raise InputError(explain("compare needs two models or more", came=len(models)))
    kinds = {one.by for one in models.values()}
    if len(kinds) > 1:
        raise InputError(
            explain(
                "these leave out different things",
                came=", ".join(f"{name}: one {one.by}" for name, one in models.items()),
                fix="use loo for all of them, or loo_by_subject",
            )
        )
    if len({one.data for one in models.values()}) > 1:
        sizes = ", ".join(f"{name}: {len(one.table)} {one.by}s" for name, one in models.items())
        raise InputError(
            explain(
                "these models were not fitted to the same levels, so their predictions cannot be compared",
                came=sizes,
                expected="the same subjects, times, kinds, values and limits of levels",
                fix="fit all of them to one study; M1 and M3 treat different levels as data",
            )
        )
