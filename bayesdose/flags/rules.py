"""Red flags that need no probability: covariates, levels below the limit of the assay or before any drug."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayesdose.errors import InputError, explain
from bayesdose.flags.reference import continuous, particles
from bayesdose.flags.results import Flag

if TYPE_CHECKING:
    from bayesdose.individual.compiled import Compiled, Data
    from bayesdose.study import Study

Floats = NDArray[np.float64]

_PATIENTS = 512  # of the population, to see whether a dose can have reached the blood
_HIGHEST = 0.9999  # quantile of the residual error that still counts as possible


def where_of(study: Study) -> list[str]:
    """Return what each level is called: "level at 6 h"."""
    levels, card = study.levels, study.card
    several = levels["DVID"].nunique() > 1
    return [
        f"level at {t:g} {card.units.time}" + (f" of {card.endpoint(k).name}" if several else "")
        for t, k in zip(levels["TIME"].tolist(), levels["DVID"].tolist(), strict=True)
    ]


def covariate_flags(study: Study) -> Iterator[Flag]:
    """Yield each covariate that leaves the card's range, its value that lies farthest out."""
    for c in study.card.covariates:
        value = study.records[c.name].to_numpy(np.float64)
        if c.range is None or not np.isfinite(value).any():
            continue
        low, high = c.range
        out = np.where(np.isfinite(value), np.maximum(low - value, value - high), -np.inf)
        k = int(out.argmax())
        limit = low if value[k] - low < high - value[k] else high
        yield Flag(
            name="covariate outside the card's range",
            where=f"covariate {c.name}",
            row=int(study.records["ROW"].iloc[k]),
            value=float(value[k]),
            limit=float(limit),
            raised=bool(out[k] > 0),
            meaning=f"value in {c.unit}" if c.unit else "value",
            advice=f"{c.name} lies outside {low:g} to {high:g} {c.unit}".rstrip()
            + ", for which the model was made: re-check the value and its unit; if it is right, the model "
            "does not speak of this patient.",
        )


def limits_of_quantification(
    study: Study, known: float | Mapping[int, float] | None, compiled: Compiled, data: Data
) -> Floats:
    """Return the lower limit of each level, (observation,): the one stated, else the table's own; nan else.

    A limit that the table states for one censored level (CENS 1) is that of every level of its kind.
    """
    levels = study.levels
    dvid, dv, cens = (levels[name].to_numpy() for name in ("DVID", "DV", "CENS"))
    found = np.full(len(levels), np.nan)
    for kind in np.unique(dvid).tolist():
        own, below = dvid == kind, (dvid == kind) & (cens == 1)
        stated = known.get(kind) if isinstance(known, Mapping) else known
        if stated is not None and not (np.isfinite(stated) and stated > 0):
            raise InputError(explain("lloq=", came=repr(known), expected="a concentration above 0, or none"))
        found[own] = stated if stated is not None else dv[below].max() if below.any() else np.nan
    return np.where(continuous(compiled, data), found, np.nan)


def quantification_flags(study: Study, lloq: Floats) -> Iterator[Flag]:
    """Yield each level of a kind whose limit of quantification is known; raised where it is below."""
    rows = study.levels
    told = zip(where_of(study), rows["ROW"], rows["DV"], rows["CENS"], lloq, strict=True)
    for where, row, value, cens, limit in told:
        if np.isnan(limit):
            continue
        yield Flag(
            name="level below the limit of quantification",
            where=where,
            row=int(row),
            value=float(value),
            limit=float(limit),
            raised=bool(cens == 1 or value < limit),
            meaning="level",
            advice="The assay only says that little was there: was the dose given, the sample the right one, "
            "taken when the table says? Measure again before giving more.",
        )


def before_drug_flags(
    study: Study, compiled: Compiled, theta: Mapping[str, np.ndarray], data: Data, alpha: float, seed: int
) -> Iterator[Flag]:
    """Yield each measured level with the share of the population in whom it could be there by then.

    Low where no dose was given before, or where it has not reached the blood (a lag time, a dose at the very
    time of the level). Residual error may account for such a level, unless the table has no dose at all.
    """
    drawn = particles(compiled, theta, data, _PATIENTS, np.random.default_rng((seed, 4)), wide=0.0)
    prediction = compiled.predict(drawn.theta, drawn.z, data, drawn.member)[1]
    likelihood = compiled.declaration.likelihood
    assert likelihood is not None
    u = np.full(prediction.shape, _HIGHEST)
    highest = likelihood.quantile(u, data, drawn.levels(compiled, data))
    dosed = bool(study.records["EVID"].isin((1, 4)).any())
    possible = (prediction > 0) | (dosed & (np.nan_to_num(highest, nan=0.0) >= data["DV_data"]))
    share = possible.mean(axis=0)
    asked = (data["DVID"] == 1) & (data["DV_data"] > 0) & (data["CENS"] == 0) & continuous(compiled, data)
    for k in np.flatnonzero(asked):
        yield Flag(
            name="level before the dose reached the blood",
            where=where_of(study)[k],
            row=int(study.levels["ROW"].iloc[k]),
            value=float(share[k]),
            limit=alpha,
            raised=bool(share[k] <= alpha),
            meaning="share of the population with drug in blood by then",
            advice="Nothing of a dose of this table can have been there by then: re-check the times of dose "
            "and sample, the order of records at the same time, and whether an earlier dose is missing.",
        )
