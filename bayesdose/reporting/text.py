"""Numbers and labels as people read them."""

from __future__ import annotations

import math


def significant(value: float, digits: int = 3) -> str:
    """Return a number with this many significant digits, without an exponent where that is readable.

    Parameters
    ----------
    value
        Any number; one that is missing becomes an en dash.
    digits
        Significant digits; an integer part is never rounded away ("1234", not "1230").
    """
    if not math.isfinite(value):
        return "–" if math.isnan(value) else ("∞" if value > 0 else "−∞")
    if value == 0:
        return "0"
    size = math.floor(math.log10(abs(value)))
    if not -5 < size < 6:
        return f"{value:.{digits - 1}e}"
    return signed(f"{value:.{max(digits - 1 - size, 0)}f}")


def brief(value: float) -> str:
    """Return a number with two significant digits and no zeros behind them: "1", "0.35", "−2.1"."""
    made = significant(value, 2)
    return made.rstrip("0").rstrip(".") if "." in made and "e" not in made else made


def decimals(error: float, default: int = 3) -> int:
    """Return how many decimals show an error with two significant digits; `default` when it is zero."""
    if not (math.isfinite(error) and error > 0):
        return default
    return min(max(1 - math.floor(math.log10(error)), 0), 6)


def fixed(value: float, places: int) -> str:
    """Return a number with this many decimals, or with an exponent where that would be a long one."""
    if not math.isfinite(value):
        return significant(value)
    made = f"{value:.{places}f}"
    return signed(made) if len(made) <= 12 else f"{value:.3g}"


def signed(made: str) -> str:
    """Return a formatted number with a true minus sign, and no sign for what rounds to zero."""
    if not made.startswith("-"):
        return made
    return f"−{made[1:]}" if float(made) else made[1:]


def percent(share: float) -> str:
    """Return a probability as a percentage that never rounds to a certainty it is not."""
    if not math.isfinite(share):
        return "–"
    if 0 < share < 0.005:
        return "< 1\u00a0%"
    if 0.995 <= share < 1:
        return "> 99\u00a0%"
    return f"{100 * share:.0f}\u00a0%"


def plus_minus(value: str, error: str) -> str:
    """Return "value ± error", which no line break parts."""
    return f"{value}\u00a0±\u00a0{error}"


def interval(low: float, high: float, digits: int = 3) -> str:
    """Return "low–high" with significant digits; "to" where a minus sign would read as a dash."""
    return f"{significant(low, digits)}{'–' if low >= 0 else ' to '}{significant(high, digits)}"


def with_unit(text: str, unit: str) -> str:
    """Return the text with its unit behind it, where it has one."""
    return f"{text} {unit}" if unit else text


def count(n: int, one: str, more: str | None = None) -> str:
    """Return a number with its noun: "1 level", "3 levels"."""
    return f"{n:,} {one if n == 1 else more or one + 's'}"
