"""What each level taught: uncertainty after each in turn, and what would be lost without it."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from bayesdose.errors import InputError, Refused, explain
from bayesdose.individual import condition
from bayesdose.learning.learned import spread
from bayesdose.learning.quantities import METRICS, asked, quantities
from bayesdose.study import events

if TYPE_CHECKING:
    from bayesdose.fitting import Fit
    from bayesdose.individual import Draws
    from bayesdose.pk import Exposure
    from bayesdose.study import Options, Study

_BIT = np.log(2.0)


@dataclass(frozen=True, eq=False)
class Taught:
    """What each level of a patient taught.

    Parameters
    ----------
    data
        Dims step (0: before any level; k: after the first k), level and quantity. ``median`` and ``spread``
        (step, quantity): of each individual parameter and exposure; the spread is the SD of logarithms of
        what is positive, else the SD. ``gained`` (level): bits that the level added to those before it.
        ``alone`` (level): bits that it adds to all the others. ``lost`` (level, quantity): log of the spread
        without the level over the spread with all of them. Coordinates time, DV and DVID (level); units
        (quantity). nan where the posterior was refused.
    option
        The regimen that exposure is of; empty where there is none.
    refused
        Which levels ("the first 2 levels", "all but 21.9 at 2.8 h") gave no reliable posterior, and why.
    """

    data: xr.Dataset
    option: str
    refused: Mapping[str, str]

    def remaining(self) -> xr.DataArray:
        """Return the spread after each step over that before any level, (step, quantity)."""
        first = self.data["spread"].isel(step=0)
        return (self.data["spread"] / first.where(first > 0)).rename("remaining")

    def table(self) -> pd.DataFrame:
        """Return a row per step: level; gained and alone (bits); % of the prior spread left, by quantity."""
        labels = ["before any level", *map(str, self.data["label"].values)]
        made = pd.DataFrame({"level": labels})
        for name in ("gained", "alone"):
            made[f"{name}_bits"] = [np.nan, *self.data[name].to_numpy().tolist()]
        left = 100.0 * self.remaining()
        for name in left["quantity"].to_numpy().tolist():
            made[f"{name}_left_percent"] = left.sel(quantity=name).to_numpy()
        return made

    def __str__(self) -> str:
        table = self.table()
        shown = table.rename(columns=lambda c: c.replace("_left_percent", ", %").replace("_bits", ", bits"))
        text = shown.to_string(index=False, na_rep="", float_format=lambda v: f"{v:.3g}")
        return "\n".join([text, *(f"refused, given {what}: {why}" for what, why in self.refused.items())])


def taught(
    fit: Fit,
    patient: Study,
    *,
    seed: int,
    precision: str = "mean",
    options: Options | None = None,
    option: str | None = None,
    metrics: Mapping[str, Exposure] = METRICS,
) -> Taught:
    """Condition on a patient's levels one after the other, and without each, to see what each taught.

    Parameters
    ----------
    fit
        A population fit.
    patient
        One subject with a level.
    seed, precision
        As in `condition`; all posteriors have the same seed, so that they differ less by chance.
    options, option, metrics
        As in `learned`: whose exposure is looked at, beside the individual parameters.

    Returns
    -------
    Taught
        Doses and covariates of the whole table are known at every step; only levels are not.

    Raises
    ------
    InputError
        More than one subject, or no level.
    Refused
        When the posterior given all levels is not reliable; one of the others is left out with its reason.

    Notes
    -----
    The information of level i is the Kullback-Leibler divergence of the posterior p(theta, z | y_A, y_i) from
    p(theta, z | y_A): the mean over draws of the former of log p(y_i | y_A, theta, z), less log p(y_i | y_A),
    a difference of log evidences (Lindley 1956, Ann Math Stat 27:986). A is the levels before it (``gained``)
    or all others (``alone``). Bits are nats over log 2.
    """
    if patient.n_subjects != 1 or not len(patient.levels):
        raise InputError(
            explain(
                "taught takes one patient with a level",
                came=f"{patient.n_subjects} subjects, {len(patient.levels)} levels",
            )
        )
    chosen, label = asked(patient, options, option)
    me = condition(fit, patient, seed=seed, precision=precision)
    n, said = len(patient.levels), _labels(patient)
    gone: dict[str, str] = {}
    parts = _Parts(fit, patient, seed, precision, gone)
    steps = [*(parts.given(range(k), f"the first {k} levels") for k in range(n)), me]
    others = [[j for j in range(n) if j != k] for k in range(n - 1)]
    without = [parts.given(kept, f"all but {said[k]}") for k, kept in enumerate(others)] + [steps[n - 1]]
    found = [None if one is None else quantities(one, chosen, label, metrics) for one in (*steps, *without)]
    data = _dataset(next(q for q in found if q is not None), found, n)
    data["gained"] = ("level", [_bits(after, before) for before, after in pairwise(steps)])
    data["alone"] = ("level", [_bits(me, one) for one in without])
    return Taught(_labelled(data, patient, said), "" if chosen is None else label, gone)


@dataclass(frozen=True, eq=False)
class _Parts:
    """The same patient with some of the levels."""

    fit: Fit
    patient: Study
    seed: int
    precision: str
    refused: dict[str, str]

    def given(self, kept: Sequence[int], what: str) -> Draws | None:
        """Condition on these levels only; None, with the reason in `refused`, where that cannot be done."""
        told = with_levels(self.patient, kept)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # the whole posterior has said it
            try:
                return condition(self.fit, told, seed=self.seed, precision=self.precision)
            except Refused as reason:
                self.refused[what] = str(reason)
                return None


def with_levels(patient: Study, kept: Sequence[int]) -> Study:
    """Return the patient with these levels only, numbered from 0; the others become missing (MDV 1)."""
    places = np.flatnonzero(patient.is_level)
    hidden = np.setdiff1d(places, places[list(kept)])
    records = patient.records.copy()
    records.loc[records.index[hidden], "MDV"] = 1
    return replace(patient, records=records)


def _bits(after: Draws | None, before: Draws | None) -> float:
    """Return the divergence of a posterior from the one with fewer levels, in bits."""
    if after is None or before is None:
        return float("nan")
    gain = _log_density(after, after.patient) - _log_density(after, before.patient)
    return float(gain.mean() - (_evidence(after) - _evidence(before))) / _BIT


def _log_density(me: Draws, told: Study) -> np.ndarray:
    """Return log p(levels of `told` | theta, z) under each draw."""
    data = me.compiled.data(events(told))
    return me.compiled.loglik(me.theta(), me.latents(data), data)


def _evidence(me: Draws) -> float:
    found = me.diagnostics.log_evidence
    return 0.0 if found is None else found


def _labelled(data: xr.Dataset, patient: Study, said: list[str]) -> xr.Dataset:
    """Add what the levels are, as coordinates."""
    levels, kinds = patient.levels, patient.levels["DVID"].unique().tolist()
    unit = " or ".join(dict.fromkeys(patient.card.endpoint(k).unit for k in kinds))
    return data.assign_coords(
        label=("level", said),
        time=("level", levels["TIME"].to_numpy(), {"units": patient.card.units.time}),
        DV=("level", levels["DV"].to_numpy(), {"units": unit}),
        DVID=("level", levels["DVID"].to_numpy()),
    )


def _labels(patient: Study) -> list[str]:
    levels, unit = patient.levels, patient.card.units.time
    several = len(levels["DVID"].unique()) > 1
    return [
        f"{row.DV:g} at {row.TIME:g} {unit}" + (f" (kind {row.DVID})" if several else "")
        for row in levels.itertuples()
    ]


def _dataset(named: xr.Dataset, found: Sequence[xr.Dataset | None], n: int) -> xr.Dataset:
    """Return medians and spreads: n + 1 steps, then n posteriors without a level each."""
    names = [str(name) for name in named.data_vars]
    nothing = np.full(len(names), np.nan)
    medians, spreads = (
        np.array([nothing if q is None else [f(q[name].to_numpy()) for name in names] for q in found])
        for f in (np.median, spread)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        lost = np.log(spreads[n + 1 :] / spreads[n])
    return xr.Dataset(
        {
            "median": (("step", "quantity"), medians[: n + 1]),
            "spread": (("step", "quantity"), spreads[: n + 1]),
            "lost": (("level", "quantity"), np.where(spreads[n] > 0, lost, np.nan)),
        },
        {
            "step": np.arange(n + 1),
            "quantity": names,
            "units": ("quantity", [str(named[name].attrs.get("units", "")) for name in names]),
        },
    )
