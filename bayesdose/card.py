"""The card of a model: what drug, which units, which covariates a table must bring, where it comes from."""

from __future__ import annotations

from dataclasses import dataclass, field

from bayesdose.errors import InputError, explain, nearest


@dataclass(frozen=True)
class Units:
    """Units of a model's time, amounts and concentrations; tables are read in these.

    Volumes are in amount/concentration (mg and mg/L: litres), clearances in volume/time.
    """

    time: str = "h"
    amount: str = "mg"
    concentration: str = "mg/L"


@dataclass(frozen=True)
class Covariate:
    """One column of the table that the model reads.

    Parameters
    ----------
    name
        Column name, as in the table (upper case).
    unit
        Unit of the values ("kg"); "" when it has none.
    reference
        The value the typical patient has.
    range
        Lowest and highest value the model was made for, in `unit`; a value outside is an error.
    varies
        Whether it may change within a subject; then it has dims (record,), otherwise (subject,).
    description
        What it is, for people.
    """

    name: str
    unit: str = ""
    reference: float | None = None
    range: tuple[float, float] | None = None
    varies: bool = False
    description: str = ""


@dataclass(frozen=True)
class Card:
    """What a model is for and what a table for it must look like.

    Parameters
    ----------
    drug
        The drug's name.
    units
        Units of time, amount and concentration.
    covariates
        The columns the model reads.
    source
        Where the structure and the priors come from (a DOI or a citation).
    title, population, limitations
        Prose for reports.
    """

    drug: str
    source: str
    units: Units = field(default_factory=Units)
    covariates: tuple[Covariate, ...] | list[Covariate] = ()
    title: str = ""
    population: str = ""
    limitations: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "covariates", tuple(self.covariates))

    def covariate(self, name: str) -> Covariate:
        """Return the covariate of that name.

        Raises
        ------
        InputError
            When the card does not declare it.
        """
        known = {c.name: c for c in self.covariates}
        if name in known:
            return known[name]
        raise InputError(
            explain(
                f"covariate {name!r} is not on the card of {self.drug}",
                expected=", ".join(known) or "none is declared",
                meant=nearest(name, list(known)),
                fix=f"add Covariate({name!r}, unit=..., range=...) to the card",
            )
        )
