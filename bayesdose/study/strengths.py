"""What a dose can be made up from: tablets and their parts, capsules, syringes, vials."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache, reduce
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bayesdose.errors import InputError, explain
from bayesdose.study.quantities import parse_quantity
from bayesdose.units import factor

Floats = NDArray[np.float64]
How = Literal["nearest", "down", "up"]

HOWS = ("nearest", "down", "up")
_FINEST = 2_000_000  # steps of the finest amount in the largest dose; more is a slip of the numbers
_SLACK = 1e-9  # of an amount: what rounding may do to a number
_NONE = np.iinfo(np.int32).max


@dataclass(frozen=True)
class Strengths:
    """The sizes that can be given, and so the doses that can be made up.

    Parameters
    ----------
    sizes
        Content of a tablet, capsule, syringe or vial each: ``["50 mg", "100 mg"]``.
    split
        Into how many equal parts one may be divided: 1 whole ones only, 2 halves, 4 quarters.
    most
        Most pieces in one dose; a part of a tablet is one piece.
    step
        The content is measured out (of a vial, a bottle): doses are multiples of this amount ("10 mg"), drawn
        from whole `sizes` as far as these are stated. `split` does not apply then.

    Raises
    ------
    InputError
        When sizes are no amounts above 0, are not of one kind of unit, or nothing is stated.
    """

    sizes: tuple[str, ...] | list[str] | str = ()
    split: int = 1
    most: int = 10
    step: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "sizes", (self.sizes,) if isinstance(self.sizes, str) else tuple(self.sizes))
        if not self.sizes and self.step is None:
            raise InputError(explain("no strength is stated", expected='such as Strengths(["50 mg"])'))
        for name in ("split", "most"):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                wanted = "a whole number, 1 or more"
                raise InputError(explain(f"strengths: {name}", came=repr(value), expected=wanted))
        if self.step is not None and self.split > 1:
            fix = "leave out split= or step="
            raise InputError(explain("what is measured out is not divided into parts", fix=fix))
        self._made  # noqa: B018  (what cannot be made up is said here, not at the first dose)

    def __str__(self) -> str:
        parts = {1: "", 2: ", halves", 4: ", quarters"}.get(self.split, f", parts of 1/{self.split}")
        multiples = "" if self.step is None else f"{', ' if self.sizes else ''}in steps of {self.step}"
        return f"{' or '.join(self.sizes)}{parts}{multiples}"

    @cached_property
    def unit(self) -> str:
        """The unit that amounts of this object are in: that of the first size, else of the step."""
        return parse_quantity(self.sizes[0] if self.sizes else str(self.step))[1]

    def amounts(self, unit: str | None = None) -> Floats:
        """Return the doses that can be made up, ascending.

        Parameters
        ----------
        unit
            What they are in; `self.unit` unless given.

        Raises
        ------
        InputError
            When the doses are multiples of a step with no size to draw them from: there is no largest one.
        """
        if not self.sizes:
            fix = "ask between(low, high)"
            raise InputError(explain(f"multiples of {self.step} have no end", fix=fix))
        return _amounts(self, self.unit if unit is None else unit)

    def between(self, low: str, high: str) -> list[float]:
        """Return the doses that can be made up from `low` to `high`, in the unit of `low`.

        They serve as numbers of a dose text: ``amount=strengths.between("50 mg", "400 mg")``.

        Raises
        ------
        InputError
            When there is none.
        """
        least, unit = parse_quantity(low)
        largest = parse_quantity(high)[0] * factor(parse_quantity(high)[1], unit)
        if self.sizes:
            known: Floats = self.amounts(unit)
        else:
            step = float(_in(str(self.step), unit))
            known = np.float64(step) * np.arange(1, math.floor(largest / step * (1 + _SLACK)) + 1)
        slack = _SLACK * largest
        found = known[(known >= least - slack) & (known <= largest + slack)]
        if not len(found):
            raise InputError(explain(f"no dose from {low} to {high} can be made up of {self}"))
        return [float(f"{x:.12g}") for x in found]

    def round(self, amount: float, unit: str, how: How = "nearest") -> float:
        """Return the dose that can be made up and is nearest, or the next one down or up.

        Parameters
        ----------
        amount, unit
            The dose wanted.
        how
            Of two that are equally near "nearest" takes the smaller one.

        Raises
        ------
        InputError
            When the dose is larger than all that can be made up, or ("down") smaller.
        """
        if how not in HOWS:
            wanted = " or ".join(map(repr, HOWS))
            raise InputError(explain("rounding of doses", came=repr(how), expected=wanted))
        lower, upper = self._neighbours(amount, unit)
        if upper is None or (how == "down" and lower is None):
            raise InputError(self._beyond(amount, unit, above=upper is None))
        if lower is None or how == "up":
            return upper
        near = amount - lower <= (upper - amount) * (1 + _SLACK)
        return lower if how == "down" or near else upper

    def pieces(self, amount: float, unit: str) -> int:
        """Return the fewest pieces that make up a dose (`round` says which can be); 0 without sizes.

        Of what is measured out: the fewest of those that are opened where the least is wasted.
        """
        made = self._made
        return int(made.pieces[self._opened(amount, unit)]) if self.sizes and amount > 0 else 0

    def waste(self, amount: float, unit: str) -> float:
        """Return how much of the opened vials is left over after a dose, in `unit`, at least."""
        if not self.sizes or self.step is None or amount <= 0:
            return 0.0
        whole = self._opened(amount, unit) * float(self._made.quantum) * factor(self.unit, unit)
        return float(max(whole - amount, 0.0))

    @cached_property
    def _made(self) -> _Made:
        if not self.sizes:
            step = _in(str(self.step), self.unit)
            return _Made(step, np.zeros(1, dtype=np.int32))
        parts = range(1, self.split + 1) if self.step is None else (self.split,)
        coins = sorted({_in(size, self.unit) * j / self.split for size in self.sizes for j in parts})
        return _Made.of(coins, self.most)

    def _opened(self, amount: float, unit: str) -> int:
        """Return the position in `_made` of the least whole amount that covers a dose."""
        wanted = math.ceil(amount * factor(unit, self.unit) / float(self._made.quantum) * (1 - _SLACK))
        possible = np.flatnonzero(self._made.pieces[max(wanted, 0) :] < _NONE)
        if not len(possible):
            raise InputError(self._beyond(amount, unit, above=True))
        return wanted + int(possible[0])

    def _neighbours(self, amount: float, unit: str) -> tuple[float | None, float | None]:
        if self.sizes:
            known: Floats = self.amounts(unit)
        else:
            step = float(_in(str(self.step), unit))
            k = math.floor(amount / step * (1 + _SLACK))
            known = np.float64(step) * np.arange(max(k, 1), k + 2)
        slack = _SLACK * amount
        below, above = known[known <= amount + slack], known[known >= amount - slack]
        lower, upper = (float(x[i]) if len(x) else None for x, i in ((below, -1), (above, 0)))
        return lower, upper

    def _beyond(self, amount: float, unit: str, *, above: bool) -> str:
        bound = "largest" if above else "smallest"
        made = self.amounts(unit)[-1 if above else 0] if self.sizes else float(_in(str(self.step), unit))
        return explain(
            f"a dose of {amount:.6g} {unit} cannot be made up of {self}",
            came=f"{'more' if above else 'less'} than the {bound} dose, {made:.6g} {unit}",
            fix=f"raise most= (now {self.most} pieces)" if above else "round up, or ask for larger doses",
        )


@dataclass(frozen=True)
class _Made:
    """What can be made up: the finest step of amounts, and the fewest pieces for each multiple of it."""

    quantum: Fraction
    pieces: NDArray[np.int32]

    @classmethod
    def of(cls, coins: list[Fraction], most: int) -> _Made:
        """Count pieces: an amount that k of them make up, and no fewer, has the number k."""
        quantum = reduce(_common, coins)
        steps = [int(c / quantum) for c in coins]
        size = most * steps[-1] + 1
        if size > _FINEST:
            fix = "state sizes with fewer digits, or fewer pieces (most=)"
            raise InputError(explain("the sizes have no practical common step", came=float(quantum), fix=fix))
        pieces = np.full(size, _NONE, dtype=np.int32)
        pieces[0] = 0
        for count in range(1, most + 1):
            last = pieces == count - 1
            for step in steps:
                new = np.zeros(size, dtype=bool)
                new[step:] = last[:-step]
                pieces[new & (pieces == _NONE)] = count
        return cls(quantum, pieces)


@lru_cache(maxsize=64)
def _amounts(strengths: Strengths, unit: str) -> Floats:
    made = strengths._made
    every = np.flatnonzero(made.pieces < _NONE)[1:]
    if strengths.step is not None:
        each = _in(strengths.step, strengths.unit)
        count = math.floor(int(every[-1]) * made.quantum / each)
        exact = [float(k * each) for k in range(1, count + 1)]
    else:
        exact = [float(int(k) * made.quantum) for k in every]
    found = factor(strengths.unit, unit) * np.array(exact)
    found.flags.writeable = False
    return found


def _common(a: Fraction, b: Fraction) -> Fraction:
    """Return the greatest common divisor of two fractions."""
    return Fraction(
        math.gcd(a.numerator * b.denominator, b.numerator * a.denominator), a.denominator * b.denominator
    )


def _in(text: str, unit: str) -> Fraction:
    """Return an amount in a unit as a fraction: sums of them are exact."""
    number, own = parse_quantity(text)
    if not number > 0:
        raise InputError(explain(f"a strength of {text!r}", expected="an amount above 0, such as 50 mg"))
    return Fraction(str(number)) * Fraction(factor(own, unit)).limit_denominator(10**9)


def round_to(
    amounts: Iterable[float] | float,
    unit: str,
    strengths: Strengths | Iterable[str] | str,
    how: How = "nearest",
) -> Floats:
    """Return doses as they can be made up.

    Parameters
    ----------
    amounts, unit
        The doses wanted.
    strengths
        What there is: `Strengths`, or the sizes of whole tablets or vials (``["50 mg", "100 mg"]``).
    how
        To the "nearest" (of two equally near ones the smaller), or always "down" or "up".

    Returns
    -------
    array
        One for each, in `unit`.

    Raises
    ------
    InputError
        When one cannot be made up.
    """
    known = as_strengths(strengths)
    given = np.atleast_1d(np.asarray(list(amounts) if isinstance(amounts, Iterable) else amounts, float))
    return np.array([known.round(float(x), unit, how) for x in given])


def as_strengths(given: Strengths | Iterable[str] | str) -> Strengths:
    """Return `Strengths`, whichever way they were stated."""
    return (
        given if isinstance(given, Strengths) else Strengths([given] if isinstance(given, str) else [*given])
    )
