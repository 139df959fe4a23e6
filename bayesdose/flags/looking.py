"""The verb: look at one patient's table for red flags before anything is made of it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from bayesdose.errors import InputError, explain
from bayesdose.flags.reference import Reference, reference
from bayesdose.flags.results import EXPLAINED, Flag, Flags, Suspect
from bayesdose.flags.rules import (
    before_drug_flags,
    covariate_flags,
    limits_of_quantification,
    quantification_flags,
    where_of,
)
from bayesdose.flags.slips import Slip, level_slips, table_slips
from bayesdose.individual.compiled import Compiled, compile_individual
from bayesdose.individual.groups import as_member
from bayesdose.study import Study, events

if TYPE_CHECKING:
    from bayesdose.fitting import Fit

ALPHA = 0.01
STRONG = 3.0
"""A slip is a suspect where it makes the levels this many log units likelier."""

_DECISIVE = 10.0  # a slip in the levels this likely leaves no room for one in doses or times
_TRIED = 3  # slips in doses or times whose own simulated patients are looked at
_KEPT = 5  # suspects that are told
_WORDS = {
    "joint": (
        "levels improbable together",
        "The population, dosed as the table says, hardly ever gives levels like these: re-check doses, times "
        "and units, or measure again, before escalating.",
    ),
    "outside": (
        "patient outside the population",
        "The random effects that fit these levels are larger than the population's: a slip in the table, or "
        "a patient the model was not made for. Re-check before escalating.",
    ),
    "conflict": (
        "levels and population in conflict",
        "Hardly anybody of the population agrees with these levels, so the result rests on very few: "
        "re-check doses, times and units before escalating.",
    ),
    "contradiction": (
        "levels contradict each other",
        "No patient has all of these levels: one of them, its time, or a dose between them is wrong. "
        "Re-check them, or measure again, before escalating.",
    ),
    "others": (
        "level against the others",
        "This level does not go with the others: re-check its unit, its time and its tube, or repeat it, "
        "before escalating.",
    ),
}


def red_flags(
    fit: Fit,
    patient: Study,
    *,
    seed: int,
    lloq: float | Mapping[int, float] | None = None,
    molar_mass: float | None = None,
    alpha: float = ALPHA,
    replicates: int = 1500,
    particles: int = 1500,
) -> Flags:
    """Look for red flags in one patient's table; it needs no posterior, and works where there is none.

    Parameters
    ----------
    fit
        A population fit.
    patient
        One subject.
    seed
        Seed of the simulated patients.
    lloq
        Lower limit of quantification in the card's unit, or DVID to it. Unless given it is that of the
        table's censored levels (CENS 1), if there are some.
    molar_mass
        Of the drug in g/mol: levels written in umol/L are then among the suspected slips.
    alpha
        Largest share of clean patients in whom any of the probabilistic flags may be raised.
    replicates
        Patients of the same doses, times and covariates to simulate from the population.
    particles
        Patients of the population that weigh the levels.

    Returns
    -------
    Flags
        Raised flags when iterated; ``checks`` has the others too, ``suspects`` the slips that would explain
        the table.

    Raises
    ------
    InputError
        More than one subject, or an alpha that so few simulated patients cannot tell.

    Notes
    -----
    Each statistic is compared with its own distribution in the simulated patients, and the smallest p with
    the distribution of the smallest p; see ``docs/reference/flags.md``.
    """
    started = time.process_time()
    _require(patient, alpha, replicates)
    whole = compile_individual(fit.model)
    compiled, known, _ = as_member(fit, whole, events(patient))
    theta = known.theta
    design = Design(compiled, theta, lloq, alpha, seed, replicates, particles)
    checks, family = list(covariate_flags(patient)), float("nan")
    suspects: tuple[Suspect, ...] = ()
    if len(patient.levels):
        ruled, kept = _ruled(design, patient)
        checks += ruled
        if len(kept.levels):
            own = design.reference(kept)
            checks += (found := judged(own, kept, alpha))
            family = float(own.family_p(own.observed)[0])
            if any(flag.raised for flag in found):
                suspects = suspected(design, own, kept, molar_mass)
                checks += _named(suspects)
    return Flags(
        checks=tuple(checks),
        suspects=suspects[:_KEPT],
        p=family,
        alpha=alpha,
        n_replicates=replicates,
        n_particles=particles,
        seed=seed,
        ms=round(1e3 * (time.process_time() - started), 1),
    )


@dataclass(frozen=True, eq=False)
class Design:
    """How tables are judged: the model, its population, and the numbers of `red_flags`."""

    compiled: Compiled
    theta: Mapping[str, np.ndarray]
    lloq: float | Mapping[int, float] | None
    alpha: float
    seed: int
    replicates: int
    particles: int

    def reference(self, study: Study) -> Reference:
        """Return what the levels of a table are compared with."""
        data = self.compiled.data(events(study))
        limits = limits_of_quantification(study, self.lloq, self.compiled, data)
        sizes = {"replicates": self.replicates, "n": self.particles}
        return reference(self.compiled, self.theta, data, limits, seed=self.seed, **sizes)


def _require(patient: Study, alpha: float, replicates: int) -> None:
    if patient.n_subjects != 1:
        came = f"{patient.n_subjects} subjects"
        raise InputError(explain("red_flags takes one patient", came=came, fix="study.select([id])"))
    if not 0 < alpha < 1 or alpha * replicates < 10:
        raise InputError(
            explain(
                "alpha and replicates do not go together",
                came=f"alpha={alpha:g}, replicates={replicates}",
                expected="an alpha between 0 and 1, and at least 10/alpha replicates",
            )
        )


def _ruled(design: Design, patient: Study) -> tuple[list[Flag], Study]:
    """Return flags that need no reference, and the table without levels that cannot be."""
    data = design.compiled.data(events(patient))
    limits = limits_of_quantification(patient, design.lloq, design.compiled, data)
    early = list(before_drug_flags(patient, design.compiled, design.theta, data, design.alpha, design.seed))
    rows = [flag.row for flag in early if flag.raised]
    records = patient.records.copy()
    hidden = records["ROW"].isin(rows) & patient.is_level
    records.loc[hidden, "MDV"] = 1
    return [*quantification_flags(patient, limits), *early], replace(patient, records=records)


def judged(own: Reference, study: Study, alpha: float) -> list[Flag]:
    """Return each probabilistic check of a table's levels."""
    p = own.observed[0]
    limit, where, rows = own.limit(alpha), where_of(study), study.levels["ROW"].tolist()
    made, level = [], 0
    for name, value in zip(own.names, p, strict=True):
        title, advice = _WORDS[name]
        single = name == "others"
        here, row = (where[level], int(rows[level])) if single else ("all levels", None)
        level += single
        raised, meaning = bool(value <= limit), "p among simulated patients"
        made.append(Flag(title, here, row, float(value), limit, raised, meaning, advice))
    return made


def suspected(design: Design, own: Reference, study: Study, molar_mass: float | None) -> tuple[Suspect, ...]:
    """Return slips that make the levels likelier than the table as it stands, those that explain it first."""
    found = list(_in_levels(own, study, molar_mass))
    if not any(one.p >= EXPLAINED and one.log_ratio > _DECISIVE for one, _ in found):
        found += _in_table(design, own, study)
    found = sorted((one for one in found if one[0].log_ratio >= STRONG), key=lambda one: -one[0].log_ratio)
    enough = max((one.log_ratio - STRONG for one, _ in found if one.p >= EXPLAINED), default=STRONG)
    tried = [slip for one, slip in found if slip.study is not None and one.log_ratio >= enough][:_TRIED]
    made = [
        replace(one, p=_family_p(design, slip.study)) if slip.study is not None and slip in tried else one
        for one, slip in found
    ]
    return tuple(sorted(made, key=lambda one: not one.p >= EXPLAINED))


def _family_p(design: Design, study: Study) -> float:
    right = design.reference(study)
    return float(right.family_p(right.observed)[0])


def _in_levels(own: Reference, study: Study, molar_mass: float | None) -> Iterator[tuple[Suspect, Slip]]:
    slips = list(level_slips(study, molar_mass))
    y = np.array([own.data["DV_data"], *(slip.y for slip in slips)])
    cens = np.repeat(own.data["CENS"][None], len(y), axis=0)
    evidence = own.evidence(y, cens)
    p = own.family_p(own.p_values(own.statistics(y, cens)))
    for k, slip in enumerate(slips, start=1):
        ratio = float(evidence[k] + slip.log_scale - evidence[0])
        yield Suspect(slip.kind, slip.name, slip.where, slip.row, ratio, float(p[k])), slip


def _in_table(design: Design, own: Reference, study: Study) -> Iterator[tuple[Suspect, Slip]]:
    as_it_stands = float(own.evidence(own.data["DV_data"][None], own.data["CENS"][None])[0])
    for slip in table_slips(study):
        assert slip.study is not None
        data = design.compiled.data(events(slip.study))
        right = replace(own, data=data, parameters=own.near.levels(design.compiled, data))
        ratio = float(right.evidence(data["DV_data"][None], data["CENS"][None])[0]) - as_it_stands
        yield Suspect(slip.kind, slip.name, slip.where, slip.row, ratio), slip


def _named(suspects: tuple[Suspect, ...]) -> list[Flag]:
    """Return the likeliest slip that explains the table, as a flag."""
    if not suspects or not suspects[0].p >= EXPLAINED:
        return []
    best = suspects[0]
    return [
        Flag(
            name=f"probable {best.name}",
            where=best.where,
            row=best.row,
            value=best.log_ratio,
            limit=STRONG,
            raised=True,
            meaning="log evidence ratio",
            advice=f"Put right, the table would be an ordinary one (p {best.p:.2g}). It is only a guess: ask "
            "who wrote it down, and correct the table from the source, before escalating.",
        )
    ]
