"""Red flags as nouns: what is odd about one patient's table, how odd, and what to do about it."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

EXPLAINED = 0.05
"""A slip explains a table that it makes at least this probable."""

_WIDTH = 100
_HEAD = ("flag", "where", "value", "limit")


@dataclass(frozen=True)
class Flag:
    """One thing that was looked at.

    Parameters
    ----------
    name
        What it is about, in words.
    where
        What it concerns: "level at 6 h", "covariate WT", "all levels".
    row
        Line of the table (the study's ROW), None where it concerns no single one.
    value
        What was found: a probability, a covariate's value, a log evidence ratio; `meaning` says which.
    limit
        What it was held against.
    raised
        Whether it is a red flag.
    meaning
        What the value is.
    advice
        What to check, in plain words.
    """

    name: str
    where: str
    row: int | None
    value: float
    limit: float
    raised: bool
    meaning: str
    advice: str

    def __str__(self) -> str:
        return f"{self.name} ({self.where}): {self.meaning} {self.value:.3g}, limit {self.limit:.3g}"


@dataclass(frozen=True)
class Suspect:
    """A slip that would explain the table.

    Parameters
    ----------
    kind
        "unit", "swap", "missed dose", "dose time" or "sample time".
    name
        In words: "x10 unit slip".
    where
        What it concerns: "level at 6 h".
    row
        Line of the table, None where it concerns several.
    log_ratio
        Natural log of the evidence for it over that for the table as it stands.
    p
        Probability of levels as odd as these if the slip is put right; nan where it was not computed.
    """

    kind: str
    name: str
    where: str
    row: int | None
    log_ratio: float
    p: float = math.nan

    def __str__(self) -> str:
        chance = "" if math.isnan(self.p) else f", p {self.p:.2g} when put right"
        return f"{self.name}, {self.where}: log evidence ratio {self.log_ratio:.1f}{chance}"


@dataclass(frozen=True)
class Flags:
    """The red flags of one patient, and everything that was looked at.

    Iterating gives the raised ones; it is true when there is any.

    Parameters
    ----------
    checks
        Everything looked at, raised or not.
    suspects
        Slips that would explain the table, the likeliest first; searched for only where a probabilistic flag
        is raised.
    p
        Probability that a clean patient of the same design has a smallest p as small as this one's; nan
        without levels.
    alpha
        The largest share of clean patients with a probabilistic flag.
    n_replicates, n_particles
        Simulated patients of the same design, and particles that weigh their levels.
    seed, ms
        Seed, and milliseconds of processor time.
    """

    checks: tuple[Flag, ...]
    suspects: tuple[Suspect, ...]
    p: float
    alpha: float
    n_replicates: int
    n_particles: int
    seed: int
    ms: float

    @property
    def raised(self) -> tuple[Flag, ...]:
        """The red flags."""
        return tuple(flag for flag in self.checks if flag.raised)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the red flags, each once."""
        return tuple(dict.fromkeys(flag.name for flag in self.raised))

    def __iter__(self) -> Iterator[Flag]:
        return iter(self.raised)

    def __len__(self) -> int:
        return len(self.raised)

    def __bool__(self) -> bool:
        return bool(self.raised)

    def table(self) -> pd.DataFrame:
        """Return everything looked at, one row each."""
        import pandas as pd

        return pd.DataFrame([asdict(flag) for flag in self.checks], columns=list(Flag.__dataclass_fields__))

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-able values: the red flags, everything looked at, the suspects; no subject's name."""
        made = {name: getattr(self, name) for name in ("alpha", "n_replicates", "n_particles", "seed", "ms")}
        checks = [_plain_dict(one) for one in self.checks]
        return {
            "raised": [one for one in checks if one["raised"]],
            "checks": checks,
            "suspects": [_plain_dict(one) for one in self.suspects],
            "p": _plain(self.p),
            **made,
        }

    def __str__(self) -> str:
        if not self:
            return f"no red flag ({len(self.checks)} checks)"
        rows = [(f.name, f.where, f"{f.value:.3g}", f"{f.limit:.3g}") for f in self.raised]
        widths = [max(len(row[k]) for row in [_HEAD, *rows]) for k in range(len(_HEAD))]
        lines = ["  ".join(cell.ljust(w) for cell, w in zip(_HEAD, widths, strict=True)).rstrip()]
        for row, flag in zip(rows, self.raised, strict=True):
            lines.append("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip())
            lines += textwrap.wrap(flag.advice, _WIDTH, initial_indent="    ", subsequent_indent="    ")
        title = f"{len(rows)} red flag{'s' * (len(rows) > 1)}: re-check before escalating"
        rivals = [one for one in self.suspects[1:] if one.p >= EXPLAINED]
        others = [f"    could also be {one}" for one in rivals[:2]] if self._named else []
        return "\n".join([title, *lines, *others])

    @property
    def _named(self) -> bool:
        return any(flag.name.startswith("probable ") for flag in self.raised)


def _plain_dict(one: Flag | Suspect) -> dict[str, Any]:
    return {name: _plain(value) for name, value in asdict(one).items()}


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
