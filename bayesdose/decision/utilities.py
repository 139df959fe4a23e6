"""Utilities: pieces for a user's own function, and named ones with parameters for the command line.

A utility is a plain function of the Outcome, an xarray Dataset with dims (draw, option), that returns a
DataArray over the same dims. The pieces carry a missing value through (a comparison alone calls it False).
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from numbers import Real
from typing import Any, Literal

import numpy as np
import xarray as xr

from bayesdose.errors import InputError, explain, nearest

Utility = Callable[[xr.Dataset], xr.DataArray]

FLOOR = 1e-6
"""Share of the target below which a logarithmic loss stops growing: no drug at all stays a finite loss."""


def in_window(x: xr.DataArray, low: float, high: float) -> xr.DataArray:
    """Return 1 where ``low <= x <= high`` (both ends count), else 0; missing stays missing.

    Parameters
    ----------
    x
        An outcome, any dims.
    low, high
        The window, in the units of `x`.
    """
    _array("in_window", x)
    _window("in_window", low, high)
    return _zero_one((x >= low) & (x <= high), x)


def above(x: xr.DataArray, threshold: float) -> xr.DataArray:
    """Return 1 where ``x > threshold``, else 0; missing stays missing."""
    _array("above", x)
    _finite("above", "threshold", threshold)
    return _zero_one(x > threshold, x)


def below(x: xr.DataArray, threshold: float) -> xr.DataArray:
    """Return 1 where ``x < threshold``, else 0; missing stays missing."""
    _array("below", x)
    _finite("below", "threshold", threshold)
    return _zero_one(x < threshold, x)


def squared_error(x: xr.DataArray, target: float) -> xr.DataArray:
    """Return ``-(x - target)^2``: a loss as negative utility, in squared units of `x`."""
    _array("squared_error", x)
    _finite("squared_error", "target", target)
    return -((x - target) ** 2)


def log_squared_error(x: xr.DataArray, target: float, floor: float | None = None) -> xr.DataArray:
    """Return ``-(ln x - ln target)^2``: a loss as negative utility that judges ratios, without unit.

    Parameters
    ----------
    x
        An outcome, any dims.
    target
        In the units of `x`, above 0.
    floor
        Values below it count as it, because no drug at all has no logarithm; a millionth of the target
        (a loss of 191) unless given.
    """
    _array("log_squared_error", x)
    _finite("log_squared_error", "target", target, above_zero=True)
    floor = FLOOR * target if floor is None else floor
    _finite("log_squared_error", "floor", floor, above_zero=True)
    log_ratio: xr.DataArray = xr.apply_ufunc(np.log, x.clip(min=floor) / target)
    return -(log_ratio**2)


@dataclass(frozen=True)
class Window:
    """Named utility "window": 1 inside a window of one outcome, minus a weight for harm above a threshold.

    Parameters
    ----------
    outcome
        Name of the outcome that is to be inside the window.
    low, high
        The window, both ends included, in the outcome's units.
    harm
        Name of the outcome that harms when it is too high; none unless given.
    harm_above
        Harm is any value above this, in the units of `harm`.
    harm_weight
        Utility lost to harm, above 0: with 2, one harm outweighs being in the window twice.
    """

    outcome: str
    low: float
    high: float
    harm: str | None = None
    harm_above: float | None = None
    harm_weight: float | None = None

    def __post_init__(self) -> None:
        _name("window", "outcome", self.outcome)
        _window("window", self.low, self.high)
        self._check_harm()

    def _check_harm(self) -> None:
        given = [n for n in ("harm", "harm_above", "harm_weight") if getattr(self, n) is not None]
        if not given:
            return
        if len(given) < 3:
            raise InputError(
                explain(
                    "utility 'window': harm is half stated",
                    came=", ".join(given),
                    expected="harm, harm_above and harm_weight, or none of them",
                )
            )
        _name("window", "harm", self.harm)
        _finite("window", "harm_above", self.harm_above)
        _finite("window", "harm_weight", self.harm_weight, above_zero=True)

    def __call__(self, outcome: xr.Dataset) -> xr.DataArray:
        """Return the utility (draw, option)."""
        value = in_window(_variable("window", outcome, self.outcome), self.low, self.high)
        if self.harm is None or self.harm_above is None or self.harm_weight is None:
            return value
        return value - self.harm_weight * above(_variable("window", outcome, self.harm), self.harm_above)

    def describe(self, outcome: xr.Dataset | None = None) -> str:
        """Return one sentence for reports; units when the outcome is given."""
        text = f"1 if {self.outcome} is within {self.low:g}-{self.high:g}{_unit(outcome, self.outcome)}"
        if self.harm is None:
            return text + ", else 0"
        harm = f"{self.harm} is above {self.harm_above:g}{_unit(outcome, self.harm)}"
        return f"{text}, minus {float(self.harm_weight or 0)} if {harm}"


@dataclass(frozen=True)
class Target:
    """Named utility "target": minus the squared distance of one outcome from its target.

    Parameters
    ----------
    outcome
        Name of the outcome.
    target
        Where it should be, in its units; above 0 for the logarithmic loss.
    loss
        "squared" (absolute distance) or "log-squared" (ratio; see `log_squared_error` for values near 0).
    """

    outcome: str
    target: float
    loss: Literal["squared", "log-squared"] = "squared"

    def __post_init__(self) -> None:
        _name("target", "outcome", self.outcome)
        losses = ("squared", "log-squared")
        if self.loss not in losses:
            raise InputError(
                explain(
                    "utility 'target': loss",
                    came=repr(self.loss),
                    expected=" or ".join(losses),
                    meant=nearest(str(self.loss), losses),
                )
            )
        _finite("target", "target", self.target, above_zero=self.loss == "log-squared")

    def __call__(self, outcome: xr.Dataset) -> xr.DataArray:
        """Return the utility (draw, option)."""
        x = _variable("target", outcome, self.outcome)
        return squared_error(x, self.target) if self.loss == "squared" else log_squared_error(x, self.target)

    def describe(self, outcome: xr.Dataset | None = None) -> str:
        """Return one sentence for reports; units when the outcome is given."""
        aim = f"{self.target:g}{_unit(outcome, self.outcome)}"
        if self.loss == "squared":
            return f"minus the squared difference between {self.outcome} and {aim}"
        return f"minus the squared log ratio of {self.outcome} to {aim}"


UTILITIES: dict[str, type[Window] | type[Target]] = {"window": Window, "target": Target}
"""The named utilities; nothing else can be named, and nothing is evaluated as code."""


def named_utility(name: str, /, **parameters: Any) -> Window | Target:
    """Return the utility of that name with these parameters.

    Parameters
    ----------
    name
        One of `UTILITIES`: "window" (see `Window`) or "target" (see `Target`).
    parameters
        Its parameters, numbers in the units of the outcomes they speak of.

    Raises
    ------
    InputError
        When the name is unknown, parameters are missing, unknown or of the wrong kind.
    """
    if name not in UTILITIES:
        known = list(UTILITIES)
        raise InputError(
            explain(
                f"no utility is called {name!r}", expected=", ".join(known), meant=nearest(str(name), known)
            )
        )
    made = UTILITIES[name]
    known = [f.name for f in fields(made)]
    needed = [f.name for f in fields(made) if f.default is MISSING]
    missing = [n for n in needed if n not in parameters]
    extra = [n for n in parameters if n not in known]
    if missing or extra:
        raise InputError(_wrong_parameters(name, known, missing, extra))
    return made(**parameters)


def describe(utility: Utility, outcome: xr.Dataset) -> str:
    """Return what a utility is, in one line for reports.

    A utility that has ``describe(outcome)`` says it itself; otherwise the first paragraph of a function's
    docstring, or "user function NAME".
    """
    own = getattr(utility, "describe", None)
    if callable(own):
        return str(own(outcome))
    if (inspect.isfunction(utility) or inspect.ismethod(utility)) and (text := inspect.getdoc(utility)):
        return " ".join(text.split("\n\n")[0].split())
    return f"user function {getattr(utility, '__name__', type(utility).__name__)}"


def _zero_one(hit: xr.DataArray, x: xr.DataArray) -> xr.DataArray:
    made = hit.astype(float)
    missing = x.isnull()
    return made.where(~missing) if missing.any() else made


def _array(what: str, x: object) -> None:
    if not isinstance(x, xr.DataArray):
        raise InputError(
            explain(
                f"{what}: the first argument",
                came=type(x).__name__,
                expected="one variable of the outcome (an xarray DataArray), such as o.trough",
            )
        )


def _window(what: str, low: object, high: object) -> None:
    _finite(what, "low", low)
    _finite(what, "high", high)
    if not low < high:  # type: ignore[operator]
        raise InputError(
            explain(f"utility {what!r}: the window", came=f"{low} to {high}", expected="low below high")
        )


def _finite(what: str, name: str, value: object, *, above_zero: bool = False) -> None:
    good = isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    if not good or (above_zero and float(value) <= 0):  # type: ignore[arg-type]
        wanted = "a number above 0" if above_zero else "a number"
        raise InputError(explain(f"utility {what!r}: {name}", came=repr(value), expected=wanted))


def _name(what: str, name: str, value: object) -> None:
    if not isinstance(value, str) or not value:
        raise InputError(
            explain(
                f"utility {what!r}: {name}",
                came=repr(value),
                expected="the name of an outcome, such as 'trough'",
            )
        )


def _variable(what: str, outcome: xr.Dataset, name: str) -> xr.DataArray:
    if name in outcome.data_vars:
        return outcome[name]
    known = [str(n) for n in outcome.data_vars]
    raise InputError(
        explain(
            f"utility {what!r}: the outcome has no variable {name!r}",
            expected=", ".join(known) or "none was simulated",
            meant=nearest(name, known),
            fix=f"simulate it under the name {name!r}, or name another",
        )
    )


def _unit(outcome: xr.Dataset | None, name: str | None) -> str:
    if outcome is None or name not in outcome.data_vars:
        return ""
    units = outcome[name].attrs.get("units", "")
    return f" {units}" if units else ""


def _wrong_parameters(name: str, known: list[str], missing: list[str], extra: list[str]) -> str:
    said = [f"missing {', '.join(missing)}"] if missing else []
    said += [f"unknown {', '.join(map(repr, extra))}"] if extra else []
    guesses = [g for n in extra if (g := nearest(n, known))]
    return explain(
        f"utility {name!r}: wrong parameters",
        came="; ".join(said),
        expected=", ".join(known),
        meant=", ".join(guesses) or None,
    )
