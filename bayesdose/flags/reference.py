"""How odd one patient's levels are, against patients of the same doses, times and covariates.

Every number is compared with its own distribution in simulated patients: no chi-square, no normal theory. The
patient and the simulated ones are weighed with the same particles, so under the model the ranks are exact
whatever the particles' quality; poor particles cost power only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pytensor.tensor as pt
from numpy.typing import NDArray
from pymc.pytensorf import compile as compile_graph
from pytensor.graph.replace import vectorize_graph
from scipy.special import logsumexp

from bayesdose.individual.compiled import Compiled, Data
from bayesdose.individual.importance import log_normal
from bayesdose.model import Model

if TYPE_CHECKING:
    from collections.abc import Callable

Floats = NDArray[np.float64]

CONTINUOUS = ("normal", "log-normal", "Student-t")
_WIDE, _WIDE_SHARE = 2.5, 0.3  # some particles are far out, for patients who are
_FLOOR = -1e4  # log-density of a level that is impossible: low, and still a number
_CHUNK = 2**17  # densities of one call: they fit the cache


@dataclass(frozen=True, eq=False)
class Particles:
    """Patients of the population, for weighing levels: their part is the prior's in the evidence.

    Parameters
    ----------
    theta
        Population name to values (particle,).
    z
        Individual variables (particle, column).
    log_ratio
        Log of the prior's density over that drawn from, (particle,).
    member
        (particle, subject), in a model with subpopulations.
    """

    theta: dict[str, np.ndarray]
    z: Floats
    log_ratio: Floats
    member: np.ndarray | None

    def levels(self, compiled: Compiled, data: Data) -> list[np.ndarray]:
        """Return the parameters of the levels' distributions, (particle, observation) each."""
        return compiled.levels(self.theta, self.z, data, self.member)[1]


def particles(
    compiled: Compiled,
    theta: Mapping[str, np.ndarray],
    data: Data,
    n: int,
    rng: np.random.Generator,
    wide: float = _WIDE_SHARE,
) -> Particles:
    """Draw n patients from the population.

    Parameters
    ----------
    compiled, theta, data
        The model, its population draws, the patient's design.
    n, rng
        How many, and the source of randomness.
    wide
        Share drawn from N(0, 2.5^2 I) in the place of N(0, I); none for patients to compare with.
    """
    size = len(next(iter(theta.values()))) if theta else 1
    at = rng.permutation((np.arange(n) * size) // n if n <= size else np.arange(n) % size)
    own = {name: values[at] for name, values in theta.items()}
    k = compiled.size(data)
    z = rng.standard_normal((n, k)) * np.where(rng.random(n) < wide, _WIDE, 1.0)[:, None]
    plain = log_normal(z)
    far = log_normal(z / _WIDE) - k * np.log(_WIDE)
    mixed = plain if wide == 0 else np.logaddexp(np.log1p(-wide) + plain, np.log(wide) + far)
    return Particles(own, z, plain - mixed, _members(compiled, own, z, data, rng))


def _members(
    compiled: Compiled, theta: Mapping[str, np.ndarray], z: Floats, data: Data, rng: np.random.Generator
) -> np.ndarray | None:
    if not compiled.subpopulations:
        return None
    below = np.cumsum(compiled.shares(theta, z, data), axis=1)
    return (rng.random(len(z))[:, None] > below[:, :-1]).sum(axis=1)[:, None]


@dataclass(frozen=True, eq=False)
class Reference:
    """One design under the population: what weighs levels taken there, and simulated levels to compare with.

    Parameters
    ----------
    compiled, data
        The model, and the arrays of the patient's table.
    near
        Particles that weigh levels.
    parameters
        Of the levels' distributions under each particle.
    y, cens
        Levels of simulated patients, (replicate, observation), censored as the table's are.
    scale
        Per level, below which size a level is told apart in its unit rather than by factors.
    """

    compiled: Compiled
    data: Data
    near: Particles
    parameters: list[np.ndarray]
    y: Floats
    cens: NDArray[np.int64]
    scale: Floats

    @property
    def n(self) -> int:
        """Number of levels."""
        return self.y.shape[1]

    @cached_property
    def simulated(self) -> Floats:
        """The simulated patients' statistics, (replicate, statistic)."""
        return self.statistics(self.y, self.cens)

    @cached_property
    def _sorted(self) -> Floats:
        return np.sort(self.simulated, axis=0)

    @cached_property
    def _smallest(self) -> Floats:
        """The smallest p of each simulated patient among the simulated ones, sorted."""
        return np.sort(self.p_values(self.simulated, own=True).min(axis=1))

    @cached_property
    def observed(self) -> Floats:
        """The p of each statistic of the table's own levels, (1, statistic)."""
        return self.p_values(self.statistics(self.data["DV_data"][None], self.data["CENS"][None]))

    def p_values(self, statistics: Floats, own: bool = False) -> Floats:
        """Return the share of simulated patients whose statistic is as low, (patient, statistic).

        Parameters
        ----------
        statistics
            From `statistics`.
        own
            Whether these are the simulated patients themselves; another patient is counted among them.
        """
        ordered = self._sorted
        below = [np.searchsorted(ordered[:, k], s, side="right") for k, s in enumerate(statistics.T)]
        return (np.stack(below, axis=1) + (not own)) / (len(ordered) + (not own))

    def family_p(self, p: Floats) -> Floats:
        """Return the share of simulated patients whose smallest p is as small, (patient,).

        Westfall & Young 1993, Resampling-Based Multiple Testing, ch. 2 (the single-step minimum p).
        """
        below = np.searchsorted(self._smallest, p.min(axis=1), side="right")
        return (below + 1) / (len(self._smallest) + 1)

    def limit(self, alpha: float) -> float:
        """Return the largest p that still is a flag, so that a share alpha of clean patients has one."""
        k = int(np.floor(alpha * (len(self._smallest) + 1))) - 1
        below = self._smallest[self._smallest < self._smallest[max(k, 0)]]
        whole = np.searchsorted(self._smallest, self._smallest[max(k, 0)], side="right") <= k + 1
        return float(self._smallest[k]) if k >= 0 and whole else float(below.max()) if len(below) else 0.0

    def statistics(self, y: Floats, cens: NDArray[np.int64]) -> Floats:
        """Return how odd levels are, low is odd: (patient, statistic) in the order of `names`."""
        made = [self._statistics(*part) for part in self._densities(y, cens)]
        return np.concatenate(made)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the statistics; of several levels also contradiction, and others for each of them."""
        single = ("joint", "outside", "conflict")
        return single if self.n < 2 else (*single, "contradiction", *["others"] * self.n)

    def evidence(self, y: Floats, cens: NDArray[np.int64]) -> Floats:
        """Return the log marginal likelihood of each row of levels, (patient,)."""
        parts = [logsumexp(L.sum(axis=2) + self.near.log_ratio, axis=1) for L, _ in self._densities(y, cens)]
        return np.concatenate(parts) - np.log(len(self.near.z))

    def _densities(self, y: Floats, cens: NDArray[np.int64]) -> Iterator[tuple[Floats, Floats]]:
        """Yield log-densities (patient, particle, observation), unit corrections (patient, observation)."""
        step = max(1, _CHUNK // (len(self.near.z) * self.n))
        density = densities(self.compiled.model)
        for a in range(0, len(y), step):
            found = density(y[a : a + step], cens[a : a + step], self.parameters, self.data)
            found = np.where(found > _FLOOR, found, _FLOOR)  # also what is not a number
            yield found, self._by_factors(y[a : a + step], cens[a : a + step])

    def _by_factors(self, y: Floats, cens: NDArray[np.int64]) -> Floats:
        """Return what turns a density in the level's unit into one by factors (of asinh(y / scale))."""
        by_factors = 0.5 * np.log(y**2 + self.scale**2)
        return np.where((cens == 0) & continuous(self.compiled, self.data), by_factors, 0.0)

    def _statistics(self, L: Floats, by_factors: Floats) -> Floats:
        log_w = L.sum(axis=2) + self.near.log_ratio
        top = log_w.max(axis=1, keepdims=True)
        w = np.exp(log_w - top)
        total = w.sum(axis=1)
        log_m = np.log(total) + top[:, 0]
        w /= total[:, None]
        joint = log_m + by_factors.sum(axis=1)
        z_hat = np.linalg.norm(w @ self._z, axis=1)
        made = [joint, -z_hat, 1.0 / np.einsum("rs,rs->r", w, w)]
        if self.n > 1:
            fit = np.einsum("rs,rsj->r", w, L) + by_factors.sum(axis=1)
            rest = (logsumexp(log_w - L[:, :, j], axis=1) for j in range(self.n))
            made += [fit, *(log_m - m + by_factors[:, j] for j, m in enumerate(rest))]
        return np.stack(made, axis=1)

    @cached_property
    def _z(self) -> Floats:
        """The particles' random effects between subjects, (particle, eta)."""
        parts = self.compiled.parted(self.near.z, self.data)
        return parts["z"].reshape(len(self.near.z), -1) if "z" in parts else np.zeros((len(self.near.z), 1))


def reference(
    compiled: Compiled,
    theta: Mapping[str, np.ndarray],
    data: Data,
    lloq: Floats,
    *,
    seed: int,
    replicates: int,
    n: int,
) -> Reference:
    """Simulate patients of this design, and draw the particles that weigh levels.

    Parameters
    ----------
    compiled, theta, data
        The model, its population draws, the arrays of the patient's table.
    lloq
        Lower limit of quantification of each level, (observation,); nan where none is known.
    seed, replicates, n
        Seed, number of simulated patients, number of particles.
    """
    rng = np.random.default_rng((seed, 3))
    near = particles(compiled, theta, data, n, rng)
    likelihood = compiled.declaration.likelihood
    assert likelihood is not None
    others = particles(compiled, theta, data, replicates, rng, wide=0.0)
    u = rng.random((replicates, len(data["DV_data"])))
    y = likelihood.quantile(u, data, others.levels(compiled, data))
    y, cens = censored(np.where(np.isfinite(y), y, 0.0), lloq, data)
    size = np.abs(y)
    scale = np.maximum(np.quantile(size, 0.05, axis=0), 1e-3 * np.median(size, axis=0) + 1e-12)
    return Reference(compiled, data, near, near.levels(compiled, data), y, cens, scale)


def censored(y: Floats, lloq: Floats, data: Data) -> tuple[Floats, NDArray[np.int64]]:
    """Return levels as an assay with these limits, and the table's upper ones, reports them, and CENS."""
    low = np.where(np.isnan(lloq), -np.inf, lloq)
    high = np.where(data["CENS"] == -1, data["DV_data"], np.inf)
    return np.clip(y, low, high), (y < low).astype(np.int64) - (y > high)


def continuous(compiled: Compiled, data: Data) -> NDArray[np.bool_]:
    """Return which levels are concentrations or the like, not counts or events, (observation,)."""
    likelihood = compiled.declaration.likelihood
    assert likelihood is not None
    found = np.zeros(len(data["DV_data"]), dtype=np.bool_)
    for part in likelihood.parts:
        own = np.full(len(found), True) if part.dvid is None else data["DVID"] == part.dvid
        found |= own & (part.family.name in CONTINUOUS)
    return found


@lru_cache(maxsize=16)
def densities(model: Model) -> Callable[[Floats, NDArray[np.int64], list[np.ndarray], Data], Floats]:
    """Compile the log-density of any levels under any parameters: (patient, particle, observation)."""
    from bayesdose.individual.compiled import compile_individual

    compiled = compile_individual(model)
    likelihood = compiled.declaration.likelihood
    assert likelihood is not None
    given: dict[str, Any] = {
        name: pt.tensor(name, dtype=compiled._dtypes[_named(name)], shape=(None,)) for name in _DATA
    }
    own = [
        pt.tensor(f"p{k}", dtype="float64", shape=(None,))
        for k in range(sum(p.width for p in likelihood.parts))
    ]
    graph = likelihood.log_density(given, own)
    many = {
        given[name]: pt.tensor(f"{name}_many", dtype=given[name].dtype, shape=_MANY[name]) for name in _MANY
    }
    many |= {p: pt.tensor(f"{p.name}_many", dtype="float64", shape=(1, None, None)) for p in own}
    rest = [given[name] for name in _DATA if name not in _MANY]
    made = compile_graph(
        [*many.values(), *rest], vectorize_graph(graph, replace=many), mode="NUMBA", on_unused_input="ignore"
    )
    made.trust_input = True

    def density(y: Floats, cens: NDArray[np.int64], parameters: list[np.ndarray], data: Data) -> Floats:
        levels = [
            np.ascontiguousarray(v[:, None, :], dtype=given[name].dtype)
            for name, v in (("DV", y), ("CENS", cens))
        ]
        own = [np.ascontiguousarray(p[None], dtype=float) for p in parameters]
        return np.asarray(made(*levels, *own, *(data[_named(x.name)] for x in rest)))

    return density


_DATA = ("DV", "CENS", "DVID", "LIMIT", "observation_previous", "observation_record", "record_time")
_MANY = {"DV": (None, 1, None), "CENS": (None, 1, None)}


def _named(name: str) -> str:
    return "DV_data" if name == "DV" else name
