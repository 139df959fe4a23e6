"""From the rows of a table of parameters to the parts of a draft."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bayesdose.card import Units
from bayesdose.errors import InputError, explain
from bayesdose.importing.parts import Note, Parameter, Parts, Quantity
from bayesdose.importing.priors import number, omega_prior, sigma_prior, theta_prior
from bayesdose.importing.table.roles import Kind, errors_in, kind_of, name_of, roles_of
from bayesdose.importing.table.rows import Row, read_rows
from bayesdose.importing.text import call, file_name

_DEFAULTS = {"RSE": 30.0, "RSE_OMEGA": 50.0, "RSE_SIGMA": 30.0}
_ROUNDING = 0.02  # relative difference of exp(estimate) and a back-transformed estimate, both as printed
_COMBINED = "combined error whose variances add (nlmixr2's combined2); if the SDs add, write bd.combined1"


@dataclass(frozen=True)
class _Theta:
    """A typical value on the natural scale, and its relative standard error in per cent."""

    value: float
    rse: float | None


def parts_of_table(path: Path, structure: str, units: Units | None) -> Parts:
    """Return the parts of a draft of a table of parameters.

    Parameters
    ----------
    path
        The CSV file.
    structure
        ``"one_compartment oral"`` and the like.
    units
        Of time, amounts and concentrations; None when nobody has stated them.

    Raises
    ------
    InputError
        When table or structure cannot be read, or the rows are not the structure's parameters.
    """
    kind = kind_of(structure)
    rows, notes = read_rows(path)
    by_name = {name_of(row.name).plain: row for row in rows}
    roles = roles_of([name_of(row.name).plain for row in rows], kind)
    used = {role: by_name[name] for role, name in roles.items()}
    errors = errors_in(roles)
    individual = {role: row for role, row in used.items() if role not in errors}
    residual, sigmas = _residual(path, {role: used[role] for role in errors})
    notes += [
        Note(f"line {r.line}, {r.name}", "no parameter of the structure: left out")
        for r in rows
        if r not in used.values()
    ]
    notes += _notes(individual, roles, units, residual)
    return Parts(
        name=file_name(path.stem),
        title=f"{kind.word.replace('_', ' ').capitalize()}{', oral' if kind.oral else ''}, from {path.name}",
        source=f"the table of parameters {path.name}",
        notes=tuple(notes),
        units=units or Units(),
        defaults=_DEFAULTS,
        uncertainty="the table's standard errors, elsewhere the defaults stated at the top of the file",
        omega=next((row.scale for row in individual.values() if row.scale), ""),
        covariates=(),
        compartments=kind.compartments,
        etas=tuple(_etas(individual)),
        thetas=tuple(_theta(role, row) for role, row in individual.items()),
        parameters=tuple(_parameter(role, row) for role, row in individual.items()),
        body=tuple(_structure(kind, list(individual))),
        prediction="concentration",
        residual=residual,
        sigmas=sigmas,
    )


def _theta(role: str, row: Row) -> Quantity:
    typical = _natural(row)
    comment = f"line {row.line}, {row.name}"
    if row.fixed:
        return Quantity(role, number(typical.value), f"{comment}, fixed")
    return Quantity(role, theta_prior(typical.value, typical.rse, positive=True), comment)


def _natural(row: Row) -> _Theta:
    """Return estimate and RSE on the natural scale, of one that may be a logarithm.

    With a standard error s of the logarithm, the log-normal's CV is ``sqrt(exp(s^2) - 1)`` (Johnson, Kotz &
    Balakrishnan 1994, chapter 14).
    """
    se = row.se if row.se is not None else None if row.rse is None else abs(row.estimate) * row.rse / 100.0
    back = row.back
    if back is None and name_of(row.name).marked:
        raise _unclear(row, "whether it is a logarithm is not stated")
    if back is not None and abs(back - row.estimate) > _ROUNDING * abs(back):
        if row.estimate < 100 and abs(math.exp(row.estimate) - back) <= _ROUNDING * abs(back):
            rse = None if se is None else 100.0 * math.sqrt(math.expm1(se**2))
            return _positive(row, _Theta(math.exp(row.estimate), rse))
        raise _unclear(row, f"the back-transformed value {back:g} is neither it nor its exponential")
    return _positive(row, _Theta(row.estimate, None if se is None else 100.0 * se / abs(row.estimate or 1.0)))


def _positive(row: Row, theta: _Theta) -> _Theta:
    if theta.value > 0:
        return theta
    raise _unclear(row, "a parameter of the structure is above 0")


def _unclear(row: Row, why: str) -> InputError:
    return InputError(
        explain(
            f"line {row.line}: the estimate of {row.name!r} cannot be used",
            came=f"{row.estimate:g}: {why}",
            expected="the natural scale, or a logarithm with the column Back-transformed beside it",
        )
    )


def _etas(individual: dict[str, Row]) -> Iterator[Quantity]:
    for role, row in individual.items():
        if row.bsv is not None:
            prior = omega_prior(row.bsv, row.bsv_rse, scale=row.scale)
            yield Quantity(role, prior, f"line {row.line}, {row.name}")


def _parameter(role: str, row: Row) -> Parameter:
    return Parameter(role, f"theta_{role}", (role,) if row.bsv is not None else ())


def _structure(kind: Kind, roles: list[str]) -> Iterator[str]:
    yield from call(f"concentration = bd.{kind.word}", [f"{role}={role}" for role in roles])


def _residual(path: Path, rows: dict[str, Row]) -> tuple[str, tuple[str, ...]]:
    found = {role.removesuffix("_variance"): (role, row) for role, row in rows.items()}
    known = {
        ("add",): "additive",
        ("prop",): "proportional",
        ("exp",): "log_normal",
        ("add", "prop"): "combined2",
    }
    kind = known.get(tuple(sorted(found)))
    if kind is None or len(found) < len(rows):
        raise InputError(
            explain(
                f"the residual error of {path.name} cannot be read",
                came=", ".join(row.name for row in rows.values()) or "no row of a residual error",
                expected="add.sd, prop.sd, both of them, or lnorm.sd (variances: add.var, prop.var)",
            )
        )
    return kind, tuple(_sigma(*found[part]) for part in sorted(found))


def _sigma(role: str, row: Row) -> str:
    variance = role.endswith("_variance")
    if row.estimate <= 0:
        raise _unclear(row, "a sigma is above 0")
    if row.fixed:
        return number(row.estimate**0.5 if variance else row.estimate)
    rse = row.rse if row.se is None else 100.0 * row.se / row.estimate
    return sigma_prior(row.estimate, rse, scale="variance" if variance else "sd")


def _notes(
    individual: dict[str, Row], roles: dict[str, str], units: Units | None, residual: str
) -> Iterator[Note]:
    if units is None:
        yield Note("units", "not stated: the card says h, mg and mg/L")
    renamed = [f"{row.name} is {role}" for role, row in individual.items() if roles[role] != role.lower()]
    if renamed:
        yield Note("names", ", ".join(renamed))
    if any(row.scale == "cv" for row in individual.values()):
        yield Note("variability", "CVs are taken as exact, omega^2 = log(1 + CV^2), as nlmixr2 prints them")
    if sum(row.bsv is not None for row in individual.values()) > 1:
        yield Note("variability", "etas are independent: such a table says nothing of correlations")
    if "combined" in residual:
        yield Note("residual error", _COMBINED)
    yield Note("covariates", "none is read from such a table: write their effects into the draft")
