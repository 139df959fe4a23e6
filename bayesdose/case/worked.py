"""The worked patient of a card: the choice before a level and after it, under a stated utility."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from bayesdose.decision import Choice, decide, named_utility
from bayesdose.errors import InputError, explain
from bayesdose.study import Options, Study, read_study, regimens

if TYPE_CHECKING:
    import xarray as xr

    from bayesdose.card import Worked
    from bayesdose.fitting import Fit
    from bayesdose.individual import Draws
    from bayesdose.model import Model


@dataclass(frozen=True)
class Decided:
    """One decision on the worked patient: draws, what was simulated, what was chosen."""

    me: Draws
    outcome: xr.Dataset
    choice: Choice


@dataclass(frozen=True)
class WorkedPatient:
    """A card's worked patient, dosed twice.

    Parameters
    ----------
    before
        A priori: with the covariates alone, before any dose.
    after
        A posteriori: with the doses and levels of the card's table.
    """

    before: Decided
    after: Decided

    def to_dict(self) -> dict[str, Any]:
        """Return both choices as JSON-able values: best option, expected utility, its error, regret."""
        return {"a priori": _record(self.before), "a posteriori": _record(self.after)}


def worked_patient(fit: Fit, *, seed: int = 1) -> WorkedPatient:
    """Dose the worked patient of a model's card, a priori and after the levels.

    Parameters
    ----------
    fit
        A fit of the model: stored, or `bayesdose.prior_fit`.
    seed
        Of conditioning and simulating.

    Raises
    ------
    InputError
        When the card has no worked patient.
    """
    case = fit.model.card.worked
    if case is None:
        raise InputError(
            explain(f"the card of {fit.model.name} has no worked patient", fix="Card(worked=bd.Worked(...))")
        )
    start, whole = worked_tables(fit.model)
    return WorkedPatient(_decided(fit, case, start, seed), _decided(fit, case, whole, seed))


def worked_tables(model: Model) -> tuple[Study, Study]:
    """Return the worked patient's table before any dose, and the whole of it."""
    case = model.card.worked
    assert case is not None
    frame = pd.DataFrame({"ID": "1", **case.table})
    first = frame.iloc[:1].assign(AMT=0.0, DV=None, EVID=2)
    return read_study(first.drop(columns="RATE", errors="ignore"), model), read_study(frame, model)


def metrics_of(outcomes: Mapping[str, tuple[str, Mapping[str, Any]]]) -> dict[str, Any]:
    """Return exposure metrics by outcome name, from the words of a card."""
    from bayesdose import pk

    return {name: getattr(pk, metric)(**arguments) for name, (metric, arguments) in outcomes.items()}


def options_of(case: Worked, patient: Study) -> list[Options]:
    """Return the options of each dose text of a worked patient."""
    texts = (case.options,) if isinstance(case.options, str) else case.options
    return [regimens(text, after=patient, current=False, **dict(case.values)) for text in texts]


def _joined(outcomes: list[xr.Dataset]) -> xr.Dataset:
    """Return outcomes of several dose texts as one, with a single "no treatment"."""
    import xarray as xr

    first, *others = outcomes
    known = set(first["option"].to_numpy().tolist())
    rest = [
        one.isel(option=[k for k, o in enumerate(one["option"].to_numpy()) if o not in known])
        for one in others
    ]
    return xr.concat([first, *rest], dim="option") if others else first


def _decided(fit: Fit, case: Worked, patient: Study, seed: int) -> Decided:
    from bayesdose.individual import condition
    from bayesdose.simulation import simulate

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        me = condition(fit, patient, seed=seed)
    outcome = _joined(
        [simulate(me, options, metrics_of(case.outcomes)) for options in options_of(case, patient)]
    )
    numbers = dict(case.utility)
    utility = named_utility(numbers.pop("name"), **numbers)
    complete = [name for name in case.complete if name in dict(case.values)]
    return Decided(me, outcome, decide(outcome, utility, complete=complete))


def _record(made: Decided) -> dict[str, Any]:
    whole = made.choice.to_dict()
    kept = ("best", "expected_utility", "mcse", "p_best", "expected_regret", "near_optimal")
    return {name: whole[name] for name in kept} | {"khat": made.me.diagnostics.khat}
