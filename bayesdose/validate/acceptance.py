"""Limits of acceptance of a validation: what they are, and reading them from a TOML file."""

from __future__ import annotations

import math
import tomllib
from dataclasses import asdict, dataclass, fields
from os import PathLike
from pathlib import Path

from bayesdose.errors import InputError, explain, nearest

_LARGEST = 2**16  # bytes; a bigger file holds no limits


@dataclass(frozen=True)
class Limits:
    """Limits of acceptance; a validation passes when every row is within its limit.

    Parameters
    ----------
    vpc_inside
        Least share of observed percentiles in their intervals, of shares below the limit of quantification
        and of counts and categories in theirs.
    curve_inside
        Least share of the times at which a curve of events is in its intervals: less, as a curve that has
        left them stays outside for long.
    vpc_p
        Least share of simulated studies that have as few of their values inside: the `p_value` of each
        predictive check, of whatever kind of level.
    npde_p
        Least share of simulated studies whose npde fail their tests as badly (`Npde.p_value`). With very many
        levels no model passes: 0 switches it off.
    npde_mean
        Largest distance of their mean from 0.
    npde_sd
        Largest distance of their SD from 1.
    coverage_off
        Largest distance of a nominal probability from the 95 % interval of the share covered.
    refused
        Largest share of held-out posteriors that were refused.
    pit_off
        Of levels left out one at a time (counts, categories, events): largest distance of the share of their
        places below 0.1, 0.25, 0.5, 0.75 or 0.9 from that number, beyond its 95 % interval.
    khat_high
        Largest share of them whose k-hat is too high for their place to be relied on.
    """

    vpc_inside: float = 0.6
    curve_inside: float = 0.25
    vpc_p: float = 0.01
    npde_p: float = 0.01
    npde_mean: float = 0.3
    npde_sd: float = 0.25
    coverage_off: float = 0.05
    refused: float = 0.05
    pit_off: float = 0.05
    khat_high: float = 0.1

    def to_dict(self) -> dict[str, float]:
        """Return the limits by name."""
        return asdict(self)


def read_limits(path: str | PathLike[str]) -> Limits:
    """Read limits of acceptance from a TOML file.

    Parameters
    ----------
    path
        Lines such as ``npde_p = 0.05``; what is not named keeps its default.

    Raises
    ------
    InputError
        When the file cannot be read, names a limit that there is not, or gives what is not a number of 0 or
        more.
    """
    place = Path(path)
    try:
        if place.is_file() and place.stat().st_size > _LARGEST:
            raise InputError(
                explain(f"{place.name} is too large to hold limits", expected=f"{_LARGEST} bytes")
            )
        content = tomllib.loads(place.read_text(encoding="utf-8-sig"))
    except OSError as error:
        came = (error.strerror or "an error of the system").lower()
        raise InputError(explain(f"the file of limits {place} cannot be read", came=came)) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(
            explain(f"{place.name} is not TOML", came=error, expected="lines such as npde_p = 0.05")
        ) from error
    problems = [problem for name, value in content.items() if (problem := _wrong(name, value))]
    if problems:
        raise InputError(f"{place.name}: " + "; ".join(problems))
    return Limits(**{name: float(value) for name, value in content.items()})


def _wrong(name: str, value: object) -> str:
    known = tuple(field.name for field in fields(Limits))
    if name not in known:
        meant = nearest(name, known)
        return f"{name} is no limit" + (f" (probably meant: {meant})" if meant else f" ({', '.join(known)})")
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not number or float(value) < 0:  # type: ignore[arg-type]
        return f"{name} came as {value!r}, expected a number of 0 or more"
    return ""
