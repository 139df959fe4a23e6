"""Draws: the posterior of one patient, equally weighted."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from bayesdose.errors import InputError, explain

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray as xr

    from bayesdose.individual.compiled import Compiled, Data
    from bayesdose.model import Model
    from bayesdose.study import Study


KHAT_LIMIT = 0.7
PRECISION: dict[str, tuple[int, float]] = {"mean": (4096, 400.0), "tails": (16384, 2000.0)}
"""Particles of a round and the least ESS, for means and SDs, and for 5 and 95 % limits."""


@lru_cache(maxsize=64)
def _fresh(seed: int, occasion: int, n: int, k: int) -> np.ndarray:
    """Return the standard-normal variables of an occasion that nobody knows yet, (n, k)."""
    return np.random.default_rng((seed, 1, occasion)).standard_normal((n, k))


@dataclass(frozen=True)
class Diagnostics:
    """How the draws were made and how far they can be trusted.

    Parameters
    ----------
    method
        "importance sampling", "tempered SMC" where that does not serve, or "population draws" where there
        were no levels.
    particles
        How many were drawn, in all rounds.
    khat
        Pareto shape of the importance weights; draws are handed out below 0.7 only. None where there are no
        weights.
    ess, theta_ess
        Effective number of particles, and of distinct population draws.
    z_norm
        Distance of the mode from the typical patient, in SDs of the random effects.
    levels
        How many levels were conditioned on.
    seed, ms
        Seed, and milliseconds of processor time.
    rounds
        Rounds of particles, or steps of tempering.
    precision
        What was asked for: "mean" or "tails".
    log_evidence
        Log of the density of the levels under the fit, random effects and theta integrated out; None without
        levels. Of two models or dose histories the larger tells the levels better.
    """

    method: str
    particles: int
    khat: float | None
    ess: float
    theta_ess: float
    z_norm: float
    levels: int
    seed: int
    ms: float
    rounds: int = 1
    precision: str = "mean"
    log_evidence: float | None = None

    @property
    def khat_limit(self) -> float:
        """What k-hat must stay below."""
        return KHAT_LIMIT

    @property
    def least_ess(self) -> float:
        """What the ESS must reach, for the precision that was asked for."""
        return PRECISION[self.precision][1]

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as a plain dictionary."""
        return asdict(self)


@dataclass(frozen=True)
class Draws:
    """Joint draws of theta and eta for one patient.

    Parameters
    ----------
    data
        theta_*, omega_*, sigma_*, eta_* and the individual parameters (draw,); z (draw, eta). With occasions
        kappa_* (draw, occasion), z_kappa (draw, occasion, kappa), and parameters (draw, record). With
        subpopulations the number of the patient's, from 0 in declared order: subpopulation (draw,).
        Coordinates on draw: ``particle`` (draws of one particle are copies of each other, so Monte Carlo
        errors cluster by it) and ``population_draw``.
    patient
        The study conditioned on.
    diagnostics
        Method, k-hat, ESS, ...
    warnings
        What a reader must know.
    weights
        Normalised weights of the particles, (particle,); None where there are none.
    groups
        Name of each group covariate (study, centre) to the patient's label, and whether its effect is that
        of the fit's group (else it is drawn anew, and the levels inform it).
    central
        Whether an occasion that the draws do not know has kappas of zero, as at a mode and of a typical
        patient; else they are drawn from the population.
    """

    data: xr.Dataset
    patient: Study
    diagnostics: Diagnostics
    compiled: Compiled = field(repr=False)
    warnings: tuple[str, ...] = ()
    weights: np.ndarray | None = field(default=None, repr=False, compare=False)
    groups: Mapping[str, tuple[float, bool]] = field(default_factory=dict)
    central: bool = False

    @property
    def model(self) -> Model:
        """The spec."""
        return self.compiled.model

    def __len__(self) -> int:
        return int(self.data.sizes["draw"])

    def theta(self) -> dict[str, np.ndarray]:
        """Return population name -> (draw,), as the compiled functions take them."""
        return {name: self.data[name].values for name in self.compiled.population}

    def latents(self, data: Data) -> np.ndarray:
        """Return the individual variables for event tables of the patient, (draw, column).

        An occasion that the draws do not know gets kappas from the population, the same at every call; zeros
        where the draws are `central`.

        Parameters
        ----------
        data
            From ``compiled.data``.
        """
        parts = [np.zeros((len(self), 0))]
        for name, shape in self.compiled.shapes(data).items():
            known = self.data[name].values
            if self.compiled.latents[name][0] == "occasion":
                known = self._with_new_occasions(known, data["occasion_label"])
            if known.size != len(self) * int(np.prod(shape)):
                raise InputError(
                    explain(
                        "the table tells other things of the patient than the one conditioned on",
                        came=f"{name} of shape {shape}: a covariate is missing in only one of them",
                        fix="condition again, on this table",
                    )
                )
            parts.append(known.reshape(len(self), int(np.prod(shape))))
        return np.concatenate(parts, axis=1)

    def _with_new_occasions(self, known: np.ndarray, labels: np.ndarray) -> np.ndarray:
        place = {label: k for k, label in enumerate(self.data["occasion"].values.tolist())}
        made = np.empty((len(self), len(labels), known.shape[2]))
        for k, label in enumerate(labels.tolist()):
            if label in place:
                made[:, k] = known[:, place[label]]
            elif self.central:
                made[:, k] = 0.0
            else:
                made[:, k] = _fresh(self.diagnostics.seed, label, len(self), known.shape[2])
        return made

    def members(self) -> np.ndarray | None:
        """Return the number of the patient's subpopulation, (draw, 1); None in a model without them."""
        return self.data["subpopulation"].values[:, None] if self.compiled.subpopulations else None

    @property
    def about_groups(self) -> tuple[str, ...]:
        """A line for each study or centre of the patient: whether the fit knows it."""
        return tuple(
            f"{name} {label:g}: {'as in the fit' if known else 'not in the fit, a new one'}"
            for name, (label, known) in self.groups.items()
        )

    def summary(self, prob: float = 0.9) -> xr.Dataset:
        """Return mean, sd and equal-tailed limits of each individual parameter, on the last record.

        Parameters
        ----------
        prob
            Probability between the limits.
        """
        kept = self.data[list(self.compiled.parameters)]
        if "record" in kept.dims:
            kept = kept.isel(record=-1)
        tails = [(1 - prob) / 2, 1 - (1 - prob) / 2]
        limits = kept.quantile(tails, dim="draw")
        import xarray as xr

        parts = [
            kept.mean("draw"),
            kept.std("draw", ddof=1),
            limits.isel(quantile=0),
            limits.isel(quantile=1),
        ]
        names = ["mean", "sd", "lower", "upper"]
        return xr.concat(
            [p.drop_vars("quantile", errors="ignore") for p in parts], dim="statistic"
        ).assign_coords(statistic=names)

    def __str__(self) -> str:
        d = self.diagnostics
        levels = f"{d.levels} level{'' if d.levels == 1 else 's'}"
        head = f"{len(self)} draws of one patient, {levels}, by {d.method}"
        khat = "" if d.khat is None else f"k-hat {d.khat:.2f}, "
        lines = [
            head,
            f"{khat}ESS {d.ess:.0f} of {d.particles}, theta-ESS {d.theta_ess:.0f}, |z| {d.z_norm:.2f}",
        ]
        lines += self.about_groups
        if "subpopulation" in self.data:
            share = [
                float((self.data["subpopulation"] == k).mean())
                for k in range(len(self.compiled.subpopulations))
            ]
            kinds = zip(self.compiled.subpopulations, share, strict=True)
            lines.append("subpopulation: " + ", ".join(f"{name} {p:.2f}" for name, p in kinds))
        if any(self.data[name].ndim > 1 for name in self.compiled.parameters):
            lines.append("parameters on the last record:")
        table = self.summary()
        for name in self.compiled.parameters:
            mean, sd, low, high = table[name].values
            lines.append(f"  {name:<6} {mean:10.4g}  sd {sd:9.3g}  90 % {low:.4g} to {high:.4g}")
        return "\n".join([*lines, *(f"warning: {text}" for text in self.warnings)])
