"""One patient from scratch, by NumPy and SciPy: a twin of `map_estimate` and `condition`.

Textbook closed forms summed over doses (Gibaldi & Perrier, Pharmacokinetics, 2nd ed. 1982, ch. 2), -log of
the joint density of levels and etas minimised by SciPy from many starts, and posteriors by weighing draws of
the prior or by many chains of random-walk Metropolis. Nothing of the package is used. An eta is a vector on
its own scale, normal with covariance `omega`; functions take many of them, (n, eta).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

Floats = np.ndarray
Doses = Sequence[tuple[float, float, float]]  # time, amount, duration (0: at once)


def one_compartment(CL: Floats, V: Floats) -> tuple[Floats, Floats]:
    """Coefficients and rates, (term, n), of the concentration after one unit at once."""
    return np.stack([1 / V]), np.stack([CL / V])


def two_compartments(CL: Floats, V1: Floats, Q: Floats, V2: Floats) -> tuple[Floats, Floats]:
    k10, k12, k21 = CL / V1, Q / V1, Q / V2
    total = k10 + k12 + k21
    fast = (total + np.sqrt(total**2 - 4 * k10 * k21)) / 2
    slow = k10 * k21 / fast
    both = np.stack([(fast - k21) / (fast - slow), (k21 - slow) / (fast - slow)]) / V1
    return both, np.stack([fast, slow])


def absorbed(terms: tuple[Floats, Floats], ka: Floats) -> tuple[Floats, Floats]:
    """The terms when the unit comes through a depot."""
    c, rate = terms
    through = c * ka / (ka - rate)
    return np.vstack([through, -through.sum(axis=0)[None]]), np.vstack([rate, ka[None]])


def levels(
    times: Sequence[float], doses: Doses, terms: tuple[Floats, Floats], lag: Floats | float = 0.0
) -> Floats:
    """Concentrations (n, time); a level at the time of a dose was drawn before it."""
    c, rate = terms
    at, amount, duration = (np.asarray(column, float)[:, None] for column in zip(*doses, strict=True))
    at_once, made = duration == 0, np.zeros((rate.shape[1], len(times)))
    length = np.where(at_once, 1.0, duration)
    for j, t in enumerate(times):
        since = np.broadcast_to(t - at - lag, (len(at), rate.shape[1]))  # (dose, n)
        during, after = np.clip(since, 0, length)[:, None], np.maximum(since - length, 0)[:, None]
        run = amount / length * np.sum(-c / rate * np.expm1(-rate * during) * np.exp(-rate * after), axis=1)
        fall = amount * np.sum(c * np.exp(-rate * np.maximum(since, 0)[:, None]), axis=1)
        made[:, j] = np.where(at_once, np.where(since > 0, fall, 0.0), run).sum(axis=0)
    return made


def normal(y: Sequence[float], f: Floats, sd: Floats | float, below: Sequence[bool] = ()) -> Floats:
    """Log-density of levels, (n,); of those told below their value, the probability to be (M3)."""
    y, sd = np.asarray(y), np.broadcast_to(sd, f.shape)
    each = stats.norm.logpdf(y, f, np.where(sd > 0, sd, 1.0))
    if len(below):
        each = np.where(below, stats.norm.logcdf(y, f, np.where(sd > 0, sd, 1.0)), each)
    sure = np.where((y > f) if len(below) else np.zeros(f.shape, bool), 0.0, -np.inf)
    return np.where(sd > 0, each, sure).sum(axis=1)


@dataclass(frozen=True)
class Bedside:
    """A patient: the log-likelihood of etas (n, eta), and their covariance."""

    loglik: Callable[[Floats], Floats]
    omega: Floats

    @property
    def k(self) -> int:
        return len(self.omega)

    def log_joint(self, eta: Floats) -> Floats:
        root = np.linalg.cholesky(self.omega)
        z = np.linalg.solve(root, eta.T)
        prior = stats.norm.logpdf(z).sum(axis=0) - np.log(np.diag(root)).sum()
        with np.errstate(all="ignore"):
            found = self.loglik(eta) + prior
        return np.where(np.isnan(found), -np.inf, found)

    def prior(self, n: int, rng: np.random.Generator) -> Floats:
        return rng.standard_normal((n, self.k)) @ np.linalg.cholesky(self.omega).T


def mode(of: Bedside, *, starts: int = 12, seed: int = 0) -> tuple[Floats, float]:
    """The eta of highest joint density, and -2 log of that: BFGS from several starts, then a simplex."""
    root = np.linalg.cholesky(of.omega)
    steps = 1e-5 * np.vstack([np.eye(of.k), -np.eye(of.k)])

    def f(z: Floats) -> float:
        return min(float(-of.log_joint((root @ z)[None])[0]), 1e12)

    def slope(z: Floats) -> Floats:
        up, down = np.split(-of.log_joint((z + steps) @ root.T), 2)
        return np.nan_to_num((up - down) / 2e-5)

    first = np.random.default_rng(seed).standard_normal((40 * starts, of.k))
    first[0] = 0.0
    best = first[np.argsort(-of.log_joint(first @ root.T))[:starts]]
    found = [optimize.minimize(f, z, method="BFGS", jac=slope, options={"gtol": 1e-7}) for z in best]
    lowest = min(found, key=lambda one: one.fun).x
    tight = {"xatol": 1e-8, "fatol": 1e-12, "maxiter": 2000, "maxfev": 2000, "adaptive": True}
    simplex = lowest + 1e-4 * np.vstack([np.zeros(of.k), np.eye(of.k)])
    lowest = optimize.minimize(
        f, lowest, method="Nelder-Mead", options=tight | {"initial_simplex": simplex}
    ).x
    return root @ lowest, 2 * f(lowest)


def metropolis(
    of: Bedside, *, seed: int, chains: int = 400, warm: int = 500, steps: int = 1500, every: int = 10
) -> Floats:
    """Etas (draw, eta) of many chains that begin at weighed draws of the prior; no mode, no derivative."""
    rng = np.random.default_rng(seed)
    offered = of.prior(100 * chains, rng)
    loglik = of.loglik(offered)
    weight = np.exp(loglik - np.nanmax(loglik))
    weight = np.where(np.isfinite(weight), weight, 0.0)
    x = offered[rng.choice(len(offered), chains, p=weight / weight.sum())]
    value, scale, kept = of.log_joint(x), 2.38 / np.sqrt(of.k), []
    root = np.linalg.cholesky(of.omega) * 0.3
    for step in range(warm + steps):
        if step < warm and step % 25 == 24:  # the spread of the chains sets the step, in the warm-up alone
            spread = np.atleast_2d(np.cov(x.T))
            root = np.linalg.cholesky(spread + 1e-8 * np.diag(np.diag(of.omega)))
        offer = x + scale * rng.standard_normal(x.shape) @ root.T
        found = of.log_joint(offer)
        taken = np.log(rng.random(chains)) < found - value
        x, value = np.where(taken[:, None], offer, x), np.where(taken, found, value)
        if step < warm:
            scale *= np.exp(0.1 * (taken.mean() - 0.3))
        elif step % every == 0:
            kept.append(x)
    return np.concatenate(kept)


def summary(values: Floats, weight: Floats | None = None) -> Floats:
    """Mean, SD, and 5 and 95 % limits of each column, (4, column)."""
    weight = np.full(len(values), 1.0) if weight is None else weight
    weight = weight / weight.sum()
    mean = weight @ values
    sd = np.sqrt(weight @ (values - mean) ** 2)
    limits = []
    for column in values.T:
        order = np.argsort(column)
        limits.append(np.interp([0.05, 0.95], np.cumsum(weight[order]) - 0.5 * weight[order], column[order]))
    return np.vstack([mean, sd, np.transpose(limits)])


def ridge(of: Bedside, held: int, grid: Floats, starts: Floats) -> Floats:
    """Mean, SD and limits of each eta where levels are so precise that the posterior is a curved ridge.

    One eta is held at the points of a grid, upwards and downwards from each start (one for each branch); the
    others are integrated out around their mode there (Laplace), exact as the residual error goes to 0.
    """
    rest = [j for j in range(of.k) if j != held]
    unit, found = np.sqrt(np.diag(of.omega)), {}
    for start in starts:
        middle = int(np.searchsorted(grid, start[held]))
        for side in (range(middle, len(grid)), range(middle - 1, -1, -1)):
            near = np.array(start, float)
            for i in side:
                near[held] = grid[i]
                log_mass, near = _across(of, near, rest, unit)
                found[i, *np.round(near / unit, 3)] = (log_mass, near.copy())  # one branch found twice is one
    log_mass, points = (np.array(column) for column in zip(*found.values(), strict=True))
    weight = np.exp(log_mass - log_mass.max())
    return summary(points[weight > 1e-10], weight[weight > 1e-10])


def _across(of: Bedside, near: Floats, rest: list[int], unit: Floats) -> tuple[float, Floats]:
    """Newton's method over the other etas; the log of the integral over them, and where its mode is."""
    k, h = len(rest), 1e-6
    steps = np.zeros((k, of.k))
    steps[np.arange(k), rest] = h * unit[rest]
    corners = [s * a + t * b for a in steps for b in steps for s in (1, -1) for t in (1, -1)]
    x = near.copy()
    for _ in range(60):
        f = -of.log_joint(x + np.array([*steps, *-steps, *corners, np.zeros(of.k)]))
        slope = (f[:k] - f[k : 2 * k]) / (2 * h)
        curve = (f[2 * k : -1].reshape(k, k, 4) @ [1, -1, -1, 1]) / (4 * h**2)
        values, vectors = np.linalg.eigh((curve + curve.T) / 2)
        values = np.maximum(np.abs(values), 1.0)
        step = vectors @ ((vectors.T @ slope) / values)
        tries = x - np.array([[length] for length in (1, 0.5, 0.25, 0.1, 0.02)]) * (step @ steps) / h
        found = -of.log_joint(tries)
        if not found.min() < f[-1]:
            break
        x = tries[np.argmin(found)]
    return float(-f[-1] - 0.5 * np.log(values).sum()), x
