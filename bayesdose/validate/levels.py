"""What validation asks of a fit: which kinds of level are continuous, and what is typical at each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayesdose.errors import InputError, explain
from bayesdose.individual.compiled import compile_individual
from bayesdose.model.families import EVENT
from bayesdose.study import Study, events

if TYPE_CHECKING:
    import xarray as xr

    from bayesdose.fitting import Fit
    from bayesdose.individual import Draws

CONTINUOUS = ("normal", "log-normal", "Student-t")
"""Families of levels whose percentiles are compared; counts, categories and events have none of use."""

SORT, COUNTED = "levels", "counts and categories"
"""The sorts of level that are not events: of a continuous kind, and whole numbers."""

_CHUNK = 2**21  # bytes of predictions of one call


def continuous(fit: Fit, levels: xr.Dataset) -> NDArray[np.bool_]:
    """Return whether each level is of a continuous kind (observation,).

    Raises
    ------
    InputError
        When none is.
    """
    likelihood = compile_individual(fit.model).declaration.likelihood
    assert likelihood is not None
    kept = np.full(levels.sizes["observation"], False)
    for part in likelihood.parts:
        if part.family.name in CONTINUOUS:
            kept |= np.full(len(kept), True) if part.dvid is None else levels["DVID"].values == part.dvid
    if not kept.any():
        raise InputError(
            explain(
                "there is no level whose distribution could be compared",
                came="counts, categories or events only" if len(kept) else "a study without levels",
                expected="levels of a continuous kind",
                fix="category_vpc and event_vpc of bayesdose.validate are for them, and pit of loo",
            )
        )
    return kept


def sorts(fit: Fit | Draws, dvid: NDArray[np.int64]) -> NDArray[np.object_]:
    """Return the sort of each level by its kind (observation,): `SORT`, `COUNTED`, or the event's name."""
    likelihood = compile_individual(fit.model).declaration.likelihood
    assert likelihood is not None
    found = np.full(len(dvid), SORT, dtype=object)
    for part in likelihood.parts:
        own = (dvid == part.dvid) | (part.dvid is None)
        if part.family is EVENT:
            found[own] = fit.model.card.endpoint(1 if part.dvid is None else part.dvid).name
        elif part.family.whole:
            found[own] = COUNTED
    return found


def not_continuous(fit: Fit, levels: xr.Dataset) -> tuple[str, ...]:
    """Return what is left out where only levels of a continuous kind count: how many of which, and why."""
    likelihood = compile_individual(fit.model).declaration.likelihood
    assert likelihood is not None
    found, dvid = [], levels["DVID"].to_numpy()
    for part in likelihood.parts:
        n = int(((dvid == part.dvid) | (part.dvid is None)).sum())
        if n and part.family.name not in CONTINUOUS:
            check = "event_vpc" if part.family is EVENT else "category_vpc"
            named = "" if part.dvid is None else f" of {fit.model.card.endpoint(part.dvid).name}"
            found.append(
                f"{n} levels{named} left out ({part.kind}): mean and covariance do not make them normal; "
                f"see {check}, and pit of loo"
            )
    return tuple(found)


def typical(fit: Fit, study: Study, *, draws: int = 200) -> NDArray[np.float64]:
    """Return PRED of each level (observation,): the prediction at random effects of zero.

    It is the median over `draws` of the fit's population draws, spread evenly. In a model with subpopulations
    each counts by its probability.
    """
    compiled = compile_individual(fit.model)
    data = compiled.data(events(study))
    size = len(next(iter(fit.population_draws.values()), np.zeros(1)))
    at = np.unique((np.arange(draws) * size) // draws)
    step = max(1, _CHUNK // (8 * max(len(data["record_time"]), 1)))
    parts = []
    for start in range(0, len(at), step):
        own = {name: values[at[start : start + step]] for name, values in fit.population_draws.items()}
        z = np.zeros((len(at[start : start + step]), compiled.size(data)))
        if not compiled.subpopulations:
            parts.append(compiled.predict(own, z, data)[1])
            continue
        shares = compiled.shares(own, z, data)
        members = [np.full((len(z), len(data["subject_index"])), k) for k in range(shares.shape[1])]
        each = [compiled.predict(own, z, data, member)[1] for member in members]
        parts.append(sum(share[:, None] * f for share, f in zip(shares.T, each, strict=True)))
    made: NDArray[np.float64] = np.median(np.concatenate(parts), axis=0)
    return made
