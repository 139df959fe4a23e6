"""Simulation-based calibration: whether fits find what made their data, as often as they say.

Population and individuals are drawn from the priors, levels from them, and the model is fitted to the levels;
the rank of each true value among its posterior draws is uniform where simulation, density, transforms and
sampler agree (Cook, Gelman & Rubin 2006, J Comput Graph Stat 15:675; Talts et al. 2018, arXiv:1804.06788).
The log-likelihood is ranked too: it sees what no single parameter does (Modrák et al. 2023, Bayesian
Analysis, doi:10.1214/23-BA1404).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pymc as pm
import xarray as xr

from bayesdose.errors import InputError, Refused, explain
from bayesdose.fitting.nuts import compile_nuts
from bayesdose.fitting.provenance import versions
from bayesdose.fitting.running import Sampler, sample
from bayesdose.individual.compiled import Compiled, Data, compile_individual
from bayesdose.model import Model, build, names_of_population
from bayesdose.study import Study, events
from bayesdose.validate.calibration_kept import Kept
from bayesdose.validate.ranks import verdict

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

ATTEMPTS = 3
LARGEST_RHAT = 1.05
MOST_DIVERGENT = 0.01  # of the draws; what a few do to a posterior, the ranks themselves would show
ESS_PER_DRAW = 2.0  # thinned draws of a chain whose ESS is twice their number are all but independent
FIT_COLUMNS = ("attempts", "rhat", "ess", "divergences", "seconds", "converged")
"""Columns of ``Calibration.fits``."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """Ranks of true values among posterior draws, over data sets drawn from the priors.

    Parameters
    ----------
    ranks
        dims (replication, quantity): how many of the `draws` kept posterior draws lie below the truth.
    draws
        L; ranks are 0 to L.
    fits
        A row per replication, columns `FIT_COLUMNS`: how often it was fitted; R-hat (largest), bulk ESS
        (smallest) and divergences of the last fit; CPU seconds; whether that one converged. Those that
        did not are ranked like the others.
    record
        Names and hashes of the fitted model and of the one that made the data, seed, sampler, versions.
    """

    ranks: xr.DataArray
    draws: int
    fits: pd.DataFrame
    record: dict[str, Any]

    @property
    def unconverged(self) -> int:
        """How many replications did not converge in `ATTEMPTS` fits."""
        return int((~self.fits["converged"]).sum())

    @property
    def repeated(self) -> int:
        """How many replications were fitted more than once."""
        return int((self.fits["attempts"] > 1).sum())

    def verdict(self, level: float = 0.01) -> pd.DataFrame:
        """Judge the quantities together: see `bayesdose.validate.ranks.verdict`."""
        names = [str(name) for name in self.ranks["quantity"].to_numpy()]
        return verdict(self.ranks.to_numpy(), self.draws, names, level=level)

    def __str__(self) -> str:
        table = self.verdict().to_string(index=False, float_format=lambda value: f"{value:.3g}")
        n = self.ranks.sizes["replication"]
        return f"{table}\n{n} replications, {self.repeated} fitted again, {self.unconverged} not converged"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        ranks = {
            str(q): self.ranks.sel(quantity=q).to_numpy().tolist() for q in self.ranks["quantity"].to_numpy()
        }
        fits = {name: self.fits[name].tolist() for name in FIT_COLUMNS}
        return {"record": self.record, "draws": self.draws, "ranks": ranks, "fits": fits}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Calibration:
        """Return the Calibration that `to_dict` wrote."""
        found = np.array(list(plain["ranks"].values()), dtype=np.int64).T
        fits = pd.DataFrame(plain["fits"], columns=list(FIT_COLUMNS))
        return cls(_ranked(found, list(plain["ranks"])), plain["draws"], fits, dict(plain["record"]))


def calibrate(
    model: Model,
    design: Study,
    *,
    replications: int,
    seed: int,
    draws: int = 1000,
    tune: int = 500,
    chains: int = 2,
    target_accept: float = 0.9,
    centred: tuple[str, ...] = (),
    ranked: int = 99,
    members: int = 2,
    lloq: float | None = None,
    true_model: Model | None = None,
    keep: str | Path | None = None,
    say: Callable[[str], None] | None = None,
) -> Calibration:
    """Fit a model to many data sets drawn from its priors, and rank the truth among each fit's draws.

    Parameters
    ----------
    model
        The spec to be checked; all its priors are proper.
    design
        Subjects, doses and times; its levels are replaced.
    replications
        Data sets.
    seed
        Of truths, data and chains.
    draws, tune, chains, target_accept, centred
        As of `bayesdose.fit`. A fit whose R-hat is above `LARGEST_RHAT`, whose bulk ESS of a ranked quantity
        is below twice `ranked`, or of whose draws more than `MOST_DIVERGENT` diverge, is made again with
        twice the draws and warm-up, and a third of the distance of target_accept to 1, up to `ATTEMPTS`
        times.
    ranked
        L, draws kept of each fit, spread evenly.
    members
        How many subjects, occasions or groups have their random effects ranked, from the first.
    lloq
        Levels below it are censored (CENS 1), in the unit of the level.
    true_model
        Another spec, with variables of the same names, that makes the data: a planted error.
    keep
        A file to which every finished replication is added: the same call goes on from it.
    say
        Called with a line about each replication.

    Returns
    -------
    Calibration
        ``.verdict()`` judges it, ``bd.figure`` draws it.

    Raises
    ------
    InputError
        A model with subpopulations, one that takes no censored levels where `lloq` is given, or a true model
        whose variables have other names.
    Refused
        A replication that could not be sampled at all.
    """
    sampler = Sampler(draws, tune, chains, target_accept, tuple(sorted(centred)))
    declared = build(model, design, centred=sampler.centred)
    truths = draw_truths(true_model or model, model, design, replications, seed, lloq)
    nuts = compile_nuts(declared, draws=draws * chains * 2 ** (ATTEMPTS - 1))
    task = _Task(declared, nuts, compile_individual(model), truths, sampler, seed, ranked, members)
    record = {
        "model": {"name": model.name, "hash": model.hash},
        "true_model": None if true_model is None else {"name": true_model.name, "hash": true_model.hash},
        "seed": seed,
        "sampler": asdict(sampler),
        "members": members,
        "lloq": lloq,
        "subjects": design.n_subjects,
        "levels": int(design.is_level.sum()),
        "versions": versions(),
    }
    kept = Kept(keep, {**record, "draws": ranked, "replications": replications})
    rows = []
    for r in range(replications):
        row = kept.rows.get(r) or kept.put(r, _replication(task, r))
        (say or (lambda text: None))(f"{r + 1} of {replications}: {row['fit']}")
        rows.append(row)
    names = list(rows[0]["ranks"])
    found = np.array([[row["ranks"][name] for name in names] for row in rows], dtype=np.int64)
    fits = pd.DataFrame([row["fit"] for row in rows], columns=list(FIT_COLUMNS))
    return Calibration(_ranked(found, names), ranked, fits, record)


@dataclass(frozen=True)
class Truths:
    """What made the data of every replication.

    Population name to values (replication,); individual variables (replication, column); levels and whether
    they are censored (replication, observation); random effects (replication, subject, occasion or group);
    the other arrays of the design.
    """

    population: dict[str, Floats]
    z: Floats
    levels: Floats
    censored: NDArray[np.bool_]
    effects: dict[str, Floats]
    data: Data

    def data_of(self, r: int, lloq: bool) -> dict[str, NDArray[Any]]:
        """Return the arrays that one replication has of its own."""
        own: dict[str, NDArray[Any]] = {"DV_data": self.levels[r]}
        return own | ({"CENS": self.censored[r].astype(self.data["CENS"].dtype)} if lloq else {})


@dataclass(frozen=True)
class _Task:
    declared: pm.Model
    nuts: Any
    compiled: Compiled
    truths: Truths
    sampler: Sampler
    seed: int
    ranked: int
    members: int

    @property
    def censors(self) -> bool:
        return bool(self.declared.declaration.censored) and bool(self.truths.censored.any())


def draw_truths(
    maker: Model, model: Model, design: Study, replications: int, seed: int, lloq: float | None
) -> Truths:
    """Draw populations from the priors of `maker`, individuals and levels from them.

    Raises
    ------
    InputError
        When `maker` has subpopulations, or other variables than the model that is fitted, or that takes no
        censored levels.
    """
    compiled, tables = compile_individual(maker), events(design)
    _refuse(compiled, compile_individual(model), lloq)
    data = compiled.data(tables)
    rng = np.random.default_rng((seed, 0))
    declared = build(maker, design)
    names = names_of_population(declared)
    drawn = pm.draw([declared[n] for n in names], draws=replications, random_seed=int(rng.integers(2**31)))
    theta = {name: np.reshape(values, replications) for name, values in zip(names, drawn, strict=True)}
    z = rng.standard_normal((replications, compiled.size(data)))
    u = rng.random((replications, tables.sizes["observation"]))
    levels = np.array(compiled.measure(theta, z, data, u))
    censored = levels < (-np.inf if lloq is None else lloq)
    levels = levels if lloq is None else np.maximum(levels, lloq)
    everyone = compiled.individual(theta, z, data)
    effects = {name: everyone[name] for name in compiled.declaration.effects}
    return Truths(theta, z, levels, censored, effects, data)


def _refuse(maker: Compiled, fitted: Compiled, lloq: float | None) -> None:
    if maker.subpopulations or fitted.subpopulations:
        raise InputError(
            explain("calibration takes no subpopulations", fix="calibrate the model without bd.mixture")
        )
    if set(maker.population) != set(fitted.population) or maker.latents != fitted.latents:
        raise InputError(
            explain(
                "the true model has other variables than the one that is fitted",
                came=", ".join(sorted(set(maker.population) ^ set(fitted.population))) or "other etas",
                expected="the same names of theta, omega, sigma and etas",
            )
        )
    if lloq is not None and not fitted.declaration.censored:
        raise InputError(explain("the model takes no censored levels", came=f"lloq={lloq:g}", fix='blq="M3"'))


def _replication(task: _Task, r: int) -> dict[str, Any]:
    """Fit one data set, again where need be, and rank its truth."""
    began, quality, trace = time.process_time(), None, None
    nuts = task.nuts.with_data(**task.truths.data_of(r, task.censors))
    names = names_of_population(task.declared)
    for attempt in range(ATTEMPTS):
        seed = int(np.random.SeedSequence((task.seed, r, attempt)).generate_state(1)[0])
        try:
            found = sample(nuts, _longer(task.sampler, attempt), seed, names, progress=False).trace
        except RuntimeError:
            continue  # no finite start: nutpie has tried many
        trace = found
        quality = {"attempts": attempt + 1, **_quality(task, trace)}
        if quality["converged"]:
            break
    if trace is None or quality is None:
        raise Refused(explain(f"replication {r} could not be sampled", fix="narrower priors"))
    quality["seconds"] = round(time.process_time() - began, 2)
    return {"ranks": _ranks(task, r, trace), "fit": {name: quality[name] for name in FIT_COLUMNS}}


def _longer(sampler: Sampler, attempt: int) -> Sampler:
    step = {f.name: getattr(sampler, f.name) for f in fields(sampler)}
    accept = 1.0 - (1.0 - sampler.target_accept) / 3**attempt
    more = {"draws": sampler.draws * 2**attempt, "tune": sampler.tune * 2**attempt, "target_accept": accept}
    return Sampler(**{**step, **more})


def _quality(task: _Task, trace: xr.DataTree) -> dict[str, Any]:
    from arviz_stats import ess, rhat

    chains = xr.Dataset({name: (("chain", "draw"), value) for name, value in _values(task, trace).items()})
    worst = max(float(v) for v in rhat(chains).values())
    least = min(float(v) for v in ess(chains, method="bulk").values())
    diverged = int(trace["sample_stats"]["diverging"].sum())
    few = diverged <= MOST_DIVERGENT * trace["sample_stats"]["diverging"].size
    good = worst <= LARGEST_RHAT and least >= ESS_PER_DRAW * task.ranked and few
    return {"rhat": round(worst, 4), "ess": round(least, 1), "divergences": diverged, "converged": bool(good)}


def _values(task: _Task, trace: xr.DataTree) -> dict[str, Floats]:
    """Return the draws of every ranked quantity but the log-likelihood, (chain, draw)."""
    group = trace["posterior"]
    made = {name: group[name].to_numpy() for name in names_of_population(task.declared)}
    for name in task.declared.declaration.effects:
        each = group[name].transpose("chain", "draw", ...).to_numpy()
        made |= {f"{name}[{k}]": each[:, :, k] for k in range(min(task.members, each.shape[2]))}
    return made


def _ranks(task: _Task, r: int, trace: xr.DataTree) -> dict[str, int]:
    """Return the rank of each true value among the kept draws."""
    values = {name: v.reshape(-1) for name, v in _values(task, trace).items()}
    size = len(next(iter(values.values())))
    at = (np.arange(task.ranked) * size) // task.ranked
    truths = task.truths
    truth = {name: v[r] for name, v in truths.population.items()}
    for name, v in truths.effects.items():
        truth |= {f"{name}[{k}]": v[r, k] for k in range(min(task.members, v.shape[1]))}
    ranks = {name: int((values[name][at] < truth[name]).sum()) for name in values}
    data = {**truths.data, **truths.data_of(r, task.censors)}
    theta = {n: np.append(values[n][at], truths.population[n][r]) for n in task.compiled.population}
    z = np.concatenate([_posterior_z(task, trace, data)[at], truths.z[r : r + 1]])
    density = task.compiled.loglik(theta, z, data)
    return {**ranks, "log_likelihood": int((density[:-1] < density[-1]).sum())}


def _posterior_z(task: _Task, trace: xr.DataTree, data: Data) -> Floats:
    """Return the standard-normal individual variables, (draw of all chains, column)."""
    group, parts = trace["posterior"], []
    for name, shape in task.compiled.shapes(data).items():
        if name == "z" and task.sampler.centred:
            part = np.stack([_own_z(task, group, eta) for eta in task.compiled.etas], axis=-1)
        else:
            part = group[name].transpose("chain", "draw", ...).to_numpy()
        parts.append(part.reshape(-1, int(np.prod(shape))))
    return np.concatenate(parts, axis=1) if parts else np.zeros((group["draw"].size * group["chain"].size, 0))


def _own_z(task: _Task, group: Any, eta: str) -> Floats:
    own = group[f"z_centred_{eta}"] if eta in task.sampler.centred else group["z"].sel(eta_noncentred=eta)
    return np.asarray(own.transpose("chain", "draw", ...).to_numpy())


def _ranked(found: Ints, names: list[str]) -> xr.DataArray:
    return xr.DataArray(found, dims=("replication", "quantity"), coords={"quantity": names}, name="rank")
