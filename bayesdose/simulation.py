"""Simulating candidate regimens: draws x options -> Outcome, an xarray Dataset."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from bayesdose.errors import InputError, explain
from bayesdose.study import Options, Study, events, option_events, sampled

if TYPE_CHECKING:
    from bayesdose.individual import Draws
    from bayesdose.pk import Exposure, Sampling

_CHUNK_BYTES = 2**21  # predictions of one call fit the cache: measured twice as fast as chunks of 50 MB
_BLOCK_BYTES = 2**26  # draws whose concentrations are kept at one time


def simulate(me: Draws, options: Options, metrics: Mapping[str, Exposure]) -> xr.Dataset:
    """Predict the exposure of every option under every draw.

    Parameters
    ----------
    me
        Draws of the patient, from `condition`.
    options
        Candidate regimens for the same patient, from `regimens`.
    metrics
        Name to exposure metric: ``bd.trough()``, ``bd.peak()``, ``bd.auc24()``, ``bd.time_above(8)``,
        ``bd.concentration_at(times)`` and the others of `bayesdose.pk.exposure`.

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
        plans = {name: _sampling(metric, options, option) for name, metric in metrics.items()}
        for draws, values in _measured(_Profile(me, options, option), plans):
            for name, value in values.items():
                if name not in results:  # allocated once: stacking at the end would need the memory twice
                    results[name] = np.empty((len(me), len(options), *value.shape[1:]))
                results[name][draws, option] = value
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
    """Find a metric's window, and where in it the input changes: doses, ends of infusions, records."""
    if metric.after_dose is not None:
        window = options.window(option, metric.after_dose)
    else:
        start, end = metric.start, metric.end
        window = (options.start if start is None else start, options.horizon if end is None else end)
    past = options.history.given(options.until(option))
    breaks = (options.breaks(option), past.time, past.ends, options.history.column["TIME"])
    return metric.sampling(window, np.concatenate(breaks), options.patient.card.units)


@dataclass(frozen=True)
class _Profile:
    """The concentrations of one option, wherever they are asked for."""

    me: Draws
    options: Options
    option: int

    def data(self, times: np.ndarray, sides: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return what the model's functions need to sample there."""
        return self.me.compiled.data(option_events(self.options, [times], [sides], only=[self.option]))

    @cached_property
    def draws(self) -> tuple[dict[str, np.ndarray], np.ndarray]:
        return self.me.theta(), self.me.data["z"].values

    def at(self, data: tuple[np.ndarray, ...], n: int, draws: np.ndarray) -> np.ndarray:
        """Return n concentrations of each draw, (draw, time), a cache-sized chunk of draws at a time."""
        theta, z = self.draws
        step = max(1, _CHUNK_BYTES // (8 * max(n, 1)))
        out = np.empty((len(draws), n))
        for start in range(0, len(draws), step):
            some = draws[start : start + step]
            out[start : start + step] = self.me.compiled.predict(
                {k: v[some] for k, v in theta.items()}, z[some], data
            )[1]
        return out

    def more(self, draws: np.ndarray, times: np.ndarray, sides: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return concentrations of some of these draws at further times."""
        return self.at(self.data(times, sides), len(times), draws[rows])


def _measured(
    profile: _Profile, plans: Mapping[str, Sampling]
) -> Iterator[tuple[np.ndarray, dict[str, np.ndarray]]]:
    """Yield numbers of draws and their metrics, a block of draws at a time; metrics share their samples."""
    asked = np.concatenate([np.stack([p.times, p.sides.astype(float)]) for p in plans.values()], axis=1)
    (times, sides), place = np.unique(asked, axis=1, return_inverse=True)
    ends = np.cumsum([len(p.times) for p in plans.values()])[:-1]
    parts = dict(zip(plans, np.split(place.ravel(), ends), strict=True))
    data = profile.data(times, sides.astype(np.int64))
    everyone = np.arange(len(profile.me))
    step = max(1, _BLOCK_BYTES // (8 * len(times)))
    for draws in (everyone[i : i + step] for i in range(0, len(everyone), step)):
        c = profile.at(data, len(times), draws)
        more = partial(profile.more, draws)
        yield draws, {name: plan.reduce(c[:, parts[name]], more) for name, plan in plans.items()}


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
