"""Options: the candidate regimens of one patient, as `regimens` makes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from bayesdose.errors import InputError, explain
from bayesdose.study.changes import Steps
from bayesdose.study.courses import DOSE_COLUMNS, Columns, implied
from bayesdose.study.given import Doses
from bayesdose.study.history import History
from bayesdose.study.study import Study

NO_TREATMENT = "no treatment"
CURRENT = "current regimen"
OCCASIONS = ("new", "same", "each dose")
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Way:
    """What of an option its doses do not say.

    Parameters
    ----------
    begin
        From when on doses that were ordered before are not given any more; None: from the options' start.
    F
        Bioavailability relative to the model's: what the model gets of a dose.
    steps
        The covariates that change, by name.
    """

    begin: float | None = None
    F: float = 1.0
    steps: Mapping[str, Steps] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Options:
    """Candidate regimens of one patient.

    Parameters
    ----------
    patient
        The patient's history.
    doses
        The future doses: option (int), TIME, AMT, RATE (0 bolus, above 0 infusion, -1 or -2 rate or duration
        from the model), CMT (0 the default), SS, II (above 0 only with SS), in the model's units.
    table
        One entry per option (coordinate `option`: its label), as `bayesdose.study.facts.facts` has it: kind
        ("none", "current" or "candidate"), n_doses, max_single, max_daily, interval ..., and the numbers of
        its template.
    start
        Time at which the options begin.
    horizon
        End of the last interval of the longest option.
    last_interval
        Per option, the time for which its last dose counts: its interval; for a single dose that of the
        current regimen, else a day; without doses that of the longest option.
    occasion
        Which occasion (OCC) the time from `start` on belongs to: a "new" one, the "same" as the last
        record's, or a new one with "each dose".
    ways
        Per option, what its doses do not say; empty: nothing.
    sizes
        WT (kg) or BSA (m2) that doses were stated per, where that is not the table's.
    """

    patient: Study
    doses: pd.DataFrame
    table: xr.Dataset
    start: float
    horizon: float
    last_interval: tuple[float, ...]
    occasion: str = "new"
    ways: tuple[Way, ...] = ()
    sizes: Mapping[str, float] = field(default_factory=dict)

    @cached_property
    def history(self) -> History:
        """What the patient was given so far."""
        return History.of(self.patient)

    @cached_property
    def _future(self) -> tuple[Columns, ...]:
        """The future doses of each option, as the model gets them."""
        whose = self.doses["option"].to_numpy()
        order = np.argsort(whose, kind="stable")
        edges = np.searchsorted(whose[order], np.arange(len(self) + 1))
        columns = {name: self.doses[name].to_numpy()[order] for name in DOSE_COLUMNS}
        given = ({name: v[a:b] for name, v in columns.items()} for a, b in pairwise(edges))
        return tuple(_available(doses, self.way(k).F) for k, doses in enumerate(given))

    @cached_property
    def _until(self) -> tuple[float, ...]:
        kinds, ways = self.table["kind"].to_numpy().tolist(), self.ways or (Way(),) * len(self)
        begins = [self.start if way.begin is None else way.begin for way in ways]
        return tuple(self.history.now if k == "current" else b for k, b in zip(kinds, begins, strict=True))

    @cached_property
    def _past(self) -> Mapping[float, tuple[Doses, NDArray[np.int64]]]:
        """By `until`: the doses given before it, and the additional doses of each event of the history."""
        return {at: (self.history.given(at), self.history.additional(at)) for at in set(self._until)}

    def __len__(self) -> int:
        return int(self.table.sizes["option"])

    def after(self, patient: Study) -> Options:
        """Return the same future doses after another account of the same patient's past.

        Raises
        ------
        InputError
            When it is another patient.
        """
        if patient.ids != self.patient.ids:
            raise InputError(
                explain(
                    "options are of one patient",
                    came=", ".join(patient.ids),
                    expected=", ".join(self.patient.ids),
                )
            )
        return replace(self, patient=patient)

    def way(self, option: int) -> Way:
        """Return what of the option its doses do not say."""
        return self.ways[option] if self.ways else Way()

    def future(self, option: int) -> Columns:
        """Return the option's future doses as the model gets them: TIME, AMT, RATE, CMT, SS and II."""
        return self._future[option]

    def given(self, option: int) -> Doses:
        """Return the doses of the history under the option, one by one (`History.given` before `until`)."""
        return self._past[self.until(option)][0]

    def additional(self, option: int) -> NDArray[np.int64]:
        """Return ADDL of each event of the history under the option (`History.additional`)."""
        return self._past[self.until(option)][1]

    def until(self, option: int) -> float:
        """Return the time from which doses that were ordered before are not given any more.

        Ordered are the additional doses (ADDL) of the history. Options end them when they begin, also "no
        treatment"; the "current regimen" goes on with them, as doses of its own, from the last record on.
        """
        return self._until[option]

    def times(self, option: int) -> Floats:
        """Return the times of the option's future doses, each once."""
        return np.unique(self.future(option)["TIME"].astype(np.float64, copy=False))

    def breaks(self, option: int) -> Floats:
        """Return the times, from the option's begin on, at which its input changes, in order.

        They are those of its doses, of covariates that change, and the ends of infusions whose duration the
        table knows (amount by rate), also of those of the history that still run; lag times and
        bioavailability belong to the model.
        """
        until = self.until(option)
        future = implied(self.future(option), self.history.day)
        ends = np.concatenate([future.ends, self.given(option).ends])
        changes = [steps.times for steps in self.way(option).steps.values()]
        return np.unique(np.concatenate([self.times(option), ends[ends > until], *changes]))

    def window(self, option: int, after_dose: int) -> tuple[float, float]:
        """Return the interval after a dose: until the next one, or the end of the last interval.

        Parameters
        ----------
        option
            Its number, from 0.
        after_dose
            Which future dose, as Python counts: 0 is the first, -1 the last. An option without doses has one
            window, whatever is asked: the last interval of the longest option.

        Raises
        ------
        InputError
            When the option has fewer doses.
        """
        times, length = self.times(option), self.last_interval[option]
        if not len(times):
            return self.horizon - length, self.horizon
        if not -len(times) <= after_dose < len(times):
            label = str(self.table["option"].to_numpy()[option])
            raise InputError(
                explain(
                    f"the option {label!r} has no dose {after_dose}",
                    came=after_dose,
                    expected=f"0 to {len(times) - 1}, or -1 (the last) to {-len(times)}",
                )
            )
        k = after_dose % len(times)
        end = times[k + 1] if k + 1 < len(times) else times[k] + length
        return float(times[k]), float(end)

    def __repr__(self) -> str:
        unit = self.patient.card.units.time
        return f"<Options: {len(self)} regimens from {self.start:g} to {self.horizon:g} {unit}>"


def _available(doses: Columns, share: float) -> Columns:
    """Return doses of which the model gets a share, over the same time."""
    if share == 1.0:
        return doses
    rate = doses["RATE"]
    return {**doses, "AMT": doses["AMT"] * share, "RATE": np.where(rate > 0, rate * share, rate)}
