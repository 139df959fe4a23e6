"""Where particles of (theta, z) are drawn: around modes that move with theta, and from the prior."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import gammaincinv, gammaln, logsumexp, ndtri
from scipy.stats import qmc

from bayesdose.individual.population import Population

NU, PRIOR_SHARE = 5.0, 0.15
_FLATTEST = 1e-3  # curvature that rounding may leave of one that was not 0
_LEAST_SHARE = 0.1  # of a mode, however little of the posterior it seems to hold


@dataclass(frozen=True)
class Component:
    """A Student t (5 degrees of freedom) whose centre moves with theta: ``z + A t``.

    Parameters
    ----------
    z
        Centre at the mean of the transformed draws, (eta,).
    A
        How it moves with the transformed, centred theta, (eta, theta).
    root
        Cholesky factor of the scale matrix, (eta, eta).
    """

    z: np.ndarray
    A: np.ndarray
    root: np.ndarray

    def centre(self, t: np.ndarray) -> np.ndarray:
        """Return the centre at each of t (n, theta)."""
        return np.asarray(self.z + t @ self.A.T)

    def log_density(self, t: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Return the log-density of each z (n, eta) given its t (n, theta)."""
        k = z.shape[1]
        whitened = np.linalg.solve(self.root, (z - self.centre(t)).T) if k else z.T
        constant = gammaln((NU + k) / 2) - gammaln(NU / 2) - 0.5 * k * np.log(NU * np.pi)
        scale = np.log(np.diag(self.root)).sum()
        squared = np.einsum("ij,ij->j", whitened, whitened)
        return np.asarray(constant - scale - 0.5 * (NU + k) * np.log1p(squared / NU))


@dataclass(frozen=True)
class Proposal:
    """A defensive mixture: components by share, and the prior (Hesterberg 1995, Technometrics 37:185).

    Parameters
    ----------
    components
        One or more.
    share
        Of each among what the prior leaves, (component,), adding up to 1.
    tilt
        Log of how much more often each population draw is proposed than one of the population, (draw,); None
        where all are proposed alike.
    """

    components: Sequence[Component]
    share: np.ndarray
    tilt: np.ndarray | None = None

    def log_density(self, known: Population, draw: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Return the log-density of each particle, number of a population draw (n,) and z (n, eta).

        That of the draw is against its share in the population, which is so the target's.
        """
        t, made = known.t[draw], np.log(PRIOR_SHARE) + log_normal(z)
        for share, component in zip(self.share, self.components, strict=True):
            made = np.logaddexp(made, np.log((1 - PRIOR_SHARE) * share) + component.log_density(t, z))
        return np.asarray(made if self.tilt is None else made + self.tilt[draw])

    def draw(self, known: Population, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Draw n particles: the number of a population draw (n,), and z (n, eta)."""
        k = len(self.components[0].z)
        normal, chi, rank, choice = base_points(n, k, seed)
        often = None if self.tilt is None else np.exp(self.tilt[known.order])
        draw = known.order[stratified(rank, len(known), seed, often)]
        which = np.searchsorted(np.cumsum(self.share), (choice - PRIOR_SHARE) / (1 - PRIOR_SHARE))
        z, t = normal.copy(), known.t[draw]
        for j, component in enumerate(self.components):
            own = (choice >= PRIOR_SHARE) & (np.minimum(which, len(self.components) - 1) == j)
            spread = np.sqrt(chi[own] / NU)[:, None]
            z[own] = component.centre(t[own]) + (normal[own] @ component.root.T) / spread
        return draw, z


def root_of_inverse(hessian: np.ndarray) -> np.ndarray:
    """Return the lower-triangular root of the inverse of a positive definite matrix (k, k).

    By its eigenvectors: an inverse whose eigenvalues differ by many powers of ten has no Cholesky factor.
    """
    values, vectors = np.linalg.eigh(hessian)
    root = np.linalg.qr((vectors / np.sqrt(np.maximum(values, _FLATTEST))).T, mode="r").T
    return np.asarray(root * np.where(np.diag(root) < 0, -1.0, 1.0))


def shares(log_mass: Sequence[float]) -> np.ndarray:
    """Return the shares of modes by their mass, each at least a tenth before they are made to add up to 1."""
    each = np.exp(np.asarray(log_mass) - logsumexp(log_mass))
    raised = np.maximum(each, _LEAST_SHARE)
    return np.asarray(raised / raised.sum())


@lru_cache(maxsize=8)
def base_points(n: int, k: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return scrambled-Sobol base points (Owen 1998): normals (n, k), chi-square_5, ranks, uniforms."""
    m = int(np.ceil(np.log2(max(n, 2))))
    u = qmc.Sobol(k + 3, scramble=True, rng=np.random.default_rng(seed)).random_base2(m)[:n]
    u = np.clip(u, 1e-12, 1 - 1e-12)
    chi = 2.0 * gammaincinv(NU / 2, u[:, k])
    rank = np.argsort(np.argsort(u[:, k + 1]))
    return ndtri(u[:, :k]), chi, rank, u[:, k + 2]


def stratified(rank: np.ndarray, size: int, seed: int, often: np.ndarray | None = None) -> np.ndarray:
    """Spread particles over `size` population draws: one in each stratum, by rank among the particles (n,).

    Where there are more draws than particles, the seed decides which of a stratum's draws is taken. `often`
    says how much more often than another a draw is taken, (size,).
    """
    place = rank + np.random.default_rng((seed, size)).random(len(rank))
    if often is None:
        return np.minimum((place * size / len(rank)).astype(int), size - 1)
    up_to = np.cumsum(often)
    return np.minimum(np.searchsorted(up_to, place * up_to[-1] / len(rank)), size - 1)


def log_normal(z: np.ndarray) -> np.ndarray:
    """Log-density of N(0, I) at z (n, k)."""
    return np.asarray(-0.5 * np.einsum("ij,ij->i", z, z) - 0.5 * z.shape[1] * np.log(2 * np.pi))
