"""Running NUTS: progress with ESS so far, and what an interruption leaves."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from bayesdose.errors import InputError, explain, nearest
from bayesdose.fitting.kept import Keep, kept_chains, put_chains

if TYPE_CHECKING:
    import xarray as xr

_POLL, _LOOK = 0.05, 5.0  # seconds between two looks at the sampler, and at its draws
_FEWEST = 20  # draws a chain that are worth handing out after an interruption

Adaptation = Literal["diagonal", "low rank"]
# A cutoff of 4 and shorter windows than nutpie's: of those tried on theophylline the most ESS a second.
_ADAPTATIONS: dict[str, dict[str, Any]] = {
    "diagonal": {"adaptation": "diag"},
    "low rank": {
        "adaptation": "low_rank",
        "mass_matrix_eigval_cutoff": 4.0,
        "mass_matrix_switch_freq": 25,
    },
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
    """What sampling left: the draws, and the share of those asked for."""

    trace: xr.DataTree
    share: float


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
        Where finished chains are kept: those found there, under their seal, are not sampled again.

    Raises
    ------
    KeyboardInterrupt
        Where it comes before there are draws; later ones end sampling, and the draws made so far are
        returned.
    """
    groups = [range(sampler.chains)] if keep is None else _in_turn(sampler.chains)
    parts: list[xr.DataTree] = []
    for group in groups:
        found, share = None if keep is None else kept_chains(keep, group), 1.0
        kept = found is not None
        if not kept:
            own = seed if keep is None else int(np.random.SeedSequence((seed, group[0])).generate_state(1)[0])
            try:
                found, share = _one(compiled, sampler, own, len(group), population, progress=progress)
            except KeyboardInterrupt:
                if not parts:
                    raise
                share = 0.0
        if share < 1.0 and parts:  # chains that are finished are worth more than pieces of all
            return Sampled(_joined(parts), len(parts) / len(groups))
        assert found is not None
        if share < 1.0:
            return Sampled(found, share)
        if keep is not None and not kept:
            put_chains(keep, group, found)
        parts.append(found)
    return Sampled(_joined(parts), 1.0)


def _in_turn(chains: int) -> list[range]:
    cores = max(1, min(chains, os.cpu_count() or 1))
    return [range(a, min(a + cores, chains)) for a in range(0, chains, cores)]


def _one(
    compiled: Any, sampler: Sampler, seed: int, chains: int, population: Sequence[str], *, progress: bool
) -> tuple[xr.DataTree, float]:
    """Sample some chains; an interruption ends it, and what there is comes back with its share."""
    import nutpie

    told = Progress(sampler, chains) if progress else None
    running = nutpie.sample(
        compiled,
        draws=sampler.draws,
        tune=sampler.tune,
        chains=chains,
        seed=seed,
        target_accept=sampler.target_accept,
        **_ADAPTATIONS[sampler.adaptation],
        progress_bar=False,
        progress_callback=told.update if told else None,
        save_warmup=False,
        blocking=False,
    )
    try:
        return _watched(running, told, population), 1.0
    except KeyboardInterrupt:
        trace: xr.DataTree = _made(running.abort(), population)
        done = trace["posterior"].sizes["draw"]
        if done < _FEWEST:
            raise
        return trace, done / sampler.draws
    except BaseException:
        running.cancel()
        raise
    finally:
        if told:
            told.end()


def _watched(running: Any, told: Progress | None, population: Sequence[str]) -> xr.DataTree:
    """Wait for the draws, and tell what there is so far."""
    while True:
        try:
            trace: xr.DataTree = running.wait(timeout=_POLL)
            return trace
        except TimeoutError:
            if told and told.due:
                looked = time.monotonic()
                told.tell(_least_ess(_made(running.inspect(), population), population))
                told.pause = max(_LOOK, 20.0 * (time.monotonic() - looked))


def _made(trace: xr.DataTree, population: Sequence[str]) -> xr.DataTree:
    """Return the draws that all chains have: nutpie fills up the others with nan."""
    group = trace["posterior"]
    whole = np.all([np.isfinite(group[name].to_numpy()).all(axis=0) for name in population], axis=0)
    n = int(np.argmin(whole)) if not whole.all() else len(whole)
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


def _joined(parts: Sequence[xr.DataTree]) -> xr.DataTree:
    """Put chains together."""
    import xarray as xr

    if len(parts) == 1:
        return parts[0]
    groups = {}
    for name in ("posterior", "sample_stats"):
        own = [part[name].to_dataset() for part in parts]
        made = xr.concat(
            own, dim="chain", data_vars="minimal", coords="minimal", compat="override", join="override"
        )
        groups[name] = made.assign_coords(chain=np.arange(made.sizes["chain"]))
    return xr.DataTree.from_dict(groups)
