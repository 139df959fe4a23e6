"""Should a group be treated, tested or labelled at all? What acting on a label of risk gains."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from bayesdose.decision import criteria
from bayesdose.economics.arrays import check_probability, draws_of, interval, shown, together
from bayesdose.errors import InputError, explain

NOBODY, EVERYONE, ACT, ONLY = "treat nobody", "treat everyone", "act on the label", "label, not acting"


@dataclass(frozen=True, eq=False)
class LabelGain:
    """What a label brings per person of the population; ``print`` says it.

    Parameters
    ----------
    U
        Gain (draw, option) against treating nobody, options "treat nobody", "treat everyone", "act on the
        label" and "label, not acting": a utility for `decide`.
    table
        Index option: gain, low, high, p_best.
    labelled
        Share of the population that gets the label.
    break_even_harm
        Harm of being labelled at which acting on the label is no better than the best without it.
    break_even_follow
        Share of those labelled who must be treated for that; infinite where it cannot be.
    probability
        Of the intervals.
    """

    U: xr.DataArray
    table: pd.DataFrame
    labelled: float
    break_even_harm: float
    break_even_follow: float
    probability: float

    @property
    def best(self) -> str:
        """The option with the highest expected gain."""
        return str(self.table["gain"].idxmax())

    @property
    def worth_it(self) -> bool:
        """Whether acting on the label is expected to beat treating nobody, and everyone."""
        return self.best == ACT

    def __str__(self) -> str:
        head = shown(self.table, f"Gain per person, {100 * self.probability:g} % intervals")
        return f"{head}\n  best: {self.best}; {100 * self.labelled:.3g} % are labelled\n  {self._condition()}"

    def _condition(self) -> str:
        if self.break_even_harm <= 0:
            return "acting on the label would not pay even if the label itself harmed nobody"
        words = (
            f"acting on it pays while a label harms less than {self.break_even_harm:.3g} per person labelled"
        )
        if self.break_even_follow > 1:
            return words
        return f"{words}, and at least {100 * self.break_even_follow:.3g} % of those labelled are treated"


def label_gain(
    benefit: xr.DataArray,
    labelled: xr.DataArray,
    *,
    label_harm: float | xr.DataArray = 0.0,
    test_cost: float | xr.DataArray = 0.0,
    follow: float | xr.DataArray = 1.0,
    probability: float = 0.95,
) -> LabelGain:
    """Return what it gains to label people at risk and to act on it.

    Per person of the population: treating everyone gains the mean of `benefit`; acting on the label gains
    ``mean(labelled * (follow * benefit - label_harm)) - test_cost``; a label that changes nothing costs its
    harm and the test. A label is not free: it can frighten, stigmatise, cost insurance, and send people to
    treatments (Haynes et al. 1978, N Engl J Med 299:741, on being called hypertensive).

    Parameters
    ----------
    benefit
        What treating brings each person net of the harm of treatment, over subject and draw: a gain of
        utility, or of risk (`cate`) at a common exchange rate.
    labelled
        Whether the label marks each person, over subject: 0 or 1, or the probability that it does.
    label_harm
        What being labelled takes, per person labelled, in the unit of `benefit`; 0 or more.
    test_cost
        What finding out takes, per person of the population.
    follow
        Share of those labelled who are then treated, 0 to 1.
    probability
        Of the intervals.
    """
    effect = draws_of("label_gain: benefit", benefit)
    marked = draws_of("label_gain: labelled", labelled, low=0.0, high=1.0)
    if "subject" not in effect.dims or marked.dims != ("subject",):
        raise InputError(
            explain(
                "label_gain: dims",
                came=f"{effect.dims}, {marked.dims}",
                expected="benefit and labelled over subject",
            )
        )
    effect, marked = together("label_gain: benefit and labelled", effect, marked)
    parts = _Parts(
        everyone=effect.mean("subject"),
        marked=(effect * marked).mean("subject"),
        share=marked.mean("subject"),
        harm=draws_of("label_gain: label_harm", label_harm, low=0.0),
        cost=draws_of("label_gain: test_cost", test_cost, low=0.0),
        follow=draws_of("label_gain: follow", follow, low=0.0, high=1.0),
    )
    return _gains(parts, check_probability("label_gain", probability))


def label_by_test(
    prevalence: float | xr.DataArray,
    sensitivity: float | xr.DataArray,
    specificity: float | xr.DataArray,
    *,
    benefit: float | xr.DataArray,
    harm: float | xr.DataArray,
    label_harm: float | xr.DataArray = 0.0,
    test_cost: float | xr.DataArray = 0.0,
    follow: float | xr.DataArray = 1.0,
    probability: float = 0.95,
) -> LabelGain:
    """Return what it gains to label by a test of known accuracy (a genotype, for example) and to act on it.

    Treating gains ``benefit`` for those who would have the event and takes ``harm`` from those who would not,
    so that the test is worth doing between the two thresholds of Pauker & Kassirer 1980, N Engl J Med
    302:1109.

    Parameters
    ----------
    prevalence, sensitivity, specificity
        From 0 to 1; arrays over draw where uncertain.
    benefit, harm
        Of treating, 0 or more, in one unit.
    label_harm, test_cost, follow, probability
        As of `label_gain`.
    """
    shares = {"prevalence": prevalence, "sensitivity": sensitivity, "specificity": specificity}
    p, se, sp = (draws_of(f"label_by_test: {n}", v, low=0.0, high=1.0) for n, v in shares.items())
    B = draws_of("label_by_test: benefit", benefit, low=0.0)
    H = draws_of("label_by_test: harm", harm, low=0.0)
    parts = _Parts(
        everyone=p * B - (1 - p) * H,
        marked=p * se * B - (1 - p) * (1 - sp) * H,
        share=p * se + (1 - p) * (1 - sp),
        harm=draws_of("label_by_test: label_harm", label_harm, low=0.0),
        cost=draws_of("label_by_test: test_cost", test_cost, low=0.0),
        follow=draws_of("label_by_test: follow", follow, low=0.0, high=1.0),
    )
    return _gains(parts, check_probability("label_by_test", probability))


@dataclass(frozen=True)
class _Parts:
    """Gains per person of the population: of treating everyone, and of treating whom the label marks."""

    everyone: xr.DataArray
    marked: xr.DataArray
    share: xr.DataArray
    harm: xr.DataArray
    cost: xr.DataArray
    follow: xr.DataArray


def _gains(parts: _Parts, probability: float) -> LabelGain:
    act = parts.follow * parts.marked - parts.share * parts.harm - parts.cost
    only = -parts.share * parts.harm - parts.cost
    columns = {NOBODY: xr.zeros_like(act), EVERYONE: parts.everyone, ACT: act, ONLY: only}
    arrays = [a if "draw" in a.dims else a.expand_dims("draw") for a in columns.values()]
    if any(set(a.dims) != {"draw"} for a in arrays):
        raise InputError(explain("label: dims", came=[a.dims for a in arrays], expected="draw at most"))
    n = max(a.sizes["draw"] for a in arrays)
    U = np.stack([np.broadcast_to(a.to_numpy(), (n,)) for a in arrays], axis=1)
    made = xr.DataArray(U, dims=("draw", "option"), coords={"option": list(columns)})
    every = np.ones(U.shape[1], dtype=bool)
    best = criteria.share_best(U, every, criteria.best_per_draw(U, every))[0]
    rows = {name: _row(U[:, k], float(best[k]), probability) for k, name in enumerate(columns)}
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("option")
    harm, follow = _break_even(parts)
    return LabelGain(made, table, float(parts.share.mean()), harm, follow, probability)


def _row(gain: np.ndarray, best: float, probability: float) -> dict[str, float]:
    low, high = interval(gain, probability)
    return {"gain": float(gain.mean()), "low": low, "high": high, "p_best": best}


def _break_even(parts: _Parts) -> tuple[float, float]:
    """Return the harm of a label, and the share of those labelled treated, at which acting no longer pays."""
    rival = max(float(parts.everyone.mean()), 0.0)
    gross = float((parts.follow * parts.marked).mean())
    share, cost = float(parts.share.mean()), float(parts.cost.mean())
    harm = (gross - cost - rival) / share if share > 0 else -np.inf
    marked = float(parts.marked.mean())
    needed = rival + cost + float((parts.share * parts.harm).mean())
    follow = needed / marked if marked > 0 else np.inf
    return harm, follow if follow <= 1 else np.inf
