"""Simulating candidate regimens: draws x options -> Outcome, an xarray Dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from bayesdose.errors import InputError, explain
from bayesdose.study import Options, Study, events, option_events, sampled

if TYPE_CHECKING:
    from bayesdose.individual import Draws
    from bayesdose.pk import Exposure, Sampling

_CHUNK_BYTES = 2**21  # predictions of one call fit the cache: measured twice as fast as chunks of 50 MB


def simulate(me: Draws, options: Options, metrics: Mapping[str, Exposure]) -> xr.Dataset:
    """Predict the exposure of every option under every draw.

    Parameters
    ----------
    me
        Draws of the patient, from `condition`.
    options
        Candidate regimens for the same patient, from `regimens`.
    metrics
        Name to exposure metric: ``bd.trough()``, ``bd.peak()``, ``bd.auc24()``,
        ``bd.concentration_at(times)``.

    Returns
    -------
    xarray.Dataset
        The Outcome: one variable per metric, dims (draw, option) and, for concentrations at times, a third
        dim ``<name>_time``; units in ``attrs``. Coordinates: the option's label and its doses, and each
        draw's particle. Exposure is of the model's concentration, without residual error; every option
        has the same draws.

    Raises
    ------
    InputError
        No metric, a metric name that is taken, or options of another patient.
    """
    _check(me, options, metrics)
    results: dict[str, np.ndarray] = {}
    for option in range(len(options)):
        plans = [_sampling(metric, options, option) for metric in metrics.values()]
        concentration = _concentrations(me, options, option, plans)
        parts = np.split(concentration, np.cumsum([len(plan.times) for plan in plans])[:-1], axis=1)
        for name, plan, part in zip(metrics, plans, parts, strict=True):
            value = plan.reduce(part)
            if name not in results:  # allocated once: stacking at the end would need the memory twice
                results[name] = np.empty((len(me), len(options), *value.shape[1:]))
            results[name][:, option] = value
    return _outcome(me, options, metrics, results)


def predict(
    me: Draws,
    study: Study | None = None,
    *,
    times: Sequence[float] | np.ndarray | None = None,
    residual: bool = False,
    seed: int | None = None,
) -> xr.Dataset:
    """Predict the patient's concentrations under the doses that were given.

    Parameters
    ----------
    me
        Draws of the patient.
    study
        The same patient's table with the doses to predict for, perhaps more than was conditioned on;
        the conditioned one unless given.
    times
        When, in the model's time; at the study's levels unless given.
    residual
        Whether to add `measurement`, what an assay would read: the concentration with residual error.
    seed
        Seed of the residual errors.

    Returns
    -------
    xarray.Dataset
        ``concentration`` (and ``measurement``), dims (draw, time); coordinate DV (time) where the times are
        those of levels. At the time of a dose it is the concentration after the dose.

    Raises
    ------
    InputError
        Another subject's study; residual errors without a seed.
    """
    study = me.patient if study is None else study
    if study.ids != me.patient.ids:
        raise InputError(
            explain("the study is of another patient", expected="more of the table that was conditioned on")
        )
    if residual and seed is None:
        raise InputError(explain("residual errors are random", fix="give seed="))
    tables = events(study) if times is None else sampled(study, np.asarray(times, dtype=float))
    data, z = me.compiled.data(tables), me.data["z"].values
    variables = {"concentration": me.compiled.predict(me.theta(), z, data)[1]}
    if residual:
        u = np.random.default_rng(seed).random(variables["concentration"].shape)
        variables["measurement"] = me.compiled.measure(me.theta(), z, data, u)
    at = tables["record_time"].values[tables["observation_record"].values]
    unit = {"units": me.model.card.units.concentration}
    made = xr.Dataset({k: (("draw", "time"), v, unit) for k, v in variables.items()}, coords={"time": at})
    made["particle"] = me.data["particle"]
    return made if times is not None else made.assign_coords(DV=("time", tables["DV"].values))


def _sampling(metric: Exposure, options: Options, option: int) -> Sampling:
    window = (options.start, options.horizon)
    if metric.after_dose is not None:
        window = options.window(option, metric.after_dose)
    return metric.sampling(window, options.times(option), options.patient.card.units)


def _concentrations(me: Draws, options: Options, option: int, plans: list[Sampling]) -> np.ndarray:
    """Return concentrations (draw, time) of one option, a cache-sized chunk of draws at a time."""
    times = np.concatenate([plan.times for plan in plans])
    sides = np.concatenate([plan.sides for plan in plans])
    data = me.compiled.data(option_events(options, [times], [sides], only=[option]))
    step = max(1, _CHUNK_BYTES // (8 * max(len(times), 1)))
    theta, z = me.theta(), me.data["z"].values
    out = np.empty((len(me), len(times)))
    for start in range(0, len(me), step):
        part = slice(start, start + step)
        out[part] = me.compiled.predict({k: v[part] for k, v in theta.items()}, z[part], data)[1]
    return out


def _outcome(
    me: Draws, options: Options, metrics: Mapping[str, Exposure], results: dict[str, np.ndarray]
) -> xr.Dataset:
    units = me.model.card.units
    variables = {}
    for name, metric in metrics.items():
        values = results[name]
        dims = ("draw", "option") if values.ndim == 2 else ("draw", "option", f"{name}_time")
        variables[name] = (dims, values, {"units": metric.unit(units), "long_name": metric.label})
    coords = {name: me.data[name] for name in ("particle", "population_draw")}
    return xr.Dataset(variables, coords, attrs=_attributes(me)).assign_coords(dict(options.table.variables))


def _attributes(me: Draws) -> dict[str, object]:
    units, records = me.model.card.units, me.patient.records
    covariates: dict[str, object] = {}
    for covariate in me.model.card.covariates:
        covariates[f"cov_{covariate.name}"] = float(records[covariate.name].iloc[-1])
        covariates[f"cov_{covariate.name}_unit"] = covariate.unit
    return {
        "drug": me.model.card.drug,
        "model": me.model.name,
        "model_hash": me.model.hash,
        "time_unit": units.time,
        "amount_unit": units.amount,
        "concentration_unit": units.concentration,
        "seed": me.diagnostics.seed,
        **covariates,
    }


def _check(me: Draws, options: Options, metrics: Mapping[str, Exposure]) -> None:
    if not metrics:
        raise InputError(explain("simulate needs a metric", expected='such as {"trough": bd.trough()}'))
    taken = set(metrics) & (set(options.table.variables) | {"draw", "option", "particle", "population_draw"})
    if taken:
        raise InputError(explain(f"metric name {sorted(taken)[0]!r} is taken", fix="give it another name"))
    if options.patient.ids != me.patient.ids:
        raise InputError(
            explain(
                "these options are of another patient",
                fix="bd.regimens(..., after=the patient that condition was given)",
            )
        )
