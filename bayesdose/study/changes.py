"""What changes in a patient while an option runs: a dialysis session, a co-medication, a formulation."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bayesdose.card import Card
from bayesdose.errors import InputError, explain
from bayesdose.units import quantity_in

Floats = NDArray[np.float64]


class Steps(NamedTuple):
    """Values of a covariate from given times on: `value[k]` after `times[k]`, until the next."""

    times: Floats
    value: Floats

    def at(self, time: Floats, after: NDArray[np.bool_], otherwise: Floats) -> Floats:
        """Return the covariate where it governs: at its own time a step counts for what comes `after`."""
        side = np.where(after, np.searchsorted(self.times, time, "right"), np.searchsorted(self.times, time))
        return np.where(side > 0, self.value[np.maximum(side - 1, 0)], otherwise)


@dataclass(frozen=True)
class Change:
    """Covariates that take other values for a time: an option of its own, or what happens anyway.

    Parameters
    ----------
    name
        What it is called in the options' labels ("dialysis").
    covariates
        The values they take, by name: ``{"DIAL": 1}``. They must be on the card as ``varies``.
    at
        When it begins, counted from the options' start: "4 h", or a number in the card's time.
    lasting
        For how long; from then on without end unless given. Then the covariates are back at what they were
        on the patient's last record.
    every, times
        Repeated: three sessions two days apart are ``every="48 h", times=3``.

    Raises
    ------
    InputError
        When it changes nothing, or repetitions overlap or are half stated.
    """

    name: str
    covariates: Mapping[str, float] = field(hash=False)
    at: str | float = 0.0
    lasting: str | float | None = None
    every: str | float | None = None
    times: int = 1

    def __post_init__(self) -> None:
        values = list(self.covariates.values())
        if not values or not all(isinstance(v, int | float) and math.isfinite(v) for v in values):
            wanted = 'numbers by name, such as {"DIAL": 1}'
            raise InputError(
                explain(f"change {self.name!r}: covariates", came=dict(self.covariates), expected=wanted)
            )
        if not isinstance(self.times, int) or self.times < 1 or (self.times > 1) != (self.every is not None):
            fix = "state both every= and times= (2 or more), and lasting="
            raise InputError(explain(f"change {self.name!r}: repetitions are half stated", fix=fix))
        if self.times > 1 and self.lasting is None:
            fix = "state lasting="
            raise InputError(explain(f"change {self.name!r} has no end, and is repeated", fix=fix))

    def steps(self, card: Card, start: float, last: Mapping[str, float]) -> dict[str, Steps]:
        """Return the steps of each covariate when options begin at `start`.

        Parameters
        ----------
        card
            Of the model.
        start
            Time that `at` counts from.
        last
            The covariates that vary, on the patient's last record.

        Raises
        ------
        InputError
            When times are no times, a covariate cannot change, or a value is outside its range.
        """
        first, length, every = (_time(self, n, card) for n in ("at", "lasting", "every"))
        assert first is not None
        if length is not None and (length <= 0 or (every is not None and length >= every)):
            wanted = "a time above 0, shorter than every="
            raise InputError(explain(f"change {self.name!r}: lasting", came=self.lasting, expected=wanted))
        begins = start + first + np.arange(self.times) * (every or 0.0)
        times = begins if length is None else np.stack([begins, begins + length], axis=1).ravel()
        made = {}
        for name, value in self.covariates.items():
            check_varies(card, name, float(value), f"change {self.name!r}")
            values = np.full(len(begins), float(value))
            both = np.stack([values, np.full(len(begins), last[name])], axis=1).ravel()
            made[name] = Steps(np.asarray(times, np.float64), values if length is None else both)
        return made


def _time(change: Change, name: str, card: Card) -> float | None:
    value = getattr(change, name)
    if value is None:
        return None
    found = quantity_in(value, card.units.time) if isinstance(value, str) else float(value)
    if not (math.isfinite(found) and found >= 0):
        raise InputError(
            explain(f"change {change.name!r}: {name}", came=repr(value), expected="a time, 0 or later")
        )
    return found


def check_varies(card: Card, name: str, value: float, whose: str) -> None:
    """Complain where a covariate is unknown, does not vary, or would leave its range."""
    covariate = card.covariate(name)
    if not covariate.varies:
        raise InputError(
            explain(
                f"{whose}: {name} cannot change within a patient of this model",
                fix=f"declare Covariate({name!r}, varies=True) on the card",
            )
        )
    low, high = covariate.range or (-math.inf, math.inf)
    if not low <= value <= high:
        raise InputError(
            explain(f"{whose}: {name} is outside its range", came=value, expected=f"{low:g} to {high:g}")
        )
    if covariate.codes and value not in covariate.codes:
        raise InputError(explain(f"{whose}: {name} is no code", came=value, expected=covariate.choices))


def together(parts: Sequence[Mapping[str, Steps]], label: str) -> dict[str, Steps]:
    """Return the steps of several changes, each of other covariates."""
    made: dict[str, Steps] = {}
    for part in parts:
        both = set(made) & set(part)
        if both:
            raise InputError(explain(f"two changes of {sorted(both)[0]} in the option {label!r}"))
        made |= part
    return made
