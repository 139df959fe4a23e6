"""Reading dose text: ``20 mg/kg, then {amount} mg every 12 h x 8``.

Grammar, with ``{name}`` wherever a number stands::

    text  = group { ", then " group }
    group = part | "(" part { ", then " part } ")" "x" number
    part  = number unit { route } [ "every" [number] time ( "x" number | "for" number time )
            [ "at steady state" ] ] | "nothing for" number time
    route = "over" number time | "over modelled duration" | "at modelled rate" | "into" compartment
    unit  = mg, g, ug, mg/kg, mg/m2, ...
    time  = min, h, d, day, days, week, weeks, ...

Nothing here knows a patient or a model: amounts and times stay in the units they were written in.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NoReturn

from bayesdose.errors import InputError, explain, nearest

Number = float | str  # a number, or the name of a placeholder

EXAMPLE = "'20 mg/kg, then {amount} mg every 12 h x 8'"
TIMES = {
    **dict.fromkeys(("min", "mins", "minute", "minutes"), "minute"),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), "hour"),
    **dict.fromkeys(("d", "day", "days"), "day"),
    **dict.fromkeys(("wk", "wks", "week", "weeks"), "week"),
}
_SPOKEN = {
    "daily": "every 24 h",
    "qd": "every 24 h",
    "od": "every 24 h",
    "bid": "every 12 h",
    "tid": "every 8 h",
}
_KEYWORDS = ("every", "x", "for", "then", "over", "into", "at", "modelled", "steady", "nothing")
_GROUP = re.compile(r"\(([^()]*)\)\s*[x×]\s*([^\s,()]+)")
_MOST_CYCLES = 1000
_THEN = re.compile(r"\s*,?\s*\bthen\s+", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z_]\w*")
_TOKEN = re.compile(r"\{[^{}]*\}|[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[x×](?=\s*[\d{])|[^\s{}]+|[{}]")


@dataclass(frozen=True)
class Part:
    """One stretch of a regimen.

    Parameters
    ----------
    amount, unit
        What is given at each time, in `unit` ("mg/kg"); 0 of "nothing" for the `duration`.
    every, every_unit
        The interval; None for a single dose.
    count
        Number of doses; None when `duration` says how long instead.
    duration, duration_unit
        For how long.
    over, over_unit
        Duration of an infusion; None for a bolus.
    rate
        What the table's RATE says of it: 0, or -1 (rate from the model), -2 (duration from the model).
    into
        Name or number of the compartment; "0" for the model's default.
    steady
        Whether its first dose finds the steady state of its own interval.
    """

    amount: Number
    unit: str
    every: Number | None = None
    every_unit: str = "hour"
    count: Number | None = 1.0
    duration: Number | None = None
    duration_unit: str = "hour"
    over: Number | None = None
    over_unit: str = "hour"
    rate: float = 0.0
    into: str = "0"
    steady: bool = False


@dataclass(frozen=True)
class DoseText:
    """A dose text, read: its parts in order and the names of its placeholders."""

    text: str
    parts: tuple[Part, ...]
    names: tuple[str, ...]

    def label(self, values: Mapping[str, float]) -> str:
        """Return the text with its placeholders filled."""
        return re.sub(r"\{\s*(\w+)\s*\}", lambda m: f"{values[m[1]]:.10g}", self.text)


def parse(text: str) -> DoseText:
    """Read a dose text.

    Raises
    ------
    InputError
        When it is none; the message says what came, what was expected and what was probably meant, in a line
        for each part that cannot be read.
    """
    if not isinstance(text, str) or not text.strip():
        raise InputError(
            explain("the dose text is empty", came=repr(text), expected=f"a text like {EXAMPLE}")
        )
    clean = " ".join(text.split())
    parts = _parts(_written_out(clean))
    for before, after in pairwise(parts):
        if before.every is None and after.every is None and before.amount and after.amount:
            raise InputError(
                explain(
                    f"the dose text {clean!r} does not say when the second of two single doses is given",
                    fix="give one of them an interval, as in '20 mg every 12 h x 1, then 10 mg'",
                )
            )
    numbers = [n for p in parts for n in (p.amount, p.over, p.every, p.count, p.duration)]
    names = dict.fromkeys(n for n in numbers if isinstance(n, str))
    if not any(part.amount for part in parts):
        raise InputError(
            explain(f"the dose text {clean!r} gives nothing", fix="no treatment is always an option")
        )
    return DoseText(clean, parts, tuple(names))


def _written_out(text: str) -> str:
    """Return the text with every ``( ... ) x 3`` written three times."""

    def cycles(found: re.Match[str]) -> str:
        count = found[2]
        if not count.isdecimal() or not 1 <= int(count) <= _MOST_CYCLES:
            wanted = f"a whole number from 1 to {_MOST_CYCLES} behind the brackets, as in '(...) x 3'"
            raise InputError(
                explain(f"cannot read the dose text {text!r}", came=repr(count), expected=wanted)
            )
        return ", then ".join([found[1].strip()] * int(count))

    return _GROUP.sub(cycles, text)


def _parts(text: str) -> tuple[Part, ...]:
    read, wrong = [], []
    for part in _THEN.split(text):
        try:
            read.append(_Reader(text, part).part())
        except InputError as error:
            wrong.append(str(error))
    if wrong:
        raise InputError("\n".join(dict.fromkeys(wrong)))
    return tuple(read)


class _Reader:
    """Reads one part, token by token; every complaint quotes the text."""

    def __init__(self, text: str, part: str) -> None:
        self.text = text
        self.tokens = _TOKEN.findall(part.strip().rstrip(".,;"))
        self.at = 0

    def part(self) -> Part:
        if self.peek() == "nothing":
            return self.pause()
        single = self.route(Part(self.number("the amount of a dose"), self.unit()))
        if self.peek() is None:
            return single
        self.word("every", "'every' (with an interval), 'over 1 h', or nothing for a single dose")
        every = 1.0 if self.peek() in TIMES else self.number("the interval")
        repeated = replace(single, every=every, every_unit=self.time())
        how = self.take()
        if how in ("x", "×"):
            done = replace(repeated, count=self.whole("the number of doses"))
        elif how == "for":
            long = self.number("how long")
            done = replace(repeated, count=None, duration=long, duration_unit=self.time())
        else:
            self.fail(how, "'x 10' (number of doses) or 'for 5 days' after the interval")
        if self.peek() == "at":
            self.words("at", "steady", "state")
            done = replace(done, steady=True)
        if self.peek() is not None:
            self.fail(self.peek(), "', then ' between parts, 'at steady state', or the end of the text")
        return done

    def pause(self) -> Part:
        self.words("nothing", "for")
        part = Part(0.0, "", duration=self.number("how long"), duration_unit=self.time(), count=None)
        if self.peek() is not None:
            self.fail(self.peek(), "', then ' between parts, or the end of the text")
        return part

    def route(self, part: Part) -> Part:
        """Read how a dose is given, behind its unit."""
        while (token := self.peek()) in ("over", "at", "into"):
            if token == "into":
                self.take()
                part = replace(part, into=self.compartment())
            elif token == "at":
                if self.tokens[self.at + 1 : self.at + 2] == ["steady"]:
                    self.fail("at steady state", "an interval and a number of doses before it")
                self.words("at", "modelled", "rate")
                part = replace(part, rate=-1.0)
            else:
                self.take()
                if self.peek() == "modelled":
                    self.words("modelled", "duration")
                    part = replace(part, rate=-2.0)
                else:
                    part = replace(part, over=self.number("the infusion"), over_unit=self.time())
        if part.over is not None and part.rate:
            self.fail("modelled", "a duration or a modelled one, not both")
        return part

    def compartment(self) -> str:
        token = self.take()
        if (
            token is None
            or not re.fullmatch(r"[A-Za-z_]\w*|\d{1,3}", token)
            or token in ("every", "over", "at")
        ):
            self.fail(token, "the name or number of a compartment after 'into'")
        return token

    def words(self, *expected: str) -> None:
        for word in expected:
            self.word(word, f"{' '.join(expected)!r}")

    def peek(self) -> str | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def take(self) -> str | None:
        token = self.peek()
        self.at += 1
        return token

    def word(self, word: str, expected: str) -> None:
        if (token := self.take()) != word:
            self.fail(token, expected)

    def number(self, what: str) -> Number:
        token = self.take()
        if token is not None and token.startswith("{") and token.endswith("}"):
            if name := _NAME.fullmatch(token[1:-1].strip()):
                return name[0]
            self.fail(token, "a name between the braces, such as {amount}")
        try:
            value = float(token or "")
        except ValueError:
            self.fail(token, f"a number or a {{name}} for {what}")
        return positive(value, what, self.text)

    def whole(self, what: str) -> Number:
        count = self.number(what)
        return count if isinstance(count, str) else whole(count, what, self.text)

    def unit(self) -> str:
        token = self.take()
        if (
            token is None
            or token in ("every", "x", "for", "then", "over", "into", "at")
            or not re.match(r"[a-zA-Zµμ%]", token)
        ):
            self.fail(token, "a unit after the amount, such as mg or mg/kg")
        return token

    def time(self) -> str:
        token = self.take()
        if token is None or token.lower() not in TIMES:
            self.fail(token, "a unit of time (min, h, day, week)", nearest(token or "", list(TIMES)))
        return TIMES[token.lower()]

    def fail(self, token: str | None, expected: str, meant: str | None = None) -> NoReturn:
        came = "the end of the text" if token is None else repr(token)
        raise InputError(
            explain(
                f"cannot read the dose text {self.text!r}",
                came=came,
                expected=f"{expected}; the whole reads like {EXAMPLE}",
                meant=meant or _guess(token, self.text),
            )
        )


def positive(value: float, what: str, text: str) -> float:
    """Return `value`, or complain that it is not above 0.

    Raises
    ------
    InputError
        When it is 0, negative, infinite or nan.
    """
    if not (math.isfinite(value) and value > 0):
        raise InputError(
            explain(
                f"{what} in {text!r} must be above 0",
                came=f"{value:g}",
                fix="no treatment is always an option",
            )
        )
    return value


def whole(value: float, what: str, text: str) -> float:
    """Return `value`, or complain that it is no whole number above 0.

    Raises
    ------
    InputError
        When it is none.
    """
    if positive(value, what, text) != round(value):
        raise InputError(explain(f"{what} in {text!r} must be a whole number", came=f"{value:g}"))
    return value


def _guess(token: str | None, text: str) -> str | None:
    if found := re.search(r"\d+,\d+", text):
        return found[0].replace(",", ".")
    if found := re.search(r"\bq\s*(\d+)\s*h?\b", text, re.IGNORECASE):
        return f"every {found[1]} h"
    if (token or "").lower() in _SPOKEN:
        return _SPOKEN[(token or "").lower()]
    return (
        nearest(token or "", ["every", "then", "for", "over", "into", "modelled", "steady"])
        if token and len(token) > 3
        else None
    )
