"""Fit: a population posterior with its provenance."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from bayesdose.errors import Refused
from bayesdose.fitting.checks import Checks
from bayesdose.model import Model

if TYPE_CHECKING:
    from pathlib import Path

    import xarray as xr


@dataclass(frozen=True)
class Fit:
    """A population posterior with its provenance.

    Parameters
    ----------
    model
        The spec it was made from.
    posterior
        Group ``posterior`` with dims (chain, draw): theta_*, omega_*, sigma_* and, unless saved slim, z,
        eta_* and the individual parameters; group ``sample_stats``.
    provenance
        Spec hash, keyed data hashes, seed, sampler arguments, versions, times, checks.
    """

    model: Model
    posterior: xr.DataTree
    provenance: dict[str, Any] = field(repr=False)

    def __str__(self) -> str:
        data, group = self.provenance["data"], self.posterior["posterior"]
        if origin := self.provenance.get("origin"):
            return f"{self.model.name}: {group.sizes.get('draw', 0)} {origin}"
        if not self.population:
            return f"{self.model.name}: numbers of the spec, no data"
        made = f"{group.sizes.get('chain', 0)} chains of {group.sizes.get('draw', 0)} draws"
        state = "all checks hold" if self.check().passed else "NOT CONVERGED: see fit.check()"
        size = f"{data.get('n_subjects', 0)} subjects, {data.get('n_levels', 0)} levels"
        return f"{self.model.name}: {size}; {made}; {state}"

    @property
    def population(self) -> tuple[str, ...]:
        """Names of theta, omega and sigma."""
        return tuple(self.provenance["population"])

    def check(self) -> Checks:
        """Return the convergence checks made when the model was fitted."""
        return Checks.from_list(self.provenance["checks"])

    @cached_property
    def population_draws(self) -> dict[str, np.ndarray]:
        """The draws of theta, omega and sigma, chains joined: name to float array (draw,)."""
        group = self.posterior["posterior"]
        stacked = {
            name: group[name].transpose("chain", "draw").values.reshape(-1) for name in self.population
        }
        return {name: np.ascontiguousarray(values, dtype=float) for name, values in stacked.items()}

    def effects_of(self, group: str, label: float) -> np.ndarray | None:
        """Return the draws of one study's or centre's standard-normal effects, (draw, column).

        Parameters
        ----------
        group
            A covariate of the card with ``group=True``.
        label
            The number of the study or centre; None is returned for one that was not in the fit.
        """
        labels = [float(known) for known in self.provenance.get("groups", {}).get(group, ())]
        held = self.posterior["posterior"]
        if label not in labels or f"z_{group}" not in held:
            return None
        effects = held[f"z_{group}"].transpose("chain", "draw", ...).values[:, :, labels.index(label)]
        return np.ascontiguousarray(effects.reshape(-1, effects.shape[-1]), dtype=float)

    def save(self, folder: str | Path, *, slim: bool = False) -> Path:
        """Write the fit to a folder, whole or not at all; see ``bayesdose.fitting.storage.save_fit``."""
        from bayesdose.fitting.storage import save_fit

        return save_fit(self, folder, slim=slim)


def complete(made: Fit) -> bool:
    """Whether all draws were made that were asked for: sampling was not interrupted."""
    return all(row.name != "complete (share of draws)" for row in made.check().rows)


def require_converged(made: Fit) -> None:
    """Refuse to go on from a fit whose checks failed.

    Raises
    ------
    Refused
        With the table of checks.
    """
    checks = made.check()
    if not checks.passed:
        raise Refused(f"the fit of {made.model.name} has not converged:\n{checks}")
