"""Simple rules of dosing: which option for which covariates, and what is lost against individual choices."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from bayesdose.decision.choice import Choice
from bayesdose.errors import InputError, explain, nearest

Floats = NDArray[np.float64]

DIMS = ("subject", "option")


@dataclass(frozen=True)
class Cell:
    """One line of a rule.

    Parameters
    ----------
    bounds
        Covariate to the values it is for: above the first, up to and including the second.
    option
        Label of the option; the nearest one where a dose between them is given.
    dose
        Value of the coordinate that doses were refined in; nan where none were.
    share
        Share of the population it is for.
    regret
        Expected utility lost against each subject's own best option, on average over these subjects.
    """

    bounds: Mapping[str, tuple[float, float]]
    option: str
    dose: float
    share: float
    regret: float

    @property
    def when(self) -> str:
        """The condition in words."""
        return " and ".join(_bound(name, *pair) for name, pair in self.bounds.items()) or "always"


@dataclass(frozen=True)
class Rule:
    """What to give, from covariates alone. ``print(rule)`` is a table for the ward.

    Parameters
    ----------
    cells
        Its lines; together they cover every value of the covariates.
    value
        Expected utility of following it, on average over the population it was made for.
    one
        That of the best single option for everybody.
    individual
        That of each subject's own best option: the full policy.
    coordinate
        Name of the options' coordinate that doses were refined in; None where they are the options.
    """

    cells: tuple[Cell, ...]
    value: float
    one: float
    individual: float
    coordinate: str | None = None

    @property
    def regret(self) -> float:
        """Expected utility lost against the full policy."""
        return self.individual - self.value

    @property
    def kept(self) -> float:
        """Share of what individual dosing gains over one dose for everybody that the rule keeps.

        1 where there is nothing to gain, nan where no option is allowed for everybody.
        """
        gain = self.individual - self.one
        if math.isnan(gain):
            return math.nan
        return (self.value - self.one) / gain if gain > 0 else 1.0

    @property
    def cuts(self) -> dict[str, tuple[float, ...]]:
        """The values of each covariate at which the rule changes."""
        found: dict[str, set[float]] = {}
        for cell in self.cells:
            for name, pair in cell.bounds.items():
                found.setdefault(name, set()).update(x for x in pair if math.isfinite(x))
        return {name: tuple(sorted(values)) for name, values in found.items() if values}

    def option(self, **covariates: float) -> str:
        """Return the option for a patient, ``rule.option(WT=12)``.

        Raises
        ------
        InputError
            When a covariate that the rule reads is missing.
        """
        return self.cells[self._place({name: np.array([v]) for name, v in covariates.items()})[0]].option

    def judged(self, values: xr.DataArray, by: str | None = None) -> pd.DataFrame:
        """Return what the rule loses, also for a population it was not made for.

        Parameters
        ----------
        values
            As from `by_subject`.
        by
            A coordinate on subject whose groups are told apart (a sex, a genotype, a study site); the lines
            of the rule unless given.

        Returns
        -------
        pandas.DataFrame
            Index the group; share of the population, regret (mean loss against each subject's own best
            option), worst (the largest of one subject), and value.
        """
        known = checked(values)
        place = self._place({str(n): c.to_numpy() for n, c in known.coords.items() if c.dims == ("subject",)})
        given = np.array([_of_cell(known, cell, self.coordinate) for cell in self.cells])
        value = given[place, np.arange(len(place))]
        loss = own_best(known, self.coordinate) - value
        group = np.array([c.when for c in self.cells])[place] if by is None else known[by].to_numpy()
        weight = weights(known)
        rows = {g: _row(group == g, weight, loss, value) for g in dict.fromkeys(group.tolist())}
        return pd.DataFrame.from_dict(rows, orient="index", columns=["share", "regret", "worst", "value"])

    def __str__(self) -> str:
        width = max(len(cell.when) for cell in self.cells)
        lines = [f"{'if':<{width}}  {'share':>6}  {'regret':>9}  give"]
        for cell in self.cells:
            dose = "" if math.isnan(cell.dose) else f"{cell.dose:.4g} ({self.coordinate}), about "
            said = f"{cell.when:<{width}}  {cell.share:6.1%}  {cell.regret:9.3g}"
            lines.append(f"{said}  {dose}{cell.option}")
        return "\n".join(
            [
                *lines,
                f"keeps {self.kept:.1%} of what individual choices gain over one option for all; "
                f"loses {self.regret:.3g} against them",
            ]
        )

    def _place(self, covariates: Mapping[str, NDArray[Any]]) -> NDArray[np.intp]:
        """Return the line for each subject."""
        names = self.cuts
        lacking = next((name for name in names if name not in covariates), None)
        if lacking is not None:
            known = list(covariates)
            raise InputError(
                explain(f"the rule reads {lacking}", came=", ".join(known), meant=nearest(lacking, known))
            )
        n = len(next(iter(covariates.values()))) if covariates else 1
        inside = np.ones((len(self.cells), n), dtype=bool)
        for k, cell in enumerate(self.cells):
            for name, (low, high) in cell.bounds.items():
                x = np.asarray(covariates[name], float)
                inside[k] &= (x > low) & (x <= high)
        if not inside.any(axis=0).all():
            raise InputError(explain("a covariate of the rule is missing or no number"))
        return inside.argmax(axis=0)


def by_subject(choices: Mapping[str, Choice] | Sequence[Choice], **covariates: Sequence[Any]) -> xr.DataArray:
    """Return the expected utility of every option in every subject, for rules and bands.

    Parameters
    ----------
    choices
        The choice of each (virtual) subject, all between the same options: a population decided one by one,
        from the fit and the covariates alone for a-priori rules.
    **covariates
        More coordinates, one value for each subject; those of the outcomes' attributes (``cov_WT``) are there
        already, as ``WT``.

    Returns
    -------
    xarray.DataArray
        (subject, option); nan where a limit blocks an option: no rule gives it to that subject.

    Raises
    ------
    InputError
        When the options differ between subjects.
    """
    named = dict(choices) if isinstance(choices, Mapping) else {str(k): c for k, c in enumerate(choices)}
    if not named:
        raise InputError(explain("by_subject needs choices"))
    tables = [choice.table for choice in named.values()]
    labels = tables[0]["option"].to_numpy()
    if any(not np.array_equal(t["option"].to_numpy(), labels) for t in tables):
        fix = "state doses in mg, so that an option is the same for everybody"
        raise InputError(explain("the options differ between subjects", fix=fix))
    rows = [np.where(t["blocked"], np.nan, t["expected_utility"]) for t in tables]
    facts = {n: c.variable for n, c in tables[0].coords.items() if c.dims == ("option",)}
    made = xr.DataArray(np.array(rows), dims=DIMS, coords={**facts, "subject": list(named)})
    attrs = [choice.attrs for choice in named.values()]
    stated = [k for k in attrs[0] if k.startswith("cov_") and not k.endswith("_unit")]
    shared = [k for k in stated if all(k in a for a in attrs)]
    own = {k.removeprefix("cov_"): [a[k] for a in attrs] for k in shared} | covariates
    return made.assign_coords({name: ("subject", np.asarray(v)) for name, v in own.items()})


def checked(values: xr.DataArray) -> xr.DataArray:
    """Return values as (subject, option), or complain.

    Raises
    ------
    InputError
        When dims are others, or a subject has no option left.
    """
    if not isinstance(values, xr.DataArray) or set(values.dims) != set(DIMS):
        raise InputError(explain("values", came=type(values).__name__, expected="dims subject and option"))
    known = values.transpose(*DIMS)
    if not known.size or np.isnan(known.to_numpy()).all(axis=1).any() or np.isinf(known.to_numpy()).any():
        raise InputError(explain("values", came="a subject without any option, or an infinite value"))
    return known


def weights(values: xr.DataArray) -> Floats:
    """Return the weight of each subject, adding up to 1: coordinate `weight`, equal ones without it."""
    n = values.sizes["subject"]
    if "weight" not in values.coords:
        return np.full(n, 1.0 / n)
    own = values["weight"].to_numpy().astype(float)
    if not (np.isfinite(own).all() and (own >= 0).all() and own.sum() > 0):
        raise InputError(explain("weights of subjects", expected="numbers of 0 or more, not all 0"))
    return own / own.sum()


def covariate(values: xr.DataArray, name: str) -> Floats:
    """Return a covariate of the subjects.

    Raises
    ------
    InputError
        When there is none of that name, or a value is missing.
    """
    own = [str(n) for n, c in values.coords.items() if c.dims == ("subject",)]
    known = [n for n in own if n not in ("subject", "weight")]
    if name not in known:
        raise InputError(
            explain(f"subjects have no {name!r}", expected=", ".join(known), meant=nearest(name, known))
        )
    found = values[name].to_numpy()
    if found.dtype.kind not in "biuf" or not np.isfinite(found.astype(float)).all():
        raise InputError(explain(f"{name} of the subjects", expected="a number for each"))
    return found.astype(float)


def amounts(values: xr.DataArray, name: str) -> tuple[Floats, NDArray[np.intp]]:
    """Return the coordinate that doses are refined in, ascending, and the options' order.

    Raises
    ------
    InputError
        When it is not there, or three options with a number above 0 are not.
    """
    if name not in values.coords or values[name].dims != ("option",):
        raise InputError(explain(f"options have no coordinate {name!r}"))
    numbers = values[name].to_numpy().astype(float)
    order = np.argsort(numbers)
    order = order[np.isfinite(numbers[order]) & (numbers[order] > 0)]
    if len(order) < 3 or (np.diff(numbers[order]) == 0).any():
        wanted = "three or more numbers above 0, all different"
        raise InputError(explain(f"doses cannot be refined in {name!r}", expected=wanted))
    return numbers[order], order


def parabola(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return where the highest of values y (..., x) lies, perhaps between points, and its height.

    Through the highest and its neighbours goes a parabola in ln x; at an end of x the end itself is taken.
    """
    t, best = np.log(x), y.argmax(axis=-1)
    k = np.clip(best, 1, len(x) - 2)
    t0, t1, t2 = t[k - 1], t[k], t[k + 1]
    y0, y1, y2 = (np.take_along_axis(y, np.expand_dims(k + d, -1), -1)[..., 0] for d in (-1, 0, 1))
    left, right = (y1 - y0) / (t1 - t0), (y2 - y1) / (t2 - t1)
    bend = (right - left) / (t2 - t0)
    inner = (best == k) & (bend < 0)
    top = np.where(inner, (t0 + t1) / 2 - left / (2 * np.where(inner, bend, -1.0)), t[best])
    height = y0 + left * (top - t0) + bend * (top - t0) * (top - t1)
    return np.exp(top), np.where(inner, height, y.max(axis=-1))


def between(x: Floats, y: Floats, at: float) -> Floats:
    """Return y (..., x) at a point between: the parabola in ln x through the three nearest points."""
    t, s = np.log(x), math.log(at)
    k = int(np.clip(np.abs(t - s).argmin(), 1, len(x) - 2))
    made: Floats = np.zeros(y.shape[:-1])
    for i in (k - 1, k, k + 1):
        others = [j for j in (k - 1, k, k + 1) if j != i]
        made = made + y[..., i] * math.prod((s - t[j]) / (t[i] - t[j]) for j in others)
    return made


def own_best(values: xr.DataArray, coordinate: str | None) -> Floats:
    """Return each subject's highest expected utility, of a dose between options where doses are refined."""
    U = values.to_numpy()
    best: Floats = np.nanmax(U, axis=1)
    if coordinate is None:
        return best
    x, order = amounts(values, coordinate)
    return np.fmax(best, parabola(x, U[:, order])[1])


def _of_cell(values: xr.DataArray, cell: Cell, coordinate: str | None) -> Floats:
    """Return the expected utility of a line's dose in every subject."""
    if coordinate is not None and not math.isnan(cell.dose):
        x, order = amounts(values, coordinate)
        return between(x, values.to_numpy()[:, order], cell.dose)
    found: Floats = values.sel(option=cell.option).to_numpy()
    return found


def _row(here: NDArray[np.bool_], weight: Floats, loss: Floats, value: Floats) -> list[float]:
    w = weight[here] / weight[here].sum()
    return [float(weight[here].sum()), float(w @ loss[here]), float(loss[here].max()), float(w @ value[here])]


def _bound(name: str, low: float, high: float) -> str:
    if math.isinf(low) and math.isinf(high):
        return f"any {name}"
    if math.isinf(low):
        return f"{name} <= {high:.4g}"
    return f"{name} > {low:.4g}" if math.isinf(high) else f"{low:.4g} < {name} <= {high:.4g}"
