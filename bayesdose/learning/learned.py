"""Prior to posterior of one patient: individual parameters, and exposure under the current regimen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from bayesdose.learning.quantities import METRICS, asked, quantities

if TYPE_CHECKING:
    from bayesdose.individual import Draws
    from bayesdose.pk import Exposure
    from bayesdose.study import Options

_TAILS = (0.5, 0.05, 0.95)


@dataclass(frozen=True, eq=False)
class Learned:
    """Individual parameters and exposure before and after the levels.

    Parameters
    ----------
    before, after
        One variable (draw,) for each quantity, units in ``attrs``.
    option
        The regimen that exposure is of; empty where there is none.
    """

    before: xr.Dataset
    after: xr.Dataset
    option: str

    @property
    def names(self) -> list[str]:
        """The quantities: individual parameters, then exposure."""
        return [str(name) for name in self.after.data_vars]

    def table(self) -> pd.DataFrame:
        """Return a row per quantity: unit; median, 5 and 95 % before and after; spread after over before.

        The spread is `spread`; its ratio is nan where nothing was uncertain before.
        """
        rows = []
        for name in self.names:
            row: dict[str, object] = {"quantity": name, "unit": self.after[name].attrs.get("units", "")}
            for when, data in (("before", self.before), ("after", self.after)):
                values = np.quantile(data[name], _TAILS)
                labels = ("median", "lower90", "upper90")
                row |= {f"{n}_{when}": float(v) for n, v in zip(labels, values, strict=True)}
            before, after = (spread(data[name].to_numpy()) for data in (self.before, self.after))
            row["spread_ratio"] = after / before if before > 0 else np.nan
            rows.append(row)
        return pd.DataFrame(rows)


def learned(
    me: Draws,
    before: Draws,
    *,
    options: Options | None = None,
    option: str | None = None,
    metrics: Mapping[str, Exposure] = METRICS,
) -> Learned:
    """Set a patient's parameters and exposure to come beside what was believed before the levels.

    Parameters
    ----------
    me, before
        Draws of a patient, and of the same one on no level (``condition(fit, patient.without_levels())``).
    options, option
        Regimens, and the label of the one whose exposure is meant. Unless given it is the current regimen,
        the next day of it; a patient without one has parameters only.
    metrics
        Name to exposure metric; unless given ``AUC24`` and the last ``trough``.

    Raises
    ------
    InputError
        An option that is not among them, options of another patient, a metric named as a parameter.
    """
    chosen, label = asked(me.patient, options, option)
    then, now = (quantities(one, chosen, label, metrics) for one in (before, me))
    return Learned(then, now, "" if chosen is None else label)


def spread(values: np.ndarray) -> float:
    """Return the SD of logarithms where all values are positive (relative uncertainty), else the SD."""
    positive = bool((values > 0).all())
    scaled = np.log(values) if positive else values
    found = float(scaled.std(ddof=1))
    return found if found > 1e-9 * max(1.0, float(np.abs(scaled).max())) else 0.0
