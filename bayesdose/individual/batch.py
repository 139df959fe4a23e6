"""Many patients in one call: their posteriors, summarised, in bounded memory."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from bayesdose.errors import InputError, Refused, explain
from bayesdose.fitting import Fit
from bayesdose.individual.conditioning import condition
from bayesdose.individual.draws import Draws
from bayesdose.model import load_model
from bayesdose.study import Study

STATISTICS = ("mean", "sd", "5 %", "50 %", "95 %")
_NUMBERS = ("khat", "ess", "theta_ess", "z_norm", "levels", "rounds", "ms", "log_evidence")
_PART = 16  # patients that are handed to a process at a time

Each = Callable[[Draws], Mapping[str, float]]


def condition_each(
    fit: Fit,
    study: Study,
    *,
    seed: int,
    precision: str = "mean",
    particles: int | None = None,
    draws: int = 4000,
    each: Each | None = None,
    jobs: int = 1,
) -> xr.Dataset:
    """Condition on every subject of a study on its own.

    Parameters
    ----------
    fit
        A population fit that none of them is in.
    study
        Any number of subjects; a subject without levels gets the population's draws.
    seed
        Of the first subject; the next one has the next number.
    precision, particles, draws
        As in `condition`.
    each
        Called with each patient's Draws, for what else is wanted of them: a function of a module (not a
        lambda) that returns names and numbers.
    jobs
        How many processes work at a time. Each compiles, or loads what was compiled, on its own (seconds).

    Returns
    -------
    xarray.Dataset
        Each individual parameter (subject, statistic) on its last record, statistics `STATISTICS`; the
        diagnostics (subject); ``reason`` (subject), why there is no posterior, empty where there is one; and
        what `each` returns, (subject). Missing where refused. Draws are not kept.

    Notes
    -----
    Memory does not grow with the number of subjects but for a row of numbers each.
    """
    numbers = [(one, seed + k) for k, one in enumerate(study.ids)]
    settings: dict[str, Any] = {"precision": precision, "particles": particles, "draws": draws}
    if jobs < 1:
        raise InputError(explain("jobs is a number of processes", came=jobs, expected="1 or more"))
    parts = ((study.select(one), own) for one, own in numbers)
    if jobs == 1:
        rows: Iterable[dict[str, Any]] = (_row(fit, one, own, settings, each) for one, own in parts)
        return _dataset(list(rows), study, fit)
    with ProcessPoolExecutor(
        jobs, multiprocessing.get_context("spawn"), _begin, (*_portable(fit), settings, each)
    ) as pool:
        return _dataset(list(pool.map(_work, parts, chunksize=_PART)), study, fit)


def _row(
    fit: Fit, patient: Study, seed: int, settings: Mapping[str, Any], each: Each | None
) -> dict[str, Any]:
    try:
        me = condition(fit, patient, seed=seed, **settings)
    except Refused as reason:
        return {"reason": str(reason)}
    row: dict[str, Any] = {"reason": "", "method": me.diagnostics.method}
    row |= {name: getattr(me.diagnostics, name) for name in _NUMBERS}
    row["parameters"] = {name: _statistics(_last(me.data[name])) for name in me.compiled.parameters}
    row["each"] = {name: float(value) for name, value in (each(me) if each else {}).items()}
    return row


def _last(values: xr.DataArray) -> np.ndarray:
    return np.asarray(values.isel(record=-1) if "record" in values.dims else values)


def _statistics(values: np.ndarray) -> list[float]:
    return [float(values.mean()), float(values.std(ddof=1)), *np.quantile(values, [0.05, 0.5, 0.95]).tolist()]


def _dataset(rows: list[dict[str, Any]], study: Study, fit: Fit) -> xr.Dataset:
    """Put rows together; a refused subject has missing numbers."""
    made: dict[str, Any] = {}
    for name in fit.provenance["parameters"]:
        nothing = [np.nan] * len(STATISTICS)
        values = [row.get("parameters", {}).get(name, nothing) for row in rows]
        unit = {"units": fit.provenance["units"].get(name, "")}
        made[name] = (("subject", "statistic"), np.array(values, dtype=float), unit)
    for name in _NUMBERS:
        values = [row.get(name) for row in rows]
        made[name] = ("subject", np.array([np.nan if v is None else v for v in values], dtype=float))
    for name in ("method", "reason"):
        made[name] = ("subject", np.array([row.get(name, "") for row in rows], dtype=object))
    for name in dict.fromkeys(name for row in rows for name in row.get("each", {})):
        made[name] = ("subject", np.array([row.get("each", {}).get(name, np.nan) for row in rows]))
    return xr.Dataset(made, coords={"subject": list(study.ids), "statistic": list(STATISTICS)})


_state: dict[str, Any] = {}  # of a worker process: what every patient of it shares


def _portable(fit: Fit) -> tuple[Path, str, xr.Dataset, dict[str, Any]]:
    effects = [f"z_{name}" for name in fit.provenance.get("groups", {})]
    held = fit.posterior["posterior"].to_dataset()
    return fit.model.path, fit.model.hash, held[[*fit.population, *effects]], fit.provenance


def _begin(
    path: Path,
    model_hash: str,
    held: xr.Dataset,
    provenance: dict[str, Any],
    settings: Mapping[str, Any],
    each: Each | None,
) -> None:
    """Make the fit anew in a worker process, of its population draws and the effects of its groups only."""
    model = load_model(path)
    if model.hash != model_hash:
        raise InputError(explain(f"{path.name} was changed since it was loaded", fix="load the model again"))
    own = Fit(model, xr.DataTree.from_dict({"posterior": held}), provenance)
    _state["work"] = partial(_row, own, settings=settings, each=each)


def _work(part: tuple[Study, int]) -> dict[str, Any]:
    row: dict[str, Any] = _state["work"](*part)
    return row
