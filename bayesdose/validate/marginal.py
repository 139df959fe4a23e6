"""The likelihood of a whole subject with its random effects integrated out, by importance sampling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from bayesdose.individual.importance import around
from bayesdose.individual.mode import find_modes
from bayesdose.individual.population import population
from bayesdose.individual.proposal import Proposal, log_normal
from bayesdose.individual.target import Target

if TYPE_CHECKING:
    from bayesdose.individual.compiled import Compiled, Data

Floats = NDArray[np.float64]
_CHUNK = 2**22  # bytes of predictions of one call


class Marginal(NamedTuple):
    """Log marginal likelihood under each draw, and its Monte Carlo error (both (draw,))."""

    value: Floats
    error: Floats


def log_marginal(
    compiled: Compiled, theta: Mapping[str, Floats], data: Data, *, particles: int, seed: int
) -> Marginal:
    """Return log p(levels | theta) of one subject, for each draw of theta.

    Parameters
    ----------
    compiled
        The model's functions.
    theta
        Population name to draws (draw,).
    data
        Event arrays of the subject, from ``compiled.data``.
    particles
        How many z each draw of theta is given.
    seed
        Seeds the z.

    Returns
    -------
    Marginal
        ``log mean_m p(levels | theta, z_m) N(z_m; 0, I) / q(z_m | theta)``. The proposal q is that of
        `condition`: a t around the mode, which moves with theta, mixed with N(0, I), so that weights are
        bounded by the likelihood over the mixed-in share. Subpopulations are summed over; a group effect that
        is not in theta (`Compiled.among`) is that of a new group. The error is the delta method's,
        ``sqrt(var(w) / particles) / mean(w)``.
    """
    target = Target(compiled, data, population(theta))
    proposal = around(target, find_modes(target.objective, target.k)[:1])
    n = len(target.known)
    draw, z = proposal.draw(target.known, n * particles, seed)
    step = max(1, _CHUNK // (8 * max(len(data["record_time"]), 1)))
    parts = [slice(start, start + step) for start in range(0, len(z), step)]
    log_weight = np.concatenate([_log_weight(target, proposal, draw[own], z[own]) for own in parts])
    return _mean(log_weight[np.argsort(draw, kind="stable")].reshape(n, particles))


def _log_weight(target: Target, proposal: Proposal, draw: NDArray[np.intp], z: Floats) -> Floats:
    log_q = proposal.log_density(target.known, draw, z)
    return np.asarray(target.loglik(draw, z) + log_normal(z) - log_q)


def _mean(log_weight: Floats) -> Marginal:
    """Return the log of the mean over particles (draw, particle), and its error; nan counts as impossible."""
    log_weight = np.where(np.isnan(log_weight), -np.inf, log_weight)
    m = log_weight.shape[1]
    value = logsumexp(log_weight, axis=1) - np.log(m)
    with np.errstate(invalid="ignore"):
        w = np.exp(log_weight - value[:, None])
    return Marginal(value, np.sqrt(np.var(w, axis=1) / m))
