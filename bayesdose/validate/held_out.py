"""Coverage: how often levels of subjects who were not in the fit are within their predictive intervals."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from bayesdose.errors import InputError, Refused, explain
from bayesdose.fitting import fit as fit_population
from bayesdose.fitting import levels_in_fit
from bayesdose.individual import condition
from bayesdose.predictive import design
from bayesdose.simulation import predict
from bayesdose.study import Study, events
from bayesdose.validate.assay import assay_of
from bayesdose.validate.binomial import clustered_interval
from bayesdose.validate.distribution_errors import drawn_place
from bayesdose.validate.levels import COUNTED, SORT, sorts
from bayesdose.validate.places_ahead import places_ahead

if TYPE_CHECKING:
    from bayesdose.fitting import Fit
    from bayesdose.individual import Draws

NOMINAL = (0.5, 0.8, 0.9, 0.95)
"""Probabilities of the predictive intervals, equal tails."""

LEVEL_COLUMNS = (
    "of",
    "row",
    "subject",
    "known",
    "ahead",
    "TIME",
    "DVID",
    "DV",
    "censored",
    "median",
    "low90",
    "high90",
    "place",
)
"""Columns of a Coverage's levels."""


@dataclass(frozen=True, eq=False)
class Coverage:
    """How often held-out levels are within their predictive intervals.

    Parameters
    ----------
    table
        One row per sort of level, number of levels known and `NOMINAL` probability, columns of (the sort:
        continuous levels, counts and categories, or the name of the kind of event), known, nominal, n (levels
        predicted), subjects, covered (share within), low and high (its 95 % interval, levels of a subject
        being alike: `clustered_interval`), off (how far the nominal probability is outside that interval).
    levels
        One row per predicted level, columns `LEVEL_COLUMNS`: its sort, its number among the study's levels
        and that of its subject (both from 0), how many levels were known, the how-manieth after these it is,
        its time, kind and value, median and 90 % interval of the prediction (nan of events), and its place in
        the predictive distribution (of a censored level at random within what is known of it, of a count or
        category between the probabilities of less, and of as much or less; of an event see `places_ahead`).
    folds
        One row per refit: its number from 1, subjects held out, and the names of the convergence checks that
        failed. Empty where nothing was refitted.
    refused
        One row per subject and number of levels known whose posterior was refused: subject, known, reason.
    conditioned
        How many posteriors were asked for.
    """

    table: pd.DataFrame
    levels: pd.DataFrame
    folds: pd.DataFrame
    refused: pd.DataFrame
    conditioned: int

    @property
    def unconverged(self) -> int:
        """How many refits failed a convergence check."""
        return int((self.folds["failed"] != "").sum())

    def __str__(self) -> str:
        shown = self.table if len(set(self.table["of"])) > 1 else self.table.drop(columns="of")
        return shown.to_string(index=False, float_format=lambda value: f"{value:.3f}")


def coverage(
    fit: Fit,
    study: Study,
    *,
    seed: int,
    folds: int | None = None,
    known: Sequence[int] = (0, 1),
    draws: int = 2000,
    sampling: Mapping[str, Any] | None = None,
    say: Callable[[str], None] | None = None,
) -> Coverage:
    """Predict the levels of subjects who were not in the fit, before and after their first levels.

    Parameters
    ----------
    fit
        A population fit. With `folds` only its model and its sampler's arguments are used.
    study
        Subjects who were not in the fit; with `folds`, the study that was fitted.
    seed
        Of folds, refits, conditioning and residual errors.
    folds
        Into how many groups subjects are dealt at random; each is predicted from a refit of all others.
        Unless given nothing is refitted.
    known
        Numbers of first levels to condition on; every later level of the subject is predicted, under the
        doses it was given. 0: from covariates and doses alone.
    draws
        Of each predictive distribution.
    sampling
        Arguments of `bayesdose.fit` for the refits; those of the fit unless given.
    say
        Called with a line about each fold.

    Returns
    -------
    Coverage

    Raises
    ------
    InputError
        When levels of the study were in the fit and nothing is refitted, or there are more folds than
        subjects.
    """
    _refuse_double_use(fit, study, folds)
    parts, refused, made, asked = [], [], [], 0
    for k, (used, held) in enumerate(_folds(fit, study, folds, seed, sampling, say or (lambda text: None))):
        if folds is not None:
            failed = ", ".join(row.name for row in used.check() if not row.passed)
            made.append({"fold": k + 1, "subjects": held.n_subjects, "failed": failed})
        for subject in held.ids:
            for n in known:
                found = _predicted(used, study, subject, n, draws, seed)
                asked += found is not None
                if isinstance(found, pd.DataFrame):
                    parts.append(found)
                elif found is not None:
                    refused.append({"subject": study.ids.index(subject), "known": n, "reason": found})
    if not parts:
        raise InputError(explain("there is no level to predict", came=f"known={tuple(known)}"))
    levels = pd.concat(parts, ignore_index=True).sort_values(["known", "row"], ignore_index=True)
    return Coverage(
        table=covered(levels),
        levels=levels,
        folds=pd.DataFrame(made, columns=["fold", "subjects", "failed"]),
        refused=pd.DataFrame(refused, columns=["subject", "known", "reason"]),
        conditioned=asked,
    )


def covered(levels: pd.DataFrame, nominal: Sequence[float] = NOMINAL) -> pd.DataFrame:
    """Return the table of a Coverage from its levels (columns of, known, subject, place)."""
    rows = []
    for sort, n in sorted(set(zip(levels["of"], levels["known"], strict=True)), key=_continuous_first):
        own = levels[(levels["of"] == sort) & (levels["known"] == n)]
        for p in nominal:
            within = (own["place"] - 0.5).abs() <= p / 2
            share, low, high = clustered_interval(within, own["subject"])
            counts = {"n": len(own), "subjects": own["subject"].nunique()}
            off = max(0.0, low - p, p - high)
            which = {"of": sort, "known": n, "nominal": p}
            rows.append({**which, **counts, "covered": share, "low": low, "high": high, "off": off})
    return pd.DataFrame(rows)


def _continuous_first(group: tuple[str, int]) -> tuple[bool, str, int]:
    return group[0] != SORT, *group


def _refuse_double_use(fit: Fit, study: Study, folds: int | None) -> None:
    if folds is not None:
        if not 2 <= folds <= study.n_subjects:
            raise InputError(
                explain(
                    "subjects cannot be dealt into so many folds",
                    came=folds,
                    expected=f"2 to {study.n_subjects}, the number of subjects",
                )
            )
        return
    again = levels_in_fit(study, fit.provenance["data"])
    if again:
        raise InputError(
            explain(
                "coverage is of subjects who were not in the fit",
                came=f"{again} levels that were",
                fix="folds=5, or a study of other subjects",
            )
        )


def _folds(
    fit: Fit,
    study: Study,
    folds: int | None,
    seed: int,
    sampling: Mapping[str, Any] | None,
    say: Callable[[str], None],
) -> Iterator[tuple[Fit, Study]]:
    """Yield fits, and the subjects to predict with each."""
    if folds is None:
        yield fit, study
        return
    kept = ("draws", "tune", "chains", "target_accept", "centred", "adaptation")
    asked = {k: v for k, v in fit.provenance.get("sampler", {}).items() if k in kept} | dict(sampling or {})
    order = np.random.default_rng((seed, 1)).permutation(study.n_subjects)
    for k, part in enumerate(np.array_split(order, folds)):
        ids = [study.ids[i] for i in sorted(part)]
        say(f"fold {k + 1} of {folds}: fitting without {len(ids)} subjects")
        others = study.drop(ids)
        yield fit_population(fit.model, others, seed=seed + k, progress=False, **asked), study.select(ids)


def _predicted(
    fit: Fit, study: Study, subject: str, known: int, draws: int, seed: int
) -> pd.DataFrame | str | None:
    """Return the levels after the first `known`, predicted; the reason of a refusal; None without any."""
    own, rows = study.select(subject), np.flatnonzero(study.levels["ID"].to_numpy() == subject)
    if len(rows) <= known:
        return None
    patient = own.first_levels(known) if known else own.without_levels()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of a refit that failed its checks: see `folds`
            me = condition(fit, patient, seed=seed, draws=draws)
    except Refused as reason:
        return str(reason)
    return _table(me, own, rows, study.ids.index(subject), known, seed)


def _table(me: Draws, own: Study, rows: np.ndarray, subject: int, known: int, seed: int) -> pd.DataFrame:
    at = design(own, events(own))
    levels = xr.Dataset(coords={"observed" if name == "DV" else name: axis for name, axis in at.items()})
    assay = assay_of(levels)
    measured = predict(me, own, residual=True, seed=seed)["measurement"].to_numpy()
    rng = np.random.default_rng((seed, subject, known))
    sort, place = sorts(me, levels["DVID"].to_numpy()), drawn_place(assay, measured, rng)
    if (sort != SORT).any():
        least, most = places_ahead(me, own, known)
        place = np.where(sort == SORT, place, least + rng.random(len(rows)) * (most - least))
    event = ~np.isin(sort, (SORT, COUNTED))
    bounds = np.where(event, np.nan, np.quantile(measured, [0.5, 0.05, 0.95], axis=0))
    columns = (
        sort,
        rows,
        subject,
        known,
        np.arange(len(rows)) - known + 1,
        *(levels[name].to_numpy() for name in ("TIME", "DVID", "observed")),
        assay.censored,
        *bounds,
        place,
    )
    return pd.DataFrame(dict(zip(LEVEL_COLUMNS, columns, strict=True)))[known:]
