"""The named utilities: for case files and the command line, and as ready pieces of a script."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any

from bayesdose.decision.utilities.exposure import Asymmetric, LogTarget, Target, Window
from bayesdose.decision.utilities.trade_offs import (
    BenefitHarm,
    FailureToxicity,
    NetClinicalBenefit,
    NetMonetaryBenefit,
)
from bayesdose.errors import InputError, explain, nearest

Named = (
    Window
    | Target
    | Asymmetric
    | LogTarget
    | BenefitHarm
    | FailureToxicity
    | NetClinicalBenefit
    | NetMonetaryBenefit
)

UTILITIES: dict[str, type[Named]] = {
    "window": Window,
    "target": Target,
    "asymmetric": Asymmetric,
    "log target": LogTarget,
    "benefit minus harm": BenefitHarm,
    "failure and toxicity": FailureToxicity,
    "net clinical benefit": NetClinicalBenefit,
    "net monetary benefit": NetMonetaryBenefit,
}
"""The named utilities; nothing else can be named, and nothing is evaluated as code."""


def named_utility(name: str, /, **parameters: Any) -> Named:
    """Return the utility of that name with these parameters.

    Parameters
    ----------
    name
        One of `UTILITIES`, such as "window" (see `Window`) or "net monetary benefit".
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


def spoken(name: str) -> tuple[str, ...]:
    """Return which parameters of a named utility are names of outcomes."""
    return _SPOKEN[name]


_SPOKEN = {
    "window": ("outcome", "harm"),
    "target": ("outcome",),
    "asymmetric": ("outcome",),
    "log target": ("outcome",),
    "benefit minus harm": ("benefit", "harm"),
    "failure and toxicity": ("failure", "toxicity"),
    "net clinical benefit": ("prevented", "caused"),
    "net monetary benefit": ("effect", "cost"),
}
