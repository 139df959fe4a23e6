"""Simulating candidate regimens: draws x options -> Outcome, an xarray Dataset."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayesdose.errors import InputError, explain
from bayesdose.pk.exposure.metrics import ConcentrationAt
from bayesdose.study import SIZE_UNITS, Options, Study, events, option_events, sampled

if TYPE_CHECKING:
    from bayesdose.individual import Draws
    from bayesdose.individual.compiled import Data
    from bayesdose.pk import Exposure, Sampling
    from bayesdose.pk.exposure.adaptive import Sampler

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_Values = tuple[slice, dict[str, np.ndarray]]  # options and their metrics

_CHUNK_BYTES = 2**21  # predictions of one call fit the cache: measured twice as fast as chunks of 50 MB
_BLOCK_BYTES = 2**25  # concentrations kept at one time, of several options where there is room
_BLOCK_RECORDS = 4000  # of the options of one call: their tables fit the cache beside the predictions


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
    shaped = not all(isinstance(metric, ConcentrationAt) for metric in metrics.values())
    for draws, some, values in _Simulated(me, options, shaped).measured(_asked(options, metrics)):
        for name, value in values.items():
            if name not in results:  # allocated once: stacking at the end would need the memory twice
                results[name] = np.empty((len(me), len(options), *value.shape[2:]))
            results[name][draws, some] = value
    return _outcome(me, options, metrics, results)


def predict(
    me: Draws,
    study: Study | None = None,
    *,
    times: Sequence[float] | np.ndarray | None = None,
    dvid: int = 1,
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
    dvid
        Which kind of level to predict at `times`; the study's levels keep their own.
    residual
        Whether to add `measurement`, what an assay would read: the concentration with residual error.
    seed
        Seed of the residual errors.

    Returns
    -------
    xarray.Dataset
        ``concentration`` (and ``measurement``), dims (draw, time); coordinate DVID (time), and DV (time)
        where the times are those of levels. At the time of a dose it is the concentration after the dose. A
        level of another kind (a metabolite, a response) stands under the same name, in its own unit.

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
    tables = events(study) if times is None else sampled(study, np.asarray(times, dtype=float), dvid=dvid)
    data = me.compiled.data(tables)
    who = me.theta(), me.latents(data), data
    variables = {"concentration": me.compiled.predict(*who, me.members())[1]}
    if residual:
        u = np.random.default_rng(seed).random(variables["concentration"].shape)
        variables["measurement"] = me.compiled.measure(*who, u, me.members())
    at = tables["record_time"].values[tables["observation_record"].values]
    kinds = tables["DVID"].values
    unit = {"units": " or ".join(dict.fromkeys(me.model.card.endpoint(k).unit for k in kinds.tolist()))}
    made = xr.Dataset(
        {k: (("draw", "time"), v, unit) for k, v in variables.items()},
        coords={"time": at, "DVID": ("time", kinds)},
    )
    made["particle"] = me.data["particle"]
    return made if times is not None else made.assign_coords(DV=("time", tables["DV"].values))


class _Asked(NamedTuple):
    """Where the metrics of one option need concentrations; they share their samples."""

    option: int
    plans: Mapping[str, Sampling]
    times: Floats
    sides: Ints
    kinds: Ints
    parts: Mapping[str, Ints | slice]  # which of the samples are a metric's

    @classmethod
    def of(cls, option: int, plans: Mapping[str, Sampling], dvid: Mapping[str, int]) -> _Asked:
        """Put the samples of the metrics together, each once, in order."""
        parts = [np.stack([np.full(len(p.times), dvid[k]), p.times, p.sides]) for k, p in plans.items()]
        (kinds, times, sides), place = np.unique(np.concatenate(parts, axis=1), axis=1, return_inverse=True)
        ends = np.cumsum([len(p.times) for p in plans.values()])[:-1]
        own = {k: _as_slice(v) for k, v in zip(plans, np.split(place.ravel(), ends), strict=True)}
        return cls(option, plans, times, sides.astype(np.int64), kinds.astype(np.int64), own)


def _as_slice(place: Ints) -> Ints | slice:
    """Return numbers that follow each other as a slice, which copies nothing."""
    follow = bool((np.diff(place) == 1).all()) and len(place) > 0
    return slice(int(place[0]), int(place[-1]) + 1) if follow else place


def _asked(options: Options, metrics: Mapping[str, Exposure]) -> Iterator[_Asked]:
    dvid = {name: metric.dvid for name, metric in metrics.items()}
    for option in range(len(options)):
        yield _Asked.of(option, {name: _sampling(m, options, option) for name, m in metrics.items()}, dvid)


def _sampling(metric: Exposure, options: Options, option: int) -> Sampling:
    """Find a metric's window, and where in it the input changes: doses, ends of infusions, records."""
    if metric.after_dose is not None:
        window = options.window(option, metric.after_dose)
    else:
        start, end = metric.start, metric.end
        window = (options.start if start is None else start, options.horizon if end is None else end)
    past = options.given(option)
    breaks = (options.breaks(option), past.time, past.ends, options.history.column["TIME"])
    return metric.sampling(window, np.concatenate(breaks), options.patient.card.units_of(metric.dvid))


@dataclass(frozen=True)
class _Simulated:
    """The draws under the options: concentrations wherever they are asked for.

    Parameters
    ----------
    me, options
        Who, and under which regimens.
    shaped
        Whether a metric computes with whole profiles: it then gets many draws at a time. Concentrations that
        are only handed on are handed on from the cache.
    """

    me: Draws
    options: Options
    shaped: bool

    def measured(self, asked: Iterable[_Asked]) -> Iterator[tuple[slice, slice, dict[str, np.ndarray]]]:
        """Yield draws, options and their metrics (draw, option, ...), a block of both at a time."""
        for block in self._blocks(asked):
            data, n = self._data(block), sum(len(one.times) for one in block)
            step = max(1, (_BLOCK_BYTES if self.shaped else _CHUNK_BYTES) // (8 * n))
            for start in range(0, len(self.me), step):
                draws = np.arange(start, min(start + step, len(self.me)))
                values = self._shaped if self.shaped else self._plain
                for options, found in values(block, self._at(data, n, draws), draws):
                    yield slice(start, start + step), options, found

    def _blocks(self, asked: Iterable[_Asked]) -> Iterator[list[_Asked]]:
        """Put options together whose concentrations fit one block, and whose records are not too many."""
        block: list[_Asked] = []
        samples = records = 0
        for one in asked:
            n = len(one.times)
            more = n + len(self.options.history.clock) + len(self.options.future(one.option)["TIME"])
            large = self.shaped and 8 * len(self.me) * (samples + n) > _BLOCK_BYTES
            if block and (large or records + more > _BLOCK_RECORDS):
                yield block
                block, samples, records = [], 0, 0
            block.append(one)
            samples, records = samples + n, records + more
        yield block

    def _shaped(self, block: Sequence[_Asked], c: Floats, draws: Ints) -> Iterator[_Values]:
        """Yield the metrics of each option from its concentrations, which stand option by option."""
        end = 0
        for one in block:
            begin, end = end, end + len(one.times)
            own, values = c[:, begin:end], {}
            for name, plan in one.plans.items():
                mine = own[:, one.parts[name]]
                values[name] = plan.reduce(mine, self._sampler(one, name, draws))[:, None]
            yield slice(one.option, one.option + 1), values

    def _sampler(self, one: _Asked, name: str, draws: Ints) -> Sampler:
        """Return what gives a metric more samples of an option, of some of the draws."""
        kind = one.kinds[one.parts[name]][:1]

        def more(times: Floats, sides: Ints, rows: Ints) -> Floats:
            again = one._replace(times=times, sides=sides, kinds=np.repeat(kind, len(times)))
            return self._at(self._data([again]), len(times), draws[rows])

        return more

    def _plain(self, block: Sequence[_Asked], c: Floats, draws: Ints) -> Iterator[_Values]:
        """Yield the concentrations of all options, which have the same times."""
        first, every = block[0], c.reshape(len(draws), len(block), -1)
        values = {k: plan.reduce(every[..., first.parts[k]], None) for k, plan in first.plans.items()}
        yield slice(first.option, first.option + len(block)), values

    def _data(self, block: Sequence[_Asked]) -> Data:
        """Return what the model's functions need to sample there, option by option."""
        times, sides, kinds = ([getattr(b, name) for b in block] for name in ("times", "sides", "kinds"))
        only = [b.option for b in block]
        return self.me.compiled.data(option_events(self.options, times, sides, only=only, dvid=kinds))

    @cached_property
    def _theta(self) -> dict[str, np.ndarray]:
        return self.me.theta()

    def _at(self, data: Data, n: int, draws: Ints) -> Floats:
        """Return n concentrations of each draw, (draw, time), a cache-sized chunk of draws at a time."""
        step = max(1, _CHUNK_BYTES // (8 * max(n, 1)))
        z, member = self.me.latents(data), self.me.members()
        if len(draws) <= step:
            return self._predicted(data, draws, z, member)
        out = np.empty((len(draws), n))
        for start in range(0, len(draws), step):
            out[start : start + step] = self._predicted(data, draws[start : start + step], z, member)
        return out

    def _predicted(self, data: Data, draws: Ints, z: Floats, member: np.ndarray | None) -> Floats:
        theta = {k: v[draws] for k, v in self._theta.items()}
        own = None if member is None else member[draws]
        return self.me.compiled.predict(theta, z[draws], data, own)[1]


def _outcome(
    me: Draws, options: Options, metrics: Mapping[str, Exposure], results: dict[str, np.ndarray]
) -> xr.Dataset:
    card, variables = me.model.card, {}
    for name, metric in metrics.items():
        values = results[name]
        dims = ("draw", "option") if values.ndim == 2 else ("draw", "option", f"{name}_time")
        of = "" if metric.dvid == 1 else f", {card.endpoint(metric.dvid).name}"
        unit = metric.unit(card.units_of(metric.dvid))
        variables[name] = (dims, values, {"units": unit, "long_name": f"{metric.label}{of}"})
    coords = {name: me.data[name] for name in ("particle", "population_draw")}
    return xr.Dataset(variables, coords, attrs=_attributes(me, options)).assign_coords(
        dict(options.table.variables)
    )


def _attributes(me: Draws, options: Options) -> dict[str, object]:
    units, records = me.model.card.units, me.patient.records
    covariates: dict[str, object] = {}
    for name, value in options.sizes.items():  # what doses were stated per; the card's own may be another
        for prefix in ("cov", "size"):
            covariates |= {f"{prefix}_{name}": value, f"{prefix}_{name}_unit": SIZE_UNITS[name]}
    for covariate in me.model.card.covariates:
        value = float(records[covariate.name].iloc[-1])
        if np.isfinite(value):
            covariates |= {f"cov_{covariate.name}": value, f"cov_{covariate.name}_unit": covariate.unit}
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
    known = me.compiled.declaration.kinds or (1,)
    for name, metric in metrics.items():
        if not hasattr(metric, "sampling"):
            raise InputError(
                explain(
                    f"metric {name!r} is no exposure metric",
                    came=getattr(metric, "__name__", type(metric).__name__),
                    expected="one that was called: bd.auc(), bd.trough()",
                )
            )
        if metric.dvid not in known:
            raise InputError(
                explain(
                    f"metric {name!r} is of a kind of level that the model does not predict",
                    came=f"dvid={metric.dvid}",
                    expected=", ".join(map(str, known)),
                )
            )
    if options.patient.ids != me.patient.ids:
        raise InputError(
            explain(
                "these options are of another patient",
                fix="bd.regimens(..., after=the patient that condition was given)",
            )
        )
