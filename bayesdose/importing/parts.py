"""The parts of a draft spec, whatever it was imported from: names, priors and expressions as Python text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bayesdose.card import Covariate, Units


@dataclass(frozen=True)
class Note:
    """Something that was not carried over, or that the user has to check.

    Parameters
    ----------
    line
        Where it stands in what was imported ("line 12: V = ..."), or what it is about.
    why
        What became of it, and why.
    """

    line: str
    why: str

    def __str__(self) -> str:
        return f"{self.line}: {self.why}"


@dataclass(frozen=True)
class Draft:
    """A draft spec, not yet a file.

    Parameters
    ----------
    name
        What the file would be called, without its ending.
    text
        The spec: Python, for `load_model` once it is written.
    notes
        What could not be carried over, and what to check; the text begins with the same list.
    """

    name: str
    text: str = field(repr=False)
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class Quantity:
    """A quantity of the population (a theta, an omega) with its prior.

    Parameters
    ----------
    name
        Name in the posterior, without ``theta_`` or ``omega_``.
    prior
        Python text of the prior, or of a number.
    comment
        Where it comes from.
    """

    name: str
    prior: str
    comment: str = ""


@dataclass(frozen=True)
class Parameter:
    """An individual parameter.

    Parameters
    ----------
    name
        Its name.
    typical
        Python text of its typical value.
    effects
        Names of its etas; names of its kappas stand in `occasions`.
    occasions
        Names of its kappas.
    scale
        As in ``bd.parameter``.
    """

    name: str
    typical: str
    effects: tuple[str, ...] = ()
    occasions: tuple[str, ...] = ()
    scale: str = "log"


@dataclass(frozen=True)
class Parts:
    """Everything that a draft spec says.

    Parameters
    ----------
    name, title
        Of the spec.
    source
        What was imported.
    notes
        What could not be carried over, and what to check.
    units
        Units of the card.
    defaults
        Default relative standard errors in per cent: RSE, RSE_OMEGA, RSE_SIGMA.
    uncertainty, omega
        Of the card's evidence.
    covariates, compartments
        Of the card.
    helpers
        Lines at the file's top level: a right-hand side and its System.
    kappas, etas, thetas
        Random effects and typical values with their priors.
    correlations
        Pairs of etas to their correlation.
    parameters
        Individual parameters, in order.
    body
        Lines of the structure.
    prediction, residual
        What is observed, and the name of its error model.
    sigmas
        Priors of the error model's sigmas.
    """

    name: str
    title: str
    source: str
    notes: tuple[Note, ...]
    units: Units
    defaults: Mapping[str, float]
    uncertainty: str
    omega: str
    covariates: tuple[Covariate, ...]
    compartments: tuple[str, ...]
    etas: tuple[Quantity, ...]
    thetas: tuple[Quantity, ...]
    parameters: tuple[Parameter, ...]
    body: tuple[str, ...]
    prediction: str
    residual: str
    sigmas: tuple[str, ...]
    helpers: tuple[str, ...] = ()
    kappas: tuple[Quantity, ...] = ()
    correlations: Mapping[tuple[str, str], float] = field(default_factory=dict)
