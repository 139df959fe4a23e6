"""Several accounts of one patient, models or dose histories, each as probable as the levels make it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy.special import logsumexp

from bayesdose.errors import Impossible, InputError, Refused, explain
from bayesdose.fitting import Fit
from bayesdose.individual.conditioning import condition
from bayesdose.individual.draws import Draws
from bayesdose.study import Histories, Study


@dataclass(frozen=True)
class Alternatives:
    """Models or dose histories of one patient, with their posterior probabilities.

    Parameters
    ----------
    prior, probability
        Name of each to its probability before and after the levels.
    log_evidence
        Log of the density of the levels under each; minus infinity where they are impossible, nan without
        levels.
    error
        Its Monte Carlo standard error, from the effective number of particles.
    draws
        The patient's draws under each that is possible.
    """

    prior: Mapping[str, float]
    probability: Mapping[str, float]
    log_evidence: Mapping[str, float]
    error: Mapping[str, float]
    draws: Mapping[str, Draws]

    @property
    def best(self) -> str:
        """Name of the most probable one."""
        return max(self.probability, key=self.probability.__getitem__)

    def __str__(self) -> str:
        width = max(len(name) for name in self.prior)
        lines = [f"{'':<{width}}  prior  posterior  log evidence"]
        for name in sorted(self.prior, key=self.probability.__getitem__, reverse=True):
            evidence = f"{self.log_evidence[name]:12.2f}" + f" ± {self.error[name]:.2f}" * (
                name in self.draws
            )
            lines.append(f"{name:<{width}}  {self.prior[name]:5.3f}  {self.probability[name]:9.3f}{evidence}")
        return "\n".join(lines)


def weigh(
    fit: Fit | Mapping[str, Fit],
    patient: Study | Mapping[str, Study] | Histories,
    *,
    seed: int,
    prior: Mapping[str, float] | None = None,
    precision: str = "mean",
) -> Alternatives:
    """Condition on a patient under several models or dose histories, and weigh these by the levels.

    Parameters
    ----------
    fit
        A fit; or several by name, of models of the same drug.
    patient
        A study of one subject; or several by name, or `Histories`. Where both are several, names agree.
    seed, precision
        As in `condition`.
    prior
        Name to probability; those of `Histories`, or the same for all, unless given.

    Returns
    -------
    Alternatives
        ``probability[name]`` is proportional to prior times evidence, ``p(levels | name)`` with random
        effects and theta integrated out (Kass & Raftery 1995, J Am Stat Assoc 90:773).

    Raises
    ------
    InputError
        When names do not match, or the accounts tell different levels: their evidence cannot be compared.
    Refused
        When the posterior of one that is possible cannot be relied on, or all are impossible.
    """
    if prior is None and isinstance(patient, Histories):
        prior = patient.prior
    pairs = _pairs(fit, patient.studies if isinstance(patient, Histories) else patient)
    believed = _prior(list(pairs), prior)
    _require_same_levels({name: told for name, (_, told) in pairs.items()})
    draws: dict[str, Draws] = {}
    evidence, error = dict.fromkeys(pairs, -np.inf), dict.fromkeys(pairs, np.nan)
    for name, (own, told) in pairs.items():
        try:
            me = condition(own, told, seed=seed, precision=precision)
        except Impossible:
            continue
        except Refused as reason:
            raise Refused(f"{name}: {reason}") from reason
        draws[name] = me
        evidence[name] = np.nan if me.diagnostics.log_evidence is None else me.diagnostics.log_evidence
        error[name] = 1.0 / np.sqrt(me.diagnostics.ess)
    return Alternatives(believed, _posterior(believed, evidence), evidence, error, draws)


def averaged(parts: Mapping[str, xr.Dataset], alternatives: Alternatives, *, seed: int) -> xr.Dataset:
    """Mix what was computed under each account: draws of each in proportion to its probability.

    Parameters
    ----------
    parts
        Name to a Dataset with dim draw: an Outcome of `simulate`, of `predict`, or ``draws.data[["CL"]]``.
        The same variables, dims and options in each.
    alternatives
        From `weigh`.
    seed
        Chooses the draws of each.

    Returns
    -------
    xarray.Dataset
        As many draws as the smallest part has; coordinate ``alternative`` says whose a draw is. Numbers of
        particles and of population draws do not repeat between alternatives, so that Monte Carlo errors
        cluster as before.

    Raises
    ------
    InputError
        When a part with some probability is missing, or parts differ in their variables or options.
    """
    names = [name for name, p in alternatives.probability.items() if p > 0]
    _require_alike({name: parts[name] for name in names if name in parts}, names)
    n = min(parts[name].sizes["draw"] for name in names)
    shares = np.array([alternatives.probability[name] for name in names])
    whose = np.searchsorted(np.cumsum(shares), (np.arange(n) + 0.5) / n)
    rng, made, most = np.random.default_rng((seed, 4)), [], [0, 0]
    for k, name in enumerate(names):
        own = parts[name]
        picked = np.sort(rng.choice(own.sizes["draw"], int((whose == k).sum()), replace=False))
        chosen = own.isel(draw=picked)
        for j, label in enumerate(("particle", "population_draw")):
            if label in chosen.coords:
                chosen = chosen.assign_coords({label: chosen[label] + most[j]})
                most[j] += int(own[label].max()) + 1
        made.append(chosen.assign_coords(alternative=("draw", [name] * len(picked))))
    joined = xr.concat(made, dim="draw", combine_attrs="drop_conflicts", join="exact")
    return joined.assign_coords(draw=np.arange(n))


def _pairs(
    fit: Fit | Mapping[str, Fit], patient: Study | Mapping[str, Study]
) -> dict[str, tuple[Fit, Study]]:
    if isinstance(fit, Mapping) and isinstance(patient, Mapping):
        if set(fit) != set(patient):
            raise InputError(
                explain(
                    "models and histories do not have the same names",
                    came=", ".join(patient),
                    expected=", ".join(fit),
                )
            )
        return {name: (fit[name], patient[name]) for name in fit}
    if isinstance(fit, Mapping):
        return {name: (one, patient) for name, one in fit.items() if isinstance(patient, Study)}
    if isinstance(patient, Mapping):
        return {name: (fit, told) for name, told in patient.items()}
    raise InputError(
        explain(
            "weigh compares several models or several histories of a patient",
            came="one of each",
            expected='{"Goti": fit, "Colin": other}, or bd.missed_doses(patient)',
        )
    )


def _prior(names: list[str], prior: Mapping[str, float] | None) -> dict[str, float]:
    if prior is None:
        return {name: 1.0 / len(names) for name in names}
    if set(prior) != set(names) or not np.isclose(sum(prior.values()), 1.0) or min(prior.values()) < 0:
        raise InputError(
            explain(
                "prior probabilities do not belong to what is weighed",
                came=", ".join(f"{name}: {p:g}" for name, p in prior.items()),
                expected=f"one for each of {', '.join(names)}, adding up to 1",
            )
        )
    return {name: float(prior[name]) for name in names}


def _posterior(prior: Mapping[str, float], evidence: Mapping[str, float]) -> dict[str, float]:
    """Return prior times evidence, adding up to 1; the prior where there are no levels."""
    if any(np.isnan(value) for value in evidence.values()):
        return dict(prior)
    with np.errstate(divide="ignore"):
        log = np.array([np.log(prior[name]) + evidence[name] for name in prior])
    if not np.isfinite(log).any():
        raise Refused(
            explain(
                "the levels are impossible under every account of the patient",
                came=", ".join(prior),
                fix="check the times of doses and levels",
            )
        )
    return dict(zip(prior, np.exp(log - logsumexp(log)).tolist(), strict=True))


def _require_same_levels(told: Mapping[str, Study]) -> None:
    """Refuse levels that differ: a density of two levels says nothing beside one of three."""
    first = next(iter(told.values()))
    columns = ["DV", "DVID", "CENS"]
    for name, other in list(told.items())[1:]:
        mine, theirs = (s.levels[columns].sort_values(columns).to_numpy() for s in (first, other))
        if mine.shape != theirs.shape or not np.array_equal(mine, theirs):
            raise InputError(
                explain(
                    f"{name} tells other levels than {next(iter(told))}",
                    came=f"{len(theirs)} levels",
                    expected=f"the same {len(mine)} in each: evidence is of the levels",
                )
            )


def _require_alike(parts: Mapping[str, xr.Dataset], names: list[str]) -> None:
    missing = [name for name in names if name not in parts]
    if missing:
        raise InputError(
            explain(
                f"there is nothing of {missing[0]!r}, which has some probability", expected=", ".join(names)
            )
        )
    first = parts[names[0]]
    for name in names[1:]:
        other = parts[name]
        same = "option" not in first.coords or first["option"].equals(other["option"])
        if set(first.data_vars) != set(other.data_vars) or not same:
            raise InputError(
                explain(
                    f"what was computed of {name!r} is not that of {names[0]!r}",
                    came=", ".join(map(str, other.data_vars)),
                    expected=f"{', '.join(map(str, first.data_vars))}, for the same options",
                    fix="simulate the same metrics and options under each: options.after(me.patient)",
                )
            )
