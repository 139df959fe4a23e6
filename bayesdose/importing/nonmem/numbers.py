"""The value and the uncertainty of each theta, omega and sigma: final estimates, or initial ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bayesdose.errors import InputError, explain
from bayesdose.importing.nonmem.estimates import Estimates
from bayesdose.importing.nonmem.reading import Value


@dataclass(frozen=True)
class Numbers:
    """Numbers of $THETA, $OMEGA and $SIGMA by symbol.

    Parameters
    ----------
    values
        From the control stream.
    estimates
        From the files beside it.
    """

    values: Mapping[str, Value]
    estimates: Estimates

    def value(self, symbol: str) -> float:
        """Return the final estimate, or the initial one where there is none."""
        known = self.values[symbol]
        return self.estimates.values.get(known.nonmem, known.initial)

    def rse(self, symbol: str) -> float | None:
        """Return the relative standard error in per cent; None when it is not known."""
        se, value = self.estimates.errors.get(self.values[symbol].nonmem), self.value(symbol)
        return None if se is None or value == 0 else 100.0 * se / abs(value)

    def fixed(self, symbol: str) -> bool:
        """Return whether it is FIX."""
        return self.values[symbol].fixed


def numbers_of(values: Mapping[str, Value], estimates: Estimates) -> Numbers:
    """Return the numbers, once it is sure that the estimates are those of this control stream.

    Parameters
    ----------
    values
        From the control stream.
    estimates
        From the files beside it.

    Raises
    ------
    InputError
        When an estimate is missing, or is that of a theta that the control stream does not have.
    """
    known, stated = set(estimates.values), {v.nonmem for v in values.values()}
    missing = [f"no estimate of {name}" for name in stated - known if known]
    beyond = [f"an estimate of {name}, which it has not" for name in known - stated if _theta(name)]
    if missing or beyond:
        raise InputError(
            explain(
                f"{' and '.join(estimates.files)} and the control stream are not of one run",
                came=", ".join(sorted(missing + beyond)),
                fix="put the run's own files beside it, or none",
            )
        )
    return Numbers(values, estimates)


def _theta(name: str) -> bool:
    return name.startswith("THETA")
