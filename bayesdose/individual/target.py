"""The density that conditioning draws from: the levels of one patient under each population draw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bayesdose.errors import InputError, Refused, explain
from bayesdose.individual.compiled import Compiled, Data
from bayesdose.individual.mode import Mode
from bayesdose.individual.population import Population
from bayesdose.individual.proposal import log_normal
from bayesdose.study import Study

_UNKNOWN = 0.01  # share of particles whose density may be no number


@dataclass(frozen=True)
class Target:
    """p(theta, z | population data, levels), theta by the number of a population draw.

    Parameters
    ----------
    compiled, data
        The model, and the patient's tables.
    known
        The population's draws.
    """

    compiled: Compiled
    data: Data
    known: Population

    @property
    def k(self) -> int:
        """Number of individual variables."""
        return self.compiled.size(self.data)

    def loglik(self, draw: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Return the log-likelihood of each particle, (n,).

        Raises
        ------
        Refused
            When it is no number at more than one particle in a hundred; fewer count as impossible.
        """
        values = self.compiled.loglik(self.known.at(draw), z, self.data)
        unknown = float(np.isnan(values).mean())
        if unknown > _UNKNOWN:
            raise Refused(
                explain(
                    "the density of this patient's levels cannot be computed",
                    came=f"not a number at {100 * unknown:.0f} % of the particles",
                    expected="a number, or zero, everywhere the proposal reaches",
                    fix="look for what overflows: a prior far too wide, a time or an amount in another unit",
                )
            )
        return np.where(np.isnan(values), -np.inf, values)

    def objective(self, z: np.ndarray) -> np.ndarray:
        """Return the negative log-density of z (n, eta) at the centre of the population draws."""
        p = self.known.t.shape[1]
        theta: Mapping[str, np.ndarray] = self.known.natural(np.zeros((len(z), p)))
        return np.asarray(-(self.compiled.loglik(theta, z, self.data) + log_normal(z)))

    def shift(self, mode: Mode) -> np.ndarray:
        """Differentiate the mode with respect to theta, (eta, theta): ``-H^-1 d2(-log p)/dz dtheta``.

        By central differences in one batched call; theta transformed as in `Population`.
        """
        k, p = len(mode.z), self.known.t.shape[1]
        if k == 0 or p == 0:
            return np.zeros((k, p))
        h, d = np.maximum(0.1 * self.known.sd, 1e-6), 1e-3
        signs = np.array([(1, 1), (1, -1), (-1, 1), (-1, -1)])
        zs = mode.z + d * signs[:, 0][None, None, :, None] * np.eye(k)[:, None, None, :]
        ts = signs[:, 1][None, None, :, None] * (h * np.eye(p))[None, :, None, :]
        zs, ts = (np.broadcast_to(x, (k, p, 4, x.shape[-1])).reshape(-1, x.shape[-1]) for x in (zs, ts))
        f = -(self.compiled.loglik(self.known.natural(ts), zs, self.data) + log_normal(zs))
        with np.errstate(invalid="ignore"):  # infinite less infinite, where the levels are impossible
            mixed = (f.reshape(k, p, 4) @ np.array([1.0, -1.0, -1.0, 1.0])) / (4 * d * h)
        return np.asarray(-np.linalg.solve(mode.hessian, np.where(np.isfinite(mixed), mixed, 0.0)))


def require_parameters(
    compiled: Compiled, theta: Mapping[str, np.ndarray], data: Data, patient: Study
) -> None:
    """Complain where the patient's covariates leave a parameter without a value.

    Such as a code of a category that the model has no factor for: every level and every dose would be nan.
    theta is of one particle.
    """
    member = np.zeros((1, 1)) if compiled.subpopulations else None
    found = compiled.individual(theta, np.zeros((1, compiled.size(data))), data, member)
    unknown = [name for name in compiled.parameters if np.isnan(found[name]).any()]
    if not unknown:
        return
    last = patient.records.iloc[-1]
    raise InputError(
        explain(
            f"{' and '.join(unknown)} of this patient {'is' if len(unknown) == 1 else 'are'} not a number",
            came=", ".join(f"{c.name} {last[c.name]:g}" for c in patient.card.covariates) or "no covariates",
            meant="a code of a category that the model has no value for, or a number far outside",
            fix="correct the covariate; codes=(...) on the card's Covariate lets tables be checked for it",
        )
    )
