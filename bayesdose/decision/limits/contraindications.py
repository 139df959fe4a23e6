"""Limits on who may have what, and how often: contraindications by covariate or genotype, intervals."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayesdose.decision.limits.doses import TOLERANCE, Verdict
from bayesdose.decision.limits.scoped import having
from bayesdose.decision.simplest import fact, is_nothing
from bayesdose.errors import InputError, explain, nearest
from bayesdose.units import factor, quantity_in

Scalar = float | str
"""A number in the covariate's own unit, or a text: with a unit ("30 mL/min"), or a name ("PM")."""


@dataclass(frozen=True)
class MinInterval:
    """A shortest time between doses, from `min_interval`.

    Parameters
    ----------
    text
        A number and a unit of time.
    """

    text: str

    def __str__(self) -> str:
        return f"at least {self.text.strip()} between doses"

    def check(self, outcome: xr.Dataset) -> tuple[Verdict, ...]:
        """Return (blocked, reason) per option; no treatment has no interval.

        Nor has a single dose, unless the outcome says by its `min_interval` how long after the last one that
        was given it comes.

        Raises
        ------
        InputError
            When the outcome does not say the interval of an option with several doses, or its unit.
        """
        name = "interval" if fact(outcome, "min_interval") is None else "min_interval"
        hours, doses = fact(outcome, name), fact(outcome, "n_doses")
        treats = ~is_nothing(outcome)
        several = treats & (np.True_ if doses is None else doses > 1)
        if hours is None or np.isnan(hours[several]).any():
            fix = "simulate options made by regimens()"
            raise InputError(
                explain(f"limit {self}: the outcome does not say interval of every option", fix=fix)
            )
        own = outcome[name].attrs.get("units") or outcome.attrs.get("time_unit")
        if not own:
            raise InputError(explain(f"limit {self}: intervals have no unit", expected="attrs['time_unit']"))
        shortest = quantity_in(self.text, str(own))
        judged = several if name == "interval" else treats & np.isfinite(hours)
        short = judged & (hours < shortest * (1 - TOLERANCE))
        said = f"is less than {self.text.strip()} between doses"
        return tuple(
            (True, f"{time:g} {own} {said}") if hit else (False, "")
            for hit, time in zip(short, hours, strict=True)
        )


def min_interval(limit: str) -> MinInterval:
    """Limit on the time between doses.

    Parameters
    ----------
    limit
        A number and a unit of time: "8 h".

    Raises
    ------
    InputError
        When the text is not that.
    """
    if not isinstance(limit, str):
        raise InputError(explain("limit min_interval", came=repr(limit), expected='a text such as "8 h"'))
    if not (math.isfinite(hours := quantity_in(limit, "h")) and hours > 0):
        raise InputError(explain("limit min_interval", came=repr(limit), expected="a time above 0"))
    return MinInterval(limit)


@dataclass(frozen=True)
class Contraindicated:
    """What a patient with this covariate or genotype must not get, from `contraindicated`.

    Parameters
    ----------
    covariate
        Its name on the model's card.
    below, above
        Contraindicated beyond this value.
    among
        Contraindicated where the covariate is one of these.
    only
        Facts of the options that are meant, such as ``(("drug", "codeine"),)``; all that give a dose unless
        given.
    why
        The reason, in words.
    """

    covariate: str
    below: Scalar | None = None
    above: Scalar | None = None
    among: tuple[Scalar, ...] = ()
    only: tuple[tuple[str, Any], ...] = ()
    why: str = ""

    def __str__(self) -> str:
        meant = " and ".join(f"{name} {value}" for name, value in self.only) or "treatment"
        return f"{meant} is contraindicated where {self._condition}" + f" ({self.why})" * bool(self.why)

    def check(self, outcome: xr.Dataset) -> tuple[Verdict, ...]:
        """Return (blocked, reason) per option; an option that gives no dose is never blocked.

        Raises
        ------
        InputError
            When the outcome does not carry the covariate, a unit does not convert, `among` speaks of names
            where the covariate is a number, or the options do not have the facts that are asked for.
        """
        meant = ~is_nothing(outcome) & having(outcome, self.only, str(self))
        values = self._values(outcome)
        held = np.array([self._holds(value, outcome) for value in values])
        shown = values[held.argmax(axis=0), np.arange(len(meant))]
        why = f": {self.why}" if self.why else ""
        return tuple(
            (True, f"contraindicated, {self.covariate} is {_plain(value)} ({self._condition}){why}")
            if one
            else (False, "")
            for one, value in zip(meant & held.any(axis=0), shown.tolist(), strict=True)
        )

    @property
    def _condition(self) -> str:
        words = [f"below {_plain(self.below)}"] if self.below is not None else []
        words += [f"above {_plain(self.above)}"] if self.above is not None else []
        words += [f"one of {', '.join(map(_plain, self.among))}"] if self.among else []
        return f"{self.covariate} is {' or '.join(words)}"

    def _values(self, outcome: xr.Dataset) -> NDArray[Any]:
        """Return the values that the covariate has under each option, (value, option)."""
        name = f"cov_{self.covariate}"
        if name in outcome.coords and outcome[name].dims == ("option",):
            values = _with_extremes(outcome, name)
        elif name in outcome.attrs:
            values = np.repeat(np.asarray(outcome.attrs[name]), outcome.sizes["option"])[None]
        else:
            known = sorted(str(a).removeprefix("cov_") for a in outcome.attrs if str(a).startswith("cov_"))
            known = [k for k in known if not k.endswith("_unit")]
            raise InputError(
                explain(
                    f"limit {self}: the outcome does not carry {name}",
                    expected=", ".join(known) or "covariates in the outcome's attributes",
                    meant=nearest(self.covariate, known),
                    fix="give the covariate in the patient's table",
                )
            )
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise InputError(explain(f"limit {self}: {name} is not known", came="a missing value"))
        return np.asarray(values)

    def _holds(self, values: NDArray[Any], outcome: xr.Dataset) -> NDArray[np.bool_]:
        """Return where the condition holds, (option,)."""
        number = values.dtype.kind in "biuf"
        hit = np.zeros(len(values), dtype=np.bool_)
        for one in self.among:
            if isinstance(one, str) == number:
                raise InputError(self._of_another_kind(one, values[0]))
            hit |= np.asarray(values == one, dtype=np.bool_)
        if self.below is None and self.above is None:
            return hit
        if not number:
            came = f"{self.covariate} {values[0]!r}"
            raise InputError(explain(f"limit {self}: the covariate is no number", came=came))
        if self.below is not None:
            hit = hit | (values < self._number(self.below, outcome))
        if self.above is not None:
            hit = hit | (values > self._number(self.above, outcome))
        return np.asarray(hit)

    def _of_another_kind(self, one: Scalar, value: Any) -> str:
        code = isinstance(one, str)
        fix = "state the codes of the patient's table, such as among=[0]" if code else "state its names"
        return explain(
            f"limit {self}: {one!r} would never be met, {self.covariate} is a {'number' if code else 'name'}",
            came=_plain(value),
            fix=fix,
        )

    def _number(self, value: Scalar, outcome: xr.Dataset) -> float:
        if not isinstance(value, str):
            return float(value)
        name = f"cov_{self.covariate}"
        own = outcome.attrs.get(f"{name}_unit")
        if not own and name in outcome.coords:
            own = outcome[name].attrs.get("units")
        if not own:
            fix = "state the unit on the model's card"
            raise InputError(explain(f"limit {self}: {self.covariate} has no unit", expected=value, fix=fix))
        return quantity_in(value, str(own))


def contraindicated(
    covariate: str,
    *,
    below: Scalar | None = None,
    above: Scalar | None = None,
    among: Iterable[Scalar] = (),
    only: Mapping[str, Any] | None = None,
    why: str = "",
) -> Contraindicated:
    """Limit by a covariate or a genotype of the patient.

    Parameters
    ----------
    covariate
        Its name on the model's card: "CRCL", "CYP2D6".
    below, above
        Contraindicated beyond this value: a number in the covariate's unit, or a text with a unit
        ("30 mL/min").
    among
        Contraindicated where the covariate is one of these: the codes of the table, as simulated outcomes
        carry them ([0]), or names where an outcome carries names (["PM"]).
    only
        Facts of the options that are meant (``{"drug": "codeine"}``, ``{"route": "oral"}``); every option
        that gives a dose unless given.
    why
        The reason, printed where it blocks.

    Raises
    ------
    InputError
        When nothing is stated, or a value is none.
    """
    if not isinstance(covariate, str) or not covariate:
        raise InputError(
            explain("limit contraindicated: covariate", came=repr(covariate), expected="its name")
        )
    listed = (among,) if isinstance(among, str | float | int) else tuple(among)
    if below is None and above is None and not listed:
        expected = "below=, above= or among="
        raise InputError(explain(f"limit contraindicated on {covariate}", came="nothing", expected=expected))
    known = str | int | float | np.number
    if odd := [one for one in listed if isinstance(one, bool) or not isinstance(one, known)]:
        came, expected = repr(odd[0]), "codes (numbers), or names"
        raise InputError(
            explain(f"limit contraindicated on {covariate}: among", came=came, expected=expected)
        )
    for end in (below, above):
        if end is not None and not _is_value(end):
            expected = 'a number, or a text with a unit such as "30 mL/min"'
            raise InputError(
                explain(f"limit contraindicated on {covariate}", came=repr(end), expected=expected)
            )
    return Contraindicated(covariate, below, above, listed, tuple((only or {}).items()), why)


def _is_value(value: object) -> bool:
    if isinstance(value, str):
        quantity, _, own = value.strip().partition(" ")
        try:
            float(quantity)
            factor(own, own)
        except (ValueError, InputError):
            return False
        return True
    return isinstance(value, int | float | np.number) and not isinstance(value, bool) and math.isfinite(value)


def _with_extremes(outcome: xr.Dataset, name: str) -> NDArray[Any]:
    """Return what an option makes of a covariate, and the extremes while doses are given, (value, option)."""
    own = outcome[name].to_numpy()
    found = [own]
    for end in ("_low", "_high"):
        if own.dtype.kind in "biuf" and (other := fact(outcome, name + end)) is not None:
            found.append(np.where(np.isnan(other), own, other))
    return np.stack(found)


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
