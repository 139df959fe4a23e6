"""Options as a grid of their template's numbers: amount by interval."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from numpy.typing import NDArray

if TYPE_CHECKING:
    from bayesdose.decision.choice import Choice

_DERIVED = {"n_doses", "n_steps", "max_single", "max_daily", "total_amount"}
_MOST_LINES = 6


@dataclass(frozen=True, eq=False)
class Grid:
    """Candidates laid out by one or two numbers.

    Parameters
    ----------
    x, x_name, x_unit
        The number along the axis, per candidate (candidate,).
    line, line_name, line_unit
        The number that tells lines apart (candidate,); all zero and "" when there is one line.
    place
        Position of each candidate among the options (candidate,).
    """

    x: NDArray[np.float64]
    x_name: str
    x_unit: str
    line: NDArray[np.float64]
    line_name: str
    line_unit: str
    place: NDArray[np.intp]

    def lines(self) -> list[tuple[str, NDArray[np.intp]]]:
        """Return each line's name and its members (positions among the candidates), from left to right."""
        made = []
        for value in np.unique(self.line):
            members = np.flatnonzero(self.line == value)
            made.append((self._name(value), members[np.argsort(self.x[members])]))
        return made

    def _name(self, value: float) -> str:
        if not self.line_name:
            return ""
        word = "every" if self.line_name == "interval" else self.line_name
        return f"{word} {value:g} {self.line_unit}".rstrip()


def candidates(table: xr.Dataset) -> NDArray[np.intp]:
    """Return the positions of the options of the template: not no treatment, nor the current regimen."""
    if "kind" in table.coords:
        return np.flatnonzero(table["kind"].to_numpy().astype(str) == "candidate")
    return np.flatnonzero(table["option"].to_numpy().astype(str) != "no treatment")


def find_grid(choice: Choice) -> Grid | None:
    """Return the candidates as a grid: three values or more along x, at most six lines, one option a cell.

    None when their numbers do not make one (other options, more than two numbers that vary).
    """
    table, place = choice.table, candidates(choice.table)
    numbers = {name: table[name].to_numpy()[place].astype(float) for name in _numeric(table)}
    varying = [n for n, v in numbers.items() if np.isfinite(v).all() and len(np.unique(v)) > 1]
    if not varying or len(varying) > 2:
        return None
    varying.sort(key=lambda n: (n == "interval", -len(np.unique(numbers[n]))))
    x_name, line_name = varying[0], varying[1] if len(varying) > 1 else ""
    x, line = numbers[x_name], numbers.get(line_name, np.zeros(len(place)))
    if len(np.unique(x)) < 3 or len(np.unique(line)) > _MOST_LINES:
        return None
    if len(set(zip(x, line, strict=True))) < len(place):
        return None
    units = [_unit(table, name, place) if name else "" for name in (x_name, line_name)]
    return Grid(x, x_name, units[0], line, line_name, units[1], place)


def _numeric(table: xr.Dataset) -> list[str]:
    return [
        str(name)
        for name, c in table.coords.items()
        if c.dims == ("option",) and c.dtype.kind in "iuf" and name not in _DERIVED
    ]


def _unit(table: xr.Dataset, name: str, place: NDArray[np.intp]) -> str:
    """Return the number's unit: its attribute, or the word that follows it in the label of every option."""
    if table[name].attrs.get("units"):
        return str(table[name].attrs["units"])
    common: set[str] | None = None
    for label, value in zip(table["option"].to_numpy()[place], table[name].to_numpy()[place], strict=True):
        words = str(label).replace(",", " ").split()
        found = {after for word, after in pairwise(words) if word == f"{value:g}"}
        common = found if common is None else common & found
    return common.pop() if common and len(common) == 1 else ""
