"""Who gets the benefit: subgroups, the worst off of them, and a mean that minds inequality."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike

from bayesdose.economics.arrays import Floats, draws_of, shown, together, words
from bayesdose.errors import InputError, explain


@dataclass(frozen=True, eq=False)
class Equity:
    """Benefit of every option by group; ``print`` shows it.

    Parameters
    ----------
    groups
        Expected benefit (option, group).
    shares
        Share of the population by group.
    table
        Index option: mean (over the population), equivalent (`equally_distributed`), inequality (`atkinson`:
        the share of the mean that one would give up for equality), worst_group, worst (its benefit), gap
        (between the best and the worst off).
    aversion
        To inequality.
    """

    groups: xr.DataArray
    shares: dict[str, float]
    table: pd.DataFrame
    aversion: float

    @property
    def best(self) -> str:
        """The option with the highest equally distributed equivalent."""
        return str(self.table["equivalent"].idxmax())

    @property
    def best_for_the_worst(self) -> str:
        """The option whose worst-off group is best off (maximin: Rawls 1971, A Theory of Justice)."""
        return str(self.table["worst"].idxmax())

    def __str__(self) -> str:
        frame = self.table.join(pd.DataFrame(self.groups.to_pandas()))
        return shown(frame, f"Benefit by group, aversion to inequality {self.aversion:g}")


def equally_distributed(values: ArrayLike, aversion: float, *, shares: ArrayLike | None = None) -> float:
    """Return the benefit that, given to everyone, is as good as the unequal one.

    ``(sum share * value^(1 - aversion))^(1 / (1 - aversion))``; the geometric mean at an aversion of 1, the
    mean at 0, the least value at infinity (Atkinson 1970, J Econ Theory 2:244).

    Parameters
    ----------
    values
        Benefit by group: above 0 (0 or more with an aversion below 1), such as QALYs; any with aversion 0 or
        infinity.
    aversion
        0 or more.
    shares
        Of the groups in the population; equal unless given. They are made to sum to 1.
    """
    x, w = _values(values), _weights(shares, np.shape(values))
    e = float(aversion)
    if not e >= 0:
        raise InputError(explain("aversion to inequality", came=aversion, expected="0 or more"))
    if e == 0:
        return float(w @ x)
    if np.isinf(e):
        return float(x[w > 0].min())
    if (x < 0).any() or (e >= 1 and (x == 0).any()):
        raise InputError(
            explain(
                "benefits of which one is 0 or less have no Atkinson mean",
                came=f"{x.min():g}",
                expected="values above 0, such as QALYs instead of gains",
                fix="compare the worst group, or use an aversion of 0",
            )
        )
    with np.errstate(divide="ignore"):  # the logarithm of 0 is -inf, its power 0
        log = np.log(x[w > 0])
    if e == 1:
        return float(np.exp(w[w > 0] @ log))
    powers = (1 - e) * log
    largest = powers.max()  # taken out, so that powers neither overflow nor vanish
    if not np.isfinite(largest):
        return 0.0
    return float(np.exp((largest + np.log(w[w > 0] @ np.exp(powers - largest))) / (1 - e)))


def atkinson(values: ArrayLike, aversion: float, *, shares: ArrayLike | None = None) -> float:
    """Return Atkinson's index of inequality, ``1 - equally_distributed / mean``: 0 where all get the same.

    Atkinson 1970, J Econ Theory 2:244; parameters as of `equally_distributed`.
    """
    mean = equally_distributed(values, 0.0, shares=shares)
    if not mean > 0:
        raise InputError(explain("atkinson: the mean", came=f"{mean:g}", expected="above 0"))
    return 1.0 - equally_distributed(values, aversion, shares=shares) / mean


def equity(benefit: xr.DataArray, group: xr.DataArray | None = None, *, aversion: float = 1.0) -> Equity:
    """Compare options by who benefits.

    Expected benefits of the groups are compared, over draws and the people of each group: inequality of what
    can be expected, not of what chance then does.

    Parameters
    ----------
    benefit
        Over option and subject, and draw where uncertain; or over option and group.
    group
        Name of each subject's group, over subject; not needed where `benefit` has a dim group, whose shares
        are then equal.
    aversion
        To inequality, as of `equally_distributed`.
    """
    given = draws_of("equity: benefit", benefit)
    by_group, shares = _by_group(given.mean("draw") if "draw" in given.dims else given, group)
    weights = list(shares.values())
    rows = {
        str(label): _row(by_group.sel(option=label), weights, aversion)
        for label in by_group["option"].to_numpy()
    }
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("option")
    return Equity(by_group, shares, table, float(aversion))


def _row(values: xr.DataArray, shares: list[float], aversion: float) -> dict[str, object]:
    x = values.to_numpy()
    mean = equally_distributed(x, 0.0, shares=shares)
    same = equally_distributed(x, aversion, shares=shares)
    worst = int(x.argmin())
    return {
        "mean": mean,
        "equivalent": same,
        "inequality": 1 - same / mean if mean > 0 else np.nan,
        "worst_group": str(values["group"].to_numpy()[worst]),
        "worst": float(x[worst]),
        "gap": float(x.max() - x.min()),
    }


def _by_group(benefit: xr.DataArray, group: xr.DataArray | None) -> tuple[xr.DataArray, dict[str, float]]:
    if group is None:
        if set(benefit.dims) != {"option", "group"}:
            raise InputError(
                explain(
                    "equity: benefit", came=", ".join(map(str, benefit.dims)), expected="option and group"
                )
            )
        given = words(benefit["group"])
        return benefit.transpose("option", "group"), dict.fromkeys(given, 1 / len(given))
    sizes = {"subject": benefit.sizes.get("subject")}
    if set(benefit.dims) != {"option", "subject"} or dict(group.sizes) != sizes:
        raise InputError(
            explain(
                "equity: benefit and group",
                came=f"{dict(benefit.sizes)} and {dict(group.sizes)}",
                expected="benefit over option and subject, group over subject",
            )
        )
    benefit, group = together("equity: benefit and group", benefit, group)
    names = np.array(words(group))
    unique = sorted(set(names.tolist()))
    means = [benefit.isel(subject=np.flatnonzero(names == name)).mean("subject") for name in unique]
    made = xr.concat(means, xr.IndexVariable("group", unique)).transpose("option", "group")
    return made, {name: float((names == name).mean()) for name in unique}


def _values(values: ArrayLike) -> Floats:
    x = np.asarray(values, dtype=float)
    if x.ndim != 1 or not x.size or not np.isfinite(x).all():
        raise InputError(
            explain("benefit by group", came=values, expected="one finite number for each group")
        )
    return x


def _weights(shares: ArrayLike | None, shape: tuple[int, ...]) -> Floats:
    w = np.ones(shape) if shares is None else np.asarray(shares, dtype=float)
    if w.shape != shape or not np.isfinite(w).all() or (w < 0).any() or not w.sum() > 0:
        raise InputError(
            explain("shares of the groups", came=shares, expected="one for each group, 0 or more")
        )
    return np.asarray(w / w.sum())
