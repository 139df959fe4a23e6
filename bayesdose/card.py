"""The card of a model: what drug, which units, which covariates a table must bring, where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from bayesdose.errors import InputError, explain, nearest

CARRIES = ("nocb", "locf")
STATUSES = ("fitted", "verified", "unverified", "synthetic")


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
    carry
        What a covariate that varies is between two records. "nocb" (next observation carried backward,
        NONMEM's): the value on a record governs the interval that ends there. "locf" (last observation
        carried forward): the interval that begins there. A missing cell is filled by the same rule.
    codes
        The only values it can have, such as activity scores; any other is an error. `range` is then theirs.
    """

    name: str
    unit: str = ""
    reference: float | None = None
    range: tuple[float, float] | None = None
    varies: bool = False
    description: str = ""
    carry: Literal["nocb", "locf"] = "nocb"
    imputed: bool = False
    group: bool = False
    codes: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.imputed and self.group:
            raise InputError(explain(f"covariate {self.name} cannot be both imputed and a group of subjects"))
        if self.varies and (self.imputed or self.group):
            raise InputError(
                explain(
                    f"covariate {self.name} varies: it can neither be imputed nor be a group of subjects",
                    fix="leave varies=True out, or fill its missing cells by carry=",
                )
            )
        if self.carry not in CARRIES:
            raise InputError(
                explain(
                    f"covariate {self.name} is carried by no known rule",
                    came=f"carry={self.carry!r}",
                    expected="'nocb' (NONMEM's) or 'locf'",
                )
            )
        if self.codes and self.range is not None:
            raise InputError(explain(f"covariate {self.name}: codes= tell the range; leave range= out"))
        if self.codes and self.reference is not None and self.reference not in self.codes:
            came = f"reference={self.reference:g}"
            raise InputError(explain(f"covariate {self.name}: the reference is none of its codes", came=came))
        if self.codes:
            object.__setattr__(self, "codes", tuple(self.codes))
            object.__setattr__(self, "range", (min(self.codes), max(self.codes)))

    @property
    def choices(self) -> str:
        """The codes as text: "1, 1.5 or 2"."""
        *most, last = (f"{code:g}" for code in self.codes)
        return f"{', '.join(most)} or {last}" if most else last


@dataclass(frozen=True)
class Endpoint:
    """A kind of level (DVID) that is not the drug's concentration.

    Parameters
    ----------
    name
        What is measured ("INR", "desmethyl metabolite").
    unit
        Its unit; "" where it has none.
    """

    name: str
    unit: str = ""


@dataclass(frozen=True)
class Aim:
    """What treatment aims at, or what it must not exceed.

    Parameters
    ----------
    metric
        What is looked at, in the words of the field ("AUC24", "trough", "INR").
    low, high
        The range that is wanted; of a limit of toxicity only `high` (or only `low`, of a count).
    unit
        Of both.
    harm
        Whether it is a limit of toxicity: outside is harm.
    source
        Who says so.
    """

    metric: str
    low: float | None = None
    high: float | None = None
    unit: str = ""
    harm: bool = False
    source: str = ""

    def __post_init__(self) -> None:
        if self.low is None and self.high is None:
            raise InputError(
                explain(f"the aim for {self.metric} has no number", fix="give low=, high= or both")
            )

    def __str__(self) -> str:
        ends = [f"{end:g}" for end in (self.low, self.high) if end is not None]
        word = "" if len(ends) == 2 else "at most " if self.low is None else "at least "
        return f"{self.metric} {word}{' to '.join(ends)} {self.unit}".rstrip()


@dataclass(frozen=True)
class Evidence:
    """How far the numbers of a spec can be trusted, and how the published ones were read.

    Parameters
    ----------
    status
        "fitted" (here, to data that ship), "verified" (against what `against` names), "unverified"
        (transcribed once), "synthetic" (made up to show something: no drug and no paper has these numbers).
    against
        What the numbers were compared with, or where they were transcribed from.
    omega
        On which scale the source prints variability: "variance", "sd", "cv" (exact: omega^2 = log(1 + CV^2)),
        "cv_approximate" (omega = CV); "" where it prints none.
    error
        Which form of residual error, and whether the source says so or it is assumed.
    uncertainty
        Where the uncertainty of the priors comes from: the source's RSE, or a stated default.
    errata
        Known errors of the source or of its copies, and what was done about them.
    """

    status: Literal["fitted", "verified", "unverified", "synthetic"]
    against: str = ""
    omega: Literal["variance", "sd", "cv", "cv_approximate", ""] = ""
    error: str = ""
    uncertainty: str = ""
    errata: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "errata", (self.errata,) if isinstance(self.errata, str) else self.errata)
        if self.status not in STATUSES:
            raise InputError(explain("no such status", came=repr(self.status), expected=", ".join(STATUSES)))


@dataclass(frozen=True)
class Expected:
    """What the typical patient must show under a regimen: a number that does not come from the spec.

    Parameters
    ----------
    metric
        Name of an exposure metric (``"auc24"``, ``"concentration_at"``), and its arguments.
    value
        The expected value.
    source
        The paper's page or table, or the arithmetic that gives the value from published parameters.
    regimen
        Dose text.
    arguments
        Of the metric.
    covariates
        Of the patient, where they are not the references.
    within
        Largest relative difference: the rounding of the source.
    """

    metric: str
    value: float
    source: str
    regimen: str
    arguments: Mapping[str, Any] = field(default_factory=dict, hash=False)
    covariates: Mapping[str, float] = field(default_factory=dict, hash=False)
    within: float = 1e-3


@dataclass(frozen=True)
class Worked:
    """A worked patient: an invented person, a level, options and a utility.

    Parameters
    ----------
    story
        Who it is, in a sentence.
    table
        Column to values: doses, levels and covariates up to the decision.
    options, values
        Dose text with placeholders, and their values; several texts (of different drugs) are joined.
    outcomes
        Outcome name to (metric, arguments).
    utility
        A named utility as a mapping: ``{"name": "window", "outcome": "auc", "low": 400, "high": 600}``.
    why
        Whose utility it is and what its numbers mean.
    complete
        Placeholders whose values are all that can be given, where the options have them.
    """

    story: str
    table: Mapping[str, Any] = field(hash=False)
    options: str | tuple[str, ...]
    values: Mapping[str, Any] = field(hash=False)
    outcomes: Mapping[str, tuple[str, Mapping[str, Any]]] = field(hash=False)
    utility: Mapping[str, Any] = field(hash=False)
    why: str = ""
    complete: tuple[str, ...] = ("interval",)


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
    compartments
        Names of the structure's compartments in its order, so that a table's CMT and a dose text may say
        "central" for its number.
    endpoints
        DVID to what is measured under it, for the kinds of level that are not the drug's concentration.
    evidence
        How far the numbers can be trusted.
    aims
        What treatment aims at, and limits of toxicity.
    regimens
        Published regimens, as text.
    not_for
        What the model must not be used for.
    expected
        What the typical patient must show; the gate of the model library computes it.
    worked
        A worked patient.
    """

    drug: str
    source: str
    units: Units = field(default_factory=Units)
    covariates: tuple[Covariate, ...] | list[Covariate] = ()
    title: str = ""
    population: str = ""
    limitations: str = ""
    compartments: tuple[str, ...] | list[str] = ()
    endpoints: Mapping[int, Endpoint] = field(default_factory=dict, hash=False)
    evidence: Evidence | None = None
    aims: tuple[Aim, ...] | list[Aim] = ()
    regimens: tuple[str, ...] | list[str] = ()
    not_for: str = ""
    expected: tuple[Expected, ...] | list[Expected] = ()
    worked: Worked | None = None

    def __post_init__(self) -> None:
        for name in ("covariates", "aims", "regimens", "expected"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        object.__setattr__(self, "compartments", _distinct(self.compartments))

    def endpoint(self, dvid: int) -> Endpoint:
        """Return what is measured under a DVID: the concentration under 1, unless the card says else."""
        plain = Endpoint("concentration", self.units.concentration) if dvid == 1 else Endpoint(f"DVID {dvid}")
        return self.endpoints.get(dvid, plain)

    def units_of(self, dvid: int) -> Units:
        """Return the card's units, with that of the endpoint in the place of the concentration's."""
        return replace(self.units, concentration=self.endpoint(dvid).unit)

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

    def compartment(self, name: str) -> int:
        """Return the number (from 1) of the compartment of that name, in upper or lower case.

        Raises
        ------
        InputError
            When the card does not name it.
        """
        lowered = [c.lower() for c in self.compartments]
        if name.lower() in lowered:
            return lowered.index(name.lower()) + 1
        raise InputError(
            explain(
                f"compartment {name!r} is not on the card of {self.drug}",
                expected=", ".join(self.compartments) or "a number: the card names no compartments",
                meant=nearest(name, list(self.compartments)),
                fix="name the structure's compartments in order: Card(compartments=(...))",
            )
        )


def _distinct(names: tuple[str, ...] | list[str]) -> tuple[str, ...]:
    """Return the names as a tuple, or complain: a bare text, two alike, or one that reads as a number."""
    listed = tuple(names) if not isinstance(names, str) else (names, names)
    words = {name.lower() for name in listed if isinstance(name, str) and name.isidentifier()}
    if len(words) < len(listed):
        raise InputError(
            explain(
                "the compartments of a card must be names that differ",
                came=repr(names),
                expected='a tuple such as ("depot", "central")',
            )
        )
    return listed
