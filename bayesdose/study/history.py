"""What one patient was given so far, the current regimen, and the size that a dose scales with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayesdose.errors import InputError, explain, nearest
from bayesdose.study.events import DOSE, RESET, events
from bayesdose.study.study import Study
from bayesdose.units import factor, unit

Floats = NDArray[np.float64]

_AGREE = 1.5  # clock times of one regimen vary; a load and its maintenance differ by more

# The covariate a dose "per" something is multiplied with: per mass WT, per area BSA.
_SIZES = {"kilogram": "WT", "meter ** 2": "BSA"}
_AREAS = {"m2": "m**2", "m^2": "m**2", "m²": "m**2", "sqm": "m**2"}


@dataclass(frozen=True)
class History:
    """The doses and resets of one patient, in file order.

    Parameters
    ----------
    patient
        The study it comes from.
    time, kind, amount
        One entry per event: kind 1 for a dose, 3 for a reset.
    clock
        Number of the course of each event: it grows where time runs back at a reset.
    last_clock
        Number of the course that the last record belongs to.
    now
        Time of the last record.
    """

    patient: Study
    time: Floats
    kind: NDArray[np.int64]
    amount: Floats
    clock: NDArray[np.int64]
    last_clock: int
    now: float

    @classmethod
    def of(cls, patient: Study) -> History:
        """Return the history of a study of one subject.

        Raises
        ------
        InputError
            When it holds another number of subjects.
        """
        if patient.n_subjects != 1:
            raise InputError(
                explain(
                    "options are made for one patient",
                    came=f"a study of {patient.n_subjects} subjects",
                    fix="study.select(id)",
                )
            )
        arrays = events(patient)
        time = arrays["record_time"].to_numpy()
        clock = np.cumsum(np.diff(time, prepend=time[0]) < 0)
        kept = np.isin(arrays["record_kind"], (DOSE, RESET))
        kind, amount = arrays["record_kind"].to_numpy(), arrays["record_amount"].to_numpy()
        return cls(
            patient, time[kept], kind[kept], amount[kept], clock[kept], int(clock[-1]), float(time[-1])
        )

    @cached_property
    def _given(self) -> NDArray[np.bool_]:
        return (self.kind == DOSE) & (self.clock == self.last_clock)

    @property
    def given_times(self) -> Floats:
        """Times of the doses on the present clock."""
        return self.time[self._given]

    @property
    def given_amounts(self) -> Floats:
        """Their amounts."""
        return self.amount[self._given]

    @cached_property
    def _regimen(self) -> pd.Series:
        """Amount by time since the last reset; doses at one time count together."""
        resets = np.flatnonzero(self.kind == RESET)
        since = int(resets[-1]) if len(resets) else 0
        dose = self.kind[since:] == DOSE
        return pd.Series(self.amount[since:][dose]).groupby(self.time[since:][dose]).sum()

    @property
    def interval(self) -> float | None:
        """Interval of the current regimen: the mean of the last two, where they agree within a factor 1.5.

        None otherwise: two doses close together are a loading scheme, and nobody means to go on with it.
        """
        last = np.diff(self._regimen.index.to_numpy(np.float64))[-2:]
        if len(last) < 2 or last.max() > _AGREE * last.min():
            return None
        return float(last.mean())

    @property
    def last_amount(self) -> float:
        """Amount of the last dose."""
        return float(self._regimen.iloc[-1])

    @property
    def due(self) -> float:
        """Time at which the next dose of the current regimen falls due."""
        return float(self._regimen.index[-1]) + (self.interval or 0.0)

    def amount_factor(self, text: str) -> float:
        """Return what turns an amount in the unit `text` (mg, g, mg/kg, mg/m2) into the model's amount unit.

        Raises
        ------
        InputError
            When it is no unit of a dose, or the card lacks the covariate (WT, BSA) that it needs.
        """
        mass, *per = text.split("/")
        own = self.patient.card.units.amount
        if len(per) > 1:
            raise InputError(
                explain(
                    f"{text!r} is a rate, not a dose",
                    expected="the amount of one dose, such as mg or mg/kg",
                    fix="divide by the number of doses a day",
                )
            )
        times = _factor(mass, own, text)
        return times * self._size(per[0], text) if per else times

    def _size(self, per: str, text: str) -> float:
        per = _AREAS.get(per, per)
        name = _SIZES.get(_base(per))
        if name is None:
            raise InputError(
                explain(
                    f"doses cannot be given per {per!r}",
                    came=repr(text),
                    expected="per kg (WT) or per m2 (BSA)",
                )
            )
        declared = {c.name.upper(): c for c in self.patient.card.covariates}
        if name not in declared:
            raise InputError(
                explain(
                    f"a dose in {text!r} needs the covariate {name}, which the card does not declare",
                    meant=nearest(name, list(declared)),
                    fix=f"write the dose in {self.patient.card.units.amount}, or add {name} to the card",
                )
            )
        covariate = declared[name]
        value = float(self.patient.records[covariate.name].iloc[-1])
        return value * factor(_AREAS.get(covariate.unit, covariate.unit), per)


def _base(text: str) -> str:
    """Return the base unit of a unit ("kilogram" for g)."""
    return str((1.0 * unit(text)).to_base_units().units)


def _factor(came: str, own: str, text: str) -> float:
    try:
        return factor(came, own)
    except InputError as error:
        raise InputError(
            explain(
                f"{text!r} is no unit of a dose of this model",
                expected=f"a unit that converts to {own}, alone or per kg or m2",
                meant=nearest(came, ["mg", "g", "ug", "mcg", "ng", "IU", "mmol"]),
            )
        ) from error
