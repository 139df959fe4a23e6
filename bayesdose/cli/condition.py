"""The command that conditions a fit on one patient, or on each of a table."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bayesdose.cli.answers import FINE, REFUSED, Answer, say
from bayesdose.cli.columns import Columns
from bayesdose.cli.commands import Debug, Json, OwnSpec, Seed, Stored, Table, _command, _load_fit, _read
from bayesdose.cli.until import LeftOut, Until, known_by, recorded, said
from bayesdose.errors import InputError, Refused, explain

if TYPE_CHECKING:
    from bayesdose.case.conditioned import Conditioned
    from bayesdose.fitting import Fit
    from bayesdose.study import Study


class Precision(StrEnum):
    """What the draws are for."""

    mean = "mean"
    tails = "tails"


@_command
def condition(
    fit: Stored,
    table: Table,
    subject: Annotated[
        str | None, typer.Option("--id", metavar="SUBJECT", help="One patient; else each of the table.")
    ] = None,
    until: Until = None,
    column: Columns = None,
    precision: Annotated[
        Precision, typer.Option(help="For means and SDs, or also for 5 and 95 % limits.")
    ] = Precision.mean,
    draws_out: Annotated[
        Path | None, typer.Option(metavar="FILE.nc|.csv", help="Where the draws of one patient go.")
    ] = None,
    seed: Seed = 1,
    ids: Annotated[
        bool, typer.Option("--ids", help="Call patients by their ID, not patient 1, 2, ...")
    ] = False,
    spec: OwnSpec = None,
    as_json: Json = False,
    debug: Debug = False,
) -> Answer:
    """Condition a fit on one patient, or on each of a table: parameters, diagnostics, red flags.

    A posterior that is not reliable is refused, with the reason (exit code 1).
    """
    from bayesdose.case import NOTICE, fit_record
    from bayesdose.fitting import require_converged

    if draws_out is not None:
        from bayesdose.reporting.draws_file import require_kind

        require_kind(draws_out)  # before anything is computed
    fitted = _load_fit(fit, spec)
    require_converged(fitted)
    study = _read(table, fitted.model, column)
    study, left_out = known_by(study if subject is None else study.select(subject), until)
    if draws_out is not None and study.n_subjects != 1:
        came = f"{study.n_subjects} subjects"
        raise InputError(explain("--draws-out is for one patient", came=came, fix="name one: --id SUBJECT"))
    record: dict[str, Any] = {"notice": NOTICE, "fit": fit_record(fitted), **recorded(left_out)}
    if study.n_subjects == 1:
        name = _names(study, ids)[0]
        return _one_patient(fitted, study, name, precision.value, seed, draws_out, record, left_out)
    found = _each(fitted, study, _names(study, ids), precision.value, seed)
    code = REFUSED if any(one.refused for one in found) else FINE
    shown = "\n\n".join(one.text for one in found)
    return Answer(
        {**record, "patients": [one.record for one in found], "written": []}, (*said(left_out), shown), code
    )


def _names(study: Study, ids: bool) -> list[str]:
    return [one if ids else f"patient {k}" for k, one in enumerate(study.ids, start=1)]


def _one_patient(
    fitted: Fit,
    patient: Study,
    name: str,
    precision: str,
    seed: int,
    out: Path | None,
    record: dict[str, Any],
    left_out: LeftOut | None,
) -> Answer:
    from bayesdose.case.conditioned import conditioned
    from bayesdose.flags import red_flags
    from bayesdose.individual import condition as condition_on

    flags = red_flags(fitted, patient, seed=seed)
    try:
        me = condition_on(fitted, patient, seed=seed, precision=precision)
    except Refused as reason:
        told = {"patient": name, "red_flags": flags.to_dict(), "refused": str(reason)}
        say(f"Refused: {reason}\n{flags}")
        error = {"error": {"kind": "refused", "message": str(reason)}}
        return Answer({**error, **record, "patients": [told], "written": []}, code=REFUSED)
    found = conditioned(name, me, flags, fitted.provenance.get("units", {}))
    written: list[str] = []
    if out is not None:
        from bayesdose.reporting import write_draws

        written = [str(write_draws(me, out))]
    shown = (*said(left_out), found.text, *(f"written: {path}" for path in written))
    return Answer({**record, "patients": [found.record], "written": written}, shown)


def _each(fitted: Fit, study: Study, names: list[str], precision: str, seed: int) -> list[Conditioned]:
    from bayesdose.case.conditioned import conditioned_each
    from bayesdose.flags import red_flags
    from bayesdose.individual import condition_each

    found = condition_each(fitted, study, seed=seed, precision=precision)
    flags = [red_flags(fitted, study.select(one), seed=seed + k) for k, one in enumerate(study.ids)]
    return conditioned_each(names, found, flags, fitted.provenance.get("units", {}))
