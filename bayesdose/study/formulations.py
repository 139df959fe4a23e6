"""Formulations: what a dose is given as, what comes with it, and what the model is told of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bayesdose.card import Card
from bayesdose.errors import InputError, explain
from bayesdose.study.quantities import parse_quantity
from bayesdose.study.strengths import HOWS, How, Strengths, as_strengths
from bayesdose.units import factor

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Formulation:
    """A tablet, capsule, solution, vial ... that the options may be given as.

    Parameters
    ----------
    name
        What it is called in the options' labels.
    contains
        What comes with the drug, by name: an amount per amount of the drug (``{"sodium": "0.32 g/g"}``), per
        dose (``{"volume": "100 mL/dose"}``) or per tablet, vial or other piece (``"55 mg/piece"``, with
        sizes). Each becomes a fact of the options: ``load_sodium`` (all future doses) and
        ``load_sodium_daily`` (the largest in any 24 hours), in the unit before the "/".
    strengths
        Sizes that there are; doses are rounded to what they can make up.
    rounding
        To the "nearest" such dose, or always "down" or "up".
    F
        Bioavailability relative to that of the model: the model gets F times the dose, over the same time.
        Limits and facts are of the dose itself.
    into
        The compartment of the doses (its name on the card, or its number), where the text states none.
    covariates
        Covariates that tell the model of the formulation, by name (``{"FORM": 2}``), from the option's first
        dose on. They must be on the card as ``varies``. A model's ka that depends on one depends on it for
        what is still being absorbed, too.

    Raises
    ------
    InputError
        When F is not above 0, or a content cannot be read.
    """

    name: str
    contains: Mapping[str, str] = field(default_factory=dict, hash=False)
    strengths: Strengths | tuple[str, ...] | list[str] | str | None = None
    rounding: How = "nearest"
    F: float = 1.0
    into: str = "0"
    covariates: Mapping[str, float] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise InputError(explain("a formulation needs a name", came=repr(self.name)))
        if not (isinstance(self.F, int | float) and math.isfinite(self.F) and self.F > 0):
            raise InputError(explain(f"F of {self.name!r}", came=repr(self.F), expected="a number above 0"))
        if self.rounding not in HOWS:
            raise InputError(
                explain(f"rounding of {self.name!r}", came=repr(self.rounding), expected=" or ".join(HOWS))
            )
        if self.strengths is not None:
            object.__setattr__(self, "strengths", as_strengths(self.strengths))
        for what in self.contains:
            _content(self, what)

    @property
    def made_of(self) -> Strengths | None:
        """The sizes that there are; None where any dose can be given."""
        assert self.strengths is None or isinstance(self.strengths, Strengths)
        return self.strengths

    def rounded(self, amount: float, unit: str) -> float:
        """Return a dose as it can be made up."""
        return amount if self.made_of is None else self.made_of.round(amount, unit, self.rounding)

    def load(self, what: str, amounts: Floats, card: Card) -> Floats:
        """Return how much of something comes with each dose, in the unit of `load_unit`."""
        number, _, basis = _content(self, what)
        if basis == "dose":
            return np.where(amounts > 0, number, 0.0)
        if basis == "piece":
            return number * self.pieces(amounts, card)
        try:
            return amounts * (number * factor(card.units.amount, basis))
        except InputError as error:
            raise InputError(
                explain(
                    f"{what} of {self.name!r} is stated per {basis!r}",
                    expected=f"per unit of the drug's amount ({card.units.amount}), per dose or per piece",
                )
            ) from error

    def load_unit(self, what: str) -> str:
        """Return the unit of what comes with the drug."""
        return _content(self, what)[1]

    def pieces(self, amounts: Floats, card: Card) -> Floats:
        """Return the fewest tablets, vials ... that each dose takes, or covers it if none makes it up.

        0 where no sizes are stated; nan for a dose that is larger than all that can be made up.
        """
        if self.made_of is None:
            return np.zeros(len(amounts))
        found = {x: self._pieces(x, card.units.amount) for x in np.unique(amounts).tolist()}
        return np.array([found[x] for x in amounts.tolist()])

    def _pieces(self, amount: float, unit: str) -> float:
        assert self.made_of is not None
        try:
            return float(self.made_of.pieces(amount, unit))
        except InputError:
            return math.nan

    def waste(self, amounts: Floats, card: Card) -> float:
        """Return how much of the opened vials the doses leave over, in the card's unit."""
        if self.made_of is None or np.isnan(self.pieces(amounts, card)).any():
            return 0.0 if self.made_of is None else math.nan
        return float(sum(self.made_of.waste(x, card.units.amount) for x in amounts.tolist()))


def _content(formulation: Formulation, what: str) -> tuple[float, str, str]:
    """Return number, unit and basis (an amount unit, "dose" or "piece") of something that is contained."""
    if not what.isidentifier():
        wanted = "a name such as sodium"
        raise InputError(explain(f"content of {formulation.name!r}", came=repr(what), expected=wanted))
    number, text = parse_quantity(formulation.contains[what])
    unit, _, basis = (part.strip() for part in text.partition("/"))
    if not basis:
        raise InputError(
            explain(
                f"{what} of {formulation.name!r}: per what?",
                came=repr(formulation.contains[what]),
                expected="'0.32 g/g' (per amount of the drug), '100 mL/dose' or '55 mg/piece'",
            )
        )
    factor(unit, unit)
    if basis == "piece" and (formulation.made_of is None or not formulation.made_of.sizes):
        fix = "state strengths="
        raise InputError(explain(f"{what} of {formulation.name!r} is per piece, of unknown size", fix=fix))
    return number, unit, basis


def several(given: Formulation | list[Formulation] | tuple[Formulation, ...] | None) -> list[Formulation]:
    """Return formulations as a list, or complain of two with one name."""
    known = [given] if isinstance(given, Formulation) else list(given or ())
    wrong = next((f for f in known if not isinstance(f, Formulation)), None)
    if wrong is not None:
        wanted = 'bd.Formulation("name", ...)'
        raise InputError(explain("formulation=", came=repr(wrong), expected=wanted))
    if len({f.name for f in known}) < len(known):
        came = ", ".join(f.name for f in known)
        raise InputError(explain("two formulations have one name", came=came))
    return known
