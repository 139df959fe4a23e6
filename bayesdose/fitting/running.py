"""Running NUTS: progress with ESS so far, and what an interruption leaves."""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from bayesdose.errors import InputError, explain, nearest
from bayesdose.fitting.kept import Keep, kept_chains, kept_draws, put_chains, put_draws

if TYPE_CHECKING:
    import xarray as xr

_POLL, _LOOK, _KEEP = 0.05, 5.0, 30.0  # seconds between looks at the sampler, at its draws, and keeping them
_FEWEST = 20  # draws a chain that are worth handing out after an interruption

Adaptation = Literal["diagonal", "low rank"]
# A cutoff of 4: of those tried on theophylline the most ESS a second.
_ADAPTATIONS: dict[str, dict[str, Any]] = {
    "diagonal": {"adaptation": "diag"},
    "low rank": {"adaptation": "low_rank", "mass_matrix_eigval_cutoff": 4.0},
}


@dataclass(frozen=True)
class Sampler:
    """Arguments of NUTS (nutpie on numba)."""

    draws: int = 1000
    tune: int = 1000
    chains: int = 4
    target_accept: float = 0.9
    centred: tuple[str, ...] = ()
    adaptation: Adaptation = "diagonal"

    def __post_init__(self) -> None:
        if self.adaptation not in _ADAPTATIONS:
            raise InputError(
                explain(
                    "adaptation",
                    came=repr(self.adaptation),
                    expected=" or ".join(_ADAPTATIONS),
                    meant=nearest(str(self.adaptation), list(_ADAPTATIONS)),
                )
            )


@dataclass(frozen=True)
class Sampled:
    """What sampling left: draws, the share of those asked for, and how many a chain are of earlier runs."""

    trace: xr.DataTree
    share: float
    resumed: int = 0


def sample(
    compiled: Any,
    sampler: Sampler,
    seed: int,
    population: Sequence[str],
    *,
    progress: bool,
    keep: Keep | None = None,
) -> Sampled:
    """Sample all chains, at once or (with `keep`) as many at a time as there are cores.

    Parameters
    ----------
    compiled
        From `compile_nuts`.
    sampler, seed
        Arguments of NUTS.
    population
        Names of the variables whose ESS is told on the way.
    progress
        Whether to tell it, on standard error.
    keep
        Where finished chains are kept, and twice a minute the draws so far of the others. Those found there,
        under their seal, are not sampled again: an unfinished chain goes on from where it was after another
        warm-up, since no sampler's state is kept.

    Raises
    ------
    KeyboardInterrupt
        Where it comes before there are draws; later ones end sampling, and the draws made so far are
        returned.
    """
    groups = [range(sampler.chains)] if keep is None else _in_turn(sampler.chains)
    parts: list[xr.DataTree] = []
    resumed = 0
    for group in groups:
        found, share = None if keep is None else kept_chains(keep, group), 1.0
        kept = found is not None
        if not kept:
            before = None if keep is None else _before(keep, group, sampler.draws)
            resumed = max(resumed, _length(before))
            one = _Group(compiled, sampler, _seed(seed, group, before, keep), group, population, before, keep)
            try:
                found, share = _one(one, progress=progress)
            except KeyboardInterrupt:
                if not parts:
                    raise
                share = 0.0
        if share < 1.0 and parts:  # chains that are finished are worth more than pieces of all
            return Sampled(_joined(parts), len(parts) / len(groups), resumed)
        assert found is not None
        if share < 1.0:
            return Sampled(found, share, resumed)
        if keep is not None and not kept:
            put_chains(keep, group, found)
        parts.append(found)
    return Sampled(_joined(parts), 1.0, resumed)


@dataclass(frozen=True)
class _Group:
    """Chains that are sampled together: what of, how, and what there is of them."""

    compiled: Any
    sampler: Sampler
    seed: int
    chains: range
    population: Sequence[str]
    before: xr.DataTree | None = None
    keep: Keep | None = None

    def whole(self, trace: xr.DataTree) -> xr.DataTree:
        """Return the draws of earlier runs and those of this one."""
        return trace if self.before is None else _joined([self.before, trace], "draw")

    def store(self, trace: xr.DataTree) -> None:
        """Keep the draws so far, where they are worth it."""
        if self.keep is not None and trace["posterior"].sizes["draw"] >= _FEWEST:
            put_draws(self.keep, self.chains, self.whole(trace))


def _before(keep: Keep, group: range, draws: int) -> xr.DataTree | None:
    """Return the draws that chains had made when their process ended; a few are left to sample."""
    found = kept_draws(keep, group)
    if found is None or draws <= _FEWEST:
        return None
    return _first(found, draws - _FEWEST)


def _seed(seed: int, group: range, before: xr.DataTree | None, keep: Keep | None) -> int:
    """Return the seed of a group; one that goes on must not repeat what it drew."""
    if keep is None:
        return seed
    more = () if before is None else (_length(before),)
    return int(np.random.SeedSequence((seed, group[0], *more)).generate_state(1)[0])


def _length(trace: xr.DataTree | None) -> int:
    return 0 if trace is None else int(trace["posterior"].sizes["draw"])


def _in_turn(chains: int) -> list[range]:
    cores = max(1, min(chains, os.cpu_count() or 1))
    return [range(a, min(a + cores, chains)) for a in range(0, chains, cores)]


def _one(group: _Group, *, progress: bool) -> tuple[xr.DataTree, float]:
    """Sample some chains; an interruption ends it, and what there is comes back with its share."""
    import nutpie

    total, done = group.sampler.draws, _length(group.before)
    sampler, chains = replace(group.sampler, draws=total - done), len(group.chains)
    told = Progress(sampler, chains) if progress else None
    running = nutpie.sample(
        group.compiled if sampler.adaptation == "diagonal" else _ByWindow(group.compiled),
        draws=sampler.draws,
        tune=sampler.tune,
        chains=chains,
        seed=group.seed,
        target_accept=sampler.target_accept,
        **_ADAPTATIONS[sampler.adaptation],
        progress_bar=False,
        progress_callback=told.update if told else None,
        save_warmup=False,
        blocking=False,
    )
    try:
        return group.whole(_numbers(_watched(running, told, group))), 1.0
    except KeyboardInterrupt:
        trace: xr.DataTree = group.whole(_made(running.abort(), group.population))
        if _length(trace) < _FEWEST:
            raise
        return trace, _length(trace) / total
    except BaseException:
        running.cancel()
        raise
    finally:
        if told:
            told.end()


class _ByWindow:
    """A compiled model whose mass matrix is computed at the end of each window alone.

    Computed every 20 draws, as nutpie does, a low-rank one takes a quarter of all the time and gains nothing;
    `nutpie.sample` has no argument for it.
    """

    def __init__(self, compiled: Any) -> None:
        self._compiled = compiled

    def __getattr__(self, name: str) -> Any:
        return getattr(self._compiled, name)

    def _make_sampler(self, settings: Any, *others: Any) -> Any:
        wanted = settings.as_dict()["settings"]
        wanted["adapt_options"]["mass_matrix_update_freq"] = wanted["num_tune"] + 1
        settings.update_settings(wanted)
        return self._compiled._make_sampler(settings, *others)


def _watched(running: Any, told: Progress | None, group: _Group) -> xr.DataTree:
    """Wait for the draws; tell what there is so far, and keep it."""
    kept, pause, population = time.monotonic(), _KEEP, group.population
    while True:
        try:
            trace: xr.DataTree = running.wait(timeout=_POLL)
            return trace
        except TimeoutError:
            if told and told.due:
                looked = time.monotonic()
                told.tell(_least_ess(_so_far(running, population), population))
                told.pause = max(_LOOK, 20.0 * (time.monotonic() - looked))
            if group.keep is not None and time.monotonic() - kept > pause:
                looked = time.monotonic()
                group.store(_so_far(running, population))
                kept = time.monotonic()
                pause = max(_KEEP, 20.0 * (kept - looked))


def _so_far(running: Any, population: Sequence[str]) -> xr.DataTree:
    """Return the draws made so far; that there are fewer than chains is no reason to warn."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Found chain dimension to be longer than draw", UserWarning)
        return _made(running.inspect(), population)


def _made(trace: xr.DataTree, population: Sequence[str]) -> xr.DataTree:
    """Return the draws that all chains have: nutpie fills up the others with nan."""
    group = trace["posterior"]
    whole = np.all([np.isfinite(group[name].to_numpy()).all(axis=0) for name in population], axis=0)
    n = int(np.argmin(whole)) if not whole.all() else len(whole)
    return _first(_numbers(trace), n)


def _numbers(trace: xr.DataTree) -> xr.DataTree:
    """Return the trace without texts (of divergences): beside draws that have none they cannot be stored."""
    texts = [name for name, values in trace["sample_stats"].data_vars.items() if values.dtype.kind == "O"]
    return trace.map_over_datasets(lambda part: part.drop_vars(texts, errors="ignore"))


def _first(trace: xr.DataTree, n: int) -> xr.DataTree:
    """Return the first n draws of each chain."""
    return trace.map_over_datasets(lambda part: part.isel(draw=slice(n)) if "draw" in part.dims else part)


def _least_ess(trace: xr.DataTree, population: Sequence[str]) -> tuple[str, float] | None:
    from arviz_stats import ess

    group = trace["posterior"].to_dataset()[list(population)]
    if group.sizes["draw"] < _FEWEST:
        return None
    values = {str(name): float(value) for name, value in ess(group, method="bulk").items()}
    name = min(values, key=values.__getitem__)
    return name, values[name]


class Progress:
    """What is told on standard error while chains run: draws, divergences, ESS so far, time left."""

    def __init__(self, sampler: Sampler, chains: int) -> None:
        self.total = chains * (sampler.draws + sampler.tune)
        self.done = self.divergences = 0
        self.began = self.told = time.monotonic()
        self.wide, self.pause = 0, _LOOK

    def update(self, chains: Sequence[Any]) -> None:
        """Take nutpie's counts."""
        self.done = sum(int(c.finished_draws) for c in chains)
        self.divergences = sum(int(c.divergences) for c in chains)

    @property
    def due(self) -> bool:
        """Whether it is time to look at the draws; looking takes at most a twentieth of the time."""
        return time.monotonic() - self.told > self.pause

    def tell(self, ess: tuple[str, float] | None) -> None:
        """Write the line anew."""
        now = time.monotonic()
        left = (now - self.began) * (self.total - self.done) / max(self.done, 1)
        texts = [f"{100 * self.done / self.total:.0f} %", f"{self.divergences} divergences"]
        texts += [f"ESS so far {ess[1]:.0f} ({ess[0]})"] if ess else ["warming up"]
        texts.append(f"{_spoken(left)} left")
        line = ", ".join(texts)
        self.wide = max(self.wide, len(line))
        sys.stderr.write(f"\r{line:<{self.wide}}" if sys.stderr.isatty() else f"{line}\n")
        sys.stderr.flush()
        self.told = time.monotonic()

    def end(self) -> None:
        """Leave the line."""
        if self.wide and sys.stderr.isatty():
            sys.stderr.write("\n")


def _spoken(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def _joined(parts: Sequence[xr.DataTree], dim: str = "chain") -> xr.DataTree:
    """Put chains together, or (along "draw") the draws of chains that went on; they are numbered anew."""
    import xarray as xr

    if len(parts) == 1:
        return parts[0]
    groups = {}
    for name in ("posterior", "sample_stats"):
        own = [part[name].to_dataset() for part in parts]
        made = xr.concat(
            own, dim=dim, data_vars="minimal", coords="minimal", compat="override", join="override"
        )
        groups[name] = made.assign_coords({dim: np.arange(made.sizes[dim])})
    return xr.DataTree.from_dict(groups)
