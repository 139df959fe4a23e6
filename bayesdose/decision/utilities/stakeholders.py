"""Several stakeholders: the utilities of patient, provider and health system, each with its weight."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real

import xarray as xr

from bayesdose.decision.utilities.describing import Utility, describe
from bayesdose.errors import InputError, explain

Part = tuple[str, Utility, float]


@dataclass(frozen=True)
class Stakeholders:
    """A weighted sum of utilities, from `stakeholders`.

    Parameters
    ----------
    parts
        Name, utility and weight of each.
    """

    parts: tuple[Part, ...]

    def __call__(self, outcome: xr.Dataset) -> xr.DataArray:
        """Return the utility (draw, option)."""
        terms = [weight * _numbers(name, utility(outcome)) for name, utility, weight in self.parts]
        total: xr.DataArray = sum(terms[1:], start=terms[0])
        return total

    def describe(self, outcome: xr.Dataset) -> str:
        """Return one sentence for reports."""
        return "; ".join(
            f"{weight:g} x {name} ({describe(utility, outcome)})" for name, utility, weight in self.parts
        )


def stakeholders(**parts: tuple[Utility, float]) -> Stakeholders:
    """Weigh the utilities of several stakeholders.

    ``bd.stakeholders(patient=(u, 0.6), provider=(v, 0.3), health_system=(w, 0.1))``

    Parameters
    ----------
    parts
        Utility and weight of each. Weights are above 0 and sum to 1. A weight speaks of one unit of that
        stakeholder's utility: put the utilities on one scale first (such as 0 to 1, or money).

    Raises
    ------
    InputError
        When there is none, one is no such pair, or the weights do not sum to 1.
    """
    made = tuple(_part(name, given) for name, given in parts.items())
    total = math.fsum(weight for _, _, weight in made)
    if not made or abs(total - 1) > 1e-9:
        came = f"a sum of {total:g}" if made else "none"
        raise InputError(explain("stakeholders: weights", came=came, expected="weights that sum to 1"))
    return Stakeholders(made)


def _part(name: str, given: object) -> Part:
    expected = "a utility and its weight, such as patient=(utility, 0.6)"
    if not isinstance(given, tuple) or len(given) != 2 or not callable(given[0]):
        raise InputError(explain(f"stakeholder {name}", came=repr(given), expected=expected))
    utility, weight = given
    number = isinstance(weight, Real) and not isinstance(weight, bool) and math.isfinite(weight)
    if not number or weight <= 0:
        raise InputError(
            explain(f"stakeholder {name}: weight", came=repr(weight), expected="a number above 0")
        )
    return name, utility, float(weight)


def _numbers(name: str, value: object) -> xr.DataArray:
    if not isinstance(value, xr.DataArray):
        came, expected = type(value).__name__, "an xarray DataArray over (draw, option)"
        raise InputError(
            explain(f"stakeholder {name}: what the utility returned", came=came, expected=expected)
        )
    return value.astype(float)
