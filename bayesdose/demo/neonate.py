"""One held-out neonate: what its first level says, what came later, which maintenance dose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bayesdose.case import Case, Recommendation, condition_for, flags_for, recommend
from bayesdose.errors import Refused

if TYPE_CHECKING:
    import pandas as pd

    from bayesdose.fitting import Fit
    from bayesdose.individual import Draws
    from bayesdose.study import Study


@dataclass(frozen=True)
class Found:
    """What the first level of a neonate led to.

    Parameters
    ----------
    prior
        Draws from covariates and doses alone.
    recommendation
        Draws given the first level, options, choice.
    predictions
        One row per level: time, measured, median, lower90, upper90, inside, used (the first one).
    """

    prior: Draws
    recommendation: Recommendation
    predictions: pd.DataFrame

    @property
    def me(self) -> Draws:
        """Draws given the first level."""
        return self.recommendation.me


@dataclass(frozen=True)
class Neonate:
    """A held-out neonate, and what was found or why nothing is said.

    Parameters
    ----------
    label
        "neonate 4": subjects of the published data keep their numbers.
    study
        All its records.
    history
        Its records up to the first level: what the recommendation may know.
    found, refused
        One of them is None.
    """

    label: str
    study: Study
    history: Study
    found: Found | None
    refused: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the neonate's part of ``decision.json``."""
        if self.found is None:
            return {"patient": self.label, "refused": self.refused}
        return {
            "patient": self.label,
            **self.found.recommendation.to_dict(),
            "predictions": self.found.predictions.to_dict("records"),
        }


def study_neonate(label: str, study: Study, fit: Fit, case: Case) -> Neonate:
    """Condition on a neonate's first level only, predict the later ones, and recommend.

    Parameters
    ----------
    label
        What it is called.
    study
        All its records: the later doses are needed to predict the later levels.
    fit
        A fit of other neonates.
    case
        The decision problem.

    Returns
    -------
    Neonate
        With the reason in `refused` when its posterior is unreliable.
    """
    history = study.first_levels(1)
    try:
        me = condition_for(case, fit, history)
        prior = condition_for(case, fit, history.without_levels())
        found = recommend(case, me, flags=flags_for(case, fit, history))
        return Neonate(label, study, history, _found(prior, found, study))
    except Refused as reason:
        return Neonate(label, study, history, None, str(reason))


def _found(prior: Draws, recommendation: Recommendation, study: Study) -> Found:
    from bayesdose.reporting import predictions_table
    from bayesdose.simulation import predict

    me = recommendation.me
    measured = predict(me, study, residual=True, seed=me.diagnostics.seed)
    until = float(me.patient.levels["TIME"].iloc[-1])
    return Found(prior, recommendation, predictions_table(measured, until=until))
