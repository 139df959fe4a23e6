"""Running the demo: fit, then condition, predict and recommend for each held-out neonate, then write."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bayesdose.case import NOTICE, Case, fit_record, make_case, to_json
from bayesdose.demo import telling
from bayesdose.demo.neonate import Neonate, study_neonate
from bayesdose.demo.steps import Steps
from bayesdose.errors import InputError, explain

if TYPE_CHECKING:
    from bayesdose.fitting import Fit
    from bayesdose.study import Study

HELD_OUT = ("4", "18", "24")
"""Neonates that are not fitted: 0.9, 1.0 and 3.2 kg, three or four levels each."""

QUESTION: dict[str, Any] = {
    "options": {
        "text": "{amount} mg/kg every {interval} h for 10 days",
        "amount": [1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0],
        "interval": [12, 24],
        "start": "24 h after the last dose",
        "current": False,
        "complete": ["interval"],
    },
    "outcomes": {
        "trough": {"metric": "trough", "after_dose": -1},
        "peak": {"metric": "peak", "after_dose": -1},
    },
    "utility": {
        "name": "window",
        "outcome": "trough",
        "low": 15,
        "high": 30,
        "harm": "peak",
        "harm_above": 40,
        "harm_weight": 2,
        "indifference": 0.02,
    },
    "limits": {"max_daily": "10 mg/kg"},
    "condition": {"particles": 16384},
}
"""What is asked for each neonate, in the form of a case file; ``docs/examples/neonate.toml`` is the same."""


@dataclass(frozen=True)
class DemoResult:
    """What the demo found and wrote.

    Parameters
    ----------
    fit
        The population fit, without the neonates held out.
    neonates
        One entry for each of them.
    record
        The content of ``decision.json``.
    files
        What was written.
    """

    fit: Fit
    neonates: tuple[Neonate, ...]
    record: dict[str, Any]
    files: tuple[Path, ...]


def run_demo(out: str | Path, seed: int = 1, say: Callable[[str], None] = print) -> DemoResult:
    """Fit the neonates less three held out; predict and dose each of these from its first level.

    Parameters
    ----------
    out
        Folder for decision.json, parameters.csv, predictions.csv and report.html; each appears whole or
        not at all.
    seed
        Of the fit; conditioning and residual errors take the next one.
    say
        Called with each line to print.

    Raises
    ------
    Refused
        When the fit has not converged.
    InputError
        When `out` cannot be written to.
    """
    folder, steps = _folder(out), Steps(say)
    say(telling.opening())
    steps("Reading the phenobarbital data")
    study, case = _read(), question(seed)
    say(study.summary())
    fit = _fit(study, seed, steps, say)
    neonates = tuple(_neonates(study, fit, case, steps, say))
    steps(f"Writing {folder}")
    record = _record(fit, neonates, case, seed, dict(steps.seconds))
    files = _write(folder, fit, neonates, record)
    steps.done()
    say(telling.closing(files))
    return DemoResult(fit, neonates, record, files)


def question(seed: int) -> Case:
    """Return the case of the demo; conditioning takes the seed after the fit's."""
    return make_case({**QUESTION, "condition": {**QUESTION["condition"], "seed": seed + 1}}, "the demo")


def _folder(out: str | Path) -> Path:
    """Make the folder before minutes are spent on what goes into it."""
    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise InputError(explain(f"{folder} cannot be a folder", came=reason, fix="--out DIR")) from error
    return folder


def _read() -> Study:
    from bayesdose.model import load_model
    from bayesdose.study import data_path, read_study

    return read_study(data_path("phenobarbital"), load_model("phenobarbital"))


def _fit(study: Study, seed: int, steps: Steps, say: Callable[[str], None]) -> Fit:
    from bayesdose.fitting import fit, require_converged
    from bayesdose.model import load_model

    others = study.drop(HELD_OUT)
    steps(f"Declaring the model on {others.n_subjects} neonates ({', '.join(HELD_OUT)} are held out)")
    model, shown = load_model("phenobarbital"), sys.stderr.isatty()
    made = fit(model, others, seed=seed, draws=2000, progress=shown, say=steps)
    steps.done()
    say(f"\n{made.check()}\n")
    say(telling.parameters(made))
    require_converged(made)
    return made


def _neonates(
    study: Study, fit: Fit, case: Case, steps: Steps, say: Callable[[str], None]
) -> Iterator[Neonate]:
    for subject in HELD_OUT:
        steps(f"Neonate {subject}: its first level only")
        found = study_neonate(f"neonate {subject}", study.select(subject), fit, case)
        steps.done()
        say(telling.neonate(found, fit.provenance["units"]))
        yield found


def _record(
    fit: Fit, neonates: Sequence[Neonate], case: Case, seed: int, seconds: dict[str, float]
) -> dict[str, Any]:
    return {
        "notice": NOTICE,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "seed": seed,
        "seconds": seconds,
        "question": case.to_dict(),
        "fit": fit_record(fit),
        "neonates": [neonate.to_dict() for neonate in neonates],
    }


def _write(folder: Path, fit: Fit, neonates: Sequence[Neonate], record: dict[str, Any]) -> tuple[Path, ...]:
    from bayesdose.reporting import parameter_table, parameters
    from bayesdose.reporting.atomic import write_whole

    return (
        write_whole(folder / "decision.json", to_json(record)),
        parameters.to_csv(parameter_table(fit), folder / "parameters.csv"),
        write_whole(folder / "predictions.csv", _predictions(neonates)),
        _report(folder / "report.html", fit, neonates),
    )


def _predictions(neonates: Sequence[Neonate]) -> str:
    """Return all predictions as CSV, one row per level of a neonate that was not refused."""
    tables = [n.found.predictions.assign(patient=n.label) for n in neonates if n.found is not None]
    if not tables:
        return "patient\n"
    import pandas as pd

    joined = pd.concat(tables, ignore_index=True)
    first = ["patient", *(name for name in joined.columns if name != "patient")]
    return joined[first].to_csv(index=False, lineterminator="\n", float_format="%.6g")


def _report(path: Path, fit: Fit, neonates: Sequence[Neonate]) -> Path:
    from bayesdose.reporting import PatientSection, utility_windows, write_report

    sections = [
        PatientSection(
            name=n.label,
            choice=n.found.recommendation.choice,
            draws=n.found.me,
            prior=n.found.prior,
            outcome=n.found.recommendation.outcome,
            study=n.study,
            predictions=n.found.predictions,
            windows=utility_windows(n.found.recommendation.case.utility),
            thresholds=n.found.recommendation.thresholds,
            question=telling.QUESTION,
        )
        for n in neonates
        if n.found is not None
    ]
    refused = [f"{n.label.capitalize()}: nothing is recommended. {n.refused}" for n in neonates if n.refused]
    return write_report(
        path,
        title="Phenobarbital: a maintenance dose for each of three neonates",
        fit=fit,
        patients=sections,
        notes=[telling.WHAT, *refused],
    )
