"""Leave-one-out cross-validation of a fit: one level, or one subject."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bayesdose.errors import Refused
from bayesdose.individual.compiled import compile_individual
from bayesdose.individual.groups import as_member
from bayesdose.predictive import fitted
from bayesdose.study import events
from bayesdose.validate.marginal import log_marginal
from bayesdose.validate.psis import Loo, psis_loo

if TYPE_CHECKING:
    from bayesdose.fitting import Fit
    from bayesdose.study import Study

_LEVEL = ("ID", "TIME", "DVID", "CENS", "LIMIT", "DV")


def loo(fit: Fit, study: Study, *, draws: int = 2000, seed: int = 0) -> Loo:
    """Leave out one level at a time.

    Parameters
    ----------
    fit
        A population fit that holds its individual draws.
    study
        The study it was made from.
    draws
        How many posterior draws to use.
    seed
        Places counts, categories and what is censored at random between their limits.

    Returns
    -------
    Loo
        How well each level is predicted from all the others, those of its subject among them: it is about
        another level of a known subject. The weights work on the subject's own eta draws, so that k-hat is
        high where a subject has few levels. ``pit`` is the probability, without the level, of one below it
        (Gelfand, Dey & Chang 1992): uniform where the model is right. ``pit_low`` and ``pit_high`` are the
        probabilities of less than what was observed, and of as much or less; where they differ ``pit`` is
        drawn between them (Czado, Gneiting & Held 2009, Biometrics 65:1254). See
        `bayesdose.model.places.places` for what they are of censored and autocorrelated levels and of events.

    Raises
    ------
    InputError
        A slim fit, or another study.
    """
    found = fitted(fit, study, draws=draws, placed=True)
    point = psis_loo(found["log_likelihood"].to_numpy())
    table = pd.DataFrame({name: found[name].to_numpy() for name in ("ID", "TIME", "DVID")})
    table = table.assign(elpd=point.elpd, p_loo=point.p_loo, khat=point.khat)
    weight = np.exp(point.log_weight)
    low, high = (np.sum(weight * found[name].to_numpy(), axis=0) for name in ("below", "at_most"))
    drawn = low + np.random.default_rng(seed).random(len(low)) * (high - low)
    possible = np.isfinite(point.elpd)
    for name, values in (("pit", drawn), ("pit_low", low), ("pit_high", high)):
        table[name] = np.where(possible, np.clip(values, 0.0, 1.0), np.nan)
    return Loo("observation", table, found.sizes["draw"], fit.model.name, fingerprint(study))


def loo_by_subject(fit: Fit, study: Study, *, seed: int, draws: int = 1000, particles: int = 128) -> Loo:
    """Leave out one subject at a time: how well the population predicts a new one.

    Parameters
    ----------
    fit
        A population fit, also a slim one.
    study
        The study it was made from.
    seed
        Seeds the integration over random effects.
    draws
        How many draws of theta, omega and sigma to use.
    particles
        How many random effects each of them is integrated with.

    Returns
    -------
    Loo
        A subject of a study or centre (``bd.between``) that has other subjects is left out as a member of it,
        whose effect the others inform; a column of the table, by the group's name, says "known" or "new".
        Each subject's likelihood has its random effects integrated out under every draw of theta (see
        ``bayesdose.validate.marginal.log_marginal``), then the subject is left out by Pareto-smoothed
        weights. The conditional likelihood, at the subject's own eta draws, would not do: without the
        subject's levels its etas fall back to N(0, omega), where no weight reaches (Merkle, Furr &
        Rabe-Hesketh 2019, Psychometrika 84:802).

    Raises
    ------
    Refused
        When a subject's levels are impossible under the model.
    """
    compiled = compile_individual(fit.model)
    size = len(next(iter(fit.population_draws.values())))
    at = (np.arange(min(draws, size)) * size) // min(draws, size)
    alone = _alone(study, compiled.declaration.groups)
    columns, errors = [], []
    groups: dict[str, list[str]] = {name: [] for name in compiled.declaration.groups}
    for subject in study.ids:
        data = compiled.data(events(study.select([subject])))
        own, known, placed = as_member(fit, compiled, data, new=alone[subject])
        try:
            found = log_marginal(own, known.at(at), data, particles=particles, seed=seed)
        except Refused as reason:
            raise Refused(f"subject {subject}: {reason}") from reason
        columns.append(found.value)
        errors.append(float(np.median(found.error)))
        for name, (_, there) in placed.items():
            groups[name].append("known" if there else "new")
    point = psis_loo(np.stack(columns, axis=1))
    table = pd.DataFrame({"ID": list(study.ids), "elpd": point.elpd, "p_loo": point.p_loo})
    table = table.assign(khat=point.khat, inner_se=errors, **groups)
    return Loo("subject", table, len(at), fit.model.name, fingerprint(study))


def _alone(study: Study, groups: list[str]) -> dict[str, list[str]]:
    """Return, for each subject, the groups that it is the only subject of."""
    first = study.records.drop_duplicates("ID").set_index("ID")
    single = {name: ~first[name].duplicated(keep=False) for name in groups}
    return {subject: [name for name in groups if single[name][subject]] for subject in study.ids}


def fingerprint(study: Study) -> str:
    """Return a hash of the levels that count; two studies agree in it when these are the same."""
    levels = study.levels
    text = levels[list(_LEVEL)].to_csv(index=False, float_format="%.12g")
    return hashlib.sha256(text.encode()).hexdigest()[:32]
