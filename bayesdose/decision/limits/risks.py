"""Chance constraints: an option is allowed only where an event is shown to be rare enough."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real

import numpy as np
import xarray as xr

from bayesdose.decision import criteria
from bayesdose.decision.criteria import Bools, Clusters, Floats
from bayesdose.decision.events import Happens, probabilities, words
from bayesdose.decision.limits.doses import Verdict
from bayesdose.errors import InputError, explain

_MOST = 1e10  # effective draws: more make no difference


@dataclass(frozen=True)
class Chance:
    """A largest probability of an event, from `chance`.

    Parameters
    ----------
    event
        What is to be rare.
    at_most
        Its largest probability.
    confidence
        Of the upper limit that is compared: the Monte Carlo error must not hide a larger probability.
    """

    event: Happens
    at_most: float
    confidence: float

    def __str__(self) -> str:
        return f"P({words(self.event)}) at most {self.at_most:g} (upper {100 * self.confidence:g} % limit)"

    def check(self, outcome: xr.Dataset) -> tuple[Verdict, ...]:
        """Return (blocked, reason) per option: blocked where the upper limit is above what is allowed.

        Every option is judged, no treatment too: what is to be rare may be the disease.

        Raises
        ------
        InputError
            When the event does not answer for every draw and option.
        """
        groups = criteria.independent(outcome)
        p = probabilities(self.event, outcome)
        share, upper = p.mean(axis=0), upper_limits(p, groups, self.confidence)
        return tuple(
            (True, self._reason(p, limit)) if limit > self.at_most else (False, "")
            for p, limit in zip(share.tolist(), upper.tolist(), strict=True)
        )

    def excess(self, outcome: xr.Dataset) -> Floats:
        """Return by how much each draw passes the limit (draw, option): blocked where its mean is above 0.

        How probable the event is, less `allowed`.
        """
        return np.asarray(probabilities(self.event, outcome) - self.allowed(outcome))

    def allowed(self, outcome: xr.Dataset) -> Floats:
        """Return the largest mean probability that is allowed, (option,).

        ``at_most - (upper limit - mean p)``: the margin for Monte Carlo error is that of these draws, also
        where they are weighed anew.
        """
        p = probabilities(self.event, outcome)
        margin = upper_limits(p, criteria.independent(outcome), self.confidence) - p.mean(axis=0)
        return np.asarray(self.at_most - margin)

    def _reason(self, p: float, upper: float) -> str:
        said = f"P({words(self.event)}) is {p:.3g}"
        if p <= self.at_most:
            limit = f"upper {100 * self.confidence:g} % limit {upper:.3g}"
            return f"{said}, {limit} above {self.at_most:g}: more draws could allow it"
        return f"{said}, above {self.at_most:g}"


def chance(event: Happens, *, at_most: float, confidence: float = 0.95) -> Chance:
    """Limit on the probability of an event, such as toxicity.

    Parameters
    ----------
    event
        An `Event`, or a function of the outcome that returns booleans over (draw, option), or probabilities
        from 0 to 1 (of `outcomes.logistic_event`, or from a hazard): then its mean is limited.
    at_most
        Largest probability, above 0 and below 1.
    confidence
        An option is allowed when the upper confidence limit of the probability is at most `at_most`. It is
        one-sided and speaks of the Monte Carlo error of the draws.

    Raises
    ------
    InputError
        When a number is no probability, or the event is none.
    """
    for name, value in (("at_most", at_most), ("confidence", confidence)):
        good = isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
        if not good or not 0 < value < 1:
            expected = "a probability above 0 and below 1"
            raise InputError(explain(f"limit chance: {name}", came=repr(value), expected=expected))
    if not callable(event):
        expected = 'bd.Event("peak", above=40), or a function of the outcome'
        raise InputError(explain("limit chance: event", came=repr(event), expected=expected))
    return Chance(event, float(at_most), float(confidence))


def upper_limits(p: Floats | Bools, groups: Clusters, confidence: float) -> Floats:
    """Return one-sided upper limits of the probabilities of an event, (option,).

    Parameters
    ----------
    p
        Where it happens, or how probable it is, (draw, option).
    groups
        Which draws are not independent of each other.
    confidence
        Of the limits.

    Notes
    -----
    Clopper and Pearson's limit (1934, Biometrika 26:404) for an effective number of draws,
    ``m (1 - m) / MCSE^2`` with m the mean and its clustered error (Korn & Graubard 1998, Survey Methodology
    24:193). Of a yes or no it is never more than there are draws; of probabilities it is more, as each draw
    tells more. Where the event happens in no draw or in all, the error says nothing and the effective number
    is that of unequal weights, ``1 / sum w^2`` (Kish 1965).
    """
    from scipy.stats import beta

    n = groups.n_draws
    values = np.asarray(p, dtype=np.float64)
    mean = values.mean(axis=0)
    kish = n**2 / float((np.diff(np.append(groups.starts, n)) ** 2.0).sum())
    variance = criteria.mcse(criteria.deviations(values, groups)) ** 2
    yes_or_no = ((values == 0) | (values == 1)).all(axis=0)
    told = np.where(yes_or_no, variance > 0, True) & (mean > 0) & (mean < 1)
    least = mean * (1 - mean) / _MOST  # of the same probability in every draw nothing is left but rounding
    effective = np.where(told, mean * (1 - mean) / np.where(told, np.maximum(variance, least), 1.0), kish)
    effective = np.where(yes_or_no, np.minimum(effective, n), effective)
    none = (1 - mean) * effective
    upper = beta.ppf(confidence, mean * effective + 1, np.where(none > 0, none, 1.0))
    return np.where(none > 0, upper, 1.0)
