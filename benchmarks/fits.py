"""Effective draws per processor second of both fits, beside plain PyMC and Stan on the same models."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import nutpie
from arviz_stats import ess, mcse

import bayesdose as bd
from benchmarks import stan
from benchmarks.plain import MODELS
from benchmarks.rows import Row

SEEDS = (1, 2, 3)
CMDSTAN = {"theophylline": "; CmdStan in a trial on a machine of this kind: 343"}
RICH = {"phenobarbital": ("V",)}
"""What the levels of most subjects tell: parameters that are worth centring alone."""

Draws = dict[str, np.ndarray]


@dataclass
class Found:
    """What one sampler found, a seed each: draws (chain, draw) by name, and CPU seconds."""

    draws: list[Draws] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    @property
    def rates(self) -> list[float]:
        """The smallest bulk ESS over theta, omega and sigma, per second."""
        return [
            min(float(ess(x)) for x in d.values()) / cpu for d, cpu in zip(self.draws, self.cpu, strict=True)
        ]

    @property
    def rate(self) -> float:
        """The median of them."""
        return float(np.median(self.rates))

    def pooled(self, name: str) -> np.ndarray:
        """Return all chains of all seeds."""
        return np.concatenate([d[name] for d in self.draws])


def taken(trace, name: str) -> Draws:
    """Return theta (its logarithm), omega and sigma of a trace, named alike for all samplers."""
    posterior = trace["posterior"]
    variables = [v.name for v in plain_model(name).free_RVs if v.name != "z"]
    found = {("sigma" if v.startswith("sigma") else v): posterior[v].to_numpy() for v in variables}
    return {v: np.log(x) if v.startswith("theta") else x for v, x in found.items()}


@cache
def plain_model(name: str):
    """Return the hand-written model."""
    return MODELS[name]()


@cache
def plain_compiled(name: str):
    """Compile it for nutpie."""
    return nutpie.compile_pymc_model(plain_model(name), backend="numba")


def plain(name: str, seed: int) -> tuple[Draws, float]:
    """Sample the hand-written model with nutpie and the same settings."""
    compiled, start = plain_compiled(name), time.process_time()
    trace = nutpie.sample(
        compiled, draws=1000, tune=1000, chains=4, seed=seed, target_accept=0.9, progress_bar=False
    )
    return taken(trace, name), time.process_time() - start


def ours(name: str, seed: int, centred: tuple[str, ...] = (), **more) -> tuple[Draws, float]:
    """Fit with bayesdose."""
    model = bd.load_model(name)
    study = bd.read_study(bd.data_path(name), model)
    fit = bd.fit(model, study, seed=seed, centred=centred, progress=False, **more)
    return taken(fit.posterior, name), fit.provenance["seconds"]["sample_cpu"]


def by_stan(name: str, seed: int, which: int) -> tuple[Draws, float]:
    """Sample with Stan."""
    run = stan.sample(name, stan.PROGRAMS[name][which], seed)
    return run.draws, run.cpu


def samplers(name: str) -> dict[str, Callable[[int], tuple[Draws, float]]]:
    """Return what is compared, by what it is called."""
    found: dict[str, Callable[[int], tuple[Draws, float]]] = {
        "plain PyMC graph, nutpie": lambda seed: plain(name, seed),
        "bayesdose": lambda seed: ours(name, seed),
        "bayesdose, centred": lambda seed: ours(name, seed, stan.ETAS[name]),
        "bayesdose, centred, low rank": lambda seed: ours(name, seed, stan.ETAS[name], adaptation="low rank"),
    }
    if name in RICH:
        found[f"bayesdose, {', '.join(RICH[name])} centred"] = lambda seed: ours(name, seed, RICH[name])
    try:
        for which in stan.PROGRAMS[name]:
            stan.program(which)
    except stan.NoStanError as why:
        print(f"Stan is left out: {why}", flush=True)
        return found
    return found | {
        "Stan": lambda seed: by_stan(name, seed, 0),
        "Stan, centred": lambda seed: by_stan(name, seed, 1),
    }


def rows() -> list[Row]:
    """Return the table's rows."""
    return [row for name in MODELS for row in compared(name)]


def compared(name: str) -> list[Row]:
    """Sample with everything, taking turns so that a busy machine is so for all, and compare."""
    found = {who: Found() for who in samplers(name)}
    for seed in SEEDS:
        for who, sample in samplers(name).items():
            draws, cpu = sample(seed)
            found[who].draws.append(draws)
            found[who].cpu.append(cpu)
    base = found["plain PyMC graph, nutpie"].rate
    made = [
        Row(
            f"{name}: {who}",
            f"{f.rate:.0f} ESS per sampling CPU s (seeds: {', '.join(f'{r:.0f}' for r in f.rates)})",
            "",
            f"{np.median(f.cpu):.2f} CPU s; {f.rate / base:.2f} x plain"
            + (CMDSTAN.get(name, "") if who == "Stan" else ""),
        )
        for who, f in found.items()
    ]
    return [*made, *against_stan(name, found)]


def against_stan(name: str, found: dict[str, Found]) -> list[Row]:
    """Say how the better of ours compares with the better of Stan's, if the posteriors are the same."""
    mine, theirs = (
        max((f for who, f in found.items() if who.startswith(s)), key=lambda f: f.rate, default=None)
        for s in ("bayesdose", "Stan")
    )
    if mine is None or theirs is None:
        return []
    worst = max(difference(mine, theirs, v, kind) for v in theirs.draws[0] for kind in ("mean", "sd"))
    if worst > 4.5:
        raise RuntimeError(f"{name}: the posteriors differ by {worst:.1f} Monte Carlo errors")
    return [
        Row(
            f"{name}: the better bayesdose over the better Stan",
            f"{mine.rate / theirs.rate:.2f}",
            ">= 2",
            f"largest difference of a posterior mean or SD: {worst:.1f} Monte Carlo errors",
        )
    ]


def difference(a: Found, b: Found, name: str, kind: str) -> float:
    """Return by how many Monte Carlo errors a posterior mean, or SD, differs."""
    x, y = a.pooled(name), b.pooled(name)
    gap = np.mean(x) - np.mean(y) if kind == "mean" else np.std(x) - np.std(y)
    return float(abs(gap) / np.hypot(float(mcse(x, method=kind)), float(mcse(y, method=kind))))
